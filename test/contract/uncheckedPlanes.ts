import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { unchecked } from "../../src/plane/make.js"

/** Planes without their checks: the server alone checks requests. */
export const layer = (
  planes: Layer.Layer<AwsPlanes.Planes, Config.ConfigError>
): Layer.Layer<AwsPlanes.Planes, Config.ConfigError> =>
  Layer.effectContext(
    Effect.map(Layer.build(planes), (planes) =>
      Context.make(DataPlane.DataPlane, unchecked(Context.get(planes, DataPlane.DataPlane))).pipe(
        Context.add(ControlPlane.ControlPlane, unchecked(Context.get(planes, ControlPlane.ControlPlane))),
        Context.add(
          SecurityTokenService.SecurityTokenService,
          unchecked(Context.get(planes, SecurityTokenService.SecurityTokenService))
        )
      ))
  )
