/** The command behind `npm run conformance`. */
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as Aws from "./aws.js"
import { type Recording, sweep } from "./clients.js"
import * as Local from "./local.js"
import { type Result, runAll } from "./run.js"
import { bases, basisOf, countBases, type Parts, type Source, type Statement } from "./statement.js"
import { statements } from "./statements.js"

const usage = `npm run conformance                    the statements over the local server
npm run conformance -- --aws           over the account of the environment
npm run conformance -- --list          the statements and their sources

  --only <text>     the statements whose id contains a text
  --report <file>   the results as JSON`

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const signs = { holds: "✓", differs: "✗", skipped: "-" } as const

/** The column for the basis of a statement. */
const mark = (source: Source): string => basisOf(source).padEnd("documented".length)

const describe = ({ guess, quotes }: Source): ReadonlyArray<string> => [
  ...quotes.map(({ document, text }, index) =>
    `${document === quotes[index - 1]?.document ? "" : `    ${document}\n`}      "${text}"`
  ),
  ...guess === undefined ? [] : [`    guess: ${guess}`]
]

const printResult = (result: Result): void => {
  const { id, outcome, source, statement } = result
  print(`${signs[outcome]} ${mark(source)} ${id}${outcome === "skipped" ? `: ${result.reason}` : ""}`)
  if (outcome === "differs") print([`    ${statement}`, ...describe(source), `    ${result.difference}`].join("\n"))
}

const count = (results: ReadonlyArray<Result>): string =>
  (["holds", "differs", "skipped"] as const)
    .map((outcome) => `${results.filter((result) => result.outcome === outcome).length} ${outcome}`).join(", ")

const summarize = (results: ReadonlyArray<Result>): string =>
  [
    count(results),
    ...bases.map((basis) => `  ${basis}: ${count(results.filter(({ source }) => basisOf(source) === basis))}`),
    countBases(results)
  ].join("\n")

/** The versions of the clients, because the models change with them. */
const versions = (): Record<string, string> =>
  Object.fromEntries(
    ["client-bedrock-agentcore", "client-bedrock-agentcore-control", "client-sts"].map((name) => [
      `@aws-sdk/${name}`,
      JSON.parse(readFileSync(`node_modules/@aws-sdk/${name}/package.json`, "utf8")).version
    ])
  )

const run = async (options: {
  readonly selected: ReadonlyArray<Statement>
  readonly target: object
  readonly recording: Recording
  readonly parts: Partial<Parts>
  readonly prefix: string
  readonly report: string | undefined
}): Promise<boolean> => {
  const { parts, prefix, recording, report, selected, target } = options
  // This includes resources that a killed run has left.
  await sweep(recording, prefix)
  try {
    const results = await runAll({
      statements: selected,
      recording,
      parts,
      prefix,
      reasons: Aws.reasons,
      onResult: printResult
    })
    print(`\n${summarize(results)}`)
    if (report !== undefined) {
      writeFileSync(
        report,
        `${JSON.stringify({ at: new Date().toISOString(), target, clients: versions(), results }, null, 2)}\n`
      )
    }
    return results.every(({ outcome }) => outcome !== "differs")
  } finally {
    const left = await sweep(recording, prefix)
    if (left.length > 0) print(`removed: ${left.join(", ")}`)
  }
}

const runAws = async (selected: ReadonlyArray<Statement>, report: string | undefined): Promise<boolean> => {
  const obstacle = Aws.reasonNotToRun(process.env)
  if (obstacle !== undefined) {
    print(obstacle)
    return false
  }
  const prefix = process.env[Aws.variables.prefix] ?? ""
  const { parts, recording } = Aws.make(process.env)
  try {
    const { Account, Arn } = await recording.sts.getCallerIdentity({})
    const region = await recording.control.config.region()
    await recording.control.getTokenVault({})
    const { host } = recording.world(prefix).lastExchange()
    const target = { account: Account, caller: Arn, region, host }
    print(`account ${Account}, ${region} (${host}), as ${Arn}, names ${prefix}-…\n`)
    return await run({ selected, target, recording, parts, prefix, report })
  } finally {
    recording.close()
  }
}

const runLocal = (selected: ReadonlyArray<Statement>, report: string | undefined): Promise<boolean> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        Local.make,
        ({ parts, recording }) =>
          Effect.promise(() =>
            run({ selected, target: { service: "the local server" }, recording, parts, prefix: Local.prefix, report })
          )
      )
    )
  )

const { values } = parseArgs({
  options: {
    aws: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    report: { type: "string" }
  }
})
const selected = statements.filter(({ id }) => id.includes(values.only))
if (values.help) {
  print(usage)
} else if (values.list) {
  for (const { id, source, statement } of selected) print([id, `    ${statement}`, ...describe(source)].join("\n"))
} else {
  const run = values.aws ? runAws : runLocal
  process.exitCode = await run(selected, values.report).then((holds) => holds ? 0 : 1, (error: unknown) => {
    // Without credentials, or without a network.
    print(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    return 1
  })
}
