/**
 * The user of a credential: an opaque id that the application vouches for, or the user's own JWT.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Constraint from "./models/internal/constraint.js"

/**
 * A user id, 1 to 128 characters (AWS service model). AgentCore does not verify it; the application vouches for it. AWS
 * recommends the form `provider+user`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const UserId: Schema.Schema<string> = Constraint.text(1, 128)

/**
 * A JWT of the user from the identity provider that the workload trusts, 1 to 131072 characters of the form `x.y.z`
 * (AWS service model).
 *
 * @since 0.1.0
 * @category schemas
 */
export const UserToken: Schema.Redacted<Schema.Schema<string>> = Constraint.secret(
  1,
  131072,
  /^[A-Za-z0-9\-_=]+\.[A-Za-z0-9\-_=]+\.[A-Za-z0-9\-_=]+$/
)

/**
 * A user, by exactly one of the two identifiers. They are separate namespaces at AWS: a token stored under a user's JWT
 * is not found under the same user's id.
 *
 * @since 0.1.0
 * @category models
 */
export type UserIdentifier =
  | {
    /** An id of the application's own choice. The application vouches for it. */
    readonly userId: string
    /** A user has one of the two identifiers. */
    readonly userToken?: never
  }
  | {
    /** The user's JWT. The service verifies it. */
    readonly userToken: Redacted.Redacted
    /** A user has one of the two identifiers. */
    readonly userId?: never
  }

/**
 * The encoded form of {@link UserIdentifier}, with the JWT in clear.
 *
 * @since 0.1.0
 * @category models
 */
export type UserIdentifierEncoded =
  | { readonly userId: string; readonly userToken?: never }
  | { readonly userToken: string; readonly userId?: never }

/**
 * The schema of {@link UserIdentifier}.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
 * import * as Redacted from "effect/Redacted"
 *
 * const byId: UserIdentifier.UserIdentifier = { userId: "github+alice" }
 * const byToken: UserIdentifier.UserIdentifier = { userToken: Redacted.make("header.payload.signature") }
 *
 * console.log(UserIdentifier.equals(byId, byToken)) // false
 */
export const UserIdentifier: Schema.Schema<UserIdentifier, UserIdentifierEncoded> = Constraint.union({
  userId: UserId,
  userToken: UserToken
})

/**
 * Whether two identifiers are the same artifact: the same id, or the same JWT. AgentCore completes an authorization for
 * the original artifact only, and refuses a new JWT of the same subject.
 *
 * @since 0.1.0
 * @category predicates
 */
export const equals = (self: UserIdentifier, that: UserIdentifier): boolean =>
  self.userId !== undefined
    ? self.userId === that.userId
    : that.userToken !== undefined && Redacted.value(self.userToken) === Redacted.value(that.userToken)
