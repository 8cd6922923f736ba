import { runWithContext, withAccessToken, workload } from "effect-agentcore-identity/promise/Identity"
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import { afterAll, expect, test } from "vitest"

const readReports = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read", "offline_access"],
  authFlow: "USER_FEDERATION",
  callbackUrl: "http://127.0.0.1:8765/consent"
})(async (token: string) => `a token of ${token.length} characters`)

const local = await start({ setup: `${import.meta.dirname}/setup.jsonc`, authorizationServer: true })
Object.assign(process.env, local.environment)
afterAll(local.stop)

test("Alice consents once, and her agent gets a token", async () => {
  const alice = { workload: workload({ name: "my-agent", user: { userId: "alice" } }) }
  await expect(runWithContext(alice, readReports)).rejects.toMatchObject({ _tag: "RequiresUserConsent" })
  // Stands in for Alice's browser. `deny` and `expire` are the other outcomes.
  const waiting = (await local.control.consents.list()).filter(({ state }) => state === "Pending")
  for (const { id } of waiting) await local.control.consents.approve(id)
  expect(await runWithContext(alice, readReports)).toMatch(/a token of \d{3} characters/)
})
