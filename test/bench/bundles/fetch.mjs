import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { agent } from "./agent.mjs"

export const obtain = agent(Layer.provide(AwsHttpDataPlane.layer(), FetchHttpClient.layer))
