/** OAuth2 credential providers. A provider is stored as its last request. `authorizationServers` interprets it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { ResourceNotFoundException } from "../../../IdentityError.js"
import * as Model from "../../../models/Oauth2CredentialProvider.js"
import type { AuthorizationServer, OAuthError } from "../../oauth/service.js"
import * as Arn from "../arn.js"
import * as AuthorizationServers from "../authorizationServers.js"
import { explain, Seeding } from "../callContext.js"
import { invalid } from "../failures.js"
import * as Secrets from "../secrets.js"
import { makeTable, operations, type Providers } from "./providers.js"
import { type Dependencies, resourceFields } from "./table.js"

const Stored = Schema.Struct({
  ...resourceFields,
  request: Model.CreateOauth2CredentialProviderRequest,
  /** The last segment of the callback URL. It is unique: a later provider with the same name has another one. */
  callbackId: Schema.String,
  secretArn: Schema.optional(Schema.String)
})

type Stored = typeof Stored.Type

export type Oauth2Providers = Providers<Stored>

/** A provider as the data plane needs it. */
export interface Oauth2Provider {
  readonly name: string
  readonly server: AuthorizationServer
  readonly callbackId: string
  readonly callbackUrl: string
}

interface ClientSecret {
  readonly source: Secrets.Source
  readonly reference?: { readonly secretId: string; readonly jsonKey: string }
  readonly path: string
}

/** Undefined for a client without a secret. */
const readClientSecret = (
  { oauth2ProviderConfigInput }: AuthorizationServers.ProviderRequest
): ClientSecret | undefined => {
  for (const [member, config] of Object.entries(oauth2ProviderConfigInput)) {
    const path = `oauth2ProviderConfigInput.${member}.clientSecret`
    if ("clientSecretConfig" in config && config.clientSecretConfig !== undefined) {
      return { source: "EXTERNAL", reference: config.clientSecretConfig, path }
    }
    if ("clientSecret" in config && config.clientSecret !== undefined) return { source: "MANAGED", path }
  }
  return undefined
}

const resolveSecretArn = (
  account: Arn.Account,
  name: string,
  secret: ClientSecret | undefined,
  before: Stored | undefined,
  old: ClientSecret | undefined
): string | undefined =>
  secret === undefined
    ? undefined
    : before?.secretArn !== undefined && old?.reference?.secretId === secret.reference?.secretId
    ? before.secretArn
    : secret.reference === undefined
    ? Arn.secret(account, "oauth2", name)
    : Arn.externalSecret(account, secret.reference.secretId)

export const makeOauth2 = Effect.fnUntraced(function*(dependencies: Dependencies) {
  const { account, client, publicUrl, settings, store } = dependencies
  const collection = store.collection("oauth2-providers", Stored)
  const providers: Oauth2Providers = yield* makeTable(dependencies, "oauth2", "Oauth2CredentialProvider", collection)

  const makeCallbackUrl = (callbackId: string): string => `${publicUrl}/identities/oauth2/callback/${callbackId}`

  const rejectDiscovery = (name: string) => ({ code, description, reason }: OAuthError) => {
    const details = [code, description].filter((detail) => detail !== undefined).join(": ")
    const advice = `the discovery URL of the provider '${name}' cannot be read: ${details === "" ? reason : details}. `
      + "The setting `discoveryUrls`: \"accept\" turns this check off"
    return Effect.logWarning(`Invalid Discovery URL: ${advice}`).pipe(
      Effect.andThen(explain(advice)),
      // The message: awslabs/agentcore-samples, obo-training, okta/local/IDP_SETUP.md ("it's a config-time check").
      Effect.andThen(
        invalid(
          "Invalid Discovery URL",
          "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl"
        )
      )
    )
  }

  const find = (name: string) =>
    Effect.flatMap(
      providers.find(name),
      ({ callbackId, request }) =>
        Effect.map(AuthorizationServers.resolve(request, dependencies), (server): Oauth2Provider => ({
          name,
          server: { ...server, provider: name },
          callbackId,
          callbackUrl: makeCallbackUrl(callbackId)
        }))
    )

  return {
    providers,
    find,

    /**
     * The authorization server of a provider that a consent session was opened for, with its configuration of now. A
     * provider that was deleted since is not found, even if another one has its name.
     */
    findServer: (provider: Pick<Oauth2Provider, "name" | "callbackId">) =>
      Effect.flatMap(
        find(provider.name),
        ({ callbackId, server }): Effect.Effect<AuthorizationServer, ResourceNotFoundException> =>
          callbackId === provider.callbackId
            ? Effect.succeed(server)
            : new ResourceNotFoundException({ message: "The credential provider of the session is gone" })
      ),

    ...operations(dependencies, providers, {
      kind: "oauth2",

      check: Effect.fnUntraced(function*(request: Model.CreateOauth2CredentialProviderRequest) {
        const server = yield* AuthorizationServers.check(request, dependencies)
        const isChecked = !(yield* Seeding) && (yield* settings).discoveryUrls !== "accept"
          // This machine is not in the private network of the server.
          && !AuthorizationServers.hasPrivateEndpoint(request)
        if (isChecked) yield* Effect.catch(client.discover(server), rejectDiscovery(request.name))
      }),

      complete: (request: Model.UpdateOauth2CredentialProviderRequest, before) =>
        AuthorizationServers.completeUpdate(request, before.request),

      configure: Effect.fnUntraced(function*({ tags: _tags, ...request }, before) {
        const old = before === undefined ? undefined : readClientSecret(before.request)
        const secret = readClientSecret(request)
        if (secret !== undefined) yield* Secrets.checkSource(old?.source, secret.source, secret.path)
        return {
          request,
          callbackId: before?.callbackId ?? randomUUID(),
          secretArn: resolveSecretArn(account, request.name, secret, before, old)
        }
      }),

      describe: ({ callbackId, name, request, secretArn }) =>
        Effect.map(settings, (current) => {
          const secret = readClientSecret(request)
          return {
            clientSecretArn: { secretArn: secretArn ?? Arn.noSecret(account, "oauth2", name) },
            ...(secret?.reference === undefined ? {} : { clientSecretJsonKey: secret.reference.jsonKey }),
            ...(secret === undefined ? {} : { clientSecretSource: secret.source }),
            callbackUrl: makeCallbackUrl(callbackId),
            oauth2ProviderConfigOutput: AuthorizationServers.toOutput(request, current),
            status: "READY"
          }
        }),

      vendor: ({ request }) => ({ credentialProviderVendor: request.credentialProviderVendor })
    })
  }
})
