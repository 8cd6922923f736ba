/**
 * An AWS-signed JWT for an effect. The effect requires a tag, and a combinator provides the token at every run. The
 * token stands for the program's own IAM identity, so it needs neither a workload access token nor `Identity`.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as CredentialTag from "./internal/credentialTag.js"
import { refuseIamAccessTokenOptions, refuseIamAccessTokenRequest } from "./internal/iamTokenRequest.js"
import {
  SecurityTokenService,
  type SecurityTokenServiceError,
  type Service,
  type SigningAlgorithm
} from "./SecurityTokenService.js"

/**
 * The default tag. A program that calls two services outside of AWS declares a tag for each.
 *
 * @since 0.1.0
 * @category services
 */
export class IamAccessToken
  extends Context.Tag("effect-agentcore-identity/IamAccessToken")<IamAccessToken, Redacted.Redacted>()
{}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/**
 * A request for an AWS-signed JWT. One that breaks a limit of STS fails with `ValidationException` before anything is
 * sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface IamAccessTokenRequest {
  /** The audiences of the token: up to 10, each of 1 to 1000 characters. */
  readonly audience: string | Arr.NonEmptyReadonlyArray<string>
  /** Default: `ES384`. `RS256` is for services that cannot verify `ES384`. */
  readonly signingAlgorithm?: SigningAlgorithm | undefined
  /**
   * The lifetime of the token: 1 to 60 minutes. A fraction of a second is refused, not rounded. Default: 5 minutes, set
   * by the service.
   */
  readonly duration?: Duration.DurationInput | undefined
  /** Claims of the token: up to 50, keys of 1 to 128 characters and values of up to 256. */
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/**
 * A request, and the tag for the token.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id = IamAccessToken> extends IamAccessTokenRequest {
  /** The tag for the token. Default: {@link IamAccessToken}. */
  readonly into?: Context.Tag<Id, Redacted.Redacted> | undefined
}

// -----------------------------------------------------------------------------
// Declared credentials
// -----------------------------------------------------------------------------

/**
 * An AWS-signed JWT that is declared once, see {@link Tag}.
 *
 * @since 0.1.0
 * @category models
 */
export interface IamAccessTokenCredential {
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
  /** The kind of the credential. */
  readonly kind: "IamAccessToken"
  /** The request of every use. */
  readonly request: IamAccessTokenRequest
}

/**
 * A declared AWS-signed JWT: a tag whose service is the token, with the request that obtains it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential<in out Id> extends Context.Tag<Id, Redacted.Redacted>, IamAccessTokenCredential {
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
}

/**
 * The class that {@link Tag} makes.
 *
 * @since 0.1.0
 * @category models
 */
export interface TagClass<in out Self, out Id extends string>
  extends Context.TagClass<Self, Id, Redacted.Redacted>, IamAccessTokenCredential
{
  /** The name of the declaration. It is unique in a program. */
  readonly key: Id
}

/**
 * Declares an AWS-signed JWT once: a tag that has the request with it. Every function that takes a request takes the
 * declared credential in its place.
 *
 * Throws a `ValidationException` that names the member if the request cannot be right.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
 *
 * class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", {
 *   audience: "https://warehouse.example.com",
 *   duration: "10 minutes"
 * }) {}
 */
export const Tag = <Self>(): <const Id extends string>(
  id: Id,
  request: IamAccessTokenRequest
) => TagClass<Self, Id> => {
  const declare = <const Id extends string>(id: Id, request: IamAccessTokenRequest): TagClass<Self, Id> =>
    CredentialTag.make<TagClass<Self, Id>>({
      id,
      kind: "IamAccessToken",
      request,
      refuse: refuseIamAccessTokenRequest,
      caller: declare
    })
  return declare
}

const tagOf = <Id>(into: Context.Tag<Id, Redacted.Redacted> | undefined): Context.Tag<Id, Redacted.Redacted> =>
  // Without `into`, Id is the identifier of the default tag.
  into ?? IamAccessToken as Context.Tag<unknown, Redacted.Redacted> as Context.Tag<Id, Redacted.Redacted>

const obtain = <Id>(
  { audience, duration, signingAlgorithm = "ES384", tags }: Options<Id>
) =>
(sts: Service): Effect.Effect<Redacted.Redacted, SecurityTokenServiceError> =>
  Effect.map(
    sts.getWebIdentityToken({
      audience: typeof audience === "string" ? [audience] : audience,
      signingAlgorithm,
      durationSeconds: duration === undefined ? undefined : Duration.toSeconds(duration),
      tags
    }),
    ({ webIdentityToken }) => webIdentityToken
  )

/**
 * Provides an AWS-signed JWT to an effect. Each run obtains the token; `CredentialCache.layerSecurityTokenService`
 * caches tokens until they expire.
 *
 * The account must have outbound web identity federation enabled, and IAM must allow `sts:GetWebIdentityToken`.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
 * import * as Effect from "effect/Effect"
 * import type * as Redacted from "effect/Redacted"
 *
 * declare const report: (token: Redacted.Redacted) => Effect.Effect<void>
 *
 * const program = Effect.flatMap(IamAccessToken.IamAccessToken, report).pipe(
 *   IamAccessToken.withIamAccessToken({
 *     audience: "https://reports.example.com",
 *     duration: "10 minutes",
 *     tags: { team: "billing" }
 *   })
 * )
 */
export const withIamAccessToken: {
  /**
   * Provides an AWS-signed JWT to an effect, under the tag `into` (default: `IamAccessToken`). Each run obtains the token. The
   * account must have outbound web identity federation enabled, and IAM must allow `sts:GetWebIdentityToken`.
   */
  <Id = IamAccessToken>(
    options: Options<Id>
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | SecurityTokenService>
  /**
   * Provides an AWS-signed JWT to an effect, under the tag `into` (default: `IamAccessToken`). Each run obtains the token. The
   * account must have outbound web identity federation enabled, and IAM must allow `sts:GetWebIdentityToken`.
   */
  <A, E, R, Id = IamAccessToken>(
    self: Effect.Effect<A, E, R>,
    options: Options<Id>
  ): Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | SecurityTokenService>
} = dual(
  2,
  <A, E, R, Id = IamAccessToken>(
    self: Effect.Effect<A, E, R>,
    options: Options<Id>
  ): Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | SecurityTokenService> =>
    refuseIamAccessTokenOptions(options)
      ?? Effect.provideServiceEffect(self, tagOf(options.into), Effect.flatMap(SecurityTokenService, obtain(options)))
)

/**
 * {@link withIamAccessToken} over the `SecurityTokenService` in context. The wrapped effect does not require
 * `SecurityTokenService`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const makeWithIamAccessToken: Effect.Effect<
  <Id = IamAccessToken>(
    options: Options<Id>
  ) => <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id>>,
  never,
  SecurityTokenService
> = Effect.map(
  SecurityTokenService,
  (sts) => (options) => (self) =>
    refuseIamAccessTokenOptions(options)
      ?? Effect.provideServiceEffect(self, tagOf(options.into), Effect.suspend(() => obtain(options)(sts)))
)

/**
 * One token for everything above the layer, obtained when the layer is built. It lives for `duration` and is not
 * renewed. It is for the edge of a short program. Elsewhere use {@link withIamAccessToken}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id = IamAccessToken>(
  options: Options<Id>
): Layer.Layer<Id, SecurityTokenServiceError, SecurityTokenService> => {
  const refused = refuseIamAccessTokenOptions(options)
  return refused === undefined
    ? Layer.effect(tagOf(options.into), Effect.flatMap(SecurityTokenService, obtain(options)))
    : Layer.fail(refused)
}
