/** A request with a credential, and what to do when the resource refuses it. */
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
import { renewCredential } from "../../identity/renewal.js"
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
      const text = take(quoted)
      const value = text === null ? take(token)?.[0] : text[1]?.replace(/\\([^])/g, "$1")
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
export type Refusal =
  | { readonly _tag: "Rejected" }
  | { readonly _tag: "InsufficientScope"; readonly required: ReadonlyArray<string> }

/** The schemes with the error codes of RFC 6750; DPoP uses them too (RFC 9449). */
const schemes: ReadonlySet<string> = new Set(["bearer", "dpop"])

/** Why a response rejects the credential, if it does: by status 401, or by the error code of a challenge. */
export const refusalOf = ({ headers, status }: {
  readonly headers: Headers.Headers
  readonly status: number
}): Refusal | undefined => {
  if (status < 400 || status > 499) return undefined
  const challenges = parseChallenges(headers["www-authenticate"] ?? "").filter(({ scheme }) => schemes.has(scheme))
  const withError = (error: string) => challenges.filter(({ parameters }) => parameters.get("error") === error)
  const [insufficient] = withError("insufficient_scope")
  return insufficient !== undefined
    ? {
      _tag: "InsufficientScope",
      required: (insufficient.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "")
    }
    : status === 401 || withError("invalid_token").length > 0
    ? { _tag: "Rejected" }
    : undefined
}

const isValue = (body: unknown): boolean =>
  typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob
  || body instanceof URLSearchParams || body instanceof FormData

/** Whether a body can be sent again. The first attempt may have consumed a stream. */
const isRepeatable = (body: HttpBody.HttpBody): boolean => {
  switch (body._tag) {
    case "Empty":
    case "Uint8Array":
    case "FormData":
      return true
    case "Raw":
      return isValue(body.body)
    case "Stream":
      return false
  }
}

/** In bytes. Reading a longer body costs more than a new connection. */
const drainLimit = 128 * 1024

/**
 * Frees the connection of an unread response: reads its body if that is short and arrives within a second, and
 * otherwise drops the connection.
 */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.stream.pipe(
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
  /** The text before the credential in the header. */
  readonly prefix: string
  readonly reauthenticate: boolean
}

interface Answer<E> {
  /** The credential of the last attempt. */
  readonly credential: Redacted.Redacted
  readonly outcome: Result.Result<Response, E>
}

// With an inner `HttpClient.filterStatusOk` a refusal is an error.
const responseOf = (outcome: Result.Result<Response, unknown>): Response | undefined =>
  Result.isSuccess(outcome)
    ? outcome.success
    : HttpClientError.isHttpClientError(outcome.failure) && outcome.failure.reason._tag === "StatusCodeError"
    ? outcome.failure.response
    : undefined

/** Returns the refusal of this kind, if there is one, and frees its response: nothing reads the body. */
const takeRefusal = <Tag extends Refusal["_tag"]>(
  outcome: Result.Result<Response, unknown>,
  tag: Tag
): Effect.Effect<Option.Option<Extract<Refusal, { readonly _tag: Tag }> & { readonly status: number }>> => {
  const response = responseOf(outcome)
  const refusal = response === undefined ? undefined : refusalOf(response)
  return response !== undefined && refusal?._tag === tag
    ? Effect.as(
      discard(response),
      // The tags are equal.
      Option.some({ ...refusal as Extract<Refusal, { readonly _tag: Tag }>, status: response.status })
    )
    : Effect.succeedNone
}

const isInvalidRequest = (error: unknown): boolean => isIdentityError(error) && error._tag === "ValidationException"

/** Sends a request with a credential. If the resource rejects the credential, sends it once more with a new one. */
const sendAuthenticated = <E, R, E1, R1>(
  { prefix, provider, reauthenticate }: Options,
  obtain: Obtain<E1, R1>,
  attempt: Attempt<E, R>,
  request: Request
) =>
(
  first: Redacted.Redacted
): Effect.Effect<Answer<E | HttpClientError.HttpClientError>, E1 | CredentialRejected, R | R1> => {
  const send = (credential: Redacted.Redacted) =>
    Effect.gen(function*() {
      const outcome = yield* Effect.result(attempt(Redacted.make(`${prefix}${Redacted.value(credential)}`)))
      return { credential, outcome, rejection: yield* takeRefusal(outcome, "Rejected") }
    })
  return Effect.gen(function*() {
    const answer = yield* send(first)
    if (Option.isNone(answer.rejection)) return answer
    const { status } = answer.rejection.value
    const fresh = yield* renewCredential(obtain, first, { reauthenticate })
    if (Option.isNone(fresh)) return yield* new CredentialRejected({ provider, reason: "Unchanged", status })
    if (!isRepeatable(request.body)) {
      return yield* new CredentialRejected({ provider, reason: "BodyNotRepeatable", status })
    }
    const second = yield* send(fresh.value)
    return Option.isNone(second.rejection)
      ? second
      : yield* new CredentialRejected({ provider, reason: "StillRejected", status: second.rejection.value.status })
  })
}

/** Sends a request with a credential that has no scopes. */
export const sendWithCredential = <E1, R1>(options: Options, obtain: Obtain<E1, R1>) =>
<E, R>(
  attempt: Attempt<E, R>,
  request: Request
): Effect.Effect<Response, E | E1 | HttpClientError.HttpClientError | CredentialRejected, R | R1> =>
  obtain(false).pipe(
    Effect.flatMap(sendAuthenticated(options, obtain, attempt, request)),
    Effect.flatMap(({ outcome }) => Effect.fromResult(outcome))
  )

export interface TokenOptions extends Options {
  readonly scopes: ReadonlyArray<string>
  /** Asks once for the scopes that the resource misses. */
  readonly stepUp: boolean
  /** The scopes that it may ask for, besides `scopes`. Undefined: all. */
  readonly maxScopes: ReadonlyArray<string> | undefined
}

/** Sends a request with an access token. */
export const sendWithAccessToken = <E1, R1>(
  options: TokenOptions,
  obtain: (scopes: ReadonlyArray<string>) => Obtain<E1, R1>
) =>
<E, R>(
  attempt: Attempt<E, R>,
  request: Request
): Effect.Effect<
  Response,
  E | E1 | HttpClientError.HttpClientError | CredentialRejected | InsufficientScope,
  R | R1
> =>
  Effect.gen(function*() {
    const { maxScopes, provider, reauthenticate, scopes, stepUp } = options
    const send = (requested: ReadonlyArray<string>, token: Redacted.Redacted) =>
      sendAuthenticated(options, obtain(requested), attempt, request)(token).pipe(
        Effect.bind("refusal", ({ outcome }) => takeRefusal(outcome, "InsufficientScope")),
        Effect.map((answer) => ({
          ...answer,
          refusal: Option.map(
            answer.refusal,
            ({ required }) => new InsufficientScope({ provider, required, requested })
          )
        }))
      )
    const first = yield* send(scopes, yield* obtain(scopes)(false))
    if (Option.isNone(first.refusal)) return yield* Effect.fromResult(first.outcome)
    const missing = first.refusal.value.required.filter((scope) => !scopes.includes(scope))
    // A token with a part of the missing scopes would be refused again, after the user was asked for nothing.
    const isAllowed = missing.length > 0 && missing.every((scope) => maxScopes?.includes(scope) ?? true)
    if (!stepUp || !isAllowed || !isRepeatable(request.body)) return yield* first.refusal.value
    const union = [...scopes, ...missing]
    const more = yield* renewCredential(obtain(union), first.credential, { reauthenticate }).pipe(
      // The authorization server does not know these scopes. The program can act on the refusal of the resource.
      Effect.catchIf(isInvalidRequest, () => Effect.succeedNone)
    )
    if (Option.isNone(more)) return yield* first.refusal.value
    const second = yield* send(union, more.value)
    return yield* Option.isNone(second.refusal) ? Effect.fromResult(second.outcome) : second.refusal.value
  })
