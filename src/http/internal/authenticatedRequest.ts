/** A request with a credential, and what to do when the resource refuses it. */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { renewCredential } from "../../identity/renewal.js"
import { CredentialRejected, InsufficientScope, isIdentityError } from "../../IdentityError.js"
import type { Attempt } from "../../internal/credentialHeader.js"
import * as Challenge from "./challenge.js"
import { discard, isRepeatable } from "./replay.js"

type Response = HttpClientResponse.HttpClientResponse
type Request = HttpClientRequest.HttpClientRequest

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
const takeRefusal = <Tag extends Challenge.Refusal["_tag"]>(
  outcome: Result.Result<Response, unknown>,
  tag: Tag
): Effect.Effect<Option.Option<Extract<Challenge.Refusal, { readonly _tag: Tag }> & { readonly status: number }>> => {
  const response = responseOf(outcome)
  const refusal = response === undefined ? undefined : Challenge.refusalOf(response)
  return response !== undefined && refusal?._tag === tag
    ? Effect.as(
      discard(response),
      // The tags are equal.
      Option.some({ ...refusal as Extract<Challenge.Refusal, { readonly _tag: Tag }>, status: response.status })
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
