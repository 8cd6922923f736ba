/**
 * `agentcore-identity token` and `agentcore-identity api-key`: obtain a credential by hand.
 *
 * Standard output is the result: the credential itself with `--reveal`, JSON with `--json`, else a summary without the
 * credential. Everything else goes to standard error.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { decodeJwt, type JWTPayload } from "jose"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import * as Consent from "../Consent.js"
import type { Flow } from "../ConsentSession.js"
import * as LoopbackConsent from "../http/LoopbackConsent.js"
import type { ValidationException } from "../IdentityError.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Flags from "./credentialFlags.js"
import * as Screen from "./screen.js"
import * as Table from "./table.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

interface Settings extends Flags.CallerFlags {
  readonly provider: string
  readonly region?: string | undefined
  readonly reveal?: boolean | undefined
  readonly json?: boolean | undefined
}

export interface TokenSettings extends Settings, Flags.AccessTokenFlags {
  readonly register?: boolean | undefined
  readonly force?: boolean | undefined
  readonly browser: boolean
}

export class NoPerson extends Data.TaggedError("NoPerson")<{ readonly provider: string }> {
  override get message(): string {
    return `'${this.provider}' needs the user's consent, and standard error is no terminal where the link could be shown. `
      + "Run the command on a terminal, or print the link there with --no-browser. Anyone who reads the link can consent in the user's place"
  }
}

export class ReturnUrlNotRegistered extends Data.TaggedError("ReturnUrlNotRegistered")<{
  readonly returnUrl: string
  readonly workload: string
}> {
  override get message(): string {
    return `the return URL ${this.returnUrl} is not registered on the workload identity '${this.workload}': `
      + "give --register to register it, or --return-url with one that is"
  }
}

/** AWS has no code for this refusal. Only its texts have this name of the member. */
const isAboutReturnUrl = ({ message }: ValidationException): boolean => message.includes("ResourceOauth2ReturnUrl")

/** Standard output is the result, so the handlers of `Consent` print to standard error. */
const toStandardError = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Console.consoleWith((console) => Effect.provideService(self, Console.Console, { ...console, log: console.error }))

const mask = (secret: string): string => `******** (${secret.length} characters)`

const claimsOf = (token: string): JWTPayload | undefined => {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

/** What a JWT says about itself, without claims that only its issuer understands. A claim may have any type. */
const describeClaims = ({ aud, client_id, exp, iss, scope, sub }: JWTPayload) => ({
  issuer: iss,
  subject: sub,
  audience: aud,
  client: client_id,
  scope,
  expiresAt: Option.getOrUndefined(
    Option.map(Option.flatMap(Option.fromNullishOr(exp), fromSeconds), DateTime.formatIso)
  )
})

const fromSeconds = (seconds: number): Option.Option<DateTime.Utc> => DateTime.make(seconds * 1000)

const formatExpiry = (expiresAt: string, now: DateTime.Utc): string => {
  const left = Math.round(Duration.toMinutes(DateTime.distance(now, DateTime.makeUnsafe(expiresAt))))
  return `${expiresAt}, ${left < 0 ? "it has expired" : `in ${left} ${left === 1 ? "minute" : "minutes"}`}`
}

interface Result {
  readonly target: Target.Target
  readonly workload: string
  readonly user: UserIdentifier | undefined
  readonly provider: string
  readonly kind: "token" | "apiKey"
  readonly flow?: Flow
  readonly secret: Redacted.Redacted
}

const print = (
  { flow, kind, provider, secret, target, user, workload }: Result,
  { json = false, reveal = false }: Settings
) =>
  Effect.gen(function*() {
    const value = Redacted.value(secret)
    const claims = kind === "token" ? claimsOf(value) : undefined
    const described = claims === undefined ? undefined : describeClaims(claims)
    if (json) {
      return yield* Table.printJson({
        target,
        workload,
        user: user === undefined ? null : user.userId === undefined ? "jwt" : { userId: user.userId },
        provider,
        flow,
        [kind]: reveal ? value : null,
        characters: value.length,
        claims: described
      })
    }
    // A program gets every character. A terminal would run commands in it.
    if (reveal) return yield* process.stdout.isTTY ? Console.log(value) : Terminal.printExactly(value)
    const now = yield* DateTime.now
    const rows = [
      ["Provider", flow === undefined ? provider : `${provider}, ${flow}`],
      ["Caller", `workload ${workload}, ${Flags.describeUser(user)}`],
      [kind === "token" ? "Token" : "API key", mask(value)],
      ["Issuer", described?.issuer],
      ["Subject", described?.subject],
      ["Audience", described?.audience],
      ["Client", described?.client],
      ["Scope", described?.scope],
      ["Expires", described?.expiresAt === undefined ? undefined : formatExpiry(described.expiresAt, now)]
    ].flatMap(([label, text]) =>
      text === undefined ? [] : [[label, typeof text === "string" ? text : JSON.stringify(text)]]
    )
    yield* Console.log(Table.align(rows).join("\n"))
    yield* Console.error("\n--reveal prints the credential itself.")
  })

const start = (settings: Settings) =>
  Effect.gen(function*() {
    const caller = yield* Flags.findCaller(settings)
    const workload = yield* Flags.requireWorkload(caller)
    const target = yield* Target.find(settings.region, "data")
    yield* Console.error(`${Target.format(target)}\n`)
    return { caller, target, workload }
  })

const live = (settings: Settings, workload: string, user: UserIdentifier | undefined) =>
  WorkloadAccessToken.layerWorkload({ name: workload, user }).pipe(
    Layer.provideMerge(AwsIdentity.layer({ region: settings.region }))
  )

/** Prints the link, and opens it. Without a terminal only the flag prints it: others read logs. */
const show = (browser: boolean): Consent.ConsentHandler<NoPerson> => (session) =>
  !browser
    ? toStandardError(Consent.console(session))
    : process.stderr.isTTY
    ? toStandardError(Consent.openBrowser(session))
    : new NoPerson({ provider: session.provider })

export const token = (settings: TokenSettings) =>
  Effect.gen(function*() {
    const isUsers = settings.flow === "USER_FEDERATION"
    const returnUrl = settings.returnUrl ?? LoopbackConsent.defaultReturnUrl
    const credential = yield* Flags.accessToken({ ...settings, returnUrl: isUsers ? returnUrl : undefined })
    const { caller, target, workload } = yield* start(settings)
    const user = isUsers || settings.flow === "ON_BEHALF_OF_TOKEN_EXCHANGE"
      ? yield* Flags.requireUser(caller)
      : undefined
    const obtain = Effect.gen(function*() {
      if (settings.register === true) yield* LoopbackConsent.register(workload, returnUrl)
      const request = { ...credential.request, forceAuthentication: settings.force ?? false }
      return yield* user === undefined
        ? AccessToken.get(request)
        : AccessToken.get({
          ...request,
          consent: LoopbackConsent.handler({ user, show: show(settings.browser) })
        }).pipe(
          Effect.catchTag(
            "ValidationException",
            (error) =>
              Effect.fail(isAboutReturnUrl(error) ? new ReturnUrlNotRegistered({ returnUrl, workload }) : error)
          )
        )
    })
    const secret = yield* obtain.pipe(
      Screen.make(process.stderr, process.stderr.isTTY).withConsentWait,
      Effect.provide(live(settings, workload, user))
    )
    yield* print(
      { target, workload, user, provider: settings.provider, kind: "token", flow: settings.flow, secret },
      settings
    )
  })

export const apiKey = (settings: Settings) =>
  Effect.gen(function*() {
    const credential = yield* Flags.apiKey(settings.provider)
    const { target, workload } = yield* start(settings)
    const secret = yield* Effect.provide(ApiKey.get(credential), live(settings, workload, undefined))
    yield* print({ target, workload, user: undefined, provider: settings.provider, kind: "apiKey", secret }, settings)
  })
