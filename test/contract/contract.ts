import { assert, describe } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createApiKey, identityArn, invalid, notFound } from "./setup.js"
import {
  control,
  createProvider,
  createWorkload,
  data,
  discoveryUrl,
  issued,
  jwt,
  oauth2Rejection,
  type Rejection,
  rejects,
  requestToken,
  returnUrl,
  same,
  secret,
  setUp,
  type Subject,
  tester,
  tokenOfJwt,
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

const secretArn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:bedrock-agentcore-identity!default"

const exists = (operation: string, name: string): Rejection =>
  invalid(operation, `Credential provider with name: ${name} already exists`)

/** The contract of the planes. Every adapter satisfies it. */
export const contract = (subject: Subject): void => {
  const test = tester(subject)

  describe("workload identities", () => {
    test("are created and read, with ARNs of the live form and times to the millisecond", function*() {
      const urls = [returnUrl, "my_app:/back", "http://localhost:3000/ünï?ß=1"]
      const before = yield* DateTime.now
      const created = yield* createWorkload("My.agent_1-x", urls)
      const workloadIdentityArn = `${identityArn}:workload-identity-directory/default/workload-identity/My.agent_1-x`
      same(created, { name: "My.agent_1-x", workloadIdentityArn, allowedResourceOauth2ReturnUrls: urls })
      const { createdTime, lastUpdatedTime, ...rest } = yield* control((plane) =>
        plane.getWorkloadIdentity({ name: "My.agent_1-x" })
      )
      same(rest, created)
      assert.isTrue(DateTime.between(createdTime, { minimum: before, maximum: yield* DateTime.now }))
      same(lastUpdatedTime, createdTime)
    })

    test("have no return URLs by default, and accept tags", function*() {
      const plain = yield* control((plane) => plane.createWorkloadIdentity({ name: "plain" }))
      same(plain.allowedResourceOauth2ReturnUrls, [])
      const tagged = yield* control((plane) =>
        plane.createWorkloadIdentity({
          name: "tagged",
          allowedResourceOauth2ReturnUrls: [],
          tags: { "a project": "x y_z: 1.2", empty: "" }
        })
      )
      same(tagged.allowedResourceOauth2ReturnUrls, [])
    })

    test("are rejected when they exist already, or do not exist", function*() {
      yield* createWorkload("agent")
      yield* rejects(subject, createWorkload("agent", []), {
        tag: "ValidationException",
        operation: "CreateWorkloadIdentity",
        message: "WorkloadIdentity with name 'agent' already exists."
      })
      yield* rejects(
        subject,
        control((plane) => plane.getWorkloadIdentity({ name: "nobody" })),
        notFound("GetWorkloadIdentity", "WorkloadIdentity with name 'nobody' not found")
      )
    })
  })

  describe("credential providers", () => {
    test("of OAuth2 are created from a discovery URL", function*() {
      const { callbackUrl, clientSecretArn, ...rest } = yield* createProvider("calendar")
      assert.match(callbackUrl ?? "", /^http:\/\/127\.0\.0\.1:\d+\/identities\/oauth2\/callback\/[0-9a-f-]{36}$/)
      assert.match(
        clientSecretArn?.secretArn ?? "",
        new RegExp(`^${secretArn}/oauth2/calendar-[0-9a-f]{8}-[A-Za-z0-9]{6}$`)
      )
      same(rest, {
        name: "calendar",
        credentialProviderArn: `${identityArn}:token-vault/default/oauth2credentialprovider/calendar`,
        clientSecretSource: "MANAGED",
        oauth2ProviderConfigOutput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl },
            clientId: "calendar-client"
          }
        },
        status: "READY"
      })
      const other = yield* createProvider("calendar-2")
      assert.notStrictEqual(other.callbackUrl, callbackUrl)
    })

    test("of OAuth2 are created from metadata", function*() {
      const authorizationServerMetadata = {
        issuer: "https://issuer.example.com",
        authorizationEndpoint: "https://issuer.example.com/authorize",
        tokenEndpoint: "http://127.0.0.1:9/token",
        responseTypes: ["code"],
        tokenEndpointAuthMethods: ["client_secret_post"]
      }
      const { oauth2ProviderConfigOutput } = yield* createProvider("metadata", {
        oauthDiscovery: { authorizationServerMetadata }
      })
      same(oauth2ProviderConfigOutput, {
        customOauth2ProviderConfig: {
          oauthDiscovery: { authorizationServerMetadata },
          clientId: "metadata-client"
        }
      })
      const posted = yield* createProvider("posted", {
        clientAuthenticationMethod: "CLIENT_SECRET_POST",
        clientSecretSource: "MANAGED"
      })
      assert.strictEqual(
        posted.oauth2ProviderConfigOutput?.customOauth2ProviderConfig?.clientAuthenticationMethod,
        "CLIENT_SECRET_POST"
      )
    })

    test("of OAuth2 are rejected when they exist already, or when secrets may not be sent to their endpoints", function*() {
      const operation = "CreateOauth2CredentialProvider"
      const config = "oauth2ProviderConfigInput.customOauth2ProviderConfig"
      yield* createProvider("calendar")
      // Another kind can have the same name.
      yield* createApiKey("calendar")
      yield* rejects(subject, createProvider("calendar"), exists(operation, "calendar"))
      yield* rejects(
        subject,
        createProvider("insecure", {
          oauthDiscovery: { discoveryUrl: "http://issuer.example.com/.well-known/openid-configuration" }
        }),
        invalid(operation, "DiscoveryUrl is not a valid URL", `${config}.oauthDiscovery.discoveryUrl`)
      )
    })

    test("of API keys are created, and return their key unchanged", function*() {
      yield* createWorkload()
      const operation = "CreateApiKeyCredentialProvider"
      const apiKey = " ключ 🔑 \"\\\u2028\u0000"
      const create = (name: string, key: string) =>
        control((plane) => plane.createApiKeyCredentialProvider({ name, apiKey: secret(key) }))
      const { apiKeySecretArn, ...rest } = yield* create("weather", apiKey)
      assert.match(apiKeySecretArn.secretArn, new RegExp(`^${secretArn}/apikey/weather-[0-9a-f]{8}-[A-Za-z0-9]{6}$`))
      same(rest, {
        name: "weather",
        credentialProviderArn: `${identityArn}:token-vault/default/apikeycredentialprovider/weather`,
        apiKeySecretSource: "MANAGED"
      })
      yield* create("empty", "")
      yield* rejects(subject, create("weather", "another"), exists(operation, "weather"))
      const workloadIdentityToken = yield* tokenOfWorkload()
      const read = (resourceCredentialProviderName: string, token = workloadIdentityToken) =>
        data((plane) => plane.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName }))
      same(yield* read("weather"), { apiKey: secret(apiKey) })
      yield* rejects(subject, read("empty"), {
        tag: "ValidationException",
        operation: "GetResourceApiKey",
        message: "The API key of the credential provider is empty"
      })
      yield* rejects(
        subject,
        read("nothing"),
        notFound("GetResourceApiKey", "ApiKeyCredentialProvider not found for nothing")
      )
      yield* rejects(subject, read("weather", secret("not a token of this backend")), {
        tag: "UnauthorizedException",
        operation: "GetResourceApiKey",
        message: "Workload access token is invalid or expired"
      })
    })
  })

  describe("workload access tokens", () => {
    test("are opaque and unique, for a workload, a JWT, or a user id", function*() {
      yield* createWorkload()
      const tokens = yield* Effect.all([
        tokenOfWorkload(),
        tokenOfUser("алиса 🙂"),
        tokenOfUser("алиса 🙂"),
        tokenOfJwt(jwt({ iss: "https://id.example.com", sub: "алиса" }))
      ])
      for (const token of tokens) {
        const text = Redacted.value(token)
        // A compact JWE: five parts, of which `dir` leaves the second empty.
        assert.match(text, /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/)
        const readable = text + Buffer.from(text.replaceAll(".", ""), "base64url").toString()
        for (const word of ["agent", "алиса"]) assert.notInclude(readable, word)
      }
      assert.strictEqual(new Set(tokens.map(Redacted.value)).size, 4)
    })

    test("need a workload, and a valid JWT with a user", function*() {
      yield* createWorkload()
      const operation = "GetWorkloadAccessTokenForJWT"
      const unknown = (operation: string): Rejection => ({
        tag: "AccessDeniedException",
        operation,
        message: "Workload Identity does not belong to caller account"
      })
      yield* rejects(subject, tokenOfWorkload("nobody"), unknown("GetWorkloadAccessToken"))
      yield* rejects(subject, tokenOfUser("alice", "nobody"), unknown("GetWorkloadAccessTokenForUserId"))
      yield* rejects(subject, tokenOfJwt(jwt({ iss: "i", sub: "s" }), "nobody"), unknown(operation))
      const unreadable = invalid(
        operation,
        "The user's token is not accepted: it must be a JWT with the claims iss and sub",
        "userToken"
      )
      yield* rejects(subject, tokenOfJwt(jwt({ iss: "https://id.example.com" })), unreadable)
      yield* rejects(subject, tokenOfJwt(secret("not.a.jwt")), unreadable)
      yield* rejects(subject, tokenOfJwt(jwt({ iss: "i", sub: "s", exp: 1 })), {
        tag: "UnauthorizedException",
        operation,
        message: "The user's token is not accepted: it is expired, or not yet valid"
      })
    })
  })

  describe("workload identities of a service", () => {
    const linked = (operation: string, rejection: string): Rejection => ({
      tag: "ValidationException",
      operation,
      message: `WorkloadIdentity is linked to a service and cannot ${rejection} by the caller`
    })

    tester(subject, { settings: { serviceLinked: ["runtime-a1", "not-created"] } })(
      "get no workload access tokens, can be updated, and cannot be deleted",
      function*() {
        yield* createWorkload("runtime-a1")
        yield* createWorkload("agent")
        const token = (operation: string) => linked(operation, "retrieve an access token")
        yield* rejects(subject, tokenOfWorkload("runtime-a1"), token("GetWorkloadAccessToken"))
        yield* rejects(subject, tokenOfUser("alice", "runtime-a1"), token("GetWorkloadAccessTokenForUserId"))
        yield* rejects(
          subject,
          tokenOfJwt(jwt({ iss: "i", sub: "s" }), "runtime-a1"),
          token("GetWorkloadAccessTokenForJWT")
        )
        yield* tokenOfWorkload("agent")
        yield* control((plane) =>
          plane.updateWorkloadIdentity({ name: "runtime-a1", allowedResourceOauth2ReturnUrls: ["app:/back"] })
        )
        yield* rejects(
          subject,
          control((plane) => plane.deleteWorkloadIdentity({ name: "runtime-a1" })),
          linked("DeleteWorkloadIdentity", "be deleted")
        )
        const { allowedResourceOauth2ReturnUrls } = yield* control((plane) =>
          plane.getWorkloadIdentity({ name: "runtime-a1" })
        )
        same(allowedResourceOauth2ReturnUrls, ["app:/back"])
      }
    )
  })

  describe("machine to machine", () => {
    const machine = (token: Redacted.Redacted, request: Parameters<typeof requestToken>[1] = {}) =>
      requestToken(token, { oauth2Flow: "M2M", resourceOauth2ReturnUrl: undefined, ...request })

    test("requests a token from the authorization server each time, with and without scopes", function*() {
      yield* setUp
      const token = yield* tokenOfWorkload()
      same(yield* machine(token), issued("token-1.calendar-client.m2m.read"))
      same(yield* machine(token, { scopes: [] }), issued("token-2.calendar-client.m2m."))
      same(
        yield* machine(yield* tokenOfUser("alice"), {
          scopes: ["read", "https://scope.example.com/ünï"],
          forceAuthentication: false,
          resources: ["urn:a"],
          audiences: ["b"],
          customParameters: { tenant: "t" }
        }),
        issued("token-3.calendar-client.m2m.read+https://scope.example.com/ünï")
      )
    })

    tester(subject, { oauth: { fail: () => "InvalidClient" } })(
      "does not show what the authorization server rejected",
      function*() {
        yield* setUp
        const token = yield* tokenOfWorkload()
        yield* rejects(
          subject,
          machine(token),
          oauth2Rejection("ValidationException", "Error parsing ClientCredentials response")
        )
      }
    )

    test("needs a token of this backend, and a provider", function*() {
      yield* setUp
      yield* rejects(
        subject,
        machine(secret("eyJhbGciOiJkaXIifQ..a.b.c")),
        oauth2Rejection("UnauthorizedException", "Workload access token is invalid or expired")
      )
      yield* rejects(
        subject,
        machine(yield* tokenOfWorkload(), { resourceCredentialProviderName: "nothing" }),
        notFound("GetResourceOauth2Token", "CredentialProvider not found")
      )
    })
  })
}
