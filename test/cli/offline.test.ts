/**
 * `npx agentcore-identity local --offline`, for programs that name real vendors. The requests are those of the
 * integration tests of the official TypeScript SDK (provider lifecycle, M2M with Cognito), and of the official sample
 * `03-m2m-3lo`, without their calls to Cognito.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { fileURLToPath } from "node:url"
import * as Program from "../support/cli.js"
import * as SimulatedUser from "../support/simulatedUser.js"

beforeAll(Program.build)

const setUp = `
  import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
  import { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
  const data = new BedrockAgentCore({ maxAttempts: 1 })
  const control = new BedrockAgentCoreControl({ maxAttempts: 1 })
  const custom = (name, discoveryUrl) => control.createOauth2CredentialProvider({
    name,
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        clientId: "7lu6mbvqbgn9iqvfgcvqks2i9q",
        clientSecret: "a secret that Cognito made",
        oauthDiscovery: { discoveryUrl }
      }
    }
  })
  const returnUrl = "http://127.0.0.1:8765/consent"
`

describe("agentcore-identity local --offline", () => {
  it.live("creates a provider with the discovery URL of a vendor, and obtains a token of the agent", () =>
    Effect.gen(function*() {
      const setup = fileURLToPath(new URL("../examples/setup.jsonc", import.meta.url))
      const running = yield* Program.local(["--offline", "--config", setup])
      const claims = (yield* Program.script(
        running.variables,
        `
          ${setUp}
          import { withAccessToken } from "bedrock-agentcore/identity"
          import { decodeJwt } from "jose"
          await custom("google", "https://accounts.google.com/.well-known/openid-configuration")
          await custom(
            "cognito",
            "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_AbCdEfGhI/.well-known/openid-configuration"
          )
          await control.createWorkloadIdentity({ name: "agent" })
          const { workloadAccessToken } = await data.getWorkloadAccessTokenForUserId({
            workloadName: "agent",
            userId: "test-user"
          })
          const request = { workloadIdentityToken: workloadAccessToken, scopes: ["test-api/read"], authFlow: "M2M" }
          const read = withAccessToken({ ...request, providerName: "cognito" })(async (token) => decodeJwt(token))
          console.log(JSON.stringify(await Promise.all([read(), read(), read()])))
        `
      )) as ReadonlyArray<object>
      assert.lengthOf(claims, 3)
      for (const token of claims) {
        assert.propertyVal(token, "iss", running.variables["AGENTCORE_LOCAL_OAUTH_ISSUER"])
        assert.propertyVal(token, "client_id", "7lu6mbvqbgn9iqvfgcvqks2i9q")
        assert.propertyVal(token, "scope", "test-api/read")
      }
      // The first line says what the server stands in for, before the set-up.
      const { stderr } = yield* running.kill("SIGTERM")
      assert.match(stderr.split("\n")[0] ?? "", /Offline: http:\S+ stands in for all vendors and for all authorization/)
    }))

  it.live("opens its own page for a user of GitHub", () =>
    Effect.gen(function*() {
      const running = yield* Program.local(["--offline"])
      const session = (yield* Program.script(
        running.variables,
        `
          ${setUp}
          await control.createOauth2CredentialProvider({
            name: "github",
            credentialProviderVendor: "GithubOauth2",
            oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "Iv1.8a61f9b3", clientSecret: "secret" } }
          })
          await control.createWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
          const { workloadAccessToken } = await data.getWorkloadAccessTokenForUserId({
            workloadName: "agent",
            userId: "alice"
          })
          const { authorizationUrl, sessionUri } = await data.getResourceOauth2Token({
            workloadIdentityToken: workloadAccessToken,
            resourceCredentialProviderName: "github",
            scopes: ["repo", "read:user"],
            oauth2Flow: "USER_FEDERATION",
            resourceOauth2ReturnUrl: returnUrl
          })
          console.log(JSON.stringify({ authorizationUrl, sessionUri, workloadAccessToken }))
        `
      )) as { readonly authorizationUrl: string; readonly sessionUri: string; readonly workloadAccessToken: string }
      const authorizationUrl = Redacted.make(session.authorizationUrl)
      yield* Effect.ignore(SimulatedUser.consent({ authorizationUrl, userName: "alice", decision: "allow" }))
      const scope = yield* Program.script(
        running.variables,
        `
          ${setUp}
          import { decodeJwt } from "jose"
          const { sessionUri, workloadAccessToken } = ${JSON.stringify(session)}
          await data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
          const { accessToken } = await data.getResourceOauth2Token({
            workloadIdentityToken: workloadAccessToken,
            resourceCredentialProviderName: "github",
            scopes: ["repo", "read:user"],
            oauth2Flow: "USER_FEDERATION",
            resourceOauth2ReturnUrl: returnUrl,
            sessionUri
          })
          console.log(JSON.stringify(decodeJwt(accessToken).scope))
        `
      )
      assert.strictEqual(scope, "repo read:user")
    }))
})
