import type * as DataSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as ControlSdk from "@aws-sdk/client-bedrock-agentcore-control"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Identity from "effect-agentcore-identity/Identity"
import type * as Operation from "effect-agentcore-identity/Operation"
import type * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { describe, expectTypeOf, it } from "vitest"
import type { Commands } from "../../src/aws/internal/sdk/sdkCall.js"
import * as Rows from "../support/operation.js"

describe("requests", () => {
  // `connect` of the adapters compiles only if every request fits its command.
  it("are rejected by commands with another input", () => {
    const operations = {
      getWorkloadIdentity: Rows.make("GetWorkloadIdentity", {
        request: Schema.Struct({ name: Schema.Number }),
        response: Rows.noResponse,
        errors: []
      })
    }
    type Command<T> = { readonly GetWorkloadIdentityCommand: T }
    expectTypeOf<Command<typeof ControlSdk.GetWorkloadIdentityCommand>>().not.toExtend<Commands<typeof operations>>()
    expectTypeOf<Command<typeof ControlSdk.GetWorkloadIdentityCommand>>().toExtend<
      Commands<Pick<typeof ControlPlane.operations, "getWorkloadIdentity">>
    >()
    expectTypeOf<Command<typeof ControlSdk.CreateWorkloadIdentityCommand>>().not.toExtend<
      Commands<Pick<typeof ControlPlane.operations, "createWorkloadIdentity">>
    >()
  })

  it("have no property that the SDK would drop silently", () => {
    type Member<A> = A extends unknown ? keyof A : never
    type Only<A> = A extends [infer Item] ? Item : never
    type Input<Sdk, Name extends string> = Sdk extends
      { readonly [K in `${Name}Command`]: new(...input: infer A) => unknown } ? Only<A> : never
    type Unknown<T, Sdk> = {
      [K in keyof T]: T[K] extends Rows.Any ? Exclude<Member<Operation.Request<T[K]>>, Member<Input<Sdk, T[K]["name"]>>>
        : never
    }[keyof T]
    expectTypeOf<Input<typeof DataSdk, "GetResourceApiKey">>().toEqualTypeOf<DataSdk.GetResourceApiKeyCommandInput>()
    expectTypeOf<Unknown<typeof DataPlane.operations, typeof DataSdk>>().toEqualTypeOf<never>()
    expectTypeOf<Unknown<typeof ControlPlane.operations, typeof ControlSdk>>().toEqualTypeOf<never>()
  })
})

declare const clientOfTheDataPlane: DataSdk.BedrockAgentCoreClient

describe("layers", () => {
  type AllPlanes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

  it("AwsPlanes provides all planes", () => {
    type Planes = Layer.Layer<AllPlanes, Config.ConfigError>
    expectTypeOf(AwsPlanes.layer()).toEqualTypeOf<Planes>()
    expectTypeOf(AwsPlanes.layerConfig({ region: Config.String("R"), maxAttempts: Config.Int("N") })).toEqualTypeOf<
      Planes
    >()
    expectTypeOf(AwsPlanes.layerConfig(Config.succeed({ region: "us-west-2" }))).toEqualTypeOf<Planes>()
  })

  it("accept a time limit, as a duration or from configuration", () => {
    AwsPlanes.layer({ timeout: "10 seconds" })
    AwsDataPlane.layer({ timeout: 10_000 })
    AwsIdentity.layer({ timeout: Duration.infinity })
    AwsPlanes.layerConfig({ timeout: Config.Duration("T") })
    // @ts-expect-error not a unit of time
    AwsPlanes.layer({ timeout: "10 blinks" })
    // @ts-expect-error a configuration of another type
    AwsPlanes.layerConfig({ timeout: Config.Boolean("T") })
  })

  it("AwsDataPlane provides only the data plane, and rejects options of the other planes", () => {
    expectTypeOf(AwsDataPlane.layer()).toEqualTypeOf<Layer.Layer<DataPlane.DataPlane, Config.ConfigError>>()
    AwsDataPlane.layer({ region: "us-west-2", dataPlane: { client: clientOfTheDataPlane } })
    // @ts-expect-error an option of another plane
    AwsDataPlane.layer({ sts: {} })
  })

  it("AwsIdentity also provides Identity", () => {
    expectTypeOf(AwsIdentity.layer()).toEqualTypeOf<
      Layer.Layer<Identity.Identity | AllPlanes, Config.ConfigError>
    >()
  })

  it("require Redacted secrets", () => {
    // @ts-expect-error a secret in clear
    AwsPlanes.layer({ credentials: { accessKeyId: "a", secretAccessKey: "b" } })
    // @ts-expect-error no such option
    AwsPlanes.layer({ regio: "us-west-2" })
    // @ts-expect-error the client of another plane
    AwsPlanes.layer({ sts: { client: clientOfTheDataPlane } })
    // A provider of the SDK.
    AwsPlanes.layer({ credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }) })
  })
})
