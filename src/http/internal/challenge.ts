/**
 * What a resource says against a token: the challenges of RFC 9110, and the error codes of RFC 6750.
 *
 * @since 0.1.0
 */
import type * as Headers from "@effect/platform/Headers"

/**
 * @internal
 */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string
  /** By name in lower case. Of a name that comes twice, the first counts. */
  readonly parameters: ReadonlyMap<string, string>
}

const separators = /[\s,]*/y
const token = /[!#$%&'*+\-.^_`|~\w]+/y
const assignment = /[ \t]*=[ \t]*/y
const quoted = /"((?:[^"\\]|\\[^])*)"/y
// A single value that belongs to the scheme, as in `Negotiate YII=`: whatever ends the challenge, and is no parameter.
const token68 = /[ \t]+[\w\-.~+/]+=*(?=[ \t]*(?:,|$))/y

/**
 * The challenges of a `WWW-Authenticate` header, which may be several headers joined by commas. What comes after a mistake is left
 * out.
 *
 * @internal
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
 * - `Rejected`: the credential is not accepted, and another may be
 * - `InsufficientScope`: a token with more scopes would be; `required` is empty where the resource does not say which
 *
 * @internal
 */
export type Refusal =
  | { readonly _tag: "Rejected" }
  | { readonly _tag: "InsufficientScope"; readonly required: ReadonlyArray<string> }

/** Those that take the error codes of RFC 6750; DPoP does (RFC 9449). */
const schemes: ReadonlySet<string> = new Set(["bearer", "dpop"])

/**
 * Why an answer refuses the credential that it was asked with, if it does: by its status 401, or by the code of its challenge.
 *
 * @internal
 */
export const refusalOf = ({ headers, status }: {
  readonly headers: Headers.Headers
  readonly status: number
}): Refusal | undefined => {
  if (status < 400 || status > 499) return undefined
  const challenges = parse(headers["www-authenticate"] ?? "").filter(({ scheme }) => schemes.has(scheme))
  const saying = (error: string) => challenges.filter(({ parameters }) => parameters.get("error") === error)
  const [insufficient] = saying("insufficient_scope")
  return insufficient !== undefined
    ? {
      _tag: "InsufficientScope",
      required: (insufficient.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "")
    }
    : status === 401 || saying("invalid_token").length > 0
    ? { _tag: "Rejected" }
    : undefined
}
