import { assert, describe, it } from "@effect/vitest"
import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import type { Identity } from "effect-agentcore-identity/Identity"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Effect from "effect/Effect"
import type { IncomingMessage } from "node:http"
import * as World from "../support/connectWorld.js"
import * as Recorder from "../support/recorder.js"
import * as States from "../support/states.js"
import { responses, scripted, secret, sessionUri } from "../support/utils.js"
import * as App from "./connectWorld.js"
import { rejectionOf, tagOf } from "./world.js"

const issuer = "https://id.example.com"

let serial = 0

/** Each JWT is another one. */
const jwtOf = (claims: object) =>
  [{ alg: "ES256" }, { ...claims, jti: `${++serial}` }, { signature: serial }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")

const alice = { iss: issuer, sub: "alice", email: "alice@example.com" }

/** Users that are not Alice, although some of their claims are hers. */
const others: { readonly [name: string]: () => string } = {
  "another subject": () => jwtOf({ ...alice, sub: "mallory" }),
  "another issuer": () => jwtOf({ ...alice, iss: "https://evil.example" }),
  "the issuer with a slash": () => jwtOf({ ...alice, iss: `${issuer}/` }),
  "another case": () => jwtOf({ ...alice, sub: "Alice" }),
  "a space": () => jwtOf({ ...alice, sub: "alice " }),
  "a zero byte": () => jwtOf({ ...alice, sub: "alice\0" }),
  "both in the subject": () => jwtOf({ ...alice, iss: "", sub: `${issuer}","alice` }),
  "a list": () => jwtOf({ ...alice, sub: ["alice"] }),
  "no subject": () => jwtOf({ iss: issuer }),
  "no issuer": () => jwtOf({ sub: "alice" }),
  "no claims": () => "e30.e30.c2ln"
}

const cookieOf = (jwt: string) => `jwt=${jwt}`

const currentUser = ({ headers }: IncomingMessage): PromiseIdentity.User | undefined => {
  const userToken = /jwt=([\w.-]+)/.exec(headers.cookie ?? "")?.[1]
  return userToken === undefined ? undefined : { userToken }
}

const application: typeof App.inApplication = (run, options) =>
  App.inApplication(run, { users: "jwt", currentUser, ...options })

const asAlice = () => ({ cookie: cookieOf(jwtOf(alice)) })

describe("Connect for users with JWTs", () => {
  it.live("completes a consent for the user who pressed the button, and for no other", () =>
    application(function*({ connect }) {
      for (const [name, jwt] of Object.entries(others)) {
        const page = yield* World.connect("/connect/calendar", { ...asAlice(), returns: cookieOf(jwt()) })
        assert.strictEqual(page.status, 403, name)
        assert.include(page.text, "This link cannot be used", name)
        const [calendar] = yield* Effect.promise(() => connect.status({ userToken: jwtOf(alice) }))
        assert.strictEqual(calendar?.state, "NotGranted", name)
      }
      const page = yield* World.connect("/connect/calendar", {
        ...asAlice(),
        returns: cookieOf(jwtOf({ ...alice, email: "alice.new@example.com" }))
      })
      assert.include(page.text, "Consent given")
      // Nobody else has her grant, or a state at all if AgentCore cannot know them.
      for (const [name, jwt] of Object.entries(others)) {
        const states = yield* Effect.promise(() =>
          connect.status({ userToken: jwt() }).then(
            (all) => all.map(({ state }) => state),
            (error) => [tagOf(error)]
          )
        )
        assert.notInclude(states, "Granted", name)
      }
      const [calendar] = yield* Effect.promise(() => connect.status({ userToken: jwtOf(alice) }))
      assert.strictEqual(calendar?.state, "Granted")
      // A user id is another user, whom the pages do not know.
      assert.strictEqual(tagOf(yield* rejectionOf(connect.status({ userId: "alice" }))), "OtherUserKind")
      const withWat = connect.withWAT(async (wat: string) => wat)
      assert.strictEqual(tagOf(yield* rejectionOf(connect.runAs({ userId: "alice" }, withWat))), "OtherUserKind")
      assert.isNotEmpty(yield* Effect.promise(() => connect.runAs({ userToken: jwtOf(alice) }, withWat)))
      const asId = { workload: connect.workload({ name: World.workload, user: { userId: "alice" } }) }
      const call = connect.withAccessToken("calendar", { onLink: () => assert.fail("shown") })(async (token: string) =>
        token
      )
      const error = yield* rejectionOf(PromiseIdentity.runWithContext(asId, () => call()))
      assert.strictEqual(tagOf(error), "OtherUserKind")
    }))

  it.live("accepts a form from any JWT of the user it was made for, and from no other user", () =>
    application(function*() {
      const tokenOf = (cookie: { readonly cookie: string }) =>
        Effect.map(World.request("/connect/calendar", cookie), ({ text }) => World.fieldsOf(text)["token"] ?? "")
      const body = { action: "connect", token: yield* tokenOf(asAlice()) }
      for (const [name, jwt] of Object.entries(others)) {
        const page = yield* World.request("/connect/calendar", { cookie: cookieOf(jwt()), body })
        assert.strictEqual(page.status, 403, name)
        assert.include(page.text, "This page has expired", name)
      }
      for (const headers of [{ origin: "https://other.example" }, { "sec-fetch-site": "cross-site" }]) {
        const page = yield* World.request("/connect/calendar", { ...asAlice(), body, headers })
        assert.include(page.text, "Sent from another website")
      }
      // Neither a form of Mallory, nor one for a user id.
      const mallory = yield* tokenOf({ cookie: cookieOf(jwtOf({ ...alice, sub: "mallory" })) })
      for (const token of [mallory, "", body.token.replace(/^\d/, (digit) => `${(Number(digit) + 1) % 10}`)]) {
        const page = yield* World.request("/connect/calendar", { ...asAlice(), body: { ...body, token } })
        assert.strictEqual(page.status, 403)
      }
      const page = yield* World.request("/connect/calendar", { ...asAlice(), body })
      assert.include(page.text, "http-equiv=\"refresh\"")
    }))

  it.live("has no JWT in logs, spans, events, pages and addresses", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* application(function*({ connect }) {
        const events: Array<{ readonly _tag: string; readonly user?: unknown }> = []
        const reading = (async () => {
          for await (const event of connect.events()) events.push(event)
        })()
        const jwts: Array<string> = []
        const cookie = (claims: object) => {
          const jwt = jwtOf(claims)
          jwts.push(jwt)
          return cookieOf(jwt)
        }
        const pages = [
          yield* World.request("/connect", { cookie: cookie(alice) }),
          yield* World.request("/connect/calendar", { cookie: cookie({ iss: issuer }) }),
          yield* World.press("/connect/calendar", "connect", cookie(alice)),
          yield* World.connect("/connect/calendar", {
            cookie: cookie(alice),
            returns: cookie({ ...alice, sub: "x" })
          }),
          yield* World.connect("/connect/calendar", { cookie: cookie(alice), returns: cookie(alice) }),
          yield* World.press("/connect/calendar", "disconnect", cookie(alice))
        ]
        yield* Effect.promise(connect.dispose)
        yield* Effect.promise(() => reading)
        assert.deepStrictEqual(events.map(({ _tag }) => _tag), [
          "Opened",
          "Opened",
          "Opened",
          "Completed",
          "Disconnected"
        ])
        assert.deepInclude(events[0], { user: { issuer, subject: "alice" } })
        const secrets = jwts.flatMap((jwt) => jwt.split(".").slice(1))
        Recorder.assertSecretFree(
          [...yield* recorder.everything, JSON.stringify(events), ...pages.map(({ text }) => text)],
          secrets
        )
      }).pipe(Effect.provide(recorder.layer))
    }))
})

describe("a wrong account that an agent notices before the page", () => {
  const scopes = ["read"]
  const pages = "https://app.example.com/connect"
  const headers = { accept: "application/json", origin: "https://app.example.com" }

  it.live("is named by the page, and is one event, although each of the two has a JWT of its own", () => {
    let isStored = false
    let atCompletion = async (): Promise<void> => {}
    const plane = scripted({
      getWorkloadAccessTokenForJwt: () => Effect.succeed({ workloadAccessToken: secret("token") }),
      getResourceOauth2Token: ({ forceAuthentication }) => {
        isStored = isStored && forceAuthentication !== true
        return isStored ? responses.issued() : responses.consent
      },
      completeResourceTokenAuth: () => {
        isStored = true
        return Effect.promise(atCompletion)
      }
    })
    return Effect.gen(function*() {
      const runtime = yield* Effect.context<Identity | DataPlane>()
      const connect = Connect.make<"files", Request>({
        path: "/connect",
        workload: "agent",
        users: "jwt",
        credentials: {
          files: { providerName: "files", scopes, authFlow: "USER_FEDERATION", callbackUrl: `${pages}/return` }
        },
        accounts: { files: { account: () => ({ id: "7", label: "mallory" }), expect: () => false } },
        currentUser: () => ({ userToken: jwtOf(alice) }),
        runtime
      })
      const agent = () =>
        PromiseIdentity.runWithContext(
          { workload: connect.workload({ name: "agent", user: { userToken: jwtOf(alice) } }) },
          connect.withAccessToken("files")(async (token: string) => token)
        )
      const agents: Array<unknown> = []
      atCompletion = async () => void agents.push(tagOf(await agent().catch((error: unknown) => error)))

      const { events, page } = yield* Effect.promise(async () => {
        let cookie = ""
        const fetchJson = async (path: string, init?: RequestInit): Promise<{ readonly [name: string]: unknown }> => {
          const request = new Request(`${pages}${path}`, { headers, ...init })
          request.headers.set("cookie", cookie)
          const response = await connect.fetch(request)
          cookie ||= World.keptBy(response).join("; ")
          return response.json()
        }
        const events: Array<unknown> = []
        const reading = (async () => {
          for await (const { _tag, account } of connect.events()) events.push([_tag, account?.label])
        })()
        const { token } = await fetchJson("/files")
        await fetchJson("/files", {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify({ action: "connect", token })
        })
        const page = await fetchJson(`/return?${States.returnParameters(sessionUri)}`)
        await connect.dispose()
        await reading
        return { events, page }
      })
      assert.deepStrictEqual(agents, ["RequiresUserConsent"])
      assert.deepInclude(page, { outcome: "WrongAccount", account: { id: "7", label: "mallory" } })
      assert.deepStrictEqual(events, [["Opened", undefined], ["WrongAccount", "mallory"]])
    }).pipe(Effect.provide(plane))
  })
})
