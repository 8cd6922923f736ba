/**
 * Errors of `CredentialProvider`, in addition to those of the control plane.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A definition would switch the source of a secret. The service stores a secret (`MANAGED`) or reads it
 * from Secrets Manager (`EXTERNAL`), and cannot switch between the two. Delete and recreate the provider: this gives it
 * a new callback URL.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * import { SecretSourceSwitch } from "effect-agentcore-identity/CredentialProviderError"
 *
 * console.log(new SecretSourceSwitch({ name: "github", from: "MANAGED", to: "EXTERNAL" }).message)
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
