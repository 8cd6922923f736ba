import { assert, describe, it } from "vitest"
import { makeGenerations } from "../../src/credentialCache/engine.js"

describe("generations", () => {
  it("is one generation for all work of a key, until it is ended", () => {
    const generations = makeGenerations()
    const first = generations.enter("a")
    assert.strictEqual(generations.enter("a"), first)
    assert.notStrictEqual(generations.enter("b").id, first.id)
    generations.end("a")
    assert.isFalse(generations.isCurrent("a", first))
    const second = generations.enter("a")
    assert.notStrictEqual(second.id, first.id)
    assert.isTrue(generations.isCurrent("a", second))
  })

  it("ends when its work is done, and not earlier", () => {
    const generations = makeGenerations()
    const generation = generations.enter("a")
    generations.enter("a")
    generations.leave("a", generation)
    assert.isTrue(generations.isCurrent("a", generation))
    generations.leave("a", generation)
    assert.isFalse(generations.isCurrent("a", generation))
  })

  it("work of an ended generation does not end the current one", () => {
    const generations = makeGenerations()
    const ended = generations.enter("a")
    generations.end("a")
    const current = generations.enter("a")
    generations.leave("a", ended)
    assert.isTrue(generations.isCurrent("a", current))
  })
})
