/** All planes over HTTP. */
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../../ControlPlane.js"
import * as SecurityTokenService from "../../../SecurityTokenService.js"
import type { HttpOptions } from "../../AwsPlanes.js"
import { controlPlaneVariables, stsVariables } from "../planeSettings.js"
import { makeServices } from "../services.js"
import * as Adapter from "./httpPlane.js"
import { awsQuery, restJson } from "./protocol.js"

export const controlPlane: Adapter.Plane<typeof ControlPlane.operations> = {
  table: ControlPlane.operations,
  protocol: restJson,
  host: "bedrock-agentcore-control",
  service: "bedrock-agentcore",
  variables: controlPlaneVariables
}

export const securityTokenService: Adapter.Plane<typeof SecurityTokenService.operations> = {
  table: SecurityTokenService.operations,
  protocol: awsQuery,
  host: "sts",
  service: "sts",
  variables: stsVariables
}

export const make = (options: HttpOptions, runtime: Adapter.Runtime) =>
  Effect.flatMap(Adapter.share(options, runtime), (shared) =>
    makeServices({
      data: Adapter.operations(Adapter.dataPlane, options.dataPlane, shared),
      control: Adapter.operations(controlPlane, options.controlPlane, shared),
      sts: Adapter.operations(securityTokenService, options.sts, shared)
    }))
