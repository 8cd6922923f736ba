import {
  type GetResourceApiKeyCommand,
  type GetResourceOauth2TokenCommand,
  InvokeAgentRuntimeCommand,
  type InvokeAgentRuntimeCommandCommand,
  type InvokeBrowserCommand,
  type InvokeCodeInterpreterCommand,
  type InvokeHarnessCommand
} from "@aws-sdk/client-bedrock-agentcore"
import * as PropagateIdentity from "effect-agentcore-identity/runtime/PropagateIdentity"
import type { WorkloadAccessToken, WorkloadAccessTokenError } from "effect-agentcore-identity/WorkloadAccessToken"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import { describe, expectTypeOf, test } from "vitest"

declare const harness: InvokeHarnessCommand
declare const shell: InvokeAgentRuntimeCommandCommand
declare const apiKey: GetResourceApiKeyCommand
declare const token: GetResourceOauth2TokenCommand
declare const browser: InvokeBrowserCommand
declare const interpreter: InvokeCodeInterpreterCommand
declare const plain: HttpClient.HttpClient

describe("command", () => {
  test("returns the command unchanged", () => {
    const invoke = new InvokeAgentRuntimeCommand({ agentRuntimeArn: "arn", payload: "{}" })
    expectTypeOf(PropagateIdentity.command(invoke)).toEqualTypeOf<
      Effect.Effect<InvokeAgentRuntimeCommand, WorkloadAccessTokenError, WorkloadAccessToken>
    >()
    expectTypeOf(PropagateIdentity.command(harness)).toEqualTypeOf<
      Effect.Effect<InvokeHarnessCommand, WorkloadAccessTokenError, WorkloadAccessToken>
    >()
    expectTypeOf(PropagateIdentity.command(shell)).toEqualTypeOf<
      Effect.Effect<InvokeAgentRuntimeCommandCommand, WorkloadAccessTokenError, WorkloadAccessToken>
    >()
  })

  test("rejects every other command", () => {
    // @ts-expect-error an identity operation
    void PropagateIdentity.command(apiKey)
    // @ts-expect-error an identity operation
    void PropagateIdentity.command(token)
    // @ts-expect-error no hop to another agent
    void PropagateIdentity.command(browser)
    // @ts-expect-error no hop to another agent
    void PropagateIdentity.command(interpreter)
  })
})

describe("httpClient", () => {
  test("works in a pipe and without options", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<HttpClientError.HttpClientError | WorkloadAccessTokenError, WorkloadAccessToken>
    >()
    expected.toEqualTypeOf(PropagateIdentity.httpClient(plain))
    expected.toEqualTypeOf(PropagateIdentity.httpClient(plain, { origins: ["https://gateway.example.com"] }))
    expected.toEqualTypeOf(plain.pipe(PropagateIdentity.httpClient()))
    expected.toEqualTypeOf(plain.pipe(PropagateIdentity.httpClient({ origins: ["https://gateway.example.com"] })))
  })
})
