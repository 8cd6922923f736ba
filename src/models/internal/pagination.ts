/** Members of lists, and of resources with a history. */
import * as Schema from "effect/Schema"
import * as Constraint from "./constraint.js"
import { timestamp } from "./timestamp.js"

export const times = {
  createdTime: timestamp,
  lastUpdatedTime: timestamp
}

export const pageRequest = (maxResults: number) =>
  Schema.Struct({
    nextToken: Constraint.optional(Schema.String),
    maxResults: Constraint.optional(Constraint.whole(1, maxResults))
  })

export const page = { nextToken: Schema.optional(Schema.NullOr(Schema.String)) }
