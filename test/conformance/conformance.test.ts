import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Folder from "../support/folder.js"
import { facts, ModelShape } from "../support/shape.js"
import * as Aws from "./aws.js"
import { sweep } from "./clients.js"
import * as Local from "./local.js"
import { type Result, runAll, runStatement } from "./run.js"
import { guess, model, NotApplicable, notes, reference, statement } from "./statement.js"
import { statements } from "./statements.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

const Limits = Schema.Struct({
  operations: Schema.Record(
    Schema.String,
    Schema.Struct({
      http: Schema.Struct({ method: Schema.String, requestUri: Schema.String, responseCode: Schema.Number }),
      input: ModelShape
    })
  )
})

/** The facts of the service models, one per line, as statements quote them. */
const modelFacts = (): ReadonlySet<string> => {
  const { operations } = Schema.decodeUnknownSync(Schema.fromJsonString(Limits))(
    readFileSync(join(root, "test/models/aws-limits.json"), "utf8")
  )
  return new Set(
    Object.entries(operations).flatMap(([name, { http, input }]) => [
      `${name}: ${http.method} ${http.requestUri} ${http.responseCode}`,
      ...facts(input, name).map(unescape)
    ])
  )
}

/** Escapes without effect are removed. */
const unescape = (pattern: string): string => pattern.replace(/\\([/.-])/g, "$1")

/** `Member: min 1, max 2` is two facts. */
const toFacts = (quote: string): ReadonlyArray<string> => {
  const at = quote.indexOf(": ")
  return quote.slice(at + 2).split(", ").map((fact) => `${quote.slice(0, at)}: ${unescape(fact)}`)
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ")

/** The comments of the AWS clients without their marks, and the types of their members. */
const clientComments = (): string =>
  ["bedrock-agentcore", "bedrock-agentcore-control", "sts"].flatMap((client) =>
    ["models", "commands"].flatMap((kind) => {
      const folder = join(root, `node_modules/@aws-sdk/client-${client}/dist-types/${kind}`)
      return readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"))
    })
  ).map((text) => oneLine(text.replace(/^\s*\/?\*+\/?/gm, "").replace(/<\/?[a-z]+>/g, ""))).join("\n")

describe("the statements", () => {
  it("have a unique id, a sentence, and a source or a reason to guess", () => {
    assert.strictEqual(new Set(statements.map(({ id }) => id)).size, statements.length)
    for (const { id, source, statement } of statements) {
      assert.match(id, /^[a-z0-9-]+(\.[\w-]+)+$/i)
      assert.isAbove(statement.split(" ").length, 4, id)
      assert.isTrue(source.quotes.length > 0 || source.guess !== undefined, id)
      if (source.guess !== undefined) assert.isAbove(source.guess.length, 8, id)
      for (const { document, text } of source.quotes) {
        assert.isTrue(
          [model, reference, ...Object.values(notes)].includes(document) || URL.canParse(document),
          `${id}: ${document}`
        )
        assert.isAbove(text.length, 8, id)
      }
    }
  })

  it("quote the service models as they are", () => {
    const known = modelFacts()
    const quoted = statements.flatMap(({ id, source }) =>
      source.quotes.flatMap(({ document, text }) =>
        document === model ? toFacts(text).map((fact) => `${id}: ${fact}`) : []
      )
    )
    assert.isAbove(quoted.length, 20)
    assert.deepStrictEqual(quoted.filter((line) => !known.has(line.slice(line.indexOf(": ") + 2))), [])
  })

  it("quote the comments of the AWS clients as they are", () => {
    const comments = clientComments()
    const quoted = statements.flatMap(({ id, source }) =>
      source.quotes.flatMap(({ document, text }) => document === reference ? [{ id, text }] : [])
    )
    assert.isAbove(quoted.length, 20)
    assert.deepStrictEqual(quoted.filter(({ text }) => !comments.includes(text)), [])
  })
})

/**
 * Runs the command with these environment variables and no others, and returns its output, its exit code and its
 * report.
 */
const command = (environment: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const folder = yield* Folder.temporary
    const report = join(folder, "report.json")
    return yield* Effect.callback<
      { readonly output: string; readonly code: number | null; readonly report: () => unknown }
    >(
      (resume) => {
        const child = spawn(process.execPath, ["test/conformance/run.mjs", "--report", report, ...args], {
          cwd: root,
          env: { PATH: process.env["PATH"], AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true", ...environment },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let output = ""
        child.stdout.on("data", (data) => output += data)
        child.stderr.on("data", (data) => output += data)
        child.on("error", (error) => resume(Effect.die(error)))
        child.on(
          "close",
          (code) => resume(Effect.succeed({ output, code, report: () => JSON.parse(readFileSync(report, "utf8")) }))
        )
        return Effect.sync(() => child.kill())
      }
    )
  })

describe("npm run conformance -- --aws", () => {
  it("requires a prefix for the names of its resources, and does not run in CI", () => {
    const prefix = Aws.variables.prefix
    assert.isUndefined(Aws.reasonNotToRun({ [prefix]: "try-a1" }))
    assert.include(Aws.reasonNotToRun({ [prefix]: "try-a1", CI: "true" }), "CI")
    for (const value of [undefined, "", "a", "Upper-case", "a b c d", "-hyphen", "a".repeat(41)]) {
      assert.include(Aws.reasonNotToRun({ [prefix]: value }), prefix)
    }
  })

  it.live("exits in CI before it sends a request", () =>
    Effect.gen(function*() {
      const { code, output } = yield* command({ CI: "true", [Aws.variables.prefix]: "try-a1" }, "--aws")
      assert.strictEqual(code, 1)
      assert.strictEqual(output, `${Aws.reasonNotToRun({ CI: "true" })}\n`)
    }))
})

describe("the local server", () => {
  // `layer` of `@effect/vitest` would also replace `it.effect` for later files of the process.
  const scope = Effect.runSync(Scope.make())
  let service: Local.Service
  beforeAll(async () => {
    service = await Effect.runPromise(Scope.provide(Local.make, scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  for (const statement of statements) {
    it(`${statement.id}: ${statement.statement}`, () =>
      runStatement(statement, service.recording, service.parts, Local.prefix))
  }

  for (const statement of statements) {
    it(`${statement.id}, by AwsPlanes.layerHttp`, () =>
      runStatement(statement, service.http, service.parts, Local.prefix))
  }

  it("contains no resources afterwards", async () => {
    assert.deepStrictEqual(await sweep(service.recording, Local.prefix), [])
  })

  it.live("is cleaned up after statements that fail, and the differences are reported", () =>
    Effect.gen(function*() {
      const { recording } = service
      const row = { source: guess("it is of this test"), statement: "A statement of this test" }
      const results = yield* Effect.promise(() =>
        runAll({
          statements: [
            statement({
              ...row,
              id: "wrong",
              run: async ({ control, name }) => {
                await control.createWorkloadIdentity({ name: name() })
                await control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" })
                throw new Error("the program fails")
              }
            }),
            statement({
              ...row,
              id: "absent",
              run: async () => {
                throw new NotApplicable("the account has none")
              }
            }),
            statement({ ...row, id: "needy", needs: ["gateway", "expire"], run: async () => {} }),
            statement({ ...row, id: "right", run: async () => {} })
          ],
          recording,
          parts: {},
          prefix: Local.prefix,
          reasons: Aws.reasons,
          onResult: () => {}
        })
      )
      assert.deepStrictEqual(results, [
        { ...row, id: "wrong", outcome: "differs", difference: "Error: the program fails" },
        { ...row, id: "absent", outcome: "skipped", reason: "the account has none" },
        { ...row, id: "needy", outcome: "skipped", reason: `${Aws.reasons.gateway}; ${Aws.reasons.expire}` },
        { ...row, id: "right", outcome: "holds" }
      ])
      assert.deepStrictEqual(yield* Effect.promise(() => sweep(recording, Local.prefix)), [])
    }))

  it.live("can be the account of the command, which skips statements that it cannot check there, and removes leftover resources", () =>
    Effect.gen(function*() {
      const { environment, recording } = service
      const prefix = "of-an-account"
      // An earlier run was killed.
      yield* Effect.promise(() => recording.control.createWorkloadIdentity({ name: `${prefix}-0123456789ab` }))
      const other = `${prefix}-production`
      yield* Effect.promise(() => recording.control.createWorkloadIdentity({ name: other }))
      const { code, output, report } = yield* command(
        { ...environment, [Aws.variables.prefix]: prefix },
        "--aws",
        "--only",
        "workload"
      )
      assert.strictEqual(code, 0, output)
      assert.include(output, "account 123456789012, us-west-2 (127.0.0.1), as arn:")
      assert.include(output, `- guessed    workload-token.service-linked: ${Aws.reasons.account}`)
      assert.match(output, /\d+ recorded by AWS, \d+ documented, \d+ guessed\n/)
      const { results } = report() as { readonly results: ReadonlyArray<Result> }
      assert.deepStrictEqual(
        results.map(({ id }) => id),
        statements.flatMap(({ id }) => id.includes("workload") ? [id] : [])
      )
      assert.deepStrictEqual(new Set(results.map(({ outcome }) => outcome)), new Set(["holds", "skipped"] as const))
      assert.deepStrictEqual(yield* Effect.promise(() => sweep(recording, prefix)), [])
      // It removes no resource of others, even if the name begins with the prefix.
      yield* Effect.promise(() => recording.control.getWorkloadIdentity({ name: other }))
      yield* Effect.promise(() => recording.removeCreated())
    }))
})
