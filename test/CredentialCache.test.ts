import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { cacheResult, insteadOf } from "./support/credentialCache.js"
import * as CacheSupport from "./support/credentialCache.js"
import * as Recorder from "./support/recorder.js"
import * as Sts from "./support/sts.js"
import { failures, responses, same, secret, sessionUri } from "./support/utils.js"

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT with `payload`. Its signature is not verified here. */
const jwtOf = (payload: object): string => `${segment({ alg: "RS256" })}.${segment(payload)}.c2lnbmF0dXJl`

/** A JWT that expires this many seconds after the start of the test. Each number makes another JWT. */
const jwt = (seconds: number, number = 1): string => jwtOf({ exp: seconds, jti: `token-${number}` })

type TokenRequest = Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>

const tokenOf = (request: Partial<TokenRequest> = {}) =>
  Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
    dataPlane.getResourceOauth2Token({
      workloadIdentityToken: secret("alice"),
      resourceCredentialProviderName: "github",
      oauth2Flow: "USER_FEDERATION",
      scopes: ["repo"],
      ...request
    })).pipe(
      Effect.map((response) => response._tag === "Issued" ? Redacted.value(response.accessToken) : response._tag)
    )

const keyOf = (provider = "weather", user = "alice") =>
  Effect.map(
    Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
      dataPlane.getResourceApiKey({
        workloadIdentityToken: secret(user),
        resourceCredentialProviderName: provider
      })),
    ({ apiKey }) => Redacted.value(apiKey)
  )

const callsOf = (operation: keyof ScriptedPlanes.Script) =>
  Effect.flatMap(
    ScriptedPlanes.ScriptedPlanes,
    (planes) => Effect.map(planes.callsOf(operation), (calls) => calls.length)
  )

const tokenCalls = callsOf("getResourceOauth2Token")

const invalidate = (token: string) =>
  Effect.flatMap(CredentialCache.CredentialCache, (cache) => cache.invalidate(secret(token)))

const cached = (script: ScriptedPlanes.Script, options?: CredentialCache.Options) =>
  Layer.provideMerge(CredentialCache.layer(options), ScriptedPlanes.layer(script))

/** Every call returns another token, which expires after an hour. */
const numbered: ScriptedPlanes.Script = {
  getResourceOauth2Token: (_, index) => responses.issued(jwt(3600, index)),
  getResourceApiKey: (_, index) => Effect.succeed({ apiKey: secret(`key-${index}`) })
}

/** Every call takes a second. */
const slow: ScriptedPlanes.Script = {
  getResourceOauth2Token: (_, index) => Effect.delay(responses.issued(jwt(3600, index)), "1 second")
}

const counted = (metric: Metric.Counter<number>) =>
  Effect.map(
    Metric.value(Metric.withAttributes(metric, { "agentcore.operation": "getResourceOauth2Token" })),
    ({ count }) => count
  )

const counts = Effect.all({
  hits: counted(CacheSupport.hits),
  misses: counted(CacheSupport.misses),
  shared: counted(CacheSupport.sharedCalls)
})

/** Returns how much an effect changes the metrics of this process. */
const countsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* counts
    yield* effect
    const after = yield* counts
    return {
      hits: after.hits - before.hits,
      misses: after.misses - before.misses,
      shared: after.shared - before.shared
    }
  })

describe("CredentialCache: entries and their lifetimes", () => {
  /** A credential is kept for this time, and then requested again. */
  const isKeptFor = <E, R>(time: Duration.Input, ask: Effect.Effect<string, E, R>, calls: typeof tokenCalls) =>
    Effect.gen(function*() {
      const first = yield* ask
      const millis = Duration.toMillis(time)
      if (millis > 0) {
        yield* TestClock.adjust(millis - 1)
        assert.strictEqual(yield* ask, first)
        assert.strictEqual(yield* calls, 1)
        yield* TestClock.adjust(1)
      }
      yield* ask
      assert.strictEqual(yield* calls, 2)
    })

  const lifetimes: ReadonlyArray<readonly [string, Duration.Input, CredentialCache.Options, token?: string]> = [
    ["a JWT until a minute before it expires", "59 minutes", {}],
    ["a JWT no longer than timeToLive", "1 minute", { timeToLive: "1 minute" }],
    ["a JWT until its expiry less the skew", "10 minutes", { skew: "50 minutes" }],
    ["no JWT if its expiry less the skew has passed", 0, { skew: "1 hour" }],
    ["no JWT after its expiry, whatever `opaqueTimeToLive` is", "59 minutes", { opaqueTimeToLive: Duration.infinity }],
    ["no opaque token by default", 0, {}, "opaque"],
    ...[
      "opaque",
      "a.b.c",
      jwtOf({ sub: "alice" }),
      jwtOf({ exp: "3600" }),
      jwtOf({ exp: null }),
      `${jwtOf({ exp: 1e9 })}.x.y`
    ].map((token) =>
      [
        `the opaque token ${token} for \`opaqueTimeToLive\``,
        "10 minutes",
        { opaqueTimeToLive: "10 minutes" },
        token
      ] as const
    )
  ]

  it.effect.each(lifetimes)(
    "keeps %s",
    ([, time, options, token]) =>
      isKeptFor(time, tokenOf(), tokenCalls).pipe(Effect.provide(cached(
        token === undefined ? numbered : { getResourceOauth2Token: () => responses.issued(token) },
        options
      )))
  )

  it.effect.each([["5 minutes", {}], [0, { apiKeyTimeToLive: 0 }]] as const)(
    "keeps an API key for `apiKeyTimeToLive`: %s",
    ([time, options]) =>
      isKeptFor(time, keyOf(), callsOf("getResourceApiKey")).pipe(Effect.provide(cached(numbered, options)))
  )

  it.effect("keeps no empty credential, which a program's own plane may return", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.all([tokenOf(), tokenOf(), keyOf(), keyOf()]), ["", "", "", ""])
      assert.strictEqual(yield* tokenCalls, 2)
      assert.strictEqual(yield* callsOf("getResourceApiKey"), 2)
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: () => responses.issued(""),
      getResourceApiKey: () => Effect.succeed({ apiKey: secret("") })
    }, { opaqueTimeToLive: "1 hour", apiKeyTimeToLive: "1 hour" }))))

  it.effect("keeps an opaque token forever with an infinite `opaqueTimeToLive`", () =>
    Effect.gen(function*() {
      yield* tokenOf()
      yield* TestClock.adjust("10000 weeks")
      yield* tokenOf()
      assert.strictEqual(yield* tokenCalls, 1)
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: () => responses.issued("opaque")
    }, { opaqueTimeToLive: Duration.infinity }))))

  it.effect("keeps only issued tokens and keys", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(), "ConsentRequired")
      assert.strictEqual(yield* tokenOf(), "InProgress")
      assert.strictEqual(yield* tokenOf(), "Failed")
      assert.strictEqual(yield* tokenOf(), "opaque")
      assert.strictEqual(yield* tokenOf(), "opaque")
      assert.strictEqual(yield* tokenCalls, 4)
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [responses.consent, responses.inProgress, responses.failed, responses.issued("opaque")]
    }, { opaqueTimeToLive: "1 minute" }))))

  it.effect("keeps no failure", () =>
    Effect.gen(function*() {
      for (const tag of ["ThrottlingException", "AccessDeniedException", "TransportError"]) {
        const error = yield* Effect.flip(tokenOf())
        assert.strictEqual(error._tag, tag)
      }
      assert.strictEqual(yield* tokenOf(), jwt(3600))
      assert.strictEqual(yield* tokenCalls, 4)
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [failures.throttling, failures.denied, failures.lost, responses.issued(jwt(3600))]
    }))))

  it.effect("replaces an expired credential with the new one", () =>
    Effect.gen(function*() {
      const ask = (user: string, forceAuthentication = false) =>
        tokenOf({ workloadIdentityToken: secret(user), forceAuthentication })
      yield* Effect.all([ask("alice"), ask("bob"), ask("alice", true), ask("carol")])
      yield* Effect.all([ask("alice"), ask("carol")])
      assert.strictEqual(yield* tokenCalls, 4)
    }).pipe(Effect.provide(cached(numbered, { capacity: 2 }))))

  it.effect("caches no other operation", () =>
    Effect.gen(function*() {
      const dataPlane = yield* DataPlane.DataPlane
      const ask = Effect.all([
        dataPlane.getWorkloadAccessToken({ workloadName: "agent" }),
        dataPlane.completeResourceTokenAuth({ userIdentifier: { userId: "alice" }, sessionUri: secret(sessionUri) })
      ])
      yield* ask
      yield* ask
      assert.strictEqual(yield* callsOf("getWorkloadAccessToken"), 2)
      assert.strictEqual(yield* callsOf("completeResourceTokenAuth"), 2)
    }).pipe(Effect.provide(cached({
      getWorkloadAccessToken: () => Effect.succeed({ workloadAccessToken: secret("workload-token") }),
      completeResourceTokenAuth: () => Effect.void
    }))))
})

describe("CredentialCache: keys", () => {
  it.effect("two users never share an entry", () =>
    Effect.gen(function*() {
      const users = ["alice", "bob", "carol"]
      const tokens = yield* Effect.forEach(
        [...users, ...users],
        (user) => tokenOf({ workloadIdentityToken: secret(user) }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(tokens, [...users, ...users].map((user) => `token of ${user}`))
      assert.strictEqual(yield* tokenCalls, 3)
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: ({ workloadIdentityToken }) =>
        Effect.delay(responses.issued(`token of ${Redacted.value(workloadIdentityToken)}`), 0)
    }, { opaqueTimeToLive: "1 minute" }))))

  /** Whether two requests are for one credential, computed differently than in the cache. */
  const isSameCredential = (a: TokenRequest, b: TokenRequest): boolean => {
    const isPart = (a: ReadonlyArray<string> = [], b: ReadonlyArray<string> = []) => a.every((item) => b.includes(item))
    const isSet = (a?: ReadonlyArray<string>, b?: ReadonlyArray<string>) => isPart(a, b) && isPart(b, a)
    const entriesOf = ({ customParameters = {} }: TokenRequest) => Object.entries(customParameters).map(String)
    return Redacted.value(a.workloadIdentityToken) === Redacted.value(b.workloadIdentityToken)
      && a.resourceCredentialProviderName === b.resourceCredentialProviderName
      && a.oauth2Flow === b.oauth2Flow
      && isSet(a.scopes, b.scopes)
      && isSet(a.resources, b.resources)
      && isSet(a.audiences, b.audiences)
      && isSet(entriesOf(a), entriesOf(b))
  }

  // Few values, so that parts of two requests are often equal. Some look like a list, or like the punctuation of a key.
  const string = FastCheck.constantFrom("a", "b", "a\",\"b", "a,b", "[]", "null")
  const list = FastCheck.array(string, { maxLength: 3 })
  const perhaps = <A>(arbitrary: FastCheck.Arbitrary<A>) => FastCheck.option(arbitrary, { nil: undefined })
  const properties = {
    workloadIdentityToken: string.map(secret),
    resourceCredentialProviderName: FastCheck.constantFrom("a", "b"),
    oauth2Flow: FastCheck.constantFrom("M2M", "USER_FEDERATION"),
    scopes: list,
    resources: perhaps(list),
    audiences: perhaps(list),
    customParameters: perhaps(FastCheck.dictionary(FastCheck.constantFrom("a", "b", "c"), string, { maxKeys: 3 }))
  } satisfies { readonly [K in keyof TokenRequest]?: FastCheck.Arbitrary<TokenRequest[K]> }

  /** Properties that are not part of the key. */
  const surroundings = FastCheck.record({
    resourceOauth2ReturnUrl: perhaps(FastCheck.constantFrom("https://a.example.com", "https://b.example.com")),
    customState: perhaps(string.map(secret)),
    forceAuthentication: FastCheck.constant(false)
  })

  const requests: FastCheck.Arbitrary<TokenRequest> = FastCheck.record(properties)

  const reordered = (items: ReadonlyArray<string> | undefined) =>
    items === undefined || items.length === 0
      ? FastCheck.constantFrom(undefined, [])
      : FastCheck.tuple(
        FastCheck.shuffledSubarray([...items], { minLength: items.length }),
        FastCheck.subarray([...items])
      ).map((parts) => parts.flat())

  /** An equal request: in another order, with repetitions. */
  const equalTo = (request: TokenRequest): FastCheck.Arbitrary<TokenRequest> =>
    FastCheck.record({
      scopes: reordered(request.scopes).map((scopes) => scopes ?? []),
      resources: reordered(request.resources),
      audiences: reordered(request.audiences),
      customParameters: FastCheck.shuffledSubarray(Object.entries(request.customParameters ?? {}), {
        minLength: Object.keys(request.customParameters ?? {}).length
      }).map(Object.fromEntries),
      surroundings
    }).map(({ surroundings, ...lists }) => ({ ...request, ...lists, ...surroundings }))

  /** A request with up to two properties of another one. */
  const similarTo = (request: TokenRequest): FastCheck.Arbitrary<TokenRequest> =>
    FastCheck.tuple(
      requests,
      FastCheck.subarray(Object.keys(properties) as Array<keyof typeof properties>, { maxLength: 2 })
    )
      .map(([other, changed]) => ({
        ...request,
        ...Object.fromEntries(changed.map((property) => [property, other[property]]))
      }))

  let round = 0

  /** Counts the calls for both requests, with an empty cache. */
  const callsFor = (...both: ReadonlyArray<TokenRequest>) =>
    Effect.gen(function*() {
      round++
      const before = yield* tokenCalls
      for (const request of both) {
        const token = `${round} ${Redacted.value(request.workloadIdentityToken)}`
        yield* tokenOf({ ...request, workloadIdentityToken: secret(token) })
      }
      return (yield* tokenCalls) - before
    })

  const forAllPairs = (
    similar: (request: TokenRequest) => FastCheck.Arbitrary<TokenRequest>,
    expected: (a: TokenRequest, b: TokenRequest) => number
  ) =>
    Effect.flatMap(
      Effect.context<DataPlane.DataPlane | ScriptedPlanes.ScriptedPlanes>(),
      (runtime) =>
        Effect.promise(() =>
          FastCheck.assert(
            FastCheck.asyncProperty(
              requests.chain((request) => FastCheck.tuple(FastCheck.constant(request), similar(request))),
              async ([a, b]) => {
                assert.strictEqual(await Effect.runPromiseWith(runtime)(callsFor(a, b)), expected(a, b))
              }
            ),
            { numRuns: 500 }
          )
        )
    ).pipe(Effect.provide(cached(numbered)))

  it.effect("shares one call between equal requests", () => forAllPairs(equalTo, () => 1))

  it.effect("makes two calls for requests for two credentials", () =>
    forAllPairs(similarTo, (a, b) => isSameCredential(a, b) ? 1 : 2))
})

describe("CredentialCache: forced authentication", () => {
  const forced = { forceAuthentication: true } as const
  const poll = { sessionUri: secret(sessionUri) } as const

  it.effect("bypasses the cache, and keeps the new token", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(), jwt(3600, 0))
      assert.strictEqual(yield* tokenOf(forced), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(forced), jwt(3600, 2))
    }).pipe(Effect.provide(cached(numbered))))

  it.effect.each([
    { when: "it waits for the user, because the service has dropped it too", response: responses.consent },
    { when: "it fails, because the service may have dropped it", response: failures.throttling },
    { when: "the new token is not cached", response: responses.issued("opaque") }
  ])("drops the token when $when", ({ response }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(), jwt(3600))
      yield* Effect.exit(tokenOf(forced))
      assert.strictEqual(yield* tokenOf(), jwt(7200))
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [responses.issued(jwt(3600)), response, responses.issued(jwt(7200))]
    }))))

  it.effect("is not undone by an older call that ends later", () =>
    Effect.gen(function*() {
      const before = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* tokenOf(forced), jwt(3600, 1))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(before), jwt(3600, 0))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 1))
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [Effect.delay(responses.issued(jwt(3600, 0)), "1 second"), responses.issued(jwt(3600, 1))]
    }))))

  it.effect("keeps neither token of two concurrent forced authentications", () =>
    Effect.gen(function*() {
      const first = yield* Effect.forkChild(tokenOf(forced))
      yield* TestClock.adjust("500 millis")
      yield* tokenOf({ ...forced, customState: secret("state") })
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(first), jwt(3600, 0))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 2))
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [
        Effect.delay(responses.issued(jwt(3600, 0)), "1 second"),
        responses.issued(jwt(3600, 1)),
        responses.issued(jwt(3600, 2))
      ]
    }))))

  it.effect("later callers do not join an older call, whose token is not cached", () =>
    Effect.gen(function*() {
      const before = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* tokenOf(forced), "ConsentRequired")
      assert.strictEqual(yield* tokenOf(), "ConsentRequired")
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(before), jwt(3600))
      assert.strictEqual(yield* tokenOf(), "ConsentRequired")
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [
        Effect.delay(responses.issued(jwt(3600)), "1 second"),
        responses.consent,
        responses.consent,
        responses.consent
      ]
    }))))

  it.effect("a poll bypasses the cache, and the next request finds its token", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(), "ConsentRequired")
      assert.strictEqual(yield* tokenOf(poll), "InProgress")
      assert.strictEqual(yield* tokenOf(poll), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(poll), jwt(3600, 2))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 2))
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [
        responses.consent,
        responses.inProgress,
        responses.issued(jwt(3600, 1)),
        responses.issued(jwt(3600, 2))
      ]
    }))))

  it.effect("never returns a rejected credential, and keeps the new one", () =>
    Effect.gen(function*() {
      const first = yield* tokenOf()
      const second = yield* insteadOf(first)(tokenOf())
      assert.strictEqual(second, jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(), second)
      assert.strictEqual(yield* tokenCalls, 2)
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("returns the newer credential of another caller for a rejected one, even for a forced authentication", () =>
    Effect.gen(function*() {
      yield* tokenOf()
      assert.strictEqual(yield* insteadOf("an older one")(tokenOf()), jwt(3600, 0))
      assert.strictEqual(yield* insteadOf("an older one")(tokenOf(forced)), jwt(3600, 0))
      assert.strictEqual(yield* tokenCalls, 1)
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("a rejected credential that the service returns again is returned and not cached", () =>
    Effect.gen(function*() {
      const token = yield* tokenOf()
      assert.strictEqual(yield* insteadOf(token)(tokenOf()), token)
      assert.strictEqual(yield* tokenOf(), token)
      assert.strictEqual(yield* tokenCalls, 3)
    }).pipe(Effect.provide(cached({ getResourceOauth2Token: () => responses.issued(jwt(3600)) }))))

  it.effect("a caller with a rejected credential does not join an earlier call", () =>
    Effect.gen(function*() {
      const before = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      // The vault still has the rejected token.
      const after = yield* Effect.forkChild(insteadOf(jwt(3600, 0))(tokenOf()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(before), jwt(3600, 0))
      assert.strictEqual(yield* Fiber.join(after), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 1))
    }).pipe(Effect.provide(cached(slow))))

  it.effect("callers with the same rejected credential share one call", () =>
    Effect.gen(function*() {
      const fibers = yield* Effect.forEach(
        Array.from({ length: 100 }, () => insteadOf("rejected")(tokenOf())),
        (effect) => Effect.forkChild(effect)
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([...new Set(yield* Fiber.joinAll(fibers))], [jwt(3600, 0)])
      assert.strictEqual(yield* tokenCalls, 1)
    }).pipe(Effect.provide(cached(slow))))

  it.effect("invalidate drops one credential, and no other", () =>
    Effect.gen(function*() {
      yield* tokenOf()
      yield* tokenOf({ workloadIdentityToken: secret("bob") })
      yield* invalidate(jwt(3600, 0))
      yield* invalidate("unknown")
      assert.strictEqual(yield* tokenOf({ workloadIdentityToken: secret("bob") }), jwt(3600, 1))
      assert.strictEqual(yield* tokenOf(), jwt(3600, 2))
      yield* keyOf()
      yield* invalidate("key-0")
      assert.strictEqual(yield* keyOf(), "key-1")
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("invalidate does not affect a call in flight for another credential", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.forEach(Array.from({ length: 5000 }), (_, index) => keyOf("weather", `user-${index}`))
      const call = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      yield* Effect.forEach(keys.slice(0, 100), invalidate, { discard: true })
      yield* TestClock.adjust("500 millis")
      yield* Fiber.join(call)
      yield* tokenOf()
      assert.strictEqual(yield* tokenCalls, 1)
    }).pipe(Effect.provide(cached({ ...numbered, ...slow }))))

  it.effect("invalidate drops the credential that a call in flight returns later", () =>
    Effect.gen(function*() {
      const call = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      yield* invalidate(jwt(3600, 0))
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(call), jwt(3600, 0))
      const next = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([yield* Fiber.join(next), yield* tokenOf()], [jwt(3600, 1), jwt(3600, 1)])
    }).pipe(Effect.provide(cached(slow))))

  it.effect("passes an invalid request to the plane, which rejects it", () =>
    Effect.gen(function*() {
      const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
      // A program without types may send this. The first three have no possible key.
      for (
        const request of [
          { scopes: deep },
          { scopes: [deep] },
          { customParameters: { a: deep } },
          { scopes: undefined },
          { scopes: "repo" },
          { workloadIdentityToken: "alice" },
          { customState: "state" },
          { sessionUri }
        ]
      ) {
        const error = yield* Effect.flip(tokenOf(request as unknown as Partial<TokenRequest>))
        assert.strictEqual(error._tag, "ValidationException")
      }
    }).pipe(Effect.provide(cached(numbered))))
})

describe("CredentialCache: separation", () => {
  it.effect("keeps keys of two providers and of two users apart, and a token of the same provider", () =>
    Effect.gen(function*() {
      const token = tokenOf({ resourceCredentialProviderName: "weather" })
      assert.deepStrictEqual(
        yield* Effect.all([keyOf(), keyOf("maps"), keyOf("weather", "bob"), token, keyOf(), keyOf("maps")]),
        ["key-0", "key-1", "key-2", jwt(3600, 0), "key-0", "key-1"]
      )
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("keeps one scope with a comma and two scopes apart", () =>
    Effect.gen(function*() {
      const one = yield* tokenOf({ scopes: ["read,write"] })
      assert.notStrictEqual(yield* tokenOf({ scopes: ["read", "write"] }), one)
      assert.strictEqual(yield* tokenOf({ scopes: ["read,write"] }), one)
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("keeps metrics with a program's own labels apart", () =>
    Effect.gen(function*() {
      yield* Effect.provideService(tokenOf(), Metric.CurrentMetricAttributes, { team: "billing" })
      const own = Metric.withAttributes(CacheSupport.misses, {
        "agentcore.operation": "getResourceOauth2Token",
        team: "billing"
      })
      assert.strictEqual((yield* Metric.value(own)).count, 1)
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("drops the oldest entry above the capacity, and counts a rewritten one as new", () =>
    Effect.gen(function*() {
      yield* keyOf("a")
      yield* keyOf("b")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* keyOf("a"), "key-2")
      yield* keyOf("c")
      // "b" was the oldest.
      assert.strictEqual(yield* keyOf("a"), "key-2")
    }).pipe(Effect.provide(cached(numbered, { capacity: 2 }))))
})

describe("CredentialCache: single flight", () => {
  it.effect("shares one call between 1,000 equal requests", () =>
    Effect.gen(function*() {
      const tally = yield* countsOf(Effect.gen(function*() {
        const fibers = yield* Effect.forEach(Array.from({ length: 1000 }, () => tokenOf()), (effect) =>
          Effect.forkChild(effect))
        yield* TestClock.adjust("1 second")
        const tokens = yield* Fiber.joinAll(fibers)
        assert.lengthOf(tokens, 1000)
        assert.deepStrictEqual([...new Set(tokens)], [jwt(3600, 0)])
        assert.strictEqual(yield* tokenCalls, 1)
        yield* tokenOf()
      }))
      assert.deepStrictEqual(tally, { hits: 1, misses: 1, shared: 999 })
    }).pipe(Effect.provide(cached(slow))))

  it.effect("interrupts the call when all callers are interrupted, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const interrupted = yield* Ref.make(0)
      const plane = DataPlane.make({
        ...(yield* DataPlane.DataPlane),
        getResourceOauth2Token: () => Effect.onInterrupt(Effect.never, () => Ref.update(interrupted, (n) => n + 1))
      })
      yield* Effect.gen(function*() {
        for (const round of [1, 2]) {
          const fibers = yield* Effect.forEach(Array.from({ length: 10 }), () => Effect.forkChild(tokenOf()))
          yield* TestClock.adjust("1 second")
          yield* Fiber.interruptAll(fibers.slice(1))
          assert.strictEqual(yield* Ref.get(interrupted), round - 1)
          yield* Fiber.interruptAll(fibers)
          assert.strictEqual(yield* Ref.get(interrupted), round)
        }
      }).pipe(Effect.provide(Layer.provide(CredentialCache.layer(), Layer.succeed(DataPlane.DataPlane, plane))))
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))

  it.effect("an uninterruptible caller can share a call with an interruptible one", () =>
    Effect.gen(function*() {
      const steady = yield* Effect.forkChild(Effect.uninterruptible(tokenOf()))
      const other = yield* Effect.forkChild(tokenOf())
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interrupt(other)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* Fiber.join(steady), jwt(3600, 0))
    }).pipe(Effect.provide(cached(slow))))

  it.effect("does not share a call between different authorization requests", () =>
    Effect.gen(function*() {
      const ask = (request: Partial<TokenRequest>) => [tokenOf(request), tokenOf(request)]
      const all = yield* Effect.forEach([
        ...ask({}),
        ...ask({ resourceOauth2ReturnUrl: "https://a.example.com" }),
        ...ask({ resourceOauth2ReturnUrl: "https://b.example.com" }),
        ...ask({ customState: secret("state-a") }),
        ...ask({ customState: secret("state-b") }),
        ...ask({ forceAuthentication: true }),
        ...ask({ sessionUri: secret(`${sessionUri}-a`) }),
        ...ask({ sessionUri: secret(`${sessionUri}-b`) })
      ], (effect) => Effect.forkChild(effect))
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(all)
      assert.strictEqual(yield* tokenCalls, 8)
    }).pipe(Effect.provide(cached({ getResourceOauth2Token: () => Effect.delay(responses.consent, "1 second") }))))
})

describe("CredentialCache: metrics and spans", () => {
  it.effect("reports whether a call was a cache hit, and a failed call as a miss", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* cacheResult(), "miss")
      assert.strictEqual(yield* cacheResult(), "miss")
      assert.strictEqual(yield* cacheResult(), "hit")
      assert.strictEqual(yield* cacheResult({ forceAuthentication: true }), "miss")
    }).pipe(Effect.provide(cached({
      getResourceOauth2Token: [failures.denied, responses.issued(jwt(3600)), responses.issued(jwt(3600))]
    }))))

  it.effect("counts hits and misses, but neither polls nor forced authentications", () =>
    Effect.gen(function*() {
      const tally = yield* countsOf(Effect.all([
        tokenOf(),
        tokenOf(),
        tokenOf(),
        tokenOf({ scopes: ["mail"] }),
        tokenOf({ forceAuthentication: true }),
        tokenOf({ sessionUri: secret(sessionUri) })
      ]))
      assert.deepStrictEqual(tally, { hits: 2, misses: 2, shared: 0 })
    }).pipe(Effect.provide(cached(numbered))))

  it.effect("a hit in Identity has no span of a data plane call", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const workloadToken = "sentinel-workload-token"
      const token = jwt(3600)
      yield* Effect.gen(function*() {
        const identity = yield* Identity.Identity
        const ask = identity.getAccessToken({ provider: "github", flow: "M2M", customState: secret("sentinel-state") })
        const tokens = yield* Effect.all([ask, ask, ask])
        assert.deepStrictEqual(tokens.map(Redacted.value), [token, token, token])
        yield* Effect.flatMap(CredentialCache.CredentialCache, (cache) => cache.invalidate(secret(token)))
      }).pipe(
        Effect.provide(
          Identity.layer.pipe(
            Layer.provideMerge(cached({ getResourceOauth2Token: [responses.issued(token)] })),
            Layer.merge(WorkloadAccessToken.layer(secret(workloadToken)))
          )
        ),
        Effect.provide(recorder.layer)
      )
      const names = (yield* recorder.spans).map(({ name }) => name)
      assert.deepStrictEqual(names, [
        "Identity.getAccessToken",
        "DataPlane.getResourceOauth2Token",
        "Identity.getAccessToken",
        "Identity.getAccessToken"
      ])
      Recorder.assertSecretFree(yield* recorder.everything, [workloadToken, token, "sentinel-state"])
    }))
})

describe("CredentialCache.layerSecurityTokenService", () => {
  const ask = (
    service: SecurityTokenService.SecurityTokenService["Service"],
    request: Partial<Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>> = {}
  ) =>
    Effect.map(
      service.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384", ...request }),
      ({ expiration, webIdentityToken }) => [Redacted.value(webIdentityToken), DateTime.toEpochMillis(expiration)]
    )

  /** Numbered tokens, which expire after five minutes. */
  const service = (name: string) =>
    Layer.effect(
      SecurityTokenService.SecurityTokenService,
      Effect.map(Ref.make(0), (calls) =>
        Sts.make({
          getCallerIdentity: () => Effect.die(new Error("not asked for")),
          getWebIdentityToken: () =>
            Effect.zipWith(Ref.updateAndGet(calls, (n) => n + 1), DateTime.now, (number, now) => ({
              webIdentityToken: secret(`${name}-${number}`),
              expiration: DateTime.add(now, { minutes: 5 })
            }))
        }))
    )

  const sts = (name: string) => Layer.provide(CredentialCache.layerSecurityTokenService, service(name))

  const use = <A, E, R>(f: (service: SecurityTokenService.SecurityTokenService["Service"]) => Effect.Effect<A, E, R>) =>
    Effect.flatMap(SecurityTokenService.SecurityTokenService, f)

  it.effect("keeps a token until a minute before it expires", () =>
    use((service) =>
      Effect.gen(function*() {
        const first = yield* ask(service)
        same(first, ["a-1", 300_000])
        yield* TestClock.adjust("239999 millis")
        same(yield* ask(service), first)
        yield* TestClock.adjust("1 millis")
        same(yield* ask(service), ["a-2", 540_000])
      })
    ).pipe(Effect.provide(sts("a").pipe(Layer.provide(cached(numbered))))))

  it.effect("has keys of audiences, algorithm, duration and tags", () =>
    use((service) =>
      Effect.gen(function*() {
        const requests: ReadonlyArray<
          Partial<Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>>
        > = [
          { audience: ["a", "b"], tags: { team: "x", stage: "y" } },
          { audience: ["a"], tags: { team: "x", stage: "y" } },
          { audience: ["a", "b"], tags: { team: "y", stage: "x" } },
          { audience: ["a", "b"] },
          { audience: ["a", "b"], signingAlgorithm: "RS256" },
          { audience: ["a", "b"], durationSeconds: 600 }
        ]
        const first = yield* Effect.forEach(requests, (request) => ask(service, request))
        assert.strictEqual(new Set(first.map(([token]) => token)).size, requests.length)
        same(yield* Effect.forEach(requests, (request) => ask(service, request)), first)
        same(yield* ask(service, { audience: ["b", "a", "b"], tags: { stage: "y", team: "x" } }), first[0])
      })
    ).pipe(Effect.provide(sts("a").pipe(Layer.provide(cached(numbered))))))

  it.effect("does not share tokens between identities that share the cache", () =>
    Effect.gen(function*() {
      const [a, b] = yield* Effect.all([
        Effect.provide(SecurityTokenService.SecurityTokenService, sts("a")),
        Effect.provide(SecurityTokenService.SecurityTokenService, Layer.fresh(sts("b")))
      ])
      same(yield* ask(a), ["a-1", 300_000])
      same(yield* ask(b), ["b-1", 300_000])
      same(yield* ask(a), ["a-1", 300_000])
      yield* invalidate("a-1")
      same(yield* ask(a), ["a-2", 300_000])
      same(yield* ask(b), ["b-1", 300_000])
    }).pipe(Effect.provide(cached(numbered))))
})
