/**
 * Controls a local backend while programs use it: empties it, fills it, moves its clock, makes it fail, watches it, and
 * acts for its users.
 *
 * {@link layer} is a backend with its control, in this process. `LocalServer` has one, and serves it at `/_local/`. The
 * command `npx agentcore-identity local` calls it there.
 *
 * The control can read every secret of the backend. Keep it away from the programs that the backend serves.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Semaphore from "effect/Semaphore"
import type * as Stream from "effect/Stream"
import * as ControlPlane from "../ControlPlane.js"
import * as IdentitySetup from "../IdentitySetup.js"
import * as Validation from "../plane/validation.js"
import type { AuthorizationServer, AuthorizationServerError } from "./AuthorizationServer.js"
import { CallerKey, Seeding, unrestrictedKey } from "./backend/callContext.js"
import * as LocalIssuer from "./backend/issuer.js"
import { idOf, makeAuthorizationUrl } from "./backend/sessionStore.js"
import * as ShiftedClock from "./control/clock.js"
import * as Planes from "./control/controlledPlanes.js"
import type {
  ClockState,
  Fault,
  FaultStatus,
  LocalControlError,
  RequestRecord,
  Resources,
  Snapshot
} from "./control/controlModels.js"
import * as Faults from "./control/faults.js"
import * as Generations from "./control/generations.js"
import * as Requests from "./control/requestRecords.js"
import * as Snapshots from "./control/snapshots.js"
import { fail } from "./control/snapshots.js"
import { makeWalk } from "./internal/browser.js"
import * as LocalBackend from "./LocalBackend.js"
import { OAuthClient } from "./OAuthClient.js"
import { layerMemory, VaultStore, type VaultStoreError } from "./VaultStore.js"

/**
 * @since 0.2.0
 */
export * from "./control/controlModels.js"

/**
 * The options of the backend, and of its control.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends LocalBackend.Options {
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
}

/**
 * Names a consent session: the `id` in its status, or its URI.
 *
 * @since 0.2.0
 * @category models
 */
export type Consent = string | Redacted.Redacted

/**
 * Why a seed failed.
 *
 * @since 0.2.0
 * @category errors
 */
export type SeedError = IdentitySetup.ApplyError | AuthorizationServerError

/**
 * @since 0.2.0
 * @category models
 */
export interface ClockControl {
  readonly state: Effect.Effect<ClockState>
  /** Moves the clock forward, at most to the year 9999: by milliseconds or a string such as `"61 minutes"`. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<ClockState, LocalControlError>
  /** Sets the time, from 1970 to 9999. The clock continues from there. */
  readonly set: (time: DateTime.Utc) => Effect.Effect<ClockState, LocalControlError>
  /** Returns to the real time. */
  readonly reset: Effect.Effect<ClockState>
}

/**
 * @since 0.2.0
 * @category models
 */
export interface FaultControl {
  readonly list: Effect.Effect<ReadonlyArray<FaultStatus>>
  readonly add: (fault: Fault) => Effect.Effect<FaultStatus, LocalControlError>
  readonly remove: (id: string) => Effect.Effect<void, LocalControlError>
  readonly clear: Effect.Effect<void>
}

/**
 * @since 0.2.0
 * @category models
 */
export interface ConsentControl {
  /** The newest first. */
  readonly list: Effect.Effect<ReadonlyArray<LocalBackend.ConsentStatus>>
  /** Returns the authorization URL of a session, by its `id`. Anyone who has it can consent in the user's place. */
  readonly authorizationUrl: (id: string) => Effect.Effect<Redacted.Redacted, LocalBackend.SessionError>
  /**
   * Consents in place of a user, and completes the session for the user who opened it. `userName` signs in at the
   * authorization server of the options. Default: the user id of the session, or the subject of its JWT. With
   * `OAuthClient.layerScripted` there is no sign-in. Fails with `ForeignServer` for any other authorization server.
   */
  readonly approve: (
    consent: Consent,
    options?: { readonly userName?: string | undefined }
  ) => Effect.Effect<void, LocalControlError | LocalBackend.SessionError>
  /** Denies consent in place of the user. */
  readonly deny: (consent: Consent) => Effect.Effect<void, LocalBackend.SessionError>
  /** Ends the session as expired. */
  readonly expire: (consent: Consent) => Effect.Effect<void, LocalBackend.SessionError>
}

/**
 * @since 0.2.0
 * @category models
 */
export interface GrantControl {
  readonly list: Effect.Effect<ReadonlyArray<LocalBackend.GrantStatus>, LocalControlError>
  /** Makes the access token expire now. */
  readonly expire: (id: string) => Effect.Effect<void, LocalBackend.GrantError>
  /**
   * Revokes the refresh token at the authorization server. The next refresh of the backend fails. A grant without a
   * refresh token is forgotten if the server revokes no access tokens.
   */
  readonly revoke: (id: string) => Effect.Effect<LocalBackend.RevocationOutcome, LocalBackend.GrantError>
  /** Removes the grant from the vault. */
  readonly forget: (id: string) => Effect.Effect<void, LocalBackend.GrantError>
}

/**
 * The control of a running backend: `reset`, `seed`, `clock`, `faults`, `requests`, `consents` and more.
 *
 * @since 0.2.0
 * @category services
 * @example
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * // The second of two calls is throttled. An hour later the token of the caller has expired.
 * const program = Effect.gen(function*() {
 *   const control = yield* LocalControl.LocalControl
 *   const dataPlane = yield* DataPlane.DataPlane
 *   const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "my-agent" })
 *   const apiKey = Effect.result(dataPlane.getResourceApiKey({
 *     workloadIdentityToken: workloadAccessToken,
 *     resourceCredentialProviderName: "weather"
 *   }))
 *   const first = yield* apiKey
 *   yield* control.faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException", count: 1 })
 *   const second = yield* apiKey
 *   yield* control.clock.advance("1 hour")
 *   return [first, second, yield* apiKey]
 * })
 *
 * const local = LocalControl.layer({
 *   setup: {
 *     workloadIdentities: [{ name: "my-agent" }],
 *     apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("for development") }]
 *   }
 * }).pipe(Layer.provide(OAuthClient.layerScripted()))
 *
 * Effect.runPromise(Effect.provide(program, local)).then(console.log)
 */
export class LocalControl extends Context.Service<LocalControl, {
  /**
   * Returns to the start. The backend and the authorization server are empty, the setup is applied, the clock shows the
   * real time, and there are no faults and no requests. Snapshots stay.
   */
  readonly reset: Effect.Effect<void, LocalControlError | SeedError>
  /** Adds a setup. The settings in its section `local` are used until the next `reset`. */
  readonly seed: (setup: IdentitySetup.IdentitySetup) => Effect.Effect<ReadonlyArray<IdentitySetup.Change>, SeedError>
  /**
   * Copies the content of the backend and of the authorization server, and the offset of the clock, under a name. It
   * replaces a snapshot with the same name. At most 32 snapshots are kept, in memory.
   */
  readonly snapshot: (name: string) => Effect.Effect<void, LocalControlError>
  readonly snapshots: Effect.Effect<ReadonlyArray<Snapshot>>
  /** Replaces the content by a snapshot. It changes nothing if it cannot read all of it. */
  readonly restore: (name: string) => Effect.Effect<void, LocalControlError>
  readonly clock: ClockControl
  readonly faults: FaultControl
  /** The last 500 requests, the newest first, with the reasons of errors. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  /** The requests from now on. A slow reader misses the oldest ones. */
  readonly events: Stream.Stream<RequestRecord>
  /**
   * The workload identities and credential providers. Reading them is not recorded as a request, and meets no faults.
   */
  readonly resources: Effect.Effect<Resources, LocalControlError>
  readonly consents: ConsentControl
  readonly grants: GrantControl
}>()("effect-agentcore-identity/local/LocalControl") {}

type Settings = LocalBackend.Settings

const mergeRecord = <A extends object>(first: A | undefined, second: A | undefined): A | undefined =>
  first && second ? { ...first, ...second } : first ?? second

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
const checkLocal = Validation.makeCheck(
  "LocalControl.layer",
  () => ({ local: IdentitySetup.IdentitySetup.fields.local })
)

const make = (options: Options) =>
  Effect.gen(function*() {
    const { authorizationServer, setup, ...backendOptions } = options
    const clock = ShiftedClock.make(authorizationServer?.setClockOffset ?? (() => Effect.void))
    const faults = yield* Faults.make
    const requests = (yield* Requests.SharedRequests) ?? (yield* Requests.make)
    const store = yield* Effect.flatMap(VaultStore, Generations.makeStore)
    const client = faults.decorate(yield* OAuthClient)

    let seeded: Settings = {}
    const settings = Effect.map(
      Effect.isEffect(options.settings) ? options.settings : Effect.succeed(options.settings ?? setup?.local ?? {}),
      (given) => mergeSettings(given, seeded)
    )

    const { account, publicUrl } = LocalIssuer.readLocation(options)
    const issuer = yield* LocalIssuer.make(publicUrl, account)
    const generations = yield* Generations.make({ ...backendOptions, settings }, { client, clock, issuer, store })
    const backend = Generations.delegate(generations, clock, issuer)
    const snapshots = Snapshots.make({ authorizationServer, clock, generations })
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
        const context = yield* generations.current
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

    const findUri = (
      action: LocalBackend.SessionError["action"],
      consent: Consent
    ): Effect.Effect<Redacted.Redacted, LocalBackend.SessionError> =>
      typeof consent !== "string" ? Effect.succeed(consent) : Effect.flatMap(
        backend.findSession(consent),
        Option.match({
          onNone: () => new LocalBackend.SessionError({ action, reason: "Unknown" }),
          onSome: Effect.succeed
        })
      )

    /** Finds the user who signs in when an approval names none. */
    const findUserName = (sessionUri: Redacted.Redacted) =>
      Effect.map(backend.consents, (consents) => {
        const user = consents.find(({ id }) => id === idOf(sessionUri))?.user ?? { userId: "user" }
        return "userId" in user ? user.userId : user.subject
      })

    /** Signs in at the authorization server, and passes its redirect to the callback of the backend. */
    const consentAt = (
      { issuer }: AuthorizationServer["Service"],
      authorizationUrl: Redacted.Redacted,
      userName: string
    ) =>
      Effect.gen(function*() {
        const isThere = (url: string) => URL.parse(url)?.origin === issuer
        const walk = makeWalk((reason) =>
          fail("Rejected", `The user cannot go on at the authorization server: ${reason}`)
        )
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
        const { pathname } = new URL(Redacted.value(url))
        const { _tag } = yield* backend.callback(pathname.slice(pathname.lastIndexOf("/") + 1), url)
        if (_tag !== "Redirect") return yield* fail("Rejected", `The backend does not accept the redirect: ${_tag}`)
      })

    const approve = (sessionUri: Redacted.Redacted, userName: string | undefined) =>
      Effect.gen(function*() {
        const response = yield* backend.authorize(sessionUri)
        // Without a redirect the session has a code already, has ended, or has no usable server. `complete` reports
        // which.
        if (response._tag === "Redirect") {
          const url = new URL(Redacted.value(response.url))
          // The host of `OAuthClient.layerScripted`.
          if (url.hostname === "authorization.invalid") return yield* backend.approve(sessionUri)
          if (authorizationServer === undefined || url.origin !== authorizationServer.issuer) {
            return yield* fail(
              "ForeignServer",
              `The authorization server at ${url.origin} is not in this process, and signs in its own users. `
                + "Open the authorization URL in a browser, or start this server with an authorization server of its own."
            )
          }
          yield* consentAt(authorizationServer, response.url, userName ?? (yield* findUserName(sessionUri)))
        }
        yield* Effect.mapError(
          backend.complete(sessionUri),
          ({ reason }) => new LocalBackend.SessionError({ action: "approve", reason })
        )
      })

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
        advance: (duration) => Effect.suspend(() => moveTo(clock.offset() + Duration.toMillis(duration))),
        set: (time) => Effect.flatMap(DateTime.now, (now) => moveTo(time.epochMilliseconds - now.epochMilliseconds)),
        reset: Effect.andThen(clock.setOffset(0), clockState)
      },
      faults: { list: faults.list, add: faults.add, remove: faults.remove, clear: faults.clear },
      requests: requests.list,
      events: requests.events,
      resources: Effect.flatMap(generations.current, (context) =>
        Effect.zipWith(
          clock.shift(Planes.listResources(Context.get(context, ControlPlane.ControlPlane), authorizationServer)),
          settings,
          (resources, { offlineIssuer }) => ({ ...resources, offlineIssuer })
        ).pipe(
          Effect.mapError(({ message }) => fail("Store", `The resources cannot be listed: ${message}`)),
          Effect.provideService(CallerKey, unrestrictedKey)
        )),
      consents: {
        list: backend.consents,
        authorizationUrl: (id) =>
          Effect.map(findUri("open", id), (sessionUri) => makeAuthorizationUrl(publicUrl, sessionUri)),
        approve: (consent, { userName } = {}) =>
          Effect.flatMap(findUri("approve", consent), (sessionUri) => approve(sessionUri, userName)),
        deny: (consent) => Effect.flatMap(findUri("deny", consent), backend.deny),
        expire: (consent) => Effect.flatMap(findUri("expire", consent), backend.expire)
      },
      grants: {
        list: Effect.mapError(backend.grants, Snapshots.mapStoreError),
        expire: backend.expireGrant,
        revoke: backend.revokeGrant,
        forget: backend.forgetGrant
      }
    }

    return Layer.mergeAll(
      Planes.make(generations, { clock, faults, requests }),
      Layer.succeed(LocalBackend.LocalBackend, backend),
      Layer.succeed(LocalControl, control)
    )
  })

/**
 * A backend with its control, over the store in context. A new backend continues with the content of the store, and
 * applies the setup again.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerStore = (options: Options = {}): Layer.Layer<
  LocalControl | LocalBackend.LocalBackend | LocalBackend.Planes,
  VaultStoreError | SeedError,
  OAuthClient | VaultStore
> => {
  const invalid = checkLocal({ local: options.setup?.local })
  return Layer.unwrap(invalid === undefined ? make(options) : Effect.die(invalid))
}

/**
 * A backend in memory, with its control.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<LocalControl | LocalBackend.LocalBackend | LocalBackend.Planes, SeedError, OAuthClient> =>
  Layer.catch(
    Layer.provide(layerStore(options), Layer.fresh(layerMemory)),
    // The store in memory does not fail.
    (error) => error._tag === "VaultStoreError" ? Layer.unwrap(Effect.die(error)) : Layer.unwrap(Effect.fail(error))
  )
