import {
  BedrockAgentCoreClient,
  GetResourceApiKeyCommand,
  InvokeAgentRuntimeCommand,
  InvokeAgentRuntimeCommandCommand,
  InvokeBrowserCommand,
  InvokeHarnessCommand
} from "@aws-sdk/client-bedrock-agentcore"
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts"
import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import { runWithContext, withWatPropagation } from "effect-agentcore-identity/promise/Identity"
import * as PropagateIdentity from "effect-agentcore-identity/runtime/PropagateIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { secret } from "../support/utils.js"
import * as World from "./world.js"

const header = "x-amz-bedrock-agentcore-identity-wat"

const config = (endpoint: string) => ({
  region: "us-west-2",
  endpoint,
  credentials: { accessKeyId: "key", secretAccessKey: "secret" }
})

const clientOf = (endpoint: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new BedrockAgentCoreClient(config(endpoint))),
    (client) => Effect.sync(() => client.destroy())
  )

const runtimeArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/other"
const harnessArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:harness/other"
const runtimeSessionId = "a-session-of-more-than-thirty-three-characters"

const invokeRuntime = (agentRuntimeArn = runtimeArn) =>
  new InvokeAgentRuntimeCommand({ agentRuntimeArn, payload: "{}" })
const invokeCommand = () =>
  new InvokeAgentRuntimeCommandCommand({ agentRuntimeArn: runtimeArn, body: { command: "ls" } })
const invokeHarness = () => new InvokeHarnessCommand({ harnessArn, runtimeSessionId, messages: [] })

/** Only the sent request matters, so the response need not be valid for the command. */
const ignoreResponse = (sent: Promise<unknown>): Promise<unknown> => sent.catch(() => {})

const asAlice = <A>(f: () => A): A => runWithContext({ workloadAccessToken: "token-of-alice" }, f)

describe("withWatPropagation", () => {
  it.live("adds the header to the three invocations, before they are signed", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      withWatPropagation(client)
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(invokeRuntime()))))
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(invokeCommand()))))
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(invokeHarness()))))
      assert.lengthOf(received, 3)
      for (const { headers } of received) {
        assert.strictEqual(headers[header], "token-of-alice")
        assert.match(headers.authorization ?? "", new RegExp(`SignedHeaders=[^,]*${header}`))
      }
    }))

  it.live("adds the header to no other operation, and no other service", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      const sts = new STSClient(config(url))
      withWatPropagation(client)
      withWatPropagation(sts)
      yield* Effect.promise(() =>
        asAlice(async () => {
          await ignoreResponse(client.send(
            new InvokeBrowserCommand({ browserIdentifier: "b", sessionId: runtimeSessionId, action: undefined })
          ))
          await ignoreResponse(client.send(
            new GetResourceApiKeyCommand({ workloadIdentityToken: "t", resourceCredentialProviderName: "weather" })
          ))
          await ignoreResponse(sts.send(new GetCallerIdentityCommand()))
        })
      )
      sts.destroy()
      assert.lengthOf(received, 3)
      for (const { headers } of received) {
        assert.notProperty(headers, header)
      }
    }))

  it.live("reads the caller at each call, and adds nothing without a caller", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      asAlice(() => withWatPropagation(client))
      const users = Array.from({ length: 20 }, (_, index) => `token-of-${index}`)
      const send = (workloadAccessToken: string) =>
        runWithContext(
          { workloadAccessToken },
          () => ignoreResponse(client.send(invokeRuntime(workloadAccessToken)))
        )
      yield* Effect.promise(() => Promise.all(users.map(send)))
      assert.lengthOf(received, users.length)
      for (const { headers, url } of received) {
        assert.include(url, `/${String(headers[header])}/`)
      }
      yield* Effect.promise(() => ignoreResponse(client.send(invokeRuntime())))
      yield* Effect.promise(() => runWithContext({}, () => ignoreResponse(client.send(invokeRuntime()))))
      for (const { headers } of received.slice(users.length)) {
        assert.notProperty(headers, header)
      }
      assert.lengthOf(received, users.length + 2)
    }))

  it.live("changes nothing when it is called twice", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      withWatPropagation(client)
      withWatPropagation(client)
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(invokeRuntime()))))
      assert.strictEqual(received[0]?.headers[header], "token-of-alice")
    }))

  it.live("does not override the caller of a single command", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      withWatPropagation(client)
      const command = yield* PropagateIdentity.command(invokeRuntime()).pipe(
        Effect.provide(WorkloadAccessToken.layer(secret("token-of-bob")))
      )
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(command))))
      assert.deepStrictEqual(received.map(({ headers }) => headers[header]), ["token-of-bob"])
    }))

  it.live("uses the caller of the runtime when the request has none", () =>
    Effect.gen(function*() {
      const { received, url } = yield* World.receiver
      const client = yield* clientOf(url)
      const runtime = yield* World.runtimeOf(
        Layer.mergeAll(
          Layer.mock(Identity.Identity, {}),
          Layer.mock(DataPlane.DataPlane, {}),
          WorkloadAccessToken.layer(secret("token-of-the-runtime"))
        )
      )
      PromiseIdentity.make(runtime).withWatPropagation(client)
      yield* Effect.promise(() => ignoreResponse(client.send(invokeRuntime())))
      yield* Effect.promise(() => asAlice(() => ignoreResponse(client.send(invokeRuntime()))))
      assert.deepStrictEqual(received.map(({ headers }) => headers[header]), ["token-of-the-runtime", "token-of-alice"])
    }))
})
