/** The service of STS over an implementation, and a layer that wraps its calls. */
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Sts from "effect-agentcore-identity/SecurityTokenService"
import type * as Layer from "effect/Layer"
import { layerDecorate, make as makePlane } from "../../src/plane/validation.js"

type Service = Sts.SecurityTokenService["Service"]

export const make = (implementation: Service): Service =>
  makePlane("SecurityTokenService", Sts.operations, implementation)

export const decorate = (
  decorator: Operation.Decorator<typeof Sts.operations, Sts.SecurityTokenServiceError>
): Layer.Layer<Sts.SecurityTokenService, never, Sts.SecurityTokenService> =>
  layerDecorate(Sts.SecurityTokenService, Sts.operations, decorator)
