import { assert, describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { formatParts } from "../../../src/local/backend/format.js"
import * as Vault from "../../../src/local/backend/vault.js"
import {
  ask,
  backend,
  consent,
  issued,
  LocalBackend,
  OAuthClient,
  obtain,
  setup,
  tokenFor,
  VaultStore
} from "../../support/localBackend.js"
import { withRandomYields } from "../../support/randomYields.js"
import * as Sleeps from "../../support/sleeps.js"

/** A grant of Alice whose access token has expired, over a client with a latency of 10 seconds. */
const expiredGrant = Effect.gen(function*() {
  yield* setup
  const sleeps = yield* Sleeps.make
  const consenting = yield* Effect.forkChild(sleeps.counted(Effect.flatMap(tokenFor("alice"), obtain)))
  yield* sleeps.until(1)
  yield* TestClock.adjust("10 seconds")
  yield* Fiber.join(consenting)
  yield* TestClock.adjust("61 minutes")
  const token = yield* tokenFor("alice")
  return { sleeps, token }
})

describe("the vault", () => {
  it.effect("refreshes each grant separately", () =>
    Effect.gen(function*() {
      yield* setup
      const shapes = [{ scopes: ["read"] }, { scopes: ["read"], customParameters: { access_type: "offline" } }]
      yield* Effect.forEach(shapes, (shape) => Effect.flatMap(tokenFor("alice"), (token) => obtain(token, shape)))
      yield* TestClock.adjust("1 hour")
      const token = yield* tokenFor("alice")
      const first = yield* Effect.forEach(shapes, (shape) => issued(token, shape))
      assert.deepStrictEqual(first, ["token-3.calendar.approved.read", "token-4.calendar.approved.read"])
      assert.deepStrictEqual(yield* Effect.forEach(shapes, (shape) => issued(token, shape)), first)
    }).pipe(Effect.provide(backend())))

  it.effect("explains in the log and on the sessions why a user has to consent again", () =>
    Effect.gen(function*() {
      const log: Array<readonly [string, string, Record<string, unknown>]> = []
      const logger = Logger.make(({ fiber, logLevel, message }) =>
        void log.push([
          logLevel.toUpperCase(),
          String(message),
          fiber.getRef(References.CurrentLogAnnotations)
        ])
      )
      const local = yield* LocalBackend.LocalBackend
      yield* setup
      const token = yield* tokenFor("alice")
      const sentinel = { customParameters: { login_hint: "sentinel-alice" } }
      const quiet = [
        consent(token),
        obtain(token, { resources: ["https://sentinel.test"] }),
        consent(yield* tokenFor("bob"), { scopes: ["write"] }),
        consent(token, { forceAuthentication: true, scopes: ["admin"] })
      ]
      const explained = Effect.gen(function*() {
        yield* Effect.all(quiet)
        yield* consent(token, { scopes: ["write"], resources: ["https://sentinel.test"] })
        yield* consent(token)
        const { sessionUri } = yield* consent(token, { ...sentinel, audiences: ["sentinel"] })
        assert.strictEqual((yield* ask(token, { ...sentinel, sessionUri }))._tag, "Failed")
        assert.strictEqual((yield* ask(token, { ...sentinel, audiences: ["sentinel"], sessionUri }))._tag, "InProgress")
      })
      yield* Effect.provide(explained, Logger.layer([logger]))
      const annotations = { provider: "calendar", workload: "agent" }
      const again = "The user has to consent again, because a grant exists for other"
      assert.deepStrictEqual(log, [
        ["INFO", `${again} scopes`, annotations],
        ["INFO", `${again} resources`, annotations],
        ["INFO", `${again} resources, audiences and customParameters`, annotations],
        ["INFO", "A poll fails, because its session was opened for other audiences", annotations]
      ])
      const reasons = (yield* local.consents).map(({ otherGrant }) => otherGrant)
      assert.deepStrictEqual(reasons, [
        ["resources", "audiences", "customParameters"],
        ["resources"],
        ["scopes"],
        [],
        [],
        [],
        []
      ])
    }).pipe(Effect.provide(backend())))

  it.effect("refreshes expired tokens, with rotation", () =>
    Effect.gen(function*() {
      yield* setup
      yield* obtain(yield* tokenFor("alice"))
      const at = (time: Duration.Input) =>
        Effect.andThen(TestClock.adjust(time), Effect.flatMap(tokenFor("alice"), issued))
      assert.strictEqual(yield* at("59 minutes"), "token-1.calendar.approved.read")
      assert.strictEqual(yield* at("1 minute"), "token-2.calendar.approved.read")
      assert.strictEqual(yield* at("59 minutes"), "token-2.calendar.approved.read")
      assert.strictEqual(yield* at("1 minute"), "token-3.calendar.approved.read")
    }).pipe(Effect.provide(backend())))

  it.effect("refreshes once for concurrent callers, even when the first is interrupted", () =>
    Effect.gen(function*() {
      const { sleeps, token } = yield* expiredGrant
      const leaves = yield* Effect.forkChild(sleeps.counted(issued(token)))
      yield* sleeps.until(1)
      const stay = yield* Effect.forkChild(Effect.all(Arr.replicate(issued(token), 50), { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(leaves)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(new Set(yield* Fiber.join(stay)), new Set(["token-2.calendar.approved.read"]))
      assert.strictEqual(yield* issued(token), "token-2.calendar.approved.read")
    }).pipe(Effect.provide(backend({ latency: "10 seconds" }))))

  it.effect("stores the new refresh token when its only caller is interrupted", () =>
    Effect.gen(function*() {
      const { sleeps, token } = yield* expiredGrant
      const leaves = yield* Effect.forkChild(sleeps.counted(issued(token)))
      yield* sleeps.until(1)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(leaves)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* issued(token), "token-2.calendar.approved.read")
    }).pipe(Effect.provide(backend({ latency: "10 seconds" }))))

  it.effect("requires another consent when there is no refresh token", () =>
    Effect.gen(function*() {
      yield* setup
      yield* obtain(yield* tokenFor("alice"))
      yield* TestClock.adjust("1 hour")
      const lines: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(message))])
      yield* Effect.provide(consent(yield* tokenFor("alice")), logger)
      assert.include(String(lines), "Most do for the scope offline_access")
    }).pipe(Effect.provide(backend({ refreshTokens: false }))))

  it.effect("keeps the refresh token when the authorization server is down", () =>
    Effect.gen(function*() {
      yield* setup
      yield* obtain(yield* tokenFor("alice"))
      yield* TestClock.adjust("1 hour")
      const token = yield* tokenFor("alice")
      assert.strictEqual((yield* Effect.flip(ask(token)))._tag, "InternalServerException")
      const error = yield* Effect.flip(ask(token))
      assert.deepStrictEqual([error._tag, error.message], [
        "ValidationException",
        "Error parsing RefreshToken response"
      ])
      assert.strictEqual(yield* issued(token), "token-4.calendar.approved.read")
    }).pipe(
      Effect.provide(backend({
        fail: ({ number }) => number === 2 ? "Unreachable" : number === 3 ? "InvalidClient" : undefined
      }))
    ))

  it.effect("keeps tokens without an expiry", () =>
    Effect.gen(function*() {
      yield* setup
      yield* obtain(yield* tokenFor("alice"))
      yield* TestClock.adjust("365 days")
      assert.strictEqual(yield* Effect.flatMap(tokenFor("alice"), issued), "token-1.calendar.approved.read")
    }).pipe(Effect.provide(backend({ tokenLifetime: "none" }))))

  it.effect("does not restore a grant that was dropped during its refresh", () =>
    Effect.gen(function*() {
      const { sleeps, token } = yield* expiredGrant
      const refreshing = yield* Effect.forkChild(sleeps.counted(ask(token)))
      yield* sleeps.until(1)
      yield* TestClock.adjust("5 seconds")
      yield* consent(token, { forceAuthentication: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(refreshing))._tag, "ConsentRequired")
      assert.strictEqual((yield* ask(token))._tag, "ConsentRequired")
    }).pipe(Effect.provide(backend({ latency: "10 seconds" }))))

  it.effect("uses each refresh token once, wherever the fibers yield", () =>
    Effect.gen(function*() {
      const uses: Array<string> = []
      const tokens = (number: number): OAuthClient.TokenSet => ({
        accessToken: Redacted.make(`token-${number}`),
        refreshToken: Option.some(Redacted.make(`refresh-${number}`)),
        expiresAt: Option.some(DateTime.makeUnsafe(number))
      })
      const client = Layer.mock(OAuthClient.OAuthClient, {
        refresh: (_server, { refreshToken }) =>
          Effect.suspend(() => {
            uses.push(Redacted.value(refreshToken))
            return Effect.as(Effect.repeat(Effect.yieldNow, { times: 3 }), tokens(uses.length + 1))
          })
      })
      const vault = yield* Effect.provide(Vault.make, Layer.merge(client, VaultStore.layerMemory))
      const server: OAuthClient.AuthorizationServer = {
        clientId: "agent",
        clientAuthenticationMethod: "CLIENT_SECRET_BASIC",
        clientSecret: Redacted.make("secret"),
        discovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" }
      }
      const access = { scopes: ["read"], customParameters: {} }
      yield* vault.store("key", "grant", access, tokens(1), Effect.void)
      const rounds = 100
      for (let round = 1; round <= rounds; round++) {
        // The token of round n expires at millisecond n.
        yield* TestClock.setTime(round)
        // Some callers start while others are already interrupted.
        const find = Effect.andThen(
          Effect.repeat(Effect.yieldNow, { times: round % 7 }),
          vault.find("key", server, access)
        )
        const results = yield* Effect.all(Arr.replicate(find, 6), { concurrency: "unbounded" })
        for (const result of results) {
          assert.strictEqual(Redacted.value(Option.getOrThrow(result)), `token-${round + 1}`)
        }
      }
      assert.deepStrictEqual(uses, Array.from({ length: rounds }, (_, index) => `refresh-${index + 1}`))
    }).pipe(withRandomYields))

  it.effect("accepts the names of inherited properties as scopes", () =>
    Effect.gen(function*() {
      yield* setup
      for (const userId of ["__proto__", "constructor"]) {
        const token = yield* tokenFor(userId)
        const scopes = ["__proto__", "constructor", "toString"]
        const first = yield* obtain(token, { scopes })
        assert.include(first, ".__proto__+constructor+toString")
        assert.strictEqual(yield* issued(token, { scopes: ["toString", "__proto__", "constructor"] }), first)
        yield* consent(token, { scopes: ["__proto__"] })
      }
    }).pipe(Effect.provide(backend())))
})

const parts = ["scopes", "resources", "audiences", "customParameters"] as const

// Names that objects inherit are ordinary names. `__proto__` in a literal is not a property.
const name = FastCheck.constantFrom("a", "b", "c", "constructor", "toString", "valueOf")
const list = FastCheck.array(name, { maxLength: 4 })
const record = FastCheck.dictionary(name, FastCheck.constantFrom("", "1", "2"), { maxKeys: 3 })

const shape: FastCheck.Arbitrary<Vault.RequestShape> = FastCheck.record(
  { scopes: list, resources: list, audiences: list, customParameters: record },
  { requiredKeys: ["scopes", "customParameters"] }
)

/** The same shape in another form: shuffled, repeated, or absent instead of empty. */
const reworded = (original: Vault.RequestShape): FastCheck.Arbitrary<Vault.RequestShape> => {
  const again = (items: ReadonlyArray<string> = []) =>
    FastCheck.shuffledSubarray([...items, ...items], { minLength: items.length * 2 })
  const { customParameters } = original
  return FastCheck.record({
    scopes: again(original.scopes),
    resources: again(original.resources),
    audiences: again(original.audiences),
    customParameters: FastCheck.shuffledSubarray(Object.entries(customParameters), {
      minLength: Object.keys(customParameters).length
    }).map(Object.fromEntries)
  })
}

describe("the shape of a request", () => {
  it("is equal for any order, with repetitions, and with empty parts", () => {
    FastCheck.assert(
      FastCheck.property(
        shape.chain((original) => FastCheck.tuple(FastCheck.constant(original), reworded(original))),
        ([original, other]) => {
          assert.deepStrictEqual(Vault.differences(original, other), [])
          assert.deepStrictEqual(Vault.differences(other, original), [])
        }
      )
    )
  })

  it("differs in exactly the changed parts, whichever request comes first", () => {
    FastCheck.assert(
      FastCheck.property(shape, FastCheck.subarray([...parts]), (original, changed) => {
        const other = {
          ...original,
          ...Object.fromEntries(changed.map((part) =>
            part === "customParameters"
              ? [part, { ...original.customParameters, more: "1" }]
              : [part, [...original[part] ?? [], "more"]]
          ))
        }
        const expected = parts.filter((part) => changed.includes(part))
        assert.deepStrictEqual(Vault.differences(original, other), expected)
        assert.deepStrictEqual(Vault.differences(other, original), expected)
      })
    )
  })

  it("differs when the value of a custom parameter differs", () => {
    const of = (value: string) => ({ scopes: [], customParameters: { access_type: value } })
    assert.deepStrictEqual(Vault.differences(of("offline"), of("online")), ["customParameters"])
    // A value of one is not missing in the other.
    assert.deepStrictEqual(
      Vault.differences(
        { scopes: [], customParameters: { constructor: "x" } },
        { scopes: [], customParameters: { other: "x" } }
      ),
      ["customParameters"]
    )
  })

  it("is compared in linear time", () => {
    const customParameters = {}
    const scopes = Array.from({ length: 200_000 }, (_, index) => `scope-${index}`)
    assert.deepStrictEqual(
      Vault.differences({ scopes, customParameters }, { scopes: [...scopes].reverse(), customParameters }),
      []
    )
  })

  it("names its parts", () => {
    assert.strictEqual(formatParts(["scopes"]), "scopes")
    assert.strictEqual(formatParts(["scopes", "audiences"]), "scopes and audiences")
    assert.strictEqual(formatParts(parts), "scopes, resources, audiences and customParameters")
  })
})
