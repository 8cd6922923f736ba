/** `npx agentcore-identity setup`: applies a file to AgentCore Identity, at AWS or at endpoints of the environment. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import * as IdentitySetup from "../IdentitySetup.js"
import * as Plan from "../internal/identitySetup/plan.js"
import { Kind } from "../internal/identitySetup/setupModels.js"
import * as Messages from "../internal/messages.js"
import { readText } from "../local/internal/safeFile.js"
import * as Table from "./printTable.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

interface Settings {
  readonly file: string
  readonly region?: string | undefined
  readonly json?: boolean | undefined
  readonly rotateSecrets?: boolean | undefined
  readonly yes?: boolean | undefined
}

/** The exit code of `plan` if `apply` would change something. */
const changesPending = 2

const read = (file: string) => Effect.flatMap(readText(file), (text) => IdentitySetup.parse(text, { file }))

const isPending = ({ action }: IdentitySetup.Change): boolean => action !== "unchanged"

const signs = { create: "+", update: "~", unchanged: " " } as const

const toRow = (
  { action, kind, name }: Pick<IdentitySetup.Change, "action" | "kind" | "name">
) => [signs[action], kind, name, action]

const toText = (value: unknown): string => JSON.stringify(value) ?? ""

const toLines = ({ action, changes, notComparable, values }: IdentitySetup.Change): ReadonlyArray<string> => [
  ...values.map(({ after, before, member }) =>
    action === "create"
      ? `${member}: ${toText(after)}`
      : `${member}: ${before === undefined ? "not set" : toText(before)} -> ${toText(after)}`
  ),
  // Only secrets, and references to them, have no values.
  ...changes.flatMap((name) => values.some(({ member }) => member === name) ? [] : [`${name}: changed`]),
  ...notComparable.map((name) => `${name}: cannot be compared`)
]

/** Formats changes: a line for each resource, and one for each of its members. */
export const formatPlan = (changes: ReadonlyArray<IdentitySetup.Change>): string => {
  const lines = Table.align(changes.map(toRow))
  return changes.flatMap((change, index) => [
    lines[index],
    ...toLines(change).map((line) => `     ${Messages.escape(line)}`)
  ]).join("\n")
}

const describe = (changes: ReadonlyArray<IdentitySetup.Change>): string => {
  const count = (action: IdentitySetup.Change["action"]) => changes.filter((change) => change.action === action).length
  const summary = `${count("create")} to create, ${count("update")} to update, ${count("unchanged")} unchanged`
  return changes.length === 0 ? summary : `${formatPlan(changes)}\n\n${summary}`
}

/** Formats a change on one line, with the columns of a table of all resources. */
export const makeFormat = (setup: IdentitySetup.IdentitySetup) => {
  const resources = Kind.literals.flatMap((kind) =>
    (setup[kind] ?? []).map(({ name }) => toRow({ kind, name, action: "unchanged" }))
  )
  return (change: IdentitySetup.Change): string => {
    const { changes, notComparable } = change
    const unknown = notComparable.length === 0 ? [] : [`(not comparable: ${notComparable.join(", ")})`]
    return Table.align([[...toRow(change), [...changes, ...unknown].join(", ")], ...resources])[0] ?? ""
  }
}

const provideAws = <A, E, R>(self: Effect.Effect<A, E, R>, { region }: Settings) =>
  Effect.provide(self, AwsPlanes.layer({ region }))

export const plan = Effect.fnUntraced(function*(settings: Settings) {
  const setup = yield* read(settings.file)
  const target = yield* Target.find(settings.region)
  if (settings.json !== true) yield* Console.log(`${Target.format(target)}\n`)
  const changes = yield* IdentitySetup.plan(setup)
  const pending = changes.some(isPending)
  yield* settings.json === true ? Table.printJson({ target, pending, changes }) : Console.log(describe(changes))
  if (pending) process.exitCode = changesPending
}, provideAws)

const confirm = Effect.fnUntraced(function*(setup: IdentitySetup.IdentitySetup, rotateSecrets: boolean) {
  const changes = yield* IdentitySetup.plan(setup)
  yield* Console.log(`${describe(changes)}\n`)
  if (!changes.some(isPending) && !rotateSecrets) return
  const question = rotateSecrets ? "Apply these changes, and send all secrets?" : "Apply these changes?"
  if (!(yield* Terminal.confirm(question))) {
    return yield* new Terminal.Cancelled({ message: "Nothing was changed." })
  }
})

export const apply = Effect.fnUntraced(function*(settings: Settings) {
  const setup = yield* read(settings.file)
  yield* Console.log(`${Target.format(yield* Target.find(settings.region))}\n`)
  // A prompt needs a terminal.
  if (settings.yes !== true && Terminal.isInteractive()) yield* confirm(setup, settings.rotateSecrets === true)
  const format = makeFormat(setup)
  yield* Stream.runForEach(Plan.apply(setup, settings.rotateSecrets === true), (change) => Console.log(format(change)))
}, provideAws)
