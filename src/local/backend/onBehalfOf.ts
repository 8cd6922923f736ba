/**
 * `ON_BEHALF_OF_TOKEN_EXCHANGE`: exchanges the user's JWT in the workload access token for a token that the agent uses
 * on behalf of the user.
 *
 * The tokens are not stored. AWS does not document whether it stores them. So each call asks the authorization server,
 * as for machine-to-machine tokens.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as DataPlane from "../../DataPlane.js"
import type { ValidationException } from "../../IdentityError.js"
import type {
  AuthorizationServer,
  OAuthError,
  OnBehalfOf,
  Service as OAuthClient,
  TokenExchangeRequest,
  TokenSet
} from "../oauth/contract.js"
import { invalid } from "./failures.js"
import type { User } from "./workloadToken.js"

const getSubjectToken = (user: User): Effect.Effect<Redacted.Redacted, ValidationException> =>
  user._tag !== "Jwt"
    ? invalid(
      "ON_BEHALF_OF_TOKEN_EXCHANGE needs a workload access token that was made of a user's JWT: get it by GetWorkloadAccessTokenForJWT"
    )
    : user.token === undefined
    ? invalid("The user's JWT is too large for a workload access token to carry, so that it cannot be exchanged")
    : Effect.succeed(user.token)

const makeActor = (
  client: OAuthClient,
  server: AuthorizationServer,
  { actor }: Extract<OnBehalfOf, { readonly grantType: "TOKEN_EXCHANGE" }>
): TokenExchangeRequest["actor"] => {
  switch (actor.content) {
    case "NONE":
      return undefined
    case "M2M":
      return {
        type: "urn:ietf:params:oauth:token-type:access_token",
        token: () => Effect.map(client.clientCredentials(server, { scopes: actor.scopes }), (set) => set.accessToken)
      }
    case "AWS_IAM_ID_TOKEN_JWT":
      return { type: "urn:ietf:params:oauth:token-type:jwt", token: actor.awsToken }
  }
}

export const exchange = Effect.fnUntraced(function*(
  client: OAuthClient,
  user: User,
  server: AuthorizationServer,
  { audiences, customParameters, resources, scopes }: DataPlane.GetResourceOauth2TokenRequest
): Effect.fn.Return<TokenSet, ValidationException | OAuthError> {
  const token = yield* getSubjectToken(user)
  const { onBehalfOf } = server
  if (onBehalfOf === undefined) {
    return yield* invalid(
      "The credential provider is not configured for ON_BEHALF_OF_TOKEN_EXCHANGE: use the vendor MicrosoftOauth2, or CustomOauth2 with onBehalfOfTokenExchangeConfig"
    )
  }
  const targets = { audiences, customParameters, resources, scopes }
  return yield* onBehalfOf.grantType === "JWT_AUTHORIZATION_GRANT"
    ? client.jwtGrant(server, { ...targets, assertion: token, requestedTokenUse: onBehalfOf.requestedTokenUse })
    : client.exchangeToken(server, { ...targets, subjectToken: token, actor: makeActor(client, server, onBehalfOf) })
})
