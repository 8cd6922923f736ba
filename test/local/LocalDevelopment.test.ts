import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { execFileSync, spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import * as Folder from "../support/folder.js"
import { same, secret, variables } from "../support/utils.js"

/** A directory for one test, and the path of the file in it. */
const temporary = Effect.map(
  Folder.temporary,
  (directory) => ({ directory, path: join(directory, ".agentcore.json") })
)

/** Writes the file with this content. */
const written = (text: string | Uint8Array) =>
  Effect.tap(temporary, ({ path }) => Effect.sync(() => Fs.writeFileSync(path, text)))

const read = (path: string): string => Fs.readFileSync(path, "utf8")

/** Planes that must not be called: a call is a defect. */
const silent = ScriptedPlanes.layer({})

const service = LocalIdentity.layerTest()

const identities = Effect.map(
  ControlPlane.ControlPlane.use((plane) => Stream.runCollect(plane.streamWorkloadIdentities())),
  (all) => all.map(({ name }) => name)
)

/** The content that `json.dump(config, file, indent=2)` of the Python SDK writes. */
const bySdk = `{\n  "workload_identity_name": "workload-1a2b3c4d",\n  "user_id": "0f1e2d3c"\n}`

const caller = { name: "workload-1a2b3c4d", user: { userId: "0f1e2d3c" } }

const failure = (options: LocalDevelopment.Options) =>
  Effect.map(Effect.flip(LocalDevelopment.load(options)), (error) => {
    assert.instanceOf(error, LocalDevelopment.LocalDevelopmentError)
    return error
  })

describe("LocalDevelopment", () => {
  describe("with the Python SDK", () => {
    it.effect("reads a file of the SDK, and writes nothing", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* written(bySdk)
        const before = Fs.statSync(path)
        assert.deepStrictEqual(yield* LocalDevelopment.load({ path }), caller)
        assert.deepStrictEqual(yield* LocalDevelopment.load({ path }), caller)
        assert.strictEqual(read(path), bySdk)
        assert.strictEqual(Fs.statSync(path).ino, before.ino)
        assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
      }).pipe(Effect.provide(silent)))

    it.effect("writes a file as the SDK does, byte for byte", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const { name, user } = yield* LocalDevelopment.load({ path, createMissing: true })
        assert.match(name, /^workload-[0-9a-f]{8}$/)
        assert.match(user.userId, /^[0-9a-f]{8}$/)
        assert.strictEqual(
          read(path),
          bySdk.replace(caller.name, name).replace(caller.user.userId, user.userId)
        )
      }).pipe(Effect.provide(service)))

    for (const userId of [`,\n  "user_id": null`, `,\n  "user_id": ""`, ""]) {
      it.effect(`generates a missing user id once, and writes it: ${userId}`, () =>
        Effect.gen(function*() {
          const { path } = yield* written(bySdk.replace(`,\n  "user_id": "0f1e2d3c"`, userId))
          const { name, user } = yield* LocalDevelopment.load({ path })
          assert.strictEqual(name, caller.name)
          assert.match(user.userId, /^[0-9a-f]{8}$/)
          assert.strictEqual(read(path), bySdk.replace(caller.user.userId, user.userId))
          assert.deepStrictEqual(yield* LocalDevelopment.load({ path }), { name, user })
        }).pipe(Effect.provide(silent)))
    }
  })

  describe("without `createMissing`", () => {
    for (const [name, text] of [["no file", undefined], ["no name in it", `{"user_id": "alice"}`]] as const) {
      it.effect(`${name}: reports what to do, and creates nothing`, () =>
        Effect.gen(function*() {
          const { directory, path } = yield* text === undefined ? temporary : written(text)
          const { message, path: named, reason } = yield* failure({ path })
          assert.strictEqual(reason, "MissingWorkloadIdentity")
          assert.strictEqual(named, path)
          for (const part of [path, "workload_identity_name", "workloadName", "createMissing"]) {
            assert.include(message, part)
          }
          assert.deepStrictEqual(Fs.readdirSync(directory), text === undefined ? [] : [".agentcore.json"])
          if (text !== undefined) assert.strictEqual(read(path), text)
        }).pipe(Effect.provide(silent)))
    }

    it.effect("prefers the options to the file, does not write them to it, and with both needs no file", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* written(bySdk)
        const load = (options: LocalDevelopment.Options) => LocalDevelopment.load({ path, ...options })
        assert.deepStrictEqual(yield* load({ workloadName: "mine" }), { ...caller, name: "mine" })
        assert.deepStrictEqual(yield* load({ userId: "alice" }), { ...caller, user: { userId: "alice" } })
        assert.strictEqual(read(path), bySdk)
        Fs.rmSync(path)
        const both = { name: "mine", user: { userId: "alice" } }
        assert.deepStrictEqual(yield* load({ workloadName: "mine", userId: "alice" }), both)
        assert.deepStrictEqual(Fs.readdirSync(directory), [])
      }).pipe(Effect.provide(silent)))
  })

  describe("with `createMissing`", () => {
    it.effect("creates the workload identity once, with its return URLs", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const options = { path, createMissing: true, returnUrls: ["http://localhost:8080/consent"] }
        const first = yield* LocalDevelopment.load(options)
        assert.deepStrictEqual(yield* LocalDevelopment.load(options), first)
        assert.deepStrictEqual(yield* identities, [first.name])
        const { allowedResourceOauth2ReturnUrls } = yield* ControlPlane.ControlPlane.use((plane) =>
          plane.getWorkloadIdentity({ name: first.name })
        )
        assert.deepStrictEqual(allowedResourceOauth2ReturnUrls, options.returnUrls)
      }).pipe(Effect.provide(service)))

    it.effect("creates the identity that the file names, if it does not exist", () =>
      Effect.gen(function*() {
        const { path } = yield* written(bySdk)
        assert.deepStrictEqual(yield* LocalDevelopment.load({ path, createMissing: true }), caller)
        assert.deepStrictEqual(yield* identities, [caller.name])
        assert.strictEqual(read(path), bySdk)
      }).pipe(Effect.provide(service)))

    it.effect("creates the identity of the options, and writes only the user id", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const { user } = yield* LocalDevelopment.load({ path, createMissing: true, workloadName: "my-agent" })
        assert.deepStrictEqual(yield* identities, ["my-agent"])
        assert.deepStrictEqual(JSON.parse(read(path)), { user_id: user.userId })
      }).pipe(Effect.provide(service)))

    it.effect("continues after a process that stopped between the file and the service", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const unavailable = ControlPlane.decorate((operation, effect) =>
          operation === "createWorkloadIdentity" ? Effect.interrupt : effect
        )
        const stopped = yield* Effect.exit(
          Effect.provide(LocalDevelopment.load({ path, createMissing: true }), unavailable)
        )
        assert.isTrue(Exit.hasInterrupts(stopped))
        const { workload_identity_name } = JSON.parse(read(path))
        const { name } = yield* LocalDevelopment.load({ path, createMissing: true })
        assert.strictEqual(name, workload_identity_name)
        assert.deepStrictEqual(yield* identities, [name])
      }).pipe(Effect.provide(service)))
  })

  describe("the file", () => {
    const forms: ReadonlyArray<readonly [name: string, text: string, expected: string]> = [
      ["two spaces", `{\n  "a": 1\n}\n`, `{\n  "a": 1,\n  "workload_identity_name": "NAME",\n  "user_id": "USER"\n}`],
      [
        "empty properties, in another order",
        `{\n  "user_id": null,\n  "x": {},\n  "workload_identity_name": ""\n}`,
        `{\n  "user_id": "USER",\n  "x": {},\n  "workload_identity_name": "NAME"\n}`
      ],
      [
        "one line",
        `{ "b": [ 1 ] }`,
        `{\n  "b": [\n    1\n  ],\n  "workload_identity_name": "NAME",\n  "user_id": "USER"\n}`
      ],
      ["an empty object", `{}`, `{\n  "workload_identity_name": "NAME",\n  "user_id": "USER"\n}`]
    ]

    for (const [name, text, expected] of forms) {
      it.effect(`keeps other properties, in the layout of the SDK: ${name}`, () =>
        Effect.gen(function*() {
          const { path } = yield* written(text)
          const { name, user } = yield* LocalDevelopment.load({ path, createMissing: true })
          assert.strictEqual(read(path), expected.replace("NAME", name).replace("USER", user.userId))
        }).pipe(Effect.provide(service)))
    }

    it.effect("keeps its mode, and remains the target of a link", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* temporary
        const target = join(directory, "shared.json")
        Fs.writeFileSync(target, `{"workload_identity_name": "my-agent"}`)
        Fs.chmodSync(target, 0o640)
        Fs.symlinkSync("shared.json", path)
        const { user } = yield* LocalDevelopment.load({ path })
        assert.strictEqual(JSON.parse(read(target)).user_id, user.userId)
        assert.isTrue(Fs.lstatSync(path).isSymbolicLink())
        assert.strictEqual(Fs.statSync(target).mode & 0o777, 0o640)
      }).pipe(Effect.provide(silent)))

    const broken: ReadonlyArray<readonly [name: string, text: string | Uint8Array]> = [
      ["empty", ""],
      ["cut off", `{"workload_identity_name": "my-a`],
      ["with a comment", `{ // mine\n"workload_identity_name": "my-agent" }`],
      ["with a byte order mark", `\uFEFF${bySdk}`],
      ["not UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ["a list", "[]"],
      ["null", "null"],
      ["a string", `"my-agent"`],
      ["a name that is a number", `{"workload_identity_name": 7}`],
      ["a user id that is an object", `{"workload_identity_name": "my-agent", "user_id": {}}`]
    ]

    for (const [name, text] of broken) {
      it.effect(`is not changed when it is broken: ${name}`, () =>
        Effect.gen(function*() {
          const { directory, path } = yield* written(text)
          const before = Fs.readFileSync(path)
          const { message, reason } = yield* failure({ path, createMissing: true })
          assert.strictEqual(reason, "Broken", message)
          assert.include(message, path)
          assert.isTrue(before.equals(Fs.readFileSync(path)))
          assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
        }).pipe(Effect.provide(silent)))
    }

    it.effect("reports why it cannot be used", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* temporary
        execFileSync("mkfifo", [path])
        const unusable = [
          [directory, "it is a directory"],
          [join(directory, "nowhere", "file.json"), "ENOENT"],
          [path, "it is not a regular file"]
        ] as const
        for (const [path, why] of unusable) {
          const { message, reason } = yield* failure({ path, createMissing: true })
          assert.strictEqual(reason, "Unusable")
          assert.include(message, why)
        }
      }).pipe(Effect.provide(silent)))
  })

  describe("the lock", () => {
    const lockOf = (path: string) => `${path}.lock`

    const here = {
      host: hostname(),
      boot: Fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      pidNamespace: Fs.readlinkSync("/proc/self/ns/pid")
    }

    const ended = spawnSync(process.execPath, ["--version"]).pid

    const holder = (pid: number | undefined, other: Partial<typeof here & { readonly startTime: string }> = {}) =>
      JSON.stringify({ pid, ...here, ...other })

    it.effect("gives concurrent processes the same caller, and keeps other properties", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* written(`{"a": 1}`)
        const callers = yield* Effect.all(
          Array.from({ length: 20 }, () => LocalDevelopment.load({ path, createMissing: true })),
          { concurrency: "unbounded" }
        ).pipe(Effect.forkChild, Effect.flatMap(untilDone))
        const { a, user_id, workload_identity_name } = JSON.parse(read(path))
        assert.strictEqual(a, 1)
        assert.deepStrictEqual(
          callers,
          callers.map(() => ({ name: workload_identity_name, user: { userId: user_id } }))
        )
        assert.deepStrictEqual(yield* identities, [workload_identity_name])
        assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
      }).pipe(Effect.provide(service)))

    const abandoned: ReadonlyArray<readonly [name: string, text: string]> = [
      ["the lock of a process that was killed", holder(ended)],
      ["the lock of a process whose pid is reused", holder(process.pid, { startTime: "1" })],
      ["the lock of a process that ran before the machine was restarted", holder(process.pid, { boot: "another" })],
      ["the lock of another machine, untouched for 15 seconds", holder(ended, { host: "another.example.com" })],
      ["the lock of another container with the same host name", holder(ended, { pidNamespace: "pid:[1]" })]
    ]

    for (const [name, text] of abandoned) {
      it.effect(`is removed: ${name}`, () =>
        Effect.gen(function*() {
          const { directory, path } = yield* written(`{"workload_identity_name": "my-agent"}`)
          Fs.writeFileSync(lockOf(path), text)
          const { user } = yield* Effect.flatMap(Effect.forkChild(LocalDevelopment.load({ path })), untilDone)
          assert.strictEqual(JSON.parse(read(path)).user_id, user.userId)
          assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
        }).pipe(Effect.provide(silent)))
    }

    const others: ReadonlyArray<readonly [name: string, text: string]> = [
      ["the lock of a process that runs", holder(process.pid)],
      ["a lock that names no process", ""]
    ]

    for (const [name, text] of others) {
      it.effect(`delays for 10 seconds: ${name}`, () =>
        Effect.gen(function*() {
          const { path } = yield* written(`{"workload_identity_name": "my-agent"}`)
          Fs.writeFileSync(lockOf(path), text)
          const begin = yield* Clock.currentTimeMillis
          const { message, reason } = yield* Effect.flatMap(Effect.forkChild(failure({ path })), untilDone)
          assert.strictEqual(reason, "Locked")
          assert.include(message, lockOf(path))
          assert.isAtLeast((yield* Clock.currentTimeMillis) - begin, 10_000)
          assert.strictEqual(read(path), `{"workload_identity_name": "my-agent"}`)
          assert.strictEqual(read(lockOf(path)), text)
        }).pipe(Effect.provide(silent)))
    }

    const moments: ReadonlyArray<readonly [name: string, appears: RegExp]> = [
      ["while it is held", /\.lock$/],
      ["while the file is written", /\.json\.[0-9a-f]{12}$/]
    ]

    for (const [name, appears] of moments) {
      it.effect(`is removed with all other files when interrupted ${name}`, () =>
        Effect.gen(function*() {
          const { directory, path } = yield* temporary
          for (let round = 0; round < 10; round++) {
            Fs.writeFileSync(path, `{"workload_identity_name": "my-agent"}`)
            const fiber = yield* Effect.forkChild(LocalDevelopment.load({ path }))
            while (!Fs.readdirSync(directory).some((file) => appears.test(file)) && fiber.pollUnsafe() === undefined) {
              yield* macrotask
            }
            yield* Fiber.interrupt(fiber)
            assert.deepStrictEqual(Fs.readdirSync(directory), [".agentcore.json"])
            assert.strictEqual(JSON.parse(read(path)).workload_identity_name, "my-agent")
          }
        }).pipe(Effect.provide(silent)))
    }
  })

  describe("layer", () => {
    it.effect("provides a token of the caller in the file, and renews it", () =>
      Effect.gen(function*() {
        const { path } = yield* written(bySdk)
        const token = (index: number) => Effect.succeed({ workloadAccessToken: secret(`token-${index}`) })
        yield* Effect.gen(function*() {
          const { get } = yield* WorkloadAccessToken.WorkloadAccessToken
          assert.strictEqual(Redacted.value(yield* get), "token-1")
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual(Redacted.value(yield* get), "token-2")
          const { calls } = yield* ScriptedPlanes.ScriptedPlanes
          same((yield* calls)[0]?.request, { workloadName: caller.name, userId: caller.user.userId })
        }).pipe(
          Effect.provide(LocalDevelopment.layer({ path, renewAfter: "5 minutes" })),
          Effect.provide(ScriptedPlanes.layer({ getWorkloadAccessTokenForUserId: [token(1), token(2)] }))
        )
      }))

    it.effect("provides a token that the service accepts", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const controlPlane = yield* ControlPlane.ControlPlane
        yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: secret("key-of-the-weather") })
        const { get } = yield* Effect.provide(
          WorkloadAccessToken.WorkloadAccessToken,
          LocalDevelopment.layer({ path, createMissing: true })
        )
        const { apiKey } = yield* (yield* DataPlane.DataPlane).getResourceApiKey({
          workloadIdentityToken: yield* get,
          resourceCredentialProviderName: "weather"
        })
        assert.strictEqual(Redacted.value(apiKey), "key-of-the-weather")
      }).pipe(Effect.provide(service)))
  })

  describe("in AgentCore Runtime (DOCKER_CONTAINER=1)", () => {
    const container = (value: string) => Effect.provide(variables({ DOCKER_CONTAINER: value }))

    it.effect("fails, and names the header that the invocation has to send", () =>
      Effect.gen(function*() {
        const { directory, path } = yield* temporary
        const options = { path, createMissing: true, workloadName: "mine", userId: "alice" }
        const error = yield* container("1")(Effect.flip(LocalDevelopment.load(options)))
        assert.strictEqual(error._tag, "MissingWorkloadAccessToken")
        assert.include(error.message, "X-Amzn-Bedrock-AgentCore-Runtime-User-Id")
        assert.deepStrictEqual(Fs.readdirSync(directory), [])
      }).pipe(Effect.provide(silent)))

    it.effect("builds the layer, and only its token is missing", () =>
      Effect.gen(function*() {
        const { path } = yield* temporary
        const { get } = yield* Effect.provide(
          WorkloadAccessToken.WorkloadAccessToken,
          LocalDevelopment.layer({ path, createMissing: true })
        )
        assert.strictEqual((yield* Effect.flip(get))._tag, "MissingWorkloadAccessToken")
      }).pipe(container("1"), Effect.provide(silent)))

    it.effect("ignores other values of DOCKER_CONTAINER", () =>
      Effect.gen(function*() {
        const { path } = yield* written(bySdk)
        assert.deepStrictEqual(yield* container("0")(LocalDevelopment.load({ path })), caller)
      }).pipe(Effect.provide(silent)))
  })
})

/** One iteration of the event loop, for the file system. */
const macrotask = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** Joins a fiber that waits for both the file system and the clock. */
const untilDone = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    while (fiber.pollUnsafe() === undefined) {
      // A fiber that has the lock needs real time.
      yield* TestClock.withLive(Effect.sleep("5 millis"))
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })
