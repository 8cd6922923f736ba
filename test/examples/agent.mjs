import { runWithContext, withAccessToken, workload } from "effect-agentcore-identity/promise/Identity"

// A function that needs a token of the agent's own (`M2M`). Each call obtains it, as the last argument.
const report = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read"],
  authFlow: "M2M"
})(async (topic, token) => `${topic}, with a token of ${token.length} characters`)

// Who calls: the agent `my-agent`. With `user: { userId: "alice" }` it acts for Alice, where a flow is for users.
const agent = workload({ name: "my-agent" })

console.log(await runWithContext({ workload: agent }, () => report("Sales")))
