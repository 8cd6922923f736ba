/** A credential reaches no other origin, for any order of the combinators. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type { Identity } from "effect-agentcore-identity/Identity"
import * as PropagateIdentity from "effect-agentcore-identity/runtime/PropagateIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Cookies from "effect/http/Cookies"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import { inspect } from "node:util"
import * as Recorder from "../support/recorder.js"
import { clients, layerRedirecting, redirecting, resource } from "../support/resource.js"
import { rounds } from "../support/rounds.js"
import { responses, scripted, secret } from "../support/utils.js"

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "M2M" }) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

const sentinel = "Zq7!sentinel-Kp3"

type Client = HttpClient.HttpClient.With<
  unknown,
  Identity | WorkloadAccessToken.WorkloadAccessToken
>

const mine = "https://api.example.com"
const foreign = "https://elsewhere.example.com"

const origins = [mine] as const

const credentials: ReadonlyArray<(client: Client) => Client> = [
  HttpClientCredentials.withAccessToken(Calendar, { origins }),
  HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins }),
  PropagateIdentity.httpClient({ origins })
]

const untracedWhen = (matches: (url: string) => boolean) =>
  HttpClient.transformResponse(Effect.provideService(HttpClient.TracerDisabledWhen, ({ url }) => matches(url)))

/** Combinators that turn tracing off inside of the credential. */
const untraced: ReadonlyArray<readonly [name: string, wrap: (client: Client) => Client]> = [
  ["untraced always", HttpClient.transformResponse(Effect.provideService(HttpClient.TracerDisabledWhen, () => true))],
  ["untraced never", HttpClient.transformResponse(Effect.provideService(HttpClient.TracerDisabledWhen, () => false))],
  ["untraced elsewhere", untracedWhen((url) => url.startsWith(foreign))],
  ["untraced at home", untracedWhen((url) => url.startsWith(mine))],
  ["propagation disabled", HttpClient.transformResponse(Effect.provideService(Tracer.DisablePropagation, true))]
]

const combinators: ReadonlyArray<readonly [name: string, wrap: (client: Client) => Client]> = [
  ["followRedirects", HttpClient.followRedirects()],
  ["followRedirects 1", HttpClient.followRedirects(1)],
  ["tracer off", HttpClient.transformResponse(Effect.withTracerEnabled(false))],
  ["propagation off", HttpClient.transformResponse(Effect.provideService(HttpClient.TracerPropagationEnabled, false))],
  ["propagation on", HttpClient.transformResponse(Effect.provideService(HttpClient.TracerPropagationEnabled, true))],
  [
    "span names",
    HttpClient.transformResponse(Effect.provideService(HttpClient.SpanNameGenerator, ({ method }) => method))
  ],
  ["retryTransient", HttpClient.retryTransient({ times: 1 })],
  ["retry", HttpClient.retry({ times: 1 })],
  ["mapRequest", HttpClient.mapRequest(HttpClientRequest.setHeader("x-other", "kept"))],
  ["tapRequest", HttpClient.tapRequest(() => Effect.void)],
  ["tap", HttpClient.tap(() => Effect.void)],
  ["filterStatus", HttpClient.filterStatus((status) => status < 400)],
  ["timeout", HttpClient.transformResponse(Effect.timeout("1 hour"))],
  ["withCookiesRef", HttpClient.withCookiesRef(Ref.makeUnsafe<ReadonlyArray<Cookies.Cookie>>([]))],
  ...untraced
]

/** Spans inside of the credential whose values have a response. */
const wrapped: ReadonlyArray<readonly [name: string, wrap: (client: Client) => Client]> = [
  ["span", HttpClient.transformResponse(Effect.withSpan("inner"))],
  [
    "option",
    HttpClient.transformResponse((self) =>
      Effect.flatMap(Effect.withSpan(Effect.asSome(self), "option"), (value) => Effect.orDie(Effect.fromOption(value)))
    )
  ],
  [
    "collection",
    HttpClient.transformResponse((self) =>
      Effect.map(
        Effect.withSpan(Effect.map(self, (response) => new Map([["response", new Set([response])]])), "collection"),
        (map) => [...map.values()].flatMap((set) => [...set])[0]!
      )
    )
  ]
]

interface Sent {
  readonly origin: string
  readonly text: string
}

/** A client without a network. */
const network = () => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) => {
    sent.push({ origin: url.origin, text: Object.values(request.headers).join("\n") })
    const to = { "/away": `${foreign}/final`, "/around": "/away", "/back": `${mine}/final` }[url.pathname]
    return Effect.succeed(HttpClientResponse.fromWeb(
      request,
      to === undefined
        ? new Response("ok", { status: url.pathname === "/failed" ? 503 : 200 })
        : new Response(null, { status: 302, headers: { location: to } })
    ))
  })
  return { client, sent }
}

const provide = Effect.provide([
  scripted({
    getResourceOauth2Token: () => responses.issued(`${sentinel}-token`),
    getResourceApiKey: () => Effect.succeed({ apiKey: secret(`${sentinel}-key`) })
  }),
  WorkloadAccessToken.layer(secret(`${sentinel}-workload`))
])

/** While the layer is built, `dispatcher` is the global one of undici and of `fetch`. */
const globalDispatcher = (dispatcher: typeof NodeHttpClient.makeDispatcher) =>
  Layer.effectDiscard(Effect.flatMap(dispatcher, (dispatcher) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const before = Undici.getGlobalDispatcher()
        Undici.setGlobalDispatcher(dispatcher)
        return before
      }),
      (before) => Effect.sync(() => Undici.setGlobalDispatcher(before))
    )))

const secrets = [`${sentinel}-token`, `${sentinel}-key`, `${sentinel}-workload`]

/** `faces` has the exits as they are when their spans end. A tracer may send them at once. */
const exitRecorder = () => {
  const exits: Array<Exit.Exit<unknown, unknown>> = []
  const faces: Array<string> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (time, exit) => {
        exits.push(exit)
        // Messages of HTTP hide their headers from `inspect`.
        faces.push(inspect(exit, { depth: 9, showHidden: true, customInspect: false }))
        end(time, exit)
      }
      return span
    }
  })
  return { exits, faces, tracer }
}

describe("a credential", () => {
  it("is in no exit of a span that ends, for any order of the combinators and any value", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.array(FastCheck.constantFrom(...combinators, ...wrapped), { minLength: 1, maxLength: 4 }),
        FastCheck.nat(credentials.length - 1),
        FastCheck.array(FastCheck.constantFrom(...combinators, ...wrapped), { maxLength: 2 }),
        FastCheck.constantFrom("/away", "/back", "/failed", "/final"),
        async (inside, index, outside, path) => {
          const { faces, tracer } = exitRecorder()
          const wrap = credentials[index] ?? assert.fail("no credential")
          const inner = inside.reduce((self, [, wrap]) => wrap(self), network().client as unknown as Client)
          const api = outside.reduce((self, [, wrap]) => wrap(self), wrap(inner))
          await Effect.runPromiseExit(
            api.get(`${mine}${path}`).pipe(Effect.provideService(Tracer.Tracer, tracer), provide)
          )
          Recorder.assertSecretFree(faces, secrets)
        }
      ),
      { numRuns: rounds({ few: 200, full: 4000 }) }
    ))

  it("reaches no foreign origin, for any order of the combinators", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.array(FastCheck.constantFrom(...combinators), { maxLength: 4 }),
        FastCheck.nat(credentials.length - 1),
        FastCheck.array(FastCheck.constantFrom(...combinators), { maxLength: 3 }),
        FastCheck.constantFrom("/away", "/around", "/back", "/final"),
        FastCheck.boolean(),
        async (inside, index, outside, path, isTraced) => {
          const { client, sent } = network()
          const wrap = credentials[index] ?? assert.fail("no credential")
          const inner = inside.reduce((self, [, wrap]) => wrap(self), client as unknown as Client)
          const api = outside.reduce((self, [, wrap]) => wrap(self), wrap(inner))
          const exit = await Effect.runPromiseExit(
            api.get(`${mine}${path}`).pipe(Effect.withTracerEnabled(isTraced), provide)
          )
          Recorder.assertSecretFree(sent.filter(({ origin }) => origin === foreign).map(({ text }) => text), secrets)
          const isUntraced = inside.some((one) => untraced.includes(one))
          const first = sent[0]?.text ?? ""
          if (!isUntraced) {
            assert.isTrue(secrets.some((one) => first.includes(one)), "the allowed origin gets it")
          } else {
            Recorder.assertSecretFree(sent.map(({ text }) => text), secrets)
            assert.isTrue(Exit.isFailure(exit), "a client that cannot be checked is rejected")
          }
        }
      ),
      { numRuns: rounds({ few: 60, full: 2000 }) }
    ))

  for (const [name, layer] of clients) {
    describe(`requests over ${name}`, () => {
      const send = (wrap: (client: Client) => Client, isTraced: boolean) =>
        Effect.gen(function*() {
          const other = yield* resource((_, response) => response.end("ok"))
          const api = yield* resource(({ path }, response) =>
            path === "/away" ? response.writeHead(307, { location: other.url }).end() : response.end("ok")
          )
          const client = wrap((yield* HttpClient.HttpClient) as unknown as Client).pipe(
            HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [api.url] })
          )
          const exit = yield* Effect.exit(client.get(`${api.url}/away`)).pipe(Effect.withTracerEnabled(isTraced))
          Recorder.assertSecretFree(other.seen.map(({ text }) => text), secrets)
          return { exit, other: other.seen, seen: api.seen }
        }).pipe(provide, Effect.provide(layer))

      for (const isTraced of [true, false]) {
        it.live(`gives an inner client that turns tracing off no credential, tracing ${isTraced ? "on" : "off"}`, () =>
          Effect.gen(function*() {
            for (const [, turnOff] of untraced) {
              for (
                const wrap of [
                  (client: Client) => turnOff(HttpClient.followRedirects(client)),
                  (client: Client) => HttpClient.followRedirects(turnOff(client)),
                  (client: Client) => turnOff(client),
                  (client: Client) => HttpClient.filterStatus(turnOff(client), () => false)
                ]
              ) {
                const { exit, seen } = yield* send(wrap, isTraced)
                assert.isNotEmpty(seen)
                Recorder.assertSecretFree(seen.map(({ text }) => text), secrets)
                if (Exit.isSuccess(exit)) return assert.fail("sent")
                assert.isTrue(Cause.hasDies(exit.cause))
                assert.include(Cause.pretty(exit.cause), "HttpClient.TracerDisabledWhen and")
              }
            }
          }))

        it.live(`follows no redirect inside, tracing ${isTraced ? "on" : "off"}`, () =>
          Effect.gen(function*() {
            const { exit, other, seen } = yield* send(HttpClient.followRedirects(), isTraced)
            assert.lengthOf(other, 0)
            assert.deepStrictEqual(seen.map(({ headers }) => headers["x-own-key"]), [`${sentinel}-key`])
            assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
          }))
      }
    })
  }

  for (const redirect of ["follow", undefined, "manual", "error"] as const) {
    it.live(`fetch follows no redirect with an inner RequestInit, redirect: ${redirect}`, () =>
      Effect.gen(function*() {
        const other = yield* resource((_, response) => response.end("ok"))
        const { seen, url } = yield* resource((_, response) => response.writeHead(307, { location: other.url }).end())
        const api = HttpClient.transformResponse(
          yield* HttpClient.HttpClient,
          Effect.provideService(FetchHttpClient.RequestInit, redirect === undefined ? {} : { redirect })
        ).pipe(HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] }))
        const exit = yield* Effect.exit(api.get(url))
        assert.lengthOf(other.seen, 0)
        const isSafe = redirect === "manual" || redirect === "error"
        assert.lengthOf(seen, isSafe ? 1 : 0)
        assert.strictEqual(Exit.isSuccess(exit), redirect === "manual")
        if (!isSafe) assert.include(Cause.pretty((exit as Exit.Failure<unknown, unknown>).cause), "fetch would follow")
      }).pipe(provide, Effect.provide(FetchHttpClient.layer)))
  }

  /** The types of undici do not have this option of its interceptor. */
  const undiciOptions = (maxRedirections: number | undefined) => {
    const options: object = maxRedirections === undefined ? {} : { maxRedirections }
    return Effect.provideService(NodeHttpClient.UndiciOptions, options)
  }

  const dispatchers: ReadonlyArray<readonly [name: string, layer: Layer.Layer<HttpClient.HttpClient>]> = [
    ["an Agent of undici", layerRedirecting],
    [
      "the global dispatcher of undici",
      NodeHttpClient.layerUndiciNoDispatcher.pipe(
        Layer.provide(NodeHttpClient.dispatcherLayerGlobal),
        Layer.provide(globalDispatcher(redirecting))
      )
    ],
    ["fetch with a global dispatcher", Layer.provide(FetchHttpClient.layer, globalDispatcher(redirecting))]
  ]

  for (const [name, layer] of dispatchers) {
    for (const maxRedirections of [undefined, 3, 0]) {
      it.live(`the redirect interceptor follows no redirect: ${name}, maxRedirections: ${maxRedirections}`, () =>
        Effect.gen(function*() {
          const other = yield* resource((_, response) => response.end("ok"))
          const { seen, url } = yield* resource((_, response) => response.writeHead(307, { location: other.url }).end())
          const withKey = HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
          const withOptions = HttpClient.transformResponse(undiciOptions(maxRedirections))
          const client = yield* HttpClient.HttpClient
          const api = maxRedirections === 0
            ? withKey(withOptions(client))
            : withOptions(withKey(client))
          const { status } = yield* api.get(url)
          assert.strictEqual(status, 307)
          assert.deepStrictEqual(seen.map(({ headers }) => headers["x-own-key"]), [`${sentinel}-key`])
          assert.lengthOf(other.seen, 0)
          // Each hop is checked where the program follows redirects.
          yield* HttpClient.followRedirects(api).get(url)
          assert.deepStrictEqual(other.seen.map(({ headers }) => headers["x-own-key"]), [undefined])
        }).pipe(provide, Effect.provide(layer)))
    }

    it.live(`an inner client that allows redirects is a defect: ${name}`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* resource((_, response) => response.end("ok"))
        const api = HttpClient.transformResponse(
          yield* HttpClient.HttpClient,
          undiciOptions(3)
        ).pipe(HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] }))
        const exit = yield* Effect.exit(api.get(url))
        assert.lengthOf(seen, 0)
        assert.include(Cause.pretty((exit as Exit.Failure<unknown, unknown>).cause), "undici would follow")
      }).pipe(provide, Effect.provide(layer)))
  }

  for (const [name, layer] of clients) {
    for (const propagation of [true, false]) {
      it.live(`is in no exit of a span of an inner hop: ${name}, propagation: ${propagation}`, () =>
        Effect.gen(function*() {
          const { exits, faces, tracer } = exitRecorder()
          const { seen, url } = yield* resource(({ path }, response, index) =>
            path === "/start"
              ? response.writeHead(302, { location: "/retried" }).end()
              : response.writeHead(index < 4 ? 503 : 200).end()
          )
          const api = (yield* HttpClient.HttpClient).pipe(
            HttpClient.transformResponse(Effect.withSpan("inner")),
            HttpClient.followRedirects(),
            HttpClient.retryTransient({ times: 1 }),
            HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
          )
          const get = api.get(`${url}/start`).pipe(
            Effect.provideService(HttpClient.TracerPropagationEnabled, propagation),
            Effect.provideService(Tracer.Tracer, tracer)
          )
          assert.strictEqual((yield* get).status, 503)
          assert.strictEqual((yield* get).status, 200)
          assert.lengthOf(seen, 6)
          assert.isTrue(seen.every(({ headers }) => headers["x-own-key"] === `${sentinel}-key`))
          assert.isAtLeast(exits.length, 12)
          // A response of node:http has the bytes of its request.
          if (name !== "node:http") Recorder.assertSecretFree(faces, secrets)
          Recorder.assertSecretFree(exits.map((exit) => inspect(exit, { depth: 20, showHidden: true })), secrets)
        }).pipe(provide, Effect.provide(layer)))
    }
  }

  it.live("is in no exit of a span after an interruption", () =>
    Effect.gen(function*() {
      const { exits, tracer } = exitRecorder()
      const isWaiting = yield* Deferred.make<void>()
      const { url } = yield* resource(({ path }, response) =>
        path === "/start"
          ? response.writeHead(302, { location: "/final" }).end()
          : Effect.runSync(Deferred.succeed(isWaiting, undefined))
      )
      const api = HttpClient.followRedirects(yield* HttpClient.HttpClient).pipe(
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      )
      const fiber = yield* Effect.forkChild(Effect.provideService(api.get(`${url}/start`), Tracer.Tracer, tracer))
      yield* Deferred.await(isWaiting)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(exits.some(Exit.isSuccess))
      Recorder.assertSecretFree(exits.map((exit) => inspect(exit, { depth: 20, showHidden: true })), secrets)
    }).pipe(provide, Effect.provide(FetchHttpClient.layer)))

  const items = Array.from({ length: 1200 }, (_, index) => ({ index }))

  type Respond = Effect.Effect<HttpClientResponse.HttpClientResponse, unknown>

  /** What inner clients make of a response. */
  const large: ReadonlyArray<readonly [name: string, transform: (self: Respond) => Respond]> = [
    ["an error", Effect.mapError((error) => ({ items, nested: [items, { error }] }))],
    [
      "an error that another fiber returns",
      (self) => Effect.mapError(Effect.timeout(self, "1 hour"), (error) => ({ items, nested: [items, { error }] }))
    ],
    ["a defect", Effect.catch((error) => Effect.die({ items, error }))],
    [
      "a value",
      (self) =>
        Effect.flatMap(
          Effect.withSpan(Effect.map(self, (response) => ({ items, response })), "value"),
          ({ response }) => Effect.fail({ items, response })
        )
    ]
  ]

  for (const [name, transform] of large) {
    for (const [tracing, disabled] of [["on", false], ["off for HTTP", true]] as const) {
      it.live(`is not in 1,200 objects of ${name}, tracing ${tracing}`, () =>
        Effect.gen(function*() {
          const { faces, tracer } = exitRecorder()
          const { seen, url } = yield* resource(({ path }, response) =>
            path === "/start" ? response.writeHead(302, { location: "/final" }).end() : response.end("ok")
          )
          const base = (yield* HttpClient.HttpClient).pipe(
            HttpClient.followRedirects(),
            HttpClient.filterStatus(() => name === "a value")
          )
          const api = HttpClient.transformResponse(base, transform).pipe(
            HttpClient.transformResponse(Effect.withSpan("inner")),
            HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
          )
          const exit = yield* api.get(`${url}/start`).pipe(
            Effect.withSpan("outer"),
            Effect.provideService(HttpClient.TracerDisabledWhen, () => disabled),
            Effect.provideService(Tracer.Tracer, tracer),
            Effect.exit
          )
          assert.isTrue(Exit.isFailure(exit))
          assert.deepStrictEqual(seen.map(({ headers }) => headers["x-own-key"]), [
            `${sentinel}-key`,
            `${sentinel}-key`
          ])
          const options = { depth: 20, maxArrayLength: null, showHidden: true, customInspect: false } as const
          Recorder.assertSecretFree([...faces, inspect(exit, options)], secrets)
        }).pipe(provide, Effect.provide(FetchHttpClient.layer)))
    }
  }

  it.effect("stays on a request that is being sent, while spans around it and beside it end", () =>
    Effect.gen(function*() {
      const sent: Array<string | undefined> = []
      const { faces, tracer } = exitRecorder()
      const transport = HttpClient.make((request) =>
        Effect.gen(function*() {
          yield* Effect.withSpan(Effect.sleep("1 second"), "resolve")
          sent.push(request.headers["x-own-key"])
          return HttpClientResponse.fromWeb(request, new Response("ok"))
        })
      )
      // Two requests at the same time. The second begins later.
      const api = HttpClient.transform(transport, (self, request) => {
        const later = Effect.delay(transport.execute(HttpClientRequest.setHeader(request, "x-copy", "1")), "500 millis")
        return Effect.andThen(
          Effect.withSpan(Effect.forkChild(later, { startImmediately: true }), "forked"),
          (second) => Effect.andThen(Effect.withSpan(self, "first"), Fiber.join(second))
        )
      }).pipe(HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins }))
      for (const disabled of [false, true]) {
        const fiber = yield* api.get(mine).pipe(
          Effect.provideService(HttpClient.TracerDisabledWhen, () => disabled),
          Effect.provideService(Tracer.Tracer, tracer),
          Effect.forkChild({ startImmediately: true })
        )
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(fiber)
      }
      assert.deepStrictEqual(sent, Array.from({ length: 4 }, () => `${sentinel}-key`))
      Recorder.assertSecretFree(faces, secrets)
    }).pipe(provide))

  const tracings: ReadonlyArray<readonly [name: string, set: <A, E, R>(self: Effect.Effect<A, E, R>) => typeof self]> =
    [
      ["on", (self) => self],
      ["without propagation", Effect.provideService(HttpClient.TracerPropagationEnabled, false)],
      ["off for HTTP", Effect.provideService(HttpClient.TracerDisabledWhen, () => true)]
    ]

  for (const [name, tracing] of tracings) {
    it.effect(`stays on the second of two hedged requests after the first has failed, tracing ${name}`, () =>
      Effect.gen(function*() {
        const sent: Array<string | undefined> = []
        const { faces, tracer } = exitRecorder()
        const api = HttpClient.make((request) =>
          Effect.gen(function*() {
            const isFirst = sent.push("") === 1
            yield* Effect.sleep("1 second")
            sent[isFirst ? 0 : 1] = request.headers["x-own-key"]
            return isFirst
              ? yield* new HttpClientError.HttpClientError({
                reason: new HttpClientError.TransportError({ request })
              })
              : HttpClientResponse.fromWeb(request, new Response("ok"))
          })
        ).pipe(
          HttpClient.transformResponse((self) => Effect.race(self, Effect.delay(self, "500 millis"))),
          HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins })
        )
        const fiber = yield* tracing(api.get(mine)).pipe(
          Effect.provideService(Tracer.Tracer, tracer),
          Effect.forkChild({ startImmediately: true })
        )
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
        assert.deepStrictEqual(sent, [`${sentinel}-key`, `${sentinel}-key`])
        Recorder.assertSecretFree(faces, secrets)
      }).pipe(provide))

    it.effect(`stays on a request that its transport returns from a span, tracing ${name}`, () =>
      Effect.gen(function*() {
        const sent: Array<string | undefined> = []
        const { exits, faces, tracer } = exitRecorder()
        const transport = HttpClient.make((request) =>
          Effect.succeed(request).pipe(
            Effect.withSpan("prepare"),
            Effect.map((prepared) => {
              sent.push(prepared.headers["x-own-key"])
              return HttpClientResponse.fromWeb(HttpClientRequest.get(mine), new Response("ok"))
            })
          )
        )
        const api = HttpClientCredentials.withApiKey(transport, Weather, { header: "x-own-key", origins })
        yield* tracing(api.get(mine)).pipe(Effect.provideService(Tracer.Tracer, tracer))
        assert.deepStrictEqual(sent, [`${sentinel}-key`])
        Recorder.assertSecretFree([...faces, inspect(exits, { depth: 20, customInspect: false })], secrets)
      }).pipe(provide))
  }

  it("is not copied from a hop that was sent to one that turns tracing off", async () => {
    const { client, sent } = network()
    const [turnOff] = untraced.map(([, turnOff]) => turnOff)
    const inner = HttpClient.transform(
      client as unknown as Client,
      (self, request) =>
        request.url.startsWith(foreign) && turnOff !== undefined
          ? turnOff(client as unknown as Client).execute(request)
          : self
    )
    for (const wrap of credentials) {
      const exit = await Effect.runPromiseExit(
        wrap(HttpClient.followRedirects(inner)).get(`${mine}/away`).pipe(provide)
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }
    assert.lengthOf(sent, 2 * credentials.length)
    Recorder.assertSecretFree(sent.filter(({ origin }) => origin === foreign).map(({ text }) => text), secrets)
  })

  it.live("a redirect that is followed inside has no Authorization header, and is a defect", () =>
    Effect.gen(function*() {
      const other = yield* resource((_, response) => response.end("ok"))
      const { seen, url } = yield* resource((_, response) => response.writeHead(307, { location: other.url }).end())
      const client = HttpClient.followRedirects(yield* HttpClient.HttpClient).pipe(
        HttpClientCredentials.withApiKey(Weather, { header: "authorization", prefix: "Bearer ", origins: [url] })
      )
      const exit = yield* Effect.exit(client.get(url))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(seen.map(({ headers }) => headers.authorization), [`Bearer ${sentinel}-key`])
      assert.deepStrictEqual(other.seen.map(({ headers }) => headers.authorization), [undefined])
    }).pipe(provide, Effect.provide(FetchHttpClient.layer)))

  it.live("is sent with tracing off, and no span of an inner client is recorded", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response) => response.end("ok"))
      const recorder = yield* Recorder.make
      const api = (yield* HttpClient.HttpClient).pipe(
        HttpClient.transformResponse(Effect.withSpan("inner")),
        HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      )
      const get = Effect.provide(api.get(url), recorder.layer)
      yield* Effect.withTracerEnabled(get, false)
      assert.lengthOf(yield* recorder.spans, 0)
      // Effect 4 sends the context of a trace that is not sampled.
      assert.match(String(seen[0]?.headers["traceparent"]), /-00$/)
      yield* get
      assert.include((yield* recorder.spans).map(({ name }) => name), "inner")
      assert.deepStrictEqual(seen.map(({ headers }) => headers["x-own-key"]), [`${sentinel}-key`, `${sentinel}-key`])
    }).pipe(provide, Effect.provide(FetchHttpClient.layer)))
})
