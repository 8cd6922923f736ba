/** The stack of a rejected promise has the line of the caller. */
import { assert, describe, it } from "@effect/vitest"
import * as LocalIdentity from "effect-agentcore-identity/promise/LocalIdentity"
import * as Effect from "effect/Effect"
import * as World from "./world.js"

/** The position of the caller, such as `stack.test.ts:12`. */
const here = (): string => /stack\.test\.ts:\d+/.exec(new Error().stack?.split("\n")[2] ?? "")?.[0] ?? assert.fail()

const stackOf = (call: () => Promise<unknown>) =>
  Effect.promise(() => call().then(() => assert.fail("succeeded"), (error: Error) => String(error.stack)))

describe("the stack of a rejected promise", () => {
  it.live("names the line that calls a function of promise/Identity", () =>
    Effect.gen(function*() {
      const { withApiKey } = yield* World.functions()
      const tool = withApiKey({ providerName: "none", workloadIdentityToken: yield* World.tokenOf("alice") })(
        async (key: string) => key
      )
      const lines: Array<string> = []
      const first = async () => [lines.push(here()), await tool()]
      // These two do not await the call where they make it.
      const second = async () => (lines.push(here()), tool())
      const third = () => (lines.push(here()), tool().finally(() => {}))
      for (const call of [first, second, third]) {
        const stack = yield* stackOf(call)
        assert.match(stack, /^ResourceNotFoundException: /)
        assert.include(stack, `${lines.at(-1)}:`)
      }
    }).pipe(Effect.provide(World.layer)))

  it.live("names the line that calls a function of promise/LocalIdentity", () =>
    Effect.gen(function*() {
      const local = yield* Effect.acquireRelease(
        Effect.promise(() => LocalIdentity.start({ logLevel: "none" })),
        ({ stop }) => Effect.promise(stop)
      )
      const lines: Array<string> = []
      const add = async () => [lines.push(here()), await local.control.faults.add({ operation: "Nothing", cut: true })]
      const start = async () => [lines.push(here()), await LocalIdentity.start({ port: -1 })]
      for (const call of [add, start]) {
        const stack = yield* stackOf(call)
        assert.include(stack, `${lines.at(-1)}:`)
      }
    }).pipe(Effect.scoped))
})
