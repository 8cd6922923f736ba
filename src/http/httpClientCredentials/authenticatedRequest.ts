/** Sends a request with a credential, and handles a response that rejects it. */
import * as Effect from "effect/Effect"
import type * as HttpBody from "effect/http/HttpBody"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { CredentialRejected, InsufficientScope } from "../../IdentityError.js"
import * as BoundedStream from "../../internal/boundedStream.js"
import type { Attempt } from "../../internal/credentialHeader.js"
import { type Obtain, type Rejection, rejectionOf, renew, stepUp, type TokenOptions } from "../internal/rejection.js"

type Response = HttpClientResponse.HttpClientResponse
type Request = HttpClientRequest.HttpClientRequest

const isValue = (body: unknown): boolean =>
  typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob
  || body instanceof URLSearchParams || body instanceof FormData

/** Whether a body can be sent again. The first attempt may have consumed a stream. */
const isRepeatable = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Raw" ? isValue(body.body) : body._tag !== "Stream"

type Outcome<E> = Result.Result<Response, E>

/** With an inner `HttpClient.filterStatusOk`, the response is in an error. */
const responseOf = (outcome: Outcome<unknown>): Response | undefined =>
  Result.isSuccess(outcome)
    ? outcome.success
    : HttpClientError.isHttpClientError(outcome.failure) && outcome.failure.reason._tag === "StatusCodeError"
    ? outcome.failure.response
    : undefined

/** Bytes. */
const drainLimit = 128 * 1024

/**
 * Frees the connection of an unread response: reads its body if that is short and arrives within a second, and
 * otherwise drops the connection.
 */
const discard = (outcome: Outcome<unknown>): Effect.Effect<void> =>
  BoundedStream.read(responseOf(outcome)?.stream ?? Stream.empty, drainLimit).pipe(
    Effect.timeoutOption("1 second"),
    Effect.ignore
  )

interface Options extends Pick<TokenOptions, "provider" | "reauthenticate"> {
  readonly prefix: string
}

interface Sent<E> {
  readonly credential: Redacted.Redacted
  readonly outcome: Outcome<E>
  readonly rejection: Rejection | undefined
}

/** Sends a request with a credential. If the resource rejects the credential, sends it once more with a new one. */
const sendAuthenticated = <E, R, E1, R1>(
  { prefix, provider, reauthenticate }: Options,
  obtain: Obtain<E1, R1>,
  attempt: Attempt<E, R>,
  request: Request
) =>
(
  credential: Redacted.Redacted
): Effect.Effect<Sent<E | HttpClientError.HttpClientError>, E1 | CredentialRejected, R | R1> => {
  const send = (credential: Redacted.Redacted) =>
    Effect.map(Effect.result(attempt(Redacted.make(`${prefix}${Redacted.value(credential)}`))), (outcome) => {
      const response = responseOf(outcome)
      return { credential, outcome, rejection: response === undefined ? undefined : rejectionOf(response) }
    })
  return Effect.gen(function*() {
    const first = yield* send(credential)
    if (first.rejection?._tag !== "Rejected") return first
    yield* discard(first.outcome)
    const { status } = first.rejection
    const fresh = yield* renew(obtain, credential, { provider, reauthenticate }, status)
    if (!isRepeatable(request.body)) {
      return yield* new CredentialRejected({ provider, reason: "BodyNotRepeatable", status })
    }
    const second = yield* send(fresh)
    if (second.rejection?._tag !== "Rejected") return second
    yield* discard(second.outcome)
    return yield* new CredentialRejected({ provider, reason: "StillRejected", status: second.rejection.status })
  })
}

/** Sends a request with a credential that has no scopes. */
export const sendWithCredential = <E1, R1>(provider: string, prefix: string, obtain: Obtain<E1, R1>) =>
<E, R>(
  attempt: Attempt<E, R>,
  request: Request
): Effect.Effect<Response, E | E1 | HttpClientError.HttpClientError | CredentialRejected, R | R1> =>
  obtain(false).pipe(
    Effect.flatMap(sendAuthenticated({ provider, prefix, reauthenticate: false }, obtain, attempt, request)),
    Effect.flatMap(({ outcome }) => Effect.fromResult(outcome))
  )

/** Sends a request with an access token. */
export const sendWithAccessToken = <E1, R1>(
  options: TokenOptions,
  obtain: (scopes: ReadonlyArray<string>) => Obtain<E1, R1>
) =>
<E, R>(attempt: Attempt<E, R>, request: Request): Effect.Effect<
  Response,
  E | E1 | HttpClientError.HttpClientError | CredentialRejected | InsufficientScope,
  R | R1
> =>
  Effect.gen(function*() {
    const { provider, scopes } = options
    const send = (requested: ReadonlyArray<string>, token: Redacted.Redacted) =>
      Effect.gen(function*() {
        const sent = yield* sendAuthenticated({ ...options, prefix: "Bearer " }, obtain(requested), attempt, request)(
          token
        )
        if (sent.rejection?._tag !== "InsufficientScope") return { ...sent, error: undefined }
        yield* discard(sent.outcome)
        return { ...sent, error: new InsufficientScope({ provider, required: sent.rejection.required, requested }) }
      })
    const first = yield* send(scopes, yield* obtain(scopes)(false))
    if (first.error === undefined) return yield* Effect.fromResult(first.outcome)
    if (!isRepeatable(request.body)) return yield* first.error
    const more = yield* stepUp(options, obtain, first.credential, first.error.required)
    const second = yield* send(more.scopes, more.token)
    return yield* second.error ?? Effect.fromResult(second.outcome)
  })
