/**
 * OAuth2 credential providers. A provider is kept as the request had it; what it means is `providerServer`'s.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import type { Operations } from "../../../ControlPlane.js"
import type {
  ConflictException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import * as Model from "../../../models/Oauth2CredentialProvider.js"
import type { AuthorizationServer } from "../../OAuthClient.js"
import * as Arn from "../arn.js"
import * as ProviderServer from "../authorizationServers.js"
import { providerExists, providerQuota, resourceFields, stored, type Surroundings } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({
  ...resourceFields,
  request: Model.UpdateOauth2CredentialProviderRequest,
  /** The last part of the callback URL: the same for as long as the provider is there, and nobody else's after it. */
  callbackId: Schema.String,
  secretArn: Schema.optional(Schema.String)
})

type Stored = typeof Stored.Type

/** @internal */
export type Oauth2Providers = Table.Table<Stored, ValidationException | ServiceQuotaExceededException>

/**
 * A provider as the data plane needs it.
 *
 * @internal
 */
export interface Oauth2Provider {
  readonly name: string
  readonly server: AuthorizationServer
  readonly callbackId: string
  readonly callbackUrl: string
}

/** @internal */
export const table = ({ account, store }: Surroundings): Effect.Effect<Oauth2Providers> =>
  Table.make<Stored, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("oauth2-providers", Stored),
    what: "Oauth2CredentialProvider",
    arn: ({ name }) => Arn.oauth2Provider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

const callbackUrl = ({ publicUrl }: Surroundings, callbackId: string): string =>
  `${publicUrl}/identities/oauth2/callback/${callbackId}`

/** @internal */
export const provider = (surroundings: Surroundings, providers: Oauth2Providers) =>
(
  operation: string,
  name: string
): Effect.Effect<Oauth2Provider, ResourceNotFoundException | ValidationException | InternalServerException> =>
  Effect.flatMap(
    providers.find(operation, name),
    ({ callbackId, request }) =>
      Effect.map(ProviderServer.resolve(operation, request, surroundings), (server) => ({
        name,
        server,
        callbackId,
        callbackUrl: callbackUrl(surroundings, callbackId)
      }))
  )

interface ClientSecret {
  readonly source: Secrets.Source
  readonly reference?: { readonly secretId: string; readonly jsonKey: string }
  readonly member: string
}

/** Undefined for a client that has none. */
const clientSecretOf = ({ oauth2ProviderConfigInput }: ProviderServer.Request): ClientSecret | undefined => {
  for (const [member, config] of Object.entries(oauth2ProviderConfigInput)) {
    const path = `oauth2ProviderConfigInput.${member}.clientSecretSource`
    if ("clientSecretConfig" in config) {
      return { source: "EXTERNAL", reference: config.clientSecretConfig, member: path }
    }
    if ("clientSecret" in config) return { source: "MANAGED", member: path }
  }
  return undefined
}

/** @internal */
export const operations = (
  surroundings: Surroundings,
  providers: Oauth2Providers,
  /** Fails when something else needs the provider. */
  unused: (operation: string, arn: string) => Effect.Effect<void, ConflictException | InternalServerException>
): Pick<
  Operations,
  | "createOauth2CredentialProvider"
  | "getOauth2CredentialProvider"
  | "updateOauth2CredentialProvider"
  | "deleteOauth2CredentialProvider"
  | "listOauth2CredentialProviders"
> => {
  const { account, dropOauth2Provider } = surroundings

  const configuration = Effect.fnUntraced(
    function*(operation: string, request: ProviderServer.Request, before?: Stored) {
      const old = before === undefined ? undefined : clientSecretOf(before.request)
      const secret = clientSecretOf(request)
      if (secret !== undefined) yield* Secrets.unswitched(operation, old?.source, secret.source, secret.member)
      yield* ProviderServer.resolve(operation, request, surroundings)
      return {
        request,
        secretArn: secret === undefined
          ? undefined
          : before?.secretArn !== undefined && old?.reference?.secretId === secret.reference?.secretId
          ? before.secretArn
          : secret.reference === undefined
          ? Arn.secret(account, "oauth2", request.name)
          : Secrets.externalArn(account, secret.reference.secretId)
      }
    }
  )

  const created = ({ callbackId, name, request, secretArn }: Stored) => {
    const secret = clientSecretOf(request)
    return {
      ...(secretArn === undefined ? {} : { clientSecretArn: { secretArn } }),
      ...(secret?.reference === undefined ? {} : { clientSecretJsonKey: secret.reference.jsonKey }),
      ...(secret === undefined ? {} : { clientSecretSource: secret.source }),
      name,
      credentialProviderArn: Arn.oauth2Provider(account, name),
      callbackUrl: callbackUrl(surroundings, callbackId),
      oauth2ProviderConfigOutput: ProviderServer.output(request, surroundings),
      status: "READY"
    }
  }

  const described = (provider: Stored) => ({
    ...created(provider),
    credentialProviderVendor: provider.request.credentialProviderVendor,
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createOauth2CredentialProvider: (request) => {
      const operation = "CreateOauth2CredentialProvider"
      return Effect.map(
        providers.create(operation, request, (resource) =>
          Effect.map(configuration(operation, request), (config) => ({
            ...resource,
            ...config,
            callbackId: randomUUID()
          }))),
        created
      )
    },

    getOauth2CredentialProvider: ({ name }) =>
      Effect.map(providers.find("GetOauth2CredentialProvider", name), described),

    updateOauth2CredentialProvider: (request) => {
      const operation = "UpdateOauth2CredentialProvider"
      return Effect.map(
        providers.update(
          operation,
          request.name,
          (before) => Effect.map(configuration(operation, request, before), (config) => ({ ...before, ...config }))
        ),
        described
      )
    },

    deleteOauth2CredentialProvider: ({ name }) => {
      const operation = "DeleteOauth2CredentialProvider"
      return providers.remove(operation, name, ({ callbackId }) =>
        Effect.zipRight(
          unused(operation, Arn.oauth2Provider(account, name)),
          stored(operation, dropOauth2Provider(callbackId))
        ))
    },

    listOauth2CredentialProviders: (request) =>
      Effect.map(providers.page("ListOauth2CredentialProviders", request), ({ items, next }) => ({
        credentialProviders: items.map((provider) => ({
          name: provider.name,
          credentialProviderVendor: provider.request.credentialProviderVendor,
          credentialProviderArn: Arn.oauth2Provider(account, provider.name),
          createdTime: provider.createdTime,
          lastUpdatedTime: provider.lastUpdatedTime
        })),
        ...next
      }))
  }
}
