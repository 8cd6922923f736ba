/** Checks of requests against the service model. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { leavesOf, maxIssues } from "../models/internal/issues.js"
import { dropNulls, isPlain } from "../models/internal/plainData.js"
import { describeIssue } from "./describeIssue.js"

/** The longest key of a map has 256 characters. */
const maxNameLength = 512

/** The most levels of a request. No request of the service model has ten. */
export const maxLevels = 100

/** What is wrong with a member. Without a constraint, its type is wrong. */
export interface Violation {
  readonly path: ReadonlyArray<PropertyKey>
  readonly constraint: string | undefined
}

/** The constraint of a missing member. */
export const missing = `${Constraint.prefix} not be null`

const keyOf = (path: ReadonlyArray<PropertyKey>): string => JSON.stringify(path.map(String))

/**
 * The violations behind an issue, without duplicates, at most 100. A union reports one issue per member: a constraint,
 * or a violation inside a value, says more than the wrong type of the value.
 */
export const violations = (issue: Issue.Issue): ReadonlyArray<Violation> => {
  const found = new Map<string, Violation>()
  const specific = new Set<string>()
  for (const { isMissing, message, path } of leavesOf(issue)) {
    // Only the messages of `Constraint` are safe.
    const constraint = isMissing ? missing : message?.startsWith(Constraint.prefix) === true ? message : undefined
    const key = keyOf(path)
    found.set(`${key}${constraint ?? ""}`, { path, constraint })
    if (constraint !== undefined) specific.add(key)
    path.forEach((_, length) => specific.add(keyOf(path.slice(0, length))))
  }
  return [...found.values()]
    .filter(({ constraint, path }) => constraint !== undefined || !specific.has(keyOf(path)))
    .slice(0, maxIssues)
}

const wrongType = `${Constraint.prefix} have the type that the service model gives it`

// A path has the keys of maps in it, which are as long as the request.
const fieldName = (path: ReadonlyArray<PropertyKey>): string => {
  const name = path.length === 0 ? "request" : path.map(String).join(".")
  return name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength)}…`
}

/** An exception about members of a request. A plane adds the operation. */
export const validationException = (violations: ReadonlyArray<Violation>, operation = ""): ValidationException => {
  const fieldList = violations.map(({ constraint = wrongType, path }) => ({
    name: fieldName(path),
    message: constraint
  }))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    operation,
    message: `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`,
    reason: "FieldValidationFailed",
    fieldList
  })
}

const objectsIn = (value: unknown): ReadonlyArray<object> =>
  Array.isArray(value) || isPlain(value) ? Object.values(value).filter((member) => typeof member === "object") : []

/**
 * Whether a value has more levels than a request may have. It goes through the value level by level: most functions
 * call themselves for each level, and a stack has an end. An object that a request of a program has twice, or that
 * contains itself, counts once.
 */
export const isDeep = (request: unknown): boolean => {
  const seen = new Set<unknown>()
  let level: ReadonlyArray<unknown> = [request]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxLevels) return true
    const next: Array<unknown> = []
    for (const value of level) {
      if (seen.has(value)) continue
      seen.add(value)
      for (const member of objectsIn(value)) next.push(member)
    }
    level = next
  }
  return false
}

const tooDeep = { path: [], constraint: `${Constraint.prefix} have at most ${maxLevels} levels` }
const unreadable = { path: [], constraint: undefined }

/** Runs a parser on any value, also on one that the parser cannot read. */
const parse =
  <A>(run: (request: unknown) => Result.Result<A, Issue.Issue>, operation?: string) =>
  (request: unknown): Result.Result<A, ValidationException> => {
    if (isDeep(request)) return Result.fail(validationException([tooDeep], operation))
    try {
      return Result.mapError(run(request), (issue) => validationException(violations(issue), operation))
    } catch {
      // The parser turns discriminators of unions into text. That throws for an object like
      // `{ toString: 1, valueOf: 1 }`.
      return Result.fail(validationException([unreadable], operation))
    }
  }

/**
 * Checks a request that a program made. A valid request is returned as it is. A member that the operation does not have
 * is refused.
 */
export const validate = <A, I>(
  schema: Schema.Codec<A, I>,
  operation?: string
): (request: unknown) => Result.Result<A, ValidationException> => {
  const run = Parser.decodeUnknownResult(Schema.toType(schema), {
    errors: "all",
    onExcessProperty: "error",
    // An explanation has the type of a value.
    reportInput: true
  })
  const check = parse((request) => Result.mapError(run(request), describeIssue), operation)
  // The schema returns a copy.
  return (request) => Result.map(check(request), () => request as A)
}

/**
 * Checks the options of a function. Returns the exception of invalid options. The schema is made for the first ones.
 * `row` is the operation that they are for.
 */
export const refuse = <A, I>(
  schema: () => Schema.Codec<A, I>,
  row: { readonly name: string }
): (options: unknown) => ValidationException | undefined => {
  let check: ReturnType<typeof validate> | undefined
  return (options) => {
    check ??= validate(schema(), row.name)
    const result = check(options)
    return Result.isFailure(result) ? result.failure : undefined
  }
}

/**
 * Makes a layer of checked options. The layer dies with the exception of invalid options: no program can do anything
 * about them while it runs.
 */
export const checkedLayer = <Options, A, E, R>(
  refuse: (options: unknown) => ValidationException | undefined,
  options: Options,
  make: (options: Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => {
  const refused = refuse(options)
  return refused === undefined ? make(options) : Layer.unwrap(Effect.die(refused))
}

/** Decodes a request that came over the wire, and checks it. As at AWS, unknown members and nulls are ignored. */
export const decode = <A, I>(
  schema: Schema.Codec<A, I>
): (request: unknown) => Result.Result<A, ValidationException> => {
  const run = Parser.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "ignore" })
  return parse((request) => run(dropNulls(request)))
}
