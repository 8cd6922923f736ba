import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import { agent } from "./agent.mjs"

export const obtain = agent(AwsHttpDataPlane.layerNode())
