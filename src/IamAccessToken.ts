/**
 * A JWT of AWS for an effect: the effect asks for it by a tag, and a combinator provides it at every run. It speaks for the program's
 * own IAM identity, so that it needs no workload access token, and no `Identity` either.
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
import {
  SecurityTokenService,
  type SecurityTokenServiceError,
  type Service,
  type SigningAlgorithm
} from "./SecurityTokenService.js"

/**
 * The default tag. A program that calls two services outside of AWS has a tag of its own for each.
 *
 * @since 0.1.0
 * @category services
 */
export class IamAccessToken
  extends Context.Tag("effect-agentcore-identity/IamAccessToken")<IamAccessToken, Redacted.Redacted>()
{}

/**
 * What breaks a limit of STS is a `ValidationException`, and nothing is sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Id = IamAccessToken> {
  /** Whom the token is for: up to 10 audiences of 1 to 1000 characters. */
  readonly audience: string | Arr.NonEmptyReadonlyArray<string>
  /** Default: `ES384`. `RS256` is for services that cannot check that. */
  readonly signingAlgorithm?: SigningAlgorithm | undefined
  /**
   * How long the token lives: 1 to 60 minutes. A fraction of a second is refused, not rounded. Default: the service's, 5 minutes.
   */
  readonly duration?: Duration.DurationInput | undefined
  /** Claims of the token: up to 50, keys of 1 to 128 characters and values of up to 256. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** The tag that receives the token. Default: {@link IamAccessToken}. */
  readonly into?: Context.Tag<Id, Redacted.Redacted> | undefined
}

const tagOf = <Id>(into: Context.Tag<Id, Redacted.Redacted> | undefined): Context.Tag<Id, Redacted.Redacted> =>
  // Without `into`, Id is inferred as the default tag's.
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
 * Provides a JWT of AWS to an effect. The token is fetched when the effect runs, each time anew;
 * `CredentialCache.layerSecurityTokenService` keeps tokens for as long as they live.
 *
 * The account has to have outbound web identity federation turned on, and IAM has to allow `sts:GetWebIdentityToken`.
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
  <Id = IamAccessToken>(
    options: Options<Id>
  ): <A, E, R>(
    self: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | SecurityTokenServiceError, Exclude<R, Id> | SecurityTokenService>
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
    Effect.provideServiceEffect(self, tagOf(options.into), Effect.flatMap(SecurityTokenService, obtain(options)))
)

/**
 * {@link withIamAccessToken} over the `SecurityTokenService` in context, so that what it wraps does not require it itself.
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
    Effect.provideServiceEffect(self, tagOf(options.into), Effect.suspend(() => obtain(options)(sts)))
)

/**
 * One token for everything above the layer, fetched when the layer is built: it lives for `duration`, and is not renewed. For the edge of
 * a program with a short life; elsewhere use {@link withIamAccessToken}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id = IamAccessToken>(
  options: Options<Id>
): Layer.Layer<Id, SecurityTokenServiceError, SecurityTokenService> =>
  Layer.effect(tagOf(options.into), Effect.flatMap(SecurityTokenService, obtain(options)))
