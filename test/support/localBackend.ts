/** Shared by the tests of the local backend: a workload, a provider, and the steps of a consent. */
import { assert } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { LocalControl } from "effect-agentcore-identity/local/LocalControl"
import type { CreateOauth2CredentialProviderRequest } from "effect-agentcore-identity/Models"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { BrowserResponse } from "../../src/local/backend/backendModels.js"
import * as LocalBackend from "../../src/local/backend/localBackend.js"
import * as Control from "../../src/local/control/control.js"
import * as OAuthHttp from "../../src/local/oauth/http.js"
import * as OAuthClient from "../../src/local/oauth/oauthClient.js"
import * as Scripted from "../../src/local/oauth/scripted.js"
import * as ConsoleRoutes from "../../src/local/server/consoleRoutes.js"
import * as LocalServer from "../../src/local/server/localServer.js"
import { VaultFileError } from "../../src/local/vault/openVault.js"
import * as VaultFile from "../../src/local/vault/vaultFile.js"
import * as VaultStore from "../../src/local/vault/vaultStore.js"

export {
  BrowserResponse,
  ConsoleRoutes,
  Control,
  LocalBackend,
  LocalServer,
  OAuthClient,
  OAuthHttp,
  Scripted,
  VaultFile,
  VaultFileError,
  VaultStore
}

export const returnUrl = "https://agent.example.com/consent?tab=1"

export const memory = Layer.fresh(VaultStore.layerMemory)

const backendOver = (oauth: Layer.Layer<OAuthClient.OAuthClient>, options: Control.Options) =>
  // The store in memory does not fail, and there is no setup.
  Layer.orDie(Control.layer(options).pipe(Layer.provide([memory, oauth])))

export const backend = (scripted: Scripted.Options = {}, options: Control.Options = {}) =>
  backendOver(Scripted.layer(scripted), options)

export const backendOverHttp = (options: Control.Options = {}) => backendOver(OAuthHttp.layer, options)

export const serverOverHttp = (options: LocalServer.Options = {}) =>
  LocalServer.layer(options).pipe(Layer.provide([memory, OAuthHttp.layer]))

/** A server over HTTP, with a scripted authorization server. */
export const scriptedServer = (options: LocalServer.Options = {}, scripted: Scripted.Options = {}) =>
  LocalServer.layer(options).pipe(Layer.provide([memory, Scripted.layer(scripted)]))

type CustomConfig = Partial<
  Extract<
    CreateOauth2CredentialProviderRequest,
    { readonly credentialProviderVendor: "CustomOauth2" }
  >["oauth2ProviderConfigInput"]["customOauth2ProviderConfig"]
>

const customRequest = (name: string, config: CustomConfig) => ({
  name,
  credentialProviderVendor: "CustomOauth2" as const,
  oauth2ProviderConfigInput: {
    customOauth2ProviderConfig: {
      oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
      clientId: name,
      clientSecret: Redacted.make("secret-of-the-client"),
      ...config
      // A partial configuration of a union has no single type.
    } as never
  }
})

/** A provider exchanges the tokens of users, without an actor. */
export const tokenExchange = {
  onBehalfOfTokenExchangeConfig: {
    grantType: "TOKEN_EXCHANGE",
    tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
  }
} as const

export const createProvider = (name: string, config: CustomConfig = {}) =>
  Effect.flatMap(
    ControlPlane.ControlPlane,
    (controlPlane) => controlPlane.createOauth2CredentialProvider(customRequest(name, config))
  )

export const updateProvider = (name: string, config: CustomConfig) =>
  Effect.flatMap(
    ControlPlane.ControlPlane,
    (controlPlane) => controlPlane.updateOauth2CredentialProvider(customRequest(name, config))
  )

/** The configuration in the service's responses. */
export const output = (name: string) =>
  Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.getOauth2CredentialProvider({ name })).pipe(
    Effect.map(({ oauth2ProviderConfigOutput }) => oauth2ProviderConfigOutput?.customOauth2ProviderConfig ?? {})
  )

export const createWorkload = (name = "agent", urls: ReadonlyArray<string> = [returnUrl]) =>
  Effect.flatMap(
    ControlPlane.ControlPlane,
    (controlPlane) => controlPlane.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: urls })
  )

export const setup = Effect.andThen(createWorkload("agent"), createProvider("calendar"))

export const tokenFor = (userId: string, workloadName = "agent") =>
  Effect.flatMap(DataPlane.DataPlane, (plane) => plane.getWorkloadAccessTokenForUserId({ workloadName, userId })).pipe(
    Effect.map(({ workloadAccessToken }) => workloadAccessToken)
  )

export type TokenRequest = Partial<Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>>

export const ask = (workloadIdentityToken: Redacted.Redacted, request: TokenRequest = {}) =>
  Effect.flatMap(DataPlane.DataPlane, (plane) =>
    plane.getResourceOauth2Token({
      workloadIdentityToken,
      resourceCredentialProviderName: "calendar",
      scopes: ["read"],
      oauth2Flow: "USER_FEDERATION",
      resourceOauth2ReturnUrl: returnUrl,
      ...request
    }))

export const consent = (token: Redacted.Redacted, request: TokenRequest = {}) =>
  Effect.flatMap(
    ask(token, request),
    (response) =>
      response._tag === "ConsentRequired"
        ? Effect.succeed(response)
        : Effect.die(new Error(`no consent required: ${response._tag}`))
  )

export const accessToken = (response: DataPlane.TokenResponse): string =>
  response._tag === "Issued" ? Redacted.value(response.accessToken) : assert.fail(`no token: ${response._tag}`)

export const issued = (token: Redacted.Redacted, request: TokenRequest = {}) =>
  Effect.map(ask(token, request), accessToken)

/** Consents, completes the session, and requests the token again. */
export const obtain = (token: Redacted.Redacted, request: TokenRequest = {}) =>
  Effect.gen(function*() {
    const { consents } = yield* LocalControl
    const { sessionUri } = yield* consent(token, request)
    yield* consents.approve(sessionUri)
    return yield* issued(token, { ...request, forceAuthentication: undefined, sessionUri })
  })

export const complete = (
  sessionUri: Redacted.Redacted,
  userIdentifier: Operation.Request<typeof DataPlane.operations.completeResourceTokenAuth>["userIdentifier"]
) => Effect.flatMap(DataPlane.DataPlane, (plane) => plane.completeResourceTokenAuth({ sessionUri, userIdentifier }))

export const redirected = (response: BrowserResponse): URL =>
  response._tag === "Redirect" ? new URL(Redacted.value(response.url)) : assert.fail(`no redirect: ${response._tag}`)

/** Opens the authorization URL, as a browser does. */
export const authorize = (sessionUri: Redacted.Redacted) =>
  Effect.map(Effect.flatMap(LocalBackend.LocalBackend, (local) => local.authorize(sessionUri)), redirected)

/** Returns from the authorization server with a response. */
export const callback = (authorizationUrl: URL, response: Record<string, string>, callbackId?: string) =>
  Effect.flatMap(LocalBackend.LocalBackend, (local) => {
    const url = new URL(authorizationUrl.searchParams.get("redirect_uri") ?? "")
    url.search = String(new URLSearchParams({ state: authorizationUrl.searchParams.get("state") ?? "", ...response }))
    return local.callback(callbackId ?? url.pathname.split("/").at(-1) ?? "", Redacted.make(url.href))
  })

export const jwt = (claims: Record<string, unknown>) => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  return Redacted.make(`${part({ alg: "RS256" })}.${part(claims)}.c2ln`)
}
