import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Persistence from "effect/persistence/Persistence"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { buildProgram } from "../support/build.mjs"
import * as Child from "../support/child.js"
import * as CacheSupport from "../support/credentialCache.js"
import * as Recorder from "../support/recorder.js"
import * as Redis from "../support/redis.js"
import type * as Tools from "../support/tools.js"
import { responses, same, secret, variables, withoutPackage } from "../support/utils.js"

const keyOf = (fill: number, encoding: "base64url" | "hex" = "base64url") =>
  secret(Buffer.alloc(32, fill).toString(encoding))

const key = keyOf(1)

type Token = Effect.Effect<string, unknown>

/**
 * One process of a fleet: its own cache, its own connection. The store has time to response, whatever else this machine
 * does.
 */
const process_ = (
  store: Layer.Layer<CredentialCache.Store, CredentialStore.CredentialStoreError>,
  options: NonNullable<Parameters<typeof CredentialCache.layerStore>[0]> = { storeTimeout: "10 seconds" }
) =>
  Effect.map(
    Layer.build(
      Layer.fresh(CredentialCache.layerStore({ opaqueTimeToLive: "1 hour", ...options }).pipe(Layer.provide(store)))
    ),
    (context) => (user = "alice"): Token =>
      Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
        dataPlane.getResourceOauth2Token({
          workloadIdentityToken: secret(user),
          resourceCredentialProviderName: "github",
          oauth2Flow: "M2M",
          scopes: []
        })).pipe(
          Effect.map((respond) => respond._tag === "Issued" ? Redacted.value(respond.accessToken) : respond._tag),
          Effect.provide(context)
        )
  )

const planes = ScriptedPlanes.layer({
  getResourceOauth2Token: (_, index) => responses.issued(`sentinel-access-token-${index}`)
})

const token = (number: number) => `sentinel-access-token-${number}`

const calls = Effect.flatMap(
  ScriptedPlanes.ScriptedPlanes,
  (planes) => Effect.map(planes.callsOf("getResourceOauth2Token"), (calls) => calls.length)
)

const redisTest = (
  name: string,
  test: () => Effect.Effect<
    void,
    unknown,
    Scope.Scope | Tools.Tools | DataPlane.DataPlane | ScriptedPlanes.ScriptedPlanes
  >
) => Redis.redisTest(name, () => Effect.provide(test(), planes))

const started = Effect.tap(Redis.make(), (server) => server.start)

const storeOf = (server: Redis.Server, options: Partial<CredentialStore.RedisOptions> = {}) =>
  CredentialStore.layerRedis({ key, redis: { port: server.port }, ...options })

const failures = Effect.map(
  Effect.forEach(
    ["get", "set", "remove"],
    (operation) => Metric.value(Metric.withAttributes(CacheSupport.storeFailures, { "agentcore.operation": operation }))
  ),
  (states) => states.reduce((sum, { count }) => sum + count, 0)
)

const stored: CacheSupport.StoredCredential = { credential: secret("sentinel-secret-value"), usableUntil: 4e12 }

const use = <A, E>(
  layer: Layer.Layer<CredentialCache.Store, CredentialStore.CredentialStoreError>,
  f: (store: CredentialCache.Store["Service"]) => Effect.Effect<A, E>
) => Effect.provide(Effect.flatMap(CredentialCache.Store, f), layer)

describe("CredentialStore.layerRedis", () => {
  redisTest("shares credentials between processes", () =>
    Effect.gen(function*() {
      const server = yield* started
      const [a, b] = [yield* process_(storeOf(server)), yield* process_(storeOf(server))]
      assert.strictEqual(yield* a(), token(0))
      assert.strictEqual(yield* b(), token(0))
      assert.strictEqual(yield* b("bob"), token(1))
      assert.strictEqual(yield* a("bob"), token(1))
      assert.strictEqual(yield* calls, 2)
    }))

  redisTest("removes credentials", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = yield* server.client
      const store = yield* Effect.map(Layer.build(storeOf(server)), (context) =>
        Context.get(context, CredentialCache.Store))
      yield* store.set("one", stored)
      yield* store.set("two", stored)
      yield* store.remove("one")
      assert.isTrue(Option.isNone(yield* store.get("one")))
      assert.isTrue(Option.isSome(yield* store.get("two")))
      assert.lengthOf(
        yield* Effect.promise(() =>
          redis.keys("*")
        ),
        1
      )
    }))

  redisTest("stores digests and ciphertext until the credential expires", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = yield* server.client
      const a = yield* process_(storeOf(server))
      yield* a("sentinel-workload-token")
      const [name, ...others] = yield* Effect.promise(() => redis.keys("*"))
      assert.lengthOf(others, 0)
      assert.match(name!, /^agentcore-credentials:1:[A-Za-z0-9_-]{43}$/)
      const value = yield* Effect.promise(() => redis.get(name!))
      assert.lengthOf(value!.split("."), 5)
      const left = yield* Effect.promise(() => redis.pttl(name!))
      assert.isAtMost(left, Duration.toMillis("1 hour"))
      assert.isAbove(left, Duration.toMillis("59 minutes"))
      const decoded = value!.split(".").map((part) => Buffer.from(part, "base64url").toString())
      Recorder.assertSecretFree([name!, value!, ...decoded], [
        token(0),
        "sentinel-workload-token",
        "github\",\"M2M",
        Redacted.value(key)
      ])
    }))

  redisTest("rejects a value under another name, and a changed value", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = yield* server.client
      const a = yield* process_(storeOf(server))
      yield* a("alice")
      const [alice] = yield* Effect.promise(() => redis.keys("*"))
      yield* a("bob")
      const bob = (yield* Effect.promise(() => redis.keys("*"))).find((name) => name !== alice)
      const value = (yield* Effect.promise(() => redis.get(alice!)))!
      const middle = Math.floor(value.length / 2)
      const changed = value.slice(0, middle) + (value[middle] === "A" ? "B" : "A") + value.slice(middle + 1)
      let number = 2
      for (const bad of [value, changed, value.slice(0, -20), "", "null", JSON.stringify({ credential: "forged" })]) {
        yield* Effect.promise(() => redis.set(bob!, bad))
        const before = yield* failures
        const b = yield* process_(storeOf(server))
        assert.strictEqual(yield* b("bob"), token(number++))
        assert.strictEqual((yield* failures) - before, 1)
      }
      // A valid value has replaced the changed one.
      const c = yield* process_(storeOf(server))
      assert.strictEqual(yield* c("bob"), token(number - 1))
    }))

  redisTest("writes with the first key, and reads with all keys, in any spelling", () =>
    Effect.gen(function*() {
      const server = yield* started
      const [next, other] = [keyOf(2), keyOf(3)]
      const old = yield* process_(storeOf(server))
      yield* old()
      const both = yield* process_(storeOf(server, { key: next, previousKeys: [other, key] }))
      assert.strictEqual(yield* both(), token(0))
      assert.strictEqual(yield* both("bob"), token(1))
      const latest = yield* process_(storeOf(server, { key: keyOf(2, "hex") }))
      assert.strictEqual(yield* latest("bob"), token(1))
      assert.strictEqual(yield* latest(), token(2))
    }))

  redisTest("separates stores by their id", () =>
    Effect.gen(function*() {
      const server = yield* started
      const a = yield* process_(storeOf(server, { storeId: "a" }))
      const b = yield* process_(storeOf(server, { storeId: "b" }))
      assert.strictEqual(yield* a(), token(0))
      assert.strictEqual(yield* b(), token(1))
    }))

  redisTest("calls AgentCore while Redis is lost, and uses Redis again afterwards", () =>
    Effect.gen(function*() {
      const server = yield* started
      const a = yield* process_(storeOf(server))
      assert.strictEqual(yield* a("alice"), token(0))
      yield* server.kill
      const before = yield* failures
      const [elapsed, found] = yield* Effect.timed(a("bob"))
      assert.strictEqual(found, token(1))
      assert.strictEqual((yield* failures) - before, 2)
      // Much less than the time limit of the store, because a command fails at once.
      assert.isBelow(Duration.toMillis(elapsed), 5000)
      // The credential was in memory all the time.
      assert.strictEqual(yield* a("alice"), token(0))
      yield* server.start
      const redis = yield* server.client
      let user = 0
      const isUsed = Effect.flatMap(
        Effect.suspend(() => a(`user-${user++}`)),
        () => Effect.promise(() => redis.dbsize())
      ).pipe(Effect.map((size) => size > 0))
      yield* Effect.repeat(isUsed, { until: (is) => is, schedule: Schedule.spaced("20 millis") })
      const b = yield* process_(storeOf(server))
      const last = yield* calls
      yield* b(`user-${user - 1}`)
      assert.strictEqual(yield* calls, last)
    }))

  redisTest("calls AgentCore when Redis does not respond within 100 milliseconds", () =>
    Effect.gen(function*() {
      const server = yield* started
      const scope = yield* Scope.make()
      const a = yield* Scope.provide(process_(storeOf(server), {}), scope)
      yield* server.stall
      const before = yield* failures
      const [elapsed, found] = yield* Effect.timed(a())
      assert.strictEqual(found, token(0))
      assert.strictEqual((yield* failures) - before, 2)
      // One wait to read and one to write. The rest is the time of this machine.
      assert.isAtLeast(Duration.toMillis(elapsed), 150)
      assert.isBelow(Duration.toMillis(elapsed), 5000)
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(Scope.close(scope, Exit.void))))
      yield* server.proceed
    }))

  redisTest("builds and releases the layer when Redis is missing or lost", () =>
    Effect.gen(function*() {
      const absent = yield* Redis.make()
      const gone = yield* started
      for (const server of [absent, gone]) {
        const scope = yield* Scope.make()
        const a = yield* Scope.provide(process_(storeOf(server)), scope)
        yield* gone.kill
        assert.match(yield* a(), /^sentinel-access-token-/)
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(Scope.close(scope, Exit.void))))
      }
    }))

  redisTest("does not keep the process alive", () =>
    Effect.gen(function*() {
      const { port } = yield* Redis.make()
      const program = yield* Effect.promise(() => buildProgram("persistence/CredentialStore.child.ts"))
      const child = yield* Child.start([program, String(port)])
      assert.strictEqual(yield* child.told("outcome"), "Failure")
      assert.strictEqual(yield* child.ended, 0, child.output())
    }))

  redisTest("logs why a connection fails, without secrets", () =>
    Effect.gen(function*() {
      const server = yield* Effect.tap(Redis.make("sentinel-right-password"), (server) => server.start)
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        const password = "sentinel-wrong-password"
        const a = yield* process_(storeOf(server, { redis: { port: server.port, password } }))
        yield* a("sentinel-workload-token")
        const url = secret(`redis://:sentinel-other-password@127.0.0.1:${server.port}`)
        const b = yield* process_(storeOf(server, { url, redis: undefined }))
        yield* b("sentinel-workload-token")
      }).pipe(Effect.provide(recorder.layer))
      const everything = yield* recorder.everything
      assert.include(everything.join("\n"), "The connection to Redis failed: WRONGPASS")
      assert.include(everything.join("\n"), "The credential store failed to get: ")
      Recorder.assertSecretFree(everything, [
        "sentinel-wrong-password",
        "sentinel-other-password",
        "sentinel-right-password",
        "sentinel-workload-token",
        token(0),
        token(1),
        Redacted.value(key)
      ])
    }))

  redisTest("combines a URL and options of ioredis", () =>
    Effect.gen(function*() {
      const server = yield* Effect.tap(Redis.make("sentinel-right-password"), (server) => server.start)
      const redis = yield* server.client
      const url = secret(`redis://:sentinel-right-password@127.0.0.1:${server.port}/3`)
      yield* use(storeOf(server, { url, redis: { keyPrefix: "mine:" } }), (store) => store.set("name", stored))
      yield* Effect.promise(() => redis.select(3))
      assert.deepStrictEqual(yield* Effect.promise(() => redis.keys("*")), ["mine:agentcore-credentials:1:name"])
    }))
})

describe("CredentialStore.layer", () => {
  const roundTrip = Effect.gen(function*() {
    const store = yield* CredentialCache.Store
    assert.isTrue(Option.isNone(yield* store.get("name")))
    yield* store.set("name", stored)
    same(yield* store.get("name"), Option.some(stored))
    assert.isTrue(Option.isNone(yield* store.get("another name")))
    // An expired credential is not written.
    yield* store.set("old", { ...stored, usableUntil: 1 })
    assert.isTrue(Option.isNone(yield* store.get("old")))
    yield* store.remove("name")
    assert.isTrue(Option.isNone(yield* store.get("name")))
  })

  it.live("stores credentials in a BackingPersistence in memory", () =>
    roundTrip.pipe(Effect.provide(CredentialStore.layer({ key })), Effect.provide(Persistence.layerBackingMemory)))

  redisTest("stores credentials in the Redis persistence of effect/persistence", () =>
    Effect.gen(function*() {
      const server = yield* started
      yield* roundTrip.pipe(
        Effect.provide(
          CredentialStore.layer({ key }).pipe(
            Layer.provide(Persistence.layerBackingRedis),
            Layer.provide(NodeRedis.layer({ url: `redis://127.0.0.1:${server.port}` }))
          )
        )
      )
    }))

  it.live("fails with a code", () =>
    Effect.gen(function*() {
      const cause = Object.assign(new Error("sentinel-message"), { code: "ECONNRESET" })
      const fail = () => Effect.fail(new Persistence.PersistenceError({ message: "Failed to get", cause }))
      const store = { get: fail, getMany: fail, set: fail, setMany: fail, remove: fail, clear: fail() }
      const failing = Layer.succeed(Persistence.BackingPersistence, {
        make: () => Effect.succeed(store)
      })
      const errors = yield* Effect.flatMap(CredentialCache.Store, (store) =>
        Effect.all([
          Effect.flip(store.get("name")),
          Effect.flip(store.set("name", stored)),
          Effect.flip(store.remove("name"))
        ])).pipe(Effect.provide(CredentialStore.layer({ key }).pipe(Layer.provide(failing))))
      for (const error of errors) {
        assert.strictEqual(error.message, "The credential store failed: ECONNRESET")
        Recorder.assertSecretFree(Recorder.faces(error), ["sentinel-message", "sentinel-secret-value"])
      }
    }))
})

describe("the options of CredentialStore", () => {
  const invalid = (options: Parameters<typeof CredentialStore.layer>[0]) =>
    Effect.flip(
      Layer.build(CredentialStore.layer(options)).pipe(Effect.scoped, Effect.provide(Persistence.layerBackingMemory))
    )

  it.live.each(["", "short", Redacted.value(key).slice(1), `${Redacted.value(key)}AAAA`, `!${Redacted.value(key)}`])(
    "reject a key that is not 32 bytes in base64 or hex: %j",
    (string) =>
      Effect.gen(function*() {
        const error = yield* invalid({ key: secret(string) })
        assert.strictEqual(error.reason, "InvalidKey")
        assert.include(error.message, "The key of the credential store has to be 32 bytes in base64 or hex")
        const previous = yield* invalid({ key, previousKeys: [key, secret(string)] })
        assert.strictEqual(previous.reason, "InvalidKey")
        if (string.length >= 8) Recorder.assertSecretFree(Recorder.faces(error), [string])
      })
  )

  it.live.each(["no url", "redis://:sentinel-pw@[host", "redis://:sentinel#pw@host", "redis://:%zz@host"])(
    "reject an invalid URL of Redis, and do not quote it: %s",
    (string) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(CredentialStore.layerRedis({ key, url: secret(string) })))
        assert.strictEqual(error.reason, "InvalidUrl")
        Recorder.assertSecretFree(Recorder.faces(error), ["sentinel-pw", "sentinel#pw"])
      }).pipe(Effect.scoped)
  )

  redisTest("are read from the configuration", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = yield* server.client
      const configured = CredentialStore.layerRedisConfig({
        url: Config.Redacted("REDIS_URL"),
        key: Config.Redacted("CREDENTIAL_STORE_KEY"),
        previousKeys: Config.Array(Schema.RedactedFromValue(Schema.String), "CREDENTIAL_STORE_PREVIOUS_KEYS").pipe(
          Config.withDefault([])
        )
      })
      const provider = (entries: Readonly<Record<string, string>>) =>
        Effect.provide(
          Layer.provide(configured, variables({ REDIS_URL: `redis://127.0.0.1:${server.port}`, ...entries }))
        )
      const set = Effect.flatMap(CredentialCache.Store, (store) => store.set("name", stored))
      const get = Effect.flatMap(CredentialCache.Store, (store) => store.get("name"))
      yield* set.pipe(provider({ CREDENTIAL_STORE_KEY: Redacted.value(key) }))
      assert.strictEqual(yield* Effect.promise(() => redis.dbsize()), 1)
      const found = yield* get.pipe(
        provider({
          CREDENTIAL_STORE_KEY: Redacted.value(keyOf(2)),
          CREDENTIAL_STORE_PREVIOUS_KEYS: [keyOf(3), key].map(Redacted.value).join(",")
        })
      )
      same(found, Option.some(stored))
      const exit = yield* Effect.exit(get.pipe(provider({})))
      assert.include(String(exit), "CREDENTIAL_STORE_KEY")
    }))

  it.live("name the package to install when it is missing", () =>
    Effect.gen(function*() {
      yield* withoutPackage("ioredis")
      const redis = yield* Effect.flip(Layer.build(CredentialStore.layerRedis({ key })))
      assert.strictEqual(redis.reason, "MissingPackage")
      assert.include(redis.message, "npm install ioredis@5")
    }).pipe(Effect.scoped))
})
