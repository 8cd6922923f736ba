import { type Message, Model as BaseModel, type ModelStreamEvent } from "@strands-agents/sdk"
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
class Model extends BaseModel {
  readonly seen: Array<string> = []
  override updateConfig() {}
  override getConfig() {
    return {}
  }
  override async *stream(messages: Array<Message>): AsyncIterable<ModelStreamEvent> {
    this.seen.push(JSON.stringify(messages))
    const results = messages.at(-1)?.content.filter(({ type }) => type === "toolResultBlock") ?? []
    yield { type: "modelMessageStartEvent", role: "assistant" }
    if (results.length === 0) {
      yield {
        type: "modelContentBlockStartEvent",
        start: { type: "toolUseStart", name: "read_report", toolUseId: `call-${this.seen.length}` }
      }
      yield {
        type: "modelContentBlockDeltaEvent",
        delta: { type: "toolUseInputDelta", input: "{\"topic\":\"Sales\"}" }
      }
    } else {
      yield { type: "modelContentBlockStartEvent" }
      yield { type: "modelContentBlockDeltaEvent", delta: { type: "textDelta", text: JSON.stringify(results) } }
    }
    yield { type: "modelContentBlockStopEvent" }
    yield { type: "modelMessageStopEvent", stopReason: results.length === 0 ? "toolUse" : "endTurn" }
  }
}

const makeTurns = () => {
  const model = new Model()
  const links: Array<string> = []
  const show: Example.Show = (_, link) => links.push(link)
  return {
    model,
    links,
    ask: (turn: Pick<Example.Turn, "userId" | "input" | "snapshot">) => agent.ask({ model, show, ...turn })
  }
}

describe("an agent of Strands", () => {
  it("is interrupted for the consent of each user, and runs the tool when it resumes", async () => {
    const { ask, links, model } = makeTurns()
    const stored: Array<string> = []
    for (const userId of ["alice", "bob"]) {
      const { interrupts, snapshot, text } = await ask({ userId, input: "How are the sales?" })
      assert.isUndefined(text)
      stored.push(JSON.stringify({ snapshot, input: interrupts }))
    }
    assert.lengthOf(links, 2)
    assert.lengthOf(world.tokens, 0)
    for (const [index, userId] of ["alice", "bob"].entries()) {
      assert.include(await world.consent(userId, links[index] ?? ""), "Consent given")
    }
    const resume = (userId: string, json = "") => ask({ userId, ...JSON.parse(json) })
    const [alice, bob] = await Promise.all([resume("alice", stored[0]), resume("bob", stored[1])])
    assert.include(alice.text, "Sales of alice")
    assert.include(bob.text, "Sales of bob")
    // Two calls of the model for each turn.
    assert.lengthOf(model.seen, 4)
    assert.lengthOf(links, 2)
    assert.strictEqual(new Set(world.tokens).size, 2)
    const texts = [...model.seen, ...stored, JSON.stringify([alice, bob])]
    assert.deepStrictEqual(World.leaksOf(texts, [...world.tokens, ...links.map(World.secretOf)]), [])
    for (const text of texts) assert.notInclude(text, "request_uri")
    // The next call is not interrupted.
    const next = await ask({ userId: "alice", snapshot: alice.snapshot, input: "And now?" })
    assert.include(next.text, "Sales of alice")
  })

  it("reports to the model what is missing if the user comes back without consent", async () => {
    const { ask, links } = makeTurns()
    const { interrupts, snapshot } = await ask({ userId: "carol", input: "How are the sales?" })
    const { text } = await ask({ userId: "carol", snapshot, input: interrupts })
    assert.include(text, "The user has not connected 'reports'.")
    assert.lengthOf(links, 2)
  })
})
