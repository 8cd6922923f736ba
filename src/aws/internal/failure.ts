/**
 * What the AWS SDK rejects with, as an error of this package. Nothing that the service, or a proxy before it, can answer is
 * a defect, and nothing of a body is kept but the message of an exception, without the request's secrets.
 *
 * | what came back | error |
 * | --- | --- |
 * | an exception that the operation has in the model, by its name and not by its status | that exception |
 * | JSON (of STS: XML) under any other name, or without a name (`Unknown`), or no body at all | `UnknownServiceError` with name and status |
 * | anything else (a proxy's HTML, a truncated body), at any status | `TransportError` `undecodable` with the status |
 * | an answer that is not of the model | `TransportError` `undecodable` with the status |
 * | an answer that breaks off | `TransportError` `connection` |
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { TransportError, UnknownServiceError, type ValidationExceptionField } from "../../IdentityError.js"
import type { Exceptions } from "./exceptions.js"
import { redactorOf } from "./redaction.js"

const text = (value: unknown, member: string): string | undefined =>
  hasProperty(value, member) && typeof value[member] === "string" && value[member] !== "" ? value[member] : undefined

/** Where the SDK notes status and request id, on answers and on errors. */
const metadataOf = (
  value: unknown
): { readonly status: number | undefined; readonly requestId: string | undefined } => {
  const metadata = hasProperty(value, "$metadata") ? value.$metadata : undefined
  return {
    status: hasProperty(metadata, "httpStatusCode") && typeof metadata.httpStatusCode === "number"
      ? metadata.httpStatusCode
      : undefined,
    requestId: text(metadata, "requestId")
  }
}

// -----------------------------------------------------------------------------
// Exceptions
// -----------------------------------------------------------------------------

const fieldListOf = (
  error: unknown,
  redact: (text: string) => string
): ReadonlyArray<ValidationExceptionField> | undefined =>
  hasProperty(error, "fieldList") && Array.isArray(error.fieldList)
    ? error.fieldList.map((field: unknown) => ({
      name: redact(text(field, "name") ?? ""),
      message: redact(text(field, "message") ?? "")
    }))
    : undefined

const exception = <E>(
  operation: string,
  exceptions: Exceptions<E>,
  error: unknown,
  request: unknown
): E | UnknownServiceError => {
  const redact = redactorOf(request)
  const { requestId, status } = metadataOf(error)
  const name = text(error, "name") ?? "Unknown"
  const message = redact(text(error, "message") ?? "")
  const Exception = exceptions(name)
  if (Exception === undefined) {
    return new UnknownServiceError({ operation, message, requestId, code: redact(name), status })
  }
  const reason = text(error, "reason")
  return new Exception({
    operation,
    message,
    requestId,
    reason: reason === undefined ? undefined : redact(reason),
    fieldList: fieldListOf(error, redact)
  })
}

// -----------------------------------------------------------------------------
// No exception
// -----------------------------------------------------------------------------

const credentialErrors = new Set(["CredentialsProviderError", "TokenProviderError", "ProviderError"])

// The SDK throws these as bare errors, told apart by nothing else.
const credentialMessages = /^(Region is missing|Credential is missing|Resolved credential object is not valid)/

const kindOf = (error: unknown, status: number | undefined): TransportError["kind"] => {
  const code = text(error, "code")
  const name = text(error, "name")
  if (credentialErrors.has(name ?? "") || credentialMessages.test(text(error, "message") ?? "")) {
    return "credentials"
  }
  // The code first: the SDK renames a reset connection to TimeoutError.
  if (code === "ETIMEDOUT" || code === "ESOCKETTIMEDOUT") {
    return "timeout"
  }
  if (code !== undefined) {
    return code.startsWith("HPE_") ? "undecodable" : "connection"
  }
  if (name === "TimeoutError") {
    return "timeout"
  }
  return status === undefined ? "connection" : "undecodable"
}

const transport = (operation: string, error: unknown): TransportError => {
  const { requestId, status } = metadataOf(error)
  const kind = kindOf(error, status)
  return new TransportError({
    operation,
    kind,
    code: text(error, "code") ?? text(error, "name"),
    status,
    requestId,
    // What was answered is in `$response`, in the text of a SyntaxError, in the `rawPacket` of an HTTP parser's error.
    cause: kind === "undecodable" || hasProperty(error, "$response") ? undefined : Redacted.make(error)
  })
}

/**
 * A failure that names the error of the provider: an exception of STS or SSO that came up while it fetched credentials.
 */
const foreign = (operation: string, error: unknown): TransportError =>
  new TransportError({ operation, kind: "credentials", code: text(error, "name") })

/**
 * Whether an error is an exception of any AWS service: only those have `$fault`.
 */
const isException = hasProperty("$fault")

/**
 * Reads what a call was rejected with. `isOwn` tells exceptions of this service from those of the services that give
 * credentials.
 *
 * @internal
 */
export const failureOf = <E>(
  operation: string,
  exceptions: Exceptions<E>,
  isOwn: (error: unknown) => boolean
): (error: unknown, request: unknown) => E | UnknownServiceError | TransportError =>
(error, request) =>
  !isException(error)
    ? transport(operation, error)
    : isOwn(error)
    ? exception(operation, exceptions, error, request)
    : foreign(operation, error)

/**
 * A readable answer that is not one of the operation.
 *
 * @internal
 */
export const undecodable = (operation: string, output: unknown): TransportError =>
  new TransportError({ operation, kind: "undecodable", ...metadataOf(output) })

/**
 * The answer of a decoder, which takes anything, as a value or none: a decoder of dates throws on some.
 *
 * @internal
 */
export const decodeSafely = <A>(decode: (output: unknown) => Option.Option<A>, output: unknown): Option.Option<A> => {
  try {
    return decode(output)
  } catch {
    return Option.none()
  }
}
