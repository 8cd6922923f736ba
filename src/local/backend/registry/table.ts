/** The resources of one type, by name. Changes of one type run one after the other. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Operations } from "../../../ControlPlane.js"
import type { InternalServerException, ValidationException } from "../../../IdentityError.js"
import type { Service as OAuthClient } from "../../oauth/service.js"
import type { Collection, Service as VaultStore, VaultStoreError } from "../../VaultStore.js"
import type { Environment } from "../authorizationServers.js"
import { invalid, mapStoreError, notFound } from "../failures.js"

/** What the tables and their operations need. */
export interface Dependencies extends Environment {
  readonly client: OAuthClient
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly store: VaultStore
  /** The time that a consent portal takes for a change. Milliseconds. */
  readonly consentPortalDelay: number
  /** Drops the tokens and sessions of a workload that is being deleted. */
  readonly dropWorkload: (name: string) => Effect.Effect<void, VaultStoreError>
  /** Drops the tokens of a provider that is being deleted. */
  readonly dropOauth2Provider: (callbackId: string) => Effect.Effect<void, VaultStoreError>
}

/** The operations whose names contain `Name`. */
export type OperationsOn<Name extends string> = Pick<
  Operations,
  Extract<keyof Operations, `${string}${Name}${string}`>
>

export type Tags = Readonly<Record<string, string>>

/** The stored fields of every resource. A resource without tags has empty `tags`. */
export const resourceFields = {
  name: Schema.String,
  tags: Schema.Record(Schema.String, Schema.String),
  createdTime: Schema.DateTimeUtcFromString,
  lastUpdatedTime: Schema.DateTimeUtcFromString
}

export type Resource = Schema.Struct.Type<typeof resourceFields>

/** The members of responses that say when a resource was changed. */
export const timesOf = ({ createdTime, lastUpdatedTime }: Resource) => ({ createdTime, lastUpdatedTime })

/** AWS reserves these keys, in every service. */
export const checkTags = (tags: Tags): Effect.Effect<void, ValidationException> =>
  Object.keys(tags).some((key) => /^aws:/i.test(key))
    ? invalid("Member must not have a key that begins with aws: AWS reserves the prefix", "tags")
    : Effect.void

/** AWS documents no default. 20 is the smallest `maxResults` limit of all lists. */
const defaultSize = 20

const Cursor = Schema.fromJsonString(Schema.Tuple([Schema.Literal(1), Schema.String, Schema.String]))

const encodeCursor = (list: string, last: string): string =>
  Buffer.from(JSON.stringify([1, list, last])).toString("base64url")

const decodeCursor = (list: string, token: string): Option.Option<string> =>
  Schema.decodeUnknownOption(Cursor)(Buffer.from(token, "base64url").toString("utf8")).pipe(
    Option.map(([, , last]) => last),
    // Base64url and JSON have several strings for one value. Only the one that `encodeCursor` makes is a token.
    Option.filter((last) => encodeCursor(list, last) === token)
  )

export interface PageRequest {
  readonly nextToken?: string | undefined
  readonly maxResults?: number | undefined
}

/**
 * One page of items that are sorted by name. A token names its list and the last name of its page, so that items that
 * are created or deleted between two pages move no other item. `next` is spread into the response.
 */
const paginate = <A extends Resource>(
  list: string,
  items: ReadonlyArray<A>,
  { maxResults = defaultSize, nextToken }: PageRequest
): Effect.Effect<
  { readonly items: ReadonlyArray<A>; readonly next: { readonly nextToken?: string } },
  ValidationException
> => {
  const after = nextToken === undefined ? Option.some(undefined) : decodeCursor(list, nextToken)
  if (Option.isNone(after)) return invalid("Invalid nextToken", "nextToken")
  const start = after.value
  const rest = start === undefined ? items : items.filter(({ name }) => name > start)
  const page = rest.slice(0, maxResults)
  const last = page.at(-1)
  return Effect.succeed({
    items: page,
    next: last === undefined || rest.length === page.length ? {} : { nextToken: encodeCursor(list, last.name) }
  })
}

/** Tags by ARN. None if no resource of the type has the ARN. */
export interface Taggable {
  readonly tags: (arn: string) => Effect.Effect<Option.Option<Tags>, InternalServerException>
  readonly changeTags: <E>(
    arn: string,
    change: (tags: Tags) => Effect.Effect<Tags, E>
  ) => Effect.Effect<Option.Option<Tags>, E | InternalServerException>
}

interface Options<A extends Resource, E> {
  readonly collection: Collection<A>
  /** In messages, and in the tokens of the list: `WorkloadIdentity`. */
  readonly resourceType: string
  readonly arn: (resource: A) => string
  /** The error of a creation whose name is taken. */
  readonly exists: (name: string) => E
  readonly quota?: { readonly limit: number; readonly exceeded: () => E } | undefined
  /** Whether a stored resource still exists. Default: it does. */
  readonly isAlive?: ((resource: A, now: number) => boolean) | undefined
}

export type Table<A extends Resource, E> = Effect.Success<ReturnType<typeof make<A, E>>>

export const make = <A extends Resource, E>(
  { arn, collection, exists, isAlive = () => true, quota, resourceType }: Options<A, E>
) =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const exclusive = semaphore.withPermits(1)
    // Counted at the first use, because the store may have entries of an earlier backend.
    let size: number | undefined

    const get = (name: string) =>
      Effect.zipWith(
        mapStoreError(collection.get(name)),
        Clock.currentTimeMillis,
        (found, now) => Option.filter(found, (resource) => isAlive(resource, now))
      )

    const find = (name: string) =>
      Effect.flatMap(
        get(name),
        (found) => Effect.mapError(Effect.fromOption(found), () => notFound(resourceType, name))
      )

    /** Fails if the name is taken. */
    const checkFree = (name: string) =>
      Effect.flatMap(get(name), (found) => Option.isSome(found) ? Effect.fail(exists(name)) : Effect.void)

    /** Sorted by name. */
    const all = Effect.zipWith(
      mapStoreError(collection.entries),
      Clock.currentTimeMillis,
      (entries, now) => entries.map(([, resource]) => resource).filter((resource) => isAlive(resource, now))
    )

    const put = (resource: A) => Effect.as(mapStoreError(collection.put(resource.name, resource)), resource)

    const findByArn = (wanted: string) =>
      Effect.map(all, (resources) => Option.fromNullishOr(resources.find((resource) => arn(resource) === wanted)))

    const taggable: Taggable = {
      tags: (wanted) => Effect.map(findByArn(wanted), Option.map(({ tags }) => tags)),

      changeTags: (wanted, change) =>
        exclusive(Effect.gen(function*() {
          const found = yield* findByArn(wanted)
          if (Option.isNone(found)) return Option.none()
          const tags = yield* change(found.value.tags)
          yield* put({ ...found.value, tags })
          return Option.some(tags)
        }))
    }

    return {
      ...taggable,
      all,
      find,
      checkFree,

      create: <E2>(
        { name, tags = {} }: { readonly name: string; readonly tags?: Tags | undefined },
        complete: (resource: Resource) => Effect.Effect<A, E2>
      ) =>
        exclusive(Effect.gen(function*() {
          yield* checkTags(tags)
          yield* checkFree(name)
          if (quota !== undefined) {
            size ??= (yield* all).length
            if (size >= quota.limit) return yield* Effect.fail(quota.exceeded())
          }
          const now = yield* DateTime.now
          const created = yield* put(
            yield* complete({ name, tags, createdTime: now, lastUpdatedTime: now })
          )
          if (size !== undefined) size += 1
          return created
        })),

      /** Returns the changed resource. */
      update: <E2>(name: string, change: (before: A, now: DateTime.Utc) => Effect.Effect<A, E2>) =>
        exclusive(Effect.gen(function*() {
          const before = yield* find(name)
          const now = yield* DateTime.now
          return yield* put({ ...yield* change(before, now), lastUpdatedTime: now })
        })),

      remove: <E2 = never>(name: string, before?: (resource: A) => Effect.Effect<void, E2>) =>
        exclusive(Effect.gen(function*() {
          const resource = yield* find(name)
          if (before !== undefined) yield* before(resource)
          yield* mapStoreError(collection.remove(name))
          if (size !== undefined) size -= 1
        })),

      page: (request: PageRequest) => Effect.flatMap(all, (resources) => paginate(resourceType, resources, request))
    }
  })
