/** The endpoint to which the SDK sends the requests of a plane. */
import type { BedrockAgentCoreClientResolvedConfig } from "@aws-sdk/client-bedrock-agentcore"
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import * as DataPlane from "../../../DataPlane.js"
import * as AwsControlPlane from "../../AwsControlPlane.js"
import * as AwsDataPlane from "../../AwsDataPlane.js"

export type Plane = "control" | "data"

type Request = Parameters<BedrockAgentCoreClientResolvedConfig["requestHandler"]["handle"]>[0]

/**
 * Returns the endpoint of a plane: the given one, or that of the region and of the AWS profile. Only the SDK knows
 * these rules, so this function reads the endpoint from a request that is never sent.
 */
export const resolve = (plane: Plane, region: string, endpoint: string | undefined): Effect.Effect<string> =>
  Effect.suspend(() => {
    let resolved = endpoint ?? "unknown"
    const handle = ({ hostname, port, protocol }: Request) => {
      resolved = `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`
      return Promise.reject(new Error("not sent"))
    }
    const config = {
      ...(endpoint === undefined ? {} : { endpoint }),
      // Nothing leaves the process.
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
      maxAttempts: 1,
      requestHandler: { handle }
    }
    const call: Effect.Effect<unknown, unknown> = plane === "control"
      ? ControlPlane.ControlPlane.pipe(
        Effect.flatMap((control) => control.listWorkloadIdentities({})),
        Effect.provide(AwsControlPlane.layer({ region, controlPlane: config }))
      )
      : DataPlane.DataPlane.pipe(
        Effect.flatMap((data) => data.getWorkloadAccessToken({ workloadName: "none" })),
        Effect.provide(AwsDataPlane.layer({ region, dataPlane: config }))
      )
    return Effect.map(Effect.ignore(call), () => resolved)
  })
