/** The service of STS over an implementation, and a layer that wraps its calls. */
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Sts from "effect-agentcore-identity/SecurityTokenService"
import type * as Layer from "effect/Layer"
import { Plane } from "./operation.js"

type Service = Sts.SecurityTokenService["Service"]

export const make = (implementation: Service): Service =>
  Plane.make("SecurityTokenService", Sts.operations, implementation)

export const decorate = (
  decorator: Operation.Decorator<typeof Sts.operations, Sts.SecurityTokenServiceError>
): Layer.Layer<Sts.SecurityTokenService, never, Sts.SecurityTokenService> =>
  Plane.layerDecorate(Sts.SecurityTokenService, Sts.operations, decorator)
