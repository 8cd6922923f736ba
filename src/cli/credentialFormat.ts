/**
 * The forms in which `npx agentcore-identity token` and `api-key` print a credential for another program: a shell, a
 * proxy, an editor, or git. Each is one line on stdout, except for git, whose protocol has a line for each attribute.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFile } from "node:child_process"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"
import type { Flow } from "../ConsentSession.js"
import { fieldName, fieldValue } from "../internal/credentialHeader.js"
import { isSecure } from "../internal/models/urls.js"
import { type Caller, InvalidOption } from "./credentialFlags.js"
import * as Terminal from "./terminal.js"

export type Format = "raw" | "header" | "header-json" | "json" | "git-credential"

/** What was obtained, and for whom. */
export interface Credential extends Pick<Caller, "workload" | "user"> {
  readonly provider: string
  /** Undefined for an API key. */
  readonly flow: Flow | undefined
  readonly secret: Redacted.Redacted
  /** In ISO 8601. Undefined if the credential itself does not say it. */
  readonly expiresAt: string | undefined
}

export interface Settings {
  readonly format?: Format | undefined
  /** The header of an API key. */
  readonly header?: string | undefined
  readonly prefix?: string | undefined
  /** What git wants from its helper. */
  readonly operation?: "get" | "store" | "erase" | undefined
}

// -----------------------------------------------------------------------------
// git
// -----------------------------------------------------------------------------

/** The attributes of git's request, see https://git-scm.com/docs/git-credential#IOFMT. Only a line feed ends a line. */
const readAttributes = Effect.map(
  Effect.promise(() => text(process.stdin)),
  (lines): Readonly<Record<string, string>> =>
    Object.fromEntries(
      lines.split("\n").flatMap((line) => {
        const [, name, value = ""] = /^([^=]+)=([^]*)$/.exec(line) ?? []
        return name === undefined ? [] : [[name, value]]
      })
    )
)

const allServers = "This helper is not limited to a host, so git sends the credential to every server. "
  + "Configure it for one host: credential.https://git.example.com.helper"

/** git does not tell a helper for which hosts it is configured. Windows would run a `git` of the repository. */
const warnUnlimited = process.platform === "win32" ? Effect.void : Effect.ignore(Effect.flatMap(
  // For every host, or for every host of a scheme: `credential.https://.helper`.
  Effect.tryPromise(() =>
    promisify(execFile)("git", ["config", "--get-regexp", "^credential\\.([a-z]+://[*.]*\\.)?helper$"])
  ),
  ({ stdout }) => stdout.includes("agentcore-identity") ? Console.error(allServers) : Effect.void
))

export class InsecureHost extends Data.TaggedError("InsecureHost")<{ readonly message: string }> {}

/**
 * Checks the options, and reads git's request. Returns the user name for git, or undefined if nothing is to print:
 * git's store of credentials is AgentCore. Fails for a host that git reaches without TLS.
 */
export const readUsername = Effect.fnUntraced(function*(
  { format, header = "x-api-key", operation, prefix = "" }: Settings
) {
  if (!fieldName.test(header) || !fieldValue.test(`${prefix}x`)) {
    const message = "--header is the name of a header, as in x-api-key, and --prefix the start of its value"
    return yield* new InvalidOption({ message })
  }
  if (operation !== undefined && format !== "git-credential") {
    return yield* new InvalidOption({ message: `'${operation}' is for --format git-credential` })
  }
  if (operation === "store" || operation === "erase") return undefined
  const { host = "", protocol = "", username = "oauth2" } = operation === "get" ? yield* readAttributes : {}
  if (operation === undefined) return username
  yield* warnUnlimited
  // git decodes the host of a URL, so it may have the delimiter of a path, or a space, which a URL drops.
  if (/[\s/?#@\\]/.test(host) || !["http", "https"].includes(protocol) || !isSecure(`${protocol}://${host}`)) {
    return yield* new InsecureHost({ message: `git reaches '${host}' without TLS, so it gets no credential` })
  }
  return username
})

// -----------------------------------------------------------------------------
// Forms
// -----------------------------------------------------------------------------

const toHeader = ({ flow, secret }: Credential, { header = "x-api-key", prefix = "" }: Settings) =>
  flow === undefined
    ? [header, `${prefix}${Redacted.value(secret)}`] as const
    : ["Authorization", `Bearer ${Redacted.value(secret)}`] as const

const renderers: {
  readonly [F in Format]: (credential: Credential, settings: Settings, username: string) => string
} = {
  raw: ({ secret }) => Redacted.value(secret),
  header: (credential, settings) => toHeader(credential, settings).join(": "),
  "header-json": (credential, settings) => JSON.stringify(Object.fromEntries([toHeader(credential, settings)])),
  "git-credential": ({ expiresAt, secret }, _, username) =>
    [
      `username=${username}`,
      `password=${Redacted.value(secret)}`,
      ...expiresAt === undefined
        ? []
        : [`password_expiry_utc=${DateTime.makeUnsafe(expiresAt).epochMilliseconds / 1000}`]
    ].join("\n"),
  json: ({ expiresAt, flow, provider, secret, user, workload }) =>
    JSON.stringify({
      [flow === undefined ? "apiKey" : "token"]: Redacted.value(secret),
      expiresAt,
      provider,
      flow,
      workload,
      // A user without the JWT.
      user: user === undefined ? null : user.userId === undefined ? "jwt" : { userId: user.userId }
    })
}

export class NotPrintable extends Data.TaggedError("NotPrintable")<{ readonly message: string }> {}

// A header of HTTP and an attribute of git end with the line.
const oneLine: ReadonlyArray<Format> = ["header", "header-json", "git-credential"]

/** Prints a credential for a program. A terminal would execute control characters, so there they are escaped. */
export const print = (format: Format, credential: Credential, settings: Settings, username: string) =>
  oneLine.includes(format) && /[^\x20-\x7e]/.test(Redacted.value(credential.secret))
    ? new NotPrintable({ message: `The credential has characters that --format ${format} cannot carry` })
    : Terminal.printForProgram(renderers[format](credential, settings, username))

/** Prints what a program reads instead of a credential. A `quit` keeps git from asking for a password. */
export const printFailure = (
  { format, operation }: Settings,
  failure: { readonly error: string; readonly message: string; readonly link?: string; readonly expiresAt?: string }
): Effect.Effect<void> => {
  if (format === "json") return Terminal.printForProgram(JSON.stringify(failure))
  return format === "git-credential" && operation === "get" ? Terminal.printForProgram("quit=1") : Effect.void
}
