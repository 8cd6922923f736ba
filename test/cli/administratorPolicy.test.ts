/** The policy of `policy --administrator` is enough for `setup apply`, and has nothing that it does not need. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import type * as Credentials from "effect-agentcore-identity/Credentials"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Program from "../support/cli.js"
import { LocalServer, Scripted, VaultStore } from "../support/localBackend.js"
import { ed25519Key } from "../support/paymentKeys.js"

beforeAll(Program.build)

const discoveryUrl = "https://issuer.example.com/.well-known/openid-configuration"

/** A setup, before and after changes of every kind. */
const makeSetup = (state: "before" | "after") => {
  const changed = state === "after"
  return JSON.stringify({
    tags: { state },
    workloadIdentities: [{
      name: "my-agent",
      allowedResourceOauth2ReturnUrls: [`https://${state}.example.com/consent`]
    }],
    oauth2CredentialProviders: [
      {
        name: "reports",
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl }, clientId: state, clientSecret: state }
        }
      },
      {
        // It loses its secret.
        name: "ledger",
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl },
            clientId: state,
            ...changed ? { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" } : { clientSecret: state }
          }
        }
      }
    ],
    apiKeyCredentialProviders: [{ name: "weather", apiKey: state }],
    paymentCredentialProviders: [{
      name: "wallet",
      credentialProviderVendor: "CoinbaseCDP",
      providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: state, apiKeySecret: ed25519Key() } }
    }]
  })
}

const parse = (state: "before" | "after") => IdentitySetup.parse(makeSetup(state), { file: "setup.jsonc" })

/** Applies the setup and then its changes, each as an administrator with the policy. */
const apply = (policy: NonNullable<LocalIdentity.Options["policy"]>) =>
  Effect.gen(function*() {
    const { url } = yield* LocalIdentity.LocalServer
    const planes = AwsPlanes.layer({
      endpoint: url,
      region: "us-west-2",
      credentials: { accessKeyId: "administrator", secretAccessKey: Redacted.make("any") }
    })
    yield* Effect.provide(IdentitySetup.apply(yield* parse("before")), planes)
    const changes = yield* Effect.provide(IdentitySetup.apply(yield* parse("after"), { rotateSecrets: true }), planes)
    assert.deepStrictEqual(changes.map(({ action }) => action), changes.map(() => "update"))
  }).pipe(
    Effect.provide(
      LocalServer.layer({ settings: Effect.succeed({ policies: { administrator: [policy] } }) }).pipe(
        Layer.provide(Scripted.layer()),
        Layer.provide(VaultStore.layerMemory)
      )
    ),
    Effect.result
  )

/** The local server makes secrets with the newer form of the name. */
const isOlderForm = (resource: string) => /(?<!\?)-\?{6}$/.test(resource) && resource.includes("!default")

/** Every policy with one action or one resource less. */
const reduce = ({ Statement }: Credentials.Policy) =>
  Statement.flatMap((statement, index) =>
    (["Action", "Resource"] as const).flatMap((member) =>
      statement[member].filter((one) => !isOlderForm(one)).map((dropped) => {
        const rest = statement[member].filter((one) => one !== dropped && !isOlderForm(one))
        const changed = rest.length === 0 ? [] : [{ ...statement, [member]: rest }]
        return { dropped, Statement: Statement.flatMap((one, at) => at === index ? changed : [one]) }
      })
    )
  )

describe("agentcore-identity policy --administrator", () => {
  it.live("prints a policy that is enough and minimal for setup apply", () =>
    Effect.gen(function*() {
      const file = join(yield* Program.temporary, "setup.jsonc")
      writeFileSync(file, makeSetup("after"))
      const args = ["policy", "--administrator", file, "--account", "123456789012"]
      const { code, stderr, stdout } = yield* Program.run(args, { AWS_REGION: "us-west-2" })
      assert.strictEqual(code, 0, stderr)
      const policy: Credentials.Policy = JSON.parse(stdout)
      const actions = policy.Statement.flatMap(({ Action }) => Action)
      for (const name of ["CreateSecret", "PutSecretValue", "DeleteSecret"]) {
        assert.include(actions, `secretsmanager:${name}`)
      }
      assert.include(actions, "bedrock-agentcore:CreateTokenVault")
      const whole = yield* apply(policy)
      assert.strictEqual(whole._tag, "Success", String(whole))
      for (const { Statement, dropped } of reduce(policy)) {
        const denied = yield* apply({ Statement })
        assert.strictEqual(denied._tag, "Failure", `without ${dropped}`)
        assert.include(denied._tag === "Failure" ? String(denied.failure) : "", "AccessDeniedException")
      }
    }))
})
