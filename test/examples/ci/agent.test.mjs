import { runWithContext, withApiKey, workload } from "effect-agentcore-identity/promise/Identity"
import assert from "node:assert/strict"
import { test } from "node:test"

const forecast = withApiKey({ providerName: "weather" })(async (city, apiKey) => `${city}, with the key ${apiKey}`)

test("the agent has its API key", async () => {
  const agent = workload({ name: "my-agent" })
  assert.equal(
    await runWithContext({ workload: agent }, () => forecast("Zürich")),
    "Zürich, with the key for development"
  )
})
