import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Mutate from "./mutate.js"
import { mutations } from "./mutations.js"
import type { Statement } from "./statement.js"
import { statements } from "./statements.js"

const find = (expected: string): Statement => {
  const found = statements.find(({ id }) => id === expected)
  return found ?? assert.fail(`no statement ${expected}`)
}

describe("mutations of the server", () => {
  const scope = Effect.runSync(Scope.make())
  let server: Mutate.Mutable
  beforeAll(async () => {
    server = await Effect.runPromise(Scope.provide(Mutate.make, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  for (const [wrong, mutation] of Object.entries(mutations)) {
    it(`are detected: ${wrong}`, async () => {
      for (const id of mutation.by) {
        const outcome = await server.run(find(id), mutation)
        assert.strictEqual(outcome.outcome, "differs", `${id} did not notice it`)
      }
    })
  }

  for (const id of new Set(Object.values(mutations).flatMap(({ by }) => by))) {
    it(`have no effect when none is active, behind the same proxy: ${id}`, async () => {
      assert.deepStrictEqual(await server.run(find(id)), { outcome: "holds" })
    })
  }
})
