/**
 * Tags, on whatever has an ARN.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Operations } from "../../../ControlPlane.js"
import { type InternalServerException, ResourceNotFoundException } from "../../../IdentityError.js"
import { quotaExceeded, type Tags } from "./resource.js"
import type { Taggable } from "./table.js"

/** AWS documentation. A request alone is within it by the service model; what is there already counts too. */
const limit = 50

const unknownArn = (operation: string, arn: string): ResourceNotFoundException =>
  new ResourceNotFoundException({ operation, message: `Resource with ARN '${arn}' not found` })

/** @internal */
export const operations = (
  kinds: ReadonlyArray<Taggable>
): Pick<Operations, "tagResource" | "untagResource" | "listTagsForResource"> => {
  const first = <E>(
    operation: string,
    arn: string,
    use: (kind: Taggable) => Effect.Effect<Option.Option<Tags>, E | InternalServerException>
  ): Effect.Effect<Tags, E | InternalServerException | ResourceNotFoundException> =>
    Effect.gen(function*() {
      for (const kind of kinds) {
        const tags = yield* use(kind)
        if (Option.isSome(tags)) return tags.value
      }
      return yield* unknownArn(operation, arn)
    })

  const change = <E>(operation: string, arn: string, f: (tags: Tags) => Effect.Effect<Tags, E>) =>
    Effect.asVoid(first(operation, arn, (kind) => kind.changeTags(operation, arn, f)))

  return {
    tagResource: ({ resourceArn, tags }) => {
      const operation = "TagResource"
      return change(operation, resourceArn, (before) => {
        const after = { ...before, ...tags }
        return Object.keys(after).length > limit
          ? quotaExceeded(operation, `A resource cannot have more than ${limit} tags`)
          : Effect.succeed(after)
      })
    },

    untagResource: ({ resourceArn, tagKeys }) =>
      change(
        "UntagResource",
        resourceArn,
        (before) => Effect.succeed(Object.fromEntries(Object.entries(before).filter(([key]) => !tagKeys.includes(key))))
      ),

    listTagsForResource: ({ resourceArn }) => {
      const operation = "ListTagsForResource"
      return Effect.map(
        first(operation, resourceArn, (kind) => kind.tags(operation, resourceArn)),
        (tags) => ({ tags })
      )
    }
  }
}
