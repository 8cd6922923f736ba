import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { ServerResponse } from "node:http"
import * as World from "../support/connectWorld.js"
import * as Server from "../support/server.js"
import { responses, secret, settleAndAdjust } from "../support/utils.js"

/** A credential of the provider `files`, which differs from others in its scopes, or in its return URL. */
const declare = (name: string, scopes: ReadonlyArray<string>, returnPath = "/connect/return") =>
  AccessToken.Tag<unknown>()(`review/${name}`, {
    provider: "files",
    flow: "USER_FEDERATION",
    scopes,
    returnUrl: `${World.appOrigin}${returnPath}`
  })

const ruleOf = (isAllowed: boolean): World.AccountOptions => ({
  account: () => Effect.succeed({ id: "1", label: "work@example.com" }),
  expect: () => isAllowed
})

const options = (credentials: Connect.LinkOptions["credentials"], accounts: Connect.LinkOptions["accounts"]) =>
  ({ path: "/connect", workload: World.workload, credentials, accounts }) as const

/** AgentCore with a token for each request that is not forced. Without a user's state, each session is another one. */
const issuing = (tokenOf: (user: string) => string = () => "access-token") => {
  let sessions = 0
  return ScriptedPlanes.layer({
    getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
    getResourceOauth2Token: ({ forceAuthentication, workloadIdentityToken }) => {
      const user = Redacted.value(workloadIdentityToken)
      return forceAuthentication === true
        ? Effect.delay(
          Effect.sync(() => {
            const uri = `urn:ietf:params:oauth:request_uri:${user}-${sessions++}`
            return new DataPlane.ConsentRequired({
              authorizationUrl: secret(`https://x/?${uri}`),
              sessionUri: secret(uri)
            })
          }),
          "1 second"
        )
        : responses.issued(tokenOf(user))
    }
  })
}

const forcedCalls = Effect.flatMap(ScriptedPlanes.ScriptedPlanes, (planes) =>
  Effect.map(
    planes.callsOf("getResourceOauth2Token"),
    (calls) => calls.filter(({ request }) => request.forceAuthentication === true).length
  ))

/** What a user gets: the token, the session, or the error. */
const outcomeFor = (credential: Identity.AccessTokenRequest | Identity.AccessTokenCredential, userId: string) =>
  Effect.match(Identity.Identity.use((identity) => identity.getAccessToken(credential)), {
    onSuccess: Redacted.value,
    onFailure: (error) =>
      error._tag === "RequiresUserConsent"
        ? Redacted.value(error.session.sessionUri)
        : error._tag === "AuthorizationFailed"
        ? error.reason
        : error._tag
  }).pipe(World.as({ userId }))

/** The outcomes of calls that are made at once. */
const together = <A, E, R>(calls: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.gen(function*() {
    const fibers = yield* Effect.forEach(calls, (call) => Effect.forkChild(call))
    const isDone = () => fibers.every((fiber) => fiber.pollUnsafe() !== undefined)
    yield* Effect.repeat(settleAndAdjust("500 millis"), { until: isDone, times: 30 })
    assert.isTrue(isDone())
    return yield* Effect.forEach(fibers, Fiber.join)
  })

describe("the rules of a grant", () => {
  const private_ = declare("Private", ["read"])
  const work = declare("Work", ["read"], "/other/return")
  const both = declare("Both", ["read", "write"])

  it.effect("hold for each of its names, and an event has the name of the request", () =>
    Effect.gen(function*() {
      for (const rejecting of [["private"], ["work"], ["private", "work"]]) {
        const { service } = yield* Connect.httpApp({
          ...options({ private: private_, work }, {
            private: ruleOf(!rejecting.includes("private")),
            work: ruleOf(!rejecting.includes("work"))
          }),
          origin: World.appOrigin,
          currentUser: Effect.succeed({ userId: "alice" })
        })
        const events = yield* Effect.forkChild(Stream.runCollect(Stream.take(service.events, 2)))
        yield* Effect.yieldNow
        for (const credential of [private_, work]) {
          const [outcome] = yield* together([outcomeFor(credential, "alice")]).pipe(
            Effect.provideService(Identity.Identity, service.identity)
          )
          assert.match(String(outcome), /request_uri:alice/, `${rejecting.join()} reject`)
        }
        assert.deepStrictEqual((yield* Fiber.join(events)).map(({ credential }) => credential), ["private", "work"])
      }
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(issuing(), PendingConsents.layerMemory))))

  it.effect("hold for a step-up to the scopes of another one, which has rules of its own", () =>
    Effect.forEach([["private"], ["both"]], (rejecting) =>
      Effect.gen(function*() {
        const [outcome] = yield* together([outcomeFor({ ...private_.request, scopes: ["write", "read"] }, "alice")])
        assert.match(String(outcome), /request_uri:alice/, rejecting.join())
      }).pipe(
        Effect.provide(Layer.provideMerge(
          Connect.layerLinks(options({ private: private_, both }, {
            private: ruleOf(!rejecting.includes("private")),
            both: ruleOf(!rejecting.includes("both"))
          })),
          issuing()
        ))
      )))
})

describe("the account that expect gets", () => {
  const files = declare("Account", [])

  /** What `expect` gets of an account, and what the pages show with and without `expect`. */
  const see = (account: Connect.Account) =>
    Effect.gen(function*() {
      const seen: Array<Connect.Account> = []
      const expect = (_: unknown, account: Connect.Account) => seen.push(account) > 0
      const shown = yield* Effect.forEach([{ expect }, {}], (rule) =>
        Effect.map(Connect.connections({ userId: "alice" }), ([connection]) =>
          connection?.account).pipe(
            Effect.provide(Layer.provideMerge(
              Connect.layerLinks(options({ files }, { files: { account: () => Effect.succeed(account), ...rule } })),
              issuing()
            ))
          ))
      return {
        // The page asks more than once.
        seen: seen.slice(0, 1),
        shown: shown.map((account) =>
          typeof account === "object" ? account.label : account
        )
      }
    })

  it.effect("is what the vendor said: a label that is cleaned or not verified is none", () =>
    Effect.gen(function*() {
      const alice = "alice@example.com"
      for (
        const [label, verified, cleaned] of [
          [`\u202e${alice}`, undefined, alice],
          [`${alice}\u0000`, true, alice],
          [` ${alice}`, undefined, alice],
          ["x".repeat(201), undefined, "x".repeat(200)],
          [alice, false, alice],
          // A program in plain JavaScript passes on what the vendor said: Amazon Cognito sends strings.
          [alice, "false" as unknown as boolean, alice],
          ["", undefined, "id-7"]
        ] as const
      ) {
        const { seen, shown } = yield* see({ id: "id-7", label, verified })
        assert.deepStrictEqual(seen.map(({ id, label }) => [id, label]), [["id-7", "id-7"]], label)
        assert.deepStrictEqual(shown, ["id-7", cleaned], label)
      }
      for (const verified of [true, undefined]) {
        assert.deepStrictEqual((yield* see({ id: "id-7", label: alice, verified })).seen, [
          { id: "id-7", label: alice, verified }
        ])
      }
    }))

  it.effect("has an id of at most 256 characters, and no control characters", () =>
    Effect.gen(function*() {
      assert.lengthOf((yield* see({ id: "7".repeat(256), label: "alice" })).seen, 1)
      for (const id of ["7".repeat(257), "", "7\u202e", " 7"]) {
        assert.deepStrictEqual(yield* see({ id, label: "alice" }), { seen: [], shown: ["unknown", "unknown"] }, id)
      }
    }))
})

describe("the revocation at a vendor", () => {
  const files = declare("Revoked", [])

  it.live("follows no redirect to another host, also with a client of the program that follows redirects", () =>
    Effect.gen(function*() {
      const received: Array<string> = []
      const withToken: Array<string> = []
      const serve = (name: string, respond: (path: string, response: ServerResponse) => void) =>
        Server.serve((request, response) => {
          const path = `${name} ${request.url}`
          received.push(path)
          let body = ""
          request.on("data", (piece) => body += piece).on("end", () => {
            if (body === "token=access-token") withToken.push(path)
            respond(path, response)
          })
        })
      const other = yield* serve("other", (_, response) => response.end("{}"))
      const vendor = yield* serve("vendor", (path, response) => {
        const location = { "vendor /elsewhere": `${other}/revoke`, "vendor /here": "/revoke" }[path]
        const isBusy = path === "vendor /busy" && received.indexOf(path) === received.length - 1
        response.writeHead(
          isBusy ? 503 : location === undefined ? 200 : 307,
          location === undefined ? {} : { location }
        )
          .end("{}")
      })
      const clients = {
        followRedirects: (client: HttpClient.HttpClient) => HttpClient.followRedirects(client),
        fetch: (client: HttpClient.HttpClient) =>
          HttpClient.transformResponse(
            client,
            Effect.provideService(FetchHttpClient.RequestInit, { redirect: "follow" })
          ),
        unchecked: (client: HttpClient.HttpClient) =>
          HttpClient.followRedirects(
            HttpClient.transformResponse(client, Effect.provideService(HttpClient.TracerDisabledWhen, () => true))
          ),
        retrying: (client: HttpClient.HttpClient) =>
          client.pipe(
            HttpClient.mapRequest(HttpClientRequest.setHeader("x-program", "own")),
            HttpClient.filterStatusOk,
            HttpClient.retry({ times: 1 })
          )
      }
      const revokeAt = (path: string, client: keyof typeof clients = "followRedirects") =>
        Effect.map(Connect.disconnectAll({ userId: "alice" }), ([disconnected]) => disconnected?.atVendor).pipe(
          Effect.provide(
            Connect.layerLinks(options({ files }, {
              files: {
                revoke: (token) =>
                  HttpClient.post(`${vendor}${path}`, {
                    body: HttpBody.urlParams(UrlParams.fromInput({ token: Redacted.value(token) }))
                  })
              }
            })).pipe(
              Layer.provide(Layer.effect(
                HttpClient.HttpClient,
                Effect.map(HttpClient.HttpClient, clients[client])
              )),
              Layer.provide(FetchHttpClient.layer),
              Layer.provide(issuing())
            )
          )
        )
      assert.deepStrictEqual([yield* revokeAt("/here"), yield* revokeAt("/elsewhere")], ["Revoked", "Failed"])
      assert.deepStrictEqual(received, ["vendor /here", "vendor /revoke", "vendor /elsewhere"])
      assert.strictEqual(yield* revokeAt("/elsewhere", "fetch"), "Failed")
      assert.notInclude(received, "other /revoke")
      assert.strictEqual(yield* revokeAt("/elsewhere", "unchecked"), "Failed")
      assert.strictEqual(yield* revokeAt("/busy", "retrying"), "Revoked")
      assert.deepStrictEqual(withToken, [
        "vendor /here",
        "vendor /revoke",
        "vendor /elsewhere",
        "vendor /busy",
        "vendor /busy"
      ])
    }).pipe(Effect.scoped))
})

describe("a token that is dropped", () => {
  const files = declare("Files", [])
  const links = (account: World.AccountOptions) => Connect.layerLinks(options({ files }, { files: account }))

  it.effect("is dropped once for all agents of its user, and for each user with an equal token", () =>
    Effect.gen(function*() {
      const users = ["alice", "bob", "alice"]
      const outcomes = yield* together(users.map((user) => outcomeFor(files, user)))
      assert.strictEqual(yield* forcedCalls, 2)
      assert.deepStrictEqual(
        outcomes.slice(0, 2).map((outcome) => String(outcome).replace(/-\d+$/, "")),
        ["urn:ietf:params:oauth:request_uri:alice", "urn:ietf:params:oauth:request_uri:bob"]
      )
    }).pipe(Effect.provide(Layer.provideMerge(links(ruleOf(false)), issuing()))))

  it.effect("was rejected by its vendor twice within 5 seconds", () => {
    let asked = 0
    const statuses = [401, 200, 401, 503, 401, 401]
    const account = Effect.suspend(() => {
      const status = statuses[asked++]
      return status === 200 ? Effect.succeed({ id: "1", label: "alice" }) : Effect.fail({ status })
    })
    return Effect.gen(function*() {
      for (
        const [user, expected] of [["alice", "token-alice"], ["bob", "AccountUnknown"], [
          "carol",
          /request_uri:carol/
        ]] as const
      ) {
        const agent = yield* Effect.forkChild(outcomeFor(files, user))
        yield* settleAndAdjust("4 seconds")
        assert.isUndefined(agent.pollUnsafe(), user)
        yield* settleAndAdjust("1 second")
        yield* settleAndAdjust("1 second")
        assert.match(String(yield* Fiber.join(agent)), new RegExp(expected))
      }
      assert.strictEqual(asked, statuses.length)
      assert.strictEqual(yield* forcedCalls, 1)
    }).pipe(Effect.provide(Layer.provideMerge(
      links({ account: () => account, expect: () => true }),
      issuing((user) => `token-${user}`)
    )))
  })

  it.effect("has an unknown account after 5 seconds, also if the function of the program cannot be interrupted", () => {
    const hour = Effect.sleep("1 hour")
    const stuck = Effect.scoped(Effect.acquireRelease(hour, () => Effect.void))
    const rules = [
      { account: () => Effect.andThen(stuck, Effect.succeed({ id: "1", label: "alice" })), expect: () => true },
      { ...ruleOf(true), expect: () => Effect.as(stuck, true) }
    ]
    return Effect.forEach(rules, (rule) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* together([outcomeFor(files, "alice")]), ["AccountUnknown"])
      }).pipe(Effect.provide(Layer.provideMerge(links(rule), issuing()))))
  })

  it.effect("is one of at most 10 in a minute: the others are withheld", () => {
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`)
    const requestAll = Effect.map(
      together(users.map((user) => outcomeFor(files, user))),
      (outcomes) => outcomes.filter((outcome) => outcome === "AccountUnknown").length
    )
    return Effect.gen(function*() {
      assert.deepStrictEqual([yield* requestAll, yield* forcedCalls], [40, 10])
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual([yield* requestAll, yield* forcedCalls], [50, 10])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([yield* requestAll, yield* forcedCalls], [40, 20])
    }).pipe(Effect.provide(Layer.provideMerge(
      links({ account: () => Effect.fail({ status: 401 }), expect: () => true }),
      issuing((user) => `token-${user}`)
    )))
  })
})
