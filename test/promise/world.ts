/** Shared by the tests of the promise API: the local server over the AWS SDK, and an API that records its requests. */
import { assert } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { type IncomingHttpHeaders } from "node:http"
import { createProvider, LocalBackend, scriptedServer } from "../support/localBackend.js"
import * as Server from "../support/server.js"

export const returnUrl = "https://agent.example.com/consent"

export const layer = scriptedServer({}, {})

/** The workload `agent`, and the providers `calendar` and `weather`. */
export const setUp = Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* controlPlane.createWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
  yield* createProvider("calendar", { clientId: "calendar-client" })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("key-of-the-weather") })
})

const quick = Layer.succeed(TokenPoller.TokenPoller, TokenPoller.schedule(Schedule.spaced("5 millis")))

export const runtimeOf = <R, E>(layer: Layer.Layer<R, E>) =>
  Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(layer)),
    (runtime) => runtime.disposeEffect
  )

/** The planes over the AWS SDK and the local server. */
const planes = Layer.unwrap(Effect.map(LocalIdentity.LocalServer, ({ url }) =>
  AwsPlanes.layer({
    region: "us-west-2",
    endpoint: url,
    credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local-secret") }
  })))

/** The functions over the AWS SDK and the local server. */
export const plainFunctions = Effect.flatMap(Effect.context<LocalIdentity.LocalServer>(), (context) =>
  Effect.map(
    runtimeOf(Identity.layer.pipe(Layer.provideMerge(planes), Layer.provide(Layer.succeedContext(context)))),
    PromiseIdentity.make
  ))

/** The functions over the AWS SDK and the local server, with services around the calls or next to `Identity`. */
export const functions = (options: {
  readonly around?: <A, E>(call: Effect.Effect<A, E>) => Effect.Effect<A, E>
  readonly caller?: Layer.Layer<WorkloadAccessToken.WorkloadAccessToken>
} = {}) =>
  Effect.gen(function*() {
    yield* setUp
    const identity = Identity.layer.pipe(
      Layer.provideMerge(DataPlane.decorate((_, call) => options.around?.(call) ?? call)),
      Layer.provideMerge(planes),
      Layer.provide(Layer.succeedContext(yield* Effect.context<LocalIdentity.LocalServer>()))
    )
    const runtime = yield* runtimeOf(Layer.mergeAll(identity, quick, options.caller ?? Layer.empty))
    return PromiseIdentity.make(runtime)
  })

export const rejectionOf = <A>(promise: Promise<A>) =>
  Effect.promise(() =>
    promise.then(
      (value) => assert.fail(`it did not reject, but gave ${String(value)}`),
      (error: unknown) => error
    )
  )

export const tagOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag

export const calendar = {
  providerName: "calendar",
  scopes: ["read"],
  authFlow: "USER_FEDERATION",
  callbackUrl: returnUrl
} satisfies PromiseIdentity.OAuth2WrapperConfig

/** The workload access token of a user. */
export const tokenOf = (userId: string) =>
  Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
    Effect.map(
      dataPlane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId }),
      ({ workloadAccessToken }) => Redacted.value(workloadAccessToken)
    ))

const sessionUriOf = (authorizationUrl: string) =>
  Redacted.make(new URL(authorizationUrl).searchParams.get("request_uri") ?? "")

/** The actions of a user with an authorization URL, as a promise. */
export const decisions = Effect.gen(function*() {
  const backend = yield* LocalBackend.LocalBackend
  const runtime = yield* Effect.context()
  const decide = (decision: "approve" | "deny") => (url: string): Promise<void> =>
    Effect.runPromise(Effect.provide(backend[decision](sessionUriOf(url)), runtime))
  return { approve: decide("approve"), deny: decide("deny") }
})

/** Environment variables for one scope, because the AWS SDK reads `process.env`. `undefined` removes a variable. */
export const environment = (variables: Readonly<Record<string, string | undefined>>) => {
  const assign = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) {
        delete process.env[name]
      } else {
        process.env[name] = value
      }
    }
  }
  return Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]))
      assign(variables)
      return before
    }),
    (before) => Effect.sync(() => assign(before))
  )
}

interface Received {
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** A server that responds to every request with `{}`, and records the requests. */
export const receiver = Effect.gen(function*() {
  const received: Array<Received> = []
  const url = yield* Server.serve((request, response) => {
    received.push({ url: request.url ?? "", headers: request.headers })
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end("{}"))
  })
  return { url, received }
})
