/** OAuth2 credential providers. A provider is stored as its last request. `authorizationServers` interprets it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import * as Models from "../../../Models.js"
import { type AuthorizationServer, OAuthError } from "../../oauth/oauthClient.js"
import * as Arn from "../arn.js"
import { checkSecret } from "../authorization.js"
import * as AuthorizationServers from "../authorizationServers.js"
import { explain, Seeding } from "../callContext.js"
import { invalid, notFound } from "../failures.js"
import * as Secrets from "../secrets.js"
import { makeKind } from "./providers.js"
import { type Dependencies, resourceFields } from "./table.js"

const Stored = Schema.Struct({
  ...resourceFields,
  request: Models.CreateOauth2CredentialProviderRequest,
  /** The last segment of the callback URL. It is unique: a later provider with the same name has another one. */
  callbackId: Schema.String,
  secretArn: Schema.optional(Schema.String)
})

type Stored = typeof Stored.Type

export type Oauth2Providers = Effect.Success<ReturnType<typeof makeOauth2>>["providers"]

export type Oauth2Provider = Effect.Success<ReturnType<Effect.Success<ReturnType<typeof makeOauth2>>["find"]>>

/** Returns undefined for a client without a secret. */
const readClientSecret = ({ oauth2ProviderConfigInput }: AuthorizationServers.ProviderRequest) => {
  const [[member, config] = ["", {}]] = Object.entries(oauth2ProviderConfigInput)
  const path = `oauth2ProviderConfigInput.${member}.clientSecret`
  return "clientSecretConfig" in config && config.clientSecretConfig !== undefined
    ? { source: "EXTERNAL" as const, reference: config.clientSecretConfig, path }
    : "clientSecret" in config && config.clientSecret !== undefined
    ? { source: "MANAGED" as const, path }
    : undefined
}

const discoveryPath = "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl"

/** How long a creation waits for a discovery document that it does not need. */
const maxDiscovery = "2 seconds"

const noResponse = new OAuthError({ reason: "Unreachable", description: `no response within ${maxDiscovery}` })

/**
 * Reads the discovery document of a new configuration, and reports why it cannot be used. The live service accepts
 * such a provider (recorded by aws/agentcore-cli), and the first request for a token fails.
 */
const checkDiscovery = Effect.fnUntraced(function*(
  { client, settings }: Dependencies,
  name: string,
  server: Pick<AuthorizationServer, "discovery">
) {
  const isAccepted = (yield* settings).discoveryUrls !== "verify"
  const error = yield* Effect.flip(client.discover(server, { again: true })).pipe(
    isAccepted ? Effect.timeoutOption(maxDiscovery) : Effect.asSome,
    Effect.catch(() => Effect.succeed(undefined))
  )
  if (error === undefined) return
  const { code, description, reason } = Option.getOrElse(error, () => noResponse)
  const details = [code, description].filter((detail) => detail !== undefined).join(": ")
  const advice = `the discovery URL of the provider '${name}' cannot be read: ${details === "" ? reason : details}. ${
    isAccepted ? "Requests for tokens will fail" : "The setting `discoveryUrls`: \"accept\" turns this check off"
  }`
  yield* Effect.logWarning(`Invalid Discovery URL: ${advice}`)
  yield* explain(advice)
  if (!isAccepted) return yield* invalid("Invalid Discovery URL", discoveryPath)
})

export const makeOauth2 = Effect.fnUntraced(function*(dependencies: Dependencies) {
  const { account, publicUrl, settings, store } = dependencies

  const makeCallbackUrl = (callbackId: string): string => `${publicUrl}/identities/oauth2/callback/${callbackId}`

  const { findUsed, providers, ...operations } = yield* makeKind(account, {
    kind: "oauth2",
    resourceType: "Oauth2CredentialProvider",
    describeMissing: () => "CredentialProvider not found",
    collection: store.collection("oauth2-providers", Stored),

    check: Effect.fnUntraced(function*(request: Models.CreateOauth2CredentialProviderRequest) {
      const server = yield* AuthorizationServers.check(request, dependencies)
      // This machine is not in the private network of the server.
      const isChecked = !(yield* Seeding) && !AuthorizationServers.hasPrivateEndpoint(request)
      if (isChecked) yield* checkDiscovery(dependencies, request.name, server)
    }),

    complete: (request: Models.UpdateOauth2CredentialProviderRequest, before) =>
      AuthorizationServers.completeUpdate(request, before.request),

    configure: Effect.fnUntraced(function*({ tags: _tags, ...request }, before) {
      const old = before && readClientSecret(before.request)
      const secret = readClientSecret(request)
      if (secret !== undefined) yield* Secrets.checkSource(old?.source, secret.source, secret.path)
      const findArn = () => {
        if (secret === undefined) return undefined
        const secretId = secret.reference?.secretId
        if (before?.secretArn !== undefined && old?.reference?.secretId === secretId) return before.secretArn
        return secretId === undefined
          ? Arn.secret(account, "oauth2", `${request.name}-${Arn.makeSecretsId()}`)
          : Arn.externalSecret(account, secretId)
      }
      return { request, callbackId: before?.callbackId ?? randomUUID(), secretArn: findArn() }
    }),

    describe: ({ callbackId, name, request, secretArn = Arn.noSecret(account, "oauth2", name) }) =>
      Effect.map(settings, (current) => ({
        ...Secrets.describe("clientSecret", secretArn, readClientSecret(request)),
        callbackUrl: makeCallbackUrl(callbackId),
        oauth2ProviderConfigOutput: AuthorizationServers.toOutput(request, current),
        status: "READY"
      })),

    vendor: ({ request }) => ({ credentialProviderVendor: request.credentialProviderVendor })
  })

  const resolve = Effect.fnUntraced(function*({ callbackId, name, request, secretArn }: Stored) {
    yield* checkSecret(secretArn)
    const server = yield* AuthorizationServers.resolve(request, dependencies)
    return {
      name,
      vendor: request.credentialProviderVendor,
      server: { ...server, provider: name },
      callbackId,
      callbackUrl: makeCallbackUrl(callbackId)
    }
  })

  return {
    ...operations,
    providers,
    find: (name: string) => Effect.flatMap(findUsed(name), resolve),

    /**
     * Finds the authorization server of the provider of a consent session, with its current configuration. A deleted
     * provider is not found, even if another provider now has its name.
     */
    findServer: Effect.fnUntraced(function*(provider: { readonly name: string; readonly callbackId: string }) {
      const { callbackId, server } = yield* resolve(yield* providers.find(provider.name))
      return callbackId === provider.callbackId
        ? server
        : yield* notFound("The credential provider of the session was deleted")
    })
  }
})
