import { assert, describe, it } from "vitest"
import { makeGenerations } from "../../support/credentialCache.js"

describe("generations", () => {
  it("end when their work is done, and not earlier", () => {
    const generations = makeGenerations()
    const generation = generations.enter("a")
    generations.enter("a")
    generations.leave("a", generation)
    assert.isTrue(generations.isCurrent("a", generation))
    generations.leave("a", generation)
    assert.isFalse(generations.isCurrent("a", generation))
  })

  it("do not end when work of an earlier generation is done", () => {
    const generations = makeGenerations()
    const ended = generations.enter("a")
    generations.end("a")
    const current = generations.enter("a")
    generations.leave("a", ended)
    assert.isTrue(generations.isCurrent("a", current))
  })
})
