// A user's program: calls every plane, and uses the packages that are loaded on first use. Prints the results.
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const live = CredentialCache.layerStore().pipe(
  // Nothing listens at this address. `ioredis` is loaded nevertheless.
  Layer.provide(CredentialStore.layerRedis({
    key: Redacted.make(Buffer.alloc(32).toString("base64url")),
    url: Redacted.make("redis://127.0.0.1:1")
  })),
  Layer.provideMerge(AwsPlanes.layer())
)

const program = Effect.gen(function*() {
  const dataPlane = yield* DataPlane.DataPlane
  const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
  const { apiKey } = yield* dataPlane.getResourceApiKey({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: "weather"
  })
  const { name } = yield* (yield* ControlPlane.ControlPlane).getWorkloadIdentity({ name: "agent" })
  const { expiration } = yield* (yield* SecurityTokenService.SecurityTokenService).getWebIdentityToken({
    audience: ["https://api.example.com"],
    signingAlgorithm: "ES384"
  })
  return { apiKey: Redacted.value(apiKey), name, expires: expiration !== undefined }
})

// No top-level await: a CommonJS bundle cannot have it.
void Effect.runPromise(Effect.provide(program, live)).then((result) => console.log(JSON.stringify(result)))
