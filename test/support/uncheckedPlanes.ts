/** Parts of the AWS adapters, and their planes without the checks: only the service validates requests. */
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Failure from "../../src/aws/internal/failure.js"
import * as Client from "../../src/aws/internal/http/client.js"
import * as HttpAdapter from "../../src/aws/internal/http/httpPlane.js"
import * as HttpPlanes from "../../src/aws/internal/http/planes.js"
import * as SdkAdapter from "../../src/aws/internal/sdk/sdkPlane.js"
import { addStreams } from "../../src/internal/plane/pagination.js"
import { decorate } from "../../src/internal/plane/plane.js"

export { Failure, HttpAdapter, SdkAdapter }

/** Adds the names of operations and the streams. */
const context = (
  data: DataPlane.DataPlane["Service"],
  control: Operation.Plane<typeof ControlPlane.operations>,
  sts: SecurityTokenService.SecurityTokenService["Service"]
): Context.Context<Layer.Success<ReturnType<typeof AwsPlanes.layer>>> =>
  Context.make(DataPlane.DataPlane, decorate(DataPlane.operations, data, (_, effect) => effect)).pipe(
    Context.add(
      ControlPlane.ControlPlane,
      // It makes no name for a workload identity: a test sends requests as they are.
      addStreams(
        ControlPlane.operations,
        decorate(ControlPlane.operations, control, (_, effect) => effect)
      ) as unknown as ControlPlane.ControlPlane["Service"]
    ),
    Context.add(
      SecurityTokenService.SecurityTokenService,
      decorate(SecurityTokenService.operations, sts, (_, effect) => effect)
    )
  )

/** `AwsPlanes.layerHttp`. */
export const layerHttp = (
  options: Omit<AwsPlanes.HttpOptions, "controlPlane" | "dataPlane" | "sts">
): Layer.Layer<Layer.Success<ReturnType<typeof AwsPlanes.layer>>, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.gen(function*() {
    const shared = yield* HttpAdapter.share(options, yield* Client.runtime)
    return context(
      yield* HttpAdapter.operations(HttpAdapter.dataPlane, undefined, shared),
      yield* HttpAdapter.operations(HttpPlanes.controlPlane, undefined, shared),
      yield* HttpAdapter.operations(HttpPlanes.securityTokenService, undefined, shared)
    )
  }))
