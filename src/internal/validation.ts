/**
 * Checks of requests against the service model.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type * as Schema from "effect/Schema"
import { ValidationException, type ValidationExceptionField } from "../IdentityError.js"
import * as Constraint from "./constraint.js"

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

/** @internal */
export const validationException = (operation: string, error: ParseResult.ParseError): ValidationException => {
  const fields = Arr.dedupeWith(
    ParseResult.ArrayFormatter.formatErrorSync(error).map((issue) => ({
      name: fieldName(issue.path),
      message: constraintOf(issue)
    })),
    (a, b) => a.name === b.name && a.message === b.message
  )
  const fieldList = fields.filter((field) => !isSaidBetter(field, fields))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    operation,
    message: `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`,
    reason: "FieldValidationFailed",
    fieldList
  })
}

const options = { errors: "all", onExcessProperty: "ignore" } as const

/**
 * Checks a request that a program made.
 *
 * @internal
 */
export const validate = <A, I>(
  operation: string,
  schema: Schema.Schema<A, I>
): (request: unknown) => Effect.Effect<A, ValidationException> => {
  const run = ParseResult.validateEither(schema, options)
  return (request) =>
    Effect.mapError(run(request), (issue) => validationException(operation, ParseResult.parseError(issue)))
}

/**
 * Reads a request that came over the wire.
 *
 * @internal
 */
export const decode = <A, I>(
  operation: string,
  schema: Schema.Schema<A, I>
): (request: unknown) => Effect.Effect<A, ValidationException> => {
  const run = ParseResult.decodeUnknownEither(schema, options)
  return (request) =>
    Effect.mapError(run(request), (issue) => validationException(operation, ParseResult.parseError(issue)))
}
