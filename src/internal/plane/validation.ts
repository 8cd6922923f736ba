/** Checks requests against the service model, and options against their schemas. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import { ValidationException } from "../../IdentityError.js"
import { dropNulls, isDeep, maxLevels } from "../models/plainData.js"
import { type Path, toAwsSentence, type Violation } from "../models/violation.js"
import { readViolations } from "./issues.js"

/** In characters. A name can contain the key of a map, which has up to 256. */
const maxNameLength = 512

/** The name is truncated, because the key of a map from outside can have any length. */
const fieldName = (path: Path): string => {
  const name = path.length === 0 ? "request" : path.map(String).join(".")
  return name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength)}…`
}

export const valueAt = (request: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => Predicate.isObjectOrArray(value) ? Reflect.get(value, key) : undefined, request)

export const summarize = (details: ReadonlyArray<string>): string =>
  `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`

export const validationException = (violations: ReadonlyArray<Violation>, operation: string): ValidationException => {
  const fieldList = violations.map((violation) => ({
    name: fieldName(violation.path),
    message: toAwsSentence(violation)
  }))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    operation,
    message: summarize(details),
    reason: "FieldValidationFailed",
    fieldList
  })
}

/** The exception for a property. `expected` completes "must". */
export const invalidProperty = (operation: string, property: string, expected: string): ValidationException =>
  validationException([{ path: [property], rule: "limit", expected }], operation)

const tooDeep: Violation = { path: [], rule: "limit", expected: `have at most ${maxLevels} levels` }
const unreadable: Violation = { path: [], rule: "type" }

/** Runs a parser on any value. A value that makes the parser throw is a violation too. */
const parse = <A>(run: () => Result.Result<A, Issue.Issue>): Result.Result<A, ReadonlyArray<Violation>> => {
  try {
    return Result.mapError(run(), readViolations)
  } catch {
    // The parser converts discriminators of unions to strings, which throws for `{ toString: 1, valueOf: 1 }`.
    return Result.fail([unreadable])
  }
}

/** Makes a function that returns the violations of a program's value. Unknown properties are violations. */
export const findViolations = <A, I>(schema: Schema.Codec<A, I>): (value: unknown) => ReadonlyArray<Violation> => {
  const run = Parser.decodeUnknownResult(Schema.toType(schema), {
    errors: "all",
    onExcessProperty: "error",
    // A violation contains the type of a value.
    reportInput: true
  })
  return (value) =>
    Result.match(parse(() => run(value)), {
      // A valid value never has that many levels.
      onFailure: (violations) => isDeep(value) ? [tooDeep] : violations,
      onSuccess: () => []
    })
}

/** Checks a request of a program. Returns a valid request itself: the parser would return a copy. */
export const check = <A, I>(
  schema: Schema.Codec<A, I>,
  operation: string
): (request: unknown) => Result.Result<A, ValidationException> => {
  const find = findViolations(schema)
  return (request) => {
    const violations = find(request)
    return violations.length === 0
      ? Result.succeed(request as A)
      : Result.fail(validationException(violations, operation))
  }
}

/** Returns the exception of an invalid value. */
export type Check = (value: unknown) => ValidationException | undefined

/** Makes a function that checks an object. The first call makes the schema of its fields, which need no context. */
export const makeCheck = (operation: string, fields: () => Schema.Struct.Fields): Check => {
  let find: ReturnType<typeof findViolations> | undefined
  return (options) => {
    find ??= findViolations(Schema.Struct(fields()) as unknown as Schema.Codec<unknown>)
    const violations = find(options)
    return violations.length === 0 ? undefined : validationException(violations, operation)
  }
}

/** Makes a layer from valid options. Invalid options are a defect, because no program can handle them. */
export const makeLayer = <Options, A, E, R>(
  check: Check,
  options: Options,
  make: (options: Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => {
  const exception = check(options)
  return exception === undefined ? make(options) : Layer.unwrap(Effect.die(exception))
}

/** Whether the member of a request is a map. A test compares the names with the service model. */
export const isMap = (name: unknown): boolean =>
  /^(additional(Header|Payload)Claims|customParameters|tags)$/.test(String(name))

/**
 * Decodes and checks a request from the wire. As at AWS, members that are null are ignored. A null in a list or a map
 * has the wrong type. By default unknown members are ignored, too.
 */
export const decode = <A, I>(
  schema: Schema.Codec<A, I>,
  onExcessProperty: "ignore" | "error" = "ignore"
): (request: unknown) => Result.Result<A, ReadonlyArray<Violation>> => {
  const run = Parser.decodeUnknownResult(schema, {
    errors: "all",
    onExcessProperty,
    reportInput: onExcessProperty === "error"
  })
  const isMember = (path: Path): boolean => typeof path.at(-1) !== "number" && !isMap(path.at(-2))
  return (request) =>
    // The parser ignores unknown members, and `dropNulls` reads them.
    isDeep(request) ? Result.fail([tooDeep]) : Result.mapError(
      parse(() => run(dropNulls(request, isMap))),
      (violations) =>
        violations.map((violation): Violation =>
          violation.rule === "type" && isMember(violation.path) && Predicate.isNullish(valueAt(request, violation.path))
            ? { path: violation.path, rule: "missing" }
            : violation
        )
    )
}
