/** Each row of the table of causes: the local server says the sentence for the mistake that the row names. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Causes from "../../src/cli/causes.js"
import * as Calendar from "../support/calendar.js"
import * as Program from "../support/cli.js"
import { json } from "../support/issuer.js"
import { jwt } from "../support/localBackend.js"
import * as Server from "../support/server.js"

beforeAll(Program.build)

const returnUrl = "http://127.0.0.1:8765/consent"

const world = Layer.effectDiscard(Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* Calendar.setUp({ workloads: ["agent", "runtime"], returnUrls: [returnUrl] })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("key") })
})).pipe(
  Layer.provideMerge(Layer.merge(
    LocalIdentity.layer({ settings: { inboundJwt: "decode", serviceLinked: ["runtime"] } }),
    AuthorizationServer.layer()
  ))
)

const client = { clientId: "agent", clientSecret: Redacted.make("a-development-secret") }

const onBehalfOfTokenExchangeConfig = {
  grantType: "TOKEN_EXCHANGE",
  tokenExchangeGrantTypeConfig: { actorTokenContent: "NONE" }
} as const

const create = (name: string, config: object) =>
  ControlPlane.ControlPlane.use((plane) =>
    plane.createOauth2CredentialProvider({
      name,
      credentialProviderVendor: "CustomOauth2",
      // The wrong configurations are strings of the right type.
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: { ...client, ...config } as never }
    })
  )

const metadata = (tokenEndpoint: string) => ({
  oauthDiscovery: {
    authorizationServerMetadata: {
      issuer: "https://login.example.com",
      authorizationEndpoint: "https://login.example.com/authorize",
      tokenEndpoint
    }
  }
})

const discovery = (url: string) => ({ oauthDiscovery: { discoveryUrl: `${url}/.well-known/openid-configuration` } })

type Flow = Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>["oauth2Flow"]

const getToken = (
  provider: string,
  oauth2Flow: Flow,
  more: Partial<Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>> = {}
) =>
  Effect.gen(function*() {
    const dataPlane = yield* DataPlane.DataPlane
    const { workloadAccessToken } = oauth2Flow === "ON_BEHALF_OF_TOKEN_EXCHANGE"
      ? yield* dataPlane.getWorkloadAccessTokenForJwt({
        workloadName: "agent",
        userToken: jwt({ iss: "https://login.example.com", sub: "alice" })
      })
      : yield* dataPlane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" })
    return yield* dataPlane.getResourceOauth2Token({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: provider,
      scopes: ["profile:read"],
      oauth2Flow,
      ...more
    })
  })

const exchangeAt = (
  tokenEndpoint: string,
  more?: Partial<Operation.Request<typeof DataPlane.operations.getResourceOauth2Token>>
) =>
  Effect.andThen(
    create("exchange", { ...metadata(tokenEndpoint), onBehalfOfTokenExchangeConfig }),
    getToken("exchange", "ON_BEHALF_OF_TOKEN_EXCHANGE", more)
  )

const getWebIdentityToken = (tags: Record<string, string> = {}) =>
  SecurityTokenService.SecurityTokenService.use((sts) =>
    sts.getWebIdentityToken({ audience: ["https://warehouse.example.com"], signingAlgorithm: "ES384", tags })
  )

const withFault = (exception: string) =>
  Effect.andThen(
    LocalControl.LocalControl.use(({ faults }) => faults.add({ operation: "GetWebIdentityToken", exception })),
    getWebIdentityToken()
  )

/** Responds with JSON. Rejects requests for all other paths. */
const server = (routes: Record<string, (url: string) => unknown>) =>
  Server.serve((request, response) => {
    const body = routes[request.url ?? ""]
    if (body === undefined) response.writeHead(400, { "content-type": "application/json" }).end("{}")
    else json(body)(`http://${request.headers.host}`, response)
  })

const twice = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.andThen(effect, effect)

type World = Layer.Success<typeof world>

/** The mistake of each sentence. */
const mistakes: Readonly<Record<string, Effect.Effect<unknown, unknown, World | Scope.Scope>>> = {
  "Error parsing ClientCredentials response": getToken("calendar", "M2M", { scopes: ["nosuch"] }),
  "Token exchange failed with HTTP status …": Effect.flatMap(server({}), (url) => exchangeAt(`${url}/token`)),
  "Error parsing token exchange response": Effect.flatMap(
    server({ "/token": () => ({}) }),
    (url) => exchangeAt(`${url}/token`)
  ),
  "OnBehalfOfTokenExchangeConfig is required in the OBO flow for OAuth2 credential provider type: …": getToken(
    "calendar",
    "ON_BEHALF_OF_TOKEN_EXCHANGE"
  ),
  "… cannot be present in customParameters for the specified OAuth2 Flow": Effect.flatMap(
    server({ "/token": () => ({}) }),
    (url) => exchangeAt(`${url}/token`, { customParameters: { subject_token: "x" } })
  ),
  "Invalid Discovery URL": Effect.flatMap(
    server({}),
    (url) => Effect.andThen(create("lost", discovery(url)), getToken("lost", "M2M"))
  ),
  "Failed to resolve hostname: …": Effect.andThen(
    create("unresolved", metadata("https://no-such-host.invalid/token")),
    getToken("unresolved", "M2M")
  ),
  "Token endpoint is not a valid URL": Effect.flatMap(
    server({
      "/.well-known/openid-configuration": (url) => ({ issuer: url, token_endpoint: "http://login.example.com/token" })
    }),
    (url) => Effect.andThen(create("insecure", discovery(url)), getToken("insecure", "M2M"))
  ),
  "TokenEndpoint is not a valid URL": create("wrong", metadata("http://login.example.com/token")),
  "DiscoveryUrl is not a valid URL": create("wrong", discovery("http://login.example.com")),
  "Invalid or expired session": Effect.gen(function*() {
    const dataPlane = yield* DataPlane.DataPlane
    const response = yield* getToken("calendar", "USER_FEDERATION", { resourceOauth2ReturnUrl: returnUrl })
    if (response._tag !== "ConsentRequired") return assert.fail(response._tag)
    const { sessionUri } = response
    yield* dataPlane.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "mallory" } })
  }),
  "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow": getToken(
    "calendar",
    "USER_FEDERATION",
    { resourceOauth2ReturnUrl: "http://127.0.0.1:1/other" }
  ),
  "You must provide a ResourceOauth2ReturnUrl to proceed with this flow": getToken("calendar", "USER_FEDERATION"),
  "Workload Identity does not belong to caller account": DataPlane.DataPlane.use((plane) =>
    plane.getWorkloadAccessToken({ workloadName: "my-agnet" })
  ),
  "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller": DataPlane.DataPlane.use((
    plane
  ) => plane.getWorkloadAccessToken({ workloadName: "runtime" })),
  "Access denied when retrieving secret '…'": Effect.gen(function*() {
    const controlPlane = yield* ControlPlane.ControlPlane
    const dataPlane = yield* DataPlane.DataPlane
    yield* controlPlane.createApiKeyCredentialProvider({
      name: "external",
      apiKeySecretSource: "EXTERNAL",
      apiKeySecretConfig: { secretId: "keys", jsonKey: "weather" }
    })
    const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
    yield* dataPlane.getResourceApiKey({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: "external"
    })
  }),
  "Credential provider with name: … already exists": twice(
    create("twice", metadata("https://login.example.com/token"))
  ),
  "WorkloadIdentity with name '…' already exists.": twice(
    ControlPlane.ControlPlane.use((plane) => plane.createWorkloadIdentity({ name: "twice" }))
  ),
  "CredentialProvider not found": ControlPlane.ControlPlane.use((plane) =>
    plane.getOauth2CredentialProvider({ name: "calender" })
  ),
  "ApiKeyCredentialProvider not found for …": ControlPlane.ControlPlane.use((plane) =>
    plane.getApiKeyCredentialProvider({ name: "wether" })
  ),
  "OutboundWebIdentityFederation is disabled.": withFault("OutboundWebIdentityFederationDisabledException"),
  "Requested token expiry time must be before the original session's expiry time.": withFault(
    "SessionDurationEscalationException"
  ),
  "JWT payload exceeds maximum allowed size": getWebIdentityToken(
    Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}`.padEnd(128, "k"), "v".repeat(256)]))
  )
}

describe("the table of causes", () => {
  for (const { cause, check, sentence } of Causes.causes) {
    it.live(`has a sentence that the local server says: ${sentence}`, () =>
      Effect.gen(function*() {
        const mistake = mistakes[sentence] ?? assert.fail(`No test makes the mistake of '${sentence}'`)
        const error = yield* Effect.flip(mistake)
        const message = error instanceof Error ? error.message : assert.fail(String(error))
        assert.strictEqual(Causes.find(message)?.sentence, sentence, message)
        for (const text of [cause, check]) assert.isNotEmpty(text)
      }).pipe(Effect.scoped, Effect.provide(world)))
  }

  it("has a row for no other error", () =>
    assert.isUndefined(Causes.find("The user's token is not accepted: it has expired")))

  it("is the table of the page about troubleshooting", () => {
    const page = readFileSync(new URL("../languages/troubleshooting.md", import.meta.url), "utf8")
    const [, table = ""] = page.split("## Errors of AWS")
    const rows = table.split("\n").filter((line) => line.startsWith("| `")).map((line) =>
      line.slice(2, -2).split(" | ")
    )
    assert.deepStrictEqual(
      rows.map((row) => row.slice(0, 3)),
      Causes.causes.map(({ cause, check, sentence }) => [`\`${sentence}\``, cause, check])
    )
    // The page alone says where each sentence was seen.
    for (const [sentence, , , source] of rows) assert.isNotEmpty(source, sentence)
  })
})

describe("an error of a command", () => {
  it.live("has the reason of the local server, in place of the table", () =>
    Effect.gen(function*() {
      const { controlToken, environment } = yield* LocalIdentity.LocalServer
      const env = {
        ...environment,
        AGENTCORE_WORKLOAD: "agent",
        AGENTCORE_LOCAL_TOKEN: Redacted.value(controlToken)
      }
      const token = yield* Program.run(["token", "calendar", "--flow", "M2M", "--scope", "nosuch"], env)
      assert.match(
        token.stderr,
        /Error parsing ClientCredentials response\nReason: .*requested scope is not allowed: nosuch/
      )
      assert.notInclude(token.stderr, "Cause: ")
      const apiKey = yield* Program.run(["api-key", "wether"], env)
      assert.match(apiKey.stderr, /\nReason: .*did you mean 'weather'\?/)
      const misspelled = yield* Program.run(["token", "calender"], env)
      assert.match(misspelled.stderr, /CredentialProvider not found; did you mean 'calendar'\?\nCause: /)
      const doctor = yield* Program.run(["doctor", "--provider", "calendar", "--flow", "M2M", "--scope", "nosuch"], env)
      assert.match(doctor.stdout, /Error parsing ClientCredentials response\. Reason: .*nosuch/)
    }).pipe(Effect.provide(world)))

  it.live("has cause and check of the table, where the service gives no reason", () =>
    Effect.gen(function*() {
      const { environment } = yield* LocalIdentity.LocalServer
      // Without the token of its control, the server is like AWS.
      const env = { ...environment, AGENTCORE_WORKLOAD: "agent" }
      const token = yield* Program.run(["token", "calendar", "--flow", "M2M", "--scope", "nosuch"], env)
      const [{ cause = "", check = "" } = {}] = Causes.causes
      assert.include(token.stderr, `Error parsing ClientCredentials response\nCause: ${cause}\nCheck: ${check}\n`)
      const folder = yield* Program.temporary
      const file = join(folder, "setup.json")
      writeFileSync(file, JSON.stringify({ workloadIdentities: [{ name: "x" }] }))
      const invalid = yield* Program.run(["setup", "apply", "--yes", file], env)
      assert.notInclude(invalid.stderr, "Cause: ")
    }).pipe(Effect.scoped, Effect.provide(world)))
})
