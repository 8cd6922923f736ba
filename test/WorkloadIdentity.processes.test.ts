import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { buildProgram } from "./support/build.mjs"

const run = (child: string, environment: Readonly<Record<string, string>>, args: ReadonlyArray<string>) =>
  Effect.callback<string, string>((resume) => {
    const process_ = execFile(
      process.execPath,
      [child, ...args],
      { env: { ...process.env, ...environment } },
      (error, _, stderr) => resume(error === null ? Effect.succeed(stderr) : Effect.fail(stderr))
    )
    return Effect.sync(() => void process_.kill("SIGKILL"))
  })

describe("WorkloadIdentity.ensure, across processes", () => {
  it.live("four processes create one identity with all URLs", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      const child = yield* Effect.promise(() => buildProgram("ensure.child.ts", ["@aws-sdk/*"]))
      // AgentCore keeps at most five.
      const urlsOf = (n: number | string) => `https://agent.example.com/${n}`
      yield* Effect.forEach([1, 2, 3, 4], (n) => run(child, environment, ["my-agent", urlsOf(n), urlsOf("all")]), {
        concurrency: 4
      })
      const plane = yield* ControlPlane.ControlPlane
      const identities = yield* Stream.runCollect(plane.streamWorkloadIdentities())
      assert.deepStrictEqual(identities.map(({ name }) => name), ["my-agent"])
      const { allowedResourceOauth2ReturnUrls = [] } = yield* plane.getWorkloadIdentity({ name: "my-agent" })
      assert.deepStrictEqual([...allowedResourceOauth2ReturnUrls].sort(), [1, 2, 3, 4, "all"].map(urlsOf))
    }).pipe(Effect.provide(LocalIdentity.layerPlanes())))
})
