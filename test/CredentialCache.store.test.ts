import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { cacheResult, insteadOf } from "./support/credentialCache.js"
import * as CacheSupport from "./support/credentialCache.js"
import * as Recorder from "./support/recorder.js"
import * as Sts from "./support/sts.js"
import { failures, responses, secret, settleAndAdjust } from "./support/utils.js"

type Stored = Map<string, CacheSupport.StoredCredential>

/** A store that never drops an entry, and its entries. */
const plain = (entries: Stored): CredentialCache.Store["Service"] => ({
  get: (key) => Effect.sync(() => Option.fromNullishOr(entries.get(key))),
  set: (key, stored) => Effect.sync(() => void entries.set(key, stored)),
  remove: (key) => Effect.sync(() => void entries.delete(key))
})

const broken: CredentialCache.Store["Service"] = {
  get: () => Effect.fail(new CredentialCache.CacheStoreError({ reason: "it is broken" })),
  set: () => Effect.fail(new CredentialCache.CacheStoreError({ reason: "it is broken" })),
  remove: () => Effect.fail(new CredentialCache.CacheStoreError({ reason: "it is broken" }))
}

const silent: CredentialCache.Store["Service"] = {
  get: () => Effect.uninterruptible(Effect.never),
  set: () => Effect.never,
  remove: () => Effect.never
}

/** One process of a fleet: its own cache over the shared store. */
interface Process {
  readonly token: (
    request?: Partial<Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>>
  ) => Effect.Effect<string, unknown>
  readonly cacheResult: Effect.Effect<unknown>
  readonly invalidate: (token: string) => Effect.Effect<void>
}

const process = (
  store: CredentialCache.Store["Service"],
  options?: NonNullable<Parameters<typeof CredentialCache.layerStore>[0]>
) =>
  Effect.map(
    Layer.build(
      CredentialCache.layerStore(options).pipe(Layer.provide(Layer.succeed(CredentialCache.Store, store)), Layer.fresh)
    ),
    (context): Process => ({
      token: (request) =>
        Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
          dataPlane.getResourceOauth2Token({
            workloadIdentityToken: secret("alice"),
            resourceCredentialProviderName: "github",
            oauth2Flow: "M2M",
            scopes: [],
            ...request
          })).pipe(
            Effect.map((response) => response._tag === "Issued" ? Redacted.value(response.accessToken) : response._tag),
            Effect.provide(context)
          ),
      cacheResult: Effect.provide(cacheResult(), context),
      invalidate: (token) =>
        Effect.flatMap(CredentialCache.CredentialCache, (cache) => cache.invalidate(secret(token))).pipe(
          Effect.provide(context)
        )
    })
  )

const calls = Effect.flatMap(
  ScriptedPlanes.ScriptedPlanes,
  (planes) => Effect.map(planes.callsOf("getResourceOauth2Token"), (calls) => calls.length)
)

const numbered = ScriptedPlanes.layer({
  getResourceOauth2Token: (request, index) =>
    request.forceAuthentication === true && request.oauth2Flow === "USER_FEDERATION"
      ? responses.consent
      : responses.issued(`token-${index}`)
})

const options = { opaqueTimeToLive: "1 hour" } as const

/** Three processes over one store, and its entries. */
const fleet = Effect.gen(function*() {
  const entries: Stored = new Map()
  const start = process(plain(entries), options)
  return { a: yield* start, b: yield* start, c: yield* start, entries }
})

const failuresOf = (operation: "get" | "set" | "remove") =>
  Effect.map(
    Metric.value(Metric.withAttributes(CacheSupport.storeFailures, { "agentcore.operation": operation })),
    ({ count }) => count
  )

describe("CredentialCache.layerStore", () => {
  it.effect("serves a token that another process obtained, until it expires", () =>
    Effect.gen(function*() {
      const { a, b } = yield* fleet
      assert.strictEqual(yield* a.token(), "token-0")
      assert.strictEqual(yield* b.token(), "token-0")
      assert.strictEqual(yield* b.token({ workloadIdentityToken: secret("bob") }), "token-1")
      yield* settleAndAdjust("1 hour")
      assert.strictEqual(yield* b.token(), "token-2")
      assert.strictEqual(yield* a.token(), "token-2")
    }).pipe(Effect.provide(numbered)))

  it.effect("counts a token from the store as a hit", () =>
    Effect.gen(function*() {
      const { a, b } = yield* fleet
      const hits = Effect.map(
        Metric.value(Metric.withAttributes(CacheSupport.hits, { "agentcore.operation": "getResourceOauth2Token" })),
        ({ count }) => count
      )
      assert.strictEqual(yield* a.cacheResult, "miss")
      const before = yield* hits
      assert.strictEqual(yield* b.cacheResult, "hit")
      assert.strictEqual((yield* hits) - before, 1)
    }).pipe(Effect.provide(numbered)))

  it.effect("keeps a token from the store in memory", () =>
    Effect.gen(function*() {
      const { a, b, entries } = yield* fleet
      yield* a.token()
      yield* b.token()
      entries.clear()
      assert.strictEqual(yield* b.token(), "token-0")
      assert.strictEqual(yield* calls, 1)
    }).pipe(Effect.provide(numbered)))

  it.effect("sends the original request when the caller changes its lists meanwhile", () =>
    Effect.gen(function*() {
      const store = plain(new Map())
      const a = yield* process({ ...store, get: (key) => Effect.delay(store.get(key), "50 millis") }, options)
      const scopes = ["read"]
      const requested = yield* Effect.forkChild(a.token({ scopes }))
      yield* settleAndAdjust("10 millis")
      scopes.push("admin")
      yield* settleAndAdjust("40 millis")
      yield* Fiber.join(requested)
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      assert.deepStrictEqual(
        (yield* planes.callsOf("getResourceOauth2Token")).map(({ request }) => request.scopes),
        [["read"]]
      )
    }).pipe(Effect.provide(numbered)))

  it.effect("has keys without data of the request", () =>
    Effect.gen(function*() {
      const { a, entries } = yield* fleet
      yield* a.token({ workloadIdentityToken: secret("sentinel-token"), scopes: ["sentinel-scope"] })
      const keys = [...entries.keys()]
      assert.lengthOf(keys, 1)
      assert.match(keys[0]!, /^[A-Za-z0-9_-]{43}$/)
    }).pipe(Effect.provide(numbered)))

  it.effect("shares API keys", () =>
    Effect.gen(function*() {
      const store = Layer.succeed(CredentialCache.Store, plain(new Map()))
      const key = Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
        dataPlane.getResourceApiKey({
          workloadIdentityToken: secret("alice"),
          resourceCredentialProviderName: "weather"
        })).pipe(
          Effect.map(({ apiKey }) => Redacted.value(apiKey)),
          Effect.provide(Layer.fresh(Layer.provide(CredentialCache.layerStore(), store)))
        )
      assert.deepStrictEqual(yield* Effect.all([key, key]), ["key-0", "key-0"])
    }).pipe(Effect.provide(ScriptedPlanes.layer({
      getResourceApiKey: (_, index) => Effect.succeed({ apiKey: secret(`key-${index}`) })
    }))))

  it.effect("does not store what the cache does not keep", () =>
    Effect.gen(function*() {
      const entries: Stored = new Map()
      const a = yield* process(plain(entries))
      yield* a.token()
      assert.strictEqual(entries.size, 0)
    }).pipe(Effect.provide(numbered)))

  it.effect("removes an invalidated credential from the store, unless the store has another one", () =>
    Effect.gen(function*() {
      const { a, b, c } = yield* fleet
      yield* Effect.all([a.token(), b.token()])
      yield* a.invalidate("token-0")
      assert.strictEqual(yield* a.token(), "token-1")
      // The store has a newer credential than the one that b invalidates.
      yield* b.invalidate("token-0")
      assert.strictEqual(yield* b.token(), "token-1")
      assert.strictEqual(yield* c.token(), "token-1")
    }).pipe(Effect.provide(numbered)))

  it.effect("does not restore an invalidated credential from a read in flight", () =>
    Effect.gen(function*() {
      const store = plain(new Map())
      const a = yield* process({ ...store, remove: (key) => Effect.delay(store.remove(key), "50 millis") }, options)
      yield* a.token()
      const invalidation = yield* Effect.forkChild(a.invalidate("token-0"))
      yield* settleAndAdjust("10 millis")
      assert.strictEqual(yield* a.token(), "token-0")
      yield* settleAndAdjust("40 millis")
      yield* Fiber.join(invalidation)
      assert.strictEqual(yield* a.token(), "token-1")
    }).pipe(Effect.provide(numbered)))

  it.effect("does not restore a credential that a forced authentication dropped during the read", () =>
    Effect.gen(function*() {
      const store = plain(new Map())
      const b = yield* process(store, options)
      yield* b.token({ oauth2Flow: "USER_FEDERATION" })
      const a = yield* process({
        ...store,
        // The credential is outdated when the read ends.
        get: (key) => Effect.tap(store.get(key), () => Effect.sleep("50 millis")),
        remove: (key) => Effect.delay(store.remove(key), "20 millis")
      }, options)
      const ask = (forceAuthentication: boolean) => a.token({ oauth2Flow: "USER_FEDERATION", forceAuthentication })
      const forced = yield* Effect.forkChild(ask(true))
      yield* settleAndAdjust("10 millis")
      const meanwhile = yield* Effect.forkChild(ask(false))
      yield* settleAndAdjust("10 millis")
      assert.strictEqual(yield* Fiber.join(forced), "ConsentRequired")
      yield* settleAndAdjust("40 millis")
      assert.strictEqual(yield* Fiber.join(meanwhile), "token-2")
    }).pipe(Effect.provide(numbered)))

  it.effect("does not serve a rejected credential from the store, and removes it", () =>
    Effect.gen(function*() {
      const { a, b, entries } = yield* fleet
      yield* a.token()
      assert.strictEqual(yield* insteadOf("token-0")(b.token()), "token-1")
      const [{ credential }] = [...entries.values()] as [CacheSupport.StoredCredential]
      assert.strictEqual(Redacted.value(credential), "token-1")
      // The cache reads the store before it calls the service. Another process may have stored a new credential.
      assert.strictEqual(yield* insteadOf("token-0")(a.token()), "token-1")
      assert.strictEqual(yield* calls, 2)
    }).pipe(Effect.provide(numbered)))

  it.effect("removes a rejected credential even when there is no new one", () =>
    Effect.gen(function*() {
      const { a, b, entries } = yield* fleet
      yield* a.token()
      yield* Effect.flip(insteadOf("token-0")(b.token()))
      assert.strictEqual(entries.size, 0)
    }).pipe(Effect.provide(ScriptedPlanes.layer({
      getResourceOauth2Token: [responses.issued("token-0"), failures.throttling]
    }))))

  it.effect("removes the credential when a forced authentication waits for the user", () =>
    Effect.gen(function*() {
      const { a, entries } = yield* fleet
      yield* a.token({ oauth2Flow: "USER_FEDERATION" })
      assert.strictEqual(entries.size, 1)
      yield* a.token({ oauth2Flow: "USER_FEDERATION", forceAuthentication: true })
      assert.strictEqual(entries.size, 0)
    }).pipe(Effect.provide(numbered)))

  for (const end of ["fails", "is interrupted"] as const) {
    it.effect(`removes the credential when a forced authentication ${end}, because the service may have dropped it`, () =>
      Effect.gen(function*() {
        const entries: Stored = new Map()
        const slow = {
          ...plain(entries),
          remove: (key: string) => Effect.delay(plain(entries).remove(key), "50 millis")
        }
        const a = yield* process(slow, options)
        yield* a.token()
        const forced = yield* Effect.forkChild(a.token({ forceAuthentication: true }))
        yield* settleAndAdjust("10 millis")
        const ended = yield* Effect.forkChild(end === "fails" ? Fiber.await(forced) : Fiber.interrupt(forced))
        yield* settleAndAdjust("1 second")
        yield* Fiber.join(ended)
        assert.strictEqual(entries.size, 0)
        assert.strictEqual(yield* a.token(), "token-2")
      }).pipe(Effect.provide(ScriptedPlanes.layer({
        getResourceOauth2Token: ({ forceAuthentication }, index) =>
          forceAuthentication !== true
            ? responses.issued(`token-${index}`)
            : end === "fails"
            ? failures.throttling
            : Effect.never
      }))))
  }

  it.effect("removes a credential that is invalidated while the store writes it", () =>
    Effect.gen(function*() {
      const entries: Stored = new Map()
      const store = plain(entries)
      const slow = {
        ...store,
        set: (key: string, stored: CacheSupport.StoredCredential) => Effect.delay(store.set(key, stored), "50 millis")
      }
      const a = yield* process(slow, options)
      const first = yield* Effect.forkChild(a.token())
      yield* settleAndAdjust("10 millis")
      assert.strictEqual(yield* a.token(), "token-0")
      yield* a.invalidate("token-0")
      yield* settleAndAdjust("40 millis")
      assert.strictEqual(yield* Fiber.join(first), "token-0")
      assert.strictEqual(entries.size, 0)
    }).pipe(Effect.provide(numbered)))

  it.effect("stores a finite time for an infinite time to live", () =>
    Effect.gen(function*() {
      const entries: Stored = new Map()
      const a = yield* process(plain(entries), { opaqueTimeToLive: Duration.infinity })
      yield* a.token()
      const [{ usableUntil }] = [...entries.values()] as [CacheSupport.StoredCredential]
      assert.isTrue(Number.isSafeInteger(usableUntil))
    }).pipe(Effect.provide(numbered)))

  it.effect("does not store an AWS-signed JWT, because the request does not contain the identity", () =>
    Effect.gen(function*() {
      const entries: Stored = new Map()
      const service = Sts.make({
        getCallerIdentity: () => Effect.die(new Error("not asked for")),
        getWebIdentityToken: () =>
          Effect.map(DateTime.now, (now) => ({
            webIdentityToken: secret("jwt"),
            expiration: DateTime.add(now, { hours: 1 })
          }))
      })
      yield* Effect.flatMap(
        SecurityTokenService.SecurityTokenService,
        (sts) => sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
      ).pipe(Effect.provide(
        CredentialCache.layerSecurityTokenService.pipe(
          Layer.provide(CredentialCache.layerStore()),
          Layer.provide(Layer.succeed(CredentialCache.Store, plain(entries))),
          Layer.provide(Layer.succeed(SecurityTokenService.SecurityTokenService, service))
        )
      ))
      assert.strictEqual(entries.size, 0)
    }).pipe(Effect.provide(numbered)))
})

describe("CredentialCache.layerStore over a broken store", () => {
  it.effect("treats a failing store as empty, and counts and logs the failures", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const a = yield* process(broken, options)
      const before = [yield* failuresOf("get"), yield* failuresOf("set"), yield* failuresOf("remove")]
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* a.token(), "token-0")
        assert.strictEqual(yield* a.token(), "token-0")
        assert.strictEqual(
          yield* a.token({ forceAuthentication: true, oauth2Flow: "USER_FEDERATION" }),
          "ConsentRequired"
        )
        yield* a.invalidate("token-0")
        assert.strictEqual(yield* a.token(), "token-2")
      }).pipe(Effect.provide(recorder.layer))
      const after = [yield* failuresOf("get"), yield* failuresOf("set"), yield* failuresOf("remove")]
      assert.deepStrictEqual(after.map((count, index) => count - before[index]!), [3, 2, 1])
      const logged = (yield* recorder.everything).join("\n")
      assert.include(logged, "The credential store failed to get: it is broken")
      assert.include(logged, "The credential store failed to set: it is broken")
    }).pipe(Effect.provide(numbered)))

  it.effect("treats a store with defects as empty, and does not log their messages", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const a = yield* process({
        get: () => Effect.die("sentinel of a defect"),
        set: () => {
          throw new Error("sentinel of a defect")
        },
        remove: () => Effect.die("sentinel of a defect")
      }, options)
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* a.token(), "token-0")
        yield* a.invalidate("token-0")
        assert.strictEqual(yield* a.token(), "token-1")
      }).pipe(Effect.provide(recorder.layer))
      const logged = (yield* recorder.everything).join("\n")
      assert.include(logged, "The credential store failed to set: it has a defect")
      assert.notInclude(logged, "sentinel")
    }).pipe(Effect.provide(numbered)))

  it.effect("ignores a store that does not respond within 100 milliseconds", () =>
    Effect.gen(function*() {
      const a = yield* process(silent, options)
      const fiber = yield* Effect.forkChild(Effect.timed(a.token()))
      yield* settleAndAdjust("99 millis")
      assert.strictEqual(yield* calls, 0)
      yield* settleAndAdjust("1 millis")
      assert.strictEqual(yield* calls, 1)
      yield* settleAndAdjust("100 millis")
      const [elapsed, token] = yield* Fiber.join(fiber)
      assert.strictEqual(token, "token-0")
      assert.strictEqual(Duration.toMillis(elapsed), 200)
      // The cache has it in memory.
      assert.strictEqual(yield* a.token(), "token-0")
    }).pipe(Effect.provide(numbered)))

  it.effect("ignores a store that does not respond within `storeTimeout`", () =>
    Effect.gen(function*() {
      const a = yield* process(silent, { ...options, storeTimeout: "1 second" })
      const fiber = yield* Effect.forkChild(a.token())
      yield* settleAndAdjust("999 millis")
      assert.strictEqual(yield* calls, 0)
      yield* settleAndAdjust("1001 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "token-0")
    }).pipe(Effect.provide(numbered)))
})
