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
  | { readonly userId: string; readonly userToken?: never }
  | { readonly userToken: string | Redacted.Redacted; readonly userId?: never }

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
