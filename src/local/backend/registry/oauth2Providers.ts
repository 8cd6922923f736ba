/** OAuth2 credential providers. A provider is stored as its last request. `authorizationServers` interprets it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import type { Operations } from "../../../ControlPlane.js"
import {
  type AccessDeniedException,
  type ConflictException,
  type InternalServerException,
  ResourceNotFoundException,
  type ServiceQuotaExceededException,
  type ValidationException
} from "../../../IdentityError.js"
import type { LocalSettings } from "../../../identitySetup/localSettings.js"
import * as Model from "../../../models/Oauth2CredentialProvider.js"
import type { AuthorizationServer, OAuthError } from "../../oauth/contract.js"
import * as Arn from "../arn.js"
import * as AuthorizationServers from "../authorizationServers.js"
import { invalid, mapStoreError, providerExists } from "../failures.js"
import * as Reasons from "../reasons.js"
import { Seeding } from "../seeding.js"
import { type Dependencies, providerQuota, resourceFields } from "./resource.js"
import * as Secrets from "./secrets.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({
  ...resourceFields,
  request: Model.CreateOauth2CredentialProviderRequest,
  /** The last segment of the callback URL. It is unique: a later provider with the same name has another one. */
  callbackId: Schema.String,
  secretArn: Schema.optional(Schema.String)
})

type Stored = typeof Stored.Type

export type Oauth2Providers = Table.Table<Stored, ValidationException | ServiceQuotaExceededException>

/** A provider as the data plane needs it. */
export interface Oauth2Provider {
  readonly name: string
  readonly server: AuthorizationServer
  readonly callbackId: string
  readonly callbackUrl: string
}

export const table = ({ account, store }: Dependencies): Effect.Effect<Oauth2Providers> =>
  Table.make<Stored, ValidationException | ServiceQuotaExceededException>({
    collection: store.collection("oauth2-providers", Stored),
    resourceType: "Oauth2CredentialProvider",
    arn: ({ name }) => Arn.oauth2Provider(account, name),
    exists: providerExists,
    quota: providerQuota
  })

const makeCallbackUrl = ({ publicUrl }: Dependencies, callbackId: string): string =>
  `${publicUrl}/identities/oauth2/callback/${callbackId}`

export type FindError =
  | ResourceNotFoundException
  | ValidationException
  | AccessDeniedException
  | InternalServerException

export const findProvider =
  (dependencies: Dependencies, providers: Oauth2Providers) =>
  (name: string): Effect.Effect<Oauth2Provider, FindError> =>
    Effect.flatMap(
      providers.find(name),
      ({ callbackId, request }) =>
        Effect.map(AuthorizationServers.resolve(request, dependencies), (server) => ({
          name,
          server: { ...server, provider: name },
          callbackId,
          callbackUrl: makeCallbackUrl(dependencies, callbackId)
        }))
    )

/**
 * The authorization server of a provider that a consent session was opened for, with its configuration of now. A
 * provider that was deleted since is not found, even if another one has its name.
 */
export const findServer =
  (find: (name: string) => Effect.Effect<Oauth2Provider, FindError>) =>
  (provider: Pick<Oauth2Provider, "name" | "callbackId">): Effect.Effect<AuthorizationServer, FindError> =>
    Effect.flatMap(
      find(provider.name),
      ({ callbackId, server }): Effect.Effect<AuthorizationServer, ResourceNotFoundException> =>
        callbackId === provider.callbackId
          ? Effect.succeed(server)
          : new ResourceNotFoundException({ message: "The credential provider of the session is gone" })
    )

interface ClientSecret {
  readonly source: Secrets.Source
  readonly reference?: { readonly secretId: string; readonly jsonKey: string }
  readonly member: string
}

/** Undefined for a client without a secret. */
const readClientSecret = (
  { oauth2ProviderConfigInput }: AuthorizationServers.ProviderRequest
): ClientSecret | undefined => {
  for (const [member, config] of Object.entries(oauth2ProviderConfigInput)) {
    const path = `oauth2ProviderConfigInput.${member}.clientSecretSource`
    if ("clientSecretConfig" in config && config.clientSecretConfig !== undefined) {
      return { source: "EXTERNAL", reference: config.clientSecretConfig, member: path }
    }
    if ("clientSecret" in config && config.clientSecret !== undefined) return { source: "MANAGED", member: path }
  }
  return undefined
}

export const operations = (
  dependencies: Dependencies,
  providers: Oauth2Providers,
  checkUnused: (arn: string) => Effect.Effect<void, ConflictException | InternalServerException>
): Pick<
  Operations,
  | "createOauth2CredentialProvider"
  | "getOauth2CredentialProvider"
  | "updateOauth2CredentialProvider"
  | "deleteOauth2CredentialProvider"
  | "listOauth2CredentialProviders"
> => {
  const { account, client, dropOauth2Provider, settings } = dependencies

  const rejectDiscovery = (name: string) => ({ code, description, reason }: OAuthError) => {
    const details = [code, description].filter((detail) => detail !== undefined).join(": ")
    const advice = `the discovery URL of the provider '${name}' cannot be read: ${details === "" ? reason : details}. `
      + "The setting `discoveryUrls`: \"accept\" turns this check off"
    return Effect.logWarning(`Invalid Discovery URL: ${advice}`).pipe(
      Effect.andThen(Reasons.explain(advice)),
      // The message: awslabs/agentcore-samples, obo-training, okta/local/IDP_SETUP.md ("it's a config-time check").
      Effect.andThen(
        invalid(
          "Invalid Discovery URL",
          "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl"
        )
      )
    )
  }

  /** Before the table is locked: an authorization server can take long. */
  const checkServer = Effect.fnUntraced(function*(request: AuthorizationServers.ProviderRequest) {
    const server = yield* AuthorizationServers.check(request, dependencies)
    const isChecked = !(yield* Seeding) && (yield* settings).discoveryUrls !== "accept"
      // This machine is not in the private network of the server.
      && !AuthorizationServers.hasPrivateEndpoint(request)
    if (isChecked) yield* Effect.catch(client.discover(server), rejectDiscovery(request.name))
  })

  const configure = Effect.fnUntraced(function*(request: AuthorizationServers.ProviderRequest, before?: Stored) {
    const old = before === undefined ? undefined : readClientSecret(before.request)
    const secret = readClientSecret(request)
    if (secret !== undefined) yield* Secrets.checkSource(old?.source, secret.source, secret.member)
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
  })

  const toCreateResponse = ({ callbackId, name, request, secretArn }: Stored, current: LocalSettings) => {
    const secret = readClientSecret(request)
    return {
      clientSecretArn: { secretArn: secretArn ?? Arn.noSecret(account, "oauth2", name) },
      ...(secret?.reference === undefined ? {} : { clientSecretJsonKey: secret.reference.jsonKey }),
      ...(secret === undefined ? {} : { clientSecretSource: secret.source }),
      name,
      credentialProviderArn: Arn.oauth2Provider(account, name),
      callbackUrl: makeCallbackUrl(dependencies, callbackId),
      oauth2ProviderConfigOutput: AuthorizationServers.toOutput(request, current),
      status: "READY"
    }
  }

  const toResponse = (provider: Stored, current: LocalSettings) => ({
    ...toCreateResponse(provider, current),
    credentialProviderVendor: provider.request.credentialProviderVendor,
    createdTime: provider.createdTime,
    lastUpdatedTime: provider.lastUpdatedTime
  })

  return {
    createOauth2CredentialProvider: ({ tags, ...request }) =>
      providers.checkFree(request.name).pipe(
        Effect.andThen(checkServer(request)),
        Effect.andThen(
          providers.create({ name: request.name, tags }, (resource) =>
            Effect.map(configure(request), (configuration) => ({
              ...resource,
              ...configuration,
              callbackId: randomUUID()
            })))
        ),
        Effect.zipWith(settings, toCreateResponse)
      ),

    getOauth2CredentialProvider: ({ name }) => Effect.zipWith(providers.find(name), settings, toResponse),

    updateOauth2CredentialProvider: (request) => {
      const complete = (before: Stored) => AuthorizationServers.completeUpdate(request, before.request)
      return providers.find(request.name).pipe(
        Effect.flatMap(complete),
        Effect.flatMap(checkServer),
        Effect.andThen(
          providers.update(request.name, (before) =>
            complete(before).pipe(
              Effect.flatMap((request) => configure(request, before)),
              Effect.map((configuration) => ({ ...before, ...configuration }))
            ))
        ),
        Effect.zipWith(settings, toResponse)
      )
    },

    deleteOauth2CredentialProvider: ({ name }) =>
      providers.remove(name, ({ callbackId }) =>
        Effect.andThen(
          checkUnused(Arn.oauth2Provider(account, name)),
          mapStoreError(dropOauth2Provider(callbackId))
        )),

    listOauth2CredentialProviders: (request) =>
      Effect.map(providers.page(request), ({ items, next }) => ({
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
