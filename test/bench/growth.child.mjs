// What a call costs that must not depend on how much there is: with few and with many workload identities, consent
// sessions, grants, or entries of a vault file.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { urlOfModule } from "./fixture.mjs"
import { measureCpu } from "./statistics.mjs"

const [, , kind, file, ...counts] = process.argv
const [calls, ...sizes] = counts.map(Number)
const [DataPlane, ControlPlane, LocalBackend, Scripted, VaultFile, VaultStore, Vault, WorkloadToken] = await Promise
  .all([
    "DataPlane",
    "ControlPlane",
    "local/backend/localBackend",
    "local/oauth/scripted",
    "local/vault/vaultFile",
    "local/vault/vaultStore",
    "local/backend/vault",
    "local/backend/workloadToken"
  ].map((module) => import(urlOfModule(module))))

const backendOver = (store) => LocalBackend.layer().pipe(Layer.provideMerge(store), Layer.provide(Scripted.layer()))

/** Adds what is missing up to each size, and measures. */
const grow = (add, measure) =>
  Effect.gen(function*() {
    const results = []
    let size = 0
    for (const next of sizes) {
      const missing = Array.from({ length: next - size }, (_, index) => size + index)
      yield* Effect.forEach(missing, add, { concurrency: 256, discard: true })
      size = next
      results.push({ size, operations: yield* measure(size) })
    }
    return results
  })

const identities = Effect.gen(function*() {
  const control = yield* ControlPlane.ControlPlane
  const nameOf = (index) => `agent-${String(index).padStart(6, "0")}`
  return yield* grow(
    (index) => control.createWorkloadIdentity({ name: nameOf(index) }),
    Effect.fnUntraced(function*(size) {
      const { workloadIdentityArn: resourceArn } = yield* control.getWorkloadIdentity({ name: nameOf(size >> 1) })
      return {
        page: yield* measureCpu(10 * calls, control.listWorkloadIdentities({ maxResults: 10 })),
        tags: yield* measureCpu(10 * calls, control.listTagsForResource({ resourceArn }))
      }
    })
  )
}).pipe(Effect.provide(backendOver(VaultFile.layer({ path: file }))))

/** A workload identity with a provider: how users get their workload access tokens, and ask for tokens. */
const setUp = Effect.gen(function*() {
  const control = yield* ControlPlane.ControlPlane
  const plane = yield* DataPlane.DataPlane
  const returnUrl = "http://127.0.0.1/done"
  yield* control.createWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
  yield* control.createOauth2CredentialProvider({
    name: "calendar",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
        clientId: "client",
        clientSecret: Redacted.make("secret")
      }
    }
  })
  const tokenOf = (userId) =>
    Effect.map(
      plane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId }),
      (response) => response.workloadAccessToken
    )
  const ask = (workloadIdentityToken, more = {}) =>
    plane.getResourceOauth2Token({
      workloadIdentityToken,
      resourceCredentialProviderName: "calendar",
      oauth2Flow: "USER_FEDERATION",
      scopes: ["read"],
      resourceOauth2ReturnUrl: returnUrl,
      ...more
    })
  return { ask, tokenOf }
})

/** In memory. On disk, each session beyond the limit removes another one, which is a second write. */
const sessions = Effect.gen(function*() {
  const { ask, tokenOf } = yield* setUp
  const open = ask(yield* tokenOf("alice"), { customState: Redacted.make("x".repeat(256)) })
  return yield* grow(
    () => open,
    Effect.fnUntraced(function*() {
      return {
        open: yield* measureCpu(5 * calls, Effect.map(open, ({ _tag }) => assert.equal(_tag, "ConsentRequired")))
      }
    })
  )
}).pipe(Effect.provide(backendOver(VaultStore.layerMemory)))

/** In memory, or in a vault file: the token of a grant. */
const grants = Effect.gen(function*() {
  const { ask, tokenOf } = yield* setUp
  const backend = yield* LocalBackend.LocalBackend
  const stored = (yield* VaultStore.VaultStore).collection("grants", Schema.Array(Vault.Grant))
  // One user consents. All others have a copy of that grant.
  const token = yield* tokenOf("user-0")
  const { sessionUri } = yield* ask(token)
  yield* backend.approve(sessionUri)
  assert.equal((yield* ask(token, { sessionUri }))._tag, "Issued")
  const [[key, [grant]]] = yield* stored.entries
  const { provider } = Vault.readKey(key)
  return yield* grow(
    (user) =>
      stored.put(Vault.makeKey("agent", WorkloadToken.userOfId(`user-${user}`), provider), [{
        ...grant,
        id: `grant-${user}`
      }]),
    Effect.fnUntraced(function*(size) {
      const users = Array.from({ length: 10 }, (_, index) => `user-${Math.floor((index * (size - 1)) / 9)}`)
      const tokens = yield* Effect.forEach(users, tokenOf)
      let turn = 0
      const call = Effect.suspend(() =>
        Effect.map(ask(tokens[turn++ % 10]), ({ _tag }) => assert.equal(_tag, "Issued"))
      )
      return { token: yield* measureCpu(10 * calls, call) }
    })
  )
}).pipe(Effect.provide(backendOver(file === "" ? VaultStore.layerMemory : VaultFile.layer({ path: file }))))

/** Opens the file again for each measurement. Reading costs time for each entry. */
const entries = Effect.gen(function*() {
  const results = []
  const Entry = Schema.Struct({ text: Schema.String })
  const withVault = (use) =>
    Effect.scoped(Effect.flatMap(VaultFile.make({ path: file }), (store) => use(store.collection("entries", Entry))))
  const keyOf = (index) => `key-${String(index).padStart(6, "0")}`
  let size = 0
  for (const next of sizes) {
    const missing = Array.from({ length: next - size }, (_, index) => size + index)
    yield* withVault((all) =>
      Effect.forEach(missing, (index) => all.put(keyOf(index), { text: "x".repeat(200) }), {
        concurrency: 256,
        discard: true
      })
    )
    size = next
    const open = yield* measureCpu(3, withVault((all) => all.get(keyOf(0))))
    const write = yield* withVault((all) =>
      measureCpu(Math.ceil(2.5 * calls), all.put(keyOf(size >> 1), { text: "y" }))
    )
    results.push({ size, operations: { read: open / size, write } })
  }
  return results
})

process.send(await Effect.runPromise(Effect.scoped({ identities, sessions, grants, entries }[kind])))
process.on("disconnect", () => process.exit())
