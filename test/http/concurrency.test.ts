import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Identity from "effect-agentcore-identity/Identity"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:http"
import { backend, obtain, returnUrl, setup, tokenFor } from "../support/localBackend.js"
import { rounds } from "../support/rounds.js"

// 200 requests of 50 users at the same time.
const userIds = Array.from({ length: 50 }, (_, index) => `user-${index}`)
const requests = Array.from({ length: 4 }, () => userIds).flat()
const calls = rounds({ few: 10, full: 50 })
const total = (requests.length * calls).toLocaleString("en")

/** It takes about ten seconds of CPU. */
const timeout = 120_000

/** An API on a free port. It responds with the owner of the token of a call, and counts calls. */
class Api extends Context.Service<Api, {
  readonly url: string
  readonly register: (token: Redacted.Redacted, owner: string) => void
  readonly calls: ReadonlyMap<string, number>
}>()("Api") {}

const apiLayer = Layer.effect(
  Api,
  Effect.gen(function*() {
    const owners = new Map<string, string>()
    const calls = new Map<string, number>()
    const server = createServer((request, response) => {
      const owner = owners.get(request.headers.authorization ?? "") ?? "nobody"
      calls.set(owner, (calls.get(owner) ?? 0) + 1)
      response.end(owner)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const address = server.address()
    return {
      url: `http://127.0.0.1:${typeof address === "object" ? address?.port : address}/`,
      register: (token, owner) => {
        owners.set(`Bearer ${Redacted.value(token)}`, owner)
      },
      calls
    }
  })
)

/** One call to the API with the token of the caller. Returns the owner of the token. */
const callOut = Effect.gen(function*() {
  const token = yield* AccessToken.AccessToken
  const { url } = yield* Api
  const client = yield* HttpClient.HttpClient
  const response = yield* client.execute(HttpClientRequest.bearerToken(HttpClientRequest.get(url), token))
  return yield* response.text
}).pipe(
  AccessToken.withAccessToken({
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes: ["read"],
    returnUrl
  })
)

type CallOut = Exclude<Effect.Services<typeof callOut>, WorkloadAccessToken.WorkloadAccessToken>

const callsOut = Effect.replicateEffect(callOut, calls, { concurrency: 2 })

/** Opens when all requests have arrived: none continues before the last one. */
class AllHere extends Context.Service<AllHere, { readonly arrive: Effect.Effect<void> }>()("AllHere") {}

const allHere = (count: number) =>
  Layer.effect(
    AllHere,
    Effect.map(Latch.make(), (latch) => {
      let missing = count
      return {
        arrive: Effect.suspend(() => {
          missing -= 1
          return missing === 0 ? Effect.andThen(latch.open, latch.await) : latch.await
        })
      }
    })
  )

const arrive = Effect.flatMap(AllHere, (all) => all.arrive)

/** Collects the owners of the tokens of work that outlives its request. */
class Reports extends Context.Service<Reports, {
  /** Completes when all calls of a request are reported, or one fails. */
  readonly bySession: ReadonlyMap<string, Deferred.Deferred<ReadonlyArray<string>, unknown>>
  /** Opens when every request has its response. */
  readonly responded: Latch.Latch
}>()("Reports") {}

const reportsLayer = Layer.effect(
  Reports,
  Effect.gen(function*() {
    const bySession = new Map<string, Deferred.Deferred<ReadonlyArray<string>, unknown>>()
    for (const index of requests.keys()) {
      bySession.set(`session-${index}`, yield* Deferred.make<ReadonlyArray<string>, unknown>())
    }
    return { bySession, responded: yield* Latch.make() }
  })
)

const reportOfRequest = Effect.gen(function*() {
  const { sessionId = "" } = yield* RequestContext.RequestContext
  const { responded, bySession } = yield* Reports
  const deferred = yield* Effect.fromNullishOr(bySession.get(sessionId))
  const owners: Array<string> = []
  const report = <E, R>(call: Effect.Effect<string, E, R>): Effect.Effect<void, never, R> =>
    Effect.matchEffect(call, {
      onFailure: (error) => Deferred.fail(deferred, error),
      onSuccess: (owner) => {
        owners.push(owner)
        return owners.length === calls ? Deferred.succeed(deferred, owners) : Effect.void
      }
    })
  return { responded, report }
})

/** Everything below the agent: AgentCore Identity, the API, and the shared state of requests and test. */
const world = Layer.mergeAll(
  Identity.layer.pipe(Layer.provideMerge(backend())),
  apiLayer,
  reportsLayer,
  NodeHttpClient.layerUndici
)

const agent = <E, R>(route: Layer.Layer<never, E, R>, count = requests.length) =>
  HttpRouter.serve(route, { disableListenLog: true, disableLogger: true }).pipe(
    Layer.provide(RequestContext.layerRedaction),
    Layer.provide(allHere(count)),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provideMerge(world)
  )

/** The workload access tokens of the users. All users have consented. */
const callers = Effect.gen(function*() {
  const api = yield* Api
  yield* setup
  return new Map(
    yield* Effect.forEach(userIds, (userId) =>
      Effect.gen(function*() {
        const caller = yield* tokenFor(userId)
        api.register(Redacted.make(yield* obtain(caller)), userId)
        return [userId, caller] as const
      }))
  )
})

/** Sends all requests at once, and returns their responses. */
const invoke = (users: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const tokens = yield* callers
    return yield* HttpServer.addressFormattedWith((url) =>
      Effect.forEach(users, (userId, index) =>
        Effect.gen(function*() {
          const response = yield* client.post(`${url}/invocations`, {
            headers: {
              "x-amz-bedrock-agentcore-identity-wat": Redacted.value(tokens.get(userId) ?? Redacted.make("")),
              "x-amzn-bedrock-agentcore-runtime-session-id": `session-${index}`
            }
          })
          return { status: response.status, text: yield* response.text }
        }), { concurrency: "unbounded" })
    )
  })

const own = requests.map((userId) => Array.from({ length: calls }, () => userId))

/** Every call was counted at the API, for its own user. */
const assertCounted = Effect.gen(function*() {
  const api = yield* Api
  assert.deepStrictEqual(
    Object.fromEntries(api.calls),
    Object.fromEntries(userIds.map((userId) => [userId, (requests.length / userIds.length) * calls]))
  )
})

describe("200 requests of 50 users at the same time", () => {
  const direct = HttpRouter.add(
    "POST",
    "/invocations",
    Effect.andThen(arrive, callsOut).pipe(Effect.map((owners) => HttpServerResponse.jsonUnsafe(owners)), Effect.orDie)
  ).pipe(Layer.provide(RequestContext.layer))

  it.live(`make ${total} calls, each with its own user's token`, () =>
    Effect.gen(function*() {
      const responses = yield* invoke(requests)
      assert.deepStrictEqual(responses.map(({ text }) => JSON.parse(text)), own)
      yield* assertCounted
    }).pipe(Effect.provide(agent(direct))), timeout)

  /** A new fiber makes half of the calls; workers that existed before any request make the others one by one. */
  const later = Layer.unwrap(Effect.gen(function*() {
    const queue = yield* Queue.unbounded<Effect.Effect<void, never, CallOut>>()
    yield* Effect.replicateEffect(Effect.forkScoped(Effect.forever(Effect.flatten(Queue.take(queue)))), 16)

    const handler = Effect.gen(function*() {
      yield* arrive
      const asCaller = yield* WorkloadAccessToken.capture
      const { responded, report } = yield* reportOfRequest
      const job = responded.await.pipe(Effect.andThen(asCaller(callOut)), report)
      yield* Effect.forkDetach(Effect.replicateEffect(job, calls / 2, { concurrency: 2, discard: true }))
      // Interleaved with the other requests: a worker changes its caller with every call.
      yield* Effect.replicateEffect(Effect.tap(Queue.offer(queue, job), () => Effect.yieldNow), calls / 2)
      return HttpServerResponse.empty({ status: 202 })
    })
    return HttpRouter.add("POST", "/invocations", Effect.orDie(handler)).pipe(Layer.provide(RequestContext.layer))
  }))

  it.live(
    `leave ${total} calls to fibers and queues, which run after the responses, for their own users`,
    () =>
      Effect.gen(function*() {
        const reports = yield* Reports
        const responses = yield* invoke(requests)
        assert.isTrue(responses.every(({ status }) => status === 202))
        yield* reports.responded.open
        assert.deepStrictEqual(yield* Effect.forEach(reports.bySession.values(), Deferred.await), own)
        yield* assertCounted
      }).pipe(Effect.provide(agent(later))),
    timeout
  )
})

describe("the count", () => {
  /** The control: a wrong middleware that uses the caller of the first request for all requests. */
  const captured = Layer.unwrap(Effect.gen(function*() {
    const first = yield* Effect.cached(WorkloadAccessToken.WorkloadAccessToken)
    return HttpRouter.add(
      "POST",
      "/invocations",
      Effect.andThen(arrive, Effect.provideServiceEffect(callsOut, WorkloadAccessToken.WorkloadAccessToken, first))
        .pipe(
          Effect.map((owners) => HttpServerResponse.jsonUnsafe(owners)),
          Effect.orDie
        )
    ).pipe(Layer.provide(RequestContext.layer))
  }))

  it.live("detects a caller that is kept between requests", () =>
    Effect.gen(function*() {
      const users = ["user-0", "user-1", "user-2"]
      const owners = (yield* invoke(users)).flatMap(({ text }): ReadonlyArray<string> => JSON.parse(text))
      assert.lengthOf(new Set(owners), 1)
      assert.include(users, owners[0])
    }).pipe(Effect.provide(agent(captured, 3))))
})
