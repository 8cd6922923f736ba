import { assert, it } from "@effect/vitest"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { agent, caller } from "./agent.ts"
import { laptop, setUp } from "./laptop.ts"

it.effect("uses the token", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* agent, "a token of 5 characters")
  }).pipe(
    Effect.provide(Layer.mock(Identity.Identity, { getAccessToken: () => Effect.succeed(Redacted.make("token")) })),
    Effect.provide(WorkloadAccessToken.layer(Redacted.make("workload-token")))
  ))

it.live("gets a token over HTTP, after it was throttled twice", () =>
  Effect.gen(function*() {
    yield* setUp
    const { url: endpoint } = yield* LocalIdentity.LocalServer
    const { faults } = yield* LocalControl.LocalControl
    yield* faults.add({ operation: "GetResourceOauth2Token", exception: "ThrottlingException", count: 2 })
    const credentials = { accessKeyId: "local", secretAccessKey: Redacted.make("local") }
    const aws = AwsIdentity.layer({ endpoint, region: "us-west-2", credentials })
    assert.match(yield* agent.pipe(Effect.provide(caller), Effect.provide(aws)), /^a token of \d{3} characters$/)
  }).pipe(Effect.provide(laptop)))
