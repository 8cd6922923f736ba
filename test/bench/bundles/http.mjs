import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import { agent } from "./agent.mjs"

export const obtain = agent(AwsDataPlane.layerHttpNode())
