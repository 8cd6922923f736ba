/**
 * Steers a local backend while programs use it: empty it, fill it, move its clock, let it fail, watch it, and answer
 * for its users.
 *
 * {@link layer} is a backend with its control, in this process. `LocalServer` has one, and serves it at `/_local/`. The
 * command `agentcore-identity local` calls it there.
 *
 * The control has every secret of the backend. Keep it away from the programs that the backend serves.
 *
 * @since 0.1.0
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
import type { AuthorizationServerError, Service as AuthorizationServer } from "./AuthorizationServer.js"
import { Seeding } from "./backend/callContext.js"
import * as LocalIssuer from "./backend/issuer.js"
import * as ShiftedClock from "./control/clock.js"
import * as Faults from "./control/faults.js"
import * as Generations from "./control/generations.js"
import * as Planes from "./control/planes.js"
import * as Requests from "./control/requests.js"
import * as Snapshots from "./control/snapshots.js"
import {
  type ClockState,
  type Fault,
  type FaultStatus,
  LocalControlError,
  type RequestRecord,
  type Resources,
  type Snapshot
} from "./control/statuses.js"
import * as LocalBackend from "./LocalBackend.js"
import { OAuthClient } from "./OAuthClient.js"
import { layerMemory, VaultStore, type VaultStoreError } from "./VaultStore.js"

/**
 * @since 0.1.0
 */
export * from "./control/statuses.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * The options of the backend, and of its control.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends LocalBackend.Options {
  /**
   * Set up at the start, and again by `reset`. Its section `local` is used unless there are `settings`. Default:
   * nothing.
   */
  readonly setup?: IdentitySetup.IdentitySetup | undefined
  /**
   * An authorization server in this process. It follows the clock of the backend, is emptied and restored with it, gets
   * the users of a setup, and lets `consents.approve` sign in users. Default: none.
   */
  readonly authorizationServer?: AuthorizationServer | undefined
}

/**
 * A consent session: the `id` in its status, or its URI.
 *
 * @since 0.1.0
 * @category models
 */
export type Consent = string | Redacted.Redacted

/**
 * The error of a seed.
 *
 * @since 0.1.0
 * @category errors
 */
export type SeedError = IdentitySetup.ApplyError | AuthorizationServerError

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface ClockControl {
  readonly state: Effect.Effect<ClockState>
  /** Moves the clock forward, at most to the year 9999. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<ClockState, LocalControlError>
  /** Sets the time, from 1970 to 9999. It goes on from there. */
  readonly set: (time: DateTime.Utc) => Effect.Effect<ClockState, LocalControlError>
  /** Goes back to the real time. */
  readonly reset: Effect.Effect<ClockState>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface FaultControl {
  readonly list: Effect.Effect<ReadonlyArray<FaultStatus>>
  readonly add: (fault: Fault) => Effect.Effect<FaultStatus, LocalControlError>
  readonly remove: (id: string) => Effect.Effect<void, LocalControlError>
  readonly clear: Effect.Effect<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ConsentControl {
  /** The newest first. */
  readonly list: Effect.Effect<ReadonlyArray<LocalBackend.ConsentStatus>>
  /**
   * Consents in place of a user, and completes the session for the user who opened it. At the authorization server of
   * the options, `userName` signs in on its pages. Default: the user id of the session, or the subject of its JWT. With
   * `OAuthClient.layerScripted` there is no sign-in. Any other authorization server is a `ForeignServer`.
   */
  readonly approve: (
    consent: Consent,
    options?: { readonly userName?: string | undefined }
  ) => Effect.Effect<void, LocalControlError | LocalBackend.SessionError>
  /** Refuses consent in place of the user. */
  readonly deny: (consent: Consent) => Effect.Effect<void, LocalBackend.SessionError>
  /** Ends the session as expired. */
  readonly expire: (consent: Consent) => Effect.Effect<void, LocalBackend.SessionError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GrantControl {
  readonly list: Effect.Effect<ReadonlyArray<LocalBackend.GrantStatus>, LocalControlError>
  /** A part of the list. It reads no other grants. */
  readonly page: (options: LocalBackend.GrantPageOptions) => Effect.Effect<LocalBackend.GrantPage, LocalControlError>
  /** Ends the access token now. */
  readonly expire: (id: string) => Effect.Effect<void, LocalBackend.GrantError>
  /** Revokes the refresh token at the authorization server. The backend learns of it at the next refresh. */
  readonly revoke: (id: string) => Effect.Effect<void, LocalBackend.GrantError>
  /** Removes the grant from the vault. */
  readonly forget: (id: string) => Effect.Effect<void, LocalBackend.GrantError>
}

/**
 * - `reset`: as at the start. The backend and the authorization server are empty, the setup is applied, the clock shows
 *   the real time, and there are no faults and no requests. Snapshots stay.
 * - `seed`: adds a setup. The settings in its section `local` are used until the next `reset`.
 * - `snapshot`: copies the content of the backend and of the authorization server, and the offset of the clock, under a
 *   name. A snapshot with the name is replaced. At most 32 are kept, in memory.
 * - `restore`: replaces the content by a snapshot, or by what `export` returned. It changes nothing if it cannot read
 *   all of it.
 * - `export`: the same as a snapshot, sealed as a JWE with a key of 32 bytes in base64url
 * - `requests`: the last 500, the newest first
 * - `events`: the requests from now on. A reader that is slow misses the oldest ones.
 * - `refusals`: the last 100 refusals of authorization servers, the newest first
 * - `resources`: the names of workload identities and credential providers. Reading them is no request, and meets no
 *   faults.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  readonly reset: Effect.Effect<void, LocalControlError | SeedError>
  readonly seed: (setup: IdentitySetup.IdentitySetup) => Effect.Effect<ReadonlyArray<IdentitySetup.Change>, SeedError>
  readonly snapshot: (name: string) => Effect.Effect<void, LocalControlError>
  readonly snapshots: Effect.Effect<ReadonlyArray<Snapshot>>
  readonly restore: (
    from: string | { readonly sealed: string; readonly key: Redacted.Redacted }
  ) => Effect.Effect<void, LocalControlError>
  readonly export: (options: { readonly key: Redacted.Redacted }) => Effect.Effect<string, LocalControlError>
  readonly clock: ClockControl
  readonly faults: FaultControl
  readonly requests: Effect.Effect<ReadonlyArray<RequestRecord>>
  readonly events: Stream.Stream<RequestRecord>
  readonly refusals: Effect.Effect<ReadonlyArray<LocalBackend.Refusal>>
  readonly resources: Effect.Effect<Resources, LocalControlError>
  readonly consents: ConsentControl
  readonly grants: GrantControl
}

/**
 * @since 0.1.0
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
export class LocalControl
  extends Context.Service<LocalControl, Service>()("effect-agentcore-identity/local/LocalControl")
{}

// -----------------------------------------------------------------------------
// Settings
// -----------------------------------------------------------------------------

const fail = (reason: LocalControlError["reason"], message: string) => new LocalControlError({ reason, message })

/** A user of the authorization server, for a session whose approval names none. */
const userNameOf = ({ user }: LocalBackend.ConsentStatus): string => "userId" in user ? user.userId : user.subject

type Settings = LocalBackend.Settings

const mergeRecord = <A>(
  first: Readonly<Record<string, A>> | undefined,
  second: Readonly<Record<string, A>> | undefined
) => first === undefined ? second : second === undefined ? first : { ...first, ...second }

const mergeSettings = (first: Settings, second: Settings): Settings => ({
  ...first,
  ...second,
  secrets: mergeRecord(first.secrets, second.secrets),
  vendorEndpoints: { ...first.vendorEndpoints, ...second.vendorEndpoints },
  vendorIssuers: mergeRecord(first.vendorIssuers, second.vendorIssuers),
  kmsKeys: mergeRecord(first.kmsKeys, second.kmsKeys)
})

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

const make = (options: Options) =>
  Effect.gen(function*() {
    const { authorizationServer, setup, ...backendOptions } = options
    const clock = ShiftedClock.make(authorizationServer?.setClockOffset ?? (() => Effect.void))
    const faults = yield* Faults.make
    const requests = yield* Effect.flatMap(
      Requests.SharedRequests,
      Option.match({ onNone: () => Requests.make, onSome: Effect.succeed })
    )
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
        // After the users, which can be invalid.
        seeded = mergeSettings(seeded, local)
        // Not through the decorated plane: a seed meets no faults, and is no request.
        const context = yield* generations.current
        const changes = yield* clock.shift(
          // The store may hold older secrets than the setup.
          IdentitySetup.apply(setup, { rotateSecrets: true }).pipe(
            Effect.provide(context),
            Effect.provideService(Seeding, true)
          )
        )
        for (const { action, kind, name } of changes) {
          if (action !== "unchanged") yield* Effect.logInfo(`${kind}: '${name}' ${action}d`)
        }
        return changes
      })

    /** The settings of the options' setup are read at each use, so they are not seeds. */
    const applyOwn = setup === undefined ? Effect.void : Effect.andThen(
      Effect.sync(() => {
        seeded = {}
      }),
      Effect.asVoid(apply({ ...setup, local: { users: setup.local?.users } }))
    )

    const clockState = Effect.map(clock.shift(DateTime.now), (now): ClockState => ({ now, offset: clock.offset() }))

    const moveTo = (offset: number): Effect.Effect<ClockState, LocalControlError> =>
      ShiftedClock.checkOffset(offset).pipe(Effect.andThen(clock.setOffset(offset)), Effect.andThen(clockState))

    const withSession = <A, E>(
      action: LocalBackend.SessionError["action"],
      consent: Consent,
      use: (sessionUri: Redacted.Redacted) => Effect.Effect<A, E>
    ): Effect.Effect<A, E | LocalBackend.SessionError> =>
      typeof consent !== "string" ? use(consent) : Effect.flatMap(
        backend.findSession(consent),
        (found): Effect.Effect<A, E | LocalBackend.SessionError> =>
          Option.isSome(found) ? use(found.value) : new LocalBackend.SessionError({ action, reason: "Unknown" })
      )

    const userOf = (sessionUri: Redacted.Redacted) =>
      Effect.gen(function*() {
        for (const consent of yield* backend.consents) {
          const uri = yield* backend.findSession(consent.id)
          if (Option.exists(uri, (uri) => Redacted.value(uri) === Redacted.value(sessionUri))) {
            return userNameOf(consent)
          }
        }
        return "user"
      })

    const isScripted = (url: URL): boolean => url.hostname === "authorization.invalid"

    /** Signs in at the authorization server, and comes back to the callback URL. */
    const consentAt = (server: AuthorizationServer, authorizationUrl: Redacted.Redacted, userName: string) =>
      Effect.gen(function*() {
        const callbackUrl = yield* Effect.mapError(
          server.answer({ authorizationUrl, userName, decision: "allow" }),
          ({ message }) => fail("Refused", message)
        )
        const { pathname } = new URL(Redacted.value(callbackUrl))
        const answer = yield* backend.callback(pathname.slice(pathname.lastIndexOf("/") + 1), callbackUrl)
        if (answer._tag !== "Redirect") {
          return yield* fail("Refused", `The backend does not accept the answer for the user: ${answer._tag}`)
        }
      })

    const approve = (sessionUri: Redacted.Redacted, userName: string | undefined) =>
      Effect.gen(function*() {
        const answer = yield* backend.authorize(sessionUri)
        // The session has a code already, has ended, or has no usable server: `complete` tells.
        if (answer._tag === "Redirect") {
          const url = new URL(Redacted.value(answer.url))
          if (isScripted(url)) return yield* backend.approve(sessionUri)
          if (authorizationServer === undefined || url.origin !== authorizationServer.issuer) {
            return yield* fail(
              "ForeignServer",
              `The authorization server at ${url.origin} is not in this process, and signs in its own users. `
                + "Open the authorization URL in a browser, or use --authorization-server."
            )
          }
          yield* consentAt(authorizationServer, answer.url, userName ?? (yield* userOf(sessionUri)))
        }
        yield* Effect.mapError(
          backend.complete(sessionUri),
          ({ reason }) => new LocalBackend.SessionError({ action: "approve", reason })
        )
      })

    yield* applyOwn

    const control: Service = {
      reset: exclusive(Effect.gen(function*() {
        yield* snapshots.clear
        yield* faults.clear
        seeded = {}
        yield* applyOwn
        yield* requests.clear
      })),
      seed: (setup) => exclusive(apply(setup)),
      snapshot: (name) => exclusive(snapshots.take(name)),
      snapshots: snapshots.list,
      restore: (from) => exclusive(snapshots.restore(from)),
      export: ({ key }) => exclusive(snapshots.export(key)),
      clock: {
        state: clockState,
        advance: (duration) => Effect.suspend(() => moveTo(clock.offset() + Duration.toMillis(duration))),
        set: (time) => Effect.flatMap(DateTime.now, (now) => moveTo(time.epochMilliseconds - now.epochMilliseconds)),
        reset: Effect.andThen(clock.setOffset(0), clockState)
      },
      faults: { list: faults.list, add: faults.add, remove: faults.remove, clear: faults.clear },
      requests: requests.list,
      events: requests.events,
      refusals: backend.refusals,
      resources: Effect.flatMap(generations.current, (context) =>
        clock.shift(Planes.listResources(Context.get(context, ControlPlane.ControlPlane))).pipe(
          Effect.mapError(({ message }) =>
            fail("Store", `The resources cannot be listed: ${message}`)
          )
        )),
      consents: {
        list: backend.consents,
        approve: (consent, { userName } = {}) =>
          withSession("approve", consent, (sessionUri) => approve(sessionUri, userName)),
        deny: (consent) => withSession("deny", consent, backend.deny),
        expire: (consent) => withSession("expire", consent, backend.expire)
      },
      grants: {
        list: Effect.mapError(backend.grants, Snapshots.mapStoreError),
        page: (options) =>
          Effect.catchTags(backend.grantPage(options), {
            ValidationException: ({ message }) => fail("InvalidPage", message),
            VaultStoreError: Snapshots.mapStoreError
          }),
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
 * A backend with its control, over the store in context. A new one over a store continues where the last one ended, and
 * the setup is applied again.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore = (
  options: Options = {}
): Layer.Layer<
  LocalControl | LocalBackend.LocalBackend | LocalBackend.Planes,
  VaultStoreError | SeedError,
  OAuthClient | VaultStore
> => Layer.unwrap(make(options))

/**
 * A backend in memory, with its control.
 *
 * @since 0.1.0
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
