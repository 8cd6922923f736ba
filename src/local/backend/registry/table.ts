/**
 * The resources of one kind, by name. Changes of one kind are made one after the other.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InternalServerException, ResourceNotFoundException, ValidationException } from "../../../IdentityError.js"
import type { Collection } from "../store.js"
import * as Page from "./pagination.js"
import { notFound, type Resource, stored, type Tags } from "./resource.js"

/** @internal */
export interface Options<A extends Resource, E> {
  readonly collection: Collection<A>
  /** In a message, and in the tokens of the list: `WorkloadIdentity`. */
  readonly what: string
  readonly arn: (resource: A) => string
  /** How a creation fails whose name is taken. */
  readonly exists: (operation: string, name: string) => E
  readonly quota?: { readonly limit: number; readonly exceeded: (operation: string) => E } | undefined
  /** Whether a resource that is stored is still there. Default: it is. */
  readonly isAlive?: ((resource: A, now: number) => boolean) | undefined
}

/**
 * What has tags, whatever it is. None where no resource of the kind has the ARN.
 *
 * @internal
 */
export interface Taggable {
  readonly tags: (operation: string, arn: string) => Effect.Effect<Option.Option<Tags>, InternalServerException>
  readonly changeTags: <E>(
    operation: string,
    arn: string,
    change: (tags: Tags) => Effect.Effect<Tags, E>
  ) => Effect.Effect<Option.Option<Tags>, E | InternalServerException>
}

/** @internal */
export interface Table<A extends Resource, E> extends Taggable {
  /** In the order of their names. */
  readonly all: (operation: string) => Effect.Effect<ReadonlyArray<A>, InternalServerException>
  readonly find: (
    operation: string,
    name: string
  ) => Effect.Effect<A, ResourceNotFoundException | InternalServerException>
  readonly create: <E2>(
    operation: string,
    request: { readonly name: string; readonly tags?: Tags | undefined },
    complete: (resource: Resource) => Effect.Effect<A, E2>
  ) => Effect.Effect<A, E | E2 | InternalServerException>
  /** Gives the resource as it is afterwards. */
  readonly update: <E2>(
    operation: string,
    name: string,
    change: (before: A, now: DateTime.Utc) => Effect.Effect<A, E2>
  ) => Effect.Effect<A, E2 | ResourceNotFoundException | InternalServerException>
  readonly remove: <E2 = never>(
    operation: string,
    name: string,
    before?: (resource: A) => Effect.Effect<void, E2>
  ) => Effect.Effect<void, E2 | ResourceNotFoundException | InternalServerException>
  readonly page: (
    operation: string,
    request: Page.Request
  ) => Effect.Effect<Page.Page<A>, ValidationException | InternalServerException>
}

/** @internal */
export const make = <A extends Resource, E>(
  { arn, collection, exists, isAlive = () => true, quota, what }: Options<A, E>
): Effect.Effect<Table<A, E>> =>
  Effect.map(Effect.makeSemaphore(1), (semaphore) => {
    const exclusive = semaphore.withPermits(1)
    // Counted when it is first asked for: the store may have been there before.
    let size: number | undefined

    const get = (operation: string, name: string): Effect.Effect<Option.Option<A>, InternalServerException> =>
      Effect.zipWith(
        stored(operation, collection.get(name)),
        Clock.currentTimeMillis,
        (found, now) => Option.filter(found, (resource) => isAlive(resource, now))
      )

    const find = (operation: string, name: string) =>
      Effect.flatMap(get(operation, name), (found) => Effect.mapError(found, () => notFound(operation, what, name)))

    const all = (operation: string) =>
      Effect.zipWith(
        stored(operation, collection.entries),
        Clock.currentTimeMillis,
        (entries, now) => entries.map(([, resource]) => resource).filter((resource) => isAlive(resource, now))
      )

    const put = (operation: string, resource: A) =>
      Effect.as(stored(operation, collection.put(resource.name, resource)), resource)

    const byArn = (operation: string, wanted: string) =>
      Effect.map(all(operation), (resources) => Option.fromNullable(resources.find((one) => arn(one) === wanted)))

    return {
      all,
      find,

      create: (operation, { name, tags }, complete) =>
        exclusive(Effect.gen(function*() {
          if (Option.isSome(yield* get(operation, name))) return yield* Effect.fail(exists(operation, name))
          if (quota !== undefined) {
            size ??= (yield* all(operation)).length
            if (size >= quota.limit) return yield* Effect.fail(quota.exceeded(operation))
          }
          const now = yield* DateTime.now
          const created = yield* put(
            operation,
            yield* complete({ name, tags: tags ?? {}, createdTime: now, lastUpdatedTime: now })
          )
          if (size !== undefined) size += 1
          return created
        })),

      update: (operation, name, change) =>
        exclusive(Effect.gen(function*() {
          const before = yield* find(operation, name)
          const now = yield* DateTime.now
          return yield* put(operation, { ...yield* change(before, now), lastUpdatedTime: now })
        })),

      remove: (operation, name, before) =>
        exclusive(Effect.gen(function*() {
          const resource = yield* find(operation, name)
          if (before !== undefined) yield* before(resource)
          yield* stored(operation, collection.remove(name))
          if (size !== undefined) size -= 1
        })),

      page: (operation, request) =>
        Effect.flatMap(all(operation), (resources) => Page.of(operation, what, resources, request)),

      tags: (operation, wanted) => Effect.map(byArn(operation, wanted), Option.map(({ tags }) => tags)),

      changeTags: (operation, wanted, change) =>
        exclusive(Effect.gen(function*() {
          const found = yield* byArn(operation, wanted)
          if (Option.isNone(found)) return Option.none()
          const tags = yield* change(found.value.tags)
          yield* put(operation, { ...found.value, tags })
          return Option.some(tags)
        }))
    }
  })
