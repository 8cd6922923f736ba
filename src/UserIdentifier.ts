/**
 * The user of a credential: an opaque id that the application vouches for, or the user's own JWT.
 *
 * @since 0.2.0
 */
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Constraint from "./internal/models/constraint.js"

/**
 * A user, by exactly one of two identifiers. AWS stores their tokens separately. A user id has 1 to 128 characters (AWS
 * service model), and AWS recommends the form `provider+user`. AgentCore completes an authorization only for the
 * original identifier, and rejects a new JWT of the same subject.
 *
 * @since 0.2.0
 * @category models
 */
export type UserIdentifier =
  | {
    /** An id that the application chooses and vouches for. */
    readonly userId: string
    /** Absent: a user has one of the two identifiers. */
    readonly userToken?: never
  }
  | {
    /** The user's JWT. The service verifies it. */
    readonly userToken: Redacted.Redacted
    /** Absent: a user has one of the two identifiers. */
    readonly userId?: never
  }

/**
 * The schema of {@link UserIdentifier}.
 *
 * @since 0.2.0
 * @category schemas
 */
export const UserIdentifier: Schema.Codec<UserIdentifier, Constraint.Encoded<UserIdentifier>> = Constraint.union({
  userId: Constraint.UserId,
  userToken: Constraint.UserToken
})

const accountMarker = "#account="

/** Encodes each `#` of the name, so that the last marker of an id is the one that `account` added. */
const encodeName = (name: string): string => name.replace(/[%#]/g, encodeURIComponent)

/**
 * The identifier of one of several accounts that a user has at one provider, such as a private and a work calendar. The
 * same id and name give the same identifier in every process, and any other pair gives a different one.
 *
 * AgentCore treats the derived id as another user:
 *
 * - Its grants are separate from those of the user's own id.
 * - Session binding compares it too. Start and complete an authorization with the same derived identifier:
 *   `WorkloadAccessToken.layerWorkload`, and `currentUser` of the callback page.
 * - An IAM policy with the condition key `bedrock-agentcore:userid` sees the derived id.
 *
 * The id has the form `alice#account=work`. The application's own ids must not have this form: a user with such an id
 * would share the vault of the account. An id of more than 128 characters is rejected with `ValidationException`. The
 * marker takes 9 characters, and each `#` and `%` of the name takes 3. A user with a JWT has one account, because
 * AgentCore takes issuer and subject from the JWT.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 *
 * const alice = { userId: "google+alice" }
 *
 * const atHome = WorkloadAccessToken.layerWorkload({ name: "my-agent", user: alice })
 * const atWork = WorkloadAccessToken.layerWorkload({
 *   name: "my-agent",
 *   user: UserIdentifier.account(alice, "work")
 * })
 */
export const account = (
  user: {
    /** The user's own id. */
    readonly userId: string
  },
  name: string
): { readonly userId: string } => ({
  // Pass an invalid id on unchanged, so that the plane rejects it. A missing user must not become a valid one.
  userId: user.userId === "" || typeof user.userId !== "string"
    ? user.userId
    : `${user.userId}${accountMarker}${encodeName(name)}`
})
