import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import * as Identity from "effect-agentcore-identity/Identity"
import { contextFromHeaders } from "effect-agentcore-identity/promise/Identity"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as PlatformHeaders from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import * as Recorder from "../support/recorder.js"
import { clear, responses, same, scripted, secret } from "../support/utils.js"

const read = (input: Parameters<typeof RequestContext.fromHeaders>[0]) =>
  Effect.runSync(RequestContext.fromHeaders(input))

const wat = "x-amz-bedrock-agentcore-identity-wat"

/** The headers of AgentCore Runtime, spelled as in the AWS documentation. */
const sent = {
  "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": "session-1",
  "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id": "request-1",
  OAuth2CallbackUrl: "https://agent.example.com/consent?a=1,2",
  "X-Amz-Bedrock-AgentCore-Identity-WAT": "token-of-alice",
  Authorization: "Bearer header.payload.signature",
  "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant-Id": "acme",
  "Content-Type": "application/json"
}

const expected: RequestContext.RequestContext["Service"] = {
  requestId: "request-1",
  sessionId: "session-1",
  callbackUrl: "https://agent.example.com/consent?a=1,2",
  workloadAccessToken: secret("token-of-alice"),
  bearerToken: secret("header.payload.signature"),
  customHeaders: { "tenant-id": secret("acme") }
}

const lowerCase = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]))

const multiValue = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, [value]]))

describe.each([
  ["with Effect", read],
  ["without Effect", contextFromHeaders] as const
])("fromHeaders, %s", (_, read) => {
  const inputs: Record<string, Parameters<typeof RequestContext.fromHeaders>[0]> = {
    "a record in any case": sent,
    pairs: Object.entries(sent),
    "a Map": new Map(Object.entries(sent)),
    "pairs in a property": { headers: Object.entries(sent) },
    "Headers of Fetch": new Headers(sent),
    "Headers of the platform": PlatformHeaders.fromInput(sent),
    "a Request of Fetch": new Request("https://agent.example.com", { headers: sent }),
    "a request of Effect": HttpServerRequest.fromWeb(new Request("https://a.example.com", { headers: sent })),
    "API Gateway, payload 1.0": {
      version: "1.0",
      headers: sent,
      multiValueHeaders: multiValue
    } as Parameters<typeof RequestContext.fromHeaders>[0],
    "API Gateway, payload 1.0, as the console sends it": { headers: null, multiValueHeaders: multiValue },
    "API Gateway, payload 2.0, and function URLs": { version: "2.0", headers: lowerCase } as Parameters<
      typeof RequestContext.fromHeaders
    >[0],
    "a load balancer": { headers: lowerCase },
    "a load balancer with multi-value headers": { multiValueHeaders: multiValue },
    "an event without its multi-value form": { headers: sent, multiValueHeaders: {} }
  }

  it.each(Object.entries(inputs))("reads %s", (_, input) => same(read(input), expected))

  it.live("reads a request of Node", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get("/", { headers: sent })
      assert.strictEqual(yield* response.text, JSON.stringify(clear([expected, expected])))
    }).pipe(Effect.provide(
      HttpServer.serve(Effect.map(HttpServerRequest.HttpServerRequest, ({ source }) => {
        const message = source as { readonly headers: { readonly [name: string]: string } }
        return HttpServerResponse.jsonUnsafe(clear([read(message), read(message.headers)]))
      })).pipe(Layer.provideMerge(NodeHttpServer.layerTest))
    )))

  it("reads the first present header of the three for the workload access token", () => {
    const names = [wat, "WorkloadAccessToken", "x-amzn-bedrock-agentcore-runtime-workload-accesstoken"]
    for (let present = 0; present < 8; present++) {
      // From the last to the first: their order in the request does not matter.
      const there = names.filter((_, index) => (present & (1 << index)) !== 0)
      const { workloadAccessToken } = read([...there].reverse().map((name) => [name, `by ${name}`] as const))
      same(workloadAccessToken, there[0] === undefined ? undefined : secret(`by ${there[0]}`))
    }
  })

  it("ignores an empty header", () => {
    const empty = read({
      ...Object.fromEntries(Object.keys(sent).map((name) => [name, " "])),
      workloadaccesstoken: "t"
    })
    same({ ...empty, requestId: "" }, {
      requestId: "",
      sessionId: undefined,
      callbackUrl: undefined,
      workloadAccessToken: secret("t"),
      bearerToken: undefined,
      customHeaders: {}
    })
  })

  it("makes an id for a request without one", () => {
    const ids = new Set(Array.from({ length: 100 }, () => read({}).requestId))
    assert.strictEqual(ids.size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  it("joins several values with commas", () => {
    const custom = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Group"
    for (
      const input of [
        { [custom]: ["a", "b"] },
        { [custom]: "a", [custom.toLowerCase()]: "b" },
        { multiValueHeaders: { [custom]: ["a", "b"] }, headers: { [custom]: "b" } },
        new Headers([[custom, "a"], [custom, "b"]])
      ]
    ) {
      same(read(input).customHeaders, { group: secret("a, b") })
    }
  })

  it("reads a token of the scheme Bearer only", () => {
    const bearerOf = (authorization: string) => clear(read({ authorization }).bearerToken)
    const token = { redacted: "a.b-c_d~e+f/g==" }
    assert.deepStrictEqual(bearerOf("Bearer a.b-c_d~e+f/g=="), token)
    assert.deepStrictEqual(bearerOf("bearer   a.b-c_d~e+f/g=="), token)
    for (
      const other of ["Basic dTpw", "Bearer", "Bearer a b", "Bearer a, Bearer b", "xBearer a", "AWS4-HMAC-SHA256 a"]
    ) {
      assert.isUndefined(bearerOf(other), other)
    }
  })

  it("returns no inherited property for a custom header", () => {
    const { customHeaders } = read([["X-Amzn-Bedrock-AgentCore-Runtime-Custom-__proto__", "sent"]])
    same(customHeaders["__proto__"], secret("sent"))
    assert.isUndefined(customHeaders["constructor"])
  })

  it("ignores invalid values in an event", () => {
    const junk = JSON.parse(`{"headers":{"oauth2callbackurl":1,"${wat}":{"a":"b"},"authorization":null,"x":[1,null]}}`)
    same({ ...read(junk), requestId: "" }, { ...read({}), requestId: "" })
    same({ ...read(JSON.parse(`{"headers":[["${wat}"],[1,"a"],null]}`)), requestId: "" }, {
      ...read({}),
      requestId: ""
    })
    same({ ...read({ headers: null, multiValueHeaders: null }), requestId: "" }, { ...read({}), requestId: "" })
    // Headers with these names stay headers.
    same(read({ headers: ["a"], multiValueHeaders: "b", [wat]: "t" }).workloadAccessToken, secret("t"))
  })

  it("prints no secret", () => {
    const secrets = ["sentinel-wat", "sentinel-bearer", "sentinel-custom"]
    const context = read({
      [wat]: "sentinel-wat",
      authorization: "Bearer sentinel-bearer",
      "x-amzn-bedrock-agentcore-runtime-custom-key": "sentinel-custom"
    })
    assert.strictEqual(context.customHeaders["key"] && Redacted.value(context.customHeaders["key"]), "sentinel-custom")
    Recorder.assertSecretFree([...Recorder.faces(context), inspect(context, { depth: 10, showProxy: true })], secrets)
  })
})

describe("the caller of a request", () => {
  it.effect("keeps the token of the request after invalidate", () =>
    Effect.gen(function*() {
      const caller = yield* WorkloadAccessToken.WorkloadAccessToken
      yield* caller.invalidate(secret("token-of-alice"))
      same(yield* caller.get, secret("token-of-alice"))
    }).pipe(RequestContext.provide(read(sent))))

  it.effect("fails with instructions when the request has no token", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RequestContext.provide(currentToken, read({})))
      assert.strictEqual(error._tag, "MissingWorkloadAccessToken")
      assert.include(error.message, "X-Amzn-Bedrock-AgentCore-Runtime-User-Id")
    }))
})

const currentToken = Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, (caller) => caller.get)

const returnUrls = Effect.flatMap(
  ScriptedPlanes.ScriptedPlanes,
  (planes) =>
    Effect.map(
      planes.callsOf("getResourceOauth2Token"),
      (calls) => calls.map(({ request }) => request.resourceOauth2ReturnUrl)
    )
)

describe("provide", () => {
  const ask = (returnUrl?: string) =>
    Effect.flatMap(
      Identity.Identity,
      (identity) => identity.getAccessToken({ provider: "calendar", flow: "USER_FEDERATION", returnUrl })
    )
  const issues = { getResourceOauth2Token: () => responses.issued() }

  it.effect("provides the callback URL of a request to its flows; an explicit return URL takes precedence", () =>
    Effect.gen(function*() {
      const context = read(sent)
      yield* RequestContext.provide(ask(), context)
      yield* ask("https://agent.example.com/explicit").pipe(RequestContext.provide(context))
      assert.deepStrictEqual(yield* returnUrls, [context.callbackUrl, "https://agent.example.com/explicit"])
    }).pipe(Effect.provide(scripted(issues))))

  it.effect("keeps the return URL of the program for a request without a callback URL", () =>
    Effect.gen(function*() {
      yield* RequestContext.provide(ask(), read({ [wat]: "t" }))
      yield* RequestContext.provide(ask(), read(sent))
      assert.deepStrictEqual(yield* returnUrls, ["https://agent.example.com/program", expected.callbackUrl])
    }).pipe(
      Effect.provide(scripted(issues)),
      Effect.provideService(Consent.ReturnUrl, Option.some("https://agent.example.com/program"))
    ))

  it.effect("replaces the outer caller, also when the request has none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RequestContext.provide(currentToken, read({})))
      assert.strictEqual(error._tag, "MissingWorkloadAccessToken")
    }).pipe(Effect.provide(WorkloadAccessToken.layer(secret("token-of-the-program")))))

  it.effect("uses the fallback only when the request has no token", () =>
    Effect.gen(function*() {
      same(yield* RequestContext.provide(currentToken, read({})), secret("token-of-the-developer"))
      same(yield* RequestContext.provide(currentToken, read(sent)), secret("token-of-alice"))
    }).pipe(
      Effect.provide(
        RequestContext.layerFallback.pipe(Layer.provide(WorkloadAccessToken.layer(secret("token-of-the-developer"))))
      )
    ))
})

/** The context that a handler sees. */
const report = Effect.gen(function*() {
  const context = yield* RequestContext.RequestContext
  const token = yield* Effect.option(currentToken)
  const returnUrl = yield* Consent.ReturnUrl
  return JSON.stringify(clear({
    requestId: context.requestId,
    token: Option.getOrNull(token),
    callbackUrl: Option.getOrNull(returnUrl)
  }))
})

const invocations = Effect.map(report, (text) => HttpServerResponse.text(text))

const health = HttpServerResponse.text("Healthy")

const failing = Effect.map(currentToken, () => HttpServerResponse.empty()).pipe(
  Effect.catchTag(
    "MissingWorkloadAccessToken",
    ({ message }) => Effect.succeed(HttpServerResponse.text(message, { status: 401 }))
  ),
  Effect.orDie
)

const Reported = Schema.fromJsonString(Schema.Struct({
  requestId: Schema.String,
  token: Schema.NullOr(Schema.Struct({ redacted: Schema.String })),
  callbackUrl: Schema.NullOr(Schema.String)
}))

const get = (path: string, headers: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const response = yield* client.get(path, { headers })
    return { status: response.status, text: yield* response.text }
  }).pipe(Effect.scoped)

const reported = (headers: Record<string, string> = {}) =>
  Effect.flatMap(get("/invocations", headers), ({ text }) => Schema.decodeEffect(Reported)(text))

const serveAll = Layer.mergeAll(
  HttpRouter.add("GET", "/invocations", invocations),
  HttpRouter.add("GET", "/failing", failing),
  HttpRouter.add("GET", "/health", health)
)

/** The routes as one effect, which requires what they require. */
const app = HttpRouter.toHttpEffect(serveAll)

const routes = Layer.mergeAll(
  HttpRouter.add("GET", "/invocations", invocations),
  HttpRouter.add("GET", "/failing", failing)
).pipe(
  Layer.provide(RequestContext.layer),
  Layer.merge(HttpRouter.add("GET", "/health", health))
)

const success = Schema.String.pipe(HttpApiSchema.asText())

const api = HttpApi.make("agent").add(
  HttpApiGroup.make("runtime", { topLevel: true })
    .add(HttpApiEndpoint.get("invocations", "/invocations", { success }))
    .add(HttpApiEndpoint.get("failing", "/failing", { success }))
    .middleware(RequestContext.HttpApiMiddleware)
).add(
  HttpApiGroup.make("probes", { topLevel: true }).add(
    HttpApiEndpoint.get("health", "/health", { success })
  )
)

const groups = Layer.merge(
  HttpApiBuilder.group(
    api,
    "runtime",
    (handlers) => handlers.handle("invocations", () => invocations).handle("failing", () => failing)
  ).pipe(Layer.provide(RequestContext.layerHttpApi)),
  HttpApiBuilder.group(api, "probes", (handlers) => handlers.handle("health", () => Effect.succeed(health)))
)

const quiet = { disableListenLog: true, disableLogger: true }

const servers = {
  "an effect of a response": Layer.unwrap(Effect.map(app, (app) => HttpServer.serve(app, RequestContext.middleware))),
  HttpRouter: HttpRouter.serve(routes, quiet),
  "HttpRouter, around all routes": HttpRouter.serve(serveAll, { ...quiet, middleware: RequestContext.middleware }),
  HttpApi: HttpRouter.serve(HttpApiBuilder.layer(api).pipe(Layer.provide(groups)), quiet)
}

const callers = ["alice", "bob", "carol", "dave"]

describe.each(Object.entries(servers))("middleware of %s", (_, server) => {
  const live = server.pipe(Layer.provideMerge(NodeHttpServer.layerTest))

  it.live("provides the context of its own headers to each request", () =>
    Effect.gen(function*() {
      const reports = yield* Effect.forEach(callers, (caller) =>
        reported({
          [wat]: `token-of-${caller}`,
          oauth2callbackurl: `https://agent.example.com/${caller}`,
          "x-amzn-bedrock-agentcore-runtime-request-id": `request-of-${caller}`
        }), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        reports,
        callers.map((caller) => ({
          requestId: `request-of-${caller}`,
          token: { redacted: `token-of-${caller}` },
          callbackUrl: `https://agent.example.com/${caller}`
        }))
      )
    }).pipe(Effect.provide(live)))

  it.live("serves a route without a token if it needs none, and names the missing token otherwise", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* get("/health"), { status: 200, text: "Healthy" })
      const { callbackUrl, requestId, token } = yield* reported()
      assert.deepStrictEqual({ callbackUrl, token }, { callbackUrl: null, token: null })
      assert.match(requestId, /^[0-9a-f-]{36}$/)
      const failed = yield* get("/failing")
      assert.strictEqual(failed.status, 401)
      assert.include(failed.text, "X-Amzn-Bedrock-AgentCore-Runtime-User-Id")
    }).pipe(Effect.provide(live)))

  it.live("never uses the caller, or the context, of the program around the server", () =>
    Effect.gen(function*() {
      const { requestId, token } = yield* reported()
      assert.isNull(token)
      assert.notStrictEqual(requestId, sent["X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"])
      assert.deepStrictEqual((yield* reported({ [wat]: "token-of-alice" })).token, { redacted: "token-of-alice" })
    }).pipe(Effect.provide(live.pipe(
      Layer.provide(WorkloadAccessToken.layer(secret("token-of-the-program"))),
      Layer.provide(Layer.succeed(RequestContext.RequestContext, read({ ...sent, [wat]: "token-of-another-request" })))
    ))))

  it.live("uses the fallback of a development machine", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* reported()).token, { redacted: "token-of-the-developer" })
      assert.deepStrictEqual((yield* reported({ [wat]: "token-of-alice" })).token, { redacted: "token-of-alice" })
    }).pipe(Effect.provide(live.pipe(
      Layer.provide(RequestContext.layerFallback),
      Layer.provide(WorkloadAccessToken.layer(secret("token-of-the-developer")))
    ))))
})

describe("stacked middlewares", () => {
  const server = HttpRouter.serve(
    HttpApiBuilder.layer(api).pipe(Layer.provide(groups)),
    {
      disableListenLog: true,
      disableLogger: true,
      middleware: (app) =>
        RequestContext.middleware(
          Effect.flatMap(RequestContext.RequestContext, ({ requestId }) =>
            HttpEffect.appendPreResponseHandler((_, response) =>
              Effect.succeed(HttpServerResponse.setHeader(response, "x-request-id", requestId))
            ).pipe(Effect.andThen(app)))
        )
    }
  )

  it.live("give a request one id", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get("/invocations")
      const { requestId } = yield* Schema.decodeEffect(Reported)(yield* response.text)
      assert.strictEqual(response.headers["x-request-id"], requestId)
    }).pipe(Effect.provide(server.pipe(Layer.provideMerge(NodeHttpServer.layerTest)))))
})

describe("a streamed response", () => {
  // The services of the handler, return URL included, go with its context.
  const streamed = Effect.map(
    Effect.context<RequestContext.RequestContext | WorkloadAccessToken.WorkloadAccessToken>(),
    (context) =>
      HttpServerResponse.stream(Stream.encodeText(Stream.fromEffect(report)).pipe(Stream.provideContext(context)))
  )

  it.live("has the caller of its request", () =>
    Effect.gen(function*() {
      const { callbackUrl, token } = yield* reported(sent)
      assert.deepStrictEqual({ callbackUrl, token }, {
        callbackUrl: "https://agent.example.com/consent?a=1,2",
        token: { redacted: "token-of-alice" }
      })
    }).pipe(Effect.provide(
      HttpServer.serve(streamed, RequestContext.middleware).pipe(
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
    )))
})

describe("layerRedaction", () => {
  const secrets = {
    [wat]: "secret-of-anna",
    workloadaccesstoken: "secret-of-bert",
    "x-amzn-bedrock-agentcore-runtime-workload-accesstoken": "secret-of-cleo",
    authorization: "Bearer secret-of-dora",
    "x-amzn-bedrock-agentcore-runtime-custom-api-key": "secret-of-emil"
  }

  /** The output of a server with the logger of the platform, for one request. */
  const logOf = (redaction: Layer.Layer<never>) =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* get("/", secrets).pipe(
        Effect.withTracerEnabled(false),
        Effect.provide(
          HttpServer.serve(invocations, (app) => HttpMiddleware.logger(RequestContext.middleware(app))).pipe(
            Layer.provide(redaction),
            // A program can record headers in its spans.
            Layer.provide(Layer.succeed(HttpMiddleware.TracerHeaderFilter, () => true)),
            Layer.provideMerge(NodeHttpServer.layerTest)
          )
        ),
        Effect.provide(recorder.layer)
      )
      const span = (yield* recorder.spans).find(({ name }) => name === "GET")
      return { everything: yield* recorder.everything, attributes: span?.attributes ?? new Map<string, unknown>() }
    })

  it.live("redacts tokens and custom headers in the server's span", () =>
    Effect.gen(function*() {
      const { attributes, everything } = yield* logOf(RequestContext.layerRedaction)
      for (const name of Object.keys(secrets)) {
        assert.strictEqual(attributes.get(`http.request.header.${name}`), "<redacted>")
      }
      assert.isTrue(everything.some((line) => line.includes("Sent HTTP response")))
      Recorder.assertSecretFree(everything, Object.values(secrets).map((value) => value.replace("Bearer ", "")))
    }))

  it.live("is necessary, because the span contains the tokens without it", () =>
    Effect.gen(function*() {
      const { attributes } = yield* logOf(Layer.empty)
      assert.strictEqual(attributes.get(`http.request.header.${wat}`), secrets[wat])
    }))

  it.live("keeps the names that the program already redacts", () =>
    Effect.gen(function*() {
      assert.includeMembers([...yield* PlatformHeaders.CurrentRedactedNames], [
        "cookie",
        "x-program",
        wat
      ])
    }).pipe(
      Effect.provide(RequestContext.layerRedaction),
      Effect.updateService(PlatformHeaders.CurrentRedactedNames, (names) => [...names, "x-program"])
    ))
})
