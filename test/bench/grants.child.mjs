// A backend with many grants, in memory or in a vault file: what the token of one of them costs, and a page of their
// list.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import assert from "node:assert/strict"
import { urlOfModule } from "./fixture.mjs"
import { measureCpu } from "./statistics.mjs"

const [, , file, ...sizes] = process.argv
const [DataPlane, ControlPlane, LocalBackend, OAuthClient, VaultFile, VaultStore, Vault, WorkloadToken] = await Promise
  .all([
    "DataPlane",
    "ControlPlane",
    "local/LocalBackend",
    "local/OAuthClient",
    "local/VaultFile",
    "local/VaultStore",
    "local/backend/vault",
    "local/backend/workloadToken"
  ].map((module) => import(urlOfModule(module))))

const request = { resourceCredentialProviderName: "calendar", oauth2Flow: "USER_FEDERATION", scopes: ["read"] }
const returnUrl = "http://127.0.0.1/done"

const program = Effect.gen(function*() {
  const plane = yield* DataPlane.DataPlane
  const control = yield* ControlPlane.ControlPlane
  const backend = yield* LocalBackend.LocalBackend
  const store = yield* VaultStore.VaultStore
  const grants = store.collection("grants", Schema.Array(Vault.Grant))

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
    plane.getResourceOauth2Token({ ...request, resourceOauth2ReturnUrl: returnUrl, workloadIdentityToken, ...more })

  // One user consents. All others have a copy of that grant.
  const token = yield* tokenOf("user-0")
  const { sessionUri } = yield* ask(token)
  yield* backend.approve(sessionUri)
  assert.equal((yield* ask(token, { sessionUri }))._tag, "Issued")
  const [[key, [grant]]] = yield* grants.entries
  const { provider } = Vault.readKey(key)

  const results = []
  let size = 1
  for (const next of sizes.map(Number)) {
    yield* Effect.forEach(
      Array.from({ length: next - size }, (_, index) => size + index),
      (user) =>
        grants.put(Vault.makeKey("agent", WorkloadToken.userOfId(`user-${user}`), provider), [{
          ...grant,
          id: `grant-${user}`
        }]),
      { concurrency: 256, discard: true }
    )
    size = next
    const tokens = yield* Effect.forEach(
      Array.from({ length: 10 }, (_, index) => index),
      (index) => tokenOf(`user-${Math.floor((index * (size - 1)) / 9)}`)
    )
    let turn = 0
    const call = Effect.suspend(() => Effect.map(ask(tokens[turn++ % 10]), ({ _tag }) => assert.equal(_tag, "Issued")))
    results.push({
      grants: size,
      token: yield* measureCpu(2000, call),
      page: yield* measureCpu(
        2000,
        Effect.map(backend.grantPage({ limit: 10 }), ({ grants }) => assert.equal(grants.length, 10))
      )
    })
  }
  return results
})

const storage = file === "" ? VaultStore.layerMemory : VaultFile.layer({ path: file })
const layer = LocalBackend.layerStore().pipe(Layer.provideMerge(Layer.merge(storage, OAuthClient.layerScripted())))

process.send(await Effect.runPromise(Effect.scoped(Effect.provide(program, layer))))
process.on("disconnect", () => process.exit())
