import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { TransportError, UnknownServiceError } from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { gzipSync } from "node:zlib"
import * as FaultyServer from "../support/faultyServer.js"
import { layerRedirecting } from "../support/resource.js"
import { variables } from "../support/utils.js"
import {
  apiKeyRequest,
  assertNoSecrets,
  both,
  credentials,
  failure,
  fixedRandom,
  getApiKey,
  json,
  noVariables,
  operations,
  raw,
  rendered,
  server
} from "./utils.js"

const getWebIdentityToken = Effect.flatMap(
  SecurityTokenService.SecurityTokenService,
  (sts) => sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
)

type Made = Layer.Layer<Layer.Success<ReturnType<typeof AwsPlanes.layer>>, Config.ConfigError>

describe.each<readonly [name: string, layer: (options: AwsPlanes.HttpOptions) => Made]>([
  ["layerHttpNode", AwsPlanes.layerHttpNode],
  ["layerHttp by fetch", (options) => Layer.provide(AwsPlanes.layerHttp(options), FetchHttpClient.layer)],
  ["layerHttp over node:http", (options) => Layer.provide(AwsPlanes.layerHttp(options), NodeHttpClient.layerNodeHttp)],
  ["layerHttp over undici", (options) => Layer.provide(AwsPlanes.layerHttp(options), NodeHttpClient.layerUndici)]
])("%s", (_, layer) => {
  const tags = { "team name": "a/b+c", "k:=@+": "" }

  it.live("signs bodies, paths, queries and forms so that the service verifies them", () =>
    Effect.gen(function*() {
      const { url } = yield* LocalIdentity.LocalServer
      yield* Effect.gen(function*() {
        const control = yield* ControlPlane.ControlPlane
        const { workloadIdentityArn: resourceArn } = yield* control.createWorkloadIdentity({ name: "agent" })
        yield* control.tagResource({ resourceArn, tags })
        assert.deepStrictEqual((yield* control.listTagsForResource({ resourceArn })).tags, tags)
        yield* control.untagResource({ resourceArn, tagKeys: Object.keys(tags) })
        assert.deepStrictEqual((yield* control.listTagsForResource({ resourceArn })).tags, {})
        const { createdTime } = yield* control.getWorkloadIdentity({ name: "agent" })
        assert.isAbove(createdTime.epochMilliseconds, 1.7e12)
        yield* Effect.flatMap(
          DataPlane.DataPlane,
          (data) => data.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "ünïcode" })
        )
        yield* getWebIdentityToken
      }).pipe(Effect.provide(layer({ endpoint: url, region: "us-west-2", credentials })))
    }).pipe(
      Effect.provide(LocalIdentity.layerPlanes({ signatures: "verify", credentials: [credentials] }))
    ))

  const over = (endpoint: string) =>
    Layer.provide(
      layer({ endpoint, region: "us-west-2", credentials, maxAttempts: 1, timeout: Duration.infinity }),
      noVariables
    )

  it.live("rejects a response that is too large", () =>
    Effect.gen(function*() {
      const http = yield* FaultyServer.start((path) => path.endsWith("api-key") ? "larger than it says" : "large")
      yield* Effect.gen(function*() {
        for (const error of [yield* failure(getApiKey), yield* failure(getWebIdentityToken)]) {
          assert.deepInclude({ ...error }, { kind: "undecodable", code: "BodyTooLarge", status: 200 })
        }
        yield* http.idle
      }).pipe(Effect.provide(over(http.url)))
    }).pipe(Effect.timeout("20 seconds")))

  it.live("rejects a response that changes the protocol", () =>
    Effect.gen(function*() {
      const http = yield* FaultyServer.start(() => "upgrade")
      yield* Effect.gen(function*() {
        assert.deepInclude({ ...yield* failure(getApiKey) }, { kind: "connection" })
        yield* http.idle
      }).pipe(Effect.provide(over(http.url)))
    }).pipe(Effect.timeout("20 seconds")))

  it.live("reads a response without a length", () =>
    Effect.gen(function*() {
      const http = yield* server((response) => {
        response.write("{\"apiKey\":")
        response.end("\"k\u00e9y\"}")
      })
      const { apiKey } = yield* Effect.provide(getApiKey, over(http.url))
      assert.strictEqual(Redacted.value(apiKey), "k\u00e9y")
      http.respond = (response) => {
        response.writeHead(500)
        response.flushHeaders()
        response.end()
      }
      assert.deepInclude({ ...yield* failure(Effect.provide(getApiKey, over(http.url))) }, {
        code: "Unknown",
        status: 500
      })
    }))
})

describe("options of AwsPlanes over HTTP", () => {
  it.live("of one plane override those of all planes", () =>
    Effect.gen(function*() {
      const all = yield* server(json(500, {}, { "x-amzn-errortype": "InternalServerException" }))
      const other = yield* server(json(500, {}, { "x-amzn-errortype": "InternalServerException" }))
      const layer = AwsPlanes.layerHttpNode({
        region: "us-west-2",
        endpoint: all.url,
        credentials,
        maxAttempts: 1,
        controlPlane: {
          region: "eu-central-1",
          endpoint: `${other.url}/base/`,
          credentials: async () => ({ accessKeyId: "AKIDOTHER", secretAccessKey: "secret" }),
          maxAttempts: 2
        },
        sts: { timeout: "1 milli", credentials: () => new Promise(() => {}) }
      }).pipe(Layer.provide(noVariables))
      yield* Effect.gen(function*() {
        const planes = yield* both
        yield* failure(operations[0]![1](planes))
        yield* failure(operations[8]![1](planes))
        const late = yield* failure(getWebIdentityToken)
        assert.deepInclude({ ...late }, { kind: "timeout" })
      }).pipe(Effect.provide(layer))
      assert.lengthOf(all.seen, 1)
      assert.match(all.seen[0]!.headers.authorization ?? "", /AKIDEXAMPLE\/\d{8}\/us-west-2/)
      assert.deepStrictEqual(other.seen.map(({ path }) => path), [
        "/base/identities/GetWorkloadIdentity",
        "/base/identities/GetWorkloadIdentity"
      ])
      assert.match(other.seen[0]!.headers.authorization ?? "", /AKIDOTHER\/\d{8}\/eu-central-1/)
    }))

  it.live("attempts are the option, AWS_MAX_ATTEMPTS, or 3", () =>
    Effect.gen(function*() {
      const http = yield* server(json(500, {}, { "x-amzn-errortype": "InternalServerException" }))
      const count = (options: AwsPlanes.HttpOptions, env: Record<string, string>) =>
        Effect.gen(function*() {
          const before = http.seen.length
          yield* failure(getApiKey).pipe(
            Effect.provide(
              AwsPlanes.layerHttpNode({ endpoint: http.url, region: "us-west-2", credentials, ...options }).pipe(
                Layer.provide(variables(env))
              )
            )
          )
          return http.seen.length - before
        })
      assert.strictEqual(yield* count({ maxAttempts: 2 }, { AWS_MAX_ATTEMPTS: "4" }), 2)
      assert.strictEqual(yield* count({}, { AWS_MAX_ATTEMPTS: "1" }), 1)
      assert.strictEqual(yield* count({}, {}), 3)
      assert.deepStrictEqual(http.seen.slice(-3).map(({ headers }) => headers["amz-sdk-request"]), [
        "attempt=1; max=3",
        "attempt=2; max=3",
        "attempt=3; max=3"
      ])
      assert.lengthOf(new Set(http.seen.slice(-3).map(({ headers }) => headers["amz-sdk-invocation-id"])), 1)
    }))

  it.effect("are a ConfigError with their name when they are invalid", () =>
    Effect.gen(function*() {
      const bad: ReadonlyArray<readonly [AwsPlanes.HttpOptions, Record<string, string>, said: string]> = [
        [{ maxAttempts: 0 }, {}, "maxAttempts"],
        [{ maxAttempts: Number.NaN }, {}, "maxAttempts"],
        [{ sts: { maxAttempts: 1.5 } }, {}, "maxAttempts"],
        [{}, { AWS_MAX_ATTEMPTS: "many" }, "AWS_MAX_ATTEMPTS"],
        [{}, { AWS_MAX_ATTEMPTS: "-1" }, "AWS_MAX_ATTEMPTS"],
        [{}, { AWS_USE_FIPS_ENDPOINT: "perhaps" }, "AWS_USE_FIPS_ENDPOINT"],
        [{ endpoint: "https://own.example" }, { AWS_USE_FIPS_ENDPOINT: "true" }, "AWS_USE_FIPS_ENDPOINT"],
        [{ endpoint: "https://own.example" }, { AWS_USE_DUALSTACK_ENDPOINT: "true" }, "AWS_USE_DUALSTACK_ENDPOINT"]
      ]
      for (const [options, env, said] of bad) {
        const error = yield* failure(
          Layer.build(Layer.provide(AwsPlanes.layerHttpNode({ region: "us-west-2", ...options }), variables(env)))
        )
        assert.isTrue(error instanceof Config.ConfigError)
        assert.include(String(error), said)
      }
    }).pipe(Effect.scoped))
})

type Sent = { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string }

/** A client without a network. */
const scripted = (
  respond: (sent: Sent, count: number) => Effect.Effect<Response, HttpClientError.HttpClientError>
) => {
  const sent: Array<Sent> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.suspend(() => {
        assert(request.body._tag === "Uint8Array")
        const one = { url: url.href, headers: request.headers, body: new TextDecoder().decode(request.body.body) }
        sent.push(one)
        return Effect.map(respond(one, sent.length), (response) => HttpClientResponse.fromWeb(request, response))
      })
    )
  )
  return { sent, layer }
}

const issuing = () => Response.json({ apiKey: "key" })

const unavailable = () => Response.json({ message: "down" }, { status: 503 })

const over = (client: Layer.Layer<HttpClient.HttpClient>, options: AwsPlanes.HttpOptions = {}) =>
  AwsDataPlane.layerHttp({ region: "us-west-2", credentials, ...options }).pipe(
    Layer.provide(client),
    Layer.provide(noVariables)
  )

describe("over an HttpClient", () => {
  it.live("reads a response that the client has read before", () =>
    Effect.gen(function*() {
      const http = yield* server((response) => {
        response.setHeader("content-encoding", "gzip").end(gzipSync("{\"apiKey\":\"key\"}"))
      })
      const logging = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.tap((response) => response.text))
      ).pipe(Layer.provide(FetchHttpClient.layer))
      const { apiKey } = yield* Effect.provide(getApiKey, over(logging, { endpoint: http.url }))
      assert.strictEqual(Redacted.value(apiKey), "key")
    }))

  it.effect("sends requests to the service in the region, by https", () =>
    Effect.gen(function*() {
      const { layer, sent } = scripted(() => Effect.sync(issuing))
      yield* Effect.provide(getApiKey, over(layer, { region: "cn-north-1" }))
      assert.strictEqual(sent[0]?.url, "https://bedrock-agentcore.cn-north-1.amazonaws.com.cn/identities/api-key")
      yield* getApiKey.pipe(
        Effect.provide(
          AwsDataPlane.layerHttp({ credentials }).pipe(
            Layer.provide(layer),
            Layer.provide(variables({ AWS_REGION: "us-gov-west-1", AWS_USE_FIPS_ENDPOINT: "true" }))
          )
        )
      )
      assert.strictEqual(sent[1]?.url, "https://bedrock-agentcore-fips.us-gov-west-1.amazonaws.com/identities/api-key")
    }))

  it.effect("waits between attempts by the program's clock, as long as the service requests", () =>
    Effect.gen(function*() {
      const { layer, sent } = scripted((_, count) =>
        Effect.sync(() =>
          count === 1
            ? Response.json({ message: "slow" }, { status: 429, headers: { "retry-after": "3" } })
            : count === 2
            ? unavailable()
            : issuing()
        )
      )
      const clock = yield* Clock.Clock
      const slept: Array<number> = []
      const recording: Clock.Clock = {
        ...clock,
        sleep: (duration) =>
          Effect.suspend(() => {
            slept.push(Duration.toMillis(duration))
            return clock.sleep(duration)
          })
      }
      const fiber = yield* Effect.forkChild(
        Effect.provide(getApiKey, over(layer)).pipe(fixedRandom(0.5), Effect.provideService(Clock.Clock, recording))
      )
      // A call waits for promises, which the test clock ignores: it sleeps some iterations of the event loop later.
      const iteration = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const sleeps = (millis: number) => Effect.repeat(iteration, { until: () => slept.includes(millis) })
      yield* sleeps(3000)
      yield* TestClock.adjust("2999 millis")
      assert.lengthOf(sent, 1)
      yield* TestClock.adjust("1 millis")
      yield* sleeps(50)
      yield* TestClock.adjust("49 millis")
      assert.lengthOf(sent, 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(Redacted.value((yield* Fiber.join(fiber)).apiKey), "key")
    }))

  it.effect("times out by the program's clock, also between attempts", () =>
    Effect.gen(function*() {
      const silent = scripted(() => Effect.never)
      const first = yield* Effect.forkChild(failure(Effect.provide(getApiKey, over(silent.layer))))
      yield* Effect.repeat(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))), {
        until: () => silent.sent.length === 1,
        times: 1000
      })
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude({ ...yield* Fiber.join(first) }, { kind: "timeout", code: "TimeoutError" })

      const slow = scripted(() =>
        Effect.sync(() => Response.json({}, { status: 429, headers: { "retry-after": "4" } }))
      )
      const second = yield* Effect.forkChild(
        failure(Effect.provide(getApiKey, over(slow.layer, { timeout: "3 seconds" })))
      )
      yield* Effect.repeat(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))), {
        until: () => slow.sent.length === 1,
        times: 1000
      })
      yield* TestClock.adjust("3 seconds")
      assert.deepInclude({ ...yield* Fiber.join(second) }, { kind: "timeout", code: "TimeoutError" })
      assert.lengthOf(slow.sent, 1)
    }))

  it.live("retries after a lost connection, whatever error the client has", () =>
    Effect.gen(function*() {
      const causes = [
        new TypeError("Failed to fetch"),
        new TypeError("fetch failed", { cause: Object.assign(new Error("closed"), { code: "UND_ERR_SOCKET" }) }),
        Object.assign(new Error("reset"), { code: "ECONNRESET" })
      ]
      for (const cause of causes) {
        const { layer, sent } = scripted(({ url }, count) =>
          count === 1
            ? new HttpClientError.HttpClientError({
              reason: new HttpClientError.TransportError({ request: HttpClientRequest.post(url), cause })
            })
            : Effect.sync(issuing)
        )
        yield* Effect.provide(getApiKey, over(layer))
        assert.lengthOf(sent, 2)
      }
      const { layer, sent } = scripted(({ url }) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({
            request: HttpClientRequest.post(url),
            cause: Object.assign(new Error("no"), { code: "CERT_HAS_EXPIRED" })
          })
        })
      )
      const error = yield* failure(Effect.provide(getApiKey, over(layer)))
      assert.lengthOf(sent, 1)
      assert(error instanceof TransportError)
      assert.strictEqual(
        error.message,
        "GetResourceApiKey: the connection to bedrock-agentcore.us-west-2.amazonaws.com failed or was lost. "
          + "Check the endpoint and the network (CERT_HAS_EXPIRED, region us-west-2)"
      )
    }))

  it.effect("uses the credentials of the environment, or fails with advice when there are none", () =>
    Effect.gen(function*() {
      const { layer, sent } = scripted(() => Effect.sync(issuing))
      const found = (env: Record<string, string>) =>
        AwsDataPlane.layerHttp({ region: "us-west-2" }).pipe(
          Layer.provide(layer),
          Layer.provide(variables(env))
        )
      const keys = { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "session" }
      yield* Effect.provide(getApiKey, found(keys))
      assert.match(sent[0]?.headers["authorization"] ?? "", /Credential=AKIDENV\//)
      assert.strictEqual(sent[0]?.headers["x-amz-security-token"], "session")
      const error = yield* failure(Effect.provide(getApiKey, found({ AWS_ACCESS_KEY_ID: "AKIDENV", AWS_PROFILE: "p" })))
      assert(error instanceof TransportError)
      assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError", profile: "p" })
      assert.lengthOf(sent, 1)
    }))

  it.effect("signs with the service's time, and corrects a wrong clock", () =>
    Effect.gen(function*() {
      // The test's clock is at the beginning of 1970.
      const time = Date.parse("2026-01-02T03:04:05Z")
      const date = new Date(time).toUTCString()
      const { layer, sent } = scripted(({ headers }) =>
        Effect.sync(() =>
          headers["x-amz-date"] === "20260102T030405Z"
            ? Response.json({ apiKey: "key" }, { headers: { date } })
            : Response.json({ message: "no" }, {
              status: 403,
              headers: { date, "x-amzn-errortype": "AccessDeniedException" }
            })
        )
      )
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(getApiKey)
        // Signatures are made by promises, which the test clock does not wait for.
        const iteration = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* Effect.repeat(iteration, { until: () => sent.length >= 1 })
        yield* Effect.repeat(Effect.andThen(iteration, TestClock.adjust("1 millis")), {
          until: () => sent.length >= 2
        })
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(sent.map(({ headers }) => headers["x-amz-date"]), [
          "19700101T000000Z",
          "20260102T030405Z"
        ])
        yield* getApiKey
        assert.lengthOf(sent, 3)
      }).pipe(Effect.provide(over(layer)))
    }))

  it.live("does not follow redirects of undici's interceptor", () =>
    Effect.gen(function*() {
      const elsewhere = yield* server(json(200, { apiKey: "stolen" }))
      const http = yield* server(raw(307, "", { location: `${elsewhere.url}/identities/api-key` }))
      const planes = AwsPlanes.layerHttp({ region: "us-west-2", credentials, endpoint: http.url, maxAttempts: 1 }).pipe(
        Layer.provide(layerRedirecting)
      )
      const error = yield* failure(Effect.provide(getApiKey, planes))
      assert(error instanceof UnknownServiceError)
      assert.strictEqual(error.status, 307)
      assert.lengthOf(elsewhere.seen, 0)
    }))

  it.live("does not follow redirects of fetch, and keeps the program's settings for fetch", () =>
    Effect.gen(function*() {
      const elsewhere = yield* server(json(200, { apiKey: "stolen" }))
      const http = yield* server(raw(307, "", { location: `${elsewhere.url}/identities/api-key` }))
      const planes = AwsPlanes.layerHttp({ region: "us-west-2", credentials, endpoint: http.url, maxAttempts: 1 }).pipe(
        Layer.provide(FetchHttpClient.layer)
      )
      const error = yield* failure(Effect.provide(getApiKey, planes)).pipe(
        Effect.provideService(FetchHttpClient.RequestInit, { redirect: "follow", headers: { "x-own": "1" } })
      )
      assert(error instanceof UnknownServiceError)
      assert.strictEqual(error.status, 307)
      assert.strictEqual(http.seen[0]?.headers["x-own"], "1")
      assert.lengthOf(elsewhere.seen, 0)
    }))

  it.live("has a client span without secrets for each attempt", () =>
    Effect.gen(function*() {
      const spans: Array<{ readonly name: string; readonly attributes: Map<string, unknown> }> = []
      const tracer = Tracer.make({
        span: ({ annotations, kind, links, name, parent, startTime }) => {
          const attributes = new Map<string, unknown>()
          spans.push({ name, attributes })
          return {
            _tag: "Span",
            name,
            spanId: String(spans.length),
            traceId: "trace",
            parent,
            annotations,
            status: { _tag: "Started", startTime },
            attributes,
            links,
            sampled: true,
            kind,
            end: () => {},
            attribute: (key, value) => void attributes.set(key, value),
            event: () => {},
            addLinks: () => {}
          }
        }
      })
      const http = yield* server((response, seen) =>
        (http.seen.length === 1 ? json(500, {}) : json(200, { apiKey: "key" }))(response, seen)
      )
      const planes = AwsPlanes.layerHttp({ region: "us-west-2", credentials, endpoint: http.url }).pipe(
        Layer.provide(FetchHttpClient.layer)
      )
      yield* Effect.provide(getApiKey, planes).pipe(Effect.withTracer(tracer))
      const clients = spans.filter(({ name }) => name === "http.client POST")
      assert.deepStrictEqual(clients.map(({ attributes }) => attributes.get("http.response.status_code")), [500, 200])
      for (const { attributes } of clients) {
        assert.strictEqual(attributes.get("url.full"), `${http.url}/identities/api-key`)
        assert.strictEqual(attributes.get("http.request.header.authorization"), "<redacted>")
        assert.strictEqual(attributes.get("http.request.header.x-amz-security-token"), "<redacted>")
      }
      const secrets = [Redacted.value(credentials.sessionToken!), Redacted.value(apiKeyRequest.workloadIdentityToken)]
      assertNoSecrets(rendered(spans.map(({ attributes }) => [...attributes])), secrets)
      // AWS gets no trace context of the program.
      assert.notProperty(http.seen[0]?.headers, "traceparent")
    }))
})

describe("AwsPlanes.layerHttpNode", () => {
  it.live("keeps its connections, and closes them with the layer", () =>
    Effect.gen(function*() {
      const sockets = new Set<unknown>()
      let open = 0
      const http = yield* server((response, seen) => {
        const { socket } = response
        if (socket !== null && !sockets.has(socket)) {
          sockets.add(socket)
          open++
          socket.on("close", () => open--)
        }
        json(200, { apiKey: "key" })(response, seen)
      })
      yield* Effect.repeat(getApiKey, { times: 4 }).pipe(
        Effect.provide(AwsPlanes.layerHttpNode({ region: "us-west-2", credentials, endpoint: http.url }))
      )
      assert.lengthOf(http.seen, 5)
      assert.strictEqual(sockets.size, 1)
      yield* Effect.repeat(Effect.sleep("1 millis"), { until: () => open === 0 })
    }).pipe(Effect.timeout("5 seconds")))

  it.live("fails when credentials are not valid in a header, and does not show them", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const sessionToken = "aGFyZC10by1ndWVzcw\nx-injected: 1"
      const error = yield* failure(getApiKey).pipe(
        Effect.provide(
          AwsPlanes.layerHttpNode({
            region: "us-west-2",
            endpoint: http.url,
            credentials: { ...credentials, sessionToken: Redacted.make(sessionToken) }
          })
        )
      )
      assert.deepInclude({ ...error }, { _tag: "TransportError", code: "ERR_INVALID_CHAR" })
      assertNoSecrets(rendered(error), [sessionToken])
      assert.lengthOf(http.seen, 0)
    }))
})
