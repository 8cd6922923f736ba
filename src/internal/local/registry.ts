/**
 * What the control plane of the local backend keeps: workload identities and credential providers.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { randomUUID } from "node:crypto"
import type * as ControlPlane from "../../ControlPlane.js"
import { ResourceNotFoundException, ValidationException } from "../../IdentityError.js"
import type { AuthorizationServer } from "../../local/OAuthClient.js"
import * as Arn from "./arn.js"
import { isSecure } from "./endpoints.js"

/** @internal */
export interface Workload {
  readonly name: string
  readonly workloadIdentityArn: string
  readonly allowedResourceOauth2ReturnUrls: ReadonlyArray<string>
  readonly createdTime: DateTime.Utc
  readonly lastUpdatedTime: DateTime.Utc
}

/** @internal */
export interface Oauth2Provider {
  readonly name: string
  readonly server: AuthorizationServer
  /** The last part of the callback URL. */
  readonly callbackId: string
  readonly callbackUrl: string
}

/** @internal */
export interface Registry {
  readonly controlPlane: ControlPlane.Service
  readonly workload: (operation: string, name: string) => Effect.Effect<Workload, ResourceNotFoundException>
  readonly oauth2Provider: (operation: string, name: string) => Effect.Effect<Oauth2Provider, ResourceNotFoundException>
  readonly apiKey: (operation: string, name: string) => Effect.Effect<Redacted.Redacted, ResourceNotFoundException>
}

const invalid = (operation: string, message: string, field?: string): ValidationException =>
  new ValidationException({
    operation,
    message,
    ...(field === undefined ? {} : { reason: "FieldValidationFailed", fieldList: [{ name: field, message }] })
  })

const notFound = (operation: string, what: string, name: string): ResourceNotFoundException =>
  new ResourceNotFoundException({ operation, message: `${what} with name '${name}' not found` })

const providerExists = (operation: string, name: string): ValidationException =>
  invalid(operation, `Credential provider with name: ${name} already exists`)

const config = "oauth2ProviderConfigInput.customOauth2ProviderConfig"

/**
 * What a request says of the authorization server, as far as the local backend serves it.
 */
const authorizationServer = Effect.fnUntraced(function*(
  operation: string,
  request: ControlPlane.CreateOauth2CredentialProviderRequest
): Effect.fn.Return<AuthorizationServer, ValidationException> {
  if (request.credentialProviderVendor !== "CustomOauth2") {
    return yield* invalid(
      operation,
      `The local backend serves the vendor CustomOauth2, not ${request.credentialProviderVendor}`,
      "credentialProviderVendor"
    )
  }
  const custom = request.oauth2ProviderConfigInput.customOauth2ProviderConfig
  if (
    custom.clientAuthenticationMethod === "PRIVATE_KEY_JWT"
    || custom.clientAuthenticationMethod === "AWS_IAM_ID_TOKEN_JWT"
  ) {
    return yield* invalid(
      operation,
      "The local backend serves the client authentication methods CLIENT_SECRET_BASIC and CLIENT_SECRET_POST",
      `${config}.clientAuthenticationMethod`
    )
  }
  if (custom.clientSecretSource === "EXTERNAL") {
    return yield* invalid(
      operation,
      "The local backend has no Secrets Manager: clientSecretSource must be MANAGED",
      `${config}.clientSecretSource`
    )
  }
  const discovery = custom.oauthDiscovery
  const metadata = "authorizationServerMetadata" in discovery ? discovery.authorizationServerMetadata : undefined
  const methods = metadata?.tokenEndpointAuthMethods
  if (methods !== undefined && custom.clientAuthenticationMethod !== undefined) {
    return yield* invalid(
      operation,
      "clientAuthenticationMethod and tokenEndpointAuthMethods cannot be given together",
      `${config}.clientAuthenticationMethod`
    )
  }
  const urls = "discoveryUrl" in discovery ? { discoveryUrl: discovery.discoveryUrl } : {
    "authorizationServerMetadata.authorizationEndpoint": discovery.authorizationServerMetadata.authorizationEndpoint,
    "authorizationServerMetadata.tokenEndpoint": discovery.authorizationServerMetadata.tokenEndpoint
  }
  for (const [member, url] of Object.entries(urls)) {
    if (!isSecure(url)) {
      return yield* invalid(
        operation,
        "Member must be an https URL, or an http URL of a loopback host",
        `${config}.oauthDiscovery.${member}`
      )
    }
  }
  return {
    discovery,
    clientId: custom.clientId,
    clientSecret: custom.clientSecret,
    clientAuthenticationMethod: custom.clientAuthenticationMethod
      ?? (methods?.includes("client_secret_basic") === false && methods.includes("client_secret_post")
        ? "CLIENT_SECRET_POST"
        : "CLIENT_SECRET_BASIC")
  }
})

/** @internal */
export const make = (account: Arn.Account, publicUrl: string): Effect.Effect<Registry> =>
  Effect.sync(() => {
    const workloads = new Map<string, Workload>()
    const oauth2Providers = new Map<string, Oauth2Provider>()
    const apiKeys = new Map<string, Redacted.Redacted>()

    const find =
      <A>(map: ReadonlyMap<string, A>, what: string) =>
      (operation: string, name: string): Effect.Effect<A, ResourceNotFoundException> =>
        Effect.suspend(() => {
          const found = map.get(name)
          return found === undefined ? notFound(operation, what, name) : Effect.succeed(found)
        })

    const workload = find(workloads, "WorkloadIdentity")

    const controlPlane: ControlPlane.Service = {
      createWorkloadIdentity: Effect.fnUntraced(function*({ allowedResourceOauth2ReturnUrls, name }) {
        const now = yield* DateTime.now
        if (workloads.has(name)) {
          return yield* invalid("CreateWorkloadIdentity", `WorkloadIdentity with name '${name}' already exists.`)
        }
        const created: Workload = {
          name,
          workloadIdentityArn: Arn.workloadIdentity(account, name),
          allowedResourceOauth2ReturnUrls: allowedResourceOauth2ReturnUrls ?? [],
          createdTime: now,
          lastUpdatedTime: now
        }
        workloads.set(name, created)
        return {
          name,
          workloadIdentityArn: created.workloadIdentityArn,
          allowedResourceOauth2ReturnUrls: created.allowedResourceOauth2ReturnUrls
        }
      }),

      getWorkloadIdentity: ({ name }) => workload("GetWorkloadIdentity", name),

      createOauth2CredentialProvider: Effect.fnUntraced(function*(request) {
        const operation = "CreateOauth2CredentialProvider"
        const { name } = request
        const server = yield* authorizationServer(operation, request)
        if (oauth2Providers.has(name)) return yield* providerExists(operation, name)
        const callbackId = randomUUID()
        const callbackUrl = `${publicUrl}/identities/oauth2/callback/${callbackId}`
        oauth2Providers.set(name, { name, server, callbackId, callbackUrl })
        return {
          clientSecretArn: { secretArn: Arn.secret(account, "oauth2", name) },
          clientSecretSource: "MANAGED",
          name,
          credentialProviderArn: Arn.oauth2Provider(account, name),
          callbackUrl,
          oauth2ProviderConfigOutput: {
            customOauth2ProviderConfig: {
              oauthDiscovery: server.discovery,
              clientId: server.clientId,
              clientAuthenticationMethod: server.clientAuthenticationMethod
            }
          },
          status: "READY"
        }
      }),

      createApiKeyCredentialProvider: Effect.fnUntraced(function*(request) {
        const operation = "CreateApiKeyCredentialProvider"
        const { name } = request
        if (request.apiKeySecretSource === "EXTERNAL") {
          return yield* invalid(
            operation,
            "The local backend has no Secrets Manager: apiKeySecretSource must be MANAGED",
            "apiKeySecretSource"
          )
        }
        if (apiKeys.has(name)) return yield* providerExists(operation, name)
        apiKeys.set(name, request.apiKey)
        return {
          apiKeySecretArn: { secretArn: Arn.secret(account, "apikey", name) },
          apiKeySecretSource: "MANAGED",
          name,
          credentialProviderArn: Arn.apiKeyProvider(account, name)
        }
      })
    }

    return {
      controlPlane,
      workload,
      oauth2Provider: find(oauth2Providers, "Oauth2CredentialProvider"),
      apiKey: find(apiKeys, "ApiKeyCredentialProvider")
    }
  })
