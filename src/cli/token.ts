/**
 * `agentcore-identity token` and `agentcore-identity api-key`: obtain a credential.
 *
 * Stdout has the result alone: the credential itself with `--reveal`, JSON with `--json`, or else a summary without the
 * credential. Everything else goes to stderr.
 */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as Consent from "../Consent.js"
import type { Flow } from "../ConsentSession.js"
import type { ControlPlane } from "../ControlPlane.js"
import * as LoopbackConsent from "../http/LoopbackConsent.js"
import type { ResourceNotFoundException, ValidationException } from "../IdentityError.js"
import { isAboutReturnUrl } from "../internal/serviceMessages.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Flags from "./credentialFlags.js"
import * as Table from "./printTable.js"
import * as Screen from "./screen.js"
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

export class NoPerson extends Data.TaggedError("NoPerson")<{ readonly message: string }> {}

export class ReturnUrlNotRegistered extends Data.TaggedError("ReturnUrlNotRegistered")<{ readonly message: string }> {}

/** The handlers of `Consent` print to stdout, which is for the result. */
const toStderr = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Console.consoleWith((console) => Effect.provideService(self, Console.Console, { ...console, log: console.error }))

/** Returns the claims of a JWT that mean the same for every issuer. A claim may have any type. */
const readClaims = Option.liftThrowable((token: string) => {
  const { aud: audience, client_id: client, exp, iss: issuer, scope, sub: subject } = decodeJwt(token)
  const expiresAt = Option.getOrUndefined(Option.map(DateTime.make(Number(exp) * 1000), DateTime.formatIso))
  return { issuer, subject, audience, client, scope, expiresAt }
})

const formatExpiry = (expiresAt: string, now: DateTime.Utc): string => {
  const left = Math.round(Duration.toMinutes(DateTime.distance(now, DateTime.makeUnsafe(expiresAt))))
  return `${expiresAt}, ${left < 0 ? "expired" : `in ${left} ${left === 1 ? "minute" : "minutes"}`}`
}

const print = Effect.fnUntraced(
  function*(
    { json = false, provider, reveal = false }: Settings,
    { target, user, workload }: Flags.Caller,
    flow: Flow | undefined,
    secret: Redacted.Redacted
  ) {
    const value = Redacted.value(secret)
    const claims = flow === undefined ? undefined : Option.getOrUndefined(readClaims(value))
    if (json) {
      return yield* Table.printJson({
        target,
        workload,
        user: user === undefined ? null : user.userId === undefined ? "jwt" : { userId: user.userId },
        provider,
        flow,
        [flow === undefined ? "apiKey" : "token"]: reveal ? value : null,
        characters: value.length,
        claims
      })
    }
    // A program gets every character. A terminal would execute control characters.
    if (reveal) return yield* process.stdout.isTTY ? Console.log(value) : Terminal.printExactly(value)
    const expiresAt = claims?.expiresAt
    const rows = [
      ["Provider", flow === undefined ? provider : `${provider}, ${flow}`],
      ["Caller", `workload ${workload}, ${Flags.describeUser(user)}`],
      [flow === undefined ? "API key" : "Token", `******** (${value.length} characters)`],
      ["Issuer", claims?.issuer],
      ["Subject", claims?.subject],
      ["Audience", claims?.audience],
      ["Client", claims?.client],
      ["Scope", claims?.scope],
      ["Expires", expiresAt === undefined ? undefined : formatExpiry(expiresAt, yield* DateTime.now)]
    ].flatMap(([label, cell]) => cell === undefined ? [] : [[label, isString(cell) ? cell : JSON.stringify(cell)]])
    yield* Console.log(Table.align(rows).join("\n"))
    yield* Console.error("\n--reveal prints the credential itself.")
  }
)

interface Chosen {
  /** Undefined for an API key. */
  readonly flow: Flow | undefined
  readonly reason?: string
}

/** Obtains a credential for the caller, and prints it. */
const run = <E, R>(
  settings: Settings,
  choose: (user: UserIdentifier | undefined) => Effect.Effect<Chosen, ResourceNotFoundException, ControlPlane>,
  obtain: (workload: string, user: UserIdentifier | undefined, flow: Flow | undefined) => Effect.Effect<
    Redacted.Redacted,
    E,
    R
  >
) =>
  Effect.gen(function*() {
    const found = yield* Flags.findCaller(settings)
    const target = yield* Target.find(settings.region, "data")
    yield* Console.error(`${Target.format(target)}\n`)
    const secret = Effect.gen(function*() {
      const workload = yield* Flags.requireWorkload(found.workload)
      const { flow, reason } = yield* choose(found.user)
      if (reason !== undefined) yield* Console.error(`Flow: ${flow}. ${reason}.\n`)
      const needsUser = flow !== undefined && flow !== "M2M"
      const user = needsUser ? yield* Flags.requireUser(found.user) : undefined
      const secret = yield* Effect.provide(
        obtain(workload, user, flow),
        WorkloadAccessToken.layerWorkload({ name: workload, user })
      )
      yield* print(settings, { target, workload, user }, flow, secret)
    })
    yield* Effect.provide(secret, Flags.layer(settings.region))
  })

/** Prints the link, and opens it. If stderr is no terminal, only `--no-browser` prints it: others can read logs. */
const show = (browser: boolean): Consent.Show<NoPerson> => (session) =>
  !browser
    ? toStderr(Consent.console(session))
    : process.stderr.isTTY
    ? toStderr(Consent.openBrowser(session))
    : new NoPerson({
      message:
        `'${session.provider}' needs the user's consent, and standard error is no terminal, so the link is not shown. `
        + "Run the command on a terminal, or print the link with --no-browser. Anyone who reads the link can consent in the user's place"
    })

export const token = Effect.fnUntraced(function*(settings: TokenSettings) {
  const { browser, force = false, provider, register = false, returnUrl = LoopbackConsent.defaultReturnUrl } = settings
  const choose: Parameters<typeof run>[1] = (user) =>
    settings.flow === undefined ? Flags.chooseFlow(provider, user) : Effect.succeed({ flow: settings.flow })
  // Checks the flags before any request.
  yield* Effect.asVoid(Flags.accessToken({ ...settings, returnUrl }))
  yield* run(settings, choose, (workload, user, flow) =>
    Effect.gen(function*() {
      const credential = yield* Flags.accessToken({
        ...settings,
        flow,
        returnUrl: flow === "USER_FEDERATION" ? returnUrl : undefined
      })
      const request = { ...credential.request, forceAuthentication: force }
      if (register) yield* LoopbackConsent.register(workload, returnUrl)
      if (user === undefined) return yield* AccessToken.get(request)
      return yield* Effect.catchTag(
        AccessToken.get({ ...request, consent: LoopbackConsent.handler({ user, show: show(browser) }) }),
        "ValidationException",
        (error): Effect.Effect<never, ValidationException | ReturnUrlNotRegistered> =>
          !isAboutReturnUrl(error) ? error : new ReturnUrlNotRegistered({
            message: `the return URL ${returnUrl} is not registered on the workload identity '${workload}': `
              + "give --register to register it, or --return-url with a registered one"
          })
      )
    }).pipe(Screen.make(process.stderr, process.stderr.isTTY).withConsentWait))
})

export const apiKey = (settings: Settings) =>
  Effect.flatMap(
    Flags.apiKey(settings.provider),
    (credential) => run(settings, () => Effect.succeed({ flow: undefined }), () => ApiKey.get(credential))
  )
