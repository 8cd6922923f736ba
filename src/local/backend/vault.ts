/**
 * The token vault: the grants of users by workload, user, provider, and shape of the request. A request in another
 * shape needs another grant, even if an earlier grant includes its access.
 *
 * Changes run one after the other. Each change is one write of the store.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as SingleFlight from "../../internal/singleFlight.js"
import { type AuthorizationServer, OAuthClient, type OAuthError, type TokenSet } from "../oauth/oauthClient.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"
import type { RequestPart, VaultUser } from "./backendModels.js"
import type { User } from "./workloadToken.js"

const Names = Schema.Array(Schema.String)

export const Access = Schema.Struct({
  scopes: Names,
  resources: Schema.optional(Names),
  audiences: Schema.optional(Names)
})

/**
 * The shape of a request for a user's token. The live service stores a token under all of it: `customParameters` too,
 * and not `customState`, which belongs to one request (seen live, reported in
 * https://github.com/aws-samples/sample-autonomous-cloud-coding-agents/pull/831).
 */
export const RequestShape = Schema.Struct({
  ...Access.fields,
  customParameters: Schema.Record(Schema.String, Schema.String)
})

export type RequestShape = typeof RequestShape.Type

const parts = ["scopes", "resources", "audiences", "customParameters"] as const

export const RequestParts: Schema.Codec<ReadonlyArray<RequestPart>> = Schema.Array(Schema.Literals(parts))

/** The order of scopes, resources and audiences has no meaning in OAuth. An empty part equals an absent one. */
const readPart = (shape: RequestShape, part: RequestPart): ReadonlySet<string> =>
  new Set(
    part === "customParameters" ? Object.entries(shape[part]).map((entry) => JSON.stringify(entry)) : shape[part]
  )

const isSameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((item) => b.has(item))

/** Returns the parts that differ. It is empty if one grant serves both requests. */
export const differences = (a: RequestShape, b: RequestShape): ReadonlyArray<RequestPart> =>
  parts.filter((part) => !isSameSet(readPart(a, part), readPart(b, part)))

const isSame = (a: RequestShape, b: RequestShape): boolean => differences(a, b).length === 0

export const Grant = Schema.Struct({
  id: Schema.String,
  asked: RequestShape,
  accessToken: Schema.RedactedFromValue(Schema.String),
  refreshToken: Schema.OptionFromNullOr(Schema.RedactedFromValue(Schema.String)),
  expiresAt: Schema.OptionFromNullOr(Schema.DateTimeUtcFromString),
  /** Whether the backend has revoked its token. */
  revoked: Schema.Boolean
})

export type Grant = typeof Grant.Type

const withoutRefreshToken =
  "A user has to consent again: their token has expired, and the authorization server has issued no refresh token. "
  + "Most do for the scope offline_access"

const isAlive = (grant: Grant, now: number): boolean =>
  Option.match(grant.expiresAt, { onNone: () => true, onSome: (end) => now < DateTime.toEpochMillis(end) })

const Key = Schema.fromJsonString(Schema.Tuple([Schema.String, Names, Schema.String]))

/** Makes a key of the vault. JWTs, user ids, and tokens without a user are separate namespaces. */
export const makeKey = (workload: string, user: User, provider: string): string =>
  Schema.encodeSync(Key)([
    workload,
    user._tag === "Jwt" ? [user._tag, user.iss, user.sub] : user._tag === "UserId" ? [user._tag, user.id] : [user._tag],
    provider
  ])

/** Reads the parts of a key. `provider` is a callback id. */
export const readKey = (key: string) => {
  const [workload, [kind, first = "", second = ""], provider] = Schema.decodeSync(Key)(key)
  const user: VaultUser = kind === "Jwt" ? { issuer: first, subject: second } : { userId: first }
  return { workload, provider, user }
}

export type Entry = readonly [key: string, grant: Grant]

const toEntries = (all: ReadonlyArray<readonly [key: string, grants: ReadonlyArray<Grant>]>): ReadonlyArray<Entry> =>
  all.flatMap(([key, grants]) => grants.map((grant) => [key, grant] as const))

export type Vault = Effect.Success<typeof make>

/** The grants by key, with an index by their ids. Changes run one after the other. */
const makeGrants = Effect.gen(function*() {
  const entries = (yield* VaultStore).collection("grants", Schema.Array(Grant))
  const exclusive = (yield* Semaphore.make(1)).withPermits(1)

  const read = (key: string): Effect.Effect<ReadonlyArray<Grant>, VaultStoreError> =>
    Effect.map(entries.get(key), Option.getOrElse((): ReadonlyArray<Grant> => []))

  /** The keys of all grants, by the ids of the grants. The first use reads them from the store. */
  let keysById: Map<string, string> | undefined

  const write = (key: string, before: ReadonlyArray<Grant>, after: ReadonlyArray<Grant>) =>
    Effect.map(
      after.length > 0 ? entries.put(key, after) : before.length > 0 ? entries.remove(key) : Effect.void,
      () => {
        for (const { id } of before) keysById?.delete(id)
        for (const { id } of after) keysById?.set(id, key)
        return after
      }
    )

  const readKeysById = Effect.suspend(() =>
    keysById !== undefined ? Effect.succeed(keysById) : exclusive(Effect.map(
      entries.entries,
      (all) => keysById ??= new Map(toEntries(all).map(([key, { id }]) => [id, key]))
    ))
  )

  const update = (key: string, f: (grants: ReadonlyArray<Grant>) => ReadonlyArray<Grant>) =>
    exclusive(Effect.flatMap(read(key), (grants) => write(key, grants, f(grants))))

  const change = (key: string, grantId: string, f: (grant: Grant) => Grant) =>
    update(key, (grants) => grants.map((grant) => grant.id === grantId ? f(grant) : grant))

  const removeWhere = (key: string, predicate: (grant: Grant) => boolean) =>
    Effect.asVoid(update(key, (grants) => grants.filter((grant) => !predicate(grant))))

  /** Returns the grants of a key. Drops expired ones without a refresh token. */
  const readUseful = (key: string, now: number) =>
    exclusive(Effect.flatMap(read(key), (grants) => {
      const useful = grants.filter((grant) => isAlive(grant, now) || Option.isSome(grant.refreshToken))
      return useful.length === grants.length
        ? Effect.succeed(grants)
        : Effect.tap(write(key, grants, useful), Effect.logInfo(withoutRefreshToken))
    }))

  return { entries, exclusive, read, readKeysById, write, change, removeWhere, readUseful }
})

export const make = Effect.gen(function*() {
  const client = yield* OAuthClient
  const scope = yield* Effect.scope
  const grants = yield* makeGrants
  const { change, entries, exclusive, removeWhere, write } = grants

  const replace = (key: string, old: Grant, tokens: TokenSet) => {
    const renewed: Grant = {
      ...old,
      accessToken: tokens.accessToken,
      refreshToken: Option.orElse(tokens.refreshToken, () => old.refreshToken),
      expiresAt: tokens.expiresAt,
      revoked: false
    }
    return Effect.map(
      change(key, old.id, () => renewed),
      (after) =>
        // A grant that was dropped during the refresh stays dropped.
        after.some((grant) => grant.id === old.id) ? Option.some(tokens.accessToken) : Option.none()
    )
  }

  const renew = (key: string, server: AuthorizationServer, grant: Grant, refreshToken: Redacted.Redacted) =>
    Effect.uninterruptibleMask((restore) =>
      restore(client.refresh(server, { refreshToken, resources: grant.asked.resources })).pipe(
        // The old refresh token is used up, so an interruption must not lose the new one.
        Effect.flatMap((tokens) => replace(key, grant, tokens)),
        Effect.catchIf(
          (error) => error._tag === "OAuthError" && error.reason === "InvalidGrant",
          () => Effect.as(removeWhere(key, ({ id }) => id === grant.id), Option.none())
        )
      )
    )

  const flights = SingleFlight.makeUnsafe<Option.Option<Redacted.Redacted>, OAuthError | VaultStoreError>()

  /**
   * Refreshes a grant once at a time, because an authorization server treats the second use of a refresh token as theft
   * and revokes the grant. The flight reads the grant again, because an earlier flight may have used its refresh token.
   * It runs in the layer's scope, so an interruption of its callers does not end it.
   */
  const refresh = (key: string, server: AuthorizationServer, { id }: Grant) =>
    flights(
      id,
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const grant = (yield* grants.read(key)).find((grant) => grant.id === id)
        if (grant === undefined) return Option.none()
        if (isAlive(grant, now)) return Option.some(grant.accessToken)
        return Option.isSome(grant.refreshToken)
          ? yield* renew(key, server, grant, grant.refreshToken.value)
          : Option.none()
      })
    ).pipe(Effect.forkIn(scope), Effect.flatMap(Fiber.join))

  const findBy = Effect.fnUntraced(function*(
    key: string,
    server: AuthorizationServer,
    predicate: (grant: Grant) => boolean
  ): Effect.fn.Return<Option.Option<Redacted.Redacted>, OAuthError | VaultStoreError> {
    const now = yield* Clock.currentTimeMillis
    const matching = (yield* grants.readUseful(key, now)).filter(predicate)
    const grant = matching.find((candidate) => isAlive(candidate, now)) ?? matching[0]
    if (grant === undefined) return Option.none()
    if (isAlive(grant, now)) return Option.some(grant.accessToken)
    const token = yield* refresh(key, server, grant)
    // If the refresh token was rejected, its grant is dropped. Another grant may match.
    return Option.isSome(token) ? token : yield* findBy(key, server, predicate)
  })

  const dropWhere = (predicate: (key: typeof Key.Type) => boolean) =>
    exclusive(Effect.flatMap(entries.entries, (all) =>
      Effect.forEach(
        all.filter(([key]) => Option.exists(Schema.decodeOption(Key)(key), predicate)),
        ([key, grants]) => write(key, grants, []),
        { discard: true }
      )))

  return {
    /** Returns a token for requests of the shape, and refreshes an expired one. None if the user has to consent. */
    find: (key: string, server: AuthorizationServer, shape: RequestShape) =>
      findBy(key, server, ({ asked }) => isSame(asked, shape)),
    /** Returns the token of one grant, and refreshes an expired one. */
    get: (key: string, server: AuthorizationServer, grantId: string) =>
      findBy(key, server, (grant) => grant.id === grantId),
    /** Returns the parts in which the closest grant differs from the shape. It is empty without a grant. */
    differences: (key: string, shape: RequestShape) =>
      Effect.map(grants.read(key), (found) =>
        Arr.match(found.map(({ asked }) => differences(asked, shape)), {
          onEmpty: () => [],
          onNonEmpty: (all) => Arr.min(all, Order.mapInput(Order.Number, (parts) => parts.length))
        })),
    /**
     * Stores the tokens of a new grant if `commit` succeeds. They replace the grant of the same shape. No read runs
     * between the commit and the write.
     */
    store: <E>(
      key: string,
      grantId: string,
      asked: RequestShape,
      { accessToken, expiresAt, refreshToken }: TokenSet,
      commit: Effect.Effect<unknown, E>
    ) =>
      exclusive(Effect.uninterruptible(Effect.gen(function*() {
        const before = yield* grants.read(key)
        yield* commit
        const grant: Grant = { id: grantId, asked, accessToken, refreshToken, expiresAt, revoked: false }
        yield* write(key, before, [grant, ...before.filter((old) => !isSame(old.asked, asked))])
      }))),
    drop: (key: string, shape: RequestShape) => removeWhere(key, ({ asked }) => isSame(asked, shape)),
    /** Drops the grants of a provider, by its callback id. */
    dropProvider: (callbackId: string) => dropWhere(([, , provider]) => provider === callbackId),
    dropWorkload: (name: string) => dropWhere(([workload]) => workload === name),
    all: Effect.map(entries.entries, toEntries),
    byId: Effect.fnUntraced(function*(id: string) {
      const key = (yield* grants.readKeysById).get(id)
      const found = key === undefined ? [] : toEntries([[key, yield* grants.read(key)]])
      return found.find(([, grant]) => grant.id === id)
    }),
    /** Expires the access token of a grant. Ignores a missing grant. */
    expire: (key: string, grantId: string) =>
      Effect.flatMap(
        DateTime.now,
        (now) =>
          Effect.asVoid(change(key, grantId, (grant) =>
            isAlive(grant, DateTime.toEpochMillis(now)) ? { ...grant, expiresAt: Option.some(now) } : grant))
      ),
    /** Marks a grant whose token was revoked. Ignores a missing grant. */
    markRevoked: (key: string, grantId: string) =>
      Effect.asVoid(change(key, grantId, (grant) => ({ ...grant, revoked: true }))),
    forget: (key: string, grantId: string) => removeWhere(key, ({ id }) => id === grantId)
  }
})
