/** Why a resource refuses a token: the challenges of RFC 9110, and the error codes of RFC 6750. */
import type * as Headers from "effect/http/Headers"

export interface Challenge {
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
export const parse = (header: string): ReadonlyArray<Challenge> => {
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
      const text = take(quoted)
      const value = text === null ? take(token)?.[0] : text[1]?.replace(/\\([^])/g, "$1")
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
export type Refusal =
  | { readonly _tag: "Rejected" }
  | { readonly _tag: "InsufficientScope"; readonly required: ReadonlyArray<string> }

/** The schemes with the error codes of RFC 6750; DPoP uses them too (RFC 9449). */
const schemes: ReadonlySet<string> = new Set(["bearer", "dpop"])

/** Why a response refuses the credential, if it does: by status 401, or by the error code of a challenge. */
export const refusalOf = ({ headers, status }: {
  readonly headers: Headers.Headers
  readonly status: number
}): Refusal | undefined => {
  if (status < 400 || status > 499) return undefined
  const challenges = parse(headers["www-authenticate"] ?? "").filter(({ scheme }) => schemes.has(scheme))
  const withError = (error: string) => challenges.filter(({ parameters }) => parameters.get("error") === error)
  const [insufficient] = withError("insufficient_scope")
  return insufficient !== undefined
    ? {
      _tag: "InsufficientScope",
      required: (insufficient.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "")
    }
    : status === 401 || withError("invalid_token").length > 0
    ? { _tag: "Rejected" }
    : undefined
}
