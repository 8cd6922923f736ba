/** API-key credential providers. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Operations } from "../../../ControlPlane.js"
import type {
  AccessDeniedException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type * as Model from "../../../models/ApiKeyCredentialProvider.js"
import * as Arn from "../arn.js"
import { providerExists } from "../failures.js"
import { type Dependencies, providerQuota, resourceFields } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({ ...resourceFields, apiKey: Secrets.Secret })

export type ApiKeyProvider = typeof Stored.Type

type ApiKeyProviders = Table.Table<ApiKeyProvider, ValidationException | ServiceQuotaExceededException>

export const table = ({ account, store }: Dependencies): Effect.Effect<ApiKeyProviders> =>
  Table.make<ApiKeyProvider, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("api-key-providers", Stored),
    resourceType: "ApiKeyCredentialProvider",
    arn: ({ name }) => Arn.apiKeyProvider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

export const findApiKey = ({ settings }: Dependencies, providers: ApiKeyProviders) =>
(
  name: string
): Effect.Effect<Redacted.Redacted, ResourceNotFoundException | AccessDeniedException | InternalServerException> =>
  Effect.flatMap(providers.find(name), ({ apiKey }) => Secrets.read(settings, apiKey))

export const operations = (
  dependencies: Dependencies,
  providers: ApiKeyProviders
): Pick<
  Operations,
  | "createApiKeyCredentialProvider"
  | "getApiKeyCredentialProvider"
  | "updateApiKeyCredentialProvider"
  | "deleteApiKeyCredentialProvider"
  | "listApiKeyCredentialProviders"
> => {
  const { account } = dependencies

  const resolveSecret = (
    request: Model.CreateApiKeyCredentialProviderRequest | Model.UpdateApiKeyCredentialProviderRequest,
    before?: Secrets.Secret
  ): Effect.Effect<Secrets.Secret, ValidationException> =>
    Secrets.resolve(dependencies, {
      kind: "apikey",
      arnName: request.name,
      members: { value: "apiKey", source: "apiKeySecretSource", reference: "apiKeySecretConfig" },
      input: request.apiKeySecretSource === "EXTERNAL"
        ? { source: request.apiKeySecretSource, reference: request.apiKeySecretConfig }
        : { value: request.apiKey }
    }, before)

  const toCreateResponse = ({ apiKey, name }: ApiKeyProvider) => ({
    apiKeySecretArn: { secretArn: apiKey.arn },
    ...(apiKey.source === "EXTERNAL" ? { apiKeySecretJsonKey: apiKey.reference.jsonKey } : {}),
    apiKeySecretSource: apiKey.source,
    name,
    credentialProviderArn: Arn.apiKeyProvider(account, name)
  })

  const toResponse = (provider: ApiKeyProvider) => ({
    ...toCreateResponse(provider),
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createApiKeyCredentialProvider: (request) =>
      Effect.map(
        providers.create(
          request,
          (resource) => Effect.map(resolveSecret(request), (apiKey) => ({ ...resource, apiKey }))
        ),
        toCreateResponse
      ),

    getApiKeyCredentialProvider: ({ name }) => Effect.map(providers.find(name), toResponse),

    updateApiKeyCredentialProvider: (request) =>
      Effect.map(
        providers.update(
          request.name,
          (before) => Effect.map(resolveSecret(request, before.apiKey), (apiKey) => ({ ...before, apiKey }))
        ),
        toResponse
      ),

    deleteApiKeyCredentialProvider: ({ name }) => providers.remove(name),

    listApiKeyCredentialProviders: (request) =>
      Effect.map(providers.page(request), ({ items, next }) => ({
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
