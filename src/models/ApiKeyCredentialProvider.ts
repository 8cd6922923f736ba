/**
 * Requests and answers of the operations on API-key credential providers. Limits: the AWS service model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import { ProviderName, SecretArn, SecretReference, SecretSource, Tags } from "./internal/names.js"
import { page, pageRequest, times } from "./internal/pagination.js"

const requestOf = <const C extends Schema.Struct.Fields>(common: C) =>
  Schema.Union(
    Schema.Struct({
      ...common,
      apiKey: Constraint.secret(0, 65536),
      apiKeySecretSource: Constraint.optional(Schema.Literal("MANAGED"))
    }),
    Schema.Struct({
      ...common,
      apiKeySecretConfig: SecretReference,
      apiKeySecretSource: Schema.Literal("EXTERNAL")
    })
  )

/**
 * The key itself (`MANAGED`), or where it is in Secrets Manager (`EXTERNAL`).
 *
 * @since 0.1.0
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
export const CreateApiKeyCredentialProviderRequest = requestOf({ name: ProviderName, tags: Constraint.optional(Tags) })

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateApiKeyCredentialProviderRequest = typeof CreateApiKeyCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const CreateApiKeyCredentialProviderResponse = Schema.Struct({
  apiKeySecretArn: SecretArn,
  apiKeySecretJsonKey: Constraint.optional(Schema.String),
  apiKeySecretSource: Constraint.optional(SecretSource),
  name: Schema.String,
  credentialProviderArn: Schema.String
})

/**
 * @since 0.1.0
 * @category answers
 */
export type CreateApiKeyCredentialProviderResponse = typeof CreateApiKeyCredentialProviderResponse.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetApiKeyCredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type GetApiKeyCredentialProviderRequest = typeof GetApiKeyCredentialProviderRequest.Type

/**
 * Also the answer to an update.
 *
 * @since 0.1.0
 * @category answers
 */
export const GetApiKeyCredentialProviderResponse = Schema.Struct({
  ...CreateApiKeyCredentialProviderResponse.fields,
  ...times
})

/**
 * @since 0.1.0
 * @category answers
 */
export type GetApiKeyCredentialProviderResponse = typeof GetApiKeyCredentialProviderResponse.Type

/**
 * Replaces the key.
 *
 * @since 0.1.0
 * @category requests
 */
export const UpdateApiKeyCredentialProviderRequest = requestOf({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type UpdateApiKeyCredentialProviderRequest = typeof UpdateApiKeyCredentialProviderRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const DeleteApiKeyCredentialProviderRequest = Schema.Struct({ name: ProviderName })

/**
 * @since 0.1.0
 * @category requests
 */
export type DeleteApiKeyCredentialProviderRequest = typeof DeleteApiKeyCredentialProviderRequest.Type

/**
 * Pages of 1 to 100.
 *
 * @since 0.1.0
 * @category requests
 */
export const ListApiKeyCredentialProvidersRequest = pageRequest(100)

/**
 * @since 0.1.0
 * @category requests
 */
export type ListApiKeyCredentialProvidersRequest = typeof ListApiKeyCredentialProvidersRequest.Type

/**
 * @since 0.1.0
 * @category models
 */
export const ApiKeyCredentialProviderSummary = Schema.Struct({
  name: Schema.String,
  credentialProviderArn: Schema.String,
  ...times
})

/**
 * @since 0.1.0
 * @category models
 */
export type ApiKeyCredentialProviderSummary = typeof ApiKeyCredentialProviderSummary.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const ListApiKeyCredentialProvidersResponse = Schema.Struct({
  credentialProviders: Schema.Array(ApiKeyCredentialProviderSummary),
  ...page
})

/**
 * @since 0.1.0
 * @category answers
 */
export type ListApiKeyCredentialProvidersResponse = typeof ListApiKeyCredentialProvidersResponse.Type
