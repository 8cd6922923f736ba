/** Users, as a program without Effect names them. */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../../IdentityError.js"
import { validate } from "../../plane/validation.js"
import * as UserIdentifier from "../../UserIdentifier.js"

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

const makeCheck = (member: "user" | "currentUser") => {
  const check = validate(Schema.Struct({ [member]: UserIdentifier.UserIdentifier }))
  return (user: unknown): Result.Result<UserIdentifier.UserIdentifier, ValidationException> =>
    // The schema has checked it.
    Result.map(check({ [member]: user }), () => user as UserIdentifier.UserIdentifier)
}

const checks = { user: makeCheck("user"), currentUser: makeCheck("currentUser") }

/**
 * A program in JavaScript can pass any value here. The error names the member, and quotes nothing. `member` is where the
 * program wrote the user, or the function that returned them.
 */
export const toUserIdentifier = (
  user: User,
  member: "user" | "currentUser"
): Result.Result<UserIdentifier.UserIdentifier, ValidationException> =>
  checks[member](
    typeof user === "object" && user !== null && typeof user.userToken === "string"
      ? { ...user, userToken: Redacted.make(user.userToken) }
      : user
  )
