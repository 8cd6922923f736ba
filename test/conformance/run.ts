/** Runs statements over a service, and reports which of them hold. */
import { AssertionError } from "node:assert/strict"
import type { Recording } from "./clients.js"
import { type Need, NotApplicable, type Parts, type Statement } from "./statement.js"

export type Outcome =
  | { readonly outcome: "holds" }
  | { readonly outcome: "differs"; readonly difference: string }
  | { readonly outcome: "skipped"; readonly reason: string }

export type Result = Pick<Statement, "id" | "source" | "statement"> & Outcome

export const toOutcome = (error: unknown): Outcome =>
  error instanceof NotApplicable
    ? { outcome: "skipped", reason: error.message }
    : {
      outcome: "differs",
      difference: error instanceof AssertionError || !(error instanceof Error)
        ? String(error)
        : `${error.name}: ${error.message}`
    }

/** Runs a statement, and removes what it created. */
export const runStatement = async (
  statement: Statement,
  recording: Recording,
  parts: Parts,
  prefix: string
): Promise<void> => {
  try {
    await statement.run(recording.world(prefix), parts)
  } finally {
    await recording.removeCreated()
  }
}

const isComplete = (parts: Partial<Parts>, needs: ReadonlyArray<Need>): parts is Parts =>
  needs.every((need) => parts[need] !== undefined)

export const runAll = async (options: {
  readonly statements: ReadonlyArray<Statement>
  readonly recording: Recording
  readonly parts: Partial<Parts>
  readonly prefix: string
  readonly reasons: { readonly [K in Need]: string }
  readonly onResult: (result: Result) => void
}): Promise<ReadonlyArray<Result>> => {
  const { parts, prefix, reasons, recording, statements } = options
  const results: Array<Result> = []
  for (const statement of statements) {
    const { id, needs, source, statement: text } = statement
    const missing = needs.filter((need) => parts[need] === undefined)
    const outcome: Outcome = isComplete(parts, needs)
      ? await runStatement(statement, recording, parts, prefix).then(() => ({ outcome: "holds" }), toOutcome)
      : { outcome: "skipped", reason: [...new Set(missing.map((need) => reasons[need]))].join("; ") }
    const result = { id, source, statement: text, ...outcome }
    results.push(result)
    options.onResult(result)
  }
  return results
}
