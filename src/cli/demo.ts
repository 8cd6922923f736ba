/**
 * `agentcore-identity demo`: an agent obtains three credentials and uses them, against a local AgentCore Identity
 * server or against AWS.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import * as Consent from "../Consent.js"
import * as ControlPlane from "../ControlPlane.js"
import type { ValidationException } from "../IdentityError.js"
import * as AuthorizationServer from "../local/AuthorizationServer.js"
import { randomSecret } from "../local/internal/randomSecret.js"
import * as LocalServer from "../local/LocalServer.js"
import * as OAuthClient from "../local/OAuthClient.js"
import { createServer } from "../local/server/nodeServer.js"
import * as Agent from "./agent.js"
import type { AwsSettings } from "./demoSettings.js"
import * as DemoUser from "./demoUser.js"
import * as ProtectedApi from "./protectedApi.js"
import * as Report from "./report.js"
import * as Screen from "./screen.js"

const listen = (address: { readonly host: string; readonly port: number }) =>
  NodeHttpServer.layer(createServer, address)

// -----------------------------------------------------------------------------
// On this machine
// -----------------------------------------------------------------------------

const createResources = (
  setting: Agent.Setting,
  oauth: { readonly discoveryUrl: string; readonly clientId: string; readonly clientSecret: Redacted.Redacted },
  apiKey: Redacted.Redacted
) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const controlPlane = yield* ControlPlane.ControlPlane
    const { Profile, Quota, Reports } = setting.credentials
    yield* controlPlane.createWorkloadIdentity({
      name: setting.workload,
      allowedResourceOauth2ReturnUrls: [setting.returnUrl.href]
    })
    yield* screen.step("workload identity", setting.workload)
    for (const { provider } of [Reports.request, Profile.request]) {
      yield* controlPlane.createOauth2CredentialProvider({
        name: provider,
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl: oauth.discoveryUrl },
            clientId: oauth.clientId,
            clientSecret: oauth.clientSecret
          }
        }
      })
      yield* screen.step("OAuth2 credential provider", provider)
    }
    yield* controlPlane.createApiKeyCredentialProvider({ name: Quota.request.provider, apiKey })
    yield* screen.step("API-key credential provider", Quota.request.provider)
  })

const userName = "alice"

export const onThisMachine = (mode: DemoUser.Mode) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    yield* screen.title("AgentCore Identity on this machine, without AWS")
    const authorizationServer = yield* AuthorizationServer.AuthorizationServer
    yield* screen.step("authorization server", authorizationServer.issuer)
    const local = yield* LocalServer.LocalServer
    yield* screen.step("AgentCore Identity", local.url)
    const apiUrl = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* screen.step("protected API", apiUrl)

    const setting: Agent.Setting = {
      workload: "report-agent",
      user: userName,
      apiUrl,
      returnUrl: new URL("/consent", apiUrl),
      credentials: Report.declare({ machine: "reports-oauth", user: "profile-oauth", apiKey: "quota-key" })
    }
    const { Profile, Reports } = setting.credentials
    const clientId = "report-agent"
    const clientSecret = yield* randomSecret
    yield* authorizationServer.registerClient({
      clientId,
      clientSecret,
      name: "Report agent",
      redirectUris: [`${local.url}/identities/oauth2/callback/*`],
      scopes: [Reports.request, Profile.request].flatMap(({ scopes = [] }) => scopes)
    })
    const key = yield* randomSecret
    const api = ProtectedApi.layer({
      issuer: authorizationServer.issuer,
      jwksUri: authorizationServer.jwksUri,
      audience: authorizationServer.audience,
      apiKeys: [{ owner: setting.workload, key }]
    })

    const identity = AwsIdentity.layer({
      region: "us-west-2",
      endpoint: local.url,
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") }
    })
    yield* createResources(setting, { discoveryUrl: authorizationServer.discoveryUrl, clientId, clientSecret }, key)
      .pipe(Effect.provide(identity))
    yield* Agent.run(setting, identity, mode === "ask" ? DemoUser.showLink : DemoUser.answer(userName, mode), api)
  }).pipe(Effect.provide(Layer.mergeAll(
    AuthorizationServer.layer({ consent: mode === "ask" ? undefined : { user: userName, decision: mode } }),
    Layer.provide(LocalServer.layer(), OAuthClient.layer),
    listen({ host: "127.0.0.1", port: 0 })
  )))

// -----------------------------------------------------------------------------
// At AWS
// -----------------------------------------------------------------------------

export class InvalidReturnUrl extends Data.TaggedError("InvalidReturnUrl")<{ readonly problem: string }> {
  override get message() {
    return `--return-url ${this.problem}: the workload identity has it registered, and this program serves it, `
      + "as in http://127.0.0.1:8765/consent"
  }
}

const parseReturnUrl = (text: string): Effect.Effect<URL, InvalidReturnUrl> => {
  if (!URL.canParse(text)) return new InvalidReturnUrl({ problem: "is not a URL" })
  const url = new URL(text)
  if (url.protocol !== "http:" || !["127.0.0.1", "localhost"].includes(url.hostname)) {
    return new InvalidReturnUrl({ problem: "is not an http URL of this machine" })
  }
  return url.port === "" ? new InvalidReturnUrl({ problem: "has no port" }) : Effect.succeed(url)
}

export const atAws = (settings: AwsSettings) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const returnUrl = yield* parseReturnUrl(settings.returnUrl)
    const setting: Agent.Setting = {
      workload: settings.workload,
      user: settings.user,
      apiUrl: settings.apiUrl.replace(/\/$/, ""),
      returnUrl,
      credentials: yield* Effect.try({
        try: () =>
          Report.declare({
            machine: settings.machineProvider,
            user: settings.userProvider,
            apiKey: settings.apiKeyProvider
          }),
        // It throws nothing else.
        catch: (error) => error as ValidationException
      })
    }
    yield* screen.title("AgentCore Identity at AWS")
    // Only the person at the terminal may read the URL. Others read logs.
    yield* Agent.run(setting, AwsIdentity.layer(), screen.interactive ? DemoUser.showLink : Consent.fail).pipe(
      Effect.provide(listen({ host: returnUrl.hostname, port: Number(returnUrl.port) }))
    )
  })
