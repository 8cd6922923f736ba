/**
 * Users, as a program without Effect names them.
 *
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ValidationException } from "../../IdentityError.js"
import { validate } from "../../internal/validation.js"
import * as UserIdentifier from "../../UserIdentifier.js"

/** @internal */
export type User =
  | {
    /** An opaque id that the application vouches for, 1 to 128 characters. AWS recommends the form `provider+user`. */
    readonly userId: string
    /** A user has an id or a JWT. */
    readonly userToken?: never
  }
  | {
    /** The user's own JWT, 1 to 131072 characters. */
    readonly userToken: string | Redacted.Redacted
    /** A user has an id or a JWT. */
    readonly userId?: never
  }

const check = validate(UserIdentifier.UserIdentifier)

/**
 * A program in JavaScript can pass any value here. The error names the member, and quotes nothing.
 *
 * @internal
 */
export const toUserIdentifier = (user: User): Either.Either<UserIdentifier.UserIdentifier, ValidationException> =>
  check(
    typeof user === "object" && user !== null && typeof user.userToken === "string"
      ? { ...user, userToken: Redacted.make(user.userToken) }
      : user
  )
