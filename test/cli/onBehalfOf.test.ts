/** Tokens on behalf of users, with the defaults of `npx agentcore-identity local --authorization-server`. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Jose from "jose"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as OAuth from "openid-client"
import * as Utils from "../support/authorizationServer.js"
import * as Program from "../support/cli.js"
import { issuerOf, makeKey, sign } from "../support/issuer.js"
import * as Python from "../support/python.js"
import { pythonTest } from "../support/python.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"

beforeAll(Program.build)

const setup = fileURLToPath(new URL("../examples/on-behalf-of.setup.jsonc", import.meta.url))

const variable = ({ variables }: Program.Running, name: string): string =>
  variables[name] ?? assert.fail(`${name} is not exported`)

interface Application {
  readonly running: Program.Running
  /** Signs a user in at the application, and returns the user's tokens. */
  readonly signIn: (userName: string, scope: string) => Effect.Effect<OAuth.TokenEndpointResponse>
}

/** The local server, and an application that signs in users with the client `agentcore`. */
const start = (
  args: ReadonlyArray<string> = [],
  environment: Program.Environment = {}
): Effect.Effect<Application, never, Scope.Scope> =>
  Effect.gen(function*() {
    const redirectUri = `${yield* Server.serve((_, response) => void response.end("<h1>Back</h1>"))}/callback`
    const running = yield* Program.local(
      ["--authorization-server", "--authorization-server-redirect-uri", redirectUri, "--config", setup, ...args],
      environment
    )
    const configuration = yield* Effect.promise(() =>
      OAuth.discovery(
        new URL(variable(running, "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL")),
        variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_ID"),
        undefined,
        OAuth.ClientSecretBasic(variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET")),
        { execute: [OAuth.allowInsecureRequests] }
      )
    )
    const signIn: Application["signIn"] = (userName, scope) =>
      Effect.gen(function*() {
        const request = yield* Utils.authorizationRequest(configuration, redirectUri, { scope })
        const page = yield* SimulatedUser.consent({ authorizationUrl: request.url, userName, decision: "allow" })
        return yield* Effect.promise(() =>
          OAuth.authorizationCodeGrant(configuration, new URL(Redacted.value(page.url)), {
            pkceCodeVerifier: request.verifier,
            expectedState: request.state
          })
        )
      }).pipe(Effect.orDie)
    return { running, signIn }
  })

const claimsOf = (token: unknown) => Jose.decodeJwt(String(token))

/** Calls of the AWS SDK, in the environment that the server prints. Returns the outcome of each. */
const program = (
  { variables }: Program.Running,
  tokens: ReadonlyArray<readonly [provider: string, userToken: string]>
) =>
  Program.script(
    variables,
    `
      import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
      const client = new BedrockAgentCore({ maxAttempts: 1 })
      const obtain = async ([resourceCredentialProviderName, userToken]) => {
        const { workloadAccessToken } = await client.getWorkloadAccessTokenForJWT({ workloadName: "my-agent", userToken })
        const { accessToken } = await client.getResourceOauth2Token({
          workloadIdentityToken: workloadAccessToken,
          resourceCredentialProviderName,
          scopes: [resourceCredentialProviderName === "todo" ? "tools.access" : "User.Read"],
          oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
        })
        return accessToken
      }
      const outcomes = []
      for (const request of ${JSON.stringify(tokens)}) {
        outcomes.push(await obtain(request).catch((error) => error.message))
      }
      console.log(JSON.stringify(outcomes))
    `
  ) as Effect.Effect<ReadonlyArray<string>>

const stsToken = ({ variables }: Program.Running) =>
  Program.script(
    variables,
    `
      import { STS } from "@aws-sdk/client-sts"
      const { WebIdentityToken } = await new STS({}).getWebIdentityToken({
        Audience: ["https://agent.example.com"],
        SigningAlgorithm: "RS256"
      })
      console.log(JSON.stringify(WebIdentityToken))
    `
  )

describe("on behalf of users, with the setup of the example", () => {
  it.live("accepts users of the authorization server, STS, and trusted issuers", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256", { kid: "1" })
      const trusted = yield* issuerOf(() => [key.jwk])
      const stranger = yield* issuerOf(() => [key.jwk])
      const foreign = (issuer: string) =>
        Effect.map(sign(issuer, key, { sub: "bob", exp: Math.floor(Date.now() / 1000) + 300 }), Redacted.value)
      const secret = "sentinel-client-secret"
      const { running, signIn } = yield* start(
        [
          "--authorization-server-scope",
          "User.Read, tools.access",
          "--trust-issuer",
          trusted.issuer,
          // Browsers and the issuer of STS have this name. The server itself does not reach it.
          "--public-url",
          "https://identity.invalid"
        ],
        { AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET: secret }
      )
      const issuer = variable(running, "AGENTCORE_LOCAL_OAUTH_ISSUER")
      const alice = yield* signIn("alice", "openid email")
      const user = { email: "alice@example.com", email_verified: true, groups: ["writers"] }
      assert.deepInclude(claimsOf(alice.id_token), { sub: "alice", ...user })

      const outcomes = yield* program(running, [
        ["todo", alice.access_token],
        ["graph", alice.id_token ?? ""],
        ["todo", yield* foreign(trusted.issuer)],
        ["todo", yield* foreign(stranger.issuer)]
      ])
      const own = {
        iss: issuer,
        client_id: "agentcore",
        aud: variable(running, "AGENTCORE_LOCAL_OAUTH_AUDIENCE")
      }
      const act = { iss: issuer, sub: "agentcore" }
      assert.deepInclude(claimsOf(outcomes[0]), { ...own, ...user, sub: "alice", scope: "tools.access", act })
      assert.deepInclude(claimsOf(outcomes[1]), { ...own, ...user, sub: "alice", scope: "User.Read" })
      assert.notProperty(claimsOf(outcomes[1]), "act")
      assert.deepInclude(claimsOf(outcomes[2]), { ...own, sub: "bob", act })
      assert.strictEqual(outcomes[3], "Token exchange failed with HTTP status 400")

      // The token endpoint knows the key of STS, although the issuer of STS is unreachable.
      const sts = String(yield* stsToken(running))
      assert.strictEqual(claimsOf(sts).iss, "https://identity.invalid")
      const exchange = (parameters: Record<string, string>) =>
        Effect.promise(async () => {
          const response = await fetch(variable(running, "AGENTCORE_LOCAL_OAUTH_TOKEN_ENDPOINT"), {
            method: "POST",
            headers: { authorization: `Basic ${Buffer.from(`agentcore:${secret}`).toString("base64")}` },
            body: new URLSearchParams(parameters)
          })
          const { access_token } = await response.json() as Record<string, unknown>
          return claimsOf(access_token)
        })
      const role = claimsOf(sts).sub
      assert.match(role ?? "", /^arn:aws:iam::\d+:role\//)
      const acted = yield* exchange({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: alice.access_token,
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
        actor_token: sts,
        actor_token_type: "urn:ietf:params:oauth:token-type:jwt"
      })
      assert.deepInclude(acted, { sub: "alice", act: { iss: "https://identity.invalid", sub: role } })
      const granted = yield* exchange({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: sts
      })
      assert.strictEqual(granted.sub, role)

      const requests = yield* Effect.promise(() =>
        fetch(`${variable(running, "AWS_ENDPOINT_URL_STS")}/_local/requests`, {
          headers: { authorization: `Bearer ${variable(running, "AGENTCORE_LOCAL_TOKEN")}` }
        }).then((response) => response.text())
      )
      const { stderr } = yield* running.kill("SIGTERM")
      for (const text of [requests, stderr]) {
        assert.include(text, "the subject_token is not valid: its issuer is not trusted by this server")
        assert.notInclude(text, secret)
      }
      assert.match(stderr, /level=WARN .*invalid_request: .*provider=todo request="token exchange"/)
    }))

  it.live("reports options that need the authorization server", () =>
    Effect.gen(function*() {
      const config = join(yield* Program.temporary, "setup.json")
      writeFileSync(config, `{ "local": { "users": {} } }`)
      const running = yield* Program.local(["--trust-issuer", "https://issuer.example.com", "--config", config])
      const { stderr } = yield* running.kill("SIGTERM")
      assert.include(
        stderr,
        "Without --authorization-server, this has no effect: --trust-issuer, local.users of the setup file"
      )
    }))
})

describe("the official samples over boto3", () => {
  const run = Python.run(new URL("samples.child.py", import.meta.url))

  pythonTest("08-okta-xaa-delegation-chain and 13-entra-obo-mcp-runtime pass", () =>
    Effect.gen(function*() {
      const machineScope = "api://0f0f0f0f-1111-4000-8000-000000000000/.default"
      const { running, signIn } = yield* start([
        "--authorization-server-scope",
        "tools.access",
        "--authorization-server-scope",
        `User.Read ${machineScope}`,
        "--authorization-server-audience",
        "https://xaa-agentcore.example.com"
      ])
      const { access_token } = yield* signIn("alice", "openid profile")
      const given = {
        // The secret is in the settings.
        domain: "dev-01234567.okta.com",
        clientId: variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_ID"),
        clientSecret: variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"),
        userToken: access_token
      }
      const okta = yield* run("okta", running.variables, given)
      const deployments = okta["deployments"] as ReadonlyArray<ReadonlyArray<string>>
      assert.deepStrictEqual(deployments.map(([, how]) => how), ["created", "reused", "rotated"])
      assert.strictEqual(new Set(deployments.map(([identity, , provider]) => `${identity} ${provider}`)).size, 1)
      const gateway = claimsOf(okta["token"])
      assert.deepInclude(gateway, {
        sub: "alice",
        aud: "https://xaa-agentcore.example.com",
        scope: "tools.access",
        client_id: "agentcore"
      })
      assert.notProperty(gateway, "act")

      const entra = yield* run("entra", running.variables, { ...given, machineScope })
      assert.strictEqual(entra["account"], "123456789012")
      assert.match(String(entra["provider"]), /\/oauth2credentialprovider\/entra-agent-provider$/)
      assert.deepInclude(claimsOf(entra["user"]), { sub: "alice", scope: "User.Read" })
      assert.deepInclude(claimsOf(entra["machine"]), { sub: "agentcore", scope: machineScope })
      assert.deepStrictEqual(entra["left"], ["graph", "todo", "xaa-agent-obo-provider"])
      const { stderr } = yield* running.kill("SIGTERM")
      assert.notInclude(stderr, "issued no token")
    }))

  pythonTest(
    "04-outbound-auth-self-hosted passes, with the discovery URL of its Cognito user pool",
    () =>
      Effect.gen(function*() {
        const { running } = yield* start()
        const callbackUrl = `${yield* Server.serve((_, response) => void response.end("<h1>Back</h1>"))}/callback`
        const asked = yield* run("self-hosted", running.variables, {
          callbackUrl,
          issuerUrl: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_AbCdEfGhI/.well-known/openid-configuration",
          clientId: variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_ID"),
          clientSecret: variable(running, "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET")
        })
        const user = yield* TestUser.make("alice")
        const page = yield* user.approves(Redacted.make(String(asked["authorizationUrl"])))
        assert.include(Redacted.value(page.url), `${callbackUrl}?session_id=`)
        const { token } = yield* run("self-hosted-callback", running.variables, {
          callbackUrl,
          sessionUri: asked["sessionUri"]
        })
        assert.deepInclude(claimsOf(token), { sub: "alice", iss: variable(running, "AGENTCORE_LOCAL_OAUTH_ISSUER") })
      })
  )
})
