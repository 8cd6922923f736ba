/** Tags of the resources that have an ARN. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Operations } from "../../../ControlPlane.js"
import { type InternalServerException, ResourceNotFoundException } from "../../../IdentityError.js"
import * as Arn from "../arn.js"
import { mapStoreError, quotaExceeded } from "../failures.js"
import { checkTags, type Dependencies, resourceFields, type Tags } from "./resource.js"
import type { Taggable } from "./table.js"

/** The token vault and the workload identity directory. An account has one of each, always. */
export const containers = ({ account, store }: Dependencies): Effect.Effect<Taggable> =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const collection = store.collection("container-tags", Schema.Struct({ tags: resourceFields.tags }))
    const keys = new Map([
      [Arn.tokenVault(account, "default"), "token-vault"],
      [Arn.workloadIdentityDirectory(account), "workload-identity-directory"]
    ])
    const read = (key: string): Effect.Effect<Tags, InternalServerException> =>
      Effect.map(
        mapStoreError(collection.get(key)),
        Option.match({ onNone: () => ({}), onSome: ({ tags }) => tags })
      )
    const find = (arn: string) => Option.fromNullishOr(keys.get(arn))
    return {
      tags: (arn) => Effect.transposeOption(Option.map(find(arn), read)),
      changeTags: (arn, change) =>
        semaphore.withPermits(1)(
          Effect.transposeOption(Option.map(find(arn), (key) =>
            Effect.tap(Effect.flatMap(read(key), change), (tags) =>
              mapStoreError(collection.put(key, { tags })))))
        )
    }
  })

/** AWS documentation. The service model limits the tags of one request; this limit includes the tags that are there. */
const limit = 50

const unknownArn = (arn: string): ResourceNotFoundException =>
  new ResourceNotFoundException({ message: `Resource with ARN '${arn}' not found` })

export const operations = (
  tables: ReadonlyArray<Taggable>
): Pick<Operations, "tagResource" | "untagResource" | "listTagsForResource"> => {
  const findFirst = <E>(
    arn: string,
    find: (table: Taggable) => Effect.Effect<Option.Option<Tags>, E | InternalServerException>
  ): Effect.Effect<Tags, E | InternalServerException | ResourceNotFoundException> =>
    Effect.gen(function*() {
      for (const table of tables) {
        const tags = yield* find(table)
        if (Option.isSome(tags)) return tags.value
      }
      return yield* unknownArn(arn)
    })

  const change = <E>(arn: string, f: (tags: Tags) => Effect.Effect<Tags, E>) =>
    Effect.asVoid(findFirst(arn, (table) => table.changeTags(arn, f)))

  return {
    tagResource: ({ resourceArn, tags }) =>
      Effect.andThen(
        checkTags(tags),
        change(resourceArn, (before) => {
          const after = { ...before, ...tags }
          return Object.keys(after).length > limit
            ? quotaExceeded(`A resource cannot have more than ${limit} tags`)
            : Effect.succeed(after)
        })
      ),

    untagResource: ({ resourceArn, tagKeys }) =>
      change(
        resourceArn,
        (before) => Effect.succeed(Object.fromEntries(Object.entries(before).filter(([key]) => !tagKeys.includes(key))))
      ),

    listTagsForResource: ({ resourceArn }) =>
      Effect.map(findFirst(resourceArn, (table) => table.tags(resourceArn)), (tags) => ({ tags }))
  }
}
