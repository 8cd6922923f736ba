import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as StsSdk from "@aws-sdk/client-sts"
import type * as Official from "bedrock-agentcore/identity"
import type * as OfficialRuntime from "bedrock-agentcore/runtime"
import type * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import type * as RequestContext from "effect-agentcore-identity/http/RequestContext"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import type * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import type * as Layer from "effect/Layer"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Runtime from "effect/Runtime"
import { describe, expectTypeOf, test } from "vitest"

type Ours = typeof PromiseIdentity
type Theirs = typeof Official

describe("the official SDK", () => {
  test("every function of it is here", () => {
    expectTypeOf<Exclude<keyof Theirs, keyof Ours>>().toBeNever()
  })

  test("models are the same, both ways", () => {
    expectTypeOf<PromiseIdentity.OAuth2WrapperConfig>().toEqualTypeOf<Official.OAuth2WrapperConfig>()
    expectTypeOf<PromiseIdentity.ApiKeyWrapperConfig>().toEqualTypeOf<Official.ApiKeyWrapperConfig>()
    expectTypeOf<PromiseIdentity.OAuth2TokenRequest>().toEqualTypeOf<Official.OAuth2TokenRequest>()
    expectTypeOf<PromiseIdentity.ApiKeyRequest>().toEqualTypeOf<Official.ApiKeyRequest>()
  })

  test("wrappers are the same, both ways", () => {
    expectTypeOf<Ours["withAccessToken"]>().toExtend<Theirs["withAccessToken"]>()
    expectTypeOf<Theirs["withAccessToken"]>().toExtend<Ours["withAccessToken"]>()
    expectTypeOf<Ours["withApiKey"]>().toExtend<Theirs["withApiKey"]>()
    expectTypeOf<Theirs["withApiKey"]>().toExtend<Ours["withApiKey"]>()
    expectTypeOf<Ours["withWAT"]>().toEqualTypeOf<Theirs["withWAT"]>()
  })

  test("propagation takes every client that theirs takes, without any", () => {
    expectTypeOf<Ours["withWatPropagation"]>().toExtend<Theirs["withWatPropagation"]>()
    expectTypeOf<DataPlaneSdk.BedrockAgentCoreClient>().toExtend<PromiseIdentity.AwsClient>()
    expectTypeOf<DataPlaneSdk.BedrockAgentCore>().toExtend<PromiseIdentity.AwsClient>()
    expectTypeOf<StsSdk.STSClient>().toExtend<PromiseIdentity.AwsClient>()
    expectTypeOf<{ readonly middlewareStack: string }>().not.toExtend<PromiseIdentity.AwsClient>()
  })
})

describe("wrapped functions", () => {
  const config = { providerName: "github", scopes: ["repo"], authFlow: "M2M" } as const

  test("lose the last parameter", () => {
    const { withAccessToken, withApiKey, withWAT } = PromiseIdentity
    const search = async (_query: string, _page: number, _credential: string) => ({ hits: 1 })
    interface Wrapped {
      (query: string, page: number): Promise<{ hits: number }>
    }
    expectTypeOf(withAccessToken({ ...config, scopes: ["repo"] })(search)).toExtend<Wrapped>()
    expectTypeOf(withApiKey(config)(search)).toExtend<Wrapped>()
    expectTypeOf(withWAT(search)).toExtend<Wrapped>()
    expectTypeOf<Parameters<ReturnType<typeof withWAT<[string, number], { hits: number }>>>>()
      .toEqualTypeOf<[string, number]>()
  })

  test("take a credential as their last parameter, and give a promise", () => {
    // @ts-expect-error the last parameter is no string
    void PromiseIdentity.withApiKey(config)(async (_query: string, _page: number) => 1)
    // @ts-expect-error no promise
    void PromiseIdentity.withApiKey(config)((key: string) => key)
    // @ts-expect-error no such flow
    void PromiseIdentity.withAccessToken({ ...config, scopes: [], authFlow: "CLIENT_CREDENTIALS" })
  })
})

describe("make", () => {
  type Argument = Parameters<Ours["make"]>[0]

  test("takes any runtime that has Identity", () => {
    type OfAws = Layer.Layer.Success<ReturnType<typeof AwsIdentity.layer>>
    expectTypeOf<ManagedRuntime.ManagedRuntime<OfAws, Error>>().toExtend<Argument>()
    expectTypeOf<Runtime.Runtime<OfAws>>().toExtend<Argument>()
    expectTypeOf<Runtime.Runtime<Identity.Identity | WorkloadAccessToken.WorkloadAccessToken>>().toExtend<Argument>()
    expectTypeOf<Runtime.Runtime<WorkloadAccessToken.WorkloadAccessToken>>().not.toExtend<Argument>()
    expectTypeOf<ManagedRuntime.ManagedRuntime<never, never>>().not.toExtend<Argument>()
  })

  test("gives the functions of the module", () => {
    expectTypeOf<ReturnType<Ours["make"]>>().toEqualTypeOf<Pick<Ours, keyof PromiseIdentity.Functions>>()
  })
})

describe("runWithContext", () => {
  test("takes the context of the official server, and that of http/RequestContext", () => {
    expectTypeOf<OfficialRuntime.RequestContext>().toExtend<PromiseIdentity.RequestContext>()
    expectTypeOf<RequestContext.Service>().toExtend<PromiseIdentity.RequestContext>()
    expectTypeOf<{ readonly workloadAccessToken: number }>().not.toExtend<PromiseIdentity.RequestContext>()
  })

  test("gives back what the function gives", () => {
    expectTypeOf(PromiseIdentity.runWithContext({}, async () => 1)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(PromiseIdentity.getContext()).toEqualTypeOf<PromiseIdentity.RequestContext | undefined>()
  })
})
