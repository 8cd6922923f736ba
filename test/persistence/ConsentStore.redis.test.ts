import { assert, describe, it } from "@effect/vitest"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stores from "../support/consentStore.js"
import * as Recorder from "../support/recorder.js"
import * as Redis from "../support/redis.js"
import { assertFilesSecretFree } from "../support/secrets.js"
import { secret, variables, withoutPackage } from "../support/utils.js"

const storeOn = (server: Redis.Server, options: Partial<ConsentStore.RedisOptions> = {}): Stores.Store => ({
  layer: (keys) => ConsentStore.layerRedis({ ...keys, redis: { port: server.port }, ...options })
})

const started = Effect.tap(Redis.make(), (server) => server.start)

const alice = { userId: "alice" }

describe("ConsentStore.layerRedis", () => {
  Stores.contract(Redis.redisTest, Effect.map(started, storeOn), { shared: true })

  Stores.wakesAcrossProcesses(Redis.redisTest, Effect.map(started, storeOn))

  Redis.redisTest(
    "stores digests and ciphertext, which expire ten minutes after the session",
    () =>
      Effect.gen(function*() {
        const server = yield* started
        const redis = yield* server.client
        const { pending } = yield* Stores.start(storeOn(server))
        yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
        yield* pending.claim(Stores.claimOf("one"))
        const names = yield* Effect.promise(() => redis.keys("*"))
        assert.match(names.join(" "), /^agentcore-consents:session:[A-Za-z0-9_-]{43}$/)
        const left = yield* Effect.promise(() => redis.pttl(names[0]!))
        assert.isAtMost(left, 20 * 60_000)
        assert.isAbove(left, 19 * 60_000)
      })
  )

  Redis.redisTest(
    "shows no secret in keys, values, messages and files of Redis, or in spans and log lines",
    () =>
      Effect.gen(function*() {
        const server = yield* started
        const [redis, subscriber] = [yield* server.client, yield* server.client]
        const seen: Array<string> = []
        yield* Effect.promise(() => subscriber.psubscribe("*"))
        subscriber.on("pmessage", (...parts) => seen.push(...parts.map(String)))
        const recorder = yield* Recorder.make
        const secrets = yield* Effect.flatMap(Stores.start(storeOn(server)), Stores.plant).pipe(
          Effect.provide(recorder.layer)
        )
        for (const name of yield* Effect.promise(() => redis.keys("*"))) {
          const isHash = (yield* Effect.promise(() => redis.type(name))) === "hash"
          const fields = isHash
            ? Object.entries(yield* Effect.promise(() => redis.hgetall(name))).flat()
            : [yield* Effect.promise(() => redis.get(name))].map(String)
          seen.push(name, ...fields)
        }
        yield* Effect.promise(() => redis.save())
        // A round trip: all messages have arrived.
        yield* Effect.promise(() => subscriber.ping())
        // Two sessions, two registrations with their fields, and four messages with pattern and channel.
        assert.isAtLeast(seen.length, 2 * 2 + 2 * 3 + 4 * 3)
        Recorder.assertSecretFree([...seen, ...yield* recorder.everything], secrets)
        assertFilesSecretFree(server.folder, secrets)
      })
  )

  Redis.redisTest("fails with a reason while Redis is lost", () =>
    Effect.gen(function*() {
      const server = yield* started
      const { pending, signals } = yield* Stores.start(storeOn(server))
      yield* server.kill
      const failures = yield* Effect.all([
        Effect.flip(pending.open({ session: Stores.sessionOf("one"), user: alice })),
        Effect.flip(pending.claim(Stores.claimOf("one")))
      ])
      for (const error of failures) {
        assert.strictEqual(error._tag, "ConsentStoreError")
        assert.match(error.message, /^The store of consents failed to (store|claim) a session: /)
        Recorder.assertSecretFree(Recorder.faces(error), [
          Redacted.value(Stores.uriOf("one")),
          Redacted.value(Stores.keyOf(1))
        ])
      }
      // A signal that cannot be sent is lost.
      yield* signals.signal({ _tag: "Session", name: Stores.uriOf("one") }, "Completed")
      yield* server.start
      yield* Effect.retry(pending.open({ session: Stores.sessionOf("two"), user: alice }), Schedule.spaced("20 millis"))
      assert.deepStrictEqual((yield* pending.claim(Stores.claimOf("two"))).user, alice)
    }))

  Redis.redisTest("delays a signal by up to two seconds when Redis does not respond", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = { port: server.port, socketTimeout: 60_000 }
      const { signals } = yield* Stores.start(storeOn(server, { redis }))
      yield* server.stall
      const topic = { _tag: "Session", name: Stores.uriOf("one") } as const
      const [elapsed] = yield* Effect.timed(Effect.uninterruptible(signals.signal(topic, "Completed")))
      assert.isBelow(Duration.toMillis(elapsed), 10_000)
      yield* server.proceed
    }))

  Redis.redisTest("sends the signal of a page whose browser is closed", () =>
    Effect.gen(function*() {
      const server = yield* started
      const [sender, receiver] = yield* Effect.all([
        Stores.start(storeOn(server), { key: Stores.keyOf(2), previousKeys: [Stores.keyOf(1)] }),
        Stores.start(storeOn(server), { key: Stores.keyOf(1) })
      ])
      const topic = { _tag: "Grant", name: Stores.uriOf("one") } as const
      const received = yield* Deferred.make<void>()
      receiver.signals.listen(topic, () => Deferred.doneUnsafe(received, Effect.void))
      yield* server.stall
      const page = yield* Effect.forkChild(Effect.uninterruptible(sender.signals.signal(topic, "Completed")))
      yield* Effect.yieldNow
      page.interruptUnsafe()
      yield* Effect.yieldNow
      yield* server.proceed
      yield* Effect.timeout(Deferred.await(received), "10 seconds")
    }))

  Redis.redisTest("builds and releases the layer without Redis", () =>
    Effect.gen(function*() {
      const absent = yield* Redis.make()
      const scope = yield* Scope.make()
      const { pending } = yield* Scope.provide(Stores.start(storeOn(absent)), scope)
      const error = yield* Effect.flip(pending.claim(Stores.claimOf("one")))
      assert.strictEqual(error._tag, "ConsentStoreError")
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(Scope.close(scope, Exit.void))))
    }))

  Redis.redisTest("rejects a changed entry", () =>
    Effect.gen(function*() {
      const server = yield* started
      const redis = yield* server.client
      const { pending } = yield* Stores.start(storeOn(server))
      yield* pending.open({ session: Stores.sessionOf("one"), user: alice })
      yield* pending.open({ session: Stores.sessionOf("two"), user: { userId: "bob" } })
      const [one, two] = yield* Effect.promise(() => redis.keys("*"))
      const sealed = yield* Effect.promise(() => redis.get(one!))
      yield* Effect.promise(() => redis.set(two!, sealed!))
      const claims = yield* Effect.forEach(
        [Stores.claimOf("one"), Stores.claimOf("two", { userId: "bob" })],
        (claim) => Effect.result(pending.claim(claim))
      )
      const errors = claims.flatMap((claim) => claim._tag === "Failure" ? [claim.failure] : [])
      assert.lengthOf(errors, 1)
      assert.include(errors[0]?.message, "an entry cannot be read")
    }))

  Redis.redisTest("reads its options from the configuration", () =>
    Effect.gen(function*() {
      const server = yield* started
      const layer = ConsentStore.layerRedisConfig({
        url: Config.Redacted("REDIS_URL"),
        key: Config.Redacted("CONSENT_STORE_KEY")
      })
      const url = { REDIS_URL: `redis://127.0.0.1:${server.port}` }
      const complete = variables({ ...url, CONSENT_STORE_KEY: Redacted.value(Stores.keyOf(1)) })
      yield* Layer.build(Layer.provide(layer, complete))
      const exit = yield* Effect.exit(Layer.build(Layer.provide(layer, variables(url))))
      assert.include(String(exit), "CONSENT_STORE_KEY")
    }))

  it.live("rejects invalid options", () =>
    Effect.gen(function*() {
      const build = (options: ConsentStore.RedisOptions) => Effect.flip(Layer.build(ConsentStore.layerRedis(options)))
      const key = yield* build({ key: secret("sentinel-short-key") })
      assert.strictEqual(key.reason, "InvalidKey")
      assert.include(key.message, "The key of the store of consents has to be 32 bytes in base64 or hex")
      const previous = yield* build({ key: Stores.keyOf(1), previousKeys: [secret("sentinel-short-key")] })
      assert.include(previous.message, "A previous key of the store of consents")
      const url = yield* build({ key: Stores.keyOf(1), url: secret("redis://:sentinel-pw@[host") })
      assert.strictEqual(url.reason, "InvalidUrl")
      for (const error of [key, previous, url]) {
        Recorder.assertSecretFree(Recorder.faces(error), ["sentinel-short-key", "sentinel-pw"])
      }
    }))

  it.live("names the package to install when it is missing", () =>
    Effect.gen(function*() {
      yield* withoutPackage("ioredis")
      const error = yield* Effect.flip(Layer.build(ConsentStore.layerRedis({ key: Stores.keyOf(1) })))
      assert.strictEqual(error.reason, "MissingPackage")
      assert.include(error.message, "npm install ioredis@5")
    }))
})
