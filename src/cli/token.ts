/** `npx agentcore-identity token` and `api-key`. Stdout has the result alone, everything else goes to stderr. */
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as Consent from "../Consent.js"
import type { ConsentSession, Flow } from "../ConsentSession.js"
import type { ControlPlane } from "../ControlPlane.js"
import * as LoopbackConsent from "../http/LoopbackConsent.js"
import type { Identity } from "../Identity.js"
import type {
  RequiresUserConsent,
  ResourceNotFoundException,
  TransportError,
  ValidationException
} from "../IdentityError.js"
import { isAboutReturnUrl } from "../internal/messages.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import * as Flags from "./credentialFlags.js"
import * as Format from "./credentialFormat.js"
import * as Table from "./printTable.js"
import * as Screen from "./screen.js"
import * as Target from "./target.js"
import { messageOf } from "./terminal.js"

interface Settings extends Flags.CallerFlags, Format.Settings {
  readonly provider: string
}

interface TokenSettings extends Settings, Flags.AccessTokenFlags {
  readonly register?: boolean | undefined
  readonly force?: boolean | undefined
  readonly browser: boolean
}

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

type Claims = Option.Option.Value<ReturnType<typeof readClaims>>

/** Prints what is known of a credential, for people. */
const summarize = Effect.fnUntraced(
  function*({ expiresAt, flow, provider, secret, user, workload }: Format.Credential, claims: Claims | undefined) {
    const rows = [
      ["Provider", flow === undefined ? provider : `${provider}, ${flow}`],
      ["Caller", `workload ${workload}, ${Flags.describeUser(user)}`],
      [flow === undefined ? "API key" : "Token", `******** (${Redacted.value(secret).length} characters)`],
      ["Issuer", claims?.issuer],
      ["Subject", claims?.subject],
      ["Audience", claims?.audience],
      ["Client", claims?.client],
      ["Scope", claims?.scope],
      ["Expires", expiresAt === undefined ? undefined : formatExpiry(expiresAt, yield* DateTime.now)]
    ].flatMap(([label, cell]) => cell === undefined ? [] : [[label, isString(cell) ? cell : JSON.stringify(cell)]])
    yield* Console.log(Table.align(rows).join("\n"))
    yield* Console.error("\n--format raw prints the credential itself.")
  }
)

const exitCodes = new Map([["RequiresUserConsent", 3], ["AuthorizationFailed", 4], ["AuthorizationTimedOut", 4]])

/** This command does not wait for the consent, so another program has to complete the session. */
const explainLink = (session: ConsentSession) =>
  Effect.andThen(
    toStderr(Consent.console(session)),
    Console.error(
      `Anyone who reads the link can consent in the user's place. The browser comes back to ${session.returnUrl}, where `
        + "an application has to complete the session. On a terminal, or with --no-browser, this command does that itself."
    )
  )

/** Sets the exit code. Prints the link, and what a program reads instead of the credential. */
const reportFailure = (settings: Format.Settings) => (error: unknown) =>
  Effect.gen(function*() {
    const tag = hasProperty(error, "_tag") && isString(error._tag) ? error._tag : "Error"
    process.exitCode = exitCodes.get(tag) ?? 1
    const consent = Consent.fromError(error)
    if (consent !== undefined) yield* explainLink(consent.session)
    yield* Format.printFailure(settings, {
      error: tag,
      message: messageOf(error),
      ...(consent === undefined ? {} : {
        link: Redacted.value(consent.link),
        expiresAt: DateTime.formatIso(consent.session.expiresAt)
      })
    })
  })

interface Chosen {
  /** Undefined for an API key. */
  readonly flow: Flow | undefined
  readonly reason?: string
}

const run = Effect.fnUntraced(function*<E, R>(
  settings: Settings,
  choose: (
    user: UserIdentifier | undefined
  ) => Effect.Effect<Chosen, ResourceNotFoundException | TransportError, ControlPlane>,
  obtain: (workload: string, user: UserIdentifier | undefined, flow: Flow | undefined) => Effect.Effect<
    Redacted.Redacted,
    E,
    R
  >
) {
  const username = yield* Format.readUsername(settings)
  if (username === undefined) return
  const found = yield* Flags.findCaller(settings)
  const target = yield* Target.find(settings.region, "data")
  yield* Console.error(`${Target.format(target)}\n`)
  yield* Effect.gen(function*() {
    const workload = yield* Flags.requireWorkload(found.workload)
    const { flow, reason } = yield* choose(found.user)
    if (reason !== undefined && settings.format === undefined) yield* Console.error(`Flow: ${flow}. ${reason}.\n`)
    const needsUser = flow !== undefined && flow !== "M2M"
    const user = needsUser ? yield* Flags.requireUser(found.user) : undefined
    const secret = yield* Effect.provide(
      obtain(workload, user, flow),
      WorkloadAccessToken.layerWorkload({ name: workload, user })
    )
    const claims = flow === undefined ? undefined : Option.getOrUndefined(readClaims(Redacted.value(secret)))
    const credential = { provider: settings.provider, flow, workload, user, secret, expiresAt: claims?.expiresAt }
    yield* settings.format === undefined
      ? summarize(credential, claims)
      : Format.print(settings.format, credential, settings, username)
  }).pipe(Effect.provide(Flags.layer(settings.region)))
})

/** Waits for the user's consent. Without a terminal, only with `--no-browser`: no user may be there. */
const consentHandler = (
  user: UserIdentifier,
  browser: boolean
): Consent.Handler<LoopbackConsent.LoopbackUnavailable | RequiresUserConsent, Identity> =>
  browser && !process.stderr.isTTY ? Consent.fail : LoopbackConsent.handler({
    user,
    show: (session) => toStderr((browser ? Consent.openBrowser : Consent.console)(session))
  })

/** A program that runs the command would take the code 0 of a signal for a credential. */
const exitAsInterrupted = () => Effect.sync(() => void (process.exitCode = 130))

export const token = Effect.fnUntraced(function*(settings: TokenSettings) {
  const { browser, force = false, provider, register = false, returnUrl = LoopbackConsent.defaultReturnUrl } = settings
  const choose: Parameters<typeof run>[1] = (user) =>
    settings.flow === undefined ? Flags.chooseFlow(provider, user) : Effect.succeed({ flow: settings.flow })
  // Checks the flags before any request.
  const declared = yield* Flags.accessToken({ ...settings, returnUrl })
  yield* run(settings, choose, (workload, user, flow = "USER_FEDERATION") =>
    Effect.gen(function*() {
      const request = {
        ...declared.request,
        flow,
        returnUrl: flow === "USER_FEDERATION" ? returnUrl : undefined,
        forceAuthentication: force
      }
      if (register) yield* WorkloadIdentity.ensure({ name: workload, returnUrls: [returnUrl] })
      if (user === undefined) return yield* AccessToken.get(request)
      return yield* Effect.catchTag(
        AccessToken.get({ ...request, consent: consentHandler(user, browser) }),
        "ValidationException",
        (error): Effect.Effect<never, ValidationException | ReturnUrlNotRegistered> =>
          !isAboutReturnUrl(error) ? error : new ReturnUrlNotRegistered({
            message: `the return URL ${returnUrl} is not registered on the workload identity '${workload}': `
              + "give --register to register it, or --return-url with a registered one"
          })
      )
    }).pipe(Screen.make(process.stderr, process.stderr.isTTY).withConsentWait))
}, (effect, settings) => Effect.onInterrupt(Effect.tapError(effect, reportFailure(settings)), exitAsInterrupted))

export const apiKey = Effect.fnUntraced(function*(settings: Settings) {
  const credential = yield* Flags.apiKey(settings.provider)
  yield* run(
    settings,
    () => Effect.succeed({ flow: undefined }),
    () => Effect.catchTag(ApiKey.get(credential), "ResourceNotFoundException", Flags.suggestToken(settings.provider))
  )
}, (effect, settings) => Effect.onInterrupt(Effect.tapError(effect, reportFailure(settings)), exitAsInterrupted))
