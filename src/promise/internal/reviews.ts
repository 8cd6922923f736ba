/** How a `Connect` reviews tokens, for other modules that obtain tokens of its users. */
import type * as Effect from "effect/Effect"
import type { Review } from "../../identity/credentials.js"

const reviews = new WeakMap<object, Effect.Effect<Review, unknown>>()

/** Stores the review under the function `link`, which programs may pass on without the rest of the object. */
export const set = (link: object, review: Effect.Effect<Review, unknown>): void => void reviews.set(link, review)

export const get = (link: object): Effect.Effect<Review, unknown> | undefined => reviews.get(link)
