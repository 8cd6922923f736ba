/**
 * Lists as streams.
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

interface PageRequest {
  readonly maxResults?: number | undefined
  readonly nextToken?: string | undefined
}

interface Page {
  readonly nextToken?: string | null | undefined
}

/**
 * All items of all pages; a page is fetched when its first item is asked for.
 *
 * @internal
 */
export const stream = <P extends Page, A, E>(
  list: (request: PageRequest) => Effect.Effect<P, E>,
  items: (page: P) => ReadonlyArray<A>,
  options: { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined } = {}
): Stream.Stream<A, E> =>
  Stream.paginateChunkEffect(options.nextToken, (nextToken) =>
    Effect.map(
      list({
        ...(options.pageSize === undefined ? undefined : { maxResults: options.pageSize }),
        ...(nextToken === undefined ? undefined : { nextToken })
      }),
      (page) => [Chunk.fromIterable(items(page)), Option.fromNullable(page.nextToken)] as const
    ))
