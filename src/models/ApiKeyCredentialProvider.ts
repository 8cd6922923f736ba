/**
 * Requests and responses of the operations on API-key credential providers. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

/**
 * The key itself: the service stores it (`MANAGED`).
 *
 * @since 0.2.0
 * @category models
 */
export interface ManagedApiKey {
  /** The key. */
  readonly apiKey: Redacted.Redacted
  /** The service stores the key. */
  readonly apiKeySecretSource?: "MANAGED" | undefined
}

/**
 * A key that stays in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.2.0
 * @category models
 */
export interface ExternalApiKey {
  /** The location of the key. */
  readonly apiKeySecretConfig: {
    /** Name or ARN of the secret. */
    readonly secretId: string
    /** The member of the secret's JSON object. */
    readonly jsonKey: string
  }
  /** The key stays in Secrets Manager. */
  readonly apiKeySecretSource: "EXTERNAL"
}

const apiKey = {
  apiKey: Constraint.optional(Constraint.secret(0, 65536)),
  apiKeySecretConfig: Constraint.optional(Resource.SecretReference),
  apiKeySecretSource: Constraint.optional(Resource.SecretSource)
}

const checkSource = (value: Schema.Struct.Type<typeof apiKey>) =>
  Constraint.required(value, [value.apiKeySecretSource === "EXTERNAL" ? "apiKeySecretConfig" : "apiKey"])

/**
 * The key itself (`MANAGED`), or its location in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.2.0
 * @category requests
 * @example
 * import type * as ApiKeyCredentialProvider from "effect-agentcore-identity/models/ApiKeyCredentialProvider"
 * import * as Redacted from "effect/Redacted"
 *
 * const request: ApiKeyCredentialProvider.CreateApiKeyCredentialProviderRequest = {
 *   name: "weather",
 *   apiKey: Redacted.make("from your configuration")
 * }
 */
export type CreateApiKeyCredentialProviderRequest = UpdateApiKeyCredentialProviderRequest & {
  /** Tags of the provider. */
  readonly tags?: { readonly [key: string]: string } | undefined
}

/**
 * @since 0.2.0
 * @category requests
 */
export const CreateApiKeyCredentialProviderRequest = Constraint.exact<CreateApiKeyCredentialProviderRequest>()(
  Schema.Struct({ name: Constraint.ProviderName, ...apiKey, tags: Constraint.optional(Resource.Tags) }),
  checkSource
)

/**
 * @since 0.2.0
 * @category responses
 */
export class CreateApiKeyCredentialProviderResponse
  extends Schema.Opaque<CreateApiKeyCredentialProviderResponse>()(Schema.Struct({
    ...Resource.secretResponse("apiKeySecret"),
    apiKeySecretArn: Resource.SecretArn,
    name: Schema.String,
    credentialProviderArn: Schema.String
  }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetApiKeyCredentialProviderRequest
  extends Schema.Opaque<GetApiKeyCredentialProviderRequest>()(Schema.Struct({ name: Constraint.ProviderName }))
{}

/**
 * Also the response to an update.
 *
 * @since 0.2.0
 * @category responses
 */
export class GetApiKeyCredentialProviderResponse
  extends Schema.Opaque<GetApiKeyCredentialProviderResponse>()(Schema.Struct({
    ...CreateApiKeyCredentialProviderResponse.fields,
    ...Resource.times
  }))
{}

/**
 * Replaces the key.
 *
 * @since 0.2.0
 * @category requests
 */
export type UpdateApiKeyCredentialProviderRequest =
  & {
    /** The name of the provider, which requests for credentials give. */
    readonly name: string
  }
  & (ManagedApiKey | ExternalApiKey)

/**
 * @since 0.2.0
 * @category requests
 */
export const UpdateApiKeyCredentialProviderRequest = Constraint.exact<UpdateApiKeyCredentialProviderRequest>()(
  Schema.Struct({ name: Constraint.ProviderName, ...apiKey }),
  checkSource
)

/**
 * A page has 1 to 100 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListApiKeyCredentialProvidersRequest
  extends Schema.Opaque<ListApiKeyCredentialProvidersRequest>()(Resource.pageRequest(100))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class ApiKeyCredentialProviderSummary extends Schema.Opaque<ApiKeyCredentialProviderSummary>()(Schema.Struct({
  name: Schema.String,
  credentialProviderArn: Schema.String,
  ...Resource.times
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListApiKeyCredentialProvidersResponse
  extends Schema.Opaque<ListApiKeyCredentialProvidersResponse>()(Schema.Struct({
    credentialProviders: Schema.Array(ApiKeyCredentialProviderSummary),
    ...Resource.page
  }))
{}
