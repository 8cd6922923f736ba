/** The addresses of `Connect`: links, the return URL, and the addresses where a user may continue. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Consent from "../../Consent.js"
import type { ConsentSession } from "../../ConsentSession.js"
import type { AccessTokenCredential } from "../../Identity.js"
import type { ValidationException } from "../../IdentityError.js"
import { isUserCredential } from "../../internal/credentials/credential.js"
import * as Status from "../../internal/credentials/status.js"
import { isDeclared } from "../../internal/identity/declared.js"
import * as Validation from "../../internal/plane/validation.js"
import type { LinkOptions, Options } from "./connectTypes.js"

export type Links = Effect.Success<ReturnType<typeof make>>

export const invalid = (property: string, expected: string): ValidationException =>
  Validation.invalidProperty("Connect", property, expected)

export const unknownCredential = (): ValidationException =>
  invalid("credential", "be one of the credentials of Connect")

export const wrongCredential = (name: string): ValidationException =>
  invalid(`credentials.${name}`, "be an access token of the flow USER_FEDERATION")

export const parseWebUrl = (value: string, base?: string): URL | undefined => {
  const url = URL.parse(value, base)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? url : undefined
}

/** The pages link to these addresses, so none may be a `javascript:` URL. */
export const checkRevokeAt = (revokeAt: Options<never, never>["revokeAt"] = {}) =>
  Effect.forEach(
    Object.entries(revokeAt),
    ([name, url]) =>
      url === undefined || parseWebUrl(url) !== undefined
        ? Effect.void
        : invalid(`revokeAt.${name}`, "be a web address, as in https://vendor.example.com/connections"),
    { discard: true }
  )

/**
 * Whether a URL is spelled like that of a page. Routers accept other spellings too, such as `/CONNECT`, `/connect;x`
 * and `/connect/./calendar`, and a guard of the application may not know them.
 */
export const hasSpellingOf = (url: string, path: string): boolean => {
  const [given = ""] = url.split(/[?#]/, 1)
  return given.startsWith(path) && /^(\/[\w-]+)?\/?$/.test(given.slice(path.length))
}

const originOf = (
  given: string | undefined,
  returnUrls: ReadonlyArray<string | undefined>
): Effect.Effect<string, ValidationException> => {
  const origins = new Set(
    given === undefined ? returnUrls.map((url) => url === undefined ? undefined : parseWebUrl(url)?.origin) : [given]
  )
  const [origin] = origins
  return origins.size === 1 && origin !== undefined && parseWebUrl(origin)?.origin === origin
    ? Effect.succeed(origin)
    : invalid(
      "origin",
      given === undefined
        ? "be given: the return URLs of the credentials have no common origin"
        : "be an origin of a web server, as in https://app.example.com"
    )
}

/** An entry allows its URL, and every path below it. */
const isBelow = (url: URL, entry: URL): boolean =>
  url.origin === entry.origin
  && (url.pathname === entry.pathname
    || url.pathname.startsWith(entry.pathname.endsWith("/") ? entry.pathname : `${entry.pathname}/`))

export const make = ({ continueTo = [], credentials, origin: given, path, users = "userId" }: LinkOptions) =>
  Effect.gen(function*() {
    if (users !== "userId" && users !== "jwt") return yield* invalid("users", "be 'userId' or 'jwt'")
    if (!/^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/.test(path)) {
      return yield* invalid("path", "be a path without parameters and dots, as in '/connect'")
    }
    const names = Object.keys(credentials)
    if (!names.every((name) => /^[A-Za-z0-9][\w-]{0,63}$/.test(name) && name !== "return")) {
      return yield* invalid("credentials", "have names of letters, digits, - and _, and not 'return'")
    }
    const credentialOf = new Map(Object.entries(credentials))
    for (const [name, credential] of credentialOf) {
      if (!isDeclared(credential, "AccessToken") || !isUserCredential(credential)) return yield* wrongCredential(name)
    }
    const programUrl = yield* Consent.ReturnUrl
    const origin = yield* originOf(
      given,
      [...credentialOf.values()].map(({ request }) => request.returnUrl ?? Option.getOrUndefined(programUrl))
    )
    const entries = yield* Effect.forEach(continueTo, (address) =>
      Effect.mapError(
        Effect.fromNullishOr(parseWebUrl(address)),
        () => invalid("continueTo", "be web addresses, as in https://app.example.com/chat/")
      ))
    const nameOfTag = new Map([...credentialOf].map(([name, credential]) => [credential.key, name]))
    const nameOfRequest = new Map(
      [...credentialOf].map(([name, { request }]) => [Status.keyOf(request, programUrl), name])
    )
    // AgentCore may store the grant of requests with different return URLs as one.
    const grantKeyOf = (request: Parameters<typeof Status.keyOf>[0]) =>
      Status.keyOf({ ...request, returnUrl: "" }, Option.none())
    const grants = [...credentialOf].map(([name, { request }]) => {
      const { scopes = [] } = request
      return { name, scopes, rest: grantKeyOf({ ...request, scopes: [] }) }
    })
    return {
      origin,
      entries: [...credentialOf],
      /** The return URL of credentials without one. */
      returnUrl: Option.getOrUndefined(programUrl),
      /** The page of all connections. */
      connectionsUrl: `${origin}${path}`,
      /** Where users without another address go back to. */
      applicationUrl: entries[0]?.href ?? `${origin}/`,
      find: (name: string) => credentialOf.get(name),
      /** The name of a declared credential, or of the credential that a session is for. A name is itself. */
      nameOf: (subject: AccessTokenCredential<"USER_FEDERATION"> | ConsentSession | string) =>
        // A program in JavaScript can pass any value.
        typeof subject === "string" || !subject
          ? credentialOf.has(subject) ? subject : undefined
          : "key" in subject
          ? nameOfTag.get(subject.key) ?? nameOfRequest.get(Status.keyOf(subject.request, programUrl))
          : nameOfRequest.get(Status.keyOf(subject, Option.none())),
      grantKeyOf,
      /** The names of the credentials whose grant a request is for, or that it steps up from. Its own is the first. */
      namesOfGrant: (request: Parameters<typeof Status.keyOf>[0]): ReadonlyArray<string> => {
        const own = nameOfRequest.get(Status.keyOf(request, Option.none()))
        const key = grantKeyOf({ ...request, scopes: [] })
        const names = grants.flatMap(({ name, rest, scopes }) =>
          rest === key && name !== own && scopes.every((scope) => request.scopes?.includes(scope)) ? [name] : []
        )
        return own === undefined ? names : [own, ...names]
      },
      link: (name: string, continueUrl?: string) =>
        `${origin}${path}/${name}${continueUrl === undefined ? "" : `?continue=${encodeURIComponent(continueUrl)}`}`,
      /** The absolute address where a user continues, if it is allowed. A user need not continue. */
      allowed: (address: string | undefined): Option.Option<string | undefined> => {
        if (address === undefined) return Option.some(undefined)
        const url = parseWebUrl(address, origin)
        return url !== undefined && entries.some((entry) => isBelow(url, entry)) ? Option.some(url.href) : Option.none()
      }
    }
  })
