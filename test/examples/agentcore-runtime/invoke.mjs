// Invokes the agent on this machine as AgentCore Runtime does, with a token for one user.
//
// node invoke.mjs USER '{"topic":"Sales"}'
import { workload } from "effect-agentcore-identity/promise/Identity"

const [, , userId, body] = process.argv
const agent = workload({ name: "my-agent", user: { userId } })

const response = await fetch(`http://127.0.0.1:${process.env.PORT ?? 8080}/invocations`, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-amz-bedrock-agentcore-identity-wat": await agent.getToken()
  },
  body: JSON.stringify({ ...JSON.parse(body), userId })
})
for await (const text of response.body.pipeThrough(new TextDecoderStream())) process.stdout.write(text)
