/** Authorization servers whose certificates come from a private CA. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Jose from "jose"
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import * as Https from "node:https"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import Provider from "oidc-provider"
import * as Program from "../support/cli.js"
import * as Server from "../support/server.js"
import * as Wire from "../support/wire.js"

beforeAll(Program.build)

const certificates = fileURLToPath(new URL("../support/certificates", import.meta.url))

const authority = join(certificates, "ca.pem")

const client = { client_id: "agent", client_secret: "a-development-secret" }

/** An authorization server over TLS, with its own CA. Its access tokens are JWTs. */
const authorizationServer = Effect.gen(function*() {
  const { privateKey } = yield* Effect.promise(() => Jose.generateKeyPair("ES256", { extractable: true }))
  const signingKey = { ...(yield* Effect.promise(() => Jose.exportJWK(privateKey))), alg: "ES256", use: "sig" }
  const server = Https.createServer({
    cert: readFileSync(join(certificates, "server.pem")),
    key: readFileSync(join(certificates, "server.key"))
  })
  const issuer = `https://localhost:${yield* Server.listen(server)}`
  const provider = new Provider(issuer, {
    clients: [{ ...client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    // Its type is that of the Web Crypto API.
    jwks: { keys: [signingKey as never] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:api",
        getResourceServerInfo: () => ({
          scope: "reports:read",
          audience: "urn:api",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "ES256" } }
        })
      }
    }
  })
  server.on("request", provider.callback())
  const userToken = yield* Effect.promise(() =>
    new Jose.SignJWT({ iss: issuer, sub: "alice" }).setExpirationTime("1 hour")
      .setProtectedHeader({ alg: "ES256" }).sign(privateKey)
  )
  return { issuer, userToken }
})

/** Obtains a token of the provider, and a workload access token for the JWT. Returns the outcome of both. */
const obtain = (running: Program.Running, userToken: string) =>
  Program.script(
    running.variables,
    `
      import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
      import { decodeJwt } from "jose"
      const client = new BedrockAgentCore({ maxAttempts: 1 })
      const outcomeOf = (promise) => promise.then((value) => value, ({ name }) => name)
      const { workloadAccessToken } = await client.getWorkloadAccessToken({ workloadName: "agent" })
      console.log(JSON.stringify([
        await outcomeOf(client.getResourceOauth2Token({
          workloadIdentityToken: workloadAccessToken,
          resourceCredentialProviderName: "reports",
          scopes: ["reports:read"],
          oauth2Flow: "M2M"
        }).then(({ accessToken }) => decodeJwt(accessToken).iss)),
        await outcomeOf(
          client.getWorkloadAccessTokenForJWT({ workloadName: "agent", userToken: ${JSON.stringify(userToken)} })
            .then(() => "accepted")
        )
      ]))
    `
  )

const start = (issuer: string, local: object, environment: Program.Environment = {}) =>
  Effect.gen(function*() {
    const folder = yield* Program.temporary
    const config = join(folder, "setup.json")
    writeFileSync(join(folder, "authority.pem"), readFileSync(authority))
    writeFileSync(
      config,
      JSON.stringify({
        workloadIdentities: [{ name: "agent" }],
        oauth2CredentialProviders: [Wire.customProvider("reports", {
          oauthDiscovery: { discoveryUrl: `${issuer}/.well-known/openid-configuration` },
          clientId: client.client_id,
          clientSecret: client.client_secret
        })],
        local
      })
    )
    return yield* Program.local(["--config", config], environment)
  })

describe("a private certificate authority", () => {
  it.live("is trusted for discovery, tokens and key sets, by the setup file or by NODE_EXTRA_CA_CERTS", () =>
    Effect.gen(function*() {
      const { issuer, userToken } = yield* authorizationServer
      // The path is relative to the setup file.
      const byFile = yield* start(issuer, { certificateAuthorities: ["authority.pem"] })
      assert.deepStrictEqual(yield* obtain(byFile, userToken), [issuer, "accepted"])
      const byEnvironment = yield* start(issuer, {}, { NODE_EXTRA_CA_CERTS: authority })
      assert.deepStrictEqual(yield* obtain(byEnvironment, userToken), [issuer, "accepted"])
    }))

  it.live("is rejected otherwise, and the log names the error of the certificate", () =>
    Effect.gen(function*() {
      const { issuer, userToken } = yield* authorizationServer
      const folder = yield* Program.temporary
      execFileSync("mkfifo", [join(folder, "pipe.pem")])
      writeFileSync(join(folder, "large.pem"), "#".repeat(4 * 1024 * 1024) + readFileSync(authority, "utf8"))
      const others = ["/dev/zero", folder, join(folder, "pipe.pem"), join(folder, "large.pem")]
      const running = yield* start(issuer, { certificateAuthorities: ["missing.pem", ...others] })
      const [token, user] = (yield* obtain(running, userToken)) as ReadonlyArray<string>
      assert.strictEqual(token, "ValidationException")
      assert.notStrictEqual(user, "accepted")
      const { stderr } = yield* running.kill("SIGTERM")
      assert.match(stderr, /The file \S+missing\.pem of certificateAuthorities cannot be used: .*ENOENT/)
      const reasons = ["not a regular file", "it is a directory", "not a regular file", "it has more than 4 MiB"]
      for (const [index, reason] of reasons.entries()) {
        // Each is read once.
        const lines = stderr.split("\n").filter((line) => line.includes(`${others[index]} of certificateAuthorities`))
        assert.lengthOf(lines, 1)
        assert.include(lines[0], reason)
      }
      assert.match(stderr, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT/)
    }))
})
