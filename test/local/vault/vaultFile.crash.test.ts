import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomInt } from "node:crypto"
import { join } from "node:path"
import { buildProgram } from "../../support/build.mjs"
import * as Child from "../../support/child.js"
import * as Folder from "../../support/folder.js"
import { rounds as choose } from "../../support/rounds.js"

const rounds = choose({ few: 10, full: 50 })

/** Starts a process that opens the vault and writes to it, in this or another pid namespace. */
const start = (path: string, ...command: ReadonlyArray<string>) =>
  Effect.flatMap(
    Effect.promise(() => buildProgram("local/vault/vaultFile.crash.child.ts")),
    (program) => {
      const [first, ...rest] = [...command, process.execPath, program, path]
      return Child.start(rest, {}, first)
    }
  )

/** One run of the process, which `kill -9` ends some time after its first write. */
const round = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const writing = yield* start(path)
    const found = (yield* writing.next) as Readonly<Record<string, number>>
    const first = yield* writing.next
    yield* Effect.sleep(randomInt(0, 60))
    yield* writing.kill
    const reports = [first, ...yield* Stream.runCollect(writing.reports)]
    return { found, acknowledged: reports.map(({ count, key }) => [String(key), Number(count)] as const) }
  }))

describe("VaultFile and a second process", () => {
  it.live("rejects it and names the process that uses the vault, until that process is killed", () =>
    Effect.gen(function*() {
      const path = join(yield* Folder.temporary, "shared.vault")
      const first = yield* start(path)
      yield* first.next
      const isRejected = (child: Child.Child, advice?: string) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* Stream.runCollect(child.reports), [])
          assert.include(child.output(), `process ${first.pid} uses it`, advice)
        })
      yield* isRejected(yield* start(path))
      // A container does not see processes of another one, but it sees that its file is touched.
      yield* isRejected(
        yield* start(path, "unshare", "--pid", "--fork"),
        "This test needs `unshare` (Debian: util-linux), and root with CAP_SYS_ADMIN"
      )
      yield* first.kill
      yield* (yield* start(path)).next
    }))
})

describe("VaultFile after kill -9", () => {
  it.live(`contains all acknowledged writes, ${rounds} times`, () =>
    Effect.gen(function*() {
      const path = join(yield* Folder.temporary, "agentcore.vault")
      const expected = new Map<string, number>()
      let writes = 0
      for (let index = 0; index <= rounds; index++) {
        const { acknowledged, found } = yield* round(path)
        for (const [key, count] of expected) {
          // One more entry may exist, which was written and not acknowledged.
          assert.include([count, count + 1], found[key], key)
        }
        for (const [key, count] of Object.entries(found)) expected.set(key, count)
        for (const [key, count] of acknowledged) {
          assert.strictEqual(count, (expected.get(key) ?? 0) + 1)
          expected.set(key, count)
        }
        writes += acknowledged.length
      }
      assert.isAbove(writes, rounds)
    }), 120_000)
})
