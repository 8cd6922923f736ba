/**
 * API-key credential providers.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Operations } from "../../../ControlPlane.js"
import type {
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type * as Model from "../../../models/ApiKeyCredentialProvider.js"
import * as Arn from "../arn.js"
import { providerExists, providerQuota, resourceFields, type Surroundings } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({ ...resourceFields, apiKey: Secrets.Secret })

/** @internal */
export type ApiKeyProvider = typeof Stored.Type

type ApiKeyProviders = Table.Table<ApiKeyProvider, ValidationException | ServiceQuotaExceededException>

/** @internal */
export const table = ({ account, store }: Surroundings): Effect.Effect<ApiKeyProviders> =>
  Table.make<ApiKeyProvider, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("api-key-providers", Stored),
    what: "ApiKeyCredentialProvider",
    arn: ({ name }) => Arn.apiKeyProvider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

/** @internal */
export const apiKey = ({ settings }: Surroundings, providers: ApiKeyProviders) =>
(
  operation: string,
  name: string
): Effect.Effect<Redacted.Redacted, ResourceNotFoundException | ValidationException | InternalServerException> =>
  Effect.flatMap(
    providers.find(operation, name),
    (provider) => Secrets.valueOf(operation, settings, provider.apiKey, "resourceCredentialProviderName")
  )

/** @internal */
export const operations = (
  surroundings: Surroundings,
  providers: ApiKeyProviders
): Pick<
  Operations,
  | "createApiKeyCredentialProvider"
  | "getApiKeyCredentialProvider"
  | "updateApiKeyCredentialProvider"
  | "deleteApiKeyCredentialProvider"
  | "listApiKeyCredentialProviders"
> => {
  const { account } = surroundings

  const secretOf = (
    operation: string,
    request: Model.CreateApiKeyCredentialProviderRequest | Model.UpdateApiKeyCredentialProviderRequest,
    before?: Secrets.Secret
  ): Effect.Effect<Secrets.Secret, ValidationException> =>
    Secrets.resolve(surroundings, operation, {
      kind: "apikey",
      provider: request.name,
      members: { value: "apiKey", source: "apiKeySecretSource", reference: "apiKeySecretConfig" },
      given: request.apiKeySecretSource === "EXTERNAL"
        ? { source: request.apiKeySecretSource, reference: request.apiKeySecretConfig }
        : { value: request.apiKey }
    }, before)

  const created = ({ apiKey, name }: ApiKeyProvider) => ({
    apiKeySecretArn: { secretArn: apiKey.arn },
    ...(apiKey.source === "EXTERNAL" ? { apiKeySecretJsonKey: apiKey.reference.jsonKey } : {}),
    apiKeySecretSource: apiKey.source,
    name,
    credentialProviderArn: Arn.apiKeyProvider(account, name)
  })

  const described = (provider: ApiKeyProvider) => ({
    ...created(provider),
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createApiKeyCredentialProvider: (request) => {
      const operation = "CreateApiKeyCredentialProvider"
      return Effect.map(
        providers.create(
          operation,
          request,
          (resource) => Effect.map(secretOf(operation, request), (apiKey) => ({ ...resource, apiKey }))
        ),
        created
      )
    },

    getApiKeyCredentialProvider: ({ name }) =>
      Effect.map(providers.find("GetApiKeyCredentialProvider", name), described),

    updateApiKeyCredentialProvider: (request) => {
      const operation = "UpdateApiKeyCredentialProvider"
      return Effect.map(
        providers.update(
          operation,
          request.name,
          (before) => Effect.map(secretOf(operation, request, before.apiKey), (apiKey) => ({ ...before, apiKey }))
        ),
        described
      )
    },

    deleteApiKeyCredentialProvider: ({ name }) => providers.remove("DeleteApiKeyCredentialProvider", name),

    listApiKeyCredentialProviders: (request) =>
      Effect.map(providers.page("ListApiKeyCredentialProviders", request), ({ items, next }) => ({
        credentialProviders: items.map(({ createdTime, lastUpdatedTime, name }) => ({
          name,
          credentialProviderArn: Arn.apiKeyProvider(account, name),
          createdTime,
          lastUpdatedTime
        })),
        ...next
      }))
  }
}
