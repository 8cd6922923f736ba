/** Lists as streams. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import type * as Operation from "../Operation.js"
import type { MakeStreams } from "./make.js"

interface PageRequest {
  readonly maxResults?: number | undefined
  readonly nextToken?: string | undefined
}

/** A list is paged if its request has a `nextToken`. */
const isPaged = (row: Operation.Any | undefined): boolean =>
  row !== undefined && row.request.ast._tag === "Objects"
  && row.request.ast.propertySignatures.some(({ name }) => name === "nextToken")

const streamName = (list: string): string => list.replace(/^list/, "stream")

/** A page has its items, and the token of the next page. */
const itemsOf = (page: unknown): ReadonlyArray<unknown> =>
  typeof page === "object" && page !== null ? Object.values(page).find(Array.isArray) ?? [] : []

const nextTokenOf = (page: unknown): Option.Option<string> =>
  hasProperty(page, "nextToken") && typeof page.nextToken === "string" ? Option.some(page.nextToken) : Option.none()

/** All items of all pages. A page is fetched when its first item is pulled. */
const stream =
  (list: (request: PageRequest) => Effect.Effect<unknown, unknown>) =>
  ({ nextToken, pageSize }: Operation.StreamOptions = {}): Stream.Stream<unknown, unknown> =>
    Stream.paginate(nextToken, (token) =>
      Effect.map(
        list({
          ...(pageSize === undefined ? undefined : { maxResults: pageSize }),
          ...(token === undefined ? undefined : { nextToken: token })
        }),
        (page) => [itemsOf(page), nextTokenOf(page)] as const
      ))

/** Adds `streamX` for each `listX` that is paged. */
export const makeStreams: MakeStreams = (table, calls) =>
  Object.fromEntries(
    Object.entries(calls).flatMap(([method, call]) =>
      isPaged(table[method]) ? [[streamName(method), stream(call)]] : []
    )
  )
