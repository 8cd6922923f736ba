/** Tests in Python steer the local server over HTTP. */
import { assert, describe } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import * as Python from "./python.js"

const clientSecret = "a-development-secret"

const server = Layer.unwrapScoped(Effect.map(AuthorizationServer.make(), (authorizationServer) =>
  Layer.provideMerge(
    LocalServer.layer({ authorizationServer }).pipe(Layer.provide(OAuthClient.layer)),
    Layer.succeed(AuthorizationServer.AuthorizationServer, authorizationServer)
  )))

describe("the control, for Python", () => {
  Python.pythonTest("resets, seeds, approves, revokes and injects a fault", () =>
    Effect.gen(function*() {
      const { controlToken, environment, url } = yield* LocalServer.LocalServer
      const authorizationServer = yield* AuthorizationServer.AuthorizationServer
      yield* authorizationServer.registerClient({
        clientId: "agentcore",
        clientSecret: Redacted.make(clientSecret),
        redirectUris: [`${url}/identities/oauth2/callback/*`],
        scopes: ["profile:read"]
      })
      const answers = yield* Python.run("control.child.py")(
        "control",
        { ...environment, AGENTCORE_LOCAL_TOKEN: Redacted.value(controlToken) },
        {
          setup: {
            workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: ["http://127.0.0.1:9/consent"] }],
            apiKeyCredentialProviders: [{ name: "weather", apiKey: "key-of-the-weather" }],
            oauth2CredentialProviders: [{
              name: "calendar",
              credentialProviderVendor: "CustomOauth2",
              oauth2ProviderConfigInput: {
                customOauth2ProviderConfig: {
                  oauthDiscovery: { discoveryUrl: authorizationServer.discoveryUrl },
                  clientId: "agentcore",
                  clientSecret
                }
              }
            }]
          }
        }
      )
      assert.deepStrictEqual(answers["empty"], [])
      assert.deepStrictEqual(answers["seeded"], ["agent", "calendar", "weather"])
      assert.strictEqual(decodeJwt(String(answers["accessToken"])).sub, "alice@example.com")
      assert.deepStrictEqual(answers["afterRevocation"], ["authorizationUrl", "sessionStatus", "sessionUri"])
      assert.deepStrictEqual(answers["faults"], ["ThrottlingException", "ThrottlingException", null])
      assert.deepStrictEqual(answers["refused"], [400, "BadRequest"])
    }).pipe(Effect.provide(server)))
})
