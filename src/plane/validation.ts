/** Checks requests against the service model, and options against their schemas. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { dropNulls, isPlain } from "../models/internal/plainData.js"
import { closestIssues, describeIssue, maxIssues } from "./describeIssue.js"

/** In characters. A name can contain the key of a map, which has up to 256. */
const maxNameLength = 512

/** The maximum number of levels of a request. Requests of the service model have fewer than ten. */
export const maxLevels = 100

/** A member and the constraint that it violates. Without a constraint, its type is wrong. */
export interface Violation {
  readonly path: ReadonlyArray<PropertyKey>
  readonly constraint: string | undefined
}

/** The constraint of a missing member. */
export const missing = `${Constraint.prefix} not be null`

const messageOf = (annotations: { readonly message?: unknown } | undefined): string | undefined =>
  typeof annotations?.message === "string" ? annotations.message : undefined

/**
 * The leaves of an issue, with the messages of their schemas: those of the closest members of every union, and at most
 * 100 of a list or a map.
 */
const leavesOf = (issue: Issue.Issue, path: Violation["path"] = []): ReadonlyArray<Violation> => {
  const leaf = (constraint?: string) => [{ path, constraint }]
  const leaves = (issues: ReadonlyArray<Issue.Issue>) =>
    issues.slice(0, maxIssues).flatMap((inner) => leavesOf(inner, path))
  switch (issue._tag) {
    case "Pointer":
      return leavesOf(issue.issue, [...path, ...issue.path])
    case "Composite":
      return leaves(issue.issues)
    case "AnyOf": {
      const message = messageOf(issue.ast.annotations)
      const inner = message === undefined ? closestIssues(issue.issues) : []
      return inner.length === 0 ? leaf(message) : leaves(inner)
    }
    case "Filter": {
      const message = messageOf(issue.filter.annotations)
      return message === undefined ? leavesOf(issue.issue, path) : leaf(message)
    }
    case "Encoding":
      return leavesOf(issue.issue, path)
    case "InvalidType":
      return leaf(messageOf(issue.ast.annotations))
    case "InvalidValue":
      return leaf(messageOf(issue.annotations))
    case "MissingKey":
      return leaf(missing)
    default:
      return leaf()
  }
}

const keyOf = (path: ReadonlyArray<PropertyKey>): string => JSON.stringify(path.map(String))

/**
 * The violations in an issue, without duplicates, at most 100. A union reports one issue per member: a constraint, or a
 * violation inside a value, replaces the wrong type of that value.
 */
export const violations = (issue: Issue.Issue): ReadonlyArray<Violation> => {
  const found = new Map<string, Violation>()
  const specific = new Set<string>()
  for (const { constraint: message, path } of leavesOf(issue)) {
    // Other messages may quote values.
    const constraint = message?.startsWith(Constraint.prefix) === true ? message : undefined
    const key = keyOf(path)
    found.set(`${key}${constraint ?? ""}`, { path, constraint })
    if (constraint !== undefined) specific.add(key)
    path.forEach((_, length) => specific.add(keyOf(path.slice(0, length))))
  }
  return [...found.values()].filter(({ constraint, path }) => constraint !== undefined || !specific.has(keyOf(path)))
    .slice(0, maxIssues)
}

const wrongType = `${Constraint.prefix} have another type`

/** The name is truncated, because the key of a map from outside can have any length. */
const fieldName = (path: ReadonlyArray<PropertyKey>): string => {
  const name = path.length === 0 ? "request" : path.map(String).join(".")
  return name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength)}…`
}

/** Reads the value at the path of a violation. */
export const valueAt = (request: unknown, path: Violation["path"]): unknown =>
  path.reduce<unknown>((value, key) => Predicate.isObjectOrArray(value) ? Reflect.get(value, key) : undefined, request)

/** Finds the first value of a wrong type. A null in a list is a missing value. */
export const findWrongType = (violations: ReadonlyArray<Violation>, request: unknown) =>
  violations.filter(({ constraint }) => constraint === undefined)
    .map(({ path }) => ({ path, value: valueAt(request, path) }))
    .find(({ value }) => value !== undefined && value !== null)

/** The message of an exception for several violations. */
export const summarize = (details: ReadonlyArray<string>): string =>
  `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`

/** The exception for violations. A plane adds the operation. */
export const validationException = (violations: ReadonlyArray<Violation>, operation = ""): ValidationException => {
  const fieldList = violations.map(({ constraint = wrongType, path }) => ({
    name: fieldName(path),
    message: constraint
  }))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    operation,
    message: summarize(details),
    reason: "FieldValidationFailed",
    fieldList
  })
}

const objectsIn = (value: unknown): ReadonlyArray<object> =>
  Array.isArray(value) || isPlain(value) ? Object.values(value).filter((member) => typeof member === "object") : []

/**
 * Whether a value has too many levels. Parsers recurse into each level, and would overflow the stack. So this function
 * reads the value level by level. It reads an object once, even if the object contains itself.
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

/** Runs a parser on any value. A value that makes the parser throw is a violation too. */
const parse =
  <A>(run: (request: unknown) => Result.Result<A, Issue.Issue>) =>
  (request: unknown): Result.Result<A, ReadonlyArray<Violation>> => {
    if (isDeep(request)) return Result.fail([tooDeep])
    try {
      return Result.mapError(run(request), violations)
    } catch {
      // The parser converts discriminators of unions to strings, which throws for `{ toString: 1, valueOf: 1 }`.
      return Result.fail([unreadable])
    }
  }

/**
 * Checks a request of a program, and rejects unknown members. Returns a valid request itself: the parser would return a
 * copy.
 */
export const validate = <A, I>(
  schema: Schema.Codec<A, I>,
  operation?: string
): (request: unknown) => Result.Result<A, ValidationException> => {
  const run = Parser.decodeUnknownResult(Schema.toType(schema), {
    errors: "all",
    onExcessProperty: "error",
    // An explanation contains the type of a value.
    reportInput: true
  })
  const check = parse((request) => Result.mapError(run(request), describeIssue))
  return (request) =>
    Result.mapBoth(check(request), {
      onFailure: (found) => validationException(found, operation),
      onSuccess: () => request as A
    })
}

/**
 * Makes a function that checks options, and returns the exception of invalid ones. The first call makes the schema.
 * `row` is the operation that the options belong to.
 */
export const makeCheck = <A, I>(
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

/** Makes a layer from valid options. Invalid options are a defect, because no program can handle them. */
export const makeLayer = <Options, A, E, R>(
  check: (options: unknown) => ValidationException | undefined,
  options: Options,
  make: (options: Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => {
  const exception = check(options)
  return exception === undefined ? make(options) : Layer.unwrap(Effect.die(exception))
}

/** Decodes and checks a request from the wire. As at AWS, unknown members and nulls are ignored. */
export const decode = <A, I>(
  schema: Schema.Codec<A, I>
): (request: unknown) => Result.Result<A, ReadonlyArray<Violation>> => {
  const run = Parser.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "ignore" })
  return parse((request) => run(dropNulls(request)))
}
