/** The planes over HTTP that only some layers have. */
import * as ControlPlane from "../../../ControlPlane.js"
import * as SecurityTokenService from "../../../SecurityTokenService.js"
import { controlPlaneVariables, stsVariables } from "../planeSettings.js"
import type { Plane } from "./httpPlane.js"
import { awsQuery, restJson } from "./protocol.js"

export const controlPlane: Plane<typeof ControlPlane.operations> = {
  table: ControlPlane.operations,
  protocol: restJson,
  host: "bedrock-agentcore-control",
  service: "bedrock-agentcore",
  variables: controlPlaneVariables
}

export const securityTokenService: Plane<typeof SecurityTokenService.operations> = {
  table: SecurityTokenService.operations,
  protocol: awsQuery,
  host: "sts",
  service: "sts",
  variables: stsVariables
}
