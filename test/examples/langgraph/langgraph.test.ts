import { BaseChatModel } from "@langchain/core/language_models/chat_models"
import { AIMessage, type BaseMessage } from "@langchain/core/messages"
import { MemorySaver } from "@langchain/langgraph"
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

/** Calls the tool for each question, and repeats the result. */
class Model extends BaseChatModel {
  readonly seen: Array<string> = []
  constructor() {
    super({})
  }
  override _llmType() {
    return "mock"
  }
  override bindTools() {
    return this
  }
  override async _generate(messages: Array<BaseMessage>) {
    this.seen.push(JSON.stringify(messages))
    const last = messages.at(-1)
    const message = last?.type === "human"
      ? new AIMessage({
        content: "",
        tool_calls: [{ id: `call-${this.seen.length}`, name: "read_report", args: { topic: "Sales" } }]
      })
      : new AIMessage(last?.text ?? "")
    return { generations: [{ message, text: message.text }] }
  }
}

const makeTurns = () => {
  const model = new Model()
  const checkpointer = new MemorySaver()
  const links: Array<string> = []
  const show: Example.Show = (_, link) => links.push(link)
  return {
    model,
    links,
    ask: (userId: string, input?: string) =>
      agent.ask({ model, checkpointer, show, userId, thread: userId, ...(input === undefined ? {} : { input }) }),
    stored: () =>
      JSON.stringify(
        [checkpointer.storage, checkpointer.writes],
        (_, value) => value instanceof Uint8Array ? new TextDecoder().decode(value) : value
      )
  }
}

describe("a graph of LangGraph", () => {
  it("is interrupted for the consent of each user, and runs the tool when it resumes", async () => {
    const { ask, links, model, stored } = makeTurns()
    for (const userId of ["alice", "bob"]) assert.isUndefined(await ask(userId, "How are the sales?"))
    assert.lengthOf(links, 2)
    assert.lengthOf(world.tokens, 0)
    for (const [index, userId] of ["alice", "bob"].entries()) {
      assert.include(await world.consent(userId, links[index] ?? ""), "Consent given")
    }
    const both = await Promise.all([ask("alice"), ask("bob")])
    assert.deepStrictEqual(both, ["Sales of alice", "Sales of bob"])
    // Two calls of the model for each turn.
    assert.lengthOf(model.seen, 4)
    assert.lengthOf(links, 2)
    assert.strictEqual(new Set(world.tokens).size, 2)
    assert.include(stored(), "Sales of alice")
    const texts = [...model.seen, stored()]
    assert.deepStrictEqual(World.leaksOf(texts, [...world.tokens, ...links.map(World.secretOf)]), [])
    for (const text of texts) assert.notInclude(text, "request_uri")
    // The next call is not interrupted.
    assert.strictEqual(await ask("alice", "And now?"), "Sales of alice")
  })

  it("reports to the model what is missing if the user comes back without consent", async () => {
    const { ask, links } = makeTurns()
    assert.isUndefined(await ask("carol", "How are the sales?"))
    assert.strictEqual(await ask("carol"), "The user has not connected 'reports'.")
    assert.lengthOf(links, 2)
  })
})
