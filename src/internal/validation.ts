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
import { explain, issuesOf } from "./explanation.js"
import { memoize } from "./memoize.js"
import { validity } from "./validity.js"

const fieldName = (path: ReadonlyArray<PropertyKey>): string =>
  path.length === 0 ? "request" : path.map(String).join(".")

const wrongType = `${Constraint.prefix} have the type that the service model gives it`

// Only the messages of `Constraint` are safe. The formatter's own messages quote the value, which may be a secret.
const constraintOf = (issue: ParseResult.ArrayFormatterIssue): string =>
  issue.message.startsWith(Constraint.prefix)
    ? issue.message
    : issue._tag === "Missing"
    ? `${Constraint.prefix} not be null`
    : wrongType

// A union reports one issue per member. A constraint of the closest member says more than "wrong type" for the others.
const isRedundant = (field: ValidationExceptionField, fields: ReadonlyArray<ValidationExceptionField>): boolean =>
  field.message === wrongType && fields.some((other) =>
    other !== field
    && (other.name === field.name ? other.message !== wrongType : other.name.startsWith(`${field.name}.`))
  )

// -----------------------------------------------------------------------------
// Unions
// -----------------------------------------------------------------------------

type Issues = ReadonlyArray<ParseResult.ParseIssue>

/** Whether a type has literals only. An optional literal counts too. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || ast._tag === "UndefinedKeyword" || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: ParseResult.ParseIssue): boolean =>
  (issue._tag === "Type" || issue._tag === "Composite") && isLiteral(issue.ast)

/** How far a value is from a member of a union: literals of another one, missing members, unknown members. */
const distance = (
  issue: ParseResult.ParseIssue
): readonly [discriminators: number, missing: number, unknown: number] => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "TypeLiteral") return [Infinity, Infinity, Infinity]
  const known = new Set(issue.ast.propertySignatures.map(({ name }) => name))
  const members: object = Object(issue.actual)
  const inner = issuesOf(issue).map((member) => member._tag === "Pointer" ? member.issue : member)
  return [
    inner.filter(isOtherLiteral).length,
    // Counted here, because the parser reports only the issues of the discriminator, if it has one.
    issue.ast.propertySignatures.filter(({ isOptional, name }) => !isOptional && !Object.hasOwn(members, name)).length,
    Object.keys(members).filter((name) => !known.has(name)).length
  ]
}

const byDistance = Order.mapInput(Order.tuple(Order.number, Order.number, Order.number), distance)

/** The issues of the closest members: the request was most likely meant to be one of them. */
const closest = (issues: Issues): Issues => {
  if (!Arr.isNonEmptyReadonlyArray(issues)) return issues
  const least = Arr.min(issues, byDistance)
  return issues.filter((issue) => byDistance(issue, least) === 0)
}

/**
 * Keeps the issues of the closest member of every union.
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

/**
 * An exception about members of a request. A plane adds the operation.
 *
 * @internal
 */
export const fieldException = (
  fieldList: ReadonlyArray<ValidationExceptionField>,
  operation = ""
): ValidationException => {
  const details = fieldList.map(({ message, name }) => `Value at '${name}' failed to satisfy constraint: ${message}`)
  return new ValidationException({
    operation,
    message: `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`,
    reason: "FieldValidationFailed",
    fieldList
  })
}

const toException = (issue: ParseResult.ParseIssue, operation?: string): ValidationException => {
  // A map drops duplicates in linear time: a request over HTTP can have very many issues.
  const fields = [
    ...new Map(
      ParseResult.ArrayFormatter.formatIssueSync(issue).map((issue) => {
        const field = { name: fieldName(issue.path), message: constraintOf(issue) }
        return [`${field.name}\n${field.message}`, field]
      })
    ).values()
  ]
  return fieldException(fields.filter((field) => !isRedundant(field, fields)), operation)
}

/**
 * The exception of a value of a program that a schema refused.
 *
 * @internal
 */
export const validationException = (issue: ParseResult.ParseIssue): ValidationException =>
  toException(explain(closestShape(issue)))

/**
 * Checks a request that a program made. A valid request is returned as it is. A member that the operation does not have is refused.
 *
 * @internal
 */
export const validate = <A, I>(
  schema: Schema.Schema<A, I>,
  operation?: string
): (request: unknown) => Either.Either<A, ValidationException> =>
  memoize(() => {
    const isRequest = validity(schema)
    const run = ParseResult.validateEither(schema, { errors: "all", onExcessProperty: "error" })
    return (request) =>
      isRequest(request)
        ? Either.right(request)
        : Either.mapLeft(run(request), (issue) => toException(explain(closestShape(issue)), operation))
  })

/**
 * Checks the options of a function. Returns the exception of invalid options. `operation` is the AWS name of what they are for.
 *
 * @internal
 */
export const refuse = <A, I>(
  schema: Schema.Schema<A, I>,
  operation: string
): (options: unknown) => ValidationException | undefined => {
  const check = validate(schema, operation)
  return (options) => {
    const result = check(options)
    return Either.isLeft(result) ? result.left : undefined
  }
}

/**
 * Decodes a request that came over the wire, and checks it. As at AWS, unknown members are ignored.
 *
 * @internal
 */
export const decode = <A, I>(
  schema: Schema.Schema<A, I>
): (request: unknown) => Either.Either<A, ValidationException> =>
  memoize(() => {
    const run = ParseResult.decodeUnknownEither(schema, { errors: "all", onExcessProperty: "ignore" })
    return (request) => Either.mapLeft(run(request), (issue) => toException(closestShape(issue)))
  })
