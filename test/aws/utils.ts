import { assert } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Http from "node:http"
import { inspect } from "node:util"
import * as Servers from "../support/server.js"
import { variables } from "../support/utils.js"
import { controlOperations } from "./controlOperations.js"

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export type Respond = (response: Http.ServerResponse, seen: Seen) => void

export interface Server {
  readonly url: string
  readonly seen: Array<Seen>
  respond: Respond
}

/** The id that the servers give a request. */
export const requestId = "0f8fad5b-d9cb-469f-a165-70867728950e"

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Respond => (response) => {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-requestid": requestId, ...headers })
  response.end(JSON.stringify(body))
}

export const raw = (status: number, body: string, headers: Record<string, string> = {}): Respond => (response) => {
  response.writeHead(status, { "x-amzn-requestid": requestId, ...headers })
  response.end(body)
}

/** A server on loopback that returns one response to every request, until another one is set. */
export const server = (respond: Respond) =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const state: Server = { url: "", seen, respond }
    const url = yield* Servers.serve((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const one = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(chunks).toString()
        }
        seen.push(one)
        state.respond(response, one)
      })
    })
    return Object.assign(state, { url })
  })

/** Sets variables of this process, instead of all that have such a name, until the test ends. */
export const replaceVariables = (names: RegExp, variables: Readonly<Record<string, string>>) => {
  const clear = () => {
    for (const name of Object.keys(process.env)) if (names.test(name)) delete process.env[name]
  }
  return Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      clear()
      Object.assign(process.env, variables)
      return before
    }),
    (before) =>
      Effect.sync(() => {
        clear()
        Object.assign(process.env, before)
      })
  )
}

/** Sets the environment of this process, without other AWS variables, until the test ends. */
export const environment = (variables: Readonly<Record<string, string>>) =>
  replaceVariables(/^AWS_(?!SDK_JS_)/, {
    AWS_CONFIG_FILE: "/nonexistent/config",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent/credentials",
    AWS_REGION: "us-west-2",
    ...variables
  })

export const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: Redacted.make("wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"),
  sessionToken: Redacted.make("c2Vzc2lvbi10b2tlbi1vZi10aGUtY2FsbGVy")
} as const satisfies AwsPlanes.Options["credentials"]

/** Interrupts a fiber, and returns its exit. */
export const interrupted = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))

/**
 * The exit of a call that is interrupted when the server has begun its response: `begun` says so. Then the request is
 * aborted, and its connection closes.
 */
export const interruptedInFlight = <A, E, R, E2>(
  call: Effect.Effect<A, E, R>,
  layer: (url: string) => Layer.Layer<R, E2>,
  respond: (response: Http.ServerResponse, begun: () => void) => void = (_, begun) => begun()
) =>
  Effect.gen(function*() {
    const arrived = yield* Deferred.make<void>()
    const closed = yield* Deferred.make<void>()
    const http = yield* server((response) => {
      response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
      respond(response, () => Deferred.doneUnsafe(arrived, Effect.void))
    })
    return yield* Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(call)
      yield* Deferred.await(arrived)
      const exit = yield* interrupted(fiber)
      yield* Deferred.await(closed)
      assert.lengthOf(http.seen, 1)
      return exit
    }).pipe(Effect.provide(layer(http.url)))
  })

/** Every random number is this one, from 0 to 1. */
export const fixedRandom = (value: number) =>
  Effect.provideService(Random.Random, { nextIntUnsafe: () => value, nextDoubleUnsafe: () => value })

/** No variables of the machine that runs the tests. */
export const noVariables = variables()

export const planes = (endpoint: string, options: AwsPlanes.Options = {}) =>
  AwsPlanes.layer({ region: "us-west-2", credentials, endpoint, maxAttempts: 1, ...options }).pipe(
    Layer.provide(noVariables)
  )

export type AllPlanes = Layer.Success<ReturnType<typeof AwsPlanes.layer>>

/** An adapter, with the options that all adapters have. */
interface Adapter {
  readonly name: "AwsPlanes.layer" | "AwsPlanes.layerHttpNode" | "AwsPlanes.layerHttp by fetch"
  readonly layer: (options: Options) => Layer.Layer<AllPlanes, Config.ConfigError>
  /** A fixed region, static credentials and one attempt. */
  readonly planes: (endpoint: string, options?: Options) => Layer.Layer<AllPlanes, Config.ConfigError>
}

interface PlaneOptions {
  readonly region?: string
  readonly endpoint?: string
  readonly credentials?: Extract<AwsPlanes.Options["credentials"], (...args: never) => unknown>
}

export interface Options extends Omit<AwsPlanes.HttpOptions, "controlPlane" | "dataPlane" | "maxSockets" | "sts"> {
  readonly dataPlane?: PlaneOptions
  readonly controlPlane?: PlaneOptions
  readonly sts?: PlaneOptions
}

const adapter = (name: Adapter["name"], layer: Adapter["layer"]): Adapter => ({
  name,
  layer,
  planes: (endpoint, options = {}) =>
    layer({ region: "us-west-2", credentials, endpoint, maxAttempts: 1, ...options }).pipe(Layer.provide(noVariables))
})

/** Every adapter of AWS. These tests must have the same result for each. */
export const adapters: ReadonlyArray<Adapter> = [
  adapter("AwsPlanes.layer", AwsPlanes.layer),
  adapter("AwsPlanes.layerHttpNode", AwsPlanes.layerHttpNode),
  adapter(
    "AwsPlanes.layerHttp by fetch",
    (options) => Layer.provide(AwsPlanes.layerHttp(options), FetchHttpClient.layer)
  )
]

export type Planes = {
  readonly data: DataPlane.DataPlane["Service"]
  readonly control: ControlPlane.ControlPlane["Service"]
}

export const both: Effect.Effect<Planes, never, DataPlane.DataPlane | ControlPlane.ControlPlane> = Effect.all({
  data: DataPlane.DataPlane,
  control: ControlPlane.ControlPlane
})

export const token = "wat-0123456789abcdefghijklmnopqrstuvwxyz"
export const sessionUri = "urn:ietf:params:oauth:request_uri:Zx9-Yw8-Vu7-Ts6-Rq5"

export const apiKeyRequest: Operation.Request<typeof DataPlane.operations.getResourceApiKey> = {
  workloadIdentityToken: Redacted.make(token),
  resourceCredentialProviderName: "weather"
}

export const getApiKey = Effect.flatMap(DataPlane.DataPlane, (plane) => plane.getResourceApiKey(apiKeyRequest))

/** One valid request and response of every operation, and where it goes if it is not `POST /identities/<AWS name>`. */
export const operations: ReadonlyArray<
  readonly [
    name: string,
    call: (planes: Planes) => Effect.Effect<unknown, { readonly _tag: string }>,
    body: unknown,
    address?: readonly [method: string, path: string]
  ]
> = [
  ["GetWorkloadAccessToken", ({ data }) => data.getWorkloadAccessToken({ workloadName: "agent" }), {
    workloadAccessToken: token
  }],
  [
    "GetWorkloadAccessTokenForJWT",
    ({ data }) =>
      data.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken: Redacted.make("aaaa.bbbb.cccc") }),
    { workloadAccessToken: token }
  ],
  [
    "GetWorkloadAccessTokenForUserId",
    ({ data }) => data.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" }),
    { workloadAccessToken: token }
  ],
  [
    "GetResourceOauth2Token",
    ({ data }) =>
      data.getResourceOauth2Token({
        workloadIdentityToken: Redacted.make(token),
        resourceCredentialProviderName: "github",
        scopes: [],
        oauth2Flow: "M2M"
      }),
    { accessToken: "access" },
    ["POST", "/identities/oauth2/token"]
  ],
  ["GetResourceApiKey", ({ data }) => data.getResourceApiKey(apiKeyRequest), { apiKey: "key" }, [
    "POST",
    "/identities/api-key"
  ]],
  [
    "GetResourcePaymentToken",
    ({ data }) =>
      data.getResourcePaymentToken({
        workloadIdentityToken: Redacted.make(token),
        resourceCredentialProviderName: "payments",
        paymentTokenRequest: { coinbaseCdpTokenRequest: { requestMethod: "POST", requestPath: "/pay" } }
      }),
    { paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: "bearer" } } },
    ["POST", "/identities/payment/token"]
  ],
  [
    "CompleteResourceTokenAuth",
    ({ data }) =>
      data.completeResourceTokenAuth({ userIdentifier: { userId: "alice" }, sessionUri: Redacted.make(sessionUri) }),
    {}
  ],
  ["CreateWorkloadIdentity", ({ control }) => control.createWorkloadIdentity({ name: "agent" }), {
    name: "agent",
    workloadIdentityArn: "arn:aws:x"
  }],
  ["GetWorkloadIdentity", ({ control }) => control.getWorkloadIdentity({ name: "agent" }), {
    name: "agent",
    workloadIdentityArn: "arn:aws:x",
    createdTime: 1750000000.5,
    lastUpdatedTime: 1750000001
  }],
  [
    "CreateOauth2CredentialProvider",
    ({ control }) =>
      control.createOauth2CredentialProvider({
        name: "github",
        credentialProviderVendor: "GithubOauth2",
        oauth2ProviderConfigInput: {
          githubOauth2ProviderConfig: { clientId: "client", clientSecret: Redacted.make("client-secret") }
        }
      }),
    { name: "github", credentialProviderArn: "arn:aws:y", clientSecretArn: { secretArn: "arn:aws:z" } }
  ],
  [
    "CreateApiKeyCredentialProvider",
    ({ control }) =>
      control.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("api-key-value") }),
    { name: "weather", credentialProviderArn: "arn:aws:y", apiKeySecretArn: { secretArn: "arn:aws:z" } }
  ],
  ...controlOperations
]

/** Returns the failure of an effect. A defect or a success fails the test. */
export const failure = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flatMap(Effect.exit(effect), (exit) => {
    assert(Exit.isFailure(exit), "expected a failure, got a success")
    const [reason] = exit.cause.reasons
    assert(reason !== undefined && Cause.isFailReason(reason), `expected a failure, got ${Cause.pretty(exit.cause)}`)
    return Effect.succeed(reason.error)
  })

/** All printed forms of an error. */
export const rendered = (error: unknown): string =>
  [
    String(error),
    JSON.stringify(error),
    Cause.pretty(Cause.fail(error)),
    inspect(error, { depth: 10, showHidden: true })
  ].join("\n")

/** Fails when the string contains 8 consecutive characters of a secret. */
export const assertNoSecrets = (string: string, secrets: Iterable<string>): void => {
  for (const secret of secrets) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      const piece = secret.slice(at, at + 8)
      assert(!string.includes(piece), `found a piece of a secret: ${piece}`)
    }
  }
}
