import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as Effect from "effect/Effect"
import { agent, caller } from "./agent.ts"

// The same agent. The AWS SDK finds region, credentials and endpoint.
const program = agent.pipe(Effect.provide(caller), Effect.provide(AwsIdentity.layer()))

console.log(await Effect.runPromise(program))
