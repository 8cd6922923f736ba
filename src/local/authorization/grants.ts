/**
 * Grants that `oidc-provider` does not implement: a user's JWT for an access token, by token exchange (RFC 8693) or as
 * an authorization grant (RFC 7523, section 2.1).
 *
 * @since 0.1.0
 */
import * as Jose from "jose"
import type { KoaContextWithOIDC, TokenEndpointGrantContext } from "oidc-provider"
import type Provider from "oidc-provider"
import * as IssuerKeys from "../../internal/issuerKeys.js"
import * as Model from "./model.js"
import type { Module } from "./package.js"
import * as ResourceServer from "./resourceServer.js"
import type { Settings } from "./settings.js"

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
const jwtType = "urn:ietf:params:oauth:token-type:jwt"

type Parameters = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

// -----------------------------------------------------------------------------
// JWTs
// -----------------------------------------------------------------------------

type Verify = (token: string) => Promise<{ readonly iss: string; readonly sub: string }>

/** Verifies JWTs of this server and of the trusted issuers. The error does not say what is wrong with a JWT. */
const makeVerify = (settings: Settings, { errors }: Module): Verify => {
  const { d: _, ...publicKey } = settings.signingKey
  // `oidc-provider` chooses the id of the only key, so the id is not compared.
  const ownKey = Jose.importJWK(publicKey, "ES256")
  const issuerKeys = IssuerKeys.make()
  const requiredClaims = ["exp", "sub"]

  const verifyOwn = async (token: string): Promise<Jose.JWTPayload> =>
    (await Jose.jwtVerify(token, await ownKey, { issuer: settings.issuer, algorithms: ["ES256"], requiredClaims }))
      .payload

  return async (token) => {
    try {
      const { iss } = Jose.decodeJwt(token)
      if (iss === undefined || ![settings.issuer, ...settings.trustedIssuers].includes(iss)) {
        throw new TypeError("an unknown issuer")
      }
      const { sub } = iss === settings.issuer
        ? await verifyOwn(token)
        : await issuerKeys.verify(token, iss, { requiredClaims })
      return { iss, sub: String(sub) }
    } catch {
      throw new errors.InvalidGrant("the token is not valid")
    }
  }
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const parametersOf = (ctx: TokenEndpointGrantContext): Parameters =>
  // The parameters of a registered grant are texts, or lists where repetition is allowed.
  ctx.oidc.params as unknown as Parameters

const optional = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

/** The Koa state that holds the `act` claim (RFC 8693, section 4.1) of the token that a request issues. */
const actorState = "actor"

/**
 * Returns the claims that a token has beside its own, for `extraTokenClaims`.
 *
 * @internal
 */
export const extraClaims = (ctx: KoaContextWithOIDC): Record<string, Jose.JWTPayload> | undefined => {
  // Koa types its state as `any`; only `register` writes this member.
  const actor: Jose.JWTPayload | undefined = ctx.state[actorState]
  return actor === undefined ? undefined : { act: actor }
}

/**
 * Adds the grants to a provider.
 *
 * @internal
 */
export const register = (provider: Provider, module: Module, settings: Settings): void => {
  const { errors } = module
  const verify = makeVerify(settings, module)
  const resourceServer = ResourceServer.make(settings, module)

  const required = (parameters: Parameters, name: string): string => {
    const value = optional(parameters, name)
    if (value === undefined) throw new errors.InvalidRequest(`missing required parameter '${name}'`)
    return value
  }

  const verifyParameter = (parameters: Parameters, name: string) => {
    if (![jwtType, accessTokenType].includes(required(parameters, `${name}_type`))) {
      throw new errors.InvalidRequest("only JWTs are exchanged")
    }
    return verify(required(parameters, name))
  }

  const resourceOf = (parameters: Parameters): string => {
    const targets = new Set([parameters.resource, parameters.audience].flat().filter((value) => value !== undefined))
    if (targets.size > 1) throw new errors.InvalidTarget("only one target at a time")
    return [...targets][0] ?? settings.resources[0]
  }

  const issue = async (ctx: TokenEndpointGrantContext, sub: string, more: Record<string, string>): Promise<void> => {
    const { client, params } = ctx.oidc
    const resource = resourceOf(parametersOf(ctx))
    // Called before the scopes are read: it refuses unknown ones and adds the default ones.
    const server = resourceServer(ctx, resource, client)
    const token = new provider.AccessToken({
      client,
      accountId: sub,
      gty: String(params.grant_type),
      resourceServer: new provider.ResourceServer(resource, server),
      ...(params.scope === undefined ? {} : { scope: params.scope })
      // Its type also requires members that only the other grants have.
    } as never)
    ctx.body = {
      access_token: await token.save(),
      token_type: "Bearer",
      expires_in: token.expiration,
      ...(token.scope === undefined ? {} : { scope: token.scope }),
      ...more
    }
  }

  provider.registerGrantType(
    Model.tokenExchange,
    async (ctx) => {
      const parameters = parametersOf(ctx)
      const { sub } = await verifyParameter(parameters, "subject_token")
      if (optional(parameters, "actor_token") !== undefined) {
        ctx.state[actorState] = await verifyParameter(parameters, "actor_token")
      } else if (optional(parameters, "actor_token_type") !== undefined) {
        throw new errors.InvalidRequest("actor_token_type without actor_token")
      }
      await issue(ctx, sub, { issued_token_type: accessTokenType })
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
    Model.jwtBearer,
    async (ctx) => {
      const { sub } = await verify(required(parametersOf(ctx), "assertion"))
      await issue(ctx, sub, {})
    },
    ["assertion", "requested_token_use", "audience", "resource", "scope"],
    ["audience", "resource"]
  )
}
