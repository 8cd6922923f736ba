import * as Data from "@aws-sdk/client-bedrock-agentcore"
import * as Control from "@aws-sdk/client-bedrock-agentcore-control"
import * as Sts from "@aws-sdk/client-sts"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as AwsControlPlane from "../../src/aws/internal/controlPlane.js"
import * as AwsDataPlane from "../../src/aws/internal/dataPlane.js"
import * as AwsSecurityTokenService from "../../src/aws/internal/securityTokenService.js"
import { operations as controlPlane } from "../../src/internal/controlPlaneOperations.js"
import { operations as dataPlane } from "../../src/internal/dataPlaneOperations.js"
import type { Operation } from "../../src/internal/operation.js"
import { streamed } from "./utils.js"

/** A request as it is, valid or not. */
const unwrap = (value: unknown): unknown =>
  Redacted.isRedacted(value)
    ? Redacted.value(value)
    : Array.isArray(value)
    ? value.map(unwrap)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unwrap(member)]))
    : value

const unchecked = <Rows>(rows: Rows): Rows =>
  Object.fromEntries(
    Object.entries(rows as Record<string, Operation<unknown, unknown>>).map(([name, row]) => [
      name,
      { ...row, request: { ...row.request, encode: unwrap } }
    ])
  ) as Rows

/** The SDK's clients without the checks of the planes' `make`: all that is checked is checked by the server. */
export const layer = (endpoint: string): Layer.Layer<AwsPlanes.Planes> =>
  Layer.scopedContext(Effect.gen(function*() {
    const config = {
      endpoint,
      region: "us-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 1
    }
    const data = yield* Effect.acquireRelease(
      Effect.sync(() => new Data.BedrockAgentCoreClient(config)),
      (client) => Effect.sync(() => client.destroy())
    )
    const control = yield* Effect.acquireRelease(
      Effect.sync(() => new Control.BedrockAgentCoreControlClient(config)),
      (client) => Effect.sync(() => client.destroy())
    )
    const sts = yield* Effect.acquireRelease(
      Effect.sync(() => new Sts.STSClient(config)),
      (client) => Effect.sync(() => client.destroy())
    )
    return Context.make(DataPlane.DataPlane, AwsDataPlane.operations(Data, data, unchecked(dataPlane))).pipe(
      Context.add(
        ControlPlane.ControlPlane,
        streamed(AwsControlPlane.operations(Control, control, unchecked(controlPlane)))
      ),
      Context.add(SecurityTokenService.SecurityTokenService, AwsSecurityTokenService.operations(Sts, sts))
    )
  }))
