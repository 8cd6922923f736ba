// What Effect and the AWS SDK cost: one request, without what the package is for. The SDK is loaded at its first use,
// as the package does.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { bareRequest, checkRequest } from "./bareRequest.mjs"

class Plane extends Context.Service()("Plane") {}

const layer = Layer.effect(
  Plane,
  Effect.gen(function*() {
    const sdk = yield* Effect.promise(() => import("@aws-sdk/client-bedrock-agentcore"))
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new sdk.BedrockAgentCoreClient({})),
      (client) => Effect.sync(() => client.destroy())
    )
    return {
      getToken: (request) =>
        Effect.gen(function*() {
          const { workloadIdentityToken, ...rest } = yield* checkRequest(request)
          const command = new sdk.GetResourceOauth2TokenCommand({
            ...rest,
            workloadIdentityToken: Redacted.value(workloadIdentityToken)
          })
          return (yield* Effect.promise((abortSignal) => client.send(command, { abortSignal }))).accessToken
        }).pipe(Effect.withSpan("getToken"))
    }
  })
)

const runtime = ManagedRuntime.make(layer)

export const obtain = () => runtime.runPromise(Effect.flatMap(Plane, ({ getToken }) => getToken(bareRequest)))
