import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
import * as AwsHttpPlanes from "effect-agentcore-identity/aws/AwsHttpPlanes"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

type OverClient<A> = Layer.Layer<A, Config.ConfigError, HttpClient.HttpClient>
type InNode<A> = Layer.Layer<A, Config.ConfigError>

describe("AwsHttpPlanes", () => {
  it("layer requires an HttpClient, and layerNode requires nothing", () => {
    expectTypeOf(AwsHttpPlanes.layer()).toEqualTypeOf<OverClient<AwsPlanes.Planes>>()
    expectTypeOf(AwsHttpPlanes.layerNode()).toEqualTypeOf<InNode<AwsPlanes.Planes>>()
  })

  it("accept credentials, connections and options of one plane", () => {
    AwsHttpPlanes.layer({ timeout: Duration.infinity })
    AwsHttpPlanes.layerNode({ maxSockets: 10 })
    AwsHttpPlanes.layerNode({
      credentials: { accessKeyId: "a", secretAccessKey: Redacted.make("b") },
      dataPlane: {
        endpoint: "https://a.example",
        credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" })
      },
      sts: { region: "us-east-1", maxAttempts: 1, timeout: "1 second" }
    })
    // @ts-expect-error a secret in clear
    AwsHttpPlanes.layerNode({ credentials: { accessKeyId: "a", secretAccessKey: "b" } })
    // @ts-expect-error an HttpClient has its own connections
    AwsHttpPlanes.layer({ maxSockets: 10 })
    // @ts-expect-error a client of the SDK
    AwsHttpPlanes.layerNode({ dataPlane: { client: {} } })
    // @ts-expect-error no such option
    AwsHttpPlanes.layerNode({ regio: "us-west-2" })
  })
})

describe("AwsHttpDataPlane", () => {
  it("provides only the data plane, and rejects options of the other planes", () => {
    expectTypeOf(AwsHttpDataPlane.layer({})).toEqualTypeOf<OverClient<DataPlane.DataPlane>>()
    expectTypeOf(AwsHttpDataPlane.layerNode({ maxSockets: 10 })).toEqualTypeOf<InNode<DataPlane.DataPlane>>()
    // @ts-expect-error an option of another plane
    AwsHttpDataPlane.layerNode({ sts: {} })
  })
})
