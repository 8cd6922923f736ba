import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

type OverClient<A> = Layer.Layer<A, Config.ConfigError, HttpClient.HttpClient>
type InNode<A> = Layer.Layer<A, Config.ConfigError>

describe("AwsPlanes over HTTP", () => {
  it("layerHttp requires an HttpClient, and layerHttpNode requires nothing", () => {
    expectTypeOf(AwsPlanes.layerHttp()).toEqualTypeOf<OverClient<Layer.Success<ReturnType<typeof AwsPlanes.layer>>>>()
    expectTypeOf(AwsPlanes.layerHttpNode()).toEqualTypeOf<InNode<Layer.Success<ReturnType<typeof AwsPlanes.layer>>>>()
  })

  it("accept credentials, connections and options of one plane", () => {
    AwsPlanes.layerHttp({ timeout: Duration.infinity })
    AwsPlanes.layerHttpNode({ maxSockets: 10 })
    AwsPlanes.layerHttpNode({
      credentials: { accessKeyId: "a", secretAccessKey: Redacted.make("b") },
      dataPlane: {
        endpoint: "https://a.example",
        credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" })
      },
      sts: { region: "us-east-1", maxAttempts: 1, timeout: "1 second" }
    })
    // @ts-expect-error a secret in clear
    AwsPlanes.layerHttpNode({ credentials: { accessKeyId: "a", secretAccessKey: "b" } })
    // @ts-expect-error an HttpClient has its own connections
    AwsPlanes.layerHttp({ maxSockets: 10 })
    // @ts-expect-error a client of the SDK
    AwsPlanes.layerHttpNode({ dataPlane: { client: {} } })
    // @ts-expect-error no such option
    AwsPlanes.layerHttpNode({ regio: "us-west-2" })
  })
})

describe("AwsDataPlane over HTTP", () => {
  it("provides only the data plane, and rejects options of the other planes", () => {
    expectTypeOf(AwsDataPlane.layerHttp({})).toEqualTypeOf<OverClient<DataPlane.DataPlane>>()
    expectTypeOf(AwsDataPlane.layerHttpNode({ maxSockets: 10 })).toEqualTypeOf<InNode<DataPlane.DataPlane>>()
    // @ts-expect-error an option of another plane
    AwsDataPlane.layerHttpNode({ sts: {} })
  })
})
