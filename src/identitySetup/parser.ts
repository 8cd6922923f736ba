/** Makes parsers of JSONC files from schemas. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Parser from "effect/SchemaParser"
import { toWords, type Violation } from "../models/internal/violation.js"
import { readViolations } from "../plane/validation.js"
import * as Jsonc from "./jsonc.js"
import type { SetupParseError } from "./setupModels.js"

const toProblem = (violation: Violation): Jsonc.Problem => ({
  // A key in JSON is never a symbol.
  path: violation.path as Jsonc.Path,
  reason: toWords(violation)
})

/** Whether a property with a wrong name explains another violation: a missing property, or a rule about its object. */
const explains = (violation: Violation, other: Violation): boolean => {
  if (violation.rule !== "name" || violation.suggestion === undefined) return false
  const object = violation.path.slice(0, -1)
  return Equal.equals(other.path, object)
    || other.rule === "missing" && Equal.equals(other.path, [...object, violation.suggestion])
}

/** Makes a parser. Its errors have the positions of the problems in the file. */
export const makeParser = <A, I>(schema: Schema.Codec<A, I>) => {
  const decode = (onExcessProperty: "error" | "ignore") => {
    // A violation contains the type of a value.
    const run = Parser.decodeUnknownResult(schema, { errors: "all", onExcessProperty, reportInput: true })
    return (value: unknown) => Result.mapError(run(value), readViolations)
  }
  const decodeAll = decode("error")
  const decodeKnown = decode("ignore")

  /** Rules about several properties run only without unknown properties. */
  const findProblems = (value: unknown, found: ReadonlyArray<Violation>): ReadonlyArray<Jsonc.Problem> => {
    const others = Result.match(decodeKnown(value), { onFailure: (violations) => violations, onSuccess: () => [] })
    const isNew = (other: Violation) => !found.some((one) => Equal.equals(one, other) || explains(one, other))
    return [...found, ...others.filter(isNew)].map(toProblem)
  }

  return (text: string, file: string): Effect.Effect<A, SetupParseError> =>
    Effect.gen(function*() {
      const document = yield* Jsonc.parse(text, file)
      return yield* Effect.mapError(
        Effect.fromResult(decodeAll(document.value)),
        (found) => document.toError(findProblems(document.value, found))
      )
    })
}
