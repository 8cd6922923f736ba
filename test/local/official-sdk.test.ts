import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as World from "./world.js"

const program = fileURLToPath(new URL("official-sdk.child.mjs", import.meta.url))

/** Runs the program with these environment variables and no others, but for the one that finds executables. */
const run = (
  input: object,
  environment: Readonly<Record<string, string>>,
  onLine: (name: string, value: unknown) => void
) =>
  Effect.async<void>((resume) => {
    const child = spawn(process.execPath, ["--no-warnings", program, JSON.stringify(input)], {
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdio: ["ignore", "pipe", "inherit"]
    })
    createInterface(child.stdout).on("line", (line) => {
      const { name, value } = JSON.parse(line)
      onLine(name, value)
    })
    child.on("error", (error) => resume(Effect.die(error)))
    child.on("close", (code) => resume(code === 0 ? Effect.void : Effect.die(`the program ended with ${code}`)))
    return Effect.sync(() => child.kill())
  })

describe("the official npm SDK", () => {
  // Its polls are five seconds apart.
  it.scopedLive("obtains an API key, a machine's token and a user's token from the local server", () =>
    Effect.gen(function*() {
      const returnUrl = "app:/consent"
      yield* World.setUp([returnUrl])
      const { environment } = yield* LocalServer.LocalServer
      const dataPlane = yield* DataPlane.DataPlane
      const identity = yield* Identity.Identity
      const machine = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
      const user = yield* dataPlane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" })

      const asked = yield* Deferred.make<string>()
      const answers = new Map<string, unknown>()
      const input = {
        returnUrl,
        machineToken: Redacted.value(machine.workloadAccessToken),
        userToken: Redacted.value(user.workloadAccessToken)
      }
      const consent = Effect.gen(function*() {
        const alice = yield* World.person("alice")
        const authorizationUrl = Redacted.make(yield* Deferred.await(asked))
        const page = yield* alice.consent({ authorizationUrl, userName: "alice", decision: "allow" })
        // Where the application is called back, it completes the session for the user who is signed in.
        const back = new URL(Redacted.value(page.url))
        assert.strictEqual(`${back.protocol}${back.pathname}`, returnUrl)
        const sessionUri = Redacted.make(back.searchParams.get("session_id") ?? "")
        yield* identity.completeAuthorization({ sessionUri, user: { userId: "alice" } })
      })
      yield* Effect.all([
        consent,
        run(input, environment, (name, value) => {
          answers.set(name, value)
          if (name === "authorizationUrl") Deferred.unsafeDone(asked, Effect.succeed(String(value)))
        })
      ], { concurrency: 2 })

      assert.deepStrictEqual(answers.get("apiKey"), { city: "Zürich", apiKey: "key-of-the-weather" })
      const claims = (name: string) => World.claimsOf(Redacted.make(String(answers.get(name))))
      assert.strictEqual(claims("machine").sub, "calendar-client")
      assert.strictEqual(claims("machine").scope, "reports:read")
      assert.strictEqual(claims("user").sub, "alice")
      assert.strictEqual(claims("user").scope, "profile:read")
    }).pipe(Effect.provide(World.layer())))
})
