/**
 * What the operations of `CredentialProvider` can fail with, beside the errors of the control plane.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The service keeps the secret of this provider (`MANAGED`), or reads it from Secrets Manager (`EXTERNAL`), and does not switch
 * between the two: delete the provider and create it anew, which gives it a new callback URL.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * import { MustBeGivenAgain } from "effect-agentcore-identity/CredentialProviderError"
 *
 * console.log(new MustBeGivenAgain({ name: "github", members: ["clientSecret"] }).message)
 */
export class SecretSourceSwitch extends Schema.TaggedError<SecretSourceSwitch>(
  "effect-agentcore-identity/SecretSourceSwitch"
)("SecretSourceSwitch", { name: Schema.String, from: Schema.String, to: Schema.String }) {
  override get message(): string {
    return `The secret of credential provider '${this.name}' cannot be switched from ${this.from} to ${this.to}: `
      + "delete the provider and create it anew"
  }
}

/**
 * An update replaces everything, and the service does not tell these members: they have to be given again.
 *
 * @since 0.1.0
 * @category errors
 */
export class MustBeGivenAgain extends Schema.TaggedError<MustBeGivenAgain>(
  "effect-agentcore-identity/MustBeGivenAgain"
)("MustBeGivenAgain", { name: Schema.String, members: Schema.Array(Schema.String) }) {
  override get message(): string {
    return `An update of credential provider '${this.name}' replaces everything: give ${this.members.join(", ")} again`
  }
}

/**
 * The service could not create, update, or delete the provider. `reason` is the service's.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialProviderFailed extends Schema.TaggedError<CredentialProviderFailed>(
  "effect-agentcore-identity/CredentialProviderFailed"
)("CredentialProviderFailed", {
  name: Schema.String,
  status: Schema.String,
  reason: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return `Credential provider '${this.name}' is ${this.status}${this.reason === undefined ? "" : `: ${this.reason}`}`
  }
}

/**
 * The provider was not ready when the schedule ended. `status` is the last one seen.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialProviderTimedOut extends Schema.TaggedError<CredentialProviderTimedOut>(
  "effect-agentcore-identity/CredentialProviderTimedOut"
)("CredentialProviderTimedOut", { name: Schema.String, status: Schema.String }) {
  override get message(): string {
    return `Credential provider '${this.name}' is still ${this.status}`
  }
}
