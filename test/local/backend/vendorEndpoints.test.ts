import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type {
  CreateOauth2CredentialProviderRequest,
  Oauth2ProviderConfigOutput,
  Oauth2Vendor
} from "effect-agentcore-identity/Models"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Jose from "jose"
import { LocalSettings } from "../../../src/internal/identitySetup/localSettings.js"
import * as AuthorizationServers from "../../../src/local/backend/authorizationServers.js"
import * as Utils from "../../support/authorizationServer.js"
import { issuerOf, makeKey, sign } from "../../support/issuer.js"
import * as Backend from "../../support/localBackend.js"
import type { OAuthClient } from "../../support/localBackend.js"
import { backendOverHttp, LocalBackend } from "../../support/localBackend.js"
import * as Server from "../../support/server.js"

const clientSecret = Redacted.make("secret-of-the-client")

const ownMember = {
  AtlassianOauth2: "atlassianOauth2ProviderConfig",
  GithubOauth2: "githubOauth2ProviderConfig",
  GoogleOauth2: "googleOauth2ProviderConfig",
  LinkedinOauth2: "linkedinOauth2ProviderConfig",
  MicrosoftOauth2: "microsoftOauth2ProviderConfig",
  SalesforceOauth2: "salesforceOauth2ProviderConfig",
  SlackOauth2: "slackOauth2ProviderConfig"
} as const

const ownEndpoints = [
  "Auth0Oauth2",
  "CognitoOauth2",
  "CyberArkOauth2",
  "FusionAuthOauth2",
  "OktaOauth2",
  "OneLoginOauth2",
  "PingOneOauth2"
] as const

const known = [
  "DropboxOauth2",
  "FacebookOauth2",
  "HubspotOauth2",
  "NotionOauth2",
  "RedditOauth2",
  "SpotifyOauth2",
  "TwitchOauth2",
  "XOauth2",
  "YandexOauth2",
  "ZoomOauth2"
] as const

const ownServer = {
  issuer: "https://tenant.example.com",
  authorizationEndpoint: "https://tenant.example.com/authorize",
  tokenEndpoint: "https://tenant.example.com/token"
}

const request = (vendor: Oauth2Vendor, member: string, config: object = {}): CreateOauth2CredentialProviderRequest =>
  ({
    name: vendor,
    credentialProviderVendor: vendor,
    oauth2ProviderConfigInput: { [member]: { clientId: "client", clientSecret, ...config } }
    // The type of `vendor` is a union, and the request has one member of it.
  }) as never

/** A request for each vendor, with its member of the union. */
const requests: ReadonlyArray<readonly [vendor: Oauth2Vendor, member: string, CreateOauth2CredentialProviderRequest]> =
  [
    ...Object.entries(ownMember).map(([vendor, member]) => [vendor as Oauth2Vendor, member] as const),
    ...known.map((vendor) => [vendor, "includedOauth2ProviderConfig"] as const)
  ].map(([vendor, member]) => [vendor, member, request(vendor, member)] as const)

const withOwnEndpoints = ownEndpoints.map((vendor) =>
  [vendor, "includedOauth2ProviderConfig", request(vendor, "includedOauth2ProviderConfig", ownServer)] as const
)

const environment = (settings: LocalBackend.Settings = {}): AuthorizationServers.Environment => ({
  account: { region: "us-west-2", accountId: "123456789012" },
  settings: Effect.succeed(settings),
  awsToken: () => Effect.succeed(Redacted.make("jwt-of-aws"))
})

const resolve = (request: CreateOauth2CredentialProviderRequest, settings?: LocalBackend.Settings) =>
  AuthorizationServers.resolve(request, environment(settings))

const check = (request: CreateOauth2CredentialProviderRequest) => AuthorizationServers.check(request, environment())

const metadata = (server: Pick<OAuthClient.AuthorizationServer, "discovery">) =>
  "authorizationServerMetadata" in server.discovery
    ? server.discovery.authorizationServerMetadata
    : assert.fail("found")

const configOf = (output: Oauth2ProviderConfigOutput, member: string) => {
  const members = Object.entries(output).filter(([, value]) => value !== undefined)
  assert.deepStrictEqual(members.map(([name]) => name), [member])
  const value = members[0]?.[1] ?? assert.fail("nothing")
  assert.notInclude(JSON.stringify(value), "secret-of-the-client")
  return value
}

/** The metadata in a response. */
const returned = (server: Parameters<typeof metadata>[0]) => ({
  authorizationServerMetadata: { ...metadata(server), responseTypes: ["code"] }
})

const microsoft = (tenant: string) => ({
  discoveryUrl: `https://login.microsoftonline.com/${tenant}/v2.0/.well-known/openid-configuration`
})

describe("vendors", () => {
  it.effect("have their own endpoints over https", () =>
    Effect.gen(function*() {
      const endpoints = new Set<string>()
      for (const [vendor, member, request] of requests) {
        const server = yield* resolve(request)
        const { authorizationEndpoint, issuer, tokenEndpoint } = metadata(server)
        for (const url of [issuer, authorizationEndpoint, tokenEndpoint]) {
          assert.match(url, /^https:\/\/[a-z0-9.-]+(\/[\w./-]*)?$/, vendor)
        }
        endpoints.add(authorizationEndpoint).add(tokenEndpoint)
        assert.deepStrictEqual(
          configOf(AuthorizationServers.toOutput(request, {}), member).oauthDiscovery,
          vendor === "MicrosoftOauth2" ? microsoft("common") : returned(server)
        )
      }
      assert.strictEqual(endpoints.size, 2 * requests.length)
    }))

  it.effect("use the endpoints of the request", () =>
    Effect.gen(function*() {
      for (const [, , request] of withOwnEndpoints) {
        const server = yield* resolve(request)
        assert.deepStrictEqual(metadata(server), ownServer)
        assert.strictEqual(server.clientAuthenticationMethod, "CLIENT_SECRET_BASIC")
      }
      const own = yield* resolve(request("SpotifyOauth2", "includedOauth2ProviderConfig", ownServer))
      assert.deepStrictEqual(metadata(own), ownServer)
    }))

  it.effect("reject http on hosts other than loopback hosts", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(check(request("OktaOauth2", "includedOauth2ProviderConfig", {
        ...ownServer,
        tokenEndpoint: "http://tenant.example.com/token"
      })))
      assert.strictEqual(
        error.fieldList?.[0]?.name,
        "oauth2ProviderConfigInput.includedOauth2ProviderConfig.tokenEndpoint"
      )
      yield* resolve(request("OktaOauth2", "includedOauth2ProviderConfig", {
        issuer: "http://127.0.0.1:1",
        authorizationEndpoint: "http://127.0.0.1:1/a",
        tokenEndpoint: "http://localhost:1/t"
      }))
    }))

  it.effect("reject endpoints with user information or a fragment, and accept a query", () =>
    Effect.gen(function*() {
      const included = (change: object) =>
        resolve(request("OktaOauth2", "includedOauth2ProviderConfig", { ...ownServer, ...change }))
      for (const tokenEndpoint of ["https://user@tenant.example.com/token", "https://tenant.example.com/token#"]) {
        const error = yield* Effect.flip(included({ tokenEndpoint }))
        assert.strictEqual(error.message, "TokenEndpoint is not a valid URL")
      }
      yield* included({ tokenEndpoint: "https://tenant.example.com/token?a=b" })
    }))

  it.effect("have endpoints per tenant at Microsoft, without the tenant in the response", () =>
    Effect.gen(function*() {
      const member = "microsoftOauth2ProviderConfig"
      const common = yield* resolve(request("MicrosoftOauth2", member))
      assert.strictEqual(
        metadata(common).tokenEndpoint,
        "https://login.microsoftonline.com/common/oauth2/v2.0/token"
      )
      const tenant = request("MicrosoftOauth2", member, { tenantId: "my tenant/../x" })
      const server = yield* resolve(tenant)
      assert.deepStrictEqual(metadata(server), {
        issuer: "https://login.microsoftonline.com/my%20tenant%2F..%2Fx/v2.0",
        authorizationEndpoint: "https://login.microsoftonline.com/my%20tenant%2F..%2Fx/oauth2/v2.0/authorize",
        tokenEndpoint: "https://login.microsoftonline.com/my%20tenant%2F..%2Fx/oauth2/v2.0/token"
      })
      const output = configOf(AuthorizationServers.toOutput(tenant, {}), member)
      assert.notProperty(output, "tenantId")
      assert.deepStrictEqual(output.oauthDiscovery, microsoft("my%20tenant%2F..%2Fx"))
      assert.deepStrictEqual(server.onBehalfOf, {
        grantType: "JWT_AUTHORIZATION_GRANT",
        requestedTokenUse: "on_behalf_of"
      })
    }))

  it.effect("act on behalf of users if AWS documents it, or if the settings enable OktaOauth2", () =>
    Effect.gen(function*() {
      const settings = yield* Schema.decodeUnknownEffect(LocalSettings)({ onBehalfOfVendors: ["OktaOauth2"] })
      const grants = (settings?: LocalBackend.Settings) =>
        Effect.map(
          Effect.forEach([...requests, ...withOwnEndpoints], ([vendor, , request]) =>
            Effect.map(resolve(request, settings), ({ onBehalfOf }) =>
              onBehalfOf === undefined ? [] : [`${vendor} ${onBehalfOf.grantType}`])),
          (all) =>
            all.flat()
        )
      assert.deepStrictEqual(yield* grants(), ["MicrosoftOauth2 JWT_AUTHORIZATION_GRANT"])
      assert.deepStrictEqual(yield* grants(settings), [
        "MicrosoftOauth2 JWT_AUTHORIZATION_GRANT",
        "OktaOauth2 TOKEN_EXCHANGE"
      ])
      for (const vendor of ["GithubOauth2", "CustomOauth2", "MicrosoftOauth2"]) {
        const exit = yield* Effect.exit(Schema.decodeUnknownEffect(LocalSettings)({ onBehalfOfVendors: [vendor] }))
        assert.strictEqual(exit._tag, "Failure")
      }
    }))

  it.effect("can be replaced by the settings, unless the request names their endpoints", () =>
    Effect.gen(function*() {
      const elsewhere = {
        issuer: "http://127.0.0.1:4021",
        authorizationEndpoint: "http://127.0.0.1:4021/auth",
        tokenEndpoint: "http://127.0.0.1:4021/token"
      }
      for (const [vendor, member, request] of requests) {
        const settings = yield* Schema.decodeUnknownEffect(LocalSettings)({ vendorEndpoints: { [vendor]: elsewhere } })
        const server = yield* resolve(request, settings)
        assert.deepStrictEqual(metadata(server), elsewhere)
        assert.strictEqual(server.clientAuthenticationMethod, "CLIENT_SECRET_BASIC")
        assert.isUndefined(server.deviations)
        const output = AuthorizationServers.toOutput(request, settings)
        // The tenant of Microsoft is known from its own URL alone.
        const expected = vendor === "MicrosoftOauth2" ? microsoft("common") : returned(server)
        assert.deepStrictEqual(configOf(output, member).oauthDiscovery, expected)
      }
      for (const vendor of known) {
        const settings = { vendorEndpoints: { [vendor]: elsewhere } }
        const own = request(vendor, "includedOauth2ProviderConfig", ownServer)
        const server = yield* resolve(own, settings)
        assert.deepStrictEqual(server, yield* resolve(own))
        assert.deepStrictEqual(metadata(server), ownServer)
        const { tokenEndpoint } = ownServer
        const part = yield* resolve(request(vendor, "includedOauth2ProviderConfig", { tokenEndpoint }), settings)
        assert.deepStrictEqual(metadata(part), { ...elsewhere, tokenEndpoint })
      }
      for (const vendor of ["CustomOauth2", "MyspaceOauth2", ...ownEndpoints]) {
        const exit = yield* Effect.exit(
          Schema.decodeUnknownEffect(LocalSettings, { onExcessProperty: "error" })({
            vendorEndpoints: { [vendor]: elsewhere }
          })
        )
        assert.strictEqual(exit._tag, "Failure", vendor)
      }
    }))

  it.effect("use the issuer that replaces theirs in the settings", () =>
    Effect.gen(function*() {
      const settings = yield* Schema.decodeUnknownEffect(LocalSettings)({
        vendorIssuers: {
          "https://cognito-idp.us-west-2.amazonaws.com": "http://127.0.0.1:4021",
          "https://dev-1.okta.com/": "http://127.0.0.1:4022/",
          "https://dev-1.okta.com/oauth2/special": "https://special.example.com/issuer",
          "https://login.microsoftonline.com": "http://127.0.0.1:4023"
        }
      })
      const oidc = "/.well-known/openid-configuration"
      const rfc8414 = "/.well-known/oauth-authorization-server"
      const customized = (oauthDiscovery: object) =>
        request("CustomOauth2", "customOauth2ProviderConfig", { oauthDiscovery })
      const discovered = (discoveryUrl: string) => customized({ discoveryUrl })
      const from = (issuer: string) => ({ ...ownServer, issuer })
      const moved: ReadonlyArray<readonly [CreateOauth2CredentialProviderRequest, issuer: string]> = [
        [discovered(`https://cognito-idp.us-west-2.amazonaws.com/us-west-2_AbCdEfGhI${oidc}`), "http://127.0.0.1:4021"],
        [discovered(`https://COGNITO-IDP.us-west-2.amazonaws.com:443/pool${oidc}`), "http://127.0.0.1:4021"],
        [discovered(`https://dev-1.okta.com${oidc}`), "http://127.0.0.1:4022"],
        [discovered(`https://dev-1.okta.com/oauth2/default${oidc}`), "http://127.0.0.1:4022"],
        [discovered(`https://dev-1.okta.com/oauth2/specials${oidc}`), "http://127.0.0.1:4022"],
        [discovered(`https://dev-1.okta.com/oauth2/special${oidc}`), "https://special.example.com/issuer"],
        [discovered(`https://dev-1.okta.com/oauth2/special${rfc8414}`), "https://special.example.com/issuer"],
        [discovered(`https://dev-1.okta.com${rfc8414}/oauth2/special`), "https://special.example.com/issuer"],
        [discovered(`https://login.microsoftonline.com/tenant/v2.0${oidc}`), "http://127.0.0.1:4023"],
        [customized({ authorizationServerMetadata: from("https://dev-1.okta.com") }), "http://127.0.0.1:4022"],
        [request("MicrosoftOauth2", "microsoftOauth2ProviderConfig"), "http://127.0.0.1:4023"],
        [request("MicrosoftOauth2", "microsoftOauth2ProviderConfig", { tenantId: "t" }), "http://127.0.0.1:4023"],
        ...ownEndpoints.map((vendor) =>
          [
            request(vendor, "includedOauth2ProviderConfig", from("https://dev-1.okta.com/oauth2/special")),
            "https://special.example.com/issuer"
          ] as const
        )
      ]
      for (const [request, issuer] of moved) {
        const server = yield* resolve(request, settings)
        assert.deepStrictEqual(server.discovery, { discoveryUrl: `${issuer}${oidc}` }, JSON.stringify(request))
        assert.strictEqual(server.clientAuthenticationMethod, "CLIENT_SECRET_BASIC")
        assert.isUndefined(server.deviations)
        // A response repeats the request, so that it can be sent again.
        assert.deepStrictEqual(
          AuthorizationServers.toOutput(request, settings),
          AuthorizationServers.toOutput(request, {})
        )
      }
      const left = [
        discovered(`https://cognito-idp.us-east-1.amazonaws.com/pool${oidc}`),
        discovered(`https://dev-1.okta.com.example.com${oidc}`),
        discovered(`https://dev-1.okta.com:8443${oidc}`),
        discovered(`https://example.com/https://dev-1.okta.com${oidc}`),
        discovered(`https://example.com${rfc8414}/dev-1.okta.com`),
        customized({ authorizationServerMetadata: from("no URL") }),
        customized({ authorizationServerMetadata: from("constructor") }),
        request("GithubOauth2", "githubOauth2ProviderConfig"),
        request("OktaOauth2", "includedOauth2ProviderConfig", from("https://dev-2.okta.com"))
      ]
      for (const request of left) {
        assert.deepStrictEqual(yield* resolve(request, settings), yield* resolve(request))
      }
      const wrong = [
        ["https://*.okta.com", "http://127.0.0.1:4021"],
        ["okta.com", "http://127.0.0.1:4021"],
        ["https://user@dev-1.okta.com", "http://127.0.0.1:4021"],
        ["https://dev-1.okta.com?a", "http://127.0.0.1:4021"],
        ["constructor", "http://127.0.0.1:4021"],
        ["https://dev-1.okta.com", "http://example.com"],
        ["https://dev-1.okta.com", "http://127.0.0.1:4021?a=b"],
        ["https://dev-1.okta.com", ""]
      ] as const
      for (const [key, value] of wrong) {
        const exit = yield* Effect.exit(Schema.decodeUnknownEffect(LocalSettings)({ vendorIssuers: { [key]: value } }))
        assert.strictEqual(exit._tag, "Failure", `${key} ${value}`)
      }
    }))

  const publicUrl = "http://127.0.0.1:4020"

  /** All vendors, and discovery URLs as in the official samples. */
  const allProviders = (client: { readonly clientId: string; readonly clientSecret: Redacted.Redacted }, server: {
    readonly endpoints: object
    readonly discoveryUrl: string
  }) => [
    ...requests.map(([vendor, member]) => request(vendor, member, client)),
    ...ownEndpoints.map((vendor) =>
      request(vendor, "includedOauth2ProviderConfig", { ...client, ...server.endpoints })
    ),
    ...Object.entries({
      metadata: { authorizationServerMetadata: server.endpoints },
      discovery: { discoveryUrl: server.discoveryUrl },
      cognito: {
        discoveryUrl: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_AbCdEfGhI/.well-known/openid-configuration"
      },
      okta: { discoveryUrl: "https://dev-01234567.okta.com/.well-known/oauth-authorization-server/oauth2/default" },
      entra: { discoveryUrl: "https://login.microsoftonline.com/a-tenant/v2.0/.well-known/openid-configuration" }
    }).map(([name, oauthDiscovery]) => ({
      ...request("CustomOauth2", "customOauth2ProviderConfig", { ...client, oauthDiscovery }),
      name
    }))
  ]

  /** Obtains a user's token from each provider, and a workload access token for a JWT of the authorization server. */
  const obtainFromAll = (providers: ReturnType<typeof allProviders>, settings: LocalSettings, scopes: Array<string>) =>
    Effect.gen(function*() {
      const controlPlane = yield* ControlPlane.ControlPlane
      const backend = yield* LocalBackend.LocalBackend
      yield* Backend.createWorkload("agent")
      const token = yield* Backend.tokenFor("alice")
      for (const provider of providers) {
        yield* controlPlane.createOauth2CredentialProvider(provider)
        const expected = { resourceCredentialProviderName: provider.name, scopes }
        const { sessionUri } = yield* Backend.consent(token, expected)
        const page = yield* Effect.flatMap(
          Backend.authorize(sessionUri),
          (url) => Effect.promise(() => fetch(url, { redirect: "manual" }))
        )
        const url = page.headers.get("location") ?? assert.fail(`${provider.name}: ${page.status}`)
        const callbackId = new URL(url).pathname.split("/").at(-1) ?? ""
        Backend.redirected(yield* backend.callback(callbackId, Redacted.make(url)))
        yield* Backend.complete(sessionUri, { userId: "alice" })
        const claims = Jose.decodeJwt(yield* Backend.issued(token, { ...expected, sessionUri }))
        assert.strictEqual(claims.sub, "alice", provider.name)
      }
      // The authorization server is the issuer of users' JWTs, too.
      const dataPlane = yield* DataPlane.DataPlane
      const userToken = Redacted.make(yield* Backend.issued(token, { resourceCredentialProviderName: "okta", scopes }))
      yield* dataPlane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken })
      const foreign = Backend.jwt({ iss: "https://dev-01234567.okta.com.example.com", sub: "alice" })
      const error = yield* Effect.flip(
        dataPlane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken: foreign })
      )
      assert.strictEqual(error._tag, "UnauthorizedException")
      assert.include(error.message, "its issuer is not one of the allowed issuers")
      assert.lengthOf(providers, 29)
    }).pipe(
      Effect.provide(backendOverHttp({ publicUrl, settings }))
    )

  it.live("return a user's token with the scope openid, each over the development authorization server", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start({ consent: { user: "alice", decision: "allow" } })
      const client = { clientId: "everybody", clientSecret: Utils.clientSecret }
      yield* server.registerClient({ ...client, redirectUris: [`${publicUrl}/identities/oauth2/callback/*`] })
      const { authorizationEndpoint, issuer, tokenEndpoint } = server
      const endpoints = { issuer, authorizationEndpoint, tokenEndpoint }
      yield* obtainFromAll(allProviders(client, { endpoints, discoveryUrl: server.discoveryUrl }), {
        vendorEndpoints: Object.fromEntries(requests.map(([vendor]) => [vendor, endpoints])),
        vendorIssuers: {
          "https://cognito-idp.us-west-2.amazonaws.com": issuer,
          "https://dev-01234567.okta.com": issuer,
          "https://login.microsoftonline.com": issuer
        },
        inboundIssuers: ["https://dev-01234567.okta.com/oauth2/default"]
      }, ["openid"])
    }))

  it.live("need no internet and no registered client if `offlineIssuer` stands in for their servers", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start({ anyClient: true, consent: { user: "alice", decision: "allow" } })
      const client = { clientId: "123.apps.vendor.invalid", clientSecret: Redacted.make("a secret of the vendor") }
      const issuer = "https://login.invalid"
      const endpoints = { issuer, authorizationEndpoint: `${issuer}/authorize`, tokenEndpoint: `${issuer}/token` }
      const discoveryUrl = "https://accounts.invalid/.well-known/openid-configuration"
      yield* obtainFromAll(allProviders(client, { endpoints, discoveryUrl }), {
        offlineIssuer: server.issuer,
        inboundIssuers: ["https://dev-01234567.okta.com/oauth2/default"]
      }, ["openid", "https://www.vendor.invalid/auth/calendar.readonly"])
    }))

  it.live("need no internet for the JWTs of users, whose issuers `offlineIssuer` stands in for", () =>
    Effect.gen(function*() {
      const [key, foreign] = [yield* makeKey("ES256"), yield* makeKey("ES256")]
      const { issuer: offlineIssuer } = yield* issuerOf(() => [key.jwk])
      const settings = { offlineIssuer, inboundIssuers: ["https://dev-01234567.okta.invalid/oauth2/default"] }
      yield* Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.createWorkloadIdentity({ name: "agent" }))
        const get = (userToken: Redacted.Redacted) =>
          dataPlane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken })
        yield* get(yield* sign(settings.inboundIssuers[0] ?? "", key))
        yield* get(yield* sign(offlineIssuer, key))
        const forged = yield* Effect.flip(get(yield* sign(settings.inboundIssuers[0] ?? "", foreign)))
        assert.include(forged.message, "signature")
        assert.include((yield* Effect.flip(get(yield* sign("https://other.invalid", key)))).message, "issuer")
      }).pipe(Effect.provide(backendOverHttp({ settings })))
    }))

  it.live("keep a server on a loopback host, and the settings of one vendor, beside `offlineIssuer`", () =>
    Effect.gen(function*() {
      const [{ server }, { server: own }] = yield* Effect.all([Utils.start({ anyClient: true }), Utils.start()])
      const client = { clientId: Utils.clientId, clientSecret: Utils.clientSecret }
      const endpoints = {
        issuer: "https://login.invalid",
        authorizationEndpoint: own.authorizationEndpoint,
        tokenEndpoint: own.tokenEndpoint
      }
      const providers = allProviders(client, { endpoints, discoveryUrl: own.discoveryUrl })
      const settings = { offlineIssuer: server.issuer, vendorIssuers: { "https://dev-01234567.okta.com": own.issuer } }
      yield* Effect.gen(function*() {
        const controlPlane = yield* ControlPlane.ControlPlane
        const dataPlane = yield* DataPlane.DataPlane
        yield* Backend.createWorkload("agent")
        const workloadIdentityToken = yield* Backend.tokenFor("alice")
        for (const provider of providers) {
          yield* controlPlane.createOauth2CredentialProvider(provider)
          const response = yield* dataPlane.getResourceOauth2Token({
            workloadIdentityToken,
            resourceCredentialProviderName: provider.name,
            scopes: ["reports:read"],
            oauth2Flow: "M2M"
          })
          const { iss, scope } = Jose.decodeJwt(
            Redacted.value(response._tag === "Issued" ? response.accessToken : assert.fail(provider.name))
          )
          const isOwn = [...ownEndpoints, "metadata", "discovery", "okta"].includes(provider.name)
          assert.deepStrictEqual([iss, scope], [isOwn ? own.issuer : server.issuer, "reports:read"], provider.name)
        }
      }).pipe(
        Effect.provide(backendOverHttp({ publicUrl, settings }))
      )
    }))
})

describe("clients of CustomOauth2", () => {
  const customRequest = (config: object) => request("CustomOauth2", "customOauth2ProviderConfig", config)
  const oauthDiscovery = { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" }
  const withMethods = (...tokenEndpointAuthMethods: ReadonlyArray<string>) => ({
    oauthDiscovery: { authorizationServerMetadata: { ...ownServer, tokenEndpointAuthMethods } }
  })

  it.effect("authenticate by the method of the request, or of the metadata", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [object, string]> = [
        [{ oauthDiscovery }, "CLIENT_SECRET_BASIC"],
        [{ oauthDiscovery, clientAuthenticationMethod: "CLIENT_SECRET_POST" }, "CLIENT_SECRET_POST"],
        [withMethods("client_secret_post"), "CLIENT_SECRET_POST"],
        [withMethods("client_secret_post", "client_secret_basic"), "CLIENT_SECRET_BASIC"],
        [withMethods("none"), "CLIENT_SECRET_BASIC"],
        [withMethods(), "CLIENT_SECRET_BASIC"]
      ]
      for (const [config, method] of cases) {
        const server = yield* resolve(customRequest(config))
        assert.strictEqual(server.clientAuthenticationMethod, method)
        const output = configOf(
          AuthorizationServers.toOutput(customRequest(config), {}),
          "customOauth2ProviderConfig"
        )
        assert.strictEqual(
          Reflect.get(output ?? {}, "clientAuthenticationMethod"),
          Reflect.get(config, "clientAuthenticationMethod")
        )
      }
      const error = yield* Effect.flip(resolve(customRequest({
        ...withMethods("client_secret_post"),
        clientAuthenticationMethod: "CLIENT_SECRET_POST"
      })))
      assert.include(error.message, "cannot be given together")
    }))

  it.live("are discovered by the metadata of RFC 8414, also with a path after it", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const wellKnown = "/.well-known/oauth-authorization-server"
      const proxy = yield* Server.serve((request, response) => {
        if (request.url === `${wellKnown}/tenant/one`) response.writeHead(404).end()
        else if (request.url !== `${wellKnown}/tenant`) response.writeHead(500).end()
        else {
          const { authorizationEndpoint, issuer, tokenEndpoint } = server
          response.setHeader("content-type", "application/json").end(JSON.stringify({
            issuer,
            authorization_endpoint: authorizationEndpoint,
            token_endpoint: tokenEndpoint
          }))
        }
      })
      yield* Effect.gen(function*() {
        const dataPlane = yield* DataPlane.DataPlane
        yield* Backend.createWorkload("agent")
        const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
        for (
          const [name, discoveryUrl] of [["own", server.issuer + wellKnown], [
            "path",
            `${proxy}${wellKnown}/tenant`
          ]] as const
        ) {
          yield* Backend.createProvider(name, {
            oauthDiscovery: { discoveryUrl },
            clientId: Utils.clientId,
            clientSecret: Utils.clientSecret
          })
          const token = yield* Backend.issued(workloadAccessToken, {
            oauth2Flow: "M2M",
            resourceCredentialProviderName: name,
            scopes: ["reports:read"]
          })
          assert.strictEqual(Jose.decodeJwt(token).iss, server.issuer)
        }
      }).pipe(Effect.provide(backendOverHttp()))
    }))
})
