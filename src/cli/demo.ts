/**
 * `agentcore-identity demo`: an agent obtains three credentials and spends them, against a local AgentCore Identity server or
 * against AWS.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type * as ConfigError from "effect/ConfigError"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { randomBytes } from "node:crypto"
import * as SimulatedUser from "../../test/simulatedUser.js"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import * as Consent from "../Consent.js"
import * as ControlPlane from "../ControlPlane.js"
import type { DataPlane } from "../DataPlane.js"
import * as ConsentCallback from "../http/ConsentCallback.js"
import type { Identity } from "../Identity.js"
import type { RequiresUserConsent } from "../IdentityError.js"
import * as AuthorizationServer from "../local/AuthorizationServer.js"
import * as LocalServer from "../local/LocalServer.js"
import * as OAuthClient from "../local/OAuthClient.js"
import { createServer } from "../local/server/nodeServer.js"
import * as PendingConsents from "../PendingConsents.js"
import * as TokenPoller from "../TokenPoller.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import type { AwsSettings } from "./demoSettings.js"
import * as Ledger from "./ledger.js"
import * as ProtectedApi from "./protectedApi.js"
import * as Report from "./report.js"
import * as Screen from "./screen.js"

// -----------------------------------------------------------------------------
// The agent: the same on a laptop and at AWS
// -----------------------------------------------------------------------------

/** Where the agent finds what it works with. */
interface Setting {
  readonly workload: string
  readonly user: string
  readonly apiUrl: string
  readonly returnUrl: URL
  readonly providers: Report.Providers
}

/** Shows the consent page to a user, or to a simulated one. */
type Show = Consent.ConsentHandler<SimulatedUser.SimulatedUserError | RequiresUserConsent, Screen.Screen>

const agent = (setting: Setting, show: Show) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const user = { userId: setting.user }
    const poller = yield* TokenPoller.TokenPoller
    const visibly = TokenPoller.make((wait) => screen.waiting("waiting for the user's consent", poller(wait)))

    yield* screen.title("The program `report` needs three credentials")
    yield* Report.report(setting.apiUrl).pipe(
      Report.withCredentials(setting.providers, PendingConsents.handler({ user, show })),
      Effect.flatMap(summary),
      Effect.catchTag("AuthorizationFailed", (error) =>
        Effect.zipRight(
          screen.failed(error.provider, error._tag),
          screen.text(`\nThe program caught ${error._tag} by its tag: ${error.message}.\n`)
        )),
      Effect.provideService(Consent.ReturnUrl, Option.some(setting.returnUrl.href)),
      Effect.provideService(TokenPoller.TokenPoller, visibly),
      Effect.provide(WorkloadAccessToken.layerWorkload({ name: setting.workload, user }))
    )
  }).pipe(Effect.provide(Ledger.layer))

const summary = (report: Report.Report) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const ledger = yield* Ledger.Ledger
    yield* screen.title("What the API says about its callers")
    yield* screen.step(
      report.agent.caller.subject,
      `a ${report.agent.caller.kind} with ${
        report.agent.caller.scopes.join(" ")
      }: ${report.agent.reports.length} reports`
    )
    yield* screen.step(report.user.subject, `a ${report.user.kind} with ${report.user.scopes.join(" ")}`)
    yield* screen.step(report.quota.owner, `an API key: ${report.quota.remaining} of ${report.quota.limit} calls left`)
    yield* screen.table([
      ["Credential", "Flow", "How it was obtained", "Time"],
      ...(yield* ledger.entries).map((entry) => [entry.provider, entry.flow, entry.how, Screen.seconds(entry.millis)])
    ])
  })

type Planes = Layer.Layer<Identity | DataPlane | ControlPlane.ControlPlane, ConfigError.ConfigError>

/** The agent over one `Identity`, with the page that its user comes back to. */
const run = (
  setting: Setting,
  identity: Planes,
  show: Show,
  otherRoutes: Layer.Layer<never, never, HttpLayerRouter.HttpRouter> = Layer.empty
) => {
  // A URL's path starts with a slash.
  const path = setting.returnUrl.pathname as HttpLayerRouter.PathInput
  const callback = ConsentCallback.layer({
    path,
    // One person on his own machine: who opens the page is who asked.
    currentUser: Effect.succeed({ userId: setting.user }),
    poll: Schedule.spaced("500 millis")
  })
  const server = HttpLayerRouter.serve(Layer.merge(callback, otherRoutes), {
    disableLogger: true,
    disableListenLog: true
  }).pipe(Layer.provide(ConsentCallback.layerRedaction(path)))
  return agent(setting, show).pipe(
    Effect.provide(server),
    Effect.provide(Layer.mergeAll(PendingConsents.layerMemory, FetchHttpClient.layer)),
    Effect.provide(identity)
  )
}

const listen = (address: { readonly host: string; readonly port: number }) =>
  NodeHttpServer.layer(createServer, address)

// -----------------------------------------------------------------------------
// The user
// -----------------------------------------------------------------------------

/**
 * How the demo meets its user.
 *
 * @internal
 */
export type UserMode = "ask" | "allow" | "deny"

const ask: Show = (session) =>
  Effect.flatMap(Screen.Screen, (screen) =>
    screen.text(
      `\n  Open this page to give '${session.provider}' your consent (any user name will do):\n\n  ${
        Redacted.value(session.authorizationUrl)
      }\n`
    ))

const simulate = (userName: string, decision: "allow" | "deny"): Show => (session) =>
  Effect.flatMap(Screen.Screen, (screen) =>
    screen.waiting(
      `a simulated user, ${userName}, opens the consent page (${decision})`,
      SimulatedUser.consent({ authorizationUrl: session.authorizationUrl, userName, decision })
    ))

// -----------------------------------------------------------------------------
// On this machine
// -----------------------------------------------------------------------------

const secret = Effect.sync(() => Redacted.make(randomBytes(32).toString("base64url")))

const setUp = (
  setting: Setting,
  oauth: { readonly discoveryUrl: string; readonly clientId: string; readonly clientSecret: Redacted.Redacted },
  apiKey: Redacted.Redacted
) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const controlPlane = yield* ControlPlane.ControlPlane
    yield* controlPlane.createWorkloadIdentity({
      name: setting.workload,
      allowedResourceOauth2ReturnUrls: [setting.returnUrl.href]
    })
    yield* screen.step("workload identity", setting.workload)
    for (const name of [setting.providers.machine, setting.providers.user]) {
      yield* controlPlane.createOauth2CredentialProvider({
        name,
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl: oauth.discoveryUrl },
            clientId: oauth.clientId,
            clientSecret: oauth.clientSecret
          }
        }
      })
      yield* screen.step("OAuth2 credential provider", name)
    }
    yield* controlPlane.createApiKeyCredentialProvider({ name: setting.providers.apiKey, apiKey })
    yield* screen.step("API-key credential provider", setting.providers.apiKey)
  })

const callbackPath = "/identities/oauth2/callback/*"

/** @internal */
export const onThisMachine = (mode: UserMode) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    yield* screen.title("AgentCore Identity on this machine, without AWS")
    const authorizationServer = yield* AuthorizationServer.AuthorizationServer
    yield* screen.step("authorization server", authorizationServer.issuer)
    const local = yield* LocalServer.LocalServer
    yield* screen.step("AgentCore Identity", local.url)
    const apiUrl = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* screen.step("protected API", apiUrl)

    const setting: Setting = {
      workload: "report-agent",
      user: "alice",
      apiUrl,
      returnUrl: new URL("/consent", apiUrl),
      providers: {
        machine: "reports-oauth",
        user: "profile-oauth",
        apiKey: "quota-key",
        machineScopes: [ProtectedApi.defaultReportsScope],
        userScopes: ["openid", "profile:read"]
      }
    }
    const clientId = "report-agent"
    const clientSecret = yield* secret
    yield* authorizationServer.registerClient({
      clientId,
      clientSecret,
      name: "Report agent",
      redirectUris: [`${local.url}${callbackPath}`],
      scopes: [...setting.providers.machineScopes, ...setting.providers.userScopes]
    })
    const key = yield* secret
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
    yield* setUp(setting, { discoveryUrl: authorizationServer.discoveryUrl, clientId, clientSecret }, key).pipe(
      Effect.provide(identity)
    )
    yield* run(setting, identity, mode === "ask" ? ask : simulate(setting.user, mode), api)
  }).pipe(Effect.provide(Layer.mergeAll(
    AuthorizationServer.layer(),
    Layer.provide(LocalServer.layer(), OAuthClient.layer),
    listen({ host: "127.0.0.1", port: 0 })
  )))

// -----------------------------------------------------------------------------
// At AWS
// -----------------------------------------------------------------------------

/** @internal */
export class InvalidReturnUrl extends Data.TaggedError("InvalidReturnUrl")<{ readonly problem: string }> {
  override get message() {
    return `--return-url ${this.problem}: it is registered on the workload identity and served by this program, `
      + "as in http://127.0.0.1:8765/consent"
  }
}

const localReturnUrl = (text: string): Effect.Effect<URL, InvalidReturnUrl> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const problem = url === undefined
    ? "is not a URL"
    : url.protocol !== "http:" || !["127.0.0.1", "localhost"].includes(url.hostname)
    ? "is not an http URL of this machine"
    : url.port === ""
    ? "has no port"
    : undefined
  return url === undefined || problem !== undefined
    ? Effect.fail(new InvalidReturnUrl({ problem: problem ?? "is not a URL" }))
    : Effect.succeed(url)
}

/** @internal */
export const atAws = (given: AwsSettings) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const returnUrl = yield* localReturnUrl(given.returnUrl)
    const setting: Setting = {
      workload: given.workload,
      user: given.user,
      apiUrl: given.apiUrl.replace(/\/$/, ""),
      returnUrl,
      providers: {
        machine: given.machineProvider,
        user: given.userProvider,
        apiKey: given.apiKeyProvider,
        machineScopes: [ProtectedApi.defaultReportsScope],
        userScopes: ["openid", "profile:read"]
      }
    }
    yield* screen.title("AgentCore Identity at AWS")
    // The URL is for the person at the terminal; a log is read by others.
    yield* run(setting, AwsIdentity.layer(), screen.interactive ? ask : Consent.fail).pipe(
      Effect.provide(listen({ host: returnUrl.hostname, port: Number(returnUrl.port) }))
    )
  })
