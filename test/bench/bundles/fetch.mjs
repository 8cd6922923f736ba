import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { agent } from "./agent.mjs"

export const obtain = agent(Layer.provide(AwsDataPlane.layerHttp(), FetchHttpClient.layer))
