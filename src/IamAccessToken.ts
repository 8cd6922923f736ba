/**
 * An AWS-signed JWT for an effect. {@link Tag} declares the token once, as a tag with its request. The effect requires
 * the tag, and a combinator provides the token in each run. The token identifies the program's own IAM identity, so it
 * needs neither a workload access token nor `Identity`.
 *
 * @since 0.2.0
 */
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { isObject, isString } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Declared from "./internal/identity/declared.js"
import * as Renewal from "./internal/identity/renewal.js"
import * as Constraint from "./internal/models/constraint.js"
import * as Rows from "./internal/plane/operation.js"
import * as OptionType from "./internal/plane/optionType.js"
import * as Validation from "./internal/plane/validation.js"
import { operations, SecurityTokenService, type SecurityTokenServiceError } from "./SecurityTokenService.js"

const { name: operation } = operations.getWebIdentityToken

const Lifetime = OptionType.DurationInput.check(Constraint.check((duration) => {
  const seconds = Duration.toSeconds(duration)
  return seconds >= 60 && seconds <= 3600 && Number.isInteger(seconds)
    ? undefined
    : "be 1 to 60 minutes, in whole seconds"
}))

const makeCheck = (more: Schema.Struct.Fields): Validation.Check => {
  const { audience, signingAlgorithm, tags } = Rows.membersOf(operations.getWebIdentityToken)
  const check = Validation.makeCheck(operation, () => ({
    audience,
    signingAlgorithm: Constraint.optional(signingAlgorithm),
    duration: Constraint.optional(Lifetime),
    tags,
    ...more
  }))
  return (request) =>
    check(
      isObject(request) && isString(request["audience"]) ? { ...request, audience: [request["audience"]] } : request
    )
}

const checks: Declared.Checks = {
  name: "IamAccessToken",
  checkRequest: Declared.makeSubjectCheck("IamAccessToken", operation, makeCheck(Declared.intoField())),
  checkDeclaration: makeCheck({})
}

/**
 * The AWS-signed JWT in context, which {@link withIamAccessToken} provides for an inline request. A program that calls
 * two services outside of AWS declares each token with {@link Tag}.
 *
 * @since 0.2.0
 * @category services
 */
export class IamAccessToken
  extends Context.Service<IamAccessToken, Redacted.Redacted>()("effect-agentcore-identity/IamAccessToken")
{}

const kind = Declared.makeKind(checks, IamAccessToken)

/**
 * A request for an AWS-signed JWT. A request that exceeds a limit of STS fails with `ValidationException` before it is
 * sent.
 *
 * @since 0.2.0
 * @category models
 */
export interface IamAccessTokenRequest {
  /** The audiences of the token: up to 10, each of 1 to 1000 characters. */
  readonly audience: string | Arr.NonEmptyReadonlyArray<string>
  /** Default: `ES384`. Use `RS256` for services that cannot verify `ES384`. */
  readonly signingAlgorithm?: "ES384" | "RS256" | undefined
  /**
   * The lifetime of the token: 1 to 60 minutes. Fractions of a second are rejected, not rounded. Default: 5 minutes,
   * set by the service.
   */
  readonly duration?: Duration.Input | undefined
  /** Claims of the token: up to 50. A key has 1 to 128 characters, a value up to 256. */
  readonly tags?: Readonly<Record<string, string>> | undefined
}

type Options<Id> = IamAccessTokenRequest & {
  /** The tag for the token. Default: {@link IamAccessToken}. */
  readonly into?: Context.Key<Id, Redacted.Redacted> | undefined
}

/**
 * A declared AWS-signed JWT of any tag, see {@link Tag}.
 *
 * @since 0.2.0
 * @category models
 */
export interface IamAccessTokenCredential extends Declared.Declared<"IamAccessToken", IamAccessTokenRequest> {}

type Credential<Id> = IamAccessTokenCredential & Context.Key<Id, Redacted.Redacted>

/**
 * The class that {@link Tag} returns.
 *
 * @since 0.2.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string>
  extends Context.ServiceClass<Self, Id, Redacted.Redacted>, IamAccessTokenCredential
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an AWS-signed JWT: a tag that carries its request. Throws a `ValidationException` if the request is invalid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const Tag = <Self = never>(): <const Id extends string>(
  id: Id,
  request: IamAccessTokenRequest
) => [Self] extends [never] ? "Name the class: class Self extends IamAccessToken.Tag<Self>()(...)"
  : TagClass<Self, Id> => kind.declare

const obtain = (sts: SecurityTokenService["Service"]) =>
(
  subject: IamAccessTokenCredential | IamAccessTokenRequest
): Effect.Effect<Redacted.Redacted, SecurityTokenServiceError> =>
  Effect.suspend(() => {
    const invalid = checks.checkRequest(subject)
    if (invalid !== undefined) return Effect.fail(invalid)
    const { audience, duration, signingAlgorithm = "ES384", tags } = Declared.requestOf("IamAccessToken", subject)
    return Effect.map(
      sts.getWebIdentityToken({
        audience: typeof audience === "string" ? [audience] : audience,
        signingAlgorithm,
        durationSeconds: duration === undefined ? undefined : Duration.toSeconds(duration),
        tags
      }),
      ({ webIdentityToken }) => webIdentityToken
    )
  })

/** `Needs` is what it adds to the requirements of the effect. */
type Combinator<Needs> = {
  /** The data-last form of {@link withIamAccessToken}. */
  <Id = IamAccessToken>(
    request: Credential<Id> | Options<Id>
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | Needs>
}

/**
 * Provides an AWS-signed JWT to an effect, as `AccessToken.withAccessToken` provides a token: under the tag of a
 * declared credential, or under the tag `into` of a request (default: {@link IamAccessToken}). Each run obtains it.
 * `CredentialCache.layerSecurityTokenService` caches tokens until they expire.
 *
 * The account must have outbound web identity federation enabled, and IAM must allow `sts:GetWebIdentityToken`.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * class Reports extends IamAccessToken.Tag<Reports>()("app/Reports", {
 *   audience: "https://reports.example.com",
 *   duration: "10 minutes",
 *   tags: { team: "billing" }
 * }) {}
 *
 * declare const report: (token: Redacted.Redacted) => Effect.Effect<void>
 *
 * const program = Effect.flatMap(Reports, report).pipe(IamAccessToken.withIamAccessToken(Reports))
 */
export const withIamAccessToken: Combinator<SecurityTokenService> & {
  /** The data-first form. */
  <A, E, R, Id = IamAccessToken>(
    self: Effect.Effect<A, E, R>,
    request: Credential<Id> | Options<Id>
  ): Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | SecurityTokenService>
} = dual(
  2,
  <A, E, R, Id>(self: Effect.Effect<A, E, R>, subject: Credential<Id> | Options<Id>) => kind.provide(self, subject, get)
)

/**
 * {@link withIamAccessToken} over the `SecurityTokenService` in context. The wrapped effect does not require
 * `SecurityTokenService`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const makeWithIamAccessToken: Effect.Effect<Combinator<never>, never, SecurityTokenService> = Effect.map(
  SecurityTokenService,
  (sts) => <Id>(subject: Credential<Id> | Options<Id>) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
    kind.provide(self, subject, obtain(sts))
)

/**
 * Returns a current AWS-signed JWT. Programs that run for hours call it right before each use, because the token of
 * {@link withIamAccessToken} expires.
 *
 * @since 0.2.0
 * @category accessors
 */
export const get = (
  request: IamAccessTokenCredential | IamAccessTokenRequest
): Effect.Effect<Redacted.Redacted, SecurityTokenServiceError, SecurityTokenService> =>
  Effect.flatMap(SecurityTokenService, (sts) => obtain(sts)(request))

/**
 * Uses an AWS-signed JWT with any client, as `AccessToken.use` does: if the service rejects the token, `f` runs once
 * more with a new one.
 *
 * @since 0.2.0
 * @category combinators
 */
export const use = <A, E, R>(
  request: IamAccessTokenCredential | IamAccessTokenRequest,
  f: (token: Redacted.Redacted) => Effect.Effect<A, E, R>,
  options: {
    /** Whether a failure means that the service rejected the token, as a 401 does. */
    readonly rejected: (error: NoInfer<E>) => boolean
  }
): Effect.Effect<A, E | SecurityTokenServiceError, R | SecurityTokenService> =>
  Renewal.useCredential(get(request), () => get(request), f, options)
