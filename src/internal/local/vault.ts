/**
 * The token vault: what users have granted, by workload, user and provider.
 *
 * AWS does not document which stored token serves which request. Here one does when it was granted for the same resources
 * and audiences, and for at least the scopes asked for, or when the user was asked for exactly these scopes (a server that
 * grants less, or writes them another way, would otherwise ask the user at every call).
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
import type * as Scope from "effect/Scope"
import { type AuthorizationServer, OAuthClient, type OAuthError, type TokenSet } from "../../local/OAuthClient.js"
import type { User } from "./workloadToken.js"

/** @internal */
export interface Wanted {
  readonly scopes: ReadonlyArray<string>
  readonly resources?: ReadonlyArray<string> | undefined
  readonly audiences?: ReadonlyArray<string> | undefined
}

interface Grant {
  readonly id: string
  readonly asked: Wanted
  readonly granted: ReadonlyArray<string>
  readonly accessToken: Redacted.Redacted
  readonly refreshToken: Option.Option<Redacted.Redacted>
  readonly expiresAt: Option.Option<DateTime.Utc>
}

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

/**
 * A key of the vault. A user's JWT, an id, and no user are separate namespaces, whatever they read like.
 *
 * @internal
 */
export const keyOf = (workload: string, user: User, provider: string): string =>
  JSON.stringify([
    workload,
    user._tag === "Jwt" ? [user._tag, user.iss, user.sub] : user._tag === "UserId" ? [user._tag, user.id] : [user._tag],
    provider
  ])

/** @internal */
export interface Vault {
  /** A token that serves, refreshed where it has to be. None when the user has to be asked. */
  readonly find: (
    key: string,
    server: AuthorizationServer,
    wanted: Wanted
  ) => Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError>
  /** The token of one grant, whatever is wanted. */
  readonly get: (
    key: string,
    server: AuthorizationServer,
    grantId: string
  ) => Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError>
  /**
   * Keeps tokens under an id. What the new ones serve as well is dropped. Not an effect: it happens in one step with the
   * end of the session that it comes from.
   */
  readonly unsafeStore: (key: string, grantId: string, asked: Wanted, tokens: TokenSet) => void
  readonly drop: (key: string) => Effect.Effect<void>
}

/** @internal */
export const make: Effect.Effect<Vault, never, OAuthClient | Scope.Scope> = Effect.gen(function*() {
  const client = yield* OAuthClient
  const scope = yield* Effect.scope
  const entries = new Map<string, ReadonlyArray<Grant>>()
  const refreshes = new Map<string, Deferred.Deferred<Option.Option<Redacted.Redacted>, OAuthError>>()

  const update = (key: string, change: (grants: ReadonlyArray<Grant>) => ReadonlyArray<Grant>) => {
    const grants = change(entries.get(key) ?? [])
    if (grants.length === 0) entries.delete(key)
    else entries.set(key, grants)
  }

  const remove = (key: string, id: string) => update(key, (grants) => grants.filter((grant) => grant.id !== id))

  const replace = (key: string, old: Grant, tokens: TokenSet): Option.Option<Redacted.Redacted> => {
    // Dropped in the meantime: what the user wanted gone does not come back.
    if (!(entries.get(key) ?? []).some((grant) => grant.id === old.id)) return Option.none()
    const renewed: Grant = {
      ...old,
      granted: Option.getOrElse(tokens.scopes, () => old.granted),
      accessToken: tokens.accessToken,
      refreshToken: Option.orElse(tokens.refreshToken, () => old.refreshToken),
      expiresAt: tokens.expiresAt
    }
    update(key, (grants) => grants.map((grant) => grant.id === old.id ? renewed : grant))
    return Option.some(tokens.accessToken)
  }

  /**
   * One refresh at a time per grant: an authorization server takes a second use of a refresh token for theft, and revokes
   * everything. It runs in the layer's scope, so that nobody who waits for it can end it for the others.
   */
  const refresh = (key: string, server: AuthorizationServer, grant: Grant, refreshToken: Redacted.Redacted) =>
    Effect.uninterruptibleMask((restore) => {
      const running = refreshes.get(grant.id)
      if (running !== undefined) return restore(Deferred.await(running))
      const deferred = Deferred.unsafeMake<Option.Option<Redacted.Redacted>, OAuthError>(FiberId.none)
      refreshes.set(grant.id, deferred)
      return client.refresh(server, { refreshToken, resources: grant.asked.resources }).pipe(
        Effect.map((tokens) => replace(key, grant, tokens)),
        Effect.catchIf((error) => error.reason === "InvalidGrant", () =>
          Effect.sync(() => {
            remove(key, grant.id)
            return Option.none()
          })),
        Effect.ensuring(Effect.sync(() => refreshes.delete(grant.id))),
        Effect.interruptible,
        Effect.intoDeferred(deferred),
        Effect.forkIn(scope),
        Effect.zipRight(restore(Deferred.await(deferred)))
      )
    })

  const findBy = (
    key: string,
    server: AuthorizationServer,
    predicate: (grant: Grant) => boolean
  ): Effect.Effect<Option.Option<Redacted.Redacted>, OAuthError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      update(key, (grants) => grants.filter((grant) => isAlive(grant, now) || Option.isSome(grant.refreshToken)))
      const grants = (entries.get(key) ?? []).filter(predicate)
      const grant = grants.find((candidate) => isAlive(candidate, now)) ?? grants[0]
      return grant === undefined
        ? Effect.succeedNone
        : isAlive(grant, now) || Option.isNone(grant.refreshToken)
        ? Effect.succeedSome(grant.accessToken)
        : Effect.flatMap(
          refresh(key, server, grant, grant.refreshToken.value),
          // The refresh token was dead and is gone; another grant may serve.
          (token) => Option.isSome(token) ? Effect.succeed(token) : findBy(key, server, predicate)
        )
    })

  return {
    find: (key, server, wanted) => findBy(key, server, (grant) => serves(grant, wanted)),
    get: (key, server, grantId) => findBy(key, server, (grant) => grant.id === grantId),
    unsafeStore: (key, grantId, asked, tokens) => {
      const grant: Grant = {
        id: grantId,
        asked,
        // RFC 6749 §5.1: an answer without scopes grants what was asked for.
        granted: Option.getOrElse(tokens.scopes, () => asked.scopes),
        accessToken: tokens.accessToken,
        refreshToken: tokens.refreshToken,
        expiresAt: tokens.expiresAt
      }
      update(key, (grants) => [
        grant,
        ...grants.filter((old) => !(sameTargets(old.asked, asked) && includes(grant.granted, old.granted)))
      ])
    },
    drop: (key) => Effect.sync(() => update(key, () => []))
  }
})
