/** The control of a backend: `LocalControl`, and planes that obey it. */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as ControlPlane from "../../ControlPlane.js"
import * as IdentitySetup from "../../IdentitySetup.js"
import { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import * as Constraint from "../../internal/models/constraint.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import type { AuthorizationServer } from "../AuthorizationServer.js"
import { CallerKey, Seeding, unrestrictedKey } from "../backend/callContext.js"
import * as LocalIssuer from "../backend/issuer.js"
import * as LocalBackend from "../backend/localBackend.js"
import { idOf, makeAuthorizationUrl } from "../backend/sessionStore.js"
import { makeWalk } from "../internal/browser.js"
import { LocalControl, type LocalControlError, SessionError } from "../LocalControl.js"
import { OAuthClient } from "../oauth/oauthClient.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"
import * as ShiftedClock from "./clock.js"
import * as Planes from "./controlledPlanes.js"
import type { ClockState, Consent, SeedError } from "./controlModels.js"
import * as Faults from "./faults.js"
import * as ReplaceableBackend from "./replaceableBackend.js"
import * as Requests from "./requestRecords.js"
import * as Snapshots from "./snapshots.js"
import { fail } from "./snapshots.js"

export interface Options extends Omit<LocalBackend.Options, "settings"> {
  /**
   * Replacements for Secrets Manager, KMS and the vendors' authorization servers. Default: none. An effect runs at each
   * use, so that a program can add secrets and keys while the backend runs.
   */
  readonly settings?: Settings | Effect.Effect<Settings> | undefined
  /**
   * The resources at the start, and after `reset`. Its section `local` is used unless there are `settings`. Default:
   * none.
   */
  readonly setup?: IdentitySetup.IdentitySetup | undefined
  /**
   * An authorization server in this process. It uses the clock of the backend, is emptied and restored with it, has the
   * users of a setup, and lets `consents.approve` sign in users. Default: none.
   */
  readonly authorizationServer?: AuthorizationServer["Service"] | undefined
  /** Stands in for all authorization servers on other machines, unless the settings name another one. Default: none. */
  readonly offlineIssuer?: string | undefined
}

type Settings = LocalBackend.Settings

const mergeRecord = <A extends object>(first: A | undefined, second: A | undefined): A | undefined =>
  first && second ? { ...first, ...second } : first ?? second

/** The settings of a seed replace those of the options by their names. */
const mergeSettings = (first: Settings, second: Settings): Settings => ({
  ...first,
  ...second,
  secrets: mergeRecord(first.secrets, second.secrets),
  vendorEndpoints: mergeRecord(first.vendorEndpoints, second.vendorEndpoints),
  vendorIssuers: mergeRecord(first.vendorIssuers, second.vendorIssuers),
  kmsKeys: mergeRecord(first.kmsKeys, second.kmsKeys),
  policies: mergeRecord(first.policies, second.policies)
})

/** The planes check the rest of a setup. */
const checkSettings = Validation.makeCheck("LocalIdentity", () => ({
  local: IdentitySetup.IdentitySetup.fields.local,
  settings: Constraint.optional(Schema.Union([Schema.toType(LocalSettings), OptionType.AnyEffect]))
}))

/** Signs in at the authorization server, and passes its redirect to the backend. Returns the URL after that. */
const consentAt = (
  backend: LocalBackend.LocalBackend["Service"],
  { issuer }: AuthorizationServer["Service"],
  authorizationUrl: Redacted.Redacted,
  userName: string
) =>
  Effect.gen(function*() {
    const isThere = (url: string) => URL.parse(url)?.origin === issuer
    const walk = makeWalk((reason) => fail("Rejected", `The user cannot go on at the authorization server: ${reason}`))
    const [{ status, text, url }] = yield* walk({ url: Redacted.value(authorizationUrl) }, {
      input: { userName, decision: "allow", connects: false },
      follows: isThere
    })
    if (isThere(Redacted.value(url))) {
      const [error = ""] = /Error: [\w.-]{1,64}/.exec(text) ?? []
      return yield* fail(
        "Rejected",
        `The authorization server rejected the request with the status ${status}. ${error}`
      )
    }
    const { pathname, searchParams } = new URL(Redacted.value(url))
    const response = yield* backend.callback(pathname.slice(pathname.lastIndexOf("/") + 1), url)
    const reason = searchParams.get("error_description") ?? searchParams.get("error")
    const message = response._tag === "Rejected"
      ? `The authorization server rejected the request: ${reason ?? "the log of the server has the reason"}`
      : `The backend does not accept the redirect: ${response._tag}`
    return response._tag === "Redirect" ? response.url : yield* fail("Rejected", message)
  })

const makeConsents = (
  backend: LocalBackend.LocalBackend["Service"],
  authorizationServer: AuthorizationServer["Service"] | undefined,
  publicUrl: string
): LocalControl["Service"]["consents"] => {
  const findUri = (action: SessionError["action"], consent: Consent): Effect.Effect<Redacted.Redacted, SessionError> =>
    typeof consent !== "string" ? Effect.succeed(consent) : Effect.flatMap(
      backend.findSession(consent),
      Option.match({ onNone: () => new SessionError({ action, reason: "Unknown" }), onSome: Effect.succeed })
    )

  /** Finds the user who signs in when an approval names none. */
  const findUserName = (sessionUri: Redacted.Redacted) =>
    Effect.map(backend.consents, (consents) => {
      const user = consents.find(({ id }) => id === idOf(sessionUri))?.user ?? { userId: "user" }
      return "userId" in user ? user.userId : user.subject
    })

  const approve = (
    sessionUri: Redacted.Redacted,
    { complete = true, userName }: { readonly complete?: boolean | undefined; readonly userName?: string | undefined }
  ) =>
    Effect.gen(function*() {
      let returnUrl = Option.none<Redacted.Redacted>()
      const response = yield* backend.authorize(sessionUri)
      // Without a redirect the session has a code, has ended, or has no usable server: `complete` reports which.
      if (response._tag === "Redirect") {
        const url = new URL(Redacted.value(response.url))
        // The host of the scripted `OAuthClient`.
        if (url.hostname === "authorization.invalid") return yield* Effect.as(backend.approve(sessionUri), returnUrl)
        if (authorizationServer === undefined || url.origin !== authorizationServer.issuer) {
          const other = authorizationServer ? "'--offline', which stands in for all vendors" : "an authorization server"
          return yield* fail(
            "ForeignServer",
            `The authorization server at ${url.origin} is not in this process, and signs in its own users. `
              + `Open the authorization URL in a browser, or start this server with ${other}.`
          )
        }
        const name = userName ?? (yield* findUserName(sessionUri))
        returnUrl = Option.some(yield* consentAt(backend, authorizationServer, response.url, name))
      }
      if (complete) {
        yield* Effect.mapError(
          backend.complete(sessionUri),
          ({ reason }) => new SessionError({ action: "approve", reason })
        )
      }
      return returnUrl
    })

  return {
    list: backend.consents,
    authorizationUrl: (id) =>
      Effect.map(findUri("open", id), (sessionUri) => makeAuthorizationUrl(publicUrl, sessionUri)),
    approve: (consent, options = {}) =>
      Effect.flatMap(findUri("approve", consent), (sessionUri) => approve(sessionUri, options)),
    deny: (consent) => Effect.flatMap(findUri("deny", consent), backend.deny),
    expire: (consent) => Effect.flatMap(findUri("expire", consent), backend.expire)
  }
}

const make = (options: Options) =>
  Effect.gen(function*() {
    const { authorizationServer, offlineIssuer, setup, ...backendOptions } = options
    const clock = ShiftedClock.make(authorizationServer?.setClockOffset ?? (() => Effect.void))
    const faults = yield* Faults.make
    const requests = (yield* Requests.SharedRequests) ?? (yield* Requests.make)
    const store = yield* Effect.flatMap(VaultStore, ReplaceableBackend.makeStore)
    const client = faults.decorate(yield* OAuthClient)

    let seeded: Settings = {}
    const settings = Effect.map(
      Effect.isEffect(options.settings) ? options.settings : Effect.succeed(options.settings ?? setup?.local ?? {}),
      (given) => mergeSettings({ offlineIssuer, ...given }, seeded)
    )

    const { account, publicUrl } = LocalIssuer.readLocation(options)
    const issuer = yield* LocalIssuer.make(publicUrl, account)
    const replaceable = yield* ReplaceableBackend.make({ ...backendOptions, settings }, {
      client,
      clock,
      issuer,
      store
    })
    const backend = ReplaceableBackend.delegate(replaceable, clock, issuer)
    const snapshots = Snapshots.make({ authorizationServer, clock, replaceable })
    const exclusive = (yield* Semaphore.make(1)).withPermits(1)

    const apply = (setup: IdentitySetup.IdentitySetup) =>
      Effect.gen(function*() {
        const { users = {}, ...local } = setup.local ?? {}
        if (authorizationServer !== undefined) {
          for (const [name, claims] of Object.entries(users)) yield* authorizationServer.registerUser(name, claims)
        }
        // Set after the users are registered, because they can be invalid.
        seeded = mergeSettings(seeded, local)
        // Not the decorated plane: a seed meets no faults, and is not recorded as a request.
        const context = yield* replaceable.current
        const changes = yield* clock.shift(
          // The store may hold older secrets than the setup.
          IdentitySetup.apply(setup, { rotateSecrets: true }).pipe(
            Effect.provide(context),
            Effect.provideService(Seeding, true),
            Effect.provideService(CallerKey, unrestrictedKey)
          )
        )
        for (const { action, kind, name } of changes) {
          if (action !== "unchanged") yield* Effect.logInfo(`${kind}: '${name}' ${action}d`)
        }
        return changes
      })

    /** `setup.local` is read at each use, so it is not applied here. */
    const applySetup = setup === undefined
      ? Effect.void
      : Effect.asVoid(apply({ ...setup, local: { users: setup.local?.users } }))

    const clockState = Effect.map(clock.shift(DateTime.now), (now): ClockState => ({ now, offset: clock.offset() }))

    const moveTo = (offset: number): Effect.Effect<ClockState, LocalControlError> =>
      ShiftedClock.checkOffset(offset).pipe(Effect.andThen(clock.setOffset(offset)), Effect.andThen(clockState))

    yield* applySetup

    const control: LocalControl["Service"] = {
      reset: exclusive(Effect.gen(function*() {
        yield* snapshots.clear
        yield* faults.clear
        seeded = {}
        yield* applySetup
        yield* requests.clear
      })),
      seed: (setup) => exclusive(apply(setup)),
      snapshot: (name) => exclusive(snapshots.take(name)),
      snapshots: snapshots.list,
      restore: (name) => exclusive(snapshots.restore(name)),
      clock: {
        state: clockState,
        advance: (duration) =>
          Option.match(Duration.fromInput(duration), {
            onNone: () => fail("InvalidTime", "A duration is a number and a unit, as in '11 minutes'"),
            onSome: (moved) => Effect.suspend(() => moveTo(clock.offset() + Duration.toMillis(moved)))
          }),
        set: (time) => Effect.flatMap(DateTime.now, (now) => moveTo(time.epochMilliseconds - now.epochMilliseconds)),
        reset: Effect.andThen(clock.setOffset(0), clockState)
      },
      faults: { list: faults.list, add: faults.add, remove: faults.remove, clear: faults.clear },
      requests: requests.list,
      events: requests.events,
      resources: Effect.flatMap(replaceable.current, (context) =>
        Effect.zipWith(
          clock.shift(Planes.listResources(Context.get(context, ControlPlane.ControlPlane), authorizationServer)),
          settings,
          (resources, { offlineIssuer }) => ({ ...resources, offlineIssuer })
        ).pipe(
          Effect.mapError(({ message }) => fail("Store", `The resources cannot be listed: ${message}`)),
          Effect.provideService(CallerKey, unrestrictedKey)
        )),
      consents: makeConsents(backend, authorizationServer, publicUrl),
      grants: {
        list: Effect.mapError(backend.grants, Snapshots.mapStoreError),
        expire: backend.expireGrant,
        revoke: backend.revokeGrant,
        forget: backend.forgetGrant
      }
    }

    return Layer.mergeAll(
      Planes.make(replaceable, { clock, faults, requests }),
      Layer.succeed(LocalBackend.LocalBackend, backend),
      Layer.succeed(LocalControl, control)
    )
  })

/**
 * A backend with its control, over the store in context. A new backend continues with the content of the store, and
 * applies the setup again.
 */
export const layer = (options: Options = {}): Layer.Layer<
  LocalControl | LocalBackend.LocalBackend | LocalBackend.Planes,
  VaultStoreError | SeedError,
  OAuthClient | VaultStore
> => {
  const { settings, setup } = options
  const invalid = checkSettings({ local: setup?.local, settings })
  return Layer.unwrap(invalid === undefined ? make(options) : Effect.die(invalid))
}
