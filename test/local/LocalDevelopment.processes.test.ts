import { assert, describe, it } from "@effect/vitest"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { buildProgram } from "../support/build.mjs"
import { rounds } from "../support/rounds.js"

const count = rounds({ few: 8, full: 20 })

/** A process that has started. It prints its output after `begin`. */
const start = (program: string, file: string, environment: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [program, file], {
        env: { ...process.env, ...environment },
        stdio: ["pipe", "pipe", "inherit"]
      })
      return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() }
    }),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  ).pipe(
    Effect.map(({ child, lines }) => {
      const line = Effect.flatMap(
        Effect.promise(() => lines.next()),
        ({ done, value }) =>
          done === true ? Effect.die(new Error("the process ended without output")) : Effect.succeed(value)
      )
      return { ready: line, begin: Effect.sync(() => void child.stdin.write("\n")), output: line }
    })
  )

describe("LocalDevelopment, across processes", () => {
  it.live(
    `gives ${count} concurrent processes one caller, one workload identity and one complete file`,
    () =>
      Effect.gen(function*() {
        const program = yield* Effect.promise(() =>
          buildProgram("local/localDevelopment.child.ts", ["@aws-sdk/*", "jsonc-parser"])
        )
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "local-development-"))),
          (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true }))
        )
        const file = join(directory, ".agentcore.json")
        const { environment } = yield* LocalServer.LocalServer
        const processes = yield* Effect.all(Array.from({ length: count }, () => start(program, file, environment)))
        assert.deepStrictEqual(
          new Set(yield* Effect.all(processes.map(({ ready }) => ready), { concurrency: "unbounded" })),
          new Set(["ready"])
        )
        yield* Effect.all(processes.map(({ begin }) => begin))
        const outputs = yield* Effect.all(processes.map(({ output }) => output), { concurrency: "unbounded" })

        const { user_id, workload_identity_name } = JSON.parse(Fs.readFileSync(file, "utf8"))
        assert.deepStrictEqual(
          outputs.map((output) => JSON.parse(output)),
          outputs.map(() => ({ name: workload_identity_name, user: { userId: user_id } }))
        )
        const identities = yield* Stream.runCollect(WorkloadIdentity.stream())
        assert.deepStrictEqual(identities.map(({ name }) => name), [
          workload_identity_name
        ])
        assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
      }).pipe(Effect.provide(Layer.provide(LocalServer.layer(), OAuthClient.layerScripted()))),
    120_000
  )
})
