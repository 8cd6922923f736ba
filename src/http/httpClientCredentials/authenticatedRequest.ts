/** Sends a request with a credential, and handles a response that rejects it. */
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type * as HttpBody from "effect/http/HttpBody"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { renewCredential } from "../../identity/retries.js"
import { CredentialRejected, InsufficientScope, isIdentityError } from "../../IdentityError.js"
import type { Attempt } from "../../internal/credentialHeader.js"

type Response = HttpClientResponse.HttpClientResponse
type Request = HttpClientRequest.HttpClientRequest

// The challenges of RFC 9110, and the error codes of RFC 6750.

interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case. If a name occurs twice, the first value counts. */
  readonly parameters: ReadonlyMap<string, string>
}

const separators = /[\s,]*/y
const token = /[!#$%&'*+\-.^_`|~\w]+/y
const assignment = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\[^])*)"/y
// A single value of the scheme instead of parameters, as in `Negotiate YII=`. It ends the challenge.
const token68 = /[ \t]+[\w\-.~+/]+=*(?=[ \t]*(?:,|$))/y

/**
 * The challenges of a `WWW-Authenticate` header, which may be several headers joined by commas. Everything after a
 * syntax error is ignored.
 */
export const parseChallenges = (header: string): ReadonlyArray<Challenge> => {
  const challenges: Array<Challenge & { readonly parameters: Map<string, string> }> = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (;;) {
    take(separators)
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) return challenges
    const parameters = challenges.at(-1)?.parameters
    if (parameters !== undefined && take(assignment) !== null) {
      const value = take(quoted)?.[1]?.replace(/\\([^])/g, "$1") ?? take(token)?.[0]
      if (value === undefined) return challenges
      if (!parameters.has(name)) parameters.set(name, value)
    } else {
      challenges.push({ scheme: name, parameters: new Map() })
      take(token68)
    }
  }
}

/**
 * - `Rejected`: the resource does not accept the credential; another one may work
 * - `InsufficientScope`: a token needs more scopes; `required` is empty if the resource does not name them
 */
export type Rejection =
  | { readonly _tag: "Rejected"; readonly status: number }
  | { readonly _tag: "InsufficientScope"; readonly required: ReadonlyArray<string> }

/** The schemes with the error codes of RFC 6750; DPoP uses them too (RFC 9449). */
const schemes: ReadonlySet<string> = new Set(["bearer", "dpop"])

/** Why a response rejects the credential, if it does: by status 401, or by the error code of a challenge. */
export const rejectionOf = ({ headers, status }: {
  readonly headers: Headers.Headers
  readonly status: number
}): Rejection | undefined => {
  if (status < 400 || status > 499) return undefined
  const challenges = parseChallenges(headers["www-authenticate"] ?? "").filter(({ scheme }) => schemes.has(scheme))
  const withError = (error: string) => challenges.find(({ parameters }) => parameters.get("error") === error)
  const insufficient = withError("insufficient_scope")
  return insufficient !== undefined
    ? {
      _tag: "InsufficientScope",
      required: (insufficient.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "")
    }
    : status === 401 || withError("invalid_token") !== undefined
    ? { _tag: "Rejected", status }
    : undefined
}

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

/** In bytes. Reading a longer body costs more than a new connection. */
const drainLimit = 128 * 1024

/**
 * Frees the connection of an unread response: reads its body if that is short and arrives within a second, and
 * otherwise drops the connection.
 */
const discard = (outcome: Outcome<unknown>): Effect.Effect<void> =>
  (responseOf(outcome)?.stream ?? Stream.empty).pipe(
    Stream.mapAccum(() => 0, (size, chunk) => [size + chunk.length, [size + chunk.length]]),
    Stream.takeUntil((size) => size > drainLimit),
    Stream.runDrain,
    Effect.timeoutOption("1 second"),
    Effect.ignore
  )

/** Obtains a credential. */
export type Obtain<E, R> = (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>

export interface Options {
  readonly provider: string
  /** The prefix of the credential in the header. */
  readonly prefix: string
  readonly reauthenticate: boolean
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
    const fresh = yield* renewCredential(obtain, credential, { reauthenticate })
    if (Option.isNone(fresh)) return yield* new CredentialRejected({ provider, reason: "Unchanged", status })
    if (!isRepeatable(request.body)) {
      return yield* new CredentialRejected({ provider, reason: "BodyNotRepeatable", status })
    }
    const second = yield* send(fresh.value)
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

export interface TokenOptions extends Options {
  readonly scopes: ReadonlyArray<string>
  /** Whether to request the scopes that the resource misses, once. */
  readonly stepUp: boolean
  /** The scopes that a step-up may request, besides `scopes`. Undefined: all. */
  readonly maxScopes: ReadonlyArray<string> | undefined
}

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
    const { maxScopes, provider, reauthenticate, scopes, stepUp } = options
    // A string in the place of the list allows no scope.
    const allowed = maxScopes && new Set(maxScopes)
    const send = (requested: ReadonlyArray<string>, token: Redacted.Redacted) =>
      Effect.gen(function*() {
        const sent = yield* sendAuthenticated(options, obtain(requested), attempt, request)(token)
        if (sent.rejection?._tag !== "InsufficientScope") return { ...sent, error: undefined }
        yield* discard(sent.outcome)
        return { ...sent, error: new InsufficientScope({ provider, required: sent.rejection.required, requested }) }
      })
    const first = yield* send(scopes, yield* obtain(scopes)(false))
    if (first.error === undefined) return yield* Effect.fromResult(first.outcome)
    const missing = first.error.required.filter((scope) => !scopes.includes(scope))
    // With only some of the missing scopes, the user would consent and the resource would still reject the token.
    const isAllowed = missing.length > 0 && missing.every((scope) => allowed?.has(scope) ?? true)
    if (!stepUp || !isAllowed || !isRepeatable(request.body)) return yield* first.error
    const union = [...scopes, ...missing]
    const more = yield* renewCredential(obtain(union), first.credential, { reauthenticate }).pipe(
      // The authorization server does not know these scopes. `InsufficientScope` tells the program which ones.
      Effect.catchIf(
        (error) => isIdentityError(error) && error._tag === "ValidationException",
        () => Effect.succeedNone
      )
    )
    if (Option.isNone(more)) return yield* first.error
    const second = yield* send(union, more.value)
    return yield* second.error ?? Effect.fromResult(second.outcome)
  })
