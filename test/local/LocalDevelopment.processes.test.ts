import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { join } from "node:path"
import { buildProgram } from "../support/build.mjs"
import * as Child from "../support/child.js"
import * as Folder from "../support/folder.js"
import { rounds } from "../support/rounds.js"

const count = rounds({ few: 8, full: 20 })

describe("LocalDevelopment, across processes", () => {
  it.live(
    `gives ${count} concurrent processes one caller, one workload identity and one complete file`,
    () =>
      Effect.gen(function*() {
        const program = yield* Effect.promise(() =>
          buildProgram("local/localDevelopment.child.ts", ["@aws-sdk/*", "jsonc-parser"])
        )
        const directory = yield* Folder.temporary
        const file = join(directory, ".agentcore.json")
        const { environment } = yield* LocalIdentity.LocalServer
        const processes = yield* Effect.all(
          Array.from({ length: count }, () => Child.start([program, file], environment))
        )
        yield* Effect.all(processes.map(({ told }) => told("ready")), { concurrency: "unbounded" })
        yield* Effect.all(processes.map(({ tell }) => tell))
        const callers = yield* Effect.all(processes.map(({ next }) => next), { concurrency: "unbounded" })

        const { user_id, workload_identity_name } = JSON.parse(Fs.readFileSync(file, "utf8"))
        assert.deepStrictEqual(
          callers,
          callers.map(() => ({ name: workload_identity_name, user: { userId: user_id } }))
        )
        const identities = yield* ControlPlane.ControlPlane.use((plane) =>
          Stream.runCollect(plane.streamWorkloadIdentities())
        )
        assert.deepStrictEqual(identities.map(({ name }) => name), [
          workload_identity_name
        ])
        assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
      }).pipe(Effect.provide(LocalIdentity.layerPlanes())),
    120_000
  )
})
