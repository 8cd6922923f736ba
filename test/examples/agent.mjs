import { runWithContext, withAccessToken, workload } from "effect-agentcore-identity/promise/Identity"

// A function that needs a token. The token is its last argument, and is obtained again for each call.
const report = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read"],
  authFlow: "M2M"
})(async (topic, token) => `${topic}, with a token of ${token.length} characters`)

// Who calls: the agent `my-agent` for itself. Add `user: { userId: "alice" }` to act for Alice.
const agent = workload({ name: "my-agent" })

console.log(await runWithContext({ workload: agent }, () => report("Sales")))
