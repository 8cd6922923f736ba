/** The planes of both AWS adapters without their checks: the service alone checks requests. */
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as SdkAdapter from "../../src/aws/internal/adapter.js"
import * as SdkControlPlane from "../../src/aws/internal/controlPlane.js"
import * as SdkDataPlane from "../../src/aws/internal/dataPlane.js"
import * as HttpAdapter from "../../src/aws/internal/http/adapter.js"
import * as ClientRuntime from "../../src/aws/internal/http/clientRuntime.js"
import * as HttpDataPlane from "../../src/aws/internal/http/dataPlane.js"
import type { SharedOptions } from "../../src/aws/internal/http/options.js"
import * as HttpPlanes from "../../src/aws/internal/http/planes.js"
import * as SdkSts from "../../src/aws/internal/securityTokenService.js"
import { decorate } from "../../src/plane/make.js"
import { addStreams } from "../../src/plane/pagination.js"

/** Adds the names of operations and the streams. */
const context = (
  data: DataPlane.Operations,
  control: ControlPlane.Operations,
  sts: SecurityTokenService.Operations
): Context.Context<AwsPlanes.Planes> =>
  Context.make(DataPlane.DataPlane, decorate(DataPlane.operations, data, (_, effect) => effect)).pipe(
    Context.add(
      ControlPlane.ControlPlane,
      addStreams(ControlPlane.operations, decorate(ControlPlane.operations, control, (_, effect) => effect))
    ),
    Context.add(
      SecurityTokenService.SecurityTokenService,
      decorate(SecurityTokenService.operations, sts, (_, effect) => effect)
    )
  )

/** `AwsPlanes.layer`. */
export const layerSdk = (options: SharedOptions): Layer.Layer<AwsPlanes.Planes, Config.ConfigError> =>
  Layer.effectContext(Effect.gen(function*() {
    const search = yield* SdkDataPlane.regionSearch
    return context(
      yield* SdkAdapter.operations(SdkDataPlane.dataPlane, {}, options, search),
      yield* SdkAdapter.operations(SdkControlPlane.controlPlane, {}, options, search),
      yield* SdkAdapter.operations(SdkSts.securityTokenService, {}, options, search)
    )
  }))

/** `AwsHttpPlanes.layer`. */
export const layerHttp = (
  options: SharedOptions
): Layer.Layer<AwsPlanes.Planes, Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.gen(function*() {
    const runtime = yield* ClientRuntime.runtime(undefined)
    const shared = yield* HttpAdapter.shared(options, runtime)
    return context(
      yield* HttpAdapter.operations(HttpDataPlane.dataPlane, {}, shared, runtime),
      yield* HttpAdapter.operations(HttpPlanes.controlPlane, {}, shared, runtime),
      yield* HttpAdapter.operations(HttpPlanes.securityTokenService, {}, shared, runtime)
    )
  }))
