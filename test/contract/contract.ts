import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import {
  ask,
  asked,
  backend,
  comeBack,
  complete,
  consentAs,
  control,
  createProvider,
  createWorkload,
  customProvider,
  data,
  discoveryUrl,
  issued,
  jwt,
  openPage,
  type Refusal,
  refuses,
  returnUrl,
  same,
  secret,
  setUp,
  type Subject,
  tokenOfJwt,
  tokenOfUser,
  tokenOfWorkload,
  untyped
} from "./utils.js"

const identityArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012"
const secretArn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:bedrock-agentcore-identity!default"

const oauth2 = (tag: string, message: string): Refusal => ({ tag, operation: "GetResourceOauth2Token", message })

const unregistered = oauth2(
  "ValidationException",
  "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
)
const noReturnUrl = oauth2("ValidationException", "You must provide a ResourceOauth2ReturnUrl to proceed with this flow")

const invalidSession: Refusal = {
  tag: "AccessDeniedException",
  operation: "CompleteResourceTokenAuth",
  message: "Invalid or expired session"
}

const notFound = (operation: string, what: string, name: string): Refusal => ({
  tag: "ResourceNotFoundException",
  operation,
  message: `${what} with name '${name}' not found`
})

const exists = (operation: string, name: string): Refusal => ({
  tag: "ValidationException",
  operation,
  message: `Credential provider with name: ${name} already exists`
})

const field = (operation: string, name: string, message: string): Refusal => ({
  tag: "ValidationException",
  operation,
  message,
  reason: "FieldValidationFailed",
  fieldList: [{ name, message }]
})

/** What every adapter of the planes answers, by whatever way it reaches the backend. */
export const contract = (subject: Subject): void => {
  const test = (name: string, effect: Effect.Effect<void, unknown, Provided>, oauth?: Parameters<Subject["layer"]>[0]) =>
    it.scopedLive(name, () => Effect.provide(effect, subject.layer(oauth)))

  describe("workload identities", () => {
    test("are created and read, with ARNs of the live form and times to the millisecond", Effect.gen(function*() {
      const urls = [returnUrl, "my_app:/back", "http://localhost:3000/ünï?ß=1"]
      const before = yield* DateTime.now
      const created = yield* createWorkload("My.agent_1-x", urls)
      const workloadIdentityArn = `${identityArn}:workload-identity-directory/default/workload-identity/My.agent_1-x`
      same(created, { name: "My.agent_1-x", workloadIdentityArn, allowedResourceOauth2ReturnUrls: urls })
      const { createdTime, lastUpdatedTime, ...rest } = yield* control((plane) => plane.getWorkloadIdentity({ name: "My.agent_1-x" }))
      same(rest, created)
      assert.isTrue(DateTime.between(createdTime, { minimum: before, maximum: yield* DateTime.now }))
      same(lastUpdatedTime, createdTime)
    }))

    test("have no return URLs by default; tags of any script are taken", Effect.gen(function*() {
      const plain = yield* control((plane) => plane.createWorkloadIdentity({ name: "plain" }))
      same(plain.allowedResourceOauth2ReturnUrls, [])
      const tagged = yield* control((plane) =>
        plane.createWorkloadIdentity({ name: "tagged", allowedResourceOauth2ReturnUrls: [], tags: { "проект": "агент 🔑", empty: "" } })
      )
      same(tagged.allowedResourceOauth2ReturnUrls, [])
    }))

    test("exist once, and have to exist", Effect.gen(function*() {
      yield* createWorkload("agent")
      yield* refuses(subject, createWorkload("agent", []), {
        tag: "ValidationException",
        operation: "CreateWorkloadIdentity",
        message: "WorkloadIdentity with name 'agent' already exists."
      })
      yield* refuses(
        subject,
        control((plane) => plane.getWorkloadIdentity({ name: "nobody" })),
        notFound("GetWorkloadIdentity", "WorkloadIdentity", "nobody")
      )
    }))
  })

  describe("credential providers", () => {
    test("of OAuth2 are created from a discovery URL", Effect.gen(function*() {
      const { callbackUrl, clientSecretArn, ...rest } = yield* createProvider("calendar")
      assert.match(callbackUrl ?? "", /^http:\/\/127\.0\.0\.1:\d+\/identities\/oauth2\/callback\/[0-9a-f-]{36}$/)
      assert.match(clientSecretArn?.secretArn ?? "", new RegExp(`^${secretArn}/oauth2/calendar-\\w{6}$`))
      same(rest, {
        name: "calendar",
        credentialProviderArn: `${identityArn}:token-vault/default/oauth2credentialprovider/calendar`,
        clientSecretSource: "MANAGED",
        oauth2ProviderConfigOutput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl },
            clientId: "calendar-client",
            clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
          }
        },
        status: "READY"
      })
      const other = yield* createProvider("calendar-2")
      assert.notStrictEqual(other.callbackUrl, callbackUrl)
    }))

    test("of OAuth2 are created from metadata", Effect.gen(function*() {
      const authorizationServerMetadata = {
        issuer: "https://issuer.example.com",
        authorizationEndpoint: "https://issuer.example.com/authorize",
        tokenEndpoint: "http://127.0.0.1:9/token",
        responseTypes: ["code"],
        tokenEndpointAuthMethods: ["client_secret_post"]
      }
      const { oauth2ProviderConfigOutput } = yield* createProvider("metadata", { oauthDiscovery: { authorizationServerMetadata } })
      same(oauth2ProviderConfigOutput, {
        customOauth2ProviderConfig: {
          oauthDiscovery: { authorizationServerMetadata },
          clientId: "metadata-client",
          clientAuthenticationMethod: "CLIENT_SECRET_POST"
        }
      })
      const posted = yield* createProvider("posted", { clientAuthenticationMethod: "CLIENT_SECRET_POST", clientSecretSource: "MANAGED" })
      assert.strictEqual(
        posted.oauth2ProviderConfigOutput?.customOauth2ProviderConfig?.clientAuthenticationMethod,
        "CLIENT_SECRET_POST"
      )
    }))

    test("of OAuth2 that the local backend cannot serve are refused, with the member named", Effect.gen(function*() {
      const operation = "CreateOauth2CredentialProvider"
      const config = "oauth2ProviderConfigInput.customOauth2ProviderConfig"
      yield* createProvider("calendar")
      yield* refuses(subject, createProvider("calendar"), exists(operation, "calendar"))
      yield* refuses(
        subject,
        control((plane) =>
          plane.createOauth2CredentialProvider({
            name: "github",
            credentialProviderVendor: "GithubOauth2",
            oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "id", clientSecret: secret("client secret") } }
          })
        ),
        field(operation, "credentialProviderVendor", "The local backend serves the vendor CustomOauth2, not GithubOauth2")
      )
      const external = customProvider("external", {
        clientSecretSource: "EXTERNAL",
        clientSecretConfig: { secretId: "id", jsonKey: "key" }
      })
      yield* refuses(
        subject,
        control((plane) => plane.createOauth2CredentialProvider(external)),
        field(
          operation,
          `${config}.clientSecretSource`,
          "The local backend has no Secrets Manager: clientSecretSource must be MANAGED"
        )
      )
      yield* refuses(
        subject,
        createProvider("iam", { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }),
        field(
          operation,
          `${config}.clientAuthenticationMethod`,
          "The local backend serves the client authentication methods CLIENT_SECRET_BASIC and CLIENT_SECRET_POST"
        )
      )
      yield* refuses(
        subject,
        createProvider("insecure", {
          oauthDiscovery: { discoveryUrl: "http://issuer.example.com/.well-known/openid-configuration" }
        }),
        field(
          operation,
          `${config}.oauthDiscovery.discoveryUrl`,
          "Member must be an https URL, or an http URL of a loopback host"
        )
      )
    }))

    test("of API keys are created, and give their key as it is", Effect.gen(function*() {
      yield* createWorkload()
      const operation = "CreateApiKeyCredentialProvider"
      const apiKey = " ключ 🔑 \"\\\u2028\u0000"
      const create = (name: string, key: string) =>
        control((plane) => plane.createApiKeyCredentialProvider({ name, apiKey: secret(key) }))
      const { apiKeySecretArn, ...rest } = yield* create("weather", apiKey)
      assert.match(apiKeySecretArn.secretArn, new RegExp(`^${secretArn}/apikey/weather-\\w{6}$`))
      same(rest, {
        name: "weather",
        credentialProviderArn: `${identityArn}:token-vault/default/apikeycredentialprovider/weather`,
        apiKeySecretSource: "MANAGED"
      })
      yield* create("empty", "")
      yield* refuses(subject, create("weather", "another"), exists(operation, "weather"))
      yield* refuses(
        subject,
        control((plane) =>
          plane.createApiKeyCredentialProvider({
            name: "external",
            apiKeySecretSource: "EXTERNAL",
            apiKeySecretConfig: { secretId: "id", jsonKey: "key" }
          })
        ),
        field(operation, "apiKeySecretSource", "The local backend has no Secrets Manager: apiKeySecretSource must be MANAGED")
      )

      const workloadIdentityToken = yield* tokenOfWorkload()
      const read = (resourceCredentialProviderName: string, token = workloadIdentityToken) =>
        data((plane) => plane.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName }))
      same(yield* read("weather"), { apiKey: secret(apiKey) })
      same(yield* read("empty"), { apiKey: secret("") })
      yield* refuses(subject, read("nothing"), notFound("GetResourceApiKey", "ApiKeyCredentialProvider", "nothing"))
      yield* refuses(subject, read("weather", secret("not a token of this backend")), {
        tag: "UnauthorizedException",
        operation: "GetResourceApiKey",
        message: "Workload access token is invalid or expired"
      })
    }))
  })

  describe("workload access tokens", () => {
    test("are opaque, for the workload alone, for a JWT, and for a user id", Effect.gen(function*() {
      yield* createWorkload()
      const tokens = yield* Effect.all([
        tokenOfWorkload(),
        tokenOfUser("алиса 🙂"),
        tokenOfJwt(jwt({ iss: "https://id.example.com", sub: "алиса" }))
      ])
      for (const token of tokens) {
        const text = Redacted.value(token)
        assert.isAbove(text.length, 64)
        assert.notInclude(text, "agent")
        assert.notInclude(Buffer.from(text, "base64url").toString(), "алиса")
      }
      assert.strictEqual(new Set(tokens.map(Redacted.value)).size, 3)
    }))

    test("need a workload, and a JWT that names a user and is alive", Effect.gen(function*() {
      yield* createWorkload()
      const operation = "GetWorkloadAccessTokenForJWT"
      yield* refuses(subject, tokenOfWorkload("nobody"), notFound("GetWorkloadAccessToken", "WorkloadIdentity", "nobody"))
      yield* refuses(
        subject,
        tokenOfUser("alice", "nobody"),
        notFound("GetWorkloadAccessTokenForUserId", "WorkloadIdentity", "nobody")
      )
      yield* refuses(
        subject,
        tokenOfJwt(jwt({ iss: "i", sub: "s" }), "nobody"),
        notFound(operation, "WorkloadIdentity", "nobody")
      )
      const unreadable: Refusal = {
        tag: "ValidationException",
        operation,
        message: "userToken must be a JWT with the claims iss and sub"
      }
      yield* refuses(subject, tokenOfJwt(jwt({ iss: "https://id.example.com" })), unreadable)
      yield* refuses(subject, tokenOfJwt(secret("not.a.jwt")), unreadable)
      yield* refuses(subject, tokenOfJwt(jwt({ iss: "i", sub: "s", exp: 1 })), {
        tag: "UnauthorizedException",
        operation,
        message: "userToken is expired"
      })
    }))
  })

  describe("machine to machine", () => {
    const machine = (token: Redacted.Redacted, request: Parameters<typeof ask>[1] = {}) =>
      ask(token, { oauth2Flow: "M2M", resourceOauth2ReturnUrl: undefined, ...request })

    test("asks the authorization server each time, with and without scopes", Effect.gen(function*() {
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
    }))

    test("passes on nothing of what the authorization server refused", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfWorkload()
      yield* refuses(subject, machine(token), oauth2("ValidationException", "Error parsing ClientCredentials response"))
    }), { fail: () => "InvalidClient" })

    test("needs a token of this backend, and a provider", Effect.gen(function*() {
      yield* setUp
      yield* refuses(
        subject,
        machine(secret("eyJhbGciOiJkaXIifQ..a.b.c")),
        oauth2("UnauthorizedException", "Workload access token is invalid or expired")
      )
      yield* refuses(
        subject,
        machine(yield* tokenOfWorkload(), { resourceCredentialProviderName: "nothing" }),
        notFound("GetResourceOauth2Token", "Oauth2CredentialProvider", "nothing")
      )
    }))
  })

  describe("a user's consent", () => {
    test("is asked for, waited for, given, completed and remembered", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const { authorizationUrl, sessionUri } = yield* asked(token, { forceAuthentication: false })
      assert.match(Redacted.value(sessionUri), /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9\-_]+$/)
      const page = new URL(Redacted.value(authorizationUrl))
      assert.strictEqual(page.pathname, "/identities/oauth2/authorize")
      same([...page.searchParams], [["request_uri", Redacted.value(sessionUri)]])

      same(yield* ask(token, { sessionUri }), new DataPlane.InProgress())
      const back = yield* consentAs(sessionUri, "code-1")
      assert(back._tag === "Redirect")
      const target = new URL(Redacted.value(back.url))
      assert.strictEqual(target.origin + target.pathname, "https://agent.example.com/consent")
      same(Object.fromEntries(target.searchParams), { tab: "1", session_id: Redacted.value(sessionUri) })
      same(yield* ask(token, { sessionUri }), new DataPlane.InProgress())

      assert.isUndefined(yield* complete(sessionUri, { userId: "alice" }))
      const answer = issued("token-1.calendar-client.code-1.read")
      same(yield* ask(token, { sessionUri }), answer)
      same(yield* ask(token), answer)
      // The vault comes before the checks of the return URL.
      same(yield* ask(token, { resourceOauth2ReturnUrl: undefined }), answer)
      same(yield* ask(yield* tokenOfUser("alice")), answer)
    }))

    test("carries custom state, custom parameters, resources and audiences", Effect.gen(function*() {
      yield* setUp
      const { sessionUri } = yield* asked(yield* tokenOfUser("alice"), {
        scopes: ["read", "write"],
        customState: secret("состояние 🙂 & \"more\"=1"),
        customParameters: { access_type: "offline", state: "forged", "login.hint-1_x": "ünï code" },
        resources: ["https://api.example.com/a b", "urn:b"],
        audiences: ["audience-1"]
      })
      const authorization = yield* openPage(sessionUri)
      const parameters = authorization.searchParams
      assert.strictEqual(parameters.get("scope"), "read write")
      assert.strictEqual(parameters.get("access_type"), "offline")
      assert.strictEqual(parameters.get("login.hint-1_x"), "ünï code")
      same(parameters.getAll("resource"), ["https://api.example.com/a b", "urn:b"])
      same(parameters.getAll("audience"), ["audience-1"])
      assert.strictEqual(parameters.getAll("state").length, 1)
      assert.notStrictEqual(parameters.get("state"), "forged")
      const back = yield* comeBack(authorization, { code: "c" })
      assert(back._tag === "Redirect")
      assert.strictEqual(new URL(Redacted.value(back.url)).searchParams.get("state"), "состояние 🙂 & \"more\"=1")
    }))

    test("needs a registered return URL, with every call", Effect.gen(function*() {
      yield* setUp
      yield* createWorkload("bare", [])
      const token = yield* tokenOfUser("alice")
      const bare = yield* tokenOfUser("alice", "bare")
      yield* refuses(subject, ask(token, { resourceOauth2ReturnUrl: undefined }), noReturnUrl)
      yield* refuses(subject, ask(token, { resourceOauth2ReturnUrl: "https://evil.example.com" }), unregistered)
      yield* refuses(subject, ask(token, { resourceOauth2ReturnUrl: `${returnUrl}&more=1` }), unregistered)
      yield* refuses(subject, ask(bare, { resourceOauth2ReturnUrl: undefined }), unregistered)
      yield* refuses(subject, ask(bare), unregistered)
      const { sessionUri } = yield* asked(token)
      yield* refuses(subject, ask(token, { sessionUri, resourceOauth2ReturnUrl: undefined }), noReturnUrl)
    }))

    test("needs a user", Effect.gen(function*() {
      yield* setUp
      yield* refuses(
        subject,
        ask(yield* tokenOfWorkload()),
        oauth2(
          "ValidationException",
          "USER_FEDERATION needs a workload access token of a user: get it by GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId"
        )
      )
    }))

    test("that is refused, rejected or too late polls as failed", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const ended = Effect.fnUntraced(function*(end: (sessionUri: Redacted.Redacted) => Effect.Effect<unknown, unknown, Provided>) {
        const { sessionUri } = yield* asked(token)
        yield* end(sessionUri)
        same(yield* ask(token, { sessionUri }), new DataPlane.Failed())
        yield* refuses(subject, complete(sessionUri, { userId: "alice" }), invalidSession)
      })
      yield* ended((sessionUri) => backend((local) => local.deny(sessionUri)))
      yield* ended((sessionUri) => backend((local) => local.expire(sessionUri)))
      yield* ended((sessionUri) =>
        Effect.flatMap(openPage(sessionUri), (authorization) => comeBack(authorization, { error: "server_error" })))
      yield* ended((sessionUri) =>
        Effect.zipRight(consentAs(sessionUri, "code"), backend((local) => local.expire(sessionUri))))
    }))

    test("is completed for the original identifier only, and once", Effect.gen(function*() {
      yield* setUp
      const claims = { iss: "https://id.example.com", sub: "alice" }
      const userToken = jwt({ ...claims, iat: 1 })
      const token = yield* tokenOfJwt(userToken)
      const { sessionUri } = yield* asked(token)
      const user = { userToken }
      yield* refuses(subject, complete(sessionUri, user), invalidSession)
      yield* consentAs(sessionUri, "code")
      const strangers = [
        { userId: "alice" },
        { userId: "https://id.example.com" },
        { userToken: jwt({ ...claims, iat: 2 }) },
        { userToken: jwt({ ...claims, sub: "bob" }) }
      ]
      for (const stranger of strangers) {
        yield* refuses(subject, complete(sessionUri, stranger), invalidSession)
      }
      yield* refuses(subject, complete(secret("urn:ietf:params:oauth:request_uri:unknown"), user), invalidSession)
      yield* complete(sessionUri, user)
      yield* refuses(subject, complete(sessionUri, user), invalidSession)
      // The user of the vault is issuer and subject: a fresh JWT finds the token.
      const fresh = yield* tokenOfJwt(jwt({ ...claims, iat: 3 }))
      same(yield* ask(fresh), issued("token-1.calendar-client.code.read"))
    }))

    test("whose code is not exchanged fails, and says so once", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const { sessionUri } = yield* asked(token)
      yield* consentAs(sessionUri, "code")
      yield* refuses(subject, complete(sessionUri, { userId: "alice" }), {
        tag: "ValidationException",
        operation: "CompleteResourceTokenAuth",
        message: "Error parsing AuthorizationCode response"
      })
      yield* refuses(subject, complete(sessionUri, { userId: "alice" }), invalidSession)
      same(yield* ask(token, { sessionUri }), new DataPlane.Failed())
    }), { fail: ({ type }) => type === "authorization_code" ? "InvalidGrant" : undefined })

    test("is asked for anew when forced, and what the vault held is gone", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const first = yield* asked(token)
      yield* backend((local) => local.approve(first.sessionUri))
      yield* ask(token)
      const second = yield* asked(token, { forceAuthentication: true })
      assert.notStrictEqual(Redacted.value(second.sessionUri), Redacted.value(first.sessionUri))
      yield* asked(token)
      yield* backend((local) => local.approve(second.sessionUri))
      same(yield* ask(token), issued("token-2.calendar-client.approved.read"))
    }))

    test("belongs to one workload, user and provider", Effect.gen(function*() {
      yield* setUp
      yield* createWorkload("other")
      yield* createProvider("mail")
      const token = yield* tokenOfUser("alice")
      const { sessionUri } = yield* asked(token)
      const strangers = [
        ask(yield* tokenOfUser("bob"), { sessionUri }),
        ask(yield* tokenOfUser("alice", "other"), { sessionUri }),
        ask(yield* tokenOfWorkload(), { sessionUri }),
        ask(token, { sessionUri, resourceCredentialProviderName: "mail" })
      ]
      same(yield* ask(token, { sessionUri: secret("urn:ietf:params:oauth:request_uri:unknown") }), new DataPlane.Failed())
      for (const stranger of strangers) {
        same(yield* stranger, new DataPlane.Failed())
      }
      yield* backend((local) => local.approve(sessionUri))
      for (const stranger of strangers) {
        same(yield* stranger, new DataPlane.Failed())
      }
      same(yield* ask(token, { sessionUri }), issued("token-1.calendar-client.approved.read"))
      for (const [user, workload] of [["bob", "agent"], ["alice", "other"]] as const) {
        yield* asked(yield* tokenOfUser(user, workload))
      }
      yield* asked(token, { resourceCredentialProviderName: "mail" })
      yield* asked(token, { scopes: ["read", "write"] })
    }))
  })

  describe("what the local backend does not serve", () => {
    test("is refused by name", Effect.gen(function*() {
      yield* setUp
      const token = yield* tokenOfJwt(jwt({ iss: "i", sub: "s" }))
      yield* refuses(
        subject,
        ask(token, { oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE" }),
        oauth2("ValidationException", "The local backend does not serve ON_BEHALF_OF_TOKEN_EXCHANGE yet")
      )
      const payments: ReadonlyArray<DataPlane.PaymentTokenRequest> = [
        { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/pay", requestBody: secret("{}") } },
        { stripePrivyTokenRequest: { requestPath: "/pay", requestBody: secret("{}"), includeAuthorizationSignature: true } }
      ]
      for (const paymentTokenRequest of payments) {
        yield* refuses(
          subject,
          data((plane) =>
            plane.getResourcePaymentToken({
              workloadIdentityToken: token,
              resourceCredentialProviderName: "payments",
              paymentTokenRequest
            })
          ),
          notFound("GetResourcePaymentToken", "PaymentCredentialProvider", "payments")
        )
      }
      yield* refuses(
        subject,
        data((plane) =>
          plane.getResourcePaymentToken(untyped({
            workloadIdentityToken: secret("not a token"),
            resourceCredentialProviderName: "payments",
            paymentTokenRequest: payments[0]
          }))
        ),
        {
          tag: "UnauthorizedException",
          operation: "GetResourcePaymentToken",
          message: "Workload access token is invalid or expired"
        }
      )
    }))
  })
}

type Provided = Effect.Effect.Context<ReturnType<typeof setUpAll>>

const setUpAll = () => Effect.all([setUp, tokenOfWorkload(), openPage(secret(""))])
