import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type { Identity } from "effect-agentcore-identity/Identity"
import type * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import * as Recorder from "../support/recorder.js"
import { clients, resource } from "../support/resource.js"
import { responses, scripted, secret } from "../support/utils.js"

type Client = HttpClient.HttpClient.With<unknown, Identity | WorkloadAccessToken.WorkloadAccessToken>

const sentinel = "Zq7!sentinel-Kp3"

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "M2M" }) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

// Names the token and the key after the caller.
const namedAfterCaller: ScriptedPlanes.Script = {
  getResourceOauth2Token: ({ workloadIdentityToken }) =>
    responses.issued(`${sentinel}-token-of-${Redacted.value(workloadIdentityToken)}`),
  getResourceApiKey: ({ workloadIdentityToken }) =>
    Effect.succeed({ apiKey: secret(`${sentinel}-key-of-${Redacted.value(workloadIdentityToken)}`) })
}

const as = (user: string) => Effect.provide(WorkloadAccessToken.layer(secret(user)))

const ok = resource((_, response) => response.end("ok"))

const redirectTo = (location: (path: string) => string) =>
  resource(({ path }, response) =>
    path.startsWith("/final") ? response.end("ok") : response.writeHead(302, { location: location(path) }).end()
  )

for (const [name, client] of clients) {
  describe(`requests over ${name}`, () => {
    const live = it.live
    const provide = Effect.provide([scripted(namedAfterCaller), client])

    live("sends the token of the caller of each request", () =>
      Effect.gen(function*() {
        const { seen, url } = yield* ok
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClientCredentials.withAccessToken(Calendar, { origins: [url] })
        )
        const users = Array.from({ length: 40 }, (_, index) => `user-${index % 8}`)
        yield* Effect.forEach(users, (user) => as(user)(api.get(`${url}/${user}`)), { concurrency: 10 })
        assert.lengthOf(seen, 40)
        for (const { headers, path } of seen) {
          assert.strictEqual(headers.authorization, `Bearer ${sentinel}-token-of-${path.slice(1)}`)
        }
      }).pipe(provide))

    live("sends a key with its header and prefix", () =>
      Effect.gen(function*() {
        const { seen, url } = yield* ok
        const plain = yield* HttpClient.HttpClient
        const options = { origins: [url] } as const
        yield* HttpClientCredentials.withApiKey(plain, Weather, { ...options, header: "X-Weather-Key" }).get(url)
        yield* plain.pipe(
          HttpClientCredentials.withApiKey(Weather, { ...options, header: "authorization", prefix: "Token " })
        ).get(url)
        const key = `${sentinel}-key-of-workload-token`
        assert.strictEqual(seen[0]?.headers["x-weather-key"], key)
        assert.strictEqual(seen[1]?.headers.authorization, `Token ${key}`)
      }).pipe(provide))

    live(
      "sends nothing to another origin: neither directly nor by redirects, there and back",
      () =>
        Effect.gen(function*() {
          let back = ""
          const other = yield* resource(({ path }, response) =>
            path === "/back" ? response.writeHead(307, { location: back }).end() : response.end("ok")
          )
          const mine = yield* redirectTo((path) => `${other.url}${path}`)
          back = `${mine.url}/final`
          const plain = yield* HttpClient.HttpClient
          for (
            const api of [
              HttpClientCredentials.withAccessToken(plain, Calendar, { origins: [mine.url] }),
              HttpClientCredentials.withApiKey(plain, Weather, { header: "x-own-key", origins: [mine.url] })
            ].map((api) => HttpClient.followRedirects(api as Client))
          ) {
            for (const target of [`${other.url}/direct`, `${mine.url}/away`, `${mine.url}/back`, `${mine.url}/final`]) {
              const response = yield* api.get(target)
              assert.strictEqual(yield* response.text, "ok")
            }
          }
          assert.deepStrictEqual(
            other.seen.map(({ path }) => path),
            ["/direct", "/away", "/back", "/direct", "/away", "/back"]
          )
          Recorder.assertSecretFree(other.seen.map(({ text }) => text), [sentinel])
          // The control: each of the four hops to an allowed origin had the header.
          assert.lengthOf(mine.seen.filter(({ headers }) => headers.authorization?.includes(sentinel) === true), 4)
          assert.lengthOf(mine.seen.filter(({ headers }) => String(headers["x-own-key"]).includes(sentinel)), 4)
        }).pipe(provide)
    )

    live("returns a redirect without followRedirects", () =>
      Effect.gen(function*() {
        const other = yield* ok
        const mine = yield* redirectTo(() => `${other.url}/elsewhere`)
        const api = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, Weather, {
          header: "x-own-key",
          origins: [mine.url]
        })
        const response = yield* api.get(`${mine.url}/start`)
        assert.strictEqual(response.status, 302)
        assert.strictEqual(response.headers.location, `${other.url}/elsewhere`)
        assert.lengthOf(other.seen, 0)
      }).pipe(provide))

    live("uses an inner base URL, and follows each hop of a redirect once", () =>
      Effect.gen(function*() {
        const mine = yield* redirectTo(() => "/final?page=2")
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClient.mapRequest(HttpClientRequest.prependUrl(mine.url)),
          HttpClientCredentials.withAccessToken(Calendar, { origins: [mine.url] }),
          HttpClient.followRedirects()
        )
        yield* api.get("/start")
        assert.deepStrictEqual(mine.seen.map(({ path }) => path), ["/start", "/final?page=2"])
        for (const { headers } of mine.seen) {
          assert.strictEqual(headers.authorization, `Bearer ${sentinel}-token-of-workload-token`)
        }
      }).pipe(provide))

    live("dies with instructions when an inner client follows a redirect", () =>
      Effect.gen(function*() {
        const other = yield* ok
        const mine = yield* redirectTo(() => `${other.url}/elsewhere`)
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClient.followRedirects(),
          HttpClientCredentials.withAccessToken(Calendar, { origins: [mine.url] })
        )
        const cause = yield* Effect.sandbox(api.get(`${mine.url}/start`)).pipe(Effect.flip)
        assert.isTrue(Cause.hasDies(cause))
        assert.include(Cause.pretty(cause), "HttpClient.followRedirects has to wrap the client with credentials")
        assert.lengthOf(mine.seen, 1)
        const untraced = yield* Effect.sandbox(api.get(`${mine.url}/start`)).pipe(
          Effect.withTracerEnabled(false),
          Effect.flip
        )
        assert.isTrue(Cause.hasDies(untraced))
        assert.lengthOf(mine.seen, 2)
        // Effect drops `authorization` at another origin, so the check cannot recognize these requests.
        assert.lengthOf(other.seen, 2)
        Recorder.assertSecretFree(other.seen.map(({ text }) => text), [sentinel])
        const withKey = (yield* HttpClient.HttpClient).pipe(
          HttpClient.followRedirects(),
          HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [mine.url] })
        )
        assert.isTrue(Cause.hasDies(yield* Effect.sandbox(withKey.get(`${mine.url}/start`)).pipe(Effect.flip)))
        assert.lengthOf(mine.seen, 3)
        assert.lengthOf(other.seen, 2)
      }).pipe(provide))

    live("leaves other requests of an inner client unchanged", () =>
      Effect.gen(function*() {
        const other = yield* ok
        const mine = yield* ok
        const plain = yield* HttpClient.HttpClient
        const api = plain.pipe(
          HttpClient.transformResponse(Effect.tap(
            plain.execute(HttpClientRequest.get(other.url, { headers: { authorization: "Basic of-its-own" } }))
          )),
          HttpClientCredentials.withAccessToken(Calendar, { origins: [mine.url] })
        )
        assert.strictEqual((yield* api.get(mine.url)).status, 200)
        assert.deepStrictEqual(other.seen.map(({ headers }) => headers.authorization), ["Basic of-its-own"])
      }).pipe(provide))

    live("does not show the credential in responses, errors, spans and logs", () =>
      Effect.gen(function*() {
        const { url } = yield* resource(({ path }, response) =>
          path === "/gone"
            ? response.destroy()
            : response.setHeader("content-type", "application/json").end(path === "/json" ? `{"half":` : `{}`)
        )
        const plain = yield* HttpClient.HttpClient
        const recorder = yield* Recorder.make
        const texts: Array<string> = []
        const keep = (value: unknown) => {
          texts.push(...Recorder.faces(value), inspect(value, { depth: 20, showHidden: true, getters: true }))
        }
        yield* Effect.gen(function*() {
          for (
            const api of [
              HttpClientCredentials.withAccessToken(plain, Calendar, { origins: [url] }) as Client,
              HttpClientCredentials.withApiKey(plain, Weather, { header: "x-own-key", origins: [url] }) as Client
            ]
          ) {
            const response = yield* api.get(`${url}/ok`)
            assert.notProperty(response.request.headers, "authorization")
            assert.notProperty(response.request.headers, "x-own-key")
            keep(response)
            keep(response.request)
            yield* Effect.logInfo("response", response)
            const malformed = yield* Effect.flatMap(api.get(`${url}/json`), ({ json }) => Effect.flip(json))
            assert(HttpClientError.isHttpClientError(malformed))
            assert.strictEqual(malformed.reason._tag, "DecodeError")
            keep(malformed)
            keep(malformed.reason)
            keep(malformed.response)
            const rejectedStatus = yield* HttpClient.filterStatus(api, () => false).get(`${url}/ok`).pipe(Effect.flip)
            assert(HttpClientError.isHttpClientError(rejectedStatus))
            assert.strictEqual(rejectedStatus.reason._tag, "StatusCodeError")
            keep(rejectedStatus)
            const gone = yield* Effect.flip(api.get(`${url}/gone`))
            assert(HttpClientError.isHttpClientError(gone))
            assert.strictEqual(gone.reason._tag, "TransportError")
            keep(gone)
            yield* Effect.logError("gone", gone)
            // No printed form of an HttpClientError shows headers, so look at the properties.
            for (const { reason, request, response } of [malformed, rejectedStatus, gone]) {
              for (const { headers } of [request, reason.request, response?.request ?? request]) {
                assert.notProperty(headers, "authorization")
                assert.notProperty(headers, "x-own-key")
              }
            }
          }
        }).pipe(
          // A program can record headers in its spans.
          Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
          Effect.provide(recorder.layer)
        )
        Recorder.assertSecretFree([...texts, ...yield* recorder.everything], [sentinel])
        const spans = (yield* recorder.spans).filter(({ name }) => name === "GET")
        assert.lengthOf(spans, 8)
        assert.lengthOf(
          spans.filter(({ attributes }) => attributes.get("http.request.header.x-own-key") === "<redacted>"),
          4
        )
      }).pipe(provide))

    live(
      "keeps the credential out of the logs of inner and outer clients, also through retries",
      () =>
        Effect.gen(function*() {
          let requests = 0
          const { seen, url } = yield* resource(({ path }, response) =>
            path === "/gone"
              ? response.destroy()
              : path === "/start"
              ? response.writeHead(302, { location: "/final" }).end()
              : response.writeHead(requests++ % 2 === 0 ? 503 : 200).end("body")
          )
          const logAll = (client: Client): Client =>
            client.pipe(
              HttpClient.tapRequest((request) => Effect.logInfo("request", request, request.headers)),
              HttpClient.tap((response) => Effect.logInfo("response", response, response.request)),
              HttpClient.tapError((error) => Effect.logInfo("error", error))
            )
          const recorder = yield* Recorder.make
          const credentials: ReadonlyArray<(client: Client) => Client> = [
            HttpClientCredentials.withAccessToken(Calendar, { origins: [url] }),
            HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
          ]
          const plain = (yield* HttpClient.HttpClient) as unknown as Client
          for (const isPropagated of [true, false]) {
            for (const withCredential of credentials) {
              for (const path of ["/start", "/gone"]) {
                const inside = logAll(HttpClient.retryTransient(logAll(plain), { times: 1 }))
                const outside = withCredential(HttpClient.followRedirects(inside, 1))
                yield* HttpClient.filterStatusOk(logAll(outside)).get(`${url}${path}`).pipe(
                  Effect.ignoreCause({ log: true }),
                  Effect.provideService(HttpClient.TracerPropagationEnabled, isPropagated),
                  Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
                  Effect.provide(recorder.layer)
                )
              }
            }
          }
          Recorder.assertSecretFree(yield* recorder.everything, [sentinel])
          assert.lengthOf(seen, 20)
          assert.lengthOf(seen.filter(({ text }) => text.includes(sentinel)), 20)
        }).pipe(provide)
    )

    live("keeps the credential out of errors while a body is read", () =>
      Effect.gen(function*() {
        const { url } = yield* resource((_, response) => {
          response.writeHead(200, { "content-length": "1000", "content-type": "text/plain" })
          response.write("the beginning", () => response.destroy())
        })
        const api = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, Weather, {
          header: "x-own-key",
          origins: [url]
        })
        const readings: ReadonlyArray<
          (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, HttpClientError.HttpClientError>
        > = [
          ({ text }) => text,
          ({ json }) => json,
          ({ urlParamsBody }) => urlParamsBody,
          ({ arrayBuffer }) => arrayBuffer,
          ({ stream }) => Stream.runDrain(stream)
        ]
        for (const read of readings) {
          const error = yield* Effect.flip(Effect.flatMap(api.get(url), read))
          if (error._tag !== "HttpClientError") return assert.fail(error._tag)
          assert.notProperty(error.request.headers, "x-own-key")
          Recorder.assertSecretFree(
            [...Recorder.faces(error), inspect(error, { depth: 20, showHidden: true, getters: true })],
            [sentinel]
          )
        }
      }).pipe(provide))

    live("replaces the header of the request, and keeps two credentials out of spans", () =>
      Effect.gen(function*() {
        const { seen, url } = yield* ok
        const recorder = yield* Recorder.make
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] }),
          HttpClientCredentials.withApiKey(Weather, { header: "x-other-key", origins: [url] })
        )
        yield* Effect.provide(api.get(url, { headers: { "x-own-key": "mine" } }), recorder.layer)
        const key = `${sentinel}-key-of-workload-token`
        assert.strictEqual(seen[0]?.headers["x-own-key"], key)
        assert.strictEqual(seen[0]?.headers["x-other-key"], key)
        Recorder.assertSecretFree(yield* recorder.everything, [sentinel])
      }).pipe(provide))

    live("keeps the credential out of errors of an inner client", () =>
      Effect.gen(function*() {
        const { url } = yield* resource((_, response) => response.writeHead(500).end("no"))
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClient.filterStatusOk,
          HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
        )
        const error = yield* Effect.flip(api.get(url))
        if (error._tag !== "HttpClientError") return assert.fail(error._tag)
        assert(error.response !== undefined)
        assert.strictEqual(error.response.status, 500)
        assert.strictEqual(yield* error.response.text, "no")
        Recorder.assertSecretFree([
          ...Recorder.faces(error),
          inspect(error, { depth: 20, showHidden: true, getters: true }),
          ...Recorder.faces(error.response)
        ], [sentinel])
      }).pipe(provide))
  })
}

class ApiError
  extends Data.TaggedError("ApiError")<{ readonly cause: unknown; readonly seen?: ReadonlyArray<unknown> }>
{}

describe("errors that an inner client makes from other errors", () => {
  const kinds = [
    [
      "a failure has no credential",
      Effect.mapError((cause: HttpClientError.HttpClientError) => new ApiError({ cause, seen: [cause.request] }))
    ],
    [
      "an error inside an error has no credential",
      Effect.mapError((error: HttpClientError.HttpClientError) =>
        new ApiError({ cause: new Error("outer", { cause: new ApiError({ cause: error }) }) })
      )
    ],
    ["a defect has no credential", Effect.orDie],
    [
      "a failure and a defect have no credential",
      <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.ensuring(self, Effect.catch(self, Effect.die))
    ]
  ] as ReadonlyArray<
    readonly [
      name: string,
      f: <A, R>(
        self: Effect.Effect<A, HttpClientError.HttpClientError, R>
      ) => Effect.Effect<A, HttpClientError.HttpClientError | ApiError, R>
    ]
  >
  for (const [name, f] of kinds) {
    it.live(name, () =>
      Effect.gen(function*() {
        const { url } = yield* resource((_, response) => response.writeHead(500).end("no"))
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClient.filterStatusOk,
          HttpClient.transformResponse(f),
          HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
        )
        const exit = yield* Effect.exit(api.get(url))
        assert.isTrue(Exit.isFailure(exit))
        const texts = [
          ...Recorder.faces(exit),
          inspect(exit, { depth: 20, showHidden: true, getters: true }),
          JSON.stringify(exit)
        ]
        assert.include(texts.join("\n"), "500")
        Recorder.assertSecretFree(texts, [sentinel])
      }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))
  }
})

describe("an error that an inner client makes", () => {
  it.live("keeps its identity and loses the header, also if it contains itself", () =>
    Effect.gen(function*() {
      const { url } = yield* resource((_, response) => response.writeHead(500).end("no"))
      let original: ApiError | undefined
      const api = (yield* HttpClient.HttpClient).pipe(
        HttpClient.filterStatusOk,
        HttpClient.transformResponse(Effect.mapError((cause) => {
          const seen: Array<unknown> = []
          original = new ApiError({ cause, seen })
          seen.push(original)
          return original
        })),
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      )
      const error = yield* Effect.flip(api.get(url))
      if (error._tag !== "ApiError") return assert.fail(error._tag)
      assert.strictEqual(error, original)
      Recorder.assertSecretFree([inspect(error, { depth: 20, showHidden: true })], [sentinel])
      assert(HttpClientError.isHttpClientError(error.cause))
      for (const { request } of [error.cause, error.cause.reason]) assert.notProperty(request.headers, "x-own-key")
      assert.notProperty(error.cause.response?.request.headers, "x-own-key")
    }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))

  it.live("stays unchanged if it has no request", () =>
    Effect.gen(function*() {
      const { url } = yield* ok
      const original = new ApiError({ cause: new Error("of the program") })
      const api = (yield* HttpClient.HttpClient).pipe(
        HttpClient.transformResponse(Effect.andThen(Effect.fail(original))),
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      )
      const exit = yield* Effect.exit(api.get(url))
      assert.strictEqual(
        Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined,
        original
      )
    }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))
})

describe("an error of another request of an inner client", () => {
  it.live("keeps that request", () =>
    Effect.gen(function*() {
      const { url } = yield* ok
      const plain = yield* HttpClient.HttpClient
      const api = plain.pipe(
        HttpClient.transformResponse(Effect.andThen(
          HttpClient.filterStatus(plain, () => false).get(`${url}/token`, { headers: { "x-own": "kept" } })
        )),
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      )
      const error = yield* Effect.flip(api.get(`${url}/reports`))
      if (error._tag !== "HttpClientError") return assert.fail(error._tag)
      assert.strictEqual(error.request.url, `${url}/token`)
      assert.strictEqual(error.request.headers["x-own"], "kept")
      assert.strictEqual(error.response?.request.url, `${url}/token`)
    }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))
})

describe("a client that is not of Effect", () => {
  it("is rejected when it is wrapped", () => {
    const { execute } = HttpClient.make(() => Effect.never)
    const foreign = { execute } as HttpClient.HttpClient
    assert.throws(
      () => HttpClientCredentials.withAccessToken(foreign, Calendar, { origins: ["https://api.example.com"] }),
      "The client is not a client of effect/http"
    )
  })
})

describe("a credential that a header cannot carry", () => {
  for (const key of [`${sentinel}\n`, `${sentinel}\r\nx-other: 1`, ` ${sentinel}`, `${sentinel}\u00e9`, ""]) {
    it.live(`${JSON.stringify(key)} is an error that does not quote it, and nothing is sent`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* ok
        const api = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, Weather, {
          header: "x-own-key",
          origins: [url]
        })
        const error = yield* Effect.flip(api.get(url))
        if (error._tag !== "HttpClientError") return assert.fail(error._tag)
        assert.strictEqual(error.reason._tag, "EncodeError")
        assert.include(error.message, "the header 'x-own-key' cannot carry")
        Recorder.assertSecretFree(Recorder.faces(error), [sentinel])
        assert.lengthOf(seen, 0)
      }).pipe(
        Effect.provide([
          scripted({ getResourceApiKey: () => Effect.succeed({ apiKey: secret(key) }) }),
          FetchHttpClient.layer
        ])
      ))
  }
})

describe("an inner credential that a header cannot carry", () => {
  it.live("fails with its own error", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* ok
      const api = (yield* HttpClient.HttpClient).pipe(
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", prefix: "\n", origins: [url] }),
        HttpClientCredentials.withApiKey(Weather, { header: "x-other-key", origins: [url] })
      )
      const error = yield* Effect.flip(api.get(url))
      if (error._tag !== "HttpClientError") return assert.fail(error._tag)
      assert.strictEqual(error.reason._tag, "EncodeError")
      assert.notProperty(error.request.headers, "x-other-key")
      assert.lengthOf(seen, 0)
    }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))
})

describe("a header", () => {
  it("must have a valid name, and no message quotes an invalid one", () => {
    const wrap = (header: string) => () =>
      HttpClientCredentials.withApiKey(Weather, { header, origins: ["https://api.example.com"] })(
        HttpClient.make(() => Effect.never)
      )
    assert.doesNotThrow(wrap("X-Api_Key.1"))
    for (const header of ["", "x key", "x-key:", `x-key: ${sentinel}`, "x-key\n", "schlüssel"]) {
      assert.throws(wrap(header), /^header is not the name of a header, as in x-api-key$/)
    }
  })
})

describe("RequestInit", () => {
  it.live("is kept when it is provided around the request, also redirect: error", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* redirectTo(() => "/final")
      const api = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Calendar, { origins: [url] })
      const response = yield* Effect.provideService(api.get(`${url}/start`), FetchHttpClient.RequestInit, {
        headers: { "x-from-init": "kept" },
        redirect: "follow"
      })
      assert.strictEqual(response.status, 302)
      assert.strictEqual(seen[0]?.headers["x-from-init"], "kept")
      const error = yield* Effect.flip(
        Effect.provideService(api.get(`${url}/start`), FetchHttpClient.RequestInit, { redirect: "error" })
      )
      assert(HttpClientError.isHttpClientError(error))
      assert.strictEqual(error.reason._tag, "TransportError")
    }).pipe(Effect.provide([scripted(namedAfterCaller), FetchHttpClient.layer])))
})

describe("origins", () => {
  const wrap = (origin: string, allowInsecureOrigins?: boolean) => () =>
    HttpClientCredentials.withAccessToken(Calendar, { origins: [origin], allowInsecureOrigins })(
      HttpClient.make(() => Effect.never)
    )

  const wrapKey = (origin: string, allowInsecureOrigins?: boolean) => () =>
    HttpClientCredentials.withApiKey(Weather, { header: "x-key", origins: [origin], allowInsecureOrigins })(
      HttpClient.make(() => Effect.never)
    )

  it("are https, or http of this machine", () => {
    for (
      const origin of [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:80"
      ]
    ) {
      assert.doesNotThrow(wrap(origin))
    }
    for (const origin of ["http://api.example.com", "http://localhost.example.com", "http://127.0.0.1.example.com"]) {
      for (const kind of [wrap, wrapKey]) {
        assert.throws(kind(origin), "origins[0] is plain http: the credential would be readable on the network")
        assert.doesNotThrow(kind(origin, true))
      }
    }
  })

  it("are rejected with a path, a user or a wildcard, and no message quotes them", () => {
    for (
      const [origin, message] of [
        ["api.example.com", "origins[0] is not a URL"],
        ["", "origins[0] is not a URL"],
        ["https://*.example.com/v3", "has a path"],
        ["*", "origins[0] is not a URL"],
        ["null", "origins[0] is not a URL"],
        ["https://*", "origins[0] has a wildcard: name each host"],
        ["https://*.example.com", "origins[0] has a wildcard"],
        ["https://%2A.example.com", "origins[0] has a wildcard"],
        ["http://api.*.com:8080", "origins[0] has a wildcard"],
        ["https://api.example.com:*", "origins[0] is not a URL"],
        ["https://api.example.com/v3", "has a path, a query or a fragment"],
        ["https://api.example.com?a=sentinel-1", "has a path, a query or a fragment"],
        ["https://user:sentinel-1@api.example.com", "has a user name or a password"],
        ["https://:sentinel-1@api.example.com", "has a user name or a password"],
        ["https://sentinel-1@api.example.com", "has a user name or a password"],
        ["https://api.example.com#sentinel-1", "has a path, a query or a fragment"],
        ["ftp://api.example.com", "is not an http or https URL"],
        ["file:///etc/passwd", "is not an http or https URL"]
      ] as const
    ) {
      try {
        wrap(origin, true)()
        assert.fail(`taken: ${origin}`)
      } catch (error) {
        assert.isTrue(Cause.isIllegalArgumentError(error), String(error))
        assert.include(String(error), message)
        assert.notInclude(String(error), "sentinel-1")
      }
    }
  })

  it("are at least one", () => {
    // A list that a program computes can be empty in spite of its type.
    const empty = [] as ReadonlyArray<string> as [string]
    const client = HttpClient.make(() => Effect.never)
    for (const origins of [empty, "https://api.example.com" as never, undefined as never]) {
      assert.throws(
        () => HttpClientCredentials.withAccessToken(client, Calendar, { origins }),
        "origins is not a list of at least one origin"
      )
    }
  })

  it.effect("are compared as a whole, so look-alikes get no credential", () =>
    Effect.gen(function*() {
      const sent: Array<boolean> = []
      const api = HttpClientCredentials.withAccessToken(
        HttpClient.make((request) => {
          sent.push("authorization" in request.headers)
          return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
        }),
        Calendar,
        { origins: ["https://api.example.com"] }
      )
      const same = ["https://api.example.com", "https://API.example.com:443/v3?a=b#c"]
      const others = [
        "https://api.example.com.evil.example",
        "https://evil.example/api.example.com",
        "https://api.example.com@evil.example/",
        "https://sub.api.example.com",
        "https://api.example.com:444",
        "http://api.example.com",
        "https://evil.example#@api.example.com",
        "https://evil.example?https://api.example.com"
      ]
      yield* Effect.forEach([...same, ...others], (url) => api.get(url))
      assert.deepStrictEqual(sent, [...same.map(() => true), ...others.map(() => false)])
    }).pipe(Effect.provide(scripted(namedAfterCaller))))
})
