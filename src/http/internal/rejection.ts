/** Responses that reject a credential, and the access token to obtain after one. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { AccessTokenDeclaration } from "../../Identity.js"
import { CredentialRejected, InsufficientScope, isIdentityError } from "../../IdentityError.js"
import { renewCredential } from "../../internal/identity/renewal.js"

// The challenges of RFC 9110, and the error codes of RFC 6750.

interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case. If a name occurs twice, the first value counts. */
  readonly parameters: ReadonlyMap<string, string>
}

const separators = /[\s,]*/y
const token = /[!#$%&'*+\-.^_`|~\w]+/y
const assignment = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\[^])*)"/y
// A single value of the scheme instead of parameters, as in `Negotiate YII=`. It ends the challenge.
const token68 = /[ \t]+[\w\-.~+/]+=*(?=[ \t]*(?:,|$))/y

/**
 * The challenges of a `WWW-Authenticate` header, which may be several headers joined by commas. Everything after a
 * syntax error is ignored.
 */
export const parseChallenges = (header: string): ReadonlyArray<Challenge> => {
  const challenges: Array<Challenge & { readonly parameters: Map<string, string> }> = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match !== null) at = pattern.lastIndex
    return match
  }
  for (;;) {
    take(separators)
    const name = take(token)?.[0].toLowerCase()
    if (name === undefined) return challenges
    const parameters = challenges.at(-1)?.parameters
    if (parameters !== undefined && take(assignment) !== null) {
      const value = take(quoted)?.[1]?.replace(/\\([^])/g, "$1") ?? take(token)?.[0]
      if (value === undefined) return challenges
      if (!parameters.has(name)) parameters.set(name, value)
    } else {
      challenges.push({ scheme: name, parameters: new Map() })
      take(token68)
    }
  }
}

/**
 * - `Rejected`: the resource does not accept the credential; another one may work
 * - `InsufficientScope`: a token needs more scopes; `required` is empty if the resource does not name them
 */
export type Rejection =
  | { readonly _tag: "Rejected"; readonly status: number }
  | { readonly _tag: "InsufficientScope"; readonly required: ReadonlyArray<string> }

/** The schemes with the error codes of RFC 6750; DPoP uses them too (RFC 9449). */
const schemes: ReadonlySet<string> = new Set(["bearer", "dpop"])

/** Why a response rejects the credential, if it does: by status 401, or by the error code of a challenge. */
export const rejectionOf = ({ headers, status }: {
  readonly headers: { readonly [name: string]: string | undefined }
  readonly status: number
}): Rejection | undefined => {
  if (status < 400 || status > 499) return undefined
  const challenges = parseChallenges(headers["www-authenticate"] ?? "").filter(({ scheme }) => schemes.has(scheme))
  const withError = (error: string) => challenges.find(({ parameters }) => parameters.get("error") === error)
  const insufficient = withError("insufficient_scope")
  return insufficient !== undefined
    ? {
      _tag: "InsufficientScope",
      required: (insufficient.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "")
    }
    : status === 401 || withError("invalid_token") !== undefined
    ? { _tag: "Rejected", status }
    : undefined
}

export type Obtain<E, R> = (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>

export interface TokenOptions {
  readonly provider: string
  readonly scopes: ReadonlyArray<string>
  readonly reauthenticate: boolean
  /** Whether to request the scopes that the resource misses, once. */
  readonly stepUp: boolean
  /** The scopes that a step-up may request, besides `scopes`. Undefined: all. */
  readonly maxScopes: ReadonlyArray<string> | undefined
}

/** The options of a use of an access token, with their defaults. */
export const tokenOptions = (
  { flow, provider, scopes = [] }: AccessTokenDeclaration,
  { maxScopes = flow === "M2M" ? scopes : undefined, reauthenticate = false, stepUp = false }: {
    readonly [K in "maxScopes" | "reauthenticate" | "stepUp"]?: TokenOptions[K] | undefined
  }
): TokenOptions => ({ provider, scopes, reauthenticate, stepUp, maxScopes })

/** Obtains another credential after a rejection. Fails with `CredentialRejected` if there is none. */
export const renew = <E, R>(
  obtain: Obtain<E, R>,
  rejected: Redacted.Redacted,
  { provider, reauthenticate }: Pick<TokenOptions, "provider" | "reauthenticate">,
  status: number
): Effect.Effect<Redacted.Redacted, E | CredentialRejected, R> =>
  Effect.flatMap(renewCredential(obtain, rejected, { reauthenticate }), (fresh) =>
    Option.isSome(fresh)
      ? Effect.succeed(fresh.value)
      : Effect.fail(new CredentialRejected({ provider, reason: "Unchanged", status })))

/** The scopes of a token after a step-up. Undefined if there is none. */
const scopesOfStepUp = (
  { maxScopes, scopes, stepUp }: TokenOptions,
  required: ReadonlyArray<string>
): ReadonlyArray<string> | undefined => {
  // A string instead of a list allows no scope.
  const allowed = maxScopes && new Set(maxScopes)
  const missing = required.filter((scope) => !scopes.includes(scope))
  // With only some of the missing scopes, the user would consent and the resource would still reject the token.
  const isAllowed = missing.length > 0 && missing.every((scope) => allowed?.has(scope) ?? true)
  return stepUp && isAllowed ? [...scopes, ...missing] : undefined
}

/** Obtains a token with more scopes. Fails with `InsufficientScope` if there is none. */
export const stepUp = <E, R>(
  options: TokenOptions,
  obtain: (scopes: ReadonlyArray<string>) => Obtain<E, R>,
  rejected: Redacted.Redacted,
  required: ReadonlyArray<string>
): Effect.Effect<
  { readonly scopes: ReadonlyArray<string>; readonly token: Redacted.Redacted },
  E | InsufficientScope,
  R
> =>
  Effect.gen(function*() {
    const { provider, scopes: requested } = options
    const scopes = scopesOfStepUp(options, required)
    const token = scopes === undefined ? Option.none() : yield* Effect.catchIf(
      renewCredential(obtain(scopes), rejected, options),
      // The authorization server does not know these scopes. `InsufficientScope` names them.
      (error) => isIdentityError(error) && error._tag === "ValidationException",
      () => Effect.succeedNone
    )
    return scopes === undefined || Option.isNone(token)
      ? yield* new InsufficientScope({ provider, required, requested })
      : { scopes, token: token.value }
  })
