import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { returnUrlOf } from "../support/connectPages.js"
import * as World from "../support/connectWorld.js"
import { scripted, secret } from "../support/utils.js"

const { Files } = World

/** Numbers from 0 to 1, the same ones for a seed (mulberry32). */
const makeRandom = (seed: number) => {
  let state = seed * 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** AgentCore: it stores the grant of a user before anyone can look at it. Every call takes a random time. */
const makePlane = (pause: (most: number) => Effect.Effect<void>) => {
  const grants = new Map<string, string>()
  /** The account that the browser of a session is signed in to at the vendor. */
  const accounts = new Map<string, string>()
  let count = 0
  const layer = scripted({
    getWorkloadAccessTokenForUserId: ({ userId }) => Effect.succeed({ workloadAccessToken: secret(userId) }),
    getResourceOauth2Token: ({ forceAuthentication, sessionUri, workloadIdentityToken }) => {
      const user = Redacted.value(workloadIdentityToken)
      return Effect.andThen(
        pause(300),
        Effect.suspend((): Effect.Effect<DataPlane.TokenResponse> => {
          if (forceAuthentication === true) grants.delete(user)
          const token = grants.get(user)
          if (token !== undefined) return Effect.succeed(new DataPlane.Issued({ accessToken: secret(token) }))
          if (sessionUri !== undefined) return Effect.succeed(new DataPlane.InProgress())
          const uri = `urn:ietf:params:oauth:request_uri:${user}-${count++}`
          return Effect.succeed(
            new DataPlane.ConsentRequired({
              authorizationUrl: secret(`https://auth.example.com/?request_uri=${encodeURIComponent(uri)}`),
              sessionUri: secret(uri)
            })
          )
        })
      ).pipe(Effect.tap(() => pause(300)))
    },
    completeResourceTokenAuth: ({ sessionUri, userIdentifier }) =>
      Effect.andThen(
        pause(300),
        Effect.sync(() => {
          const account = accounts.get(Redacted.value(sessionUri))
          grants.set(userIdentifier.userId ?? "", `${account}:${count++}`)
        })
      ).pipe(Effect.andThen(pause(300)))
  })
  return { accounts, layer }
}

/**
 * Two users, two accounts, one link. Returns the tokens that agents and pollers got, as `user account`. With `rejects`,
 * the vendor does not accept some of the tokens, so that AgentCore drops them.
 */
const interleave = (seed: number, isChecked: boolean, rejects = false) => {
  const random = makeRandom(seed)
  const pause = (most: number) => Effect.suspend(() => Effect.sleep(Math.floor(random() * most)))
  const { accounts, layer } = makePlane(pause)
  const received = new Set<string>()
  const receive = (user: string) => (token: Redacted.Redacted) =>
    Effect.sync(() => received.add(`${user} ${Redacted.value(token).split(":")[0]}`))

  const makeApp = Connect.httpApp({
    path: "/connect",
    credentials: { files: Files },
    workload: World.workload,
    currentUser: World.currentUser,
    accounts: {
      files: {
        account: (token) =>
          Effect.andThen(
            pause(2000),
            Effect.suspend((): Effect.Effect<Connect.Account, unknown> => {
              const [account = ""] = Redacted.value(token).split(":")
              const chance = random()
              return chance < 0.2
                ? Effect.fail("the vendor is unavailable")
                : rejects && chance < 0.4
                ? Effect.fail({ status: 401 })
                : Effect.succeed({ id: account, label: account })
            })
          ),
        ...isChecked ? { expect: (user, account) => account.id === user.userId } : {}
      }
    }
  })

  return Effect.gen(function*() {
    const { app, service } = yield* makeApp
    const send = (path: string, user: string, init: RequestInit = {}) =>
      Effect.flatMap(
        World.sendTo(app)(path, { ...init, headers: { ...init.headers, ...World.json, cookie: `user=${user}` } }),
        (response) => Effect.promise(() => response.json())
      )
    /** Connects accounts in a browser: another one, perhaps, and then the user's own until the page says that it is. */
    const browse = (user: string) =>
      Effect.gen(function*() {
        const others = [random() < 0.7 ? "other" : user, random() < 0.5 ? "other" : user]
        for (let next = 0; next < 20; next++) {
          const account = others[next] ?? user
          yield* pause(3000)
          const { connection, token } = yield* send("/connect/files", user)
          if (isChecked && connection?.state === "Granted") return
          const started = yield* send("/connect/files", user, World.formOf("connect", token))
          if (started.authorizationUrl === undefined) continue
          accounts.set(new URL(started.authorizationUrl).searchParams.get("request_uri") ?? "", account)
          yield* pause(3000)
          yield* send(returnUrlOf(started.authorizationUrl), user)
        }
      })
    const poll = (user: string) =>
      AccessToken.get(Files).pipe(
        Effect.tap(receive(user)),
        Effect.exit,
        Effect.andThen(pause(1000)),
        Effect.forever
      )
    const agent = (user: string) =>
      AccessToken.get(Files, {
        consent: Connect.handler({
          user: { userId: user },
          show: () => Effect.void,
          probe: Schedule.spaced("900 millis")
        })
      }).pipe(Effect.tap(receive(user)))
    // The agents run in the process of the pages, or in another one, which remembers nothing of the first.
    const ofAgents = seed % 3 === 0 ? (yield* makeApp).service : service
    const asUser = (user: string) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
      self.pipe(
        Effect.provideService(Connect.Connect, ofAgents),
        Effect.provideService(Identity.Identity, ofAgents.identity),
        World.as({ userId: user })
      )

    const users = ["alice", "bob"]
    const pollers = yield* Effect.forEach(users, (user) => Effect.forkChild(asUser(user)(poll(user))))
    const agents = yield* Effect.forEach(users, (user) => Effect.forkChild(asUser(user)(agent(user))))
    const browsers = yield* Effect.forEach(users, (user) => Effect.forkChild(browse(user)))
    const isDone = () => [...agents, ...browsers].every((fiber) => fiber.pollUnsafe() !== undefined)
    for (let step = 0; step < 600 && !isDone(); step++) {
      yield* TestClock.adjust("400 millis")
      // Bodies of pages are promises.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    yield* Fiber.interruptAll(pollers)
    const ends = agents.map((fiber) => fiber.pollUnsafe())
    yield* Fiber.interruptAll([...agents, ...browsers])
    return { received, areServed: ends.every((exit) => exit !== undefined && Exit.isSuccess(exit)) }
  }).pipe(
    Effect.scoped,
    Effect.provide(
      PendingConsents.layerMemory.pipe(
        // Each failure of the vendor is a line.
        Layer.provideMerge(Logger.layer([])),
        Layer.provideMerge(Identity.layer),
        // A cache may have the token of a wrong account.
        Layer.provideMerge(seed % 2 === 0 ? CredentialCache.layer({ opaqueTimeToLive: "1 hour" }) : Layer.empty),
        Layer.provideMerge(layer)
      )
    )
  )
}

describe("the token of a wrong account", () => {
  it.effect("reaches no agent, in 200 interleavings", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 200; seed++) {
        const { areServed, received } = yield* interleave(seed, true)
        assert.sameMembers([...received], ["alice alice", "bob bob"], `seed ${seed}`)
        assert.isTrue(areServed, `seed ${seed}`)
      }
    }), 300_000)

  it.effect("reaches no agent while the vendor revokes grants", () =>
    Effect.gen(function*() {
      const all = new Set<string>()
      for (let seed = 1; seed <= 20; seed++) {
        const { received } = yield* interleave(seed, true, true)
        for (const token of received) all.add(token)
      }
      assert.sameMembers([...all], ["alice alice", "bob bob"])
    }))

  it.effect("reaches agents if the account is not checked", () =>
    Effect.gen(function*() {
      const { received } = yield* interleave(1, false)
      assert.include([...received], "alice other")
    }))
})
