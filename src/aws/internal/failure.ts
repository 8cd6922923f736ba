/**
 * Maps the rejections of the AWS SDK to errors of this package. No response of the service, or of a proxy before it, is
 * a defect. An error keeps only the message of an exception from the body, without the request's secrets. Names and
 * messages that are longer than those of AWS are cut.
 *
 * | response | error |
 * | --- | --- |
 * | an exception that the operation has in the model, by its name and not by its status | that exception |
 * | JSON (of STS: XML) under any other name, or without a name (`Unknown`), or no body at all | `UnknownServiceError` with name and status |
 * | anything else (a proxy's HTML, a truncated body), at any status | `TransportError` `undecodable` with the status |
 * | a response that does not match the model | `TransportError` `undecodable` with the status |
 * | more than 8 MB | `TransportError` `undecodable` with the status |
 * | an incomplete response | `TransportError` `connection` |
 * | nothing within the time limit | `TransportError` `timeout` |
 * | a change of the protocol (101) | `TransportError` `connection`, or `timeout` over the SDK, which waits |
 */
import * as Data from "effect/Data"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { type TransportError, UnknownServiceError, type ValidationException } from "../../IdentityError.js"
import { truncateName } from "../../internal/messages.js"
import type * as Rows from "../../internal/plane/operation.js"
import { makeRedactor } from "../../internal/redactor.js"

/** An operation with any request and response. */
export interface Row<E> extends Rows.Any {
  readonly errors: ReadonlyArray<Rows.ExceptionClass<E>>
}

/** A call without a readable response. The adapter adds operation and target, in a `TransportError`. */
export class NoResponse extends Data.TaggedError("NoResponse")<
  Pick<TransportError, "kind" | "code" | "status" | "requestId" | "packageName"> & {
    readonly cause?: Redacted.Redacted<unknown> | undefined
  }
> {}

/** The maximum size of a decompressed response, in bytes. AWS documents no limit. Pages have a few hundred kB. */
export const maxBytes = 8_000_000

const timeoutCodes: ReadonlySet<string | undefined> = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT"
])

/** The kind of error for Node's code of a lost request. */
export const kindOfCode = (code: string | undefined): TransportError["kind"] => {
  if (timeoutCodes.has(code)) return "timeout"
  return code === "BodyTooLarge" || code?.startsWith("HPE_") === true ? "undecodable" : "connection"
}

/** The SDK lists the names of the header in this order. */
const requestIdHeaders = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]

export const requestIdOf = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  requestIdHeaders.map((name) => headers[name]).find((id) => id !== undefined)

/** Characters. Messages of AWS are shorter. */
const maxMessage = 8192

const maxFields = 100

const maxFieldLength = 1024

const stringOf = (value: unknown, name: string): string | undefined =>
  hasProperty(value, name) && typeof value[name] === "string" && value[name] !== "" ? value[name] : undefined

/** A name or a code. It is cut, because it may come from a proxy. */
const nameOf = (value: unknown, property: string): string | undefined => {
  const name = stringOf(value, property)
  return name === undefined ? undefined : truncateName(name)
}

/** The form of AWS's request ids. Another string may come from a proxy, and quote a secret. */
const requestIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Returns the status and the request id that the SDK has added to a response or an error. */
export const metadataOf = (
  value: unknown
): { readonly status: number | undefined; readonly requestId: string | undefined } => {
  const metadata = hasProperty(value, "$metadata") ? value.$metadata : undefined
  const requestId = stringOf(metadata, "requestId")
  return {
    status: hasProperty(metadata, "httpStatusCode") && typeof metadata.httpStatusCode === "number"
      ? metadata.httpStatusCode
      : undefined,
    requestId: requestId !== undefined && requestIdForm.test(requestId) ? requestId : undefined
  }
}

const fieldListOf = (
  error: unknown,
  redact: (value: string, limit: number) => string
): ValidationException["fieldList"] =>
  hasProperty(error, "fieldList") && Array.isArray(error.fieldList)
    ? error.fieldList.slice(0, maxFields).map((field: unknown) => ({
      name: redact(stringOf(field, "name") ?? "", maxFieldLength),
      message: redact(stringOf(field, "message") ?? "", maxFieldLength)
    }))
    : undefined

/** How to read the exceptions of a client. */
export interface Exceptions {
  /** Whether the exception comes from this service. A service that issues credentials has other exceptions. */
  readonly isOwn: (error: unknown) => boolean
  /** The usual names of exceptions, by the service's own names. */
  readonly exceptionNames?: Readonly<Record<string, string>> | undefined
}

/** The usual names of the exceptions of STS, by those of the AWS Query protocol. */
export const stsExceptionNames: Exceptions["exceptionNames"] = {
  ValidationError: "ValidationException",
  AccessDenied: "AccessDeniedException",
  Throttling: "ThrottlingException",
  InternalFailure: "InternalServerException"
}

/** Maps an exception of the service. `error` has the properties of an exception of the SDK. */
export const exception = <E>(
  { exceptionNames = {} }: Pick<Exceptions, "exceptionNames">,
  { errors, name: operation }: Row<E>,
  error: unknown,
  request: unknown
): E | UnknownServiceError => {
  const redact = redactorOf(request)
  const { requestId, status } = metadataOf(error)
  const code = nameOf(error, "name") ?? "Unknown"
  const message = redact(stringOf(error, "message") ?? "", maxMessage)
  const name = Object.hasOwn(exceptionNames, code) ? exceptionNames[code] : code
  const Exception = errors.find(({ _tag }) => _tag === name)
  if (Exception === undefined) {
    return new UnknownServiceError({ operation, message, requestId, code: redact(code, maxMessage), status })
  }
  const reason = nameOf(error, "reason")
  return new Exception({
    operation,
    message,
    requestId,
    reason: reason === undefined ? undefined : redact(reason, maxMessage),
    fieldList: fieldListOf(error, redact)
  })
}

const credentialErrors = new Set(["CredentialsProviderError", "TokenProviderError", "ProviderError"])

// The SDK throws these as plain errors, so only their messages identify them.
const credentialMessages = /^(Region is missing|Credential is missing|Resolved credential object is not valid)/

const kindOf = (error: unknown, status: number | undefined): TransportError["kind"] => {
  const code = stringOf(error, "code")
  const name = stringOf(error, "name")
  if (credentialErrors.has(name ?? "") || credentialMessages.test(stringOf(error, "message") ?? "")) {
    return "credentials"
  }
  // The code comes first, because the SDK names a reset connection TimeoutError.
  if (code !== undefined) return kindOfCode(code)
  if (name === "TimeoutError") return "timeout"
  return status === undefined ? "connection" : "undecodable"
}

const noResponse = (error: unknown): NoResponse => {
  const { requestId, status } = metadataOf(error)
  const kind = kindOf(error, status)
  return new NoResponse({
    kind,
    code: nameOf(error, "code") ?? nameOf(error, "name"),
    status,
    requestId,
    // `$response`, the message of a SyntaxError and the `rawPacket` of a parser's error can contain the response.
    cause: kind === "undecodable" || status !== undefined || hasProperty(error, "$response")
      ? undefined
      : Redacted.make(error)
  })
}

/** The name of an exception of an AWS service. Only these have `$fault`. */
export const exceptionNameOf = (error: unknown): string | undefined =>
  hasProperty(error, "$fault") ? nameOf(error, "name") : undefined

export const fromRejection = <E>(
  exceptions: Exceptions,
  row: Row<E>,
  error: unknown,
  request: unknown
): E | UnknownServiceError | NoResponse => {
  if (error instanceof NoResponse) return error
  if (!hasProperty(error, "$fault")) return noResponse(error)
  if (exceptions.isOwn(error)) return exception(exceptions, row, error, request)
  // An exception of STS or SSO, thrown while the SDK fetched credentials.
  return new NoResponse({ kind: "credentials", code: exceptionNameOf(error) })
}

/** The error for a response that does not match the operation. */
export const undecodable = (output: unknown): NoResponse =>
  new NoResponse({ kind: "undecodable", ...metadataOf(output) })

/** Shorter values are not removed, because they occur as ordinary words. */
const shortest = 4

const collectSecrets = (value: unknown): ReadonlyArray<string> => {
  if (!Redacted.isRedacted(value)) {
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(collectSecrets) : []
  }
  const secret = Redacted.value(value)
  return typeof secret === "string" && secret.length >= shortest ? [secret] : []
}

/** Removes the secrets of a request. */
export const redactorOf = (request: unknown): ReturnType<typeof makeRedactor> => makeRedactor(collectSecrets(request))
