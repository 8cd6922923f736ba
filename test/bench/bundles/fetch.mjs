import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as Layer from "effect/Layer"
import { agent } from "./agent.mjs"

export const obtain = agent(Layer.provide(AwsHttpDataPlane.layer(), FetchHttpClient.layer))
