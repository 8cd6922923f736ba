/**
 * Grants of the development authorization server that `oidc-provider` leaves to its user: a user's JWT for an access token,
 * by token exchange (RFC 8693) or as an authorization grant (RFC 7523, section 2.1).
 *
 * @since 0.1.0
 */
import * as Jose from "jose"
import type {
  AccessToken,
  KoaContextWithOIDC,
  Provider,
  ResourceServer,
  TokenEndpointGrantContext
} from "oidc-provider"
import * as IssuerKeys from "../../internal/issuerKeys.js"
import type { Module } from "./provider.js"

/** @internal */
export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

/** @internal */
export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
const jwtType = "urn:ietf:params:oauth:token-type:jwt"

/** @internal */
export interface Settings {
  readonly issuer: string
  readonly resources: ReadonlyArray<string>
  readonly signingKey: JsonWebKey
  /** Whose JWTs are taken, beside this server's own. */
  readonly trustedIssuers: ReadonlyArray<string>
}

type Info = (ctx: KoaContextWithOIDC, resource: string, client: { readonly clientId: string }) => ResourceServer

type Parameters = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/**
 * The claims that tokens have beside their own, for `extraTokenClaims`.
 *
 * @internal
 */
export const claims = new WeakMap<object, Record<string, Jose.JWTPayload>>()

/**
 * Adds the grants to a provider.
 *
 * @internal
 */
export const register = (provider: Provider, { errors }: Module, settings: Settings, info: Info): void => {
  const { d: _, ...publicKey } = settings.signingKey
  // There is one, so that its id, which oidc-provider chooses, does not matter.
  const own = Jose.importJWK(publicKey, "ES256")
  const issuerKeys = IssuerKeys.make()

  /** Who a JWT speaks of. Nothing is said of what is wrong with it. */
  const verify = async (token: string): Promise<Jose.JWTPayload & { readonly sub: string }> => {
    try {
      const { iss } = Jose.decodeJwt(token)
      const requiredClaims = ["exp", "sub"]
      if (iss === undefined || (iss !== settings.issuer && !settings.trustedIssuers.includes(iss))) {
        throw new TypeError("an issuer that is not trusted")
      }
      const payload = iss === settings.issuer
        ? (await Jose.jwtVerify(token, await own, { issuer: iss, algorithms: ["ES256"], requiredClaims })).payload
        : await issuerKeys.verify(token, iss, { requiredClaims })
      return { ...payload, sub: String(payload.sub) }
    } catch {
      throw new errors.InvalidGrant("the token is not valid")
    }
  }

  const text = (parameters: Parameters, name: string): string | undefined => {
    const value = parameters[name]
    return typeof value === "string" && value !== "" ? value : undefined
  }

  const required = (parameters: Parameters, name: string): string => {
    const value = text(parameters, name)
    if (value === undefined) throw new errors.InvalidRequest(`missing required parameter '${name}'`)
    return value
  }

  const target = (parameters: Parameters): string => {
    const targets = [parameters.resource, parameters.audience].flat().filter((value) => value !== undefined)
    if (new Set(targets).size > 1) throw new errors.InvalidTarget("only one target at a time")
    return targets[0] ?? settings.resources[0] ?? ""
  }

  const issue = async (
    ctx: TokenEndpointGrantContext,
    sub: string,
    extra: Record<string, Jose.JWTPayload>,
    answer: Record<string, string>
  ): Promise<void> => {
    const { client, params } = ctx.oidc
    const identifier = target(params as unknown as Parameters)
    // Before the scopes are read: it refuses unknown ones, and puts in the default ones.
    const resource = info(ctx, identifier, client)
    const token: AccessToken = new provider.AccessToken({
      client,
      accountId: sub,
      gty: String(params.grant_type),
      resourceServer: new provider.ResourceServer(identifier, resource),
      ...(params.scope === undefined ? {} : { scope: params.scope })
      // Its type asks for what only the other grants have.
    } as never)
    claims.set(token, extra)
    const accessToken = await token.save()
    ctx.body = {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: token.expiration,
      ...(token.scope === undefined ? {} : { scope: token.scope }),
      ...answer
    }
  }

  provider.registerGrantType(
    tokenExchange,
    async (ctx) => {
      const parameters = ctx.oidc.params as unknown as Parameters
      const types = [jwtType, accessTokenType]
      if (!types.includes(required(parameters, "subject_token_type"))) {
        throw new errors.InvalidRequest("only JWTs are exchanged")
      }
      const subject = await verify(required(parameters, "subject_token"))
      const actorToken = text(parameters, "actor_token")
      if (actorToken === undefined) {
        if (text(parameters, "actor_token_type") !== undefined) {
          throw new errors.InvalidRequest("actor_token_type without actor_token")
        }
        return issue(ctx, subject.sub, {}, { issued_token_type: accessTokenType })
      }
      if (!types.includes(required(parameters, "actor_token_type"))) {
        throw new errors.InvalidRequest("only JWTs are exchanged")
      }
      const { iss = "", sub } = await verify(actorToken)
      return issue(ctx, subject.sub, { act: { iss, sub } }, { issued_token_type: accessTokenType })
    },
    [
      "subject_token",
      "subject_token_type",
      "actor_token",
      "actor_token_type",
      "requested_token_type",
      "audience",
      "resource",
      "scope"
    ],
    ["audience", "resource"]
  )

  provider.registerGrantType(
    jwtBearer,
    async (ctx) => {
      const { sub } = await verify(required(ctx.oidc.params as unknown as Parameters, "assertion"))
      return issue(ctx, sub, {}, {})
    },
    ["assertion", "requested_token_use", "audience", "resource", "scope"],
    ["audience", "resource"]
  )
}
