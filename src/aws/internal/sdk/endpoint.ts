/** The endpoint to which the SDK sends the requests of a plane. */
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"

export type Plane = "control" | "data"

/** The address of a request of the SDK. */
const addressOf = (request: unknown): string | undefined => {
  if (!hasProperty(request, "hostname") || !hasProperty(request, "protocol")) return undefined
  const port = hasProperty(request, "port") && request.port !== undefined ? `:${String(request.port)}` : ""
  return `${String(request.protocol)}//${String(request.hostname)}${port}`
}

/**
 * The endpoint of a plane: the given one, or that of the region and of the AWS profile. Only the SDK knows these. A
 * request that is never sent shows it.
 */
export const resolve = (plane: Plane, region: string, endpoint: string | undefined): Effect.Effect<string> =>
  Effect.promise(async () => {
    const config = {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      // Nothing is signed.
      credentials: { accessKeyId: "none", secretAccessKey: "none" }
    }
    let resolved = endpoint ?? "unknown"
    const see = ({ request }: { readonly request: unknown }) => {
      resolved = addressOf(request) ?? resolved
      return Promise.reject(new Error("not sent"))
    }
    const beforeSigning = { step: "build", priority: "high" } as const
    try {
      if (plane === "control") {
        const Sdk = await import("@aws-sdk/client-bedrock-agentcore-control")
        const client = new Sdk.BedrockAgentCoreControlClient(config)
        client.middlewareStack.add(() => see, beforeSigning)
        await client.send(new Sdk.ListWorkloadIdentitiesCommand({}))
      } else {
        const Sdk = await import("@aws-sdk/client-bedrock-agentcore")
        const client = new Sdk.BedrockAgentCoreClient(config)
        client.middlewareStack.add(() => see, beforeSigning)
        await client.send(new Sdk.GetWorkloadAccessTokenCommand({ workloadName: "none" }))
      }
    } catch {
      // The middleware rejects.
    }
    return resolved
  })
