/**
 * Pagination by name. A token names its list and the last name of its page, so that items that are created or deleted
 * between two pages move no other item.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../../../IdentityError.js"
import { invalid } from "../failures.js"

/** AWS documents no default. 20 is the smallest `maxResults` limit of all lists. */
const defaultSize = 20

const Cursor = Schema.fromJsonString(Schema.Tuple([Schema.Literal(1), Schema.String, Schema.String]))

const encode = (list: string, last: string): string =>
  Buffer.from(JSON.stringify([1, list, last])).toString("base64url")

const decode = (list: string, token: string): Option.Option<string> =>
  Schema.decodeUnknownOption(Cursor)(Buffer.from(token, "base64url").toString("utf8")).pipe(
    Option.map(([, , last]) => last),
    // Base64url and JSON have several texts for one value. Only the text that `encode` makes is a token.
    Option.filter((last) => encode(list, last) === token)
  )

export interface PageRequest {
  readonly nextToken?: string | undefined
  readonly maxResults?: number | undefined
}

export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** Spread it into the response. */
  readonly next: { readonly nextToken?: string }
}

/** One page of items that are sorted by name. */
export const paginate = <A extends { readonly name: string }>(
  list: string,
  items: ReadonlyArray<A>,
  { maxResults = defaultSize, nextToken }: PageRequest
): Effect.Effect<Page<A>, ValidationException> => {
  const after = nextToken === undefined ? Option.some(undefined) : decode(list, nextToken)
  if (Option.isNone(after)) return invalid("Invalid nextToken", "nextToken")
  const start = after.value
  const rest = start === undefined ? items : items.filter(({ name }) => name > start)
  const page = rest.slice(0, maxResults)
  const last = page.at(-1)
  return Effect.succeed({
    items: page,
    next: last === undefined || rest.length === page.length ? {} : { nextToken: encode(list, last.name) }
  })
}
