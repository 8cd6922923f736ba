/** `npx agentcore-identity demo`: an agent obtains three credentials and uses them, on this machine. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
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
import * as CredentialProvider from "../CredentialProvider.js"
import * as Connect from "../http/Connect.js"
import * as VendorAccount from "../http/VendorAccount.js"
import { Identity } from "../Identity.js"
import { randomSecret } from "../internal/sealing.js"
import * as AuthorizationServer from "../local/AuthorizationServer.js"
import * as LocalIdentity from "../local/LocalIdentity.js"
import { createServer } from "../local/server/nodeServer.js"
import * as TestUser from "../local/TestUser.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as WorkloadIdentity from "../WorkloadIdentity.js"
import * as ProtectedApi from "./protectedApi.js"
import * as Screen from "./screen.js"
import { isInteractive } from "./terminal.js"

const screen = Screen.make(process.stdout, isInteractive())

const user = "alice"

const workload = "report-agent"

// -----------------------------------------------------------------------------
// The agent: a program that needs three credentials
// -----------------------------------------------------------------------------

class Reports extends AccessToken.Tag<Reports>()("demo/Reports", {
  provider: "reports-oauth",
  flow: "M2M",
  scopes: ["reports:read"]
}) {}

class Profile extends AccessToken.Tag<Profile>()("demo/Profile", {
  provider: "profile-oauth",
  flow: "USER_FEDERATION",
  scopes: ["openid", "profile:read"]
}) {}

class QuotaKey extends ApiKey.Tag<QuotaKey>()("demo/Quota", { provider: "quota-key" }) {}

const Caller = Schema.Struct({ subject: Schema.String, kind: Schema.String, scopes: Schema.Array(Schema.String) })

const ReportList = Schema.Struct({ caller: Caller, reports: Schema.Array(Schema.Unknown) })

const Quota = Schema.Struct({ owner: Schema.String, limit: Schema.Number, remaining: Schema.Number })

/** Calls the API with each credential, and prints what it returns about its caller. */
const report = (apiUrl: string) =>
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
    const agent = yield* get("/reports", ReportList, HttpClientRequest.bearerToken(yield* Reports))
    const caller = yield* get("/me", Caller, HttpClientRequest.bearerToken(yield* Profile))
    const key = Redacted.value(yield* QuotaKey)
    const quota = yield* get("/quota", Quota, HttpClientRequest.setHeader(ProtectedApi.apiKeyHeader, key))
    const describe = ({ kind, scopes }: typeof Caller.Type) => `a ${kind} with ${scopes.join(" ")}`
    yield* screen.title("The callers, as the API sees them")
    yield* screen.step(agent.caller.subject, `${describe(agent.caller)}: ${agent.reports.length} reports`)
    yield* screen.step(caller.subject, describe(caller))
    yield* screen.step(quota.owner, `an API key: ${quota.remaining} of ${quota.limit} calls left`)
  })

// -----------------------------------------------------------------------------
// The run
// -----------------------------------------------------------------------------

type Show = Parameters<typeof Connect.handler<TestUser.TestUserError, never>>[0]["show"]

/** The user decides in a browser. */
const showLink: Show = (link) => screen.text(`\n  Open this page to connect the account of ${user}:\n\n  ${link}\n`)

/** A simulated user decides on the same pages. */
const decide = (decision: "allow" | "deny"): Show => (link) =>
  screen.waiting(
    `${user} decides without a browser (${decision})`,
    Effect.flatMap(TestUser.make(user), ({ approves, denies }) => (decision === "allow" ? approves : denies)(link))
  )

/** Wraps an `Identity`: prints and records the source of each credential, and the time that it took. */
const record = (identity: Identity["Service"], rows: Array<ReadonlyArray<string>>) => {
  const measure = <A, E, R>(provider: string, flow: string, source: string, obtain: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Effect.timed(obtain), ([duration, credential]) => {
      rows.push([provider, flow, source, Screen.seconds(Duration.toMillis(duration))])
      return Effect.as(screen.step(provider, `${flow}, ${source}`), credential)
    })
  return Identity.of({
    ...identity,
    getAccessToken: (subject, options) => {
      const { flow, provider } = "request" in subject ? subject.request : subject
      const source = flow === "M2M" ? "client credentials of the agent" : "authorization code + PKCE, user's consent"
      return measure(provider, flow, source, identity.getAccessToken(subject, options))
    },
    getApiKey: (subject) => {
      const { provider } = "request" in subject ? subject.request : subject
      return measure(provider, "API key", "token vault", identity.getApiKey(subject))
    }
  })
}

/** Shows the link, and a spinner while the program waits. */
const askUser = (show: Show) => {
  const handler = Connect.handler({ user: { userId: user }, show })
  return {
    ...handler,
    wait: (wait) => screen.waiting("waiting for the user's consent", handler.wait(wait))
  } satisfies typeof handler
}

type Account = NonNullable<NonNullable<Connect.LinkOptions["accounts"]>[string]>

/** Serves the page of the link, the return URL and the API. */
const servePages = (
  origin: string,
  account: Account,
  api: Layer.Layer<never, never, HttpRouter.HttpRouter>
) => {
  const path = "/connect"
  const pages = Connect.layer({
    path,
    origin,
    workload,
    credentials: { profile: Profile },
    accounts: { profile: account },
    appearance: { name: workload },
    // The demo has one user, on their own machine.
    currentUser: Effect.succeed({ userId: user })
  })
  return HttpRouter.serve(Layer.provideMerge(api, pages), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(Connect.layerRedaction(path))
  )
}

/** In this order: the second one needs the server of the first, which stops when its shell exits. */
const next = [
  ["A shell with a server:", "local --authorization-server --exec -- bash"],
  ["In that shell, its console:", "console"],
  ["All commands:", "--help"]
] as const

/** Creates what the program needs, at the authorization server and at AgentCore Identity. */
const setUp = Effect.fnUntraced(function*(returnUrl: string, apiKey: Redacted.Redacted) {
  const oauth = yield* AuthorizationServer.AuthorizationServer
  const { url } = yield* LocalIdentity.LocalServer
  const client = { clientId: workload, clientSecret: yield* randomSecret }
  yield* oauth.registerClient({
    ...client,
    name: "Report agent",
    redirectUris: [`${url}/identities/oauth2/callback/*`],
    scopes: ["reports:read", "openid", "profile:read"]
  })
  yield* WorkloadIdentity.ensure({ name: workload, returnUrls: [returnUrl] })
  yield* screen.step("workload identity", workload)
  for (const { request: { provider: name } } of [Reports, Profile]) {
    yield* CredentialProvider.ensure(CredentialProvider.custom({ name, discovery: oauth.discoveryUrl, ...client }))
    yield* screen.step("OAuth2 credential provider", name)
  }
  const name = QuotaKey.request.provider
  yield* CredentialProvider.ensure(CredentialProvider.apiKey({ name, apiKey }))
  yield* screen.step("API-key credential provider", name)
})

/** Runs the program, and serves its pages and the API. */
const runProgram = Effect.fnUntraced(function*(apiUrl: string, apiKey: Redacted.Redacted, show: Show) {
  const { audience, discoveryUrl, issuer, jwksUri } = yield* AuthorizationServer.AuthorizationServer
  const account: Account = {
    ...VendorAccount.openId({ discoveryUrl }),
    expect: ({ userId }, { label }) => label === userId
  }
  const api = ProtectedApi.layer({ issuer, jwksUri, audience, apiKeys: [{ owner: workload, key: apiKey }] })
  const rows: Array<ReadonlyArray<string>> = [["Credential", "Flow", "How it was obtained", "Time"]]
  yield* screen.title("The program `report` needs three credentials")
  yield* report(apiUrl).pipe(
    AccessToken.withAccessToken(Reports),
    AccessToken.withAccessToken(Profile, { consent: askUser(show) }),
    ApiKey.withApiKey(QuotaKey),
    Effect.andThen(Effect.suspend(() => screen.table(rows))),
    Effect.catchTag("AuthorizationTimedOut", ({ message }) => screen.text(`\n${message}. Start it again.\n`)),
    Effect.catchTag("AuthorizationFailed", (error) =>
      Effect.andThen(
        screen.failed(error.provider, error._tag),
        screen.text(`\nThe program caught ${error._tag} by its tag: ${error.message}.\n`)
      )),
    Effect.provideServiceEffect(Identity, Effect.map(Identity, (identity) => record(identity, rows))),
    Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user: { userId: user } })),
    Effect.provide(servePages(apiUrl, account, api)),
    Effect.provide(FetchHttpClient.layer)
  )
})

/** `ask`: the user decides in a browser. Otherwise a simulated user does. */
export const run = (mode: "ask" | "allow" | "deny") =>
  Effect.gen(function*() {
    yield* screen.title("AgentCore Identity on this machine, without AWS")
    const oauth = yield* AuthorizationServer.AuthorizationServer
    yield* screen.step("authorization server", oauth.issuer)
    const local = yield* LocalIdentity.LocalServer
    yield* screen.step("AgentCore Identity", local.url)
    const apiUrl = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
    yield* screen.step("protected API", apiUrl)

    const key = yield* randomSecret
    const returnUrl = `${apiUrl}/connect/return`
    const identity = AwsIdentity.layer({
      region: "us-west-2",
      endpoint: local.url,
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") }
    })
    const show = mode === "ask" ? showLink : decide(mode)
    yield* Effect.andThen(setUp(returnUrl, key), runProgram(apiUrl, key, show)).pipe(
      Effect.provideService(Consent.ReturnUrl, Option.some(returnUrl)),
      Effect.provide(identity)
    )
    const lines = next.map(([what, command]) => `  ${what.padEnd(28)} npx agentcore-identity ${command}`)
    yield* screen.text(["What to try next:", "", ...lines, ""].join("\n"))
  }).pipe(Effect.provide(Layer.mergeAll(
    AuthorizationServer.layer(),
    LocalIdentity.layerPlanes(),
    NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
  )))
