// An agent without Effect that fetches an API key. Prints the key.
import { runWithContext, withApiKey, workload } from "effect-agentcore-identity/promise/Identity"

const fetchKey = withApiKey({ providerName: "weather" })((apiKey: string) => Promise.resolve(apiKey))

void runWithContext({ workload: workload({ name: "agent" }) }, () => fetchKey()).then((apiKey) =>
  console.log(JSON.stringify({ apiKey }))
)
