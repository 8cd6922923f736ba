/** Lists as streams. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Stream from "effect/Stream"
import type * as Operation from "../../Operation.js"
import type * as Rows from "./operation.js"
import { callOf } from "./plane.js"

/** Whether a list has pages: its request has a `nextToken`. */
const isPaged = ({ request: { ast } }: Rows.Any): boolean =>
  ast._tag === "Objects" && ast.propertySignatures.some(({ name }) => name === "nextToken")

const itemsOf = (page: unknown): ReadonlyArray<unknown> => Object.values(Object(page)).find(Array.isArray) ?? []

const nextTokenOf = (page: unknown): Option.Option<string> =>
  hasProperty(page, "nextToken") ? Option.liftPredicate(page.nextToken, isString) : Option.none()

type StreamOptions = { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined }

/** All items of all pages. A page is fetched when its first item is pulled. */
const stream =
  (list: (request: object) => Effect.Effect<unknown, unknown>) =>
  ({ nextToken, pageSize }: StreamOptions = {}): Stream.Stream<unknown, unknown> =>
    Stream.paginate(nextToken, (token) =>
      Effect.map(
        list({
          ...(pageSize === undefined ? undefined : { maxResults: pageSize }),
          ...(token === undefined ? undefined : { nextToken: token })
        }),
        (page) => [itemsOf(page), nextTokenOf(page)] as const
      ))

/** Adds `streamX` for each `listX` that is paged. */
export const addStreams = <const T extends Rows.Table>(
  table: T,
  plane: Operation.Plane<T>
): Operation.Plane<T> & Operation.Streams<T> => {
  const streams = Object.entries(table).flatMap(([list, row]) =>
    isPaged(row) ? [[list.replace(/^list/, "stream"), stream(callOf(plane, list))]] : []
  )
  // TypeScript does not see the names of the streams.
  return { ...plane, ...Object.fromEntries(streams) } as Operation.Plane<T> & Operation.Streams<T>
}
