/**
 * The token vault: what users have granted, by workload, user and provider.
 *
 * AWS does not document which stored token serves which request. Here one does when it was granted for the same resources
 * and audiences, and for at least the scopes asked for, or when the user was asked for exactly these scopes (a server that
 * grants less, or writes them another way, would otherwise ask the user at every call).
 *
 * Changes are made one after the other, each in one write of the store.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type AuthorizationServer, OAuthClient, type OAuthError, type TokenSet } from "../OAuthClient.js"
import { Store, type StoreError } from "./store.js"
import type { User } from "./workloadToken.js"

const Names = Schema.Array(Schema.String)

/** @internal */
export const Wanted = Schema.Struct({
  scopes: Names,
  resources: Schema.optional(Names),
  audiences: Schema.optional(Names)
})

/** @internal */
export type Wanted = typeof Wanted.Type

const Grant = Schema.Struct({
  id: Schema.String,
  asked: Wanted,
  granted: Names,
  accessToken: Schema.Redacted(Schema.String),
  refreshToken: Schema.OptionFromNullOr(Schema.Redacted(Schema.String)),
  expiresAt: Schema.OptionFromNullOr(Schema.DateTimeUtc)
})

type Grant = typeof Grant.Type

const includes = (all: ReadonlyArray<string>, some: ReadonlyArray<string>): boolean =>
  some.every((item) => all.includes(item))

const sameSet = (a: ReadonlyArray<string> = [], b: ReadonlyArray<string> = []): boolean =>
  includes(a, b) && includes(b, a)

const sameTargets = (a: Wanted, b: Wanted): boolean =>
  sameSet(a.resources, b.resources) && sameSet(a.audiences, b.audiences)

const serves = (grant: Grant, wanted: Wanted): boolean =>
  sameTargets(grant.asked, wanted)
  && (includes(grant.granted, wanted.scopes) || sameSet(grant.asked.scopes, wanted.scopes))

const isAlive = (grant: Grant, now: number): boolean =>
  Option.match(grant.expiresAt, { onNone: () => true, onSome: (end) => now < DateTime.toEpochMillis(end) })

const Key = Schema.parseJson(Schema.Tuple(Schema.String, Names, Schema.String))

/**
 * A key of the vault. A user's JWT, an id, and no user are separate namespaces, whatever they read like.
 *
 * @internal
 */
export const keyOf = (workload: string, user: User, provider: string): string =>
  Schema.encodeSync(Key)([
    workload,
    user._tag === "Jwt" ? [user._tag, user.iss, user.sub] : user._tag === "UserId" ? [user._tag, user.id] : [user._tag],
    provider
  ])

/** @internal */
export const workloadOf = (key: string): string => Schema.decodeSync(Key)(key)[0]

/** @internal */
export interface Vault {
  /** A token that serves, refreshed where it has to be. None when the user has to be asked. */
  readonly find: (
    key: string,
    server: AuthorizationServer,
    wanted: Wanted
  ) => Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError | StoreError>
  /** The token of one grant, whatever is wanted. */
  readonly get: (
    key: string,
    server: AuthorizationServer,
    grantId: string
  ) => Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError | StoreError>
  /**
   * Keeps tokens under an id, if `commit` succeeds. What the new ones serve as well is dropped. Whoever learns of the commit
   * finds the tokens: nothing is read in between.
   */
  readonly store: <E>(
    key: string,
    grantId: string,
    asked: Wanted,
    tokens: TokenSet,
    commit: Effect.Effect<unknown, E>
  ) => Effect.Effect<void, E | StoreError>
  readonly drop: (key: string) => Effect.Effect<void, StoreError>
  /** Drops what was granted through a provider. */
  readonly dropProvider: (name: string) => Effect.Effect<void, StoreError>
  /** Drops what was granted to a workload. */
  readonly dropWorkload: (name: string) => Effect.Effect<void, StoreError>
}

/** @internal */
export const make: Effect.Effect<Vault, never, OAuthClient | Store | Scope.Scope> = Effect.gen(function*() {
  const client = yield* OAuthClient
  const scope = yield* Effect.scope
  const entries = (yield* Store).collection("grants", Schema.Array(Grant))
  const exclusive = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const refreshes = new Map<string, Deferred.Deferred<Option.Option<Redacted.Redacted>, OAuthError | StoreError>>()

  const grantsOf = (key: string): Effect.Effect<ReadonlyArray<Grant>, StoreError> =>
    Effect.map(entries.get(key), Option.getOrElse((): ReadonlyArray<Grant> => []))

  const change = (key: string, before: ReadonlyArray<Grant>, after: ReadonlyArray<Grant>) =>
    after.length > 0
      ? Effect.as(entries.put(key, after), after)
      : Effect.as(before.length > 0 ? entries.remove(key) : Effect.void, after)

  const update = (key: string, f: (grants: ReadonlyArray<Grant>) => ReadonlyArray<Grant>) =>
    exclusive(Effect.flatMap(grantsOf(key), (grants) => change(key, grants, f(grants))))

  /** As they are now, without those that are of no more use. */
  const current = (key: string, now: number) =>
    exclusive(Effect.flatMap(grantsOf(key), (grants) => {
      const useful = grants.filter((grant) => isAlive(grant, now) || Option.isSome(grant.refreshToken))
      return useful.length === grants.length ? Effect.succeed(grants) : change(key, grants, useful)
    }))

  const replace = (key: string, old: Grant, tokens: TokenSet) => {
    const renewed: Grant = {
      ...old,
      granted: Option.getOrElse(tokens.scopes, () => old.granted),
      accessToken: tokens.accessToken,
      refreshToken: Option.orElse(tokens.refreshToken, () => old.refreshToken),
      expiresAt: tokens.expiresAt
    }
    return Effect.map(
      update(key, (grants) => grants.map((grant) => grant.id === old.id ? renewed : grant)),
      (grants) =>
        // Dropped in the meantime: what the user wanted gone does not come back.
        grants.some((grant) => grant.id === old.id) ? Option.some(tokens.accessToken) : Option.none()
    )
  }

  /**
   * One refresh at a time per grant: an authorization server takes a second use of a refresh token for theft, and revokes
   * everything. It runs in the layer's scope, so that nobody who waits for it can end it for the others.
   */
  const refresh = (key: string, server: AuthorizationServer, grant: Grant, refreshToken: Redacted.Redacted) =>
    Effect.uninterruptibleMask((restore) => {
      const running = refreshes.get(grant.id)
      if (running !== undefined) return restore(Deferred.await(running))
      const deferred = Deferred.unsafeMake<Option.Option<Redacted.Redacted>, OAuthError | StoreError>(FiberId.none)
      refreshes.set(grant.id, deferred)
      return client.refresh(server, { refreshToken, resources: grant.asked.resources }).pipe(
        Effect.interruptible,
        // The old refresh token is spent by now: the new one is kept, whatever else ends.
        Effect.flatMap((tokens) => replace(key, grant, tokens)),
        Effect.catchIf(
          (error) => error._tag === "OAuthError" && error.reason === "InvalidGrant",
          () => Effect.as(update(key, (grants) => grants.filter(({ id }) => id !== grant.id)), Option.none())
        ),
        Effect.ensuring(Effect.sync(() => refreshes.delete(grant.id))),
        Effect.intoDeferred(deferred),
        Effect.forkIn(scope),
        Effect.zipRight(restore(Deferred.await(deferred)))
      )
    })

  const findBy = (
    key: string,
    server: AuthorizationServer,
    predicate: (grant: Grant) => boolean
  ): Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError | StoreError> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const grants = (yield* current(key, now)).filter(predicate)
      const grant = grants.find((candidate) => isAlive(candidate, now)) ?? grants[0]
      if (grant === undefined) return Option.none()
      if (isAlive(grant, now) || Option.isNone(grant.refreshToken)) return Option.some(grant.accessToken)
      const token = yield* refresh(key, server, grant, grant.refreshToken.value)
      // The refresh token was dead and is gone; another grant may serve.
      return Option.isSome(token) ? token : yield* findBy(key, server, predicate)
    })

  const dropWhere = (predicate: (key: typeof Key.Type) => boolean) =>
    exclusive(Effect.flatMap(entries.entries, (all) =>
      Effect.forEach(
        all.filter(([key]) => Option.exists(Schema.decodeOption(Key)(key), predicate)),
        ([key]) => entries.remove(key),
        { discard: true }
      )))

  return {
    find: (key, server, wanted) => findBy(key, server, (grant) => serves(grant, wanted)),
    get: (key, server, grantId) => findBy(key, server, (grant) => grant.id === grantId),
    store: (key, grantId, asked, tokens, commit) => {
      const grant: Grant = {
        id: grantId,
        asked,
        // RFC 6749 §5.1: an answer without scopes grants what was asked for.
        granted: Option.getOrElse(tokens.scopes, () => asked.scopes),
        accessToken: tokens.accessToken,
        refreshToken: tokens.refreshToken,
        expiresAt: tokens.expiresAt
      }
      return exclusive(Effect.uninterruptible(Effect.gen(function*() {
        const grants = yield* grantsOf(key)
        yield* commit
        yield* entries.put(key, [
          grant,
          ...grants.filter((old) => !(sameTargets(old.asked, asked) && includes(grant.granted, old.granted)))
        ])
      })))
    },
    drop: (key) => exclusive(entries.remove(key)),
    dropProvider: (name) => dropWhere(([, , provider]) => provider === name),
    dropWorkload: (name) => dropWhere(([workload]) => workload === name)
  }
})
