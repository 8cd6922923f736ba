/** The users of the development authorization server: every valid user name is an account. Some have claims. */
import type { Account } from "oidc-provider"
import type { UserClaims } from "./model.js"

export const maxUserNameLength = 128

export const isUserName = (text: string): boolean =>
  text.length > 0 && text.length <= maxUserNameLength && text === text.trim() && !/[\p{Cc}\p{Cs}]/u.test(text)

/** The claims that a scope requests (OpenID Connect Core 1.0, section 5.4). */
const scopeClaims = {
  profile: [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at"
  ],
  email: ["email", "email_verified"],
  address: ["address"],
  phone: ["phone_number", "phone_number_verified"]
}

const standardClaims: ReadonlySet<string> = new Set(Object.values(scopeClaims).flat())

/** The server sets these itself. */
const reservedClaims: ReadonlySet<string> = new Set([
  "_claim_names",
  "_claim_sources",
  "acr",
  "act",
  "amr",
  "at_hash",
  "aud",
  "auth_time",
  "authorization_details",
  "azp",
  "c_hash",
  "client_id",
  "cnf",
  "exp",
  "iat",
  "iss",
  "jti",
  "nbf",
  "nonce",
  "s_hash",
  "scope",
  "sid",
  "sub"
])

/** Returns what is wrong with a user, without the values of the claims. */
export const findProblem = (userName: string, claims: UserClaims): string | undefined => {
  if (!isUserName(userName)) return `a user name has 1 to ${maxUserNameLength} characters`
  const reserved = Object.keys(claims).find((name) => reservedClaims.has(name))
  if (reserved !== undefined) return `the server sets the claim ${reserved} itself`
  // `oidc-provider` merges claims into an object.
  return "__proto__" in claims && Object.hasOwn(claims, "__proto__") ? "__proto__ is no name of a claim" : undefined
}

const customNames = (claims: UserClaims): ReadonlyArray<string> =>
  Object.keys(claims).filter((name) => !standardClaims.has(name))

/** The claims of each scope, for `oidc-provider`. Claims that are not standard come with `openid`. */
export const claimsByScope = (
  users: Iterable<UserClaims>
): { readonly [scope: string]: Array<string> } => ({
  openid: [...new Set(["sub", ...[...users].flatMap(customNames)])],
  ...scopeClaims
})

/** The claims that a token with these scopes may read. */
export const selectClaims = (claims: UserClaims, scopes: ReadonlyArray<string>): UserClaims => {
  const requested = new Set(
    Object.entries(scopeClaims).flatMap(([scope, names]) => scopes.includes(scope) ? names : [])
  )
  return Object.fromEntries(
    Object.entries(claims).filter(([name]) => !standardClaims.has(name) || requested.has(name))
  )
}

export const toAccount = (userName: string, claims: UserClaims = {}): Account => ({
  accountId: userName,
  claims: () => ({ ...claims, sub: userName })
})
