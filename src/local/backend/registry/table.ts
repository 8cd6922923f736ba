/** The resources of one type, by name. Changes of one type run one after the other. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { didYouMean } from "../../../internal/models/violation.js"
import type { Service as OAuthClient } from "../../oauth/oauthClient.js"
import type { Collection, VaultStore, VaultStoreError } from "../../vault/vaultStore.js"
import type { Environment } from "../authorizationServers.js"
import { warn } from "../callContext.js"
import { type Exception, type Invalid, invalid, mapStoreError, notFound } from "../failures.js"

export interface Dependencies extends Environment {
  readonly client: OAuthClient
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly store: VaultStore["Service"]
  /** How long a change of a consent portal takes. Milliseconds. */
  readonly consentPortalDelay: number
  /** Drops the tokens and sessions of a workload that is being deleted. */
  readonly dropWorkload: (name: string) => Effect.Effect<void, VaultStoreError>
  /** Drops the tokens of a provider that is being deleted. */
  readonly dropOauth2Provider: (callbackId: string) => Effect.Effect<void, VaultStoreError>
}

export type Tags = Readonly<Record<string, string>>

/** The stored fields of every resource. `tags` is empty for a resource without tags. */
export const resourceFields = {
  name: Schema.String,
  tags: Schema.Record(Schema.String, Schema.String),
  createdTime: Schema.DateTimeUtcFromString,
  lastUpdatedTime: Schema.DateTimeUtcFromString
}

export type Resource = Schema.Struct.Type<typeof resourceFields>

export const timesOf = ({ createdTime, lastUpdatedTime }: Resource) => ({ createdTime, lastUpdatedTime })

/** AWS reserves these keys, in every service. */
export const checkTags = (tags: Tags): Effect.Effect<void, Invalid> =>
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
    // Base64url and JSON have several strings for one value. A token is only the string that `encodeCursor` makes.
    Option.filter((last) => encodeCursor(list, last) === token)
  )

export interface PageRequest {
  readonly nextToken?: string | undefined
  readonly maxResults?: number | undefined
}

/** Tags by ARN. They are undefined if no resource of the type has the ARN. */
export interface Taggable {
  readonly tags: (arn: string) => Effect.Effect<Tags | undefined, Exception<"InternalServerException">>
  /** Returns the new tags. */
  readonly changeTags: <E>(
    arn: string,
    change: (tags: Tags) => Effect.Effect<Tags, E>
  ) => Effect.Effect<Tags | undefined, E | Exception<"InternalServerException">>
}

interface Running {
  readonly resourceType: string
  readonly has: (name: string) => Effect.Effect<boolean>
}

/** The tables of all servers of this process that run. */
const running = new Set<Running>()

/** The advice for an unknown name. A layer that is made twice is two servers, and the other one may have the name. */
const adviceFor = (own: Running, name: string, names: ReadonlySet<string>): Effect.Effect<string> =>
  Effect.map(
    Effect.findFirst(
      [...running].filter((table) => table !== own && table.resourceType === own.resourceType),
      ({ has }) => has(name)
    ),
    Option.match({
      onNone: () => `create it, or check the name${didYouMean(name, [...names])}`,
      onSome: () =>
        "another local server of this process has it. Each layer that LocalIdentity.layer() returns starts a server: "
        + "keep one in a constant, and provide it once"
    })
  )

export const make = <A extends Resource, E>(
  { arn, collection, describeMissing, exists, isAlive = () => true, nameOf = (id) => id, quota, resourceType }: {
    readonly collection: Collection<A>
    /** The type in page tokens: `WorkloadIdentity`. */
    readonly resourceType: string
    /** Makes the message for an unknown name. By default, it is `<resourceType> with name '<name>' not found`. */
    readonly describeMissing?: ((name: string) => string) | undefined
    readonly arn: (resource: A) => string
    /** Reads the name of a resource from the last segment of its ARN. By default, they are equal. */
    readonly nameOf?: ((id: string) => string) | undefined
    /** Makes the error of a creation whose name is taken. */
    readonly exists: (name: string) => E
    readonly quota?: { readonly limit: number; readonly exceeded: () => E } | undefined
    /** Whether a stored resource still exists. By default, it does. */
    readonly isAlive?: ((resource: A, now: number) => boolean) | undefined
  }
) =>
  Effect.gen(function*() {
    const semaphore = yield* Semaphore.make(1)
    const exclusive = semaphore.withPermits(1)
    // Read at the first use, because the store may contain entries of an earlier backend.
    let names: Set<string> | undefined
    const readNames = Effect.suspend(() =>
      names !== undefined
        ? Effect.succeed(names)
        : Effect.map(all, (resources) => names = new Set(resources.map(({ name }) => name)))
    )

    const get = (name: string) =>
      Effect.zipWith(
        mapStoreError(collection.get(name)),
        Clock.currentTimeMillis,
        (found, now) => Option.filter(found, (resource) => isAlive(resource, now))
      )

    const entry = {
      resourceType,
      has: (name: string) => Effect.orElseSucceed(Effect.map(get(name), Option.isSome), () => false)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => running.add(entry)),
      () => Effect.sync(() => running.delete(entry))
    )

    const find = (name: string) =>
      Effect.flatMap(get(name), (found) =>
        Option.isSome(found)
          ? Effect.succeed(found.value)
          : notFound(describeMissing?.(name) ?? `${resourceType} with name '${name}' not found`))

    const checkFree = (name: string) =>
      Effect.flatMap(get(name), (found) => Option.isSome(found) ? Effect.fail(exists(name)) : Effect.void)

    /** Sorted by name. */
    const all = Effect.zipWith(
      mapStoreError(collection.entries),
      Clock.currentTimeMillis,
      (entries, now) => entries.map(([, resource]) => resource).filter((resource) => isAlive(resource, now))
    )

    /** At most `limit` resources after a name, sorted by name. */
    const readAfter = (
      after: string,
      limit: number
    ): Effect.Effect<ReadonlyArray<A>, Exception<"InternalServerException">> =>
      Effect.gen(function*() {
        const entries = yield* mapStoreError(collection.page({ after, limit }))
        const now = yield* Clock.currentTimeMillis
        const alive = entries.map(([, resource]) => resource).filter((resource) => isAlive(resource, now))
        const [last] = entries.at(-1) ?? []
        return last === undefined || alive.length === entries.length
          ? alive
          : [...alive, ...yield* readAfter(last, limit - alive.length)]
      })

    /** Finds the resource that a program uses. Reports an unknown name. `words` are the words for the type. */
    const findUsed = (name: string, words: string) =>
      Effect.tapErrorTag(find(name), "ResourceNotFoundException", () =>
        readNames.pipe(
          Effect.flatMap((names) => adviceFor(entry, name, names)),
          Effect.flatMap((advice) => warn(`There is no ${words} '${name}': ${advice}`))
        ))

    const put = (resource: A) => Effect.as(mapStoreError(collection.put(resource.name, resource)), resource)

    const findWhere = (predicate: (resource: A) => boolean) => Effect.map(all, (resources) => resources.find(predicate))

    const findByArn = (wanted: string) =>
      Effect.map(
        get(nameOf(wanted.slice(wanted.lastIndexOf("/") + 1))),
        (found) => Option.getOrUndefined(Option.filter(found, (resource) => arn(resource) === wanted))
      )

    return {
      all,
      find,
      findUsed,
      findWhere,
      findByArn,
      checkFree,

      tags: (wanted: string) => Effect.map(findByArn(wanted), (found) => found?.tags),

      changeTags: <E2>(wanted: string, change: (tags: Tags) => Effect.Effect<Tags, E2>) =>
        exclusive(Effect.gen(function*() {
          const found = yield* findByArn(wanted)
          if (found === undefined) return undefined
          const tags = yield* change(found.tags)
          yield* put({ ...found, tags })
          return tags
        })),

      create: <E2>(
        { name, tags = {} }: { readonly name: string; readonly tags?: Tags | undefined },
        complete: (resource: Resource) => Effect.Effect<A, E2>
      ) =>
        exclusive(Effect.gen(function*() {
          yield* checkTags(tags)
          yield* checkFree(name)
          if (quota !== undefined && (yield* readNames).size >= quota.limit) return yield* Effect.fail(quota.exceeded())
          const now = yield* DateTime.now
          const created = yield* put(yield* complete({ name, tags, createdTime: now, lastUpdatedTime: now }))
          names?.add(name)
          return created
        })),

      update: <E2>(
        name: string,
        change: (before: A, now: DateTime.Utc) => Effect.Effect<A, E2>,
        { keepsTime = false }: { readonly keepsTime?: boolean } = {}
      ) =>
        exclusive(Effect.gen(function*() {
          const before = yield* find(name)
          const now = yield* DateTime.now
          const lastUpdatedTime = keepsTime ? before.lastUpdatedTime : now
          return yield* put({ ...yield* change(before, now), lastUpdatedTime })
        })),

      remove: <E2 = never>(name: string, before?: (resource: A) => Effect.Effect<void, E2>) =>
        exclusive(Effect.gen(function*() {
          const resource = yield* find(name)
          if (before !== undefined) yield* before(resource)
          yield* mapStoreError(collection.remove(name))
          names?.delete(name)
        })),

      /**
       * Returns a page of the resources, sorted by name. A token contains the type and the last name of its page. So a
       * resource that is created or deleted between two pages moves no other one. `next` is spread into the response.
       */
      page: Effect.fnUntraced(function*({ maxResults = defaultSize, nextToken }: PageRequest) {
        // No name is empty.
        const after = nextToken === undefined ? Option.some("") : decodeCursor(resourceType, nextToken)
        if (Option.isNone(after)) return yield* invalid("Invalid nextToken", "nextToken")
        // One more resource than the page has, to see whether it is the last page.
        const rest = yield* readAfter(after.value, maxResults + 1)
        const items = rest.slice(0, maxResults)
        const last = items.at(-1)
        const isLastPage = last === undefined || rest.length === items.length
        return { items, next: isLastPage ? {} : { nextToken: encodeCursor(resourceType, last.name) } }
      })
    }
  })
