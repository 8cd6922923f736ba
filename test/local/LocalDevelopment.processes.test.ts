import { assert, describe, it } from "@effect/vitest"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Esbuild from "esbuild"
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// Inside node_modules, where the bundle finds its packages. Twenty processes that compile TypeScript would take a minute.
const program = path("../../node_modules/.cache/local-development/child.mjs")

const build = Effect.promise(() =>
  Esbuild.build({
    entryPoints: [path("localDevelopment.child.ts")],
    outfile: program,
    tsconfig: path("../../tsconfig.json"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["effect", "effect/*", "@aws-sdk/*", "jsonc-parser", "jose"]
  })
)

/** A process that has started; what it answers comes after `begin`. */
const start = (file: string, environment: Readonly<Record<string, string>>) =>
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
          done === true ? Effect.dieMessage("the process ended without an answer") : Effect.succeed(value)
      )
      return { ready: line, begin: Effect.sync(() => void child.stdin.write("\n")), answer: line }
    })
  )

describe("LocalDevelopment, across processes", () => {
  it.scopedLive(
    "twenty that start at once are one caller, with one workload identity and one whole file",
    () =>
      Effect.gen(function*() {
        yield* build
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => Fs.mkdtempSync(join(tmpdir(), "local-development-"))),
          (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true }))
        )
        const file = join(directory, ".agentcore.json")
        const { environment } = yield* LocalServer.LocalServer
        const processes = yield* Effect.all(Array.from({ length: 20 }, () => start(file, environment)))
        assert.deepStrictEqual(
          new Set(yield* Effect.all(processes.map(({ ready }) => ready), { concurrency: "unbounded" })),
          new Set(["ready"])
        )
        yield* Effect.all(processes.map(({ begin }) => begin))
        const answers = yield* Effect.all(processes.map(({ answer }) => answer), { concurrency: "unbounded" })

        const { user_id, workload_identity_name } = JSON.parse(Fs.readFileSync(file, "utf8"))
        assert.deepStrictEqual(
          answers.map((answer) => JSON.parse(answer)),
          answers.map(() => ({ name: workload_identity_name, user: { userId: user_id } }))
        )
        const identities = yield* Stream.runCollect(WorkloadIdentity.stream())
        assert.deepStrictEqual(Chunk.toReadonlyArray(Chunk.map(identities, ({ name }) => name)), [
          workload_identity_name
        ])
        assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
      }).pipe(Effect.provide(Layer.provide(LocalServer.layer(), OAuthClient.layerScripted()))),
    120_000
  )
})
