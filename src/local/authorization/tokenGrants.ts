/**
 * The scopes of all grants, and the grants that `oidc-provider` does not implement. These issue an access token for a
 * user's JWT, by token exchange (RFC 8693) or as an authorization grant (RFC 7523, section 2.1).
 */
import { decodeProtectedHeader, type JWTPayload } from "jose"
import type Provider from "oidc-provider"
import type { KoaContextWithOIDC, ResourceServer, TokenEndpointGrantContext } from "oidc-provider"
import { jwtBearer, tokenExchange } from "./accounts.js"
import type { Module, Settings } from "./serverSettings.js"
import * as Tokens from "./tokens.js"

/** RFC 8693, section 3. */
const tokenType = (name: "access_token" | "id_token" | "jwt") => `urn:ietf:params:oauth:token-type:${name}`

/** An access token of this server is a JWT, too. */
const issuedTypes: ReadonlyArray<string> = [tokenType("access_token"), tokenType("jwt")]

const tokenTypes: ReadonlyArray<string> = [...issuedTypes, tokenType("id_token")]

type Parameters = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

export const oidcScopes = ["openid", "offline_access"]

/** The scopes of these grants come from the request, not from an earlier authorization. */
const initialGrants: ReadonlyArray<unknown> = ["client_credentials", tokenExchange, jwtBearer]

/** Rejects unknown scopes, which `oidc-provider` drops silently, and adds the default ones (RFC 6749, section 3.3). */
const checkScopes = (ctx: KoaContextWithOIDC, scopes: ReadonlyArray<string>, { errors }: Module): void => {
  const { params, route } = ctx.oidc
  if (params === undefined || (route !== "authorization" && !initialGrants.includes(params.grant_type))) return
  if (typeof params.scope !== "string" || params.scope === "") {
    if (scopes.length > 0) params.scope = scopes.join(" ")
    return
  }
  const allowed = route === "authorization" ? [...scopes, ...oidcScopes] : scopes
  const unknown = params.scope.split(" ").filter((scope) => !allowed.includes(scope))
  if (unknown.length > 0) {
    const names = unknown.join(" ")
    const may = `this client may request: ${allowed.join(" ") || "none"}`
    const more = "--authorization-server-scope or the scopes of the client add others"
    throw new errors.InvalidScope(`requested scope is not allowed: ${names}; ${may}; ${more}`, names)
  }
}

/** Adds the scopes of a request to those that unregistered clients may have. */
const acceptScopes = (ctx: KoaContextWithOIDC, { anyClient = new Set() }: Settings): ReadonlyArray<string> => {
  const requested = typeof ctx.oidc.params?.scope === "string" ? ctx.oidc.params.scope.split(" ") : []
  for (const scope of requested) if (scope !== "" && !oidcScopes.includes(scope)) anyClient.add(scope)
  return [...anyClient]
}

/** Describes the API of an access token (RFC 8707), and the scopes that a request may have there. */
export const makeResourceServer =
  (settings: Settings, module: Module) =>
  (ctx: KoaContextWithOIDC, resource: string, { clientId }: { readonly clientId: string }): ResourceServer => {
    const client = settings.clients.get(clientId)
    if (client !== undefined && !settings.resources.includes(resource)) {
      throw new module.errors.InvalidTarget("no such resource or audience")
    }
    const scopes = client === undefined ? acceptScopes(ctx, settings) : client.scopes ?? []
    if (client !== undefined) checkScopes(ctx, scopes, module)
    return {
      scope: scopes.join(" "),
      audience: resource,
      accessTokenTTL: settings.accessTokenLifetime,
      accessTokenFormat: "jwt",
      jwt: { sign: { alg: "ES256" } }
    }
  }

const stateName = "delegation"

/** `act` is a claim (RFC 8693, section 4.1): the current actor, which contains the previous actors. */
interface Delegation extends Pick<Tokens.VerifiedToken, "isOwn"> {
  readonly act: unknown
}

export const extraClaims =
  ({ users }: Pick<Settings, "users">) =>
  (ctx: KoaContextWithOIDC, token: object): Record<string, unknown> | undefined => {
    // Koa types its state as `any`. Only `register` writes this property.
    const delegation: Delegation | undefined = ctx.state[stateName]
    const userName = "accountId" in token && typeof token.accountId === "string" ? token.accountId : undefined
    const claims = userName === undefined || delegation?.isOwn === false ? undefined : users.get(userName)
    return delegation?.act === undefined ? claims : { ...claims, act: delegation.act }
  }

/** Makes the claim `act` of a token that is issued for a subject. */
const toActor = (subject: Tokens.VerifiedToken, actor: Tokens.VerifiedToken | undefined): unknown => {
  const before = subject.claims["act"]
  return actor === undefined
    ? before
    : { iss: actor.iss, sub: actor.sub, ...(before === undefined ? {} : { act: before }) }
}

/** RFC 8693, section 4.4: the claims of `may_act` name the actor that the subject allows. */
const mayAct = ({ claims }: Tokens.VerifiedToken, actor: JWTPayload): boolean => {
  const { may_act: allowed } = claims
  if (typeof allowed !== "object" || allowed === null) return allowed === undefined
  return Object.entries(allowed).every(([name, value]) => actor[name] === value)
}

const parametersOf = (ctx: TokenEndpointGrantContext): Parameters =>
  // The parameters of a registered grant are strings. Parameters that may repeat can be lists.
  ctx.oidc.params as unknown as Parameters

const optional = (parameters: Parameters, name: string): string | undefined => {
  const value = parameters[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

const makeReader = ({ errors }: Module, tokens: Tokens.Tokens) => {
  const required = (parameters: Parameters, name: string): string => {
    const value = optional(parameters, name)
    if (value === undefined) throw new errors.InvalidRequest(`missing required parameter '${name}'`)
    return value
  }

  /** Verifies a token. The error contains the reason, unlike the errors of `oidc-provider` for grants. */
  const verify = async (parameters: Parameters, name: string, error: string): Promise<Tokens.VerifiedToken> => {
    const token = required(parameters, name)
    try {
      return await tokens.verify(token)
    } catch (cause) {
      const reason = cause instanceof Tokens.TokenError ? `: ${cause.message}` : ""
      throw new errors.CustomOIDCProviderError(error, `the ${name} is not valid${reason}`)
    }
  }

  /** RFC 8693, section 2.2.2, requires `invalid_request` for a token that is not valid. */
  const verifyTyped = async (parameters: Parameters, name: string): Promise<Tokens.VerifiedToken> => {
    const type = required(parameters, `${name}_type`)
    if (!tokenTypes.includes(type)) {
      throw new errors.InvalidRequest(`the ${name}_type is not supported: only JWTs are exchanged`)
    }
    const verified = await verify(parameters, name, "invalid_request")
    // The headers of other issuers may lack the type.
    const isAccessToken = decodeProtectedHeader(required(parameters, name)).typ === Tokens.accessTokenHeader
    if (verified.isOwn && type !== tokenType("jwt") && isAccessToken !== (type === tokenType("access_token"))) {
      throw new errors.InvalidRequest(`the ${name} is not of the type that ${name}_type names`)
    }
    return verified
  }

  const readActor = async (parameters: Parameters, subject: Tokens.VerifiedToken) => {
    if (optional(parameters, "actor_token") === undefined) {
      if (optional(parameters, "actor_token_type") === undefined) return undefined
      throw new errors.InvalidRequest("actor_token_type without actor_token")
    }
    const actor = await verifyTyped(parameters, "actor_token")
    if (mayAct(subject, actor.claims)) return actor
    throw new errors.InvalidRequest("the actor_token does not name the actor that may_act of the subject_token allows")
  }

  return { readActor, verify, verifyTyped }
}

export const register = (provider: Provider, module: Module, settings: Settings, tokens: Tokens.Tokens): void => {
  const { errors } = module
  const resourceServer = makeResourceServer(settings, module)
  const { readActor, verify, verifyTyped } = makeReader(module, tokens)

  const resourceOf = (parameters: Parameters): string => {
    const targets = new Set([parameters.resource, parameters.audience].flat().filter((value) => value !== undefined))
    if (targets.size > 1) throw new errors.InvalidTarget("only one target at a time")
    return [...targets][0] ?? settings.resources[0]
  }

  const issue = async (
    ctx: TokenEndpointGrantContext,
    subject: Tokens.VerifiedToken,
    actor?: Tokens.VerifiedToken,
    more?: Record<string, string>
  ): Promise<void> => {
    const { client, params } = ctx.oidc
    const delegation: Delegation = { isOwn: subject.isOwn, act: toActor(subject, actor) }
    ctx.state[stateName] = delegation
    const resource = resourceOf(parametersOf(ctx))
    // It checks the scopes and adds the default ones, so it comes before they are read.
    const server = resourceServer(ctx, resource, client)
    const token = new provider.AccessToken({
      client,
      accountId: subject.sub,
      gty: String(params.grant_type),
      resourceServer: new provider.ResourceServer(resource, server),
      ...(params.scope === undefined ? {} : { scope: params.scope })
      // Its type also requires properties that only the other grants have.
    } as never)
    ctx.body = {
      access_token: await token.save(),
      token_type: "Bearer",
      expires_in: token.expiration,
      ...(token.scope === undefined ? {} : { scope: token.scope }),
      ...more
    }
  }

  const repeatable = ["audience", "resource"]
  const targets = [...repeatable, "scope"]

  provider.registerGrantType(
    tokenExchange,
    async (ctx) => {
      const parameters = parametersOf(ctx)
      const issuedType = optional(parameters, "requested_token_type") ?? tokenType("access_token")
      if (!issuedTypes.includes(issuedType)) {
        throw new errors.InvalidRequest("the requested_token_type is not supported: only access tokens are issued")
      }
      const subject = await verifyTyped(parameters, "subject_token")
      await issue(ctx, subject, await readActor(parameters, subject), { issued_token_type: issuedType })
    },
    ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type", ...targets],
    repeatable
  )

  provider.registerGrantType(
    jwtBearer,
    async (ctx) => issue(ctx, await verify(parametersOf(ctx), "assertion", "invalid_grant")),
    ["assertion", "requested_token_use", ...targets],
    repeatable
  )
}
