/** The clients and users of the development authorization server. Every valid user name is an account. */
import * as Redacted from "effect/Redacted"
import type { JWK } from "jose"
import type { Account, ClientMetadata } from "oidc-provider"
import type { Client, GrantType, UserClaims } from "./registrations.js"

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" satisfies GrantType

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" satisfies GrantType

const grantsOf = ({ grants, redirectUris = [] }: Client): ReadonlyArray<GrantType> =>
  grants ?? (redirectUris.length === 0
    ? ["client_credentials"]
    : ["client_credentials", "authorization_code", "refresh_token"])

/** `oidc-provider` uses client ids as the keys of an object, so such an id would change `Object.prototype`. */
const isPropertyName = (clientId: string): boolean => clientId in {}

export const toUnregistered = (clientId: string): ClientMetadata | undefined =>
  isPropertyName(clientId)
    ? undefined
    // The secret and the redirect URI are required, and not compared.
    : toMetadata({
      clientId,
      clientSecret: Redacted.make("any"),
      redirectUris: ["http://127.0.0.1"],
      grants: ["client_credentials", "authorization_code", "refresh_token", tokenExchange, jwtBearer]
    })

const isRedirectUri = (uri: string): boolean => /^https?:$/.test(URL.parse(uri)?.protocol ?? "") && !uri.includes("#")

/** RFC 6749, section 3.3. */
const isScope = (scope: string): boolean => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope)

/** Returns what is wrong with a client, without its secret. */
export const findClientProblem = (client: Client): string | undefined => {
  const { authenticationMethod, clientId, clientSecret, publicKeys = [], redirectUris = [], scopes = [] } = client
  const grants = grantsOf(client)
  const hasSecret = clientSecret !== undefined && Redacted.value(clientSecret) !== ""
  if (clientId === "") return "clientId must not be empty"
  if (isPropertyName(clientId)) return "clientId must not be the name of a property of all objects"
  if (authenticationMethod === "private_key_jwt") {
    if (publicKeys.length === 0) return "private_key_jwt needs publicKeys"
  } else if (!hasSecret) return "clientSecret must not be empty"
  if (grants.includes("authorization_code") && redirectUris.length === 0) {
    return "the grant authorization_code needs redirectUris"
  }
  if (grants.includes("refresh_token") && !grants.includes("authorization_code")) {
    return "the grant refresh_token needs the grant authorization_code"
  }
  if (!redirectUris.every(isRedirectUri)) return "redirectUris must be http or https URLs without fragment"
  return scopes.every(isScope) ? undefined : "scopes must be OAuth scope tokens, without spaces and quotes"
}

/** Drops the private properties of a key, which `oidc-provider` rejects. */
const toPublicKey = ({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...key }: JWK): object => key

export const toMetadata = (client: Client): ClientMetadata => ({
  client_id: client.clientId,
  ...(client.clientSecret === undefined ? {} : { client_secret: Redacted.value(client.clientSecret) }),
  ...(client.publicKeys === undefined ? {} : { jwks: { keys: client.publicKeys.map(toPublicKey) } }),
  client_name: client.name ?? client.clientId,
  redirect_uris: [...client.redirectUris ?? []],
  response_types: grantsOf(client).includes("authorization_code") ? ["code"] : [],
  grant_types: [...grantsOf(client)],
  token_endpoint_auth_method: client.authenticationMethod ?? "client_secret_basic"
})

/**
 * Whether a client may use a redirect URI. An entry that ends in `/*` allows every URI with exactly one more path
 * segment in that place, and without query, fragment and user information.
 */
export const isRedirectUriAllowed = (allowed: ReadonlyArray<string>, uri: string): boolean =>
  allowed.some((entry) => {
    if (!entry.endsWith("/*") || !URL.canParse(entry) || !URL.canParse(uri)) return entry === uri
    // Compared after parsing: a browser resolves both spellings of `..` before it follows the redirect.
    const prefix = new URL(entry.slice(0, -1)).href
    const target = new URL(uri).href
    return target === uri && target.startsWith(prefix) && /^[^/?#]+$/.test(target.slice(prefix.length))
  })

export const maxUserNameLength = 128

export const isUserName = (name: string): boolean =>
  name.length > 0 && name.length <= maxUserNameLength && name === name.trim() && !/[\p{Cc}\p{Cs}]/u.test(name)

/** The claims that a scope requests (OpenID Connect Core 1.0, section 5.4). */
const scopeClaims = {
  profile: ("name family_name given_name middle_name nickname preferred_username profile picture website gender "
    + "birthdate zoneinfo locale updated_at").split(" "),
  email: ["email", "email_verified"],
  address: ["address"],
  phone: ["phone_number", "phone_number_verified"]
}

const standardClaims: ReadonlySet<string> = new Set(Object.values(scopeClaims).flat())

const reservedClaims: ReadonlySet<string> = new Set(
  ("_claim_names _claim_sources acr act amr at_hash aud auth_time authorization_details azp c_hash client_id cnf exp "
    + "iat iss jti nbf nonce s_hash scope sid sub").split(" ")
)

/** Returns what is wrong with a user, without the values of the claims. */
export const findUserProblem = (userName: string, claims: UserClaims): string | undefined => {
  if (!isUserName(userName)) return `a user name has 1 to ${maxUserNameLength} characters`
  const reserved = Object.keys(claims).find((name) => reservedClaims.has(name))
  if (reserved !== undefined) return `the server sets the claim ${reserved} itself`
  // `oidc-provider` merges claims into an object.
  return Object.hasOwn(claims, "__proto__") ? "a claim must not have the name __proto__" : undefined
}

const customNames = (claims: UserClaims): ReadonlyArray<string> =>
  Object.keys(claims).filter((name) => !standardClaims.has(name))

/** Returns the claims of each scope for `oidc-provider`. `openid` includes all claims that are not standard. */
export const claimsByScope = (users: Iterable<UserClaims>): { readonly [scope: string]: Array<string> } => ({
  openid: [...new Set(["sub", ...[...users].flatMap(customNames)])],
  ...scopeClaims
})

export const selectClaims = (claims: UserClaims, scopes: ReadonlyArray<string>): UserClaims => {
  const requested = new Set(
    Object.entries(scopeClaims).flatMap(([scope, names]) => scopes.includes(scope) ? names : [])
  )
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !standardClaims.has(name) || requested.has(name)))
}

export const toAccount = (userName: string, claims: UserClaims = {}): Account => ({
  accountId: userName,
  claims: () => ({ ...claims, sub: userName })
})
