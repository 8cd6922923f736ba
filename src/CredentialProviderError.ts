/**
 * Errors of `CredentialProvider`, in addition to those of the control plane.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A definition or an update would switch the source of a secret. The service stores a secret (`MANAGED`) or reads it
 * from Secrets Manager (`EXTERNAL`), and cannot switch between the two. Delete and recreate the provider: this gives it
 * a new callback URL.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * import { WriteOnlyMembersMissing } from "effect-agentcore-identity/CredentialProviderError"
 *
 * console.log(new WriteOnlyMembersMissing({ name: "github", members: ["clientSecret"] }).message)
 */
export class SecretSourceSwitch extends Schema.TaggedError<SecretSourceSwitch>()("SecretSourceSwitch", {
  name: Schema.String,
  from: Schema.String,
  to: Schema.String
}) {
  override get message(): string {
    return `The secret of credential provider '${this.name}' cannot be switched from ${this.from} to ${this.to}: `
      + "delete the provider and create it again"
  }
}

/**
 * An update lacks members that the service stores but does not return. They must be in the update, because it replaces
 * the whole configuration.
 *
 * @since 0.1.0
 * @category errors
 */
export class WriteOnlyMembersMissing extends Schema.TaggedError<WriteOnlyMembersMissing>()("WriteOnlyMembersMissing", {
  name: Schema.String,
  members: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `An update of credential provider '${this.name}' replaces its whole configuration, and the service does not return `
      + `${this.members.join(", ")}: pass them with the update`
  }
}

/**
 * The service could not create, update or delete the provider. The service supplies `reason`.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialProviderFailed
  extends Schema.TaggedError<CredentialProviderFailed>()("CredentialProviderFailed", {
    name: Schema.String,
    status: Schema.String,
    reason: Schema.optional(Schema.String)
  })
{
  override get message(): string {
    return `Credential provider '${this.name}' is ${this.status}${this.reason === undefined ? "" : `: ${this.reason}`}`
  }
}

/**
 * The provider was not ready when the schedule ended. `status` is the last one read.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialProviderTimedOut
  extends Schema.TaggedError<CredentialProviderTimedOut>()("CredentialProviderTimedOut", {
    name: Schema.String,
    status: Schema.String
  })
{
  override get message(): string {
    return `Credential provider '${this.name}' is still ${this.status}`
  }
}
