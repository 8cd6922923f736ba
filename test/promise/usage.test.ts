import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import { disposeDefaultRuntime, runWithContext } from "effect-agentcore-identity/promise/Identity"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { transform } from "esbuild"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { LocalBackend } from "../support/localBackend.js"
import { serve } from "./usage/app.js"
import type * as Moved from "./usage/moved.js"
import * as World from "./world.js"

const header = "x-amz-bedrock-agentcore-identity-wat"

/** The same program with the import of the official SDK. */
const official = async (): Promise<typeof Moved> => {
  const moved = readFileSync(new URL("usage/moved.ts", import.meta.url), "utf8")
  assert.lengthOf(moved.split("effect-agentcore-identity"), 3)
  const { code } = await transform(
    moved.replaceAll("effect-agentcore-identity/promise/Identity", "bedrock-agentcore/identity"),
    { loader: "ts" }
  )
  const folder = new URL("../../node_modules/.cache/official-usage/", import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL("official.mjs", folder), code)
  return import(new URL("official.mjs", folder).href)
}

/** A user who has already consented to the request of the handler. */
const consented = (userId: string) =>
  Effect.gen(function*() {
    const dataPlane = yield* DataPlane.DataPlane
    const backend = yield* LocalBackend.LocalBackend
    const token = yield* World.tokenOf(userId)
    const response = yield* dataPlane.getResourceOauth2Token({
      workloadIdentityToken: Redacted.make(token),
      resourceCredentialProviderName: "calendar",
      oauth2Flow: "USER_FEDERATION",
      scopes: ["read"],
      customParameters: { access_type: "offline" },
      resourceOauth2ReturnUrl: World.returnUrl
    })
    yield* response._tag === "ConsentRequired"
      ? backend.approve(response.sessionUri)
      : Effect.die(new Error(response._tag))
    return token
  })

const usage = (options: {
  readonly load: () => Promise<typeof Moved>
  readonly inContext: typeof runWithContext
}) =>
  Effect.gen(function*() {
    yield* Effect.addFinalizer(() => Effect.promise(disposeDefaultRuntime))
    yield* World.setUp
    const { environment } = yield* LocalIdentity.LocalServer
    const { received, url } = yield* World.receiver
    yield* World.environment({ ...environment, API_URL: url })
    const { handle, stream } = yield* Effect.promise(options.load)
    const server = yield* serve((request, context) => options.inContext(context, () => handle(request, context)))
    const streaming = yield* serve((request, context) => options.inContext(context, () => stream(request, context)))
    const workloadAccessToken = yield* consented("alice")

    const response = yield* Effect.promise(() => server.invoke({ workloadAccessToken }))
    assert.deepStrictEqual(JSON.parse(response), {
      request: { prompt: "hello" },
      forecast: { city: "Zurich", status: 200 },
      report: { query: "sales", token: "token-2" },
      search: `news with a key of ${"key-of-the-weather".length}`
    })
    const streamed = yield* Effect.promise(() =>
      streaming.invoke({ workloadAccessToken, callbackUrl: World.returnUrl, accept: "text/event-stream" })
    )
    assert.deepStrictEqual(
      streamed.split("\n").filter((line) => line.startsWith("data:")).map((line) => JSON.parse(line.slice(5))),
      [{ events: true }, { forecast: { city: "Zurich", status: 200 } }]
    )
    assert.deepStrictEqual(
      received.map(({ headers, url }) => [
        url,
        headers["x-api-key"] ?? headers[header] ?? headers.authorization
      ]),
      [
        ["/mcp", workloadAccessToken],
        ["/runtimes/arn%3Aother-agent/invocations", workloadAccessToken],
        ["/forecast?city=Zurich", "key-of-the-weather"],
        ["/events?max=3", "Bearer token-1.calendar-client.approved.read"],
        ["/forecast?city=Zurich", "key-of-the-weather"]
      ]
    )
  }).pipe(Effect.provide(World.layer))

describe("the documented usage of the official SDK", () => {
  it.live("runs with the official SDK", () =>
    usage({
      load: official,
      // The official server keeps the context for the official functions.
      inContext: (_, f) => f()
    }))

  it.live("runs with this package, in a handler of the official server that sets the context", () =>
    usage({ load: () => import("./usage/moved.js"), inContext: runWithContext }))
})
