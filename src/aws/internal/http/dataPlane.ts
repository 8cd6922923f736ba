/** The data plane at AWS, for the adapter over HTTP, and what its layers share. */
import * as DataPlane from "../../../DataPlane.js"
import type { Plane } from "./adapter.js"
import { restJson } from "./restJson.js"

export const dataPlane: Plane<typeof DataPlane.operations> = {
  table: DataPlane.operations,
  protocol: restJson,
  host: "bedrock-agentcore",
  service: "bedrock-agentcore",
  variables: { variable: "BEDROCK_AGENTCORE_DP_ENDPOINT", awsVariable: "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE" }
}
