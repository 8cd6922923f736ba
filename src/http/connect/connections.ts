/** The connections of a user: what they are, and how they begin and end. For the pages, and for programs. */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Consent from "../../Consent.js"
import { CredentialCache } from "../../CredentialCache.js"
import * as Credentials from "../../Credentials.js"
import { DataPlane } from "../../DataPlane.js"
import { type AccessTokenCredential, type AccessTokenError, type AccessTokenRequest, Identity } from "../../Identity.js"
import * as Statuses from "../../internal/credentials/status.js"
import { subjectOf } from "../../internal/identity/jwtSubject.js"
import { generate } from "../../internal/identity/returnState.js"
import { unregistered } from "../../internal/pendingConsents/store.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import * as Accounts from "./account.js"
import {
  type Connection,
  type Disconnection,
  type Event,
  type LinkOptions,
  type Options,
  OtherUserKind
} from "./connectTypes.js"
import { type Links, unknownCredential } from "./links.js"

interface Settings
  extends
    Pick<LinkOptions, "accounts" | "users" | "workload">,
    Pick<Options<never, never>, "connectedSince" | "revokeAt">
{
  readonly links: Links
  readonly emit: (event: Omit<Event, "at">) => Effect.Effect<void>
}

export type Connections = Effect.Success<ReturnType<typeof make>>

export const checkKind = (
  part: OtherUserKind["part"],
  expected: OtherUserKind["expected"],
  user: UserIdentifier
): Effect.Effect<void, OtherUserKind> =>
  Effect.suspend(() => {
    const found = user.userToken === undefined ? "userId" : "jwt"
    return found === expected ? Effect.void : new OtherUserKind({ part, expected, found })
  })

const eventUserOf = (user: UserIdentifier): Effect.Effect<Event["user"]> =>
  user.userToken === undefined
    ? Effect.succeed({ userId: user.userId })
    : Effect.map(
      subjectOf(user.userToken),
      Option.match({ onNone: () => undefined, onSome: ([issuer, subject]) => ({ issuer, subject }) })
    )

/** Requests the token once, and shows nothing. */
const request = (
  identity: Identity["Service"],
  credential: AccessTokenCredential<"USER_FEDERATION">,
  options?: Pick<AccessTokenRequest, "customState" | "forceAuthentication">
) => unregistered(identity.getAccessToken({ ...credential.request, ...options, consent: Consent.fail }))

/** Returns `None` if the user has not consented. */
const requestToken = (identity: Identity["Service"], credential: AccessTokenCredential<"USER_FEDERATION">) =>
  request(identity, credential).pipe(
    Effect.asSome,
    Effect.catchTag("RequiresUserConsent", () => Effect.succeedNone)
  )

/** Returns `None` if the user has already consented. */
const requestSession = (
  identity: Identity["Service"],
  credential: AccessTokenCredential<"USER_FEDERATION">,
  forceAuthentication: boolean
) =>
  Effect.flatMap(
    Consent.ReturnState,
    (isSent) => request(identity, credential, { forceAuthentication, customState: isSent ? generate() : undefined })
  ).pipe(
    Effect.as(Option.none()),
    Effect.catchTag("RequiresUserConsent", (error) => Effect.succeedSome(error.session))
  )

/** Requests a session with `forceAuthentication`, so that AgentCore drops its tokens. Drops the cached token. */
const forceSession = (
  identity: Identity["Service"],
  credential: AccessTokenCredential<"USER_FEDERATION">,
  old: Option.Option<Redacted.Redacted>
) =>
  Effect.gen(function*() {
    const session = yield* requestSession(identity, credential, true)
    const cache = yield* Effect.serviceOption(CredentialCache)
    if (Option.isSome(old) && Option.isSome(cache)) yield* cache.value.invalidate(old.value)
    return session
  })

const describeFailure = (connection: Omit<Connection, "account" | "state">, error: AccessTokenError) =>
  Effect.gen(function*(): Effect.fn.Return<Connection> {
    const reason = error._tag === "AuthorizationFailed" ? error.reason : undefined
    if (reason === "RevokedAtVendor") return { ...connection, state: reason, account: "unknown" }
    // The vendor's failure has its own line.
    if (reason === undefined) {
      const { _tag: tag, message } = error
      yield* Effect.logWarning(`It is unknown whether ${connection.name} is granted: ${tag}: ${message}`)
    }
    return { ...connection, state: "Unknown", account: reason === "AccountUnknown" ? "unknown" : undefined }
  })

/** Adds when the user connected it. The page has no date if the program fails to return one. */
const addSince = (
  connection: Connection,
  user: UserIdentifier,
  connectedSince: Settings["connectedSince"]
): Effect.Effect<Connection> =>
  connectedSince === undefined || connection.state !== "Granted"
    ? Effect.succeed(connection)
    : Effect.suspend(() => connectedSince(user, connection.name)).pipe(
      Effect.map((since) => since === undefined ? connection : { ...connection, since: since.toISOString() }),
      Effect.catchDefect(() => Effect.as(Effect.logWarning("The option connectedSince of Connect failed"), connection))
    )

interface Services extends Omit<Settings, "accounts"> {
  readonly accounts: Accounts.Accounts
  readonly emitFor: (user: UserIdentifier, event: Omit<Event, "at" | "user" | "workload">) => Effect.Effect<void>
}

type Caller = { readonly name: string; readonly user: UserIdentifier }
type Credential = AccessTokenCredential<"USER_FEDERATION">

const describe = (
  { links, revokeAt = {} }: Pick<Settings, "links" | "revokeAt">,
  name: string,
  credential: Credential
): Omit<Connection, "account" | "state"> => ({
  name,
  provider: credential.request.provider,
  scopes: credential.request.scopes ?? [],
  link: links.link(name),
  revokeAt: Object.hasOwn(revokeAt, name) ? revokeAt[name] : undefined
})

/** Adds the account of a connection that is granted. The vendor's failure changes nothing. */
const withAccount = ({ accounts }: Services, connection: Connection, credential: Credential) =>
  Effect.gen(function*() {
    if (connection.state !== "Granted" || accounts.optionsOf(connection.name).account === undefined) return connection
    const token = yield* requestToken(accounts.viewing, credential)
    // The status may be a remembered one.
    if (Option.isNone(token)) return { ...connection, state: "NotGranted" as const }
    const inspection = yield* accounts.inspect(connection.name, token.value, "view")
    return { ...connection, account: inspection._tag === "Known" ? inspection.account : "unknown" as const }
  }).pipe(Effect.catch((error) => describeFailure(connection, error)))

/** All connections of a user, or the present state of one. */
const list = (services: Services, caller: Caller, only?: string) =>
  Effect.gen(function*() {
    const { accounts, connectedSince, links } = services
    const named = links.entries.filter(([name]) => only === undefined || name === only)
    const remember = only === undefined ? undefined : "0 seconds"
    const statuses = yield* Credentials.status(named.map(([, credential]) => credential), { caller, remember })
    return yield* Effect.forEach(Arr.zip(named, statuses), ([[name, credential], status]) =>
      Effect.gen(function*() {
        const described = describe(services, name, credential)
        if (status._tag === "Unknown") return yield* describeFailure(described, status.error)
        const dropped = status._tag === "NotGranted" ? yield* accounts.whyDropped(name, caller.user) : undefined
        const connection = { ...described, state: status._tag, account: undefined, ...dropped }
        return yield* addSince(yield* withAccount(services, connection, credential), caller.user, connectedSince)
      }), { concurrency: 10 })
  }).pipe(Effect.provideService(Identity, services.accounts.viewing))

/** Asks the vendor again. */
const check = (services: Services, caller: Caller, name: string, credential: Credential) =>
  Effect.gen(function*() {
    const { accounts, emitFor } = services
    const token = yield* requestToken(accounts.unreviewed, credential)
    if (Option.isSome(token)) yield* accounts.inspect(name, token.value, "fresh")
    const [connection] = yield* list(services, caller, name)
    if (connection === undefined) return yield* unknownCredential()
    // `RevokedAtVendor` of a dropped token was already reported.
    if (Option.isSome(token) && connection.state === "RevokedAtVendor") {
      yield* emitFor(caller.user, { _tag: "RevokedAtVendor", credential: name })
    }
    return connection
  })

/** Ends the grant at the vendor, and drops the tokens. Without a token it does nothing, unless `isForced`. */
const disconnect = (
  { accounts, emitFor }: Services,
  user: UserIdentifier,
  name: string,
  credential: Credential,
  { isForced }: { readonly isForced: boolean }
): Effect.Effect<Disconnection, AccessTokenError, WorkloadAccessToken.WorkloadAccessToken> =>
  Effect.gen(function*() {
    yield* accounts.forgetDrop(name, user)
    const token = yield* requestToken(accounts.unreviewed, credential)
    if (Option.isNone(token) && !isForced) {
      return { name, outcome: "NotConnected", atVendor: "NotSupported" } as const
    }
    const atVendor: Disconnection["atVendor"] = Option.isSome(token)
      ? yield* accounts.revoke(name, token.value)
      : "NotSupported"
    if (Option.isNone(yield* forceSession(accounts.unreviewed, credential, token))) {
      yield* Effect.logWarning("AgentCore still returns a token after a request with forceAuthentication")
      return { name, outcome: "Failed", atVendor } as const
    }
    yield* emitFor(user, { _tag: "Disconnected", credential: name, atVendor })
    return { name, outcome: "Disconnected", atVendor } as const
  })

const disconnectAll = (services: Services, user: UserIdentifier) =>
  Effect.forEach(
    services.links.entries,
    ([name, credential]) =>
      Effect.catch(disconnect(services, user, name, credential, { isForced: false }), (error) =>
        Effect.as(
          Effect.logError(`${name} could not be disconnected: ${error._tag}: ${error.message}`),
          { name, outcome: "Failed", atVendor: "NotSupported" } satisfies Disconnection
        ))
  )

/** The kind of the user is already checked. */
const makeForUser = Effect.fnUntraced(function*(
  services: Services,
  context: Context.Context<DataPlane>,
  user: UserIdentifier
) {
  const { accounts: { forgetDrop, identity, unreviewed, viewing }, workload } = services
  const caller = { name: workload, user }
  // One token for all that a request does.
  const workloadToken = yield* Effect.cached(WorkloadAccessToken.makeWorkload(caller))
  const asUser = <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.provideContext(
      Effect.provideServiceEffect(self, WorkloadAccessToken.WorkloadAccessToken, workloadToken),
      context
    )
  const forget = Effect.forEach(
    [identity, viewing],
    (identity) => Effect.provideService(Statuses.forget(caller), Identity, identity),
    { discard: true }
  )
  const reconnect = (credential: Credential) =>
    Effect.flatMap(requestToken(unreviewed, credential), (old) => forceSession(unreviewed, credential, old))
  return {
    asUser,
    forget: asUser(forget),
    list: (only?: string) => asUser(list(services, caller, only)),
    check: (name: string, credential: Credential) => asUser(check(services, caller, name, credential)),
    requestSession: (name: string, credential: Credential, isForced: boolean) =>
      (isForced ? reconnect(credential) : requestSession(identity, credential, false)).pipe(
        Effect.tap(forget),
        Effect.tap(forgetDrop(name, user)),
        asUser
      ),
    disconnect: (name: string, credential: Credential) =>
      disconnect(services, user, name, credential, { isForced: true }).pipe(Effect.tap(forget), asUser),
    disconnectAll: disconnectAll(services, user).pipe(Effect.tap(Effect.ignore(forget)), asUser)
  }
})

export const make = (settings: Settings) =>
  Effect.gen(function*() {
    const { emit, links, users = "userId", workload } = settings
    const emitFor: Services["emitFor"] = (user, event) =>
      Effect.flatMap(eventUserOf(user), (eventUser) => emit({ ...event, workload, user: eventUser }))
    const accounts = yield* Accounts.make({ accounts: settings.accounts, emit: emitFor, links })
    const services: Services = { ...settings, accounts, emitFor }
    // The context of a program or a request may have others.
    const context = Context.pick(DataPlane, Consent.ReturnState, Consent.ReturnUrl, CredentialCache)(
      yield* Effect.context<DataPlane>()
    )
    return {
      accounts,
      describe: (name: string, credential: Credential) => describe(settings, name, credential),
      emitFor,
      forUser: (user: UserIdentifier) => makeForUser(services, context, user),
      checkKind: (part: OtherUserKind["part"], user: UserIdentifier) => checkKind(part, users, user)
    }
  })
