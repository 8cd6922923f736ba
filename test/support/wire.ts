import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import type * as Dispatch from "../../src/local/server/dispatch.js"
import * as Routes from "../../src/local/server/protocolRoutes.js"
import * as Signature from "../../src/local/server/verifySignature.js"
import * as WireRoutes from "../../src/local/server/wireRoutes.js"
import type { LocalServer } from "./localBackend.js"
import { scriptedServer } from "./localBackend.js"

export { Routes, WireRoutes }

export interface Response {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
}

export interface Request {
  readonly method?: string | undefined
  readonly path: string
  readonly headers?: Http.OutgoingHttpHeaders | undefined
  readonly body?: string | Buffer | undefined
}

/** Reads a response to its end. */
export const read = (
  response: Http.IncomingMessage,
  resume: (result: Effect.Effect<Response, Error>) => void
): void => {
  const chunks: Array<Buffer> = []
  response.on("data", (chunk: Buffer) => chunks.push(chunk))
  response.on("error", (error) => resume(Effect.fail(error)))
  response.on("end", () =>
    resume(Effect.succeed({
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: Buffer.concat(chunks).toString("utf8")
    })))
}

/** Sends a request unchanged, without anything that a client adds. */
export const send = (url: string, request: Request): Effect.Effect<Response> =>
  Effect.callback<Response>((resume, signal) => {
    const { hostname, port } = new URL(url)
    const outgoing = Http.request({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      signal,
      agent: false,
      method: request.method ?? "POST",
      path: request.path,
      headers: request.headers
    }, (response) => read(response, (result) => resume(Effect.orDie(result))))
    outgoing.on("error", (error) => resume(Effect.die(error)))
    outgoing.end(request.body)
  })

export const authorization =
  "AWS4-HMAC-SHA256 Credential=local/20260101/us-west-2/bedrock-agentcore/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0f0f0f0f"

/** Sends an operation as botocore does: without `x-amz-content-sha256`. */
export const operation = (
  url: string,
  path: string,
  input: unknown,
  headers: Http.OutgoingHttpHeaders = {}
): Effect.Effect<Response> =>
  send(url, {
    path,
    body: typeof input === "string" || Buffer.isBuffer(input) ? input : JSON.stringify(input),
    headers: {
      "content-type": "application/json",
      "user-agent": "Boto3/1.43.67 md/Botocore#1.43.67 lang/python#3.13.5",
      "x-amz-date": "20260101T000000Z",
      authorization,
      ...headers
    }
  })

/** The response for a page, for a browser that does not follow redirects. */
export const page = (
  url: string,
  method = "GET",
  headers: Http.OutgoingHttpHeaders = {}
): Effect.Effect<Response> => {
  const { pathname, search } = new URL(url)
  return send(url, { method, path: `${pathname}${search}`, headers })
}

export const server = (options?: LocalServer.Options) => scriptedServer(options)

export const url = Effect.map(LocalIdentity.LocalServer, (local) => local.url)

export const call = (path: string, input: unknown, headers: Record<string, string> = {}) =>
  Effect.flatMap(url, (base) => operation(base, path, input, headers))

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const succeeds = (response: Response, status = 200): Record<string, unknown> => {
  assert.strictEqual(response.status, status, response.text)
  assert.strictEqual(response.headers["content-type"], "application/json")
  assert.strictEqual(response.headers["cache-control"], "no-store")
  assert.match(String(response.headers["x-amzn-requestid"]), uuid)
  assert.isUndefined(response.headers["x-amzn-errortype"])
  assert.isUndefined(response.headers["access-control-allow-origin"])
  return JSON.parse(response.text)
}

export const fails = (response: Response, status: number, name: string): Record<string, unknown> => {
  assert.strictEqual(response.status, status, response.text)
  assert.strictEqual(response.headers["x-amzn-errortype"], name)
  assert.strictEqual(response.headers["content-type"], "application/json")
  assert.match(String(response.headers["x-amzn-requestid"]), uuid)
  const body = JSON.parse(response.text)
  assert.isString(body.message)
  return body
}

export const returnUrl = "https://agent.example.com/consent?tab=1"

/** A request of CreateOauth2CredentialProvider, or an entry of a setup file. */
export const customProvider = (name: string, config: object) => ({
  name,
  credentialProviderVendor: "CustomOauth2",
  oauth2ProviderConfigInput: { customOauth2ProviderConfig: config }
})

export const setUp = Effect.gen(function*() {
  yield* call("/identities/CreateWorkloadIdentity", { name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
  yield* call("/identities/CreateApiKeyCredentialProvider", { name: "weather", apiKey: "key-of-the-weather" })
  const { callbackUrl } = succeeds(
    yield* call(
      "/identities/CreateOauth2CredentialProvider",
      customProvider("calendar", {
        oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
        clientId: "calendar-client",
        clientSecret: "secret-of-the-client"
      })
    ),
    201
  )
  return String(callbackUrl)
})

export const workloadToken = (userId?: string) =>
  Effect.map(
    userId === undefined
      ? call("/identities/GetWorkloadAccessToken", { workloadName: "agent" })
      : call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId }),
    (response) => String(succeeds(response).workloadAccessToken)
  )

export const oauth2 = (workloadIdentityToken: string, more: Record<string, unknown> = {}) =>
  call("/identities/oauth2/token", {
    workloadIdentityToken,
    resourceCredentialProviderName: "calendar",
    scopes: ["read"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: returnUrl,
    ...more
  })

/** Starts a consent up to the authorization server. Returns the query of that redirect. */
export const consent = (more: Record<string, unknown> = {}) =>
  Effect.gen(function*() {
    const { authorizationUrl, sessionUri } = succeeds(yield* oauth2(yield* workloadToken("alice"), more))
    const sent = yield* page(String(authorizationUrl))
    assert.strictEqual(sent.status, 302)
    const query = new URL(String(sent.headers.location)).searchParams
    return {
      authorizationUrl: String(authorizationUrl),
      sessionUri: String(sessionUri),
      back: (parameters: Record<string, string>, callback = query.get("redirect_uri") ?? "") =>
        `${callback}?${new URLSearchParams({ ...parameters, state: query.get("state") ?? "" })}`
    }
  })

export const assertStrict = (page: Response) => {
  assert.include(page.headers["content-security-policy"], "default-src 'none'")
  assert.include(page.headers["content-type"], "text/html")
  assert.strictEqual(page.headers["cache-control"], "no-store")
  assert.strictEqual(page.headers["referrer-policy"], "no-referrer")
  assert.strictEqual(page.headers["x-frame-options"], "DENY")
}

export const base = HttpServer.addressFormattedWith((address) =>
  Effect.succeed(address.replace(/0\.0\.0\.0|\[::\]/, "127.0.0.1"))
)

/** The settings of routes without a log. */
export const routeSettings: Dispatch.Settings = {
  allowedHosts: [],
  signatures: Signature.make(),
  access: (_, handler) => handler
}

/** Serves the protocol over any planes. */
export const over = (planes: Layer.Layer<DataPlane.DataPlane | ControlPlane.ControlPlane>) =>
  HttpRouter.serve(HttpRouter.use((router) => Routes.addProtocol(router, routeSettings)), {
    disableListenLog: true,
    disableLogger: true
  }).pipe(
    Layer.provide(planes),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

export const apiKey = (
  result: Effect.Effect<Operation.Response<typeof DataPlane.operations.getResourceApiKey>, DataPlane.DataPlaneError>
) =>
  over(Layer.merge(
    Layer.mock(DataPlane.DataPlane, { getResourceApiKey: () => result }),
    Layer.mock(ControlPlane.ControlPlane, {})
  ))

export const askApiKey = (token = "token", headers: Record<string, string> = {}) =>
  Effect.flatMap(base, (base) =>
    operation(
      base,
      "/identities/api-key",
      { workloadIdentityToken: token, resourceCredentialProviderName: "weather" },
      headers
    ))
