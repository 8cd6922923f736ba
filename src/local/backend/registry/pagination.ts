/**
 * Pages of a list. The token of a page says which list it is of, and after which name it begins: items that come and go in
 * between change no other item's place.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../../../IdentityError.js"
import { invalid } from "./resource.js"

/** AWS documents no default. The lists of the smallest pages allow so many. */
const defaultSize = 20

const Cursor = Schema.parseJson(Schema.Tuple(Schema.Literal(1), Schema.String, Schema.String))

const encode = (kind: string, last: string): string =>
  Buffer.from(JSON.stringify([1, kind, last])).toString("base64url")

const decode = (kind: string, token: string): Option.Option<string> =>
  Schema.decodeUnknownOption(Cursor)(Buffer.from(token, "base64url").toString("utf8")).pipe(
    Option.map(([, , last]) => last),
    // Whatever else was decoded to it, a token that this list did not make is none of its tokens.
    Option.filter((last) => encode(kind, last) === token)
  )

/** @internal */
export interface Request {
  readonly nextToken?: string | undefined
  readonly maxResults?: number | undefined
}

/** @internal */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** To be spread into the answer. */
  readonly next: { readonly nextToken?: string }
}

/**
 * One page of items that are in the order of their names.
 *
 * @internal
 */
export const of = <A extends { readonly name: string }>(
  operation: string,
  kind: string,
  items: ReadonlyArray<A>,
  { maxResults = defaultSize, nextToken }: Request
): Effect.Effect<Page<A>, ValidationException> => {
  const after = nextToken === undefined ? Option.some(undefined) : decode(kind, nextToken)
  if (Option.isNone(after)) return invalid(operation, "Invalid nextToken", "nextToken")
  const start = after.value
  const rest = start === undefined ? items : items.filter(({ name }) => name > start)
  const page = rest.slice(0, maxResults)
  const last = page.at(-1)
  return Effect.succeed({
    items: page,
    next: last === undefined || rest.length === page.length ? {} : { nextToken: encode(kind, last.name) }
  })
}
