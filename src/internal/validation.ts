/**
 * Checks of requests against the service model.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import { ValidationException, type ValidationExceptionField } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { memoize } from "./memoize.js"
import { fits } from "./validity.js"

const fieldName = (path: ReadonlyArray<PropertyKey>): string =>
  path.length === 0 ? "request" : path.map(String).join(".")

const wrongType = `${Constraint.prefix} have the type that the service model gives it`

// Only texts of `Constraint` are passed on: the formatter's own ones quote the value, which may be a secret.
const constraintOf = (issue: ParseResult.ArrayFormatterIssue): string =>
  issue.message.startsWith(Constraint.prefix)
    ? issue.message
    : issue._tag === "Missing"
    ? `${Constraint.prefix} not be null`
    : wrongType

// An optional member, or one of several shapes, is reported once for each shape that it could have had: the shape that fits best
// says more than "wrong type" of the others.
const isSaidBetter = (field: ValidationExceptionField, fields: ReadonlyArray<ValidationExceptionField>): boolean =>
  field.message === wrongType && fields.some((other) =>
    other !== field
    && (other.name === field.name ? other.message !== wrongType : other.name.startsWith(`${field.name}.`))
  )

// -----------------------------------------------------------------------------
// One of several shapes
// -----------------------------------------------------------------------------

type Issues = ReadonlyArray<ParseResult.ParseIssue>

const issuesOf = (issue: ParseResult.Composite): Issues =>
  Arr.isArray(issue.issues) ? issue.issues as Issues : [issue.issues as ParseResult.ParseIssue]

/** Also of several values, and of one that may be left out. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || ast._tag === "UndefinedKeyword" || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: ParseResult.ParseIssue): boolean =>
  (issue._tag === "Type" || issue._tag === "Composite") && isLiteral(issue.ast)

/** How far a value is from a shape: members that say that it is another one, members that are not there, members of neither. */
const distance = (
  issue: ParseResult.ParseIssue
): readonly [discriminators: number, missing: number, foreign: number] => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "TypeLiteral") return [Infinity, Infinity, Infinity]
  const known = new Set(issue.ast.propertySignatures.map(({ name }) => name))
  const members: object = Object(issue.actual)
  const inner = issuesOf(issue).map((member) => member._tag === "Pointer" ? member.issue : member)
  return [
    inner.filter(isOtherLiteral).length,
    // Not all of them are reported: what tells shapes apart is looked at first.
    issue.ast.propertySignatures.filter(({ isOptional, name }) => !isOptional && !Object.hasOwn(members, name)).length,
    Object.keys(members).filter((name) => !known.has(name)).length
  ]
}

const byDistance = Order.mapInput(Order.tuple(Order.number, Order.number, Order.number), distance)

/** The shapes that fit best: a request is read as what it was most likely meant to be. */
const closest = (issues: Issues): Issues => {
  if (!Arr.isNonEmptyReadonlyArray(issues)) return issues
  const best = Arr.min(issues, byDistance)
  return issues.filter((issue) => byDistance(issue, best) === 0)
}

/**
 * What is wrong with a value when it is read as the shape that fits best, wherever it may have several.
 *
 * @internal
 */
export const closestShape = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Composite": {
      const issues = issuesOf(issue)
      const kept = (issue.ast._tag === "Union" ? closest(issues) : issues).map(closestShape)
      return Arr.isNonEmptyReadonlyArray(kept)
        ? new ParseResult.Composite(issue.ast, issue.actual, kept, issue.output)
        : issue
    }
    case "Pointer":
      return new ParseResult.Pointer(issue.path, issue.actual, closestShape(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, issue.actual, issue.kind, closestShape(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(issue.ast, issue.actual, issue.kind, closestShape(issue.issue))
    default:
      return issue
  }
}

/** @internal */
export const validationException = (issue: ParseResult.ParseIssue): ValidationException => {
  // A request from outside may be wrong in many places: not each against each.
  const fields = [
    ...new Map(
      ParseResult.ArrayFormatter.formatIssueSync(closestShape(issue)).map((said) => {
        const field = { name: fieldName(said.path), message: constraintOf(said) }
        return [`${field.name}\n${field.message}`, field]
      })
    ).values()
  ]
  const fieldList = fields.filter((field) => !isSaidBetter(field, fields))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    message: `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`,
    reason: "FieldValidationFailed",
    fieldList
  })
}

const options = { errors: "all", onExcessProperty: "ignore" } as const

/**
 * Checks a request that a program made. One that fits is passed on as it is.
 *
 * @internal
 */
export const validate = <A, I>(
  schema: Schema.Schema<A, I>
): (request: unknown) => Either.Either<A, ValidationException> =>
  memoize(() => {
    const isRequest = fits(schema)
    const run = ParseResult.validateEither(schema, options)
    return (request) =>
      isRequest(request)
        ? Either.right(request)
        : Either.mapLeft(run(request), (issue) => validationException(issue))
  })

/**
 * Reads a request that came over the wire.
 *
 * @internal
 */
export const decode = <A, I>(
  schema: Schema.Schema<A, I>
): (request: unknown) => Either.Either<A, ValidationException> =>
  memoize(() => {
    const run = ParseResult.decodeUnknownEither(schema, options)
    return (request) => Either.mapLeft(run(request), (issue) => validationException(issue))
  })
