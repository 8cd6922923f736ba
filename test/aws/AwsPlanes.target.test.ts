import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { variables } from "../support/utils.js"
import { type AllPlanes, credentials, environment, failure, getApiKey, noVariables, planes } from "./utils.js"

const errorOf = <E>(layer: Layer.Layer<AllPlanes, E>) =>
  Effect.map(Effect.provide(failure(getApiKey), layer), (error) => {
    assert(error instanceof TransportError, error._tag)
    return error
  })

/** Fails each request without the network. */
const requestHandler = { handle: () => Promise.reject(Object.assign(new Error("lost"), { code: "ENOTFOUND" })) }

describe("a TransportError", () => {
  it.live("names the host of the service in the region, without the local server", () =>
    Effect.gen(function*() {
      const options = { region: "eu-west-1", credentials, maxAttempts: 1 }
      const error = yield* errorOf(
        AwsPlanes.layer({ ...options, dataPlane: { requestHandler } }).pipe(Layer.provide(noVariables))
      )
      assert.strictEqual(
        error.message,
        "GetResourceApiKey: the connection to bedrock-agentcore.eu-west-1.amazonaws.com failed or was lost. "
          + "Check the endpoint and the network (ENOTFOUND, region eu-west-1)"
      )
      const sts = yield* Effect.flatMap(
        SecurityTokenService.SecurityTokenService,
        (plane) => failure(plane.getWebIdentityToken({ audience: ["api"], signingAlgorithm: "ES384" }))
      ).pipe(Effect.provide(AwsPlanes.layer({ ...options, sts: { requestHandler } }).pipe(Layer.provide(noVariables))))
      assert.propertyVal(sts, "host", "sts.eu-west-1.amazonaws.com")
    }))

  it.live("names neither path nor query of an endpoint", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(
        planes("https://proxy.example.com/secret-of-the-path", { dataPlane: { requestHandler } })
      )
      assert.strictEqual(error.host, "proxy.example.com")
      assert.notInclude(JSON.stringify(error) + error.message, "secret-of-the-path")
    }))

  it.live("names the host of a client that the program made", () =>
    Effect.gen(function*() {
      const client = new BedrockAgentCoreClient({
        region: "ap-southeast-2",
        credentials: { accessKeyId: "id", secretAccessKey: "secret" },
        maxAttempts: 1,
        requestHandler
      })
      const error = yield* errorOf(AwsPlanes.layer({ dataPlane: { client } }).pipe(Layer.provide(noVariables)))
      assert.deepInclude({ ...error }, {
        host: "bedrock-agentcore.ap-southeast-2.amazonaws.com",
        region: "ap-southeast-2"
      })
      client.destroy()
    }))

  it.live("does not wait for a search of the region that never ends", () =>
    Effect.gen(function*() {
      const client: BedrockAgentCoreClient = new BedrockAgentCoreClient({
        region: "us-west-2",
        credentials: { accessKeyId: "id", secretAccessKey: "secret" },
        maxAttempts: 1,
        requestHandler: {
          handle: () => {
            client.config.region = () => new Promise(() => {})
            return requestHandler.handle()
          }
        }
      })
      const error = yield* errorOf(AwsPlanes.layer({ dataPlane: { client } }).pipe(Layer.provide(noVariables)))
      assert.strictEqual(error.kind, "connection")
      client.destroy()
    }).pipe(Effect.timeout("4 seconds")))

  it.live("names the profile instead of the host when there are no credentials", () =>
    Effect.gen(function*() {
      yield* environment({})
      const options = { region: "us-west-2", endpoint: "http://127.0.0.1:1", maxAttempts: 1 }
      const own = yield* errorOf(
        AwsPlanes.layer({ ...options, dataPlane: { profile: "staging" } }).pipe(Layer.provide(noVariables))
      )
      assert.strictEqual(
        own.message,
        "GetResourceApiKey: no usable AWS credentials were found for profile 'staging', which takes precedence over "
          + "AWS_ACCESS_KEY_ID. Sign in, or remove the profile (CredentialsProviderError, region us-west-2)"
      )
      assert.notProperty({ ...own }, "host")
      const given = { credentials: () => Promise.reject(new Error("sealed")) }
      const production = variables({ AWS_PROFILE: "production" })
      const provided = yield* errorOf(AwsPlanes.layer({ ...options, ...given }).pipe(Layer.provide(production)))
      assert.notInclude(provided.message, "profile")
    }))
})
