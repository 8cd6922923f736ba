import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Jose from "jose"
import { join } from "node:path"
import * as Folder from "../../support/folder.js"
import * as Backend from "../../support/localBackend.js"
import { backend, Control, LocalBackend, Scripted, VaultFile, VaultStore } from "../../support/localBackend.js"
import * as Recorder from "../../support/recorder.js"

/** One run of a backend. */
const life = Control.layer

/** The store and the authorization server, which outlive a backend. */
const world = Layer.merge(VaultStore.layerMemory, Scripted.layer())

const user = { userId: "alice" }

const temporary = Folder.temporary

/** Alice's agent has her token, and has requested her consent. */
const requested = Effect.gen(function*() {
  yield* Backend.setup
  const token = yield* Backend.tokenFor("alice")
  return { token, sessionUri: (yield* Backend.consent(token)).sessionUri }
})

describe("a backend over the store of an earlier one", () => {
  it.effect("continues with the resources, the grants, and the workload access tokens until they expire", () =>
    Effect.gen(function*() {
      const options = { settings: { workloadAccessTokenLifetime: "30 minutes" } } as const
      const token = yield* Effect.gen(function*() {
        yield* Backend.setup
        const controlPlane = yield* ControlPlane.ControlPlane
        yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("key") })
        const token = yield* Backend.tokenFor("alice")
        assert.strictEqual(yield* Backend.obtain(token), "token-1.calendar.approved.read")
        return token
      }).pipe(Effect.provide(life(options)))
      yield* Effect.gen(function*() {
        const controlPlane = yield* ControlPlane.ControlPlane
        assert.strictEqual((yield* controlPlane.getApiKeyCredentialProvider({ name: "weather" })).name, "weather")
        assert.strictEqual(yield* Backend.issued(token), "token-1.calendar.approved.read")
        // The grant is not for another user.
        yield* Backend.consent(yield* Backend.tokenFor("bob"))
        yield* TestClock.adjust("29 minutes")
        assert.strictEqual(yield* Backend.issued(token), "token-1.calendar.approved.read")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Effect.flip(Backend.ask(token)))._tag, "UnauthorizedException")
      }).pipe(Effect.provide(life(options)))
    }).pipe(Effect.provide(world)))

  it.effect("continues a consent at every step", () =>
    Effect.gen(function*() {
      const { sessionUri, token } = yield* Effect.provide(requested, life())
      const url = yield* Effect.provide(Backend.authorize(sessionUri), life())
      const response = yield* Effect.provide(Backend.callback(url, { code: "code" }), life())
      assert.strictEqual(response._tag, "Redirect")
      const second = yield* Effect.provide(Backend.callback(url, { code: "code" }), life())
      assert.strictEqual(second._tag, "Replayed")
      const stranger = yield* Effect.provide(Effect.flip(Backend.complete(sessionUri, { userId: "mallory" })), life())
      assert.strictEqual(stranger._tag, "AccessDeniedException")
      yield* Effect.provide(Backend.complete(sessionUri, user), life())
      const again = yield* Effect.provide(Effect.flip(Backend.complete(sessionUri, user)), life())
      assert.strictEqual(again._tag, "AccessDeniedException")
      assert.include(yield* Effect.provide(Backend.issued(token, { sessionUri }), life()), ".calendar.")
    }).pipe(Effect.provide(world)))

  it.effect("expires a consent ten minutes after its start, also after restarts", () =>
    Effect.gen(function*() {
      const { sessionUri, token } = yield* Effect.provide(requested, life())
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual((yield* Effect.provide(Backend.ask(token, { sessionUri }), life()))._tag, "InProgress")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.provide(Backend.ask(token, { sessionUri }), life()))._tag, "Failed")
    }).pipe(Effect.provide(world)))

  it.effect("refreshes an earlier grant, once", () =>
    Effect.gen(function*() {
      yield* Effect.provide(
        Effect.andThen(Backend.setup, Effect.flatMap(Backend.tokenFor("alice"), Backend.obtain)),
        life()
      )
      yield* TestClock.adjust("61 minutes")
      yield* Effect.gen(function*() {
        const token = yield* Backend.tokenFor("alice")
        const tokens = yield* Effect.all(Arr.replicate(Backend.issued(token), 50), { concurrency: "unbounded" })
        assert.lengthOf(new Set(tokens), 1)
      }).pipe(Effect.provide(life()))
    }).pipe(Effect.provide(world)))
})

describe("the keys of STS", () => {
  const request = { audience: ["https://api.example.com"], signingAlgorithm: "ES384" } as const

  /** Signs a token, and returns it with the public keys. */
  const sign = Effect.gen(function*() {
    const { issuer } = yield* LocalBackend.LocalBackend
    const sts = yield* SecurityTokenService.SecurityTokenService
    const { webIdentityToken } = yield* sts.getWebIdentityToken(request)
    return { token: Redacted.value(webIdentityToken), ...yield* issuer.keySet }
  })

  it.live("stay the same after a reset, a restored snapshot and a restart over the same vault", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const path = join(directory, "agentcore.vault")
      const over = Effect.provide(Layer.provide(Control.layer(), VaultFile.layer({ path })))
      const first = yield* over(Effect.gen(function*() {
        const control = yield* LocalControl.LocalControl
        yield* control.snapshot("empty")
        const first = yield* sign
        yield* control.reset
        assert.deepStrictEqual((yield* sign).keys, first.keys)
        yield* control.restore("empty")
        assert.deepStrictEqual((yield* sign).keys, first.keys)
        return first
      }))
      const second = yield* over(sign)
      assert.deepStrictEqual(second.keys, first.keys)
      assert.deepStrictEqual(second.keys.map((key) => Object.keys(key).sort()), [
        ["alg", "e", "kid", "kty", "n", "use"],
        ["alg", "crv", "kid", "kty", "use", "x", "y"]
      ])
      for (const { token } of [first, second]) {
        yield* Effect.promise(() => Jose.jwtVerify(token, Jose.createLocalJWKSet(second)))
      }
    }).pipe(Effect.provide(Scripted.layer())))

  it.live("belong to one store", () =>
    Effect.gen(function*() {
      const [first, second] = yield* Effect.all([sign, sign].map((sign) => Effect.provide(sign, backend())))
      assert.notDeepEqual(first?.keys, second?.keys)
    }))

  it.live("sign, too, if they cannot be stored", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const full = Layer.effect(
        VaultStore.VaultStore,
        Effect.map(VaultStore.VaultStore, (store) => ({
          collection: <A, I>(name: string, schema: Schema.Codec<A, I>) => ({
            ...store.collection(name, schema),
            ...name === "sts-keys" && { put: () => new VaultStore.VaultStoreError({ message: "the disk is full" }) }
          })
        }))
      ).pipe(Layer.provide(VaultStore.layerMemory))
      const { keys, token } = yield* Effect.provide(sign, Layer.provide(life(), full)).pipe(
        Effect.provide(recorder.layer)
      )
      yield* Effect.promise(() => Jose.jwtVerify(token, Jose.createLocalJWKSet({ keys })))
      assert.include(JSON.stringify(yield* recorder.everything), "the disk is full")
    }).pipe(Effect.provide(Scripted.layer())))
})

describe("a backend over a vault file", () => {
  it.live("continues with the state of the last one", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const vault = VaultFile.layer({ path: join(directory, "agentcore.vault") })
      const over = <A, E, R>(program: Effect.Effect<A, E, R>) => Effect.provide(program, Layer.provide(life(), vault))
      const { sessionUri, token, tokens } = yield* over(Effect.gen(function*() {
        yield* Backend.setup
        const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
        const tokens = yield* Effect.forEach(users, (user) => Effect.flatMap(Backend.tokenFor(user), Backend.obtain), {
          concurrency: "unbounded"
        })
        assert.lengthOf(new Set(tokens), 20)
        const token = yield* Backend.tokenFor("alice")
        return { tokens, token, sessionUri: (yield* Backend.consent(token)).sessionUri }
      }))
      yield* over(Effect.gen(function*() {
        const again = yield* Effect.forEach(tokens, (_, index) =>
          Effect.flatMap(Backend.tokenFor(`user-${index}`), Backend.issued))
        assert.deepStrictEqual(again, tokens)
        yield* Effect.flatMap(LocalBackend.LocalBackend, (local) =>
          local.approve(sessionUri))
        assert.include(yield* Backend.issued(token, { sessionUri }), ".calendar.")
      }))
      const error = yield* Effect.flip(
        Effect.provide(
          Backend.setup,
          Layer.provide(
            life(),
            VaultFile.layer({
              path: join(directory, "agentcore.vault"),
              key: Redacted.make(Buffer.alloc(32).toString("base64url"))
            })
          )
        )
      )
      assert.strictEqual(error._tag, "VaultFileError")
    }).pipe(Effect.provide(Scripted.layer())))

  it.live("stores expiries that are later than a Date can represent", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const over = Effect.provide(Layer.provide(
        life({ sessionLifetime: Infinity }),
        VaultFile.layer({ path: join(directory, "agentcore.vault") })
      ))
      const { sessionUri, token } = yield* over(Effect.gen(function*() {
        yield* Backend.setup
        const token = yield* Backend.tokenFor("alice")
        return { token, sessionUri: (yield* Backend.consent(token)).sessionUri }
      }))
      yield* over(Effect.gen(function*() {
        const local = yield* LocalBackend.LocalBackend
        assert.strictEqual((yield* local.consents)[0]?.state, "Pending")
        yield* local.approve(sessionUri)
        assert.include(yield* Backend.issued(token, { sessionUri }), ".calendar.")
        assert.lengthOf(yield* local.grants, 1)
      }))
    }).pipe(Effect.provide(Scripted.layer({ tokenLifetime: Infinity }))))
})
