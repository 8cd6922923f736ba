/** The planes at AWS, for the adapter over HTTP. */
import * as ControlPlane from "../../../ControlPlane.js"
import * as SecurityTokenService from "../../../SecurityTokenService.js"
import type { Plane } from "./adapter.js"
import { query } from "./query.js"
import { restJson } from "./restJson.js"

export const controlPlane: Plane<typeof ControlPlane.operations> = {
  table: ControlPlane.operations,
  protocol: restJson,
  host: "bedrock-agentcore-control",
  service: "bedrock-agentcore",
  variables: { variable: "BEDROCK_AGENTCORE_CP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL" }
}

export const securityTokenService: Plane<typeof SecurityTokenService.operations> = {
  table: SecurityTokenService.operations,
  protocol: query,
  host: "sts",
  service: "sts",
  variables: { awsVariable: "AWS_ENDPOINT_URL_STS" }
}
