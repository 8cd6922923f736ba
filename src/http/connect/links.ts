/** The addresses of `Connect`: links, the return URL, and the addresses that a user may go on to. */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { ConsentSession } from "../../ConsentSession.js"
import type { UserCredential } from "../../Credentials.js"
import * as Status from "../../credentials/status.js"
import type { ValidationException } from "../../IdentityError.js"
import type { ConnectCredentials } from "./model.js"
import { invalid } from "./options.js"

export interface Options {
  readonly path: string
  readonly credentials: ConnectCredentials
  readonly origin?: string | undefined
  readonly continueTo?: ReadonlyArray<string> | undefined
}

export interface Links {
  readonly origin: string
  readonly names: ReadonlyArray<string>
  readonly find: (name: string) => UserCredential | undefined
  /** The name of a declared credential, or of the credential that a session is for. */
  readonly nameOf: (subject: UserCredential | ConsentSession) => string | undefined
  readonly link: (name: string, continueUrl?: string) => string
  /** The address of a request to go on to, if it is allowed. */
  readonly allowed: (address: string) => Option.Option<string>
}

const webUrl = (text: string): URL | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
    ? url
    : undefined
}

const originOf = (
  given: string | undefined,
  returnUrls: ReadonlyArray<string | undefined>
): Result.Result<string, ValidationException> => {
  const origins = new Set(
    given === undefined ? returnUrls.map((url) => url === undefined ? undefined : webUrl(url)?.origin) : [given]
  )
  const [origin] = origins
  return origins.size === 1 && origin !== undefined && webUrl(origin)?.origin === origin
    ? Result.succeed(origin)
    : Result.fail(invalid(
      "origin",
      given === undefined
        ? "be given: the return URLs of the credentials have no common origin"
        : "be an origin of a web server, as in https://app.example.com"
    ))
}

/** An entry allows its own address, and those below it. */
const isBelow = (url: URL, entry: URL): boolean =>
  url.origin === entry.origin
  && (url.pathname === entry.pathname
    || url.pathname.startsWith(entry.pathname.endsWith("/") ? entry.pathname : `${entry.pathname}/`))

export const make = (
  { continueTo = [], credentials, origin: given, path }: Options,
  programUrl: Option.Option<string>
): Result.Result<Links, ValidationException> =>
  Result.gen(function*() {
    const names = Object.keys(credentials)
    const credentialOf = new Map(Object.entries(credentials))
    const origin = yield* originOf(
      given,
      [...credentialOf.values()].map(({ request }) => request.returnUrl ?? Option.getOrUndefined(programUrl))
    )
    const entries: Array<URL> = []
    for (const text of continueTo) {
      const entry = webUrl(text)
      if (entry === undefined) {
        return yield* Result.fail(invalid("continueTo", "be web addresses, as in https://app.example.com/chat/"))
      }
      entries.push(entry)
    }
    const nameOfTag = new Map([...credentialOf].map(([name, credential]) => [credential.key, name]))
    const nameOfRequest = new Map(
      [...credentialOf].map(([name, { request }]) => [Status.keyOf(request, programUrl), name])
    )
    return {
      origin,
      names,
      find: (name) => credentialOf.get(name),
      nameOf: (subject) =>
        "key" in subject ? nameOfTag.get(subject.key) : nameOfRequest.get(Status.keyOf(subject, Option.none())),
      link: (name, continueUrl) =>
        `${origin}${path}/${name}${continueUrl === undefined ? "" : `?continue=${encodeURIComponent(continueUrl)}`}`,
      allowed: (address) => {
        const url = URL.canParse(address, origin) ? webUrl(new URL(address, origin).href) : undefined
        return url !== undefined && entries.some((entry) => isBelow(url, entry))
          ? Option.some(url.href)
          : Option.none()
      }
    }
  })
