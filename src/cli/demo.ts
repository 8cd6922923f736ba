/**
 * `agentcore-identity demo`: an agent obtains three credentials and uses them, against a local AgentCore Identity
 * server or against AWS.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import * as Consent from "../Consent.js"
import type { ControlPlane } from "../ControlPlane.js"
import * as CredentialProvider from "../CredentialProvider.js"
import type { DataPlane } from "../DataPlane.js"
import * as Connect from "../http/Connect.js"
import * as VendorAccount from "../http/VendorAccount.js"
import { Identity } from "../Identity.js"
import { randomSecret } from "../internal/sealing.js"
import * as AuthorizationServer from "../local/AuthorizationServer.js"
import * as LocalServer from "../local/LocalServer.js"
import * as OAuthClient from "../local/OAuthClient.js"
import { createServer } from "../local/server/nodeServer.js"
import * as PendingConsents from "../PendingConsents.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import { declare } from "./credentialFlags.js"
import * as ProtectedApi from "./protectedApi.js"
import * as Screen from "./screen.js"
import { isInteractive } from "./terminal.js"

const screen = Screen.make(process.stdout, isInteractive())

// -----------------------------------------------------------------------------
// The agent: a program that needs three credentials, on this machine or at AWS
// -----------------------------------------------------------------------------

/** Declares the credentials in a function, because the names of their providers are settings. */
const declareCredentials = (
  { apiKeyProvider, machineProvider, userProvider }: Pick<
    AwsSettings,
    "machineProvider" | "userProvider" | "apiKeyProvider"
  >
) => ({
  Reports: AccessToken.Tag<"Reports">()("demo/Reports", {
    provider: machineProvider,
    flow: "M2M",
    scopes: ["reports:read"]
  }),
  Profile: AccessToken.Tag<"Profile">()("demo/Profile", {
    provider: userProvider,
    flow: "USER_FEDERATION",
    scopes: ["openid", "profile:read"]
  }),
  Quota: ApiKey.Tag<"Quota">()("demo/Quota", { provider: apiKeyProvider })
})

type Credentials = ReturnType<typeof declareCredentials>

const Caller = Schema.Struct({ subject: Schema.String, kind: Schema.String, scopes: Schema.Array(Schema.String) })

const Reports = Schema.Struct({ caller: Caller, reports: Schema.Array(Schema.Unknown) })

const Quota = Schema.Struct({ owner: Schema.String, limit: Schema.Number, remaining: Schema.Number })

/** Calls the API with each credential, and prints what it returns about its caller. */
const report = (apiUrl: string, credentials: Credentials) =>
  Effect.gen(function*() {
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const get = <A, I>(
      path: string,
      schema: Schema.Codec<A, I>,
      authenticate: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    ) =>
      client.execute(authenticate(HttpClientRequest.get(`${apiUrl}${path}`))).pipe(
        Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
        Effect.scoped
      )
    const agent = yield* get("/reports", Reports, HttpClientRequest.bearerToken(yield* credentials.Reports))
    const user = yield* get("/me", Caller, HttpClientRequest.bearerToken(yield* credentials.Profile))
    const quota = yield* get(
      "/quota",
      Quota,
      HttpClientRequest.setHeader(ProtectedApi.apiKeyHeader, Redacted.value(yield* credentials.Quota))
    )
    const describe = ({ kind, scopes }: typeof Caller.Type) => `a ${kind} with ${scopes.join(" ")}`
    yield* screen.title("The callers, as the API sees them")
    yield* screen.step(agent.caller.subject, `${describe(agent.caller)}: ${agent.reports.length} reports`)
    yield* screen.step(user.subject, describe(user))
    yield* screen.step(quota.owner, `an API key: ${quota.remaining} of ${quota.limit} calls left`)
  })

// -----------------------------------------------------------------------------
// The user, who decides about the consent
// -----------------------------------------------------------------------------

class ConsentPageFailed extends Data.TaggedError("ConsentPageFailed")<{ readonly message: string }> {}

type Show = Connect.HandlerOptions<ConsentPageFailed, HttpClient.HttpClient>["show"]

const showLink = (user: string): Show => (link) =>
  screen.text(`\n  Open this page to connect the account of ${user}:\n\n  ${link}\n`)

/** The page of a link, and the response to its button, as JSON. */
const LinkPage = HttpClientResponse.schemaBodyJson(Schema.Struct({ token: Schema.String }))
const StartedPage = HttpClientResponse.schemaBodyJson(Schema.Struct({ authorizationUrl: Schema.String }))

/**
 * Presses the button of the page, and follows the redirects to the return URL. The authorization server decides for the
 * user, and shows no page.
 */
const decide = (user: string, decision: "allow" | "deny"): Show => (link) =>
  screen.waiting(
    `${user} decides without a browser (${decision})`,
    Effect.gen(function*() {
      const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
      const { token } = yield* Effect.flatMap(
        client.execute(HttpClientRequest.acceptJson(HttpClientRequest.get(link))),
        LinkPage
      )
      const button = HttpClientRequest.post(link).pipe(
        HttpClientRequest.acceptJson,
        HttpClientRequest.setHeader("origin", new URL(link).origin),
        HttpClientRequest.bodyJsonUnsafe({ action: "connect", token })
      )
      const { authorizationUrl } = yield* Effect.flatMap(client.execute(button), StartedPage)
      yield* client.get(authorizationUrl)
    }).pipe(
      Effect.scoped,
      Effect.timeout("30 seconds"),
      // The error may contain the authorization URL, which is secret.
      Effect.mapError(({ _tag }) => new ConsentPageFailed({ message: `The user could not consent: ${_tag}` }))
    )
  )

// -----------------------------------------------------------------------------
// The run: the same on this machine and at AWS
// -----------------------------------------------------------------------------

interface Setting extends Pick<AwsSettings, "workload" | "user" | "apiUrl"> {
  /** The demo serves this URL of this machine. */
  readonly returnUrl: URL
  readonly credentials: Credentials
  /** What is asked of the vendor. Default: nothing. */
  readonly account?: Connect.AccountOptions
  /** Shows the link. Default: the program fails if the user has to consent. */
  readonly show: Show | undefined
}

/** Wraps an `Identity`: prints and records the source of each credential, and the time that it took. */
const record = (identity: Identity["Service"], rows: Array<ReadonlyArray<string>>, describeUser: () => string) => {
  const measure = <A, E, R>(provider: string, flow: string, describe: () => string, obtain: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Effect.timed(obtain), ([duration, credential]) => {
      rows.push([provider, flow, describe(), Screen.seconds(Duration.toMillis(duration))])
      return Effect.as(screen.step(provider, `${flow}, ${describe()}`), credential)
    })
  return Identity.of({
    ...identity,
    getAccessToken: (subject, options) => {
      const { flow, provider } = "request" in subject ? subject.request : subject
      const describe = flow === "M2M" ? () => "client credentials of the agent" : describeUser
      return measure(provider, flow, describe, identity.getAccessToken(subject, options))
    },
    getApiKey: (subject) => {
      const { provider } = "request" in subject ? subject.request : subject
      return measure(provider, "API key", () => "token vault", identity.getApiKey(subject))
    }
  })
}

/** Shows the link, and a spinner while the program waits. */
const askUser = (userId: string, show: Show) => {
  const handler = Connect.handler({ user: { userId }, show })
  return {
    ...handler,
    wait: (wait) => screen.waiting("waiting for the user's consent", handler.wait(wait))
  } satisfies typeof handler
}

/** The page of the link, and the return URL. */
const servePages = (
  { account, credentials, returnUrl, user: userId, workload }: Setting,
  otherRoutes: Layer.Layer<never, never, HttpRouter.HttpRouter>
) => {
  // The path of a URL starts with a slash.
  const path = returnUrl.pathname.replace(/\/return$/, "") as HttpRouter.PathInput
  const pages = Connect.layer({
    path,
    origin: returnUrl.origin,
    workload,
    credentials: { profile: credentials.Profile },
    accounts: { profile: account },
    appearance: { name: workload },
    // The demo has one user, on their own machine.
    currentUser: Effect.succeed({ userId })
  })
  return HttpRouter.serve(Layer.provideMerge(otherRoutes, pages), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(Connect.layerRedaction(path))
  )
}

/** Runs the agent with an `Identity`, and serves its return URL. */
const run = (
  setting: Setting,
  identity: Layer.Layer<Identity | DataPlane | ControlPlane, Config.ConfigError>,
  otherRoutes: Layer.Layer<never, never, HttpRouter.HttpRouter> = Layer.empty
) => {
  const { apiUrl, credentials, returnUrl, show, user: userId, workload } = setting
  const rows: Array<ReadonlyArray<string>> = [["Credential", "Flow", "How it was obtained", "Time"]]
  let consented = false
  const describeUser = () => consented ? "authorization code + PKCE, user's consent" : "token vault, no consent needed"
  const consent = show && askUser(userId, (link) => {
    consented = true
    return show(link)
  })
  return report(apiUrl, credentials).pipe(
    AccessToken.withAccessToken(credentials.Reports),
    AccessToken.withAccessToken(credentials.Profile, { consent }),
    ApiKey.withApiKey(credentials.Quota),
    Effect.andThen(Effect.suspend(() => screen.table(rows))),
    Effect.catchTag("AuthorizationFailed", (error) =>
      Effect.andThen(
        screen.failed(error.provider, error._tag),
        screen.text(`\nThe program caught ${error._tag} by its tag: ${error.message}.\n`)
      )),
    (program) => Effect.andThen(screen.title("The program `report` needs three credentials"), program),
    Effect.provideServiceEffect(Identity, Effect.map(Identity, (identity) => record(identity, rows, describeUser))),
    Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user: { userId } })),
    Effect.provide(servePages(setting, otherRoutes)),
    Effect.provide(Layer.mergeAll(PendingConsents.layerMemory, FetchHttpClient.layer)),
    Effect.provideService(Consent.ReturnUrl, Option.some(returnUrl.href)),
    Effect.provide(identity)
  )
}

const listen = (host: string, port: number) => NodeHttpServer.layer(createServer, { host, port })

// -----------------------------------------------------------------------------
// On this machine
// -----------------------------------------------------------------------------

/** In this order: the second one needs the server of the first, which stops when its shell exits. */
const next = [
  ["A shell with a server:", "local --authorization-server --exec -- bash"],
  ["In that shell, its console:", "console"],
  ["All commands:", "--help"]
] as const

/** `ask`: the user decides in a browser. Otherwise the authorization server decides for the user. */
export const onThisMachine = (mode: "ask" | "allow" | "deny") => {
  const user = "alice"
  const workload = "report-agent"
  return Effect.gen(function*() {
    yield* screen.title("AgentCore Identity on this machine, without AWS")
    const oauth = yield* AuthorizationServer.AuthorizationServer
    yield* screen.step("authorization server", oauth.issuer)
    const local = yield* LocalServer.LocalServer
    yield* screen.step("AgentCore Identity", local.url)
    const apiUrl = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* screen.step("protected API", apiUrl)

    const returnUrl = new URL("/connect/return", apiUrl)
    const providers = { machineProvider: "reports-oauth", userProvider: "profile-oauth", apiKeyProvider: "quota-key" }
    const client = { clientId: "report-agent", clientSecret: yield* randomSecret }
    const key = yield* randomSecret
    const identity = AwsIdentity.layer({
      region: "us-west-2",
      endpoint: local.url,
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") }
    })

    yield* oauth.registerClient({
      ...client,
      name: "Report agent",
      redirectUris: [`${local.url}/identities/oauth2/callback/*`],
      scopes: ["reports:read", "openid", "profile:read"]
    })
    const setUp = Effect.gen(function*() {
      yield* WorkloadIdentity.ensure({ name: workload, returnUrls: [returnUrl.href] })
      yield* screen.step("workload identity", workload)
      for (const name of [providers.machineProvider, providers.userProvider]) {
        yield* CredentialProvider.ensure(CredentialProvider.custom({ name, discovery: oauth.discoveryUrl, ...client }))
        yield* screen.step("OAuth2 credential provider", name)
      }
      yield* CredentialProvider.ensure(CredentialProvider.apiKey({ name: providers.apiKeyProvider, apiKey: key }))
      yield* screen.step("API-key credential provider", providers.apiKeyProvider)
    })
    yield* Effect.provide(setUp, identity)

    const show = mode === "ask" ? showLink(user) : decide(user, mode)
    const account: Connect.AccountOptions = {
      ...VendorAccount.openId({ discoveryUrl: oauth.discoveryUrl }),
      expect: ({ userId }, { label }) => label === userId
    }
    const api = ProtectedApi.layer({
      issuer: oauth.issuer,
      jwksUri: oauth.jwksUri,
      audience: oauth.audience,
      apiKeys: [{ owner: workload, key }]
    })
    const credentials = declareCredentials(providers)
    yield* run({ workload, user, apiUrl, returnUrl, credentials, account, show }, identity, api)
    const lines = next.map(([what, command]) => `  ${what.padEnd(28)} npx effect-agentcore-identity ${command}`)
    yield* screen.text(["What to try next:", "", ...lines, ""].join("\n"))
  }).pipe(Effect.provide(Layer.mergeAll(
    AuthorizationServer.layer({ consent: mode === "ask" ? undefined : { user, decision: mode } }),
    Layer.provide(LocalServer.layer(), OAuthClient.layer),
    listen("127.0.0.1", 0)
  )))
}

// -----------------------------------------------------------------------------
// At AWS
// -----------------------------------------------------------------------------

export type AwsSettings = Readonly<
  Record<"workload" | "user" | "machineProvider" | "userProvider" | "apiKeyProvider" | "returnUrl" | "apiUrl", string>
>

export class InvalidReturnUrl extends Data.TaggedError("InvalidReturnUrl")<{ readonly message: string }> {}

/** The demo serves the URL itself. */
const parseReturnUrl = (text: string): Effect.Effect<URL, InvalidReturnUrl> => {
  const url = URL.parse(text)
  const isHere = url?.protocol === "http:" && ["127.0.0.1", "localhost"].includes(url.hostname) && url.port !== ""
  return isHere && /.\/return$/.test(url.pathname)
    ? Effect.succeed(url)
    : new InvalidReturnUrl({
      message:
        "--return-url has to be an http URL of this machine with a port and a path that ends in /return, such as "
        + "http://127.0.0.1:8765/connect/return. Register it on the workload identity"
    })
}

export const atAws = (settings: AwsSettings) =>
  Effect.gen(function*() {
    const returnUrl = yield* parseReturnUrl(settings.returnUrl)
    const credentials = yield* declare(() => declareCredentials(settings))
    yield* screen.title("AgentCore Identity at AWS")
    yield* run({
      ...settings,
      apiUrl: settings.apiUrl.replace(/\/$/, ""),
      returnUrl,
      credentials,
      // Without a terminal, no one reads the link.
      show: isInteractive() ? showLink(settings.user) : undefined
    }, AwsIdentity.layer()).pipe(Effect.provide(listen(returnUrl.hostname, Number(returnUrl.port))))
  })
