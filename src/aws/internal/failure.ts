/**
 * Maps the rejections of the AWS SDK to errors of this package. No answer of the service, or of a proxy before it, is a defect. An error keeps
 * the message of an exception, without the request's secrets, and nothing else of a body. Names and messages are cut where they are longer
 * than AWS sends them.
 *
 * | answer | error |
 * | --- | --- |
 * | an exception that the operation has in the model, by its name and not by its status | that exception |
 * | JSON (of STS: XML) under any other name, or without a name (`Unknown`), or no body at all | `UnknownServiceError` with name and status |
 * | anything else (a proxy's HTML, a truncated body), at any status | `TransportError` `undecodable` with the status |
 * | an answer that is not of the model | `TransportError` `undecodable` with the status |
 * | more than 8 MB | `TransportError` `undecodable` with the status |
 * | an incomplete answer | `TransportError` `connection` |
 * | nothing within the time limit | `TransportError` `timeout` |
 */
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { TransportError, UnknownServiceError, type ValidationExceptionField } from "../../IdentityError.js"
import { cutName } from "../../internal/errorCode.js"
import type { ExceptionClass } from "../../Operation.js"
import { redactorOf } from "./redaction.js"

/**
 * The size of a response after decompression, in bytes. A guess: AWS documents no limit, and the largest pages have a few hundred kB.
 */
export const maxBytes = 8_000_000

/** Whether a code is one of a response that cannot be read: it is not HTTP, or too large. */
export const isUndecodable = (code: string | undefined): boolean =>
  code === "BodyTooLarge" || code?.startsWith("HPE_") === true

/** The SDK lists the names of the header in this order. */
const requestIdHeaders = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]

/** The id that the service gave the request. */
export const requestIdOf = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  requestIdHeaders.map((name) => headers[name]).find((id) => id !== undefined)

/** In characters. A service of AWS sends less. */
const maxMessage = 8192

const maxFields = 100

const maxFieldText = 1024

const text = (value: unknown, member: string): string | undefined =>
  hasProperty(value, member) && typeof value[member] === "string" && value[member] !== "" ? value[member] : undefined

/** A name, a code or an id, which can come from a proxy. */
const nameOf = (value: unknown, member: string): string | undefined => {
  const name = text(value, member)
  return name === undefined ? undefined : cutName(name)
}

/** The SDK adds status and request id to answers and to errors. */
const metadataOf = (
  value: unknown
): { readonly status: number | undefined; readonly requestId: string | undefined } => {
  const metadata = hasProperty(value, "$metadata") ? value.$metadata : undefined
  return {
    status: hasProperty(metadata, "httpStatusCode") && typeof metadata.httpStatusCode === "number"
      ? metadata.httpStatusCode
      : undefined,
    requestId: nameOf(metadata, "requestId")
  }
}

// -----------------------------------------------------------------------------
// Exceptions
// -----------------------------------------------------------------------------

const fieldListOf = (
  error: unknown,
  redact: (text: string, limit: number) => string
): ReadonlyArray<ValidationExceptionField> | undefined =>
  hasProperty(error, "fieldList") && Array.isArray(error.fieldList)
    ? error.fieldList.slice(0, maxFields).map((field: unknown) => ({
      name: redact(text(field, "name") ?? "", maxFieldText),
      message: redact(text(field, "message") ?? "", maxFieldText)
    }))
    : undefined

/** How the exceptions of a client are read. */
export interface Exceptions {
  /** Recognizes the exceptions of this service. Credentials can come from another one, with exceptions of its own. */
  readonly isOwn: (error: unknown) => boolean
  /** The usual names of exceptions, by the service's own names. */
  readonly exceptionNames?: Readonly<Record<string, string>> | undefined
}

/** Maps an exception of the service. `error` has the members of an exception of the SDK. */
export const exception = <E>(
  { exceptionNames = {} }: Pick<Exceptions, "exceptionNames">,
  classes: ReadonlyArray<ExceptionClass<E>>,
  error: unknown,
  request: unknown
): E | UnknownServiceError => {
  const redact = redactorOf(request)
  const { requestId, status } = metadataOf(error)
  const code = nameOf(error, "name") ?? "Unknown"
  const message = redact(text(error, "message") ?? "", maxMessage)
  const name = Object.hasOwn(exceptionNames, code) ? exceptionNames[code] : code
  const Exception = classes.find(({ _tag }) => _tag === name)
  if (Exception === undefined) {
    return new UnknownServiceError({ message, requestId, code: redact(code, maxMessage), status })
  }
  const reason = nameOf(error, "reason")
  return new Exception({
    message,
    requestId,
    reason: reason === undefined ? undefined : redact(reason, maxMessage),
    fieldList: fieldListOf(error, redact)
  })
}

// -----------------------------------------------------------------------------
// Calls without an exception
// -----------------------------------------------------------------------------

const credentialErrors = new Set(["CredentialsProviderError", "TokenProviderError", "ProviderError"])

// The SDK throws these as plain errors. Only the message tells them apart.
const credentialMessages = /^(Region is missing|Credential is missing|Resolved credential object is not valid)/

const kindOf = (error: unknown, status: number | undefined): TransportError["kind"] => {
  const code = text(error, "code")
  const name = text(error, "name")
  if (credentialErrors.has(name ?? "") || credentialMessages.test(text(error, "message") ?? "")) {
    return "credentials"
  }
  // The code comes first, because the SDK names a reset connection TimeoutError.
  if (code === "ETIMEDOUT" || code === "ESOCKETTIMEDOUT") {
    return "timeout"
  }
  if (code !== undefined) {
    return isUndecodable(code) ? "undecodable" : "connection"
  }
  if (name === "TimeoutError") {
    return "timeout"
  }
  return status === undefined ? "connection" : "undecodable"
}

const transport = (error: unknown): TransportError => {
  const { requestId, status } = metadataOf(error)
  const kind = kindOf(error, status)
  return new TransportError({
    kind,
    code: nameOf(error, "code") ?? nameOf(error, "name"),
    status,
    requestId,
    // The answer can be in `$response`, in the text of a SyntaxError, and in the `rawPacket` of an HTTP parser's error.
    cause: kind === "undecodable" || status !== undefined || hasProperty(error, "$response")
      ? undefined
      : Redacted.make(error)
  })
}

/** An exception of STS or SSO, which came up while the SDK fetched credentials. Its name is kept. */
const foreign = (error: unknown): TransportError =>
  new TransportError({ kind: "credentials", code: nameOf(error, "name") })

/** Exceptions of AWS services, and nothing else, have `$fault`. */
const isException = hasProperty("$fault")

/** Maps the rejection of a call. `classes` are the exceptions of the operation. */
export const fromRejection = <E>(
  exceptions: Exceptions,
  classes: ReadonlyArray<ExceptionClass<E>>,
  error: unknown,
  request: unknown
): E | UnknownServiceError | TransportError =>
  error instanceof TransportError
    ? error
    : !isException(error)
    ? transport(error)
    : exceptions.isOwn(error)
    ? exception(exceptions, classes, error, request)
    : foreign(error)

/** An answer that the SDK can read, and the operation does not have. */
export const undecodable = (output: unknown): TransportError =>
  new TransportError({ kind: "undecodable", ...metadataOf(output) })

/** Decodes an answer. A decoder throws on some dates. */
export const decodeSafely = <A>(decode: (output: unknown) => Option.Option<A>, output: unknown): Option.Option<A> => {
  try {
    return decode(output)
  } catch {
    return Option.none()
  }
}
