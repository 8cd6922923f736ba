import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createApiKey, identityArn, invalid, readKey } from "./setup.js"
import {
  control,
  createProvider,
  createWorkload,
  discoveryUrl,
  jwt,
  rejects,
  same,
  secret,
  type Subject,
  tester,
  tokenOfJwt,
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

const secretArn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:bedrock-agentcore-identity!default"

/** Resources and tokens, as every adapter returns them. */
export const contract = (subject: Subject): void => {
  const test = tester(subject)

  describe("credential providers", () => {
    test("of OAuth2 are created from a discovery URL", function*() {
      // Another kind can have the same name.
      yield* createApiKey("calendar")
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
    })

    test("of API keys are created, and return their key unchanged", function*() {
      yield* createWorkload()
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
      same(yield* readKey(), { apiKey: secret(apiKey) })
      yield* control((plane) => plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: secret("another") }))
      same(yield* readKey(), { apiKey: secret("another") })
      yield* create("empty", "")
      yield* rejects(subject, readKey("empty"), {
        tag: "ValidationException",
        operation: "GetResourceApiKey",
        message: "The API key of the credential provider is empty"
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

    test("need a valid JWT with a user", function*() {
      yield* createWorkload()
      const operation = "GetWorkloadAccessTokenForJWT"
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
    tester(subject, { settings: { serviceLinked: ["runtime-a1", "not-created"] } })(
      "can be updated, and cannot be deleted",
      function*() {
        yield* createWorkload("runtime-a1")
        yield* createWorkload("agent")
        yield* tokenOfWorkload("agent")
        yield* control((plane) =>
          plane.updateWorkloadIdentity({ name: "runtime-a1", allowedResourceOauth2ReturnUrls: ["app:/back"] })
        )
        yield* rejects(
          subject,
          control((plane) => plane.deleteWorkloadIdentity({ name: "runtime-a1" })),
          invalid(
            "DeleteWorkloadIdentity",
            "WorkloadIdentity is linked to a service and cannot be deleted by the caller"
          )
        )
        const { allowedResourceOauth2ReturnUrls } = yield* control((plane) =>
          plane.getWorkloadIdentity({ name: "runtime-a1" })
        )
        same(allowedResourceOauth2ReturnUrls, ["app:/back"])
      }
    )
  })
}
