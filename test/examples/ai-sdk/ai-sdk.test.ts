import type { ModelMessage } from "ai"
import { MockLanguageModelV4 } from "ai/test"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as World from "../agent-world.ts"
import type * as Example from "./agent.ts"

let world: Awaited<ReturnType<typeof World.start>>
let agent: typeof Example

beforeAll(async () => {
  world = await World.start()
  // It reads the environment.
  agent = await import("./agent.ts")
})
afterAll(() => world.stop())

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}

/** Calls the tool for each question, and repeats the result. */
const makeModel = () => {
  const seen: Array<string> = []
  const model = new MockLanguageModelV4({
    doGenerate: async ({ prompt }) => {
      seen.push(JSON.stringify(prompt))
      const last = prompt.at(-1)
      return {
        content: last?.role === "user"
          ? [{
            type: "tool-call",
            toolCallId: `call-${seen.length}`,
            toolName: "read_report",
            input: "{\"topic\":\"Sales\"}"
          }]
          : [{ type: "text", text: JSON.stringify(last?.content) }],
        finishReason: { unified: last?.role === "user" ? "tool-calls" : "stop", raw: undefined },
        usage,
        warnings: []
      }
    }
  })
  return { model, seen }
}

const question: ModelMessage = { role: "user", content: "How are the sales?" }

describe("an agent of the AI SDK", () => {
  it("pauses for the consent of each user, and the approval runs the tool", async () => {
    const { model, seen } = makeModel()
    const turn = async (userId: string) => {
      const paused = await agent.ask(model, userId, [question])
      assert.strictEqual(paused.text, "")
      const [approval] = paused.approvals
      assert.strictEqual(approval?.provider, "reports")
      return { stored: JSON.stringify(paused.messages), ...approval ?? assert.fail("no approval") }
    }
    const [alice, bob] = await Promise.all([turn("alice"), turn("bob")])
    assert.lengthOf(world.tokens, 0)
    for (const [userId, { approvalId, link, stored }] of [["alice", alice], ["bob", bob]] as const) {
      assert.include(await world.consent(userId, link), "Consent given")
      const messages = JSON.parse(stored) as ReadonlyArray<ModelMessage>
      const { text } = await agent.ask(model, userId, [...messages, agent.approve(approvalId)])
      assert.include(text, `Sales of ${userId}`)
    }
    // Two calls of the model for each turn.
    assert.lengthOf(seen, 4)
    assert.strictEqual(new Set(world.tokens).size, 2)
    const texts = [...seen, alice.stored, bob.stored]
    assert.deepStrictEqual(
      World.leaksOf(texts, [...world.tokens, World.secretOf(alice.link), World.secretOf(bob.link)]),
      []
    )
    for (const text of texts) assert.notInclude(text, "request_uri")
    // The next call needs no approval.
    assert.include((await agent.ask(model, "alice", [question])).text, "Sales of alice")
  })

  it("reports to the model what is missing if the user approves without consent", async () => {
    const { model } = makeModel()
    const { approvals: [approval], messages } = await agent.ask(model, "carol", [question])
    const { text } = await agent.ask(model, "carol", [...messages, agent.approve(approval?.approvalId ?? "")])
    assert.include(text, "The user has to connect 'reports' first.")
    assert.notInclude(text, "http")
  })
})
