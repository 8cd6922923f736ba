import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { formatPlan, makeFormat } from "../src/cli/setupCommand.js"
import { ed25519Key } from "./support/paymentKeys.js"
import * as Recorder from "./support/recorder.js"

const local = LocalIdentity.layerTest()

const sentinel = "sentinel-0d7c2f94b8"
const coinbaseKey = ed25519Key()

const text = (
  options: { readonly urls?: ReadonlyArray<string>; readonly clientId?: string; readonly team?: string } = {}
) =>
  JSON.stringify({
    tags: { team: options.team ?? "agents" },
    workloadIdentities: [
      { name: "my-agent", allowedResourceOauth2ReturnUrls: options.urls ?? ["https://agent.example.com/consent"] }
    ],
    oauth2CredentialProviders: [{
      name: "github",
      credentialProviderVendor: "GithubOauth2",
      oauth2ProviderConfigInput: {
        githubOauth2ProviderConfig: { clientId: options.clientId ?? "my-agent", clientSecret: sentinel }
      }
    }],
    apiKeyCredentialProviders: [{ name: "weather", apiKey: sentinel, tags: { owner: "alice" } }],
    paymentCredentialProviders: [{
      name: "pay",
      credentialProviderVendor: "CoinbaseCDP",
      providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: coinbaseKey } }
    }]
  })

const parse = (options?: Parameters<typeof text>[0]) => IdentitySetup.parse(text(options), { file: "setup.json" })

const actions = (changes: ReadonlyArray<IdentitySetup.Change>) =>
  changes.map(({ action, name }) => `${name}: ${action}`)

describe("IdentitySetup.plan and apply", () => {
  it.effect("plan no change in a second run", () =>
    Effect.gen(function*() {
      const setup = yield* parse()
      const everything = ["my-agent: create", "github: create", "weather: create", "pay: create"]
      assert.deepStrictEqual(actions(yield* IdentitySetup.plan(setup)), everything)
      assert.deepStrictEqual(actions(yield* IdentitySetup.apply(setup)), everything)
      const unchanged = yield* IdentitySetup.plan(setup)
      assert.isTrue(unchanged.every((change) => change.action === "unchanged"))
      assert.deepStrictEqual(unchanged.map((change) => change.notComparable), [
        [],
        ["clientSecret"],
        ["apiKeySecret"],
        ["apiKeySecret"]
      ])
      assert.deepStrictEqual(yield* IdentitySetup.apply(setup), unchanged)
    }).pipe(Effect.provide(local)))

  it.effect("fail before anything is set up when a resource is invalid", () =>
    Effect.gen(function*() {
      const setup = {
        workloadIdentities: [{ name: "my-agent" }, { name: "other-agent", returnUrls: ["https://agent.example.com/"] }]
      }
      for (const run of [IdentitySetup.plan(setup), IdentitySetup.apply(setup)]) {
        const error = yield* Effect.flip(run)
        assert.strictEqual(error._tag, "ApplyError")
        assert.strictEqual(error.name, "other-agent")
        assert.include(
          error.message,
          "'workloadIdentities.1.returnUrls' failed to satisfy constraint: Member must have a"
        )
        assert.include(error.message, "known name; did you mean 'allowedResourceOauth2ReturnUrls'?")
      }
      const plane = yield* ControlPlane.ControlPlane
      assert.deepStrictEqual((yield* plane.listWorkloadIdentities({})).workloadIdentities, [])
    }).pipe(Effect.provide(local)))

  it.effect("plan and apply only the differences", () =>
    Effect.gen(function*() {
      yield* IdentitySetup.apply(yield* parse())
      const setup = yield* parse({ urls: ["https://agent.example.com/new"], clientId: "other-agent", team: "platform" })
      const planned = yield* IdentitySetup.plan(setup)
      assert.deepStrictEqual(planned.map((change) => change.changes), [
        ["allowedResourceOauth2ReturnUrls", "tags.team"],
        ["clientId", "tags.team"],
        ["tags.team"],
        ["tags.team"]
      ])
      assert.deepStrictEqual(yield* IdentitySetup.apply(setup), planned)
      assert.isTrue((yield* IdentitySetup.plan(setup)).every((change) => change.action === "unchanged"))
    }).pipe(Effect.provide(local)))

  it.effect("complete a run that failed halfway", () =>
    Effect.gen(function*() {
      const failing = yield* Ref.make(true)
      const broken = Layer.provideMerge(
        ControlPlane.decorate((operation, effect) =>
          operation === "createApiKeyCredentialProvider"
            ? Effect.flatMap(Ref.get(failing), (fails) =>
              fails
                ? Effect.fail(new IdentityError.ThrottlingException({ operation, message: "Rate exceeded" }))
                : effect)
            : effect
        ),
        local
      )
      yield* Effect.gen(function*() {
        const setup = yield* parse()
        const error = yield* Effect.flip(IdentitySetup.apply(setup))
        assert.strictEqual(
          error.message,
          "apiKeyCredentialProviders 'weather' could not be set up: ThrottlingException: Rate exceeded"
        )
        yield* Ref.set(failing, false)
        assert.deepStrictEqual(actions(yield* IdentitySetup.apply(setup)), [
          "my-agent: unchanged",
          "github: unchanged",
          "weather: create",
          "pay: create"
        ])
      }).pipe(Effect.provide(broken))
    }))

  it.effect("send secrets again with rotateSecrets", () =>
    Effect.gen(function*() {
      const setup = yield* parse()
      yield* IdentitySetup.apply(setup)
      const changes = yield* IdentitySetup.apply(setup, { rotateSecrets: true })
      assert.deepStrictEqual(changes.map((change) => change.changes), [
        [],
        ["clientSecret"],
        ["apiKeySecret"],
        ["apiKeySecret"]
      ])
    }).pipe(Effect.provide(local)))

  it.effect("format a table without secrets", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const table = yield* Effect.gen(function*() {
        const setup = yield* parse()
        const before = yield* IdentitySetup.plan(setup)
        yield* IdentitySetup.apply(setup)
        const after = yield* IdentitySetup.plan(yield* parse({ clientId: "other-agent" }))
        return [...before, ...after].map(makeFormat(setup)).join("\n")
      }).pipe(Effect.provide(local), Effect.provide(recorder.layer))
      assert.deepStrictEqual(table.split("\n").map((line) => line.trimEnd()), [
        "+  workloadIdentities          my-agent  create",
        "+  oauth2CredentialProviders   github    create",
        "+  apiKeyCredentialProviders   weather   create",
        "+  paymentCredentialProviders  pay       create",
        "   workloadIdentities          my-agent  unchanged",
        "~  oauth2CredentialProviders   github    update     clientId, (not comparable: clientSecret)",
        "   apiKeyCredentialProviders   weather   unchanged  (not comparable: apiKeySecret)",
        "   paymentCredentialProviders  pay       unchanged  (not comparable: apiKeySecret)"
      ])
      Recorder.assertSecretFree([table, ...(yield* recorder.everything)], [sentinel, coinbaseKey])
    }))

  it.effect("report old and new values, and no secrets", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const tables = yield* Effect.gen(function*() {
        const before = yield* IdentitySetup.plan(yield* parse())
        assert.deepStrictEqual(before[1]?.values, [
          { member: "credentialProviderVendor", after: "GithubOauth2" },
          { member: "clientId", after: "my-agent" },
          { member: "tags.team", after: "agents" }
        ])
        yield* IdentitySetup.apply(yield* parse())
        const other = yield* parse({
          urls: ["https://agent.example.com/new"],
          clientId: "other-agent\u009b2J",
          team: "b"
        })
        const planned = yield* IdentitySetup.plan(other)
        assert.deepStrictEqual(planned[1]?.values, [
          { member: "clientId", before: "my-agent", after: "other-agent\u009b2J" },
          { member: "tags.team", before: "agents", after: "b" }
        ])
        const rotated = yield* IdentitySetup.apply(other, { rotateSecrets: true })
        return [before, planned, rotated].map(formatPlan)
      }).pipe(Effect.provide(local), Effect.provide(recorder.layer))
      assert.deepStrictEqual(tables[1]?.split("\n"), [
        "~  workloadIdentities          my-agent  update",
        "     allowedResourceOauth2ReturnUrls: [\"https://agent.example.com/consent\"] -> [\"https://agent.example.com/new\"]",
        "     tags.team: \"agents\" -> \"b\"",
        "~  oauth2CredentialProviders   github    update",
        "     clientId: \"my-agent\" -> \"other-agent\\u009b2J\"",
        "     tags.team: \"agents\" -> \"b\"",
        "     clientSecret: cannot be compared",
        "~  apiKeyCredentialProviders   weather   update",
        "     tags.team: \"agents\" -> \"b\"",
        "     apiKeySecret: cannot be compared",
        "~  paymentCredentialProviders  pay       update",
        "     tags.team: \"agents\" -> \"b\"",
        "     apiKeySecret: cannot be compared"
      ])
      assert.include(tables[2] ?? "", "     clientSecret: changed\n")
      Recorder.assertSecretFree([...tables, ...(yield* recorder.everything)], [sentinel, coinbaseKey])
    }))
})
