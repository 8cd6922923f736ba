/**
 * Declared credentials, the functions that all kinds of credentials share, and what is worth repeating. Requests are
 * checked by the members of their operations, under the names of a program, before a cache and before the workload
 * access token is obtained.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type DataPlane, type DataPlaneError, operations, type TokenResponse } from "../../DataPlane.js"
import { type AuthorizationFailed, type MissingWorkloadAccessToken, ValidationException } from "../../IdentityError.js"
import type { Request } from "../../Operation.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import * as Constraint from "../models/constraint.js"
import { isPlain } from "../models/plainData.js"
import { describeValue, wrongType } from "../models/violation.js"
import { membersOf } from "../plane/operation.js"
import * as OptionType from "../plane/optionType.js"
import * as Plane from "../plane/plane.js"
import * as Validation from "../plane/validation.js"

interface Declared<out Kind extends string, out Request> {
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
  /** The kind of the credential. */
  readonly kind: Kind
  /** The request of every use. */
  readonly request: Request
}

/** Checks the properties, because another copy of this package may have declared the credential. */
const isCredential = (value: unknown): value is Declared<string, unknown> =>
  Context.isKey(value) && hasProperty(value, "kind") && hasProperty(value, "request")

/** Whether a value is a credential of this kind. */
export const isDeclared = <Kind extends string>(value: unknown, kind: Kind): value is Declared<Kind, unknown> =>
  isCredential(value) && value.kind === kind

/** Returns the request of a credential of this kind. Returns a request unchanged. */
export const requestOf = <Request extends object>(
  kind: string,
  subject: Request | Declared<string, Request>
): Request =>
  // Any object may be a request, so the types cannot distinguish the two.
  (isDeclared(subject, kind) ? subject.request : subject) as Request

/** The requests that were checked when they were declared. */
const declaredRequests = new WeakSet<object>()

/** Makes a function that checks a request or a credential of this kind. */
export const makeSubjectCheck =
  (kind: string, operation: string, checkRequest: Validation.Check): Validation.Check => (subject) =>
    isDeclared(subject, kind)
      // A subclass can have a request of its own.
      ? isObject(subject.request) && declaredRequests.has(subject.request) ? undefined : checkRequest(subject.request)
      : !Context.isKey(subject)
      ? checkRequest(subject)
      : Validation.validationException([{
        path: [],
        rule: "type",
        expected: `a request or a credential of ${kind}.Tag`,
        actual: isCredential(subject) ? `a credential of ${subject.kind}.Tag` : "a tag without a request"
      }], operation)

/**
 * Whether the first argument of a `dual` combinator is the effect that it wraps. A credential is an effect too, so the
 * second argument decides. Every inline request has the property `property`.
 */
export const isDataFirst = (property: string) => (args: ArrayLike<unknown>): boolean =>
  args.length > 2
  || args.length === 2 && (!isCredential(args[0]) || isCredential(args[1]) || hasProperty(args[1], property))

const checkId = (id: unknown, operation: string): ValidationException | undefined =>
  typeof id === "string" && id !== "" ? undefined : Validation.validationException([{
    path: ["id"],
    ...id === ""
      ? { rule: "limit", expected: Constraint.atLeast(1) }
      : wrongType("a string: the name of the declaration", id)
  }], operation)

const toDeclarationError = (error: ValidationException, id: unknown): ValidationException =>
  new ValidationException({
    ...error,
    message: `The credential ${typeof id === "string" ? `'${id}' ` : ""}is invalid: ${error.message}`
  })

/**
 * Returns a copy that the program cannot change, because AgentCore stores grants by the request. Requests contain lists
 * and records of strings.
 */
export const freeze = (request: object): object => {
  const copy: Record<string, unknown> = { ...request }
  for (const name of Object.keys(copy)) {
    const value = copy[name]
    if (Array.isArray(value)) copy[name] = Object.freeze([...value])
    else if (isPlain(value)) copy[name] = Object.freeze({ ...value })
  }
  return Object.freeze(copy)
}

/** The checks of a kind. */
export interface Checks {
  readonly name: string
  /** Checks the request of a declaration. */
  readonly checkDeclaration: Validation.Check
  /** Checks a request, or a credential. */
  readonly checkRequest: Validation.Check
}

/** The tag for the credential of an inline request. */
export const intoField = () => ({ into: Constraint.optional(OptionType.Tag) })

type Tag<Id> = Context.Key<Id, Redacted.Redacted>

/** A declared credential, or a request with the tag for its credential. */
type Tagged<Id> = Tag<Id> | { readonly into?: Tag<Id> | undefined }

/** The functions that every kind has. The default tag is for inline requests that name no tag. */
export const makeKind = ({ checkDeclaration, name }: Checks, defaultTag: Tag<unknown>) => {
  // The stack trace of an error begins in the program, where the mistake is.
  const declare = <Class>(id: string, request: object): Class => {
    const issue = checkId(id, `${name}.Tag`) ?? checkDeclaration(request)
    if (issue !== undefined) {
      const error = toDeclarationError(issue, id)
      Error.captureStackTrace(error, declare)
      throw error
    }
    const declared = class extends Context.Service<unknown, Redacted.Redacted>()(id) {}
    // The class is a tag for `Self`, which is a type only, and has the two properties of a declaration.
    const frozen = freeze(request)
    declaredRequests.add(frozen)
    return Object.assign(declared, { kind: name, request: frozen }) as unknown as Class
  }

  // The function that obtains the credential checks the request and `into`.
  const tagOf = <Id>(subject: Tagged<Id>): Tag<Id> => {
    if (Context.isKey(subject)) return subject
    // Without `into`, Id is the identifier of the default tag.
    return hasProperty(subject, "into") && Context.isKey(subject.into) ? subject.into as Tag<Id> : defaultTag as Tag<Id>
  }

  const provide = <A, E1, R1, Id, Subject extends object, E, R>(
    self: Effect.Effect<A, E1, R1>,
    subject: Subject & Tagged<Id>,
    obtain: (subject: Subject) => Effect.Effect<Redacted.Redacted, E, R>
  ): Effect.Effect<A, E1 | E, Exclude<R1, Id> | R> =>
    Effect.suspend(() => Effect.provideServiceEffect(self, tagOf<Id>(subject), obtain(subject)))

  return { declare, provide }
}

// -----------------------------------------------------------------------------
// Access tokens
// -----------------------------------------------------------------------------

export const { name: accessTokenOperation } = operations.getResourceOauth2Token

const tokenMembers = membersOf(operations.getResourceOauth2Token)

export const declarationFields = {
  provider: tokenMembers.resourceCredentialProviderName,
  flow: tokenMembers.oauth2Flow,
  scopes: Constraint.optional(tokenMembers.scopes),
  resources: tokenMembers.resources,
  audiences: tokenMembers.audiences,
  returnUrl: tokenMembers.resourceOauth2ReturnUrl,
  customParameters: tokenMembers.customParameters
}

const consentFields = {
  consent: Constraint.optional(OptionType.Handler),
  poll: Constraint.optional(OptionType.Poll)
}

const useFields = {
  forceAuthentication: tokenMembers.forceAuthentication,
  customState: tokenMembers.customState,
  ...consentFields
}

const checkFields = Validation.makeCheck(accessTokenOperation, () => declarationFields)

export const accessToken: Checks = {
  name: "AccessToken",
  checkRequest: makeSubjectCheck(
    "AccessToken",
    accessTokenOperation,
    Validation.makeCheck(accessTokenOperation, () => ({ ...declarationFields, ...useFields, ...intoField() }))
  ),
  checkDeclaration: (request) => {
    const misplaced = isObject(request) ? Object.keys(useFields).filter((name) => request[name] !== undefined) : []
    return misplaced.length === 0
      ? checkFields(request)
      : Validation.validationException(
        misplaced.map((name) => ({
          path: [name],
          rule: "limit",
          expected: "not be declared: it belongs to a use of the credential"
        })),
        accessTokenOperation
      )
  }
}

/** A request without the workload access token of its caller. */
export type Oauth2TokenRequest = Omit<Request<typeof operations.getResourceOauth2Token>, "workloadIdentityToken">

const isToken = Schema.is(tokenMembers.workloadIdentityToken)

/** Requests a token. The plane does not check a valid request again, unless the workload access token is invalid. */
export const requestToken = (
  dataPlane: DataPlane["Service"],
  request: Oauth2TokenRequest,
  workloadIdentityToken: Redacted.Redacted,
  isValid: boolean
): ReturnType<DataPlane["Service"]["getResourceOauth2Token"]> => {
  const complete = { workloadIdentityToken, ...request }
  const response = isValid && isToken(workloadIdentityToken)
    ? Plane.callUnchecked(dataPlane.getResourceOauth2Token, complete)
    : undefined
  return response ?? dataPlane.getResourceOauth2Token(complete)
}

/** Checks the options of a use of a declared credential, or of a session. */
export const checkConsentOptions = Validation.makeCheck(accessTokenOperation, () => consentFields)

/** The error of a session that is not a `ConsentSession`. */
export const notASession = (session: unknown): ValidationException =>
  Validation.validationException([{
    path: ["session"],
    ...wrongType("a ConsentSession: decode a stored one with its schema", session)
  }], accessTokenOperation)

/** Checks what a function of the program returned: in plain JavaScript it can be anything. */
export const checkEffect = <A, E, R>(
  name: "consent" | "poll" | "show",
  returned: Effect.Effect<A, E, R>
): Effect.Effect<A, E | ValidationException, R> =>
  Effect.isEffect(returned) ? returned : Effect.fail(Validation.invalidProperty(
    accessTokenOperation,
    name,
    `be a function that returns an Effect, but it returned ${describeValue(returned)}`
  ))

// -----------------------------------------------------------------------------
// Other requests
// -----------------------------------------------------------------------------

export const { name: apiKeyOperation } = operations.getResourceApiKey

export const keyFields = { provider: membersOf(operations.getResourceApiKey).resourceCredentialProviderName }

export const apiKey: Checks = {
  name: "ApiKey",
  checkRequest: makeSubjectCheck(
    "ApiKey",
    apiKeyOperation,
    Validation.makeCheck(apiKeyOperation, () => ({ ...keyFields, ...intoField() }))
  ),
  checkDeclaration: Validation.makeCheck(apiKeyOperation, () => keyFields)
}

export const checkPaymentToken = Validation.makeCheck(operations.getResourcePaymentToken.name, () => {
  const { paymentTokenRequest, resourceCredentialProviderName } = membersOf(operations.getResourcePaymentToken)
  return { provider: resourceCredentialProviderName, payment: paymentTokenRequest }
})

export const checkCompletion = Validation.makeCheck(operations.completeResourceTokenAuth.name, () => {
  const { sessionUri, userIdentifier } = membersOf(operations.completeResourceTokenAuth)
  return { sessionUri, user: userIdentifier }
})

/** Checks the options of `WorkloadAccessToken.layerWorkload`. */
export const checkWorkload = Validation.makeCheck(operations.getWorkloadAccessToken.name, () => ({
  name: membersOf(operations.getWorkloadAccessToken).workloadName,
  user: Constraint.optional(UserIdentifier),
  renewAfter: Constraint.optional(OptionType.DurationInput)
}))

/** Checks a user. A program in plain JavaScript can pass any value, and `1` and `"1"` would have one key. */
export const checkUser = Validation.makeCheck("", () => ({ user: UserIdentifier }))

/** Checks a user of a program that identifies its users in one way. */
export const checkUserOf = (users: string, user: UserIdentifier): ValidationException | undefined =>
  checkUser({ user }) ?? (users === "both" || (users === "jwt") === (user.userToken !== undefined)
    ? undefined
    : Validation.invalidProperty(
      "",
      "user",
      `have a ${
        users === "jwt" ? "userToken" : "userId"
      }, because the option users is '${users}': AgentCore stores the `
        + "grants of user ids and JWTs separately"
    ))

// -----------------------------------------------------------------------------
// Transient failures
// -----------------------------------------------------------------------------

const isTransientStatus = (status: number | undefined): boolean =>
  status !== undefined && (status >= 500 || status === 429)

/** Whether the service throttled the call. */
export const isThrottled = (error: { readonly _tag: string; readonly status?: number | undefined }): boolean =>
  error._tag === "ThrottlingException"
  || ((error._tag === "TransportError" || error._tag === "UnknownServiceError") && error.status === 429)

/** Whether the error is throttling, a 5xx response, or a lost or timed out connection. */
export const isTransient = (error: DataPlaneError | MissingWorkloadAccessToken): boolean => {
  switch (error._tag) {
    case "ThrottlingException":
    case "InternalServerException":
      return true
    case "TransportError":
      return error.kind === "connection" || error.kind === "timeout" || isTransientStatus(error.status)
    case "UnknownServiceError":
      return isTransientStatus(error.status)
    default:
      return false
  }
}

// -----------------------------------------------------------------------------
// Rejected credentials
// -----------------------------------------------------------------------------

/** The credential that a resource has rejected. A cache does not return it to the next request. */
export const Rejected = Context.Reference("effect-agentcore-identity/internal/Rejected", {
  defaultValue: (): Option.Option<Redacted.Redacted> => Option.none()
})

/**
 * Obtains a credential to replace a rejected one. If the first request returns the rejected one, `reauthenticate`
 * repeats it with `forceAuthentication`. Returns `None` if every request returned the rejected one.
 *
 * The first request has no `forceAuthentication`: the vault may have refreshed the token, or another fiber may have
 * re-authenticated, so that the user need not consent again.
 */
export const renewCredential = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  { reauthenticate }: { readonly reauthenticate: boolean }
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const request = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => Redacted.value(fresh) !== Redacted.value(rejected)))
    )
  return Effect.flatMap(
    request(false),
    (fresh) => Option.isNone(fresh) && reauthenticate ? request(true) : Effect.succeed(fresh)
  )
}

/**
 * Runs `f` with a credential. If the resource rejects it, runs `f` once more with a new one. Without a new one it
 * fails with the first error.
 */
export const useCredential = <A, E, R, E1, R1>(
  obtain: Effect.Effect<Redacted.Redacted, E1, R1>,
  renew: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E1, R1>,
  f: (credential: Redacted.Redacted) => Effect.Effect<A, E, R>,
  { reauthenticate = false, rejected }: {
    readonly rejected: (error: E) => boolean
    readonly reauthenticate?: boolean | undefined
  }
): Effect.Effect<A, E | E1, R | R1> =>
  Effect.flatMap(obtain, (first) =>
    Effect.catchIf(f(first), rejected, (error) =>
      Effect.flatMap(
        renewCredential(renew, first, { reauthenticate }),
        Option.match({ onNone: () => Effect.fail(error), onSome: f })
      )))

// -----------------------------------------------------------------------------
// Reviewed tokens
// -----------------------------------------------------------------------------

export type ReviewError = DataPlaneError | MissingWorkloadAccessToken | AuthorizationFailed

/** A token that `Identity` is about to return, and what it was requested with. */
export interface IssuedToken<R> {
  readonly credential: {
    readonly provider: string
    readonly scopes: ReadonlyArray<string>
    readonly resources?: ReadonlyArray<string> | undefined
    readonly audiences?: ReadonlyArray<string> | undefined
    readonly customParameters?: { readonly [name: string]: string } | undefined
    readonly returnUrl?: string | undefined
  }
  readonly token: Redacted.Redacted
  /** Whether the user was asked, and a wait has found the token. */
  readonly isPolled: boolean
  /** Requests the token again, without a session. */
  readonly request: (forceAuthentication: boolean) => Effect.Effect<TokenResponse, ReviewError, R>
}

/** Returns the response that `Identity` uses instead, or `undefined` if the token may be returned. */
export type Review = <R>(issued: IssuedToken<R>) => Effect.Effect<TokenResponse, ReviewError, R> | undefined

/** An argument of `Identity.make`, which uses it in each of its requests. Default: every token is returned. */
export class TokenReview
  extends Context.Service<TokenReview, Review>()("effect-agentcore-identity/identity/TokenReview")
{}
