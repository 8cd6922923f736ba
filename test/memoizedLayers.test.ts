/**
 * Effect builds a layer that is one value once, and shares it. So each layer here is one constant, provided over two
 * accounts or two users. The table has every public layer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalDevelopment from "effect-agentcore-identity/local/LocalDevelopment"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Semaphore from "effect/Semaphore"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { publicLayers } from "./support/publicLayers.js"
import * as Signals from "./support/signals.js"
import { secret, sessionUntil } from "./support/utils.js"

type Id = "A" | "B"

/** The planes of an account: each credential names it. */
const account = (id: Id) =>
  ScriptedPlanes.layer({
    getWorkloadAccessToken: () => Effect.succeed({ workloadAccessToken: secret(`workload-${id}`) }),
    getWorkloadAccessTokenForUserId: () => Effect.succeed({ workloadAccessToken: secret(`workload-${id}`) }),
    getResourceApiKey: () => Effect.succeed({ apiKey: secret(`key-${id}`) }),
    getResourceOauth2Token: () => Effect.succeed(new DataPlane.Issued({ accessToken: secret(`token-${id}`) })),
    getWebIdentityToken: () =>
      Effect.succeed({ webIdentityToken: secret(`jwt-${id}`), expiration: DateTime.makeUnsafe("2999-01-01") }),
    createWorkloadIdentity: ({ name }) =>
      Effect.succeed({ name, workloadIdentityArn: `arn-${id}`, allowedResourceOauth2ReturnUrls: [] })
  })

/** The account that users share. It issues each credential for the workload access token of the request. */
const shared = Identity.layer.pipe(Layer.provide(ScriptedPlanes.layer({
  getResourceApiKey: ({ workloadIdentityToken }) => Effect.succeed({ apiKey: workloadIdentityToken }),
  getResourceOauth2Token: ({ workloadIdentityToken }) =>
    Effect.succeed(new DataPlane.Issued({ accessToken: workloadIdentityToken }))
})))

const user = (id: Id) => Layer.merge(shared, WorkloadAccessToken.layer(secret(`user-${id}`)))

const signals = (id: Id) =>
  Layer.effect(
    PendingConsents.ConsentSignals,
    Effect.map(PendingConsents.ConsentSignals, (signals): PendingConsents.ConsentSignals["Service"] => ({
      ...signals,
      listen: (_, onSignal) => {
        queueMicrotask(() => onSignal("Completed"))
        heard.push(`signals-${id}`)
        return () => {}
      },
      register: () => Effect.sync(() => void heard.push(`signals-${id}`))
    }))
  ).pipe(Layer.provide(Signals.layerMemory))

/** The signals that a wait has listened to. */
let heard: Array<string> = []

const named = (id: Id) =>
  Layer.effect(
    Headers.CurrentRedactedNames,
    Effect.map(Headers.CurrentRedactedNames, (all) => [...all, `header-${id}`])
  )

// The same caller in both accounts: a cache that both shared would confuse them.
const caller = WorkloadAccessToken.layer(secret("caller"))
const provider = { resourceCredentialProviderName: "weather", workloadIdentityToken: secret("caller") }
const webIdentity = { audience: ["https://api.example.com"], signingAlgorithm: "ES384" } as const

const reveal = <E, R>(credential: Effect.Effect<Redacted.Redacted, E, R>) =>
  Effect.map(credential, (value) => [Redacted.value(value)])

const apiKey = Effect.flatMap(DataPlane.DataPlane, (plane) => plane.getResourceApiKey(provider)).pipe(
  Effect.map(({ apiKey }) => apiKey),
  reveal
)

const arn = Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.createWorkloadIdentity({ name: "agent" })).pipe(
  Effect.map(({ workloadIdentityArn }) => [workloadIdentityArn])
)

const jwt = Effect.flatMap(
  SecurityTokenService.SecurityTokenService,
  (service) => service.getWebIdentityToken(webIdentity)
).pipe(Effect.map(({ webIdentityToken }) => webIdentityToken), reveal)

const workloadToken = reveal(Effect.flatMap(WorkloadAccessToken.WorkloadAccessToken, ({ get }) => get))

const identity = reveal(Effect.flatMap(Identity.Identity, ({ getApiKey }) => getApiKey({ provider: "weather" }))).pipe(
  Effect.provide(caller)
)

/** The caller of a request without a workload access token. */
const fallback = Effect.gen(function*() {
  const found = yield* Ref.make<ReadonlyArray<string>>([])
  const handler = Effect.flatMap(workloadToken, (token) => Ref.set(found, token)).pipe(
    Effect.as(HttpServerResponse.empty())
  )
  yield* RequestContext.middleware(handler).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request("http://127.0.0.1/invocations"))
    )
  )
  return yield* Ref.get(found)
})

const session = sessionUntil("2999-01-01")

const oneByOne = Semaphore.makeUnsafe(1)

const listened = <E, R>(wait: Effect.Effect<unknown, E, R>) =>
  oneByOne.withPermit(Effect.suspend(() => {
    heard = []
    return Effect.map(wait, () => heard)
  }))

const polled = listened(
  Effect.flatMap(TokenPoller.TokenPoller, (poller) =>
    poller({
      session,
      poll: Effect.sync(() => heard.length === 0 ? Option.none() : Option.some(secret("token")))
    }))
)

const listening = listened(
  Effect.map(
    PendingConsents.ConsentSignals,
    ({ listen }) => listen(Signals.session(session.sessionUri), () => {})
  )
)

/** The name that was added last, below the layer. */
const redacted = Effect.map(
  Headers.CurrentRedactedNames,
  (names) => names.map(String).filter((name) => name.startsWith("header-")).slice(-1)
)

/** A constant layer, what stands below it in each account or for each user, and what a program then reads. */
interface Case {
  readonly constant: Layer.Layer<unknown, unknown, unknown>
  readonly below: (id: Id) => Layer.Layer<unknown, unknown>
  readonly read: Effect.Effect<ReadonlyArray<string>, unknown, unknown>
}

const over = <Below, E, Out, E1, E2>(
  below: (id: Id) => Layer.Layer<Below, E>,
  constant: Layer.Layer<Out, E1, Below>,
  read: Effect.Effect<ReadonlyArray<string>, E2, Below | Out>
): Case => ({
  constant: constant as Case["constant"],
  below: below as Case["below"],
  // `provideMerge` of the two provides what it needs.
  read: read as Case["read"]
})

const noStore = Layer.succeed(CredentialCache.Store, {
  get: () => Effect.succeedNone,
  set: () => Effect.void,
  remove: () => Effect.void
})

/** Each use is built for what stands below it. */
const fresh: Readonly<Record<string, Case>> = {
  "PendingConsents.layerPoller": over(signals, PendingConsents.layerPoller, polled),
  "ControlPlane.decorate": over(account, ControlPlane.decorate((_, effect) => effect), arn),
  "CredentialCache.layer": over(account, CredentialCache.layer(), apiKey),
  "CredentialCache.layerSecurityTokenService": over(
    (id) => Layer.provideMerge(CredentialCache.layer(), account(id)),
    CredentialCache.layerSecurityTokenService,
    jwt
  ),
  "CredentialCache.layerStore": over(
    (id) => Layer.merge(account(id), noStore),
    CredentialCache.layerStore(),
    apiKey
  ),
  "DataPlane.decorate": over(account, DataPlane.decorate((_, effect) => effect), apiKey),
  "Identity.layer": over(account, Identity.layer, identity),
  "ControlPlane.layerRateLimit": over(account, ControlPlane.layerRateLimit(), arn),
  "DataPlane.layerRateLimit": over(account, DataPlane.layerRateLimit(), apiKey),
  "WorkloadAccessToken.layerCallers": over(
    account,
    WorkloadAccessToken.layerCallers({ name: "my-agent" }),
    workloadToken.pipe(WorkloadAccessToken.provideCaller({ userId: "alice" }), Effect.orDie)
  ),
  "WorkloadAccessToken.layerWorkload": over(
    account,
    WorkloadAccessToken.layerWorkload({ name: "my-agent" }),
    workloadToken
  ),
  "durable/ObtainConsent.layerSignals": over(
    (id) => Layer.merge(signals(id), WorkflowEngine.layerMemory),
    ObtainConsent.layerSignals,
    listening
  ),
  "http/Connect.layerLinks": over(
    account,
    Connect.layerLinks({ path: "/connect", workload: "my-agent", origin: "https://app.example.com", credentials: {} }),
    identity
  ),
  "http/Connect.layerRedaction": over(named, Connect.layerRedaction("/connect"), redacted),
  "http/ConsentCallback.layerRedaction": over(named, ConsentCallback.layerRedaction("/consent"), redacted),
  "runtime/RequestContext.layerFallback": over(user, RequestContext.layerFallback, fallback),
  "runtime/RequestContext.layerRedaction": over(named, RequestContext.layerRedaction, redacted),
  "local/LocalDevelopment.layer": over(
    account,
    LocalDevelopment.layer({ workloadName: "my-agent", userId: "me" }),
    workloadToken
  )
}

/** These stay one, though they require services. */
const one = {
  pages: "The routes of a server. A second registration at one router would be a conflict.",
  client: "The options name the account. The client below only carries its requests.",
  store: "The content of a store is one. It belongs to users, and a claim needs the user."
}

const sharedLayers: Readonly<Record<string, string>> = {
  "aws/AwsDataPlane.layerHttp": one.client,
  "aws/AwsPlanes.layerHttp": one.client,
  "durable/ObtainConsent.layer": "It registers the workflow with an engine, and the workflow is one.",
  "http/Connect.layer": `${one.pages} Its events and the key of its forms are one too.`,
  "http/ConsentCallback.layer": one.pages,
  "http/ForwardAuth.layer": one.pages,
  "mcp/ConsentElicitation.toolkit": "It registers tools with a server. Each call has the caller of its own request.",
  "persistence/CredentialStore.layer": "Its keys are digests of the workload access token, which no accounts share.",
  "persistence/ConsentStore.layerSql": one.store,
  "persistence/ConsentStore.layerSqlConfig": one.store
}

/**
 * These require nothing: their options name the account or the user, or they hold no credential of either. The
 * `layerConfig` of an adapter reads the configuration once: a second client would search for credentials again.
 */
const closed: ReadonlyArray<string> = [
  "PendingConsents.layerMemory",
  "TokenPoller.layerBudget",
  "WorkloadAccessToken.layer",
  "aws/AwsDataPlane.layer",
  "aws/AwsDataPlane.layerHttpNode",
  "aws/AwsIdentity.layer",
  "aws/AwsIdentity.layerConfig",
  "aws/AwsPlanes.layer",
  "aws/AwsPlanes.layerConfig",
  "aws/AwsPlanes.layerHttpNode",
  "runtime/RequestContext.layer",
  "runtime/RequestContext.layerHttpApi",
  "local/AuthorizationServer.layer",
  "local/LocalIdentity.layer",
  "local/LocalIdentity.layerPlanes",
  "local/LocalIdentity.layerTest",
  "persistence/CredentialStore.layerRedis",
  "persistence/CredentialStore.layerRedisConfig",
  "persistence/ConsentStore.layerRedis",
  "persistence/ConsentStore.layerRedisConfig",
  "testing/ScriptedPlanes.layer"
]

describe("the table of layers", () => {
  it("has every public export that is a layer, or returns one", { timeout: 180_000 }, () => {
    const layers = publicLayers()
    assert.deepStrictEqual(
      [...layers.keys()].sort(),
      [...Object.keys(fresh), ...Object.keys(sharedLayers), ...closed].sort()
    )
    const required = [...layers].filter(([, requires]) => requires).map(([name]) => name)
    assert.deepStrictEqual(closed.filter((name) => required.includes(name)), [], "requires a service")
  })
})

type Program = Effect.Effect<ReadonlyArray<string>, unknown, unknown>
type Seen = Readonly<Record<Id, ReadonlyArray<string>>>

class SeenByA extends Context.Service<SeenByA, ReadonlyArray<string>>()("test/SeenByA") {}
class SeenByB extends Context.Service<SeenByB, ReadonlyArray<string>>()("test/SeenByB") {}

const ways = ({ below, constant, read }: Case): Readonly<Record<string, Effect.Effect<Seen, unknown>>> => {
  const belowOf = { A: below("A"), B: below("B") }
  const program = (id: Id) => Layer.provideMerge(constant, belowOf[id])
  const together = (id: Id) => (self: Program): Program => Effect.provide(self, program(id))
  const separately = (id: Id) => (self: Program): Program =>
    self.pipe(Effect.provide(constant), Effect.provide(belowOf[id]))
  const closedOver = <A>(self: Effect.Effect<A, unknown, unknown>) => self as Effect.Effect<A, unknown>

  const nest = (provide: (id: Id) => (self: Program) => Program) =>
    Effect.gen(function*() {
      const seen: Record<Id, ReadonlyArray<string>> = { A: [], B: [] }
      yield* Effect.gen(function*() {
        const before = yield* read
        seen.B = yield* provide("B")(read)
        seen.A = [...before, ...yield* read]
        return []
      }).pipe(provide("A"))
      return seen
    })

  const fork = Effect.gen(function*() {
    const both = yield* Deferred.make<void>()
    const seen: Record<Id, ReadonlyArray<string>> = { A: [], B: [] }
    /** Both are open at the same time. */
    const child = (id: Id, isLast: boolean) =>
      Effect.gen(function*() {
        seen[id] = yield* read
        yield* isLast ? Deferred.succeed(both, undefined) : Deferred.await(both)
        seen[id] = [...seen[id], ...yield* read]
        return []
      }).pipe(together(id))
    yield* Effect.all([child("A", false), child("B", true)], { concurrency: 2 }).pipe(Effect.provide(program("A")))
    return seen
  })

  const merged = Layer.merge(
    Layer.effect(SeenByA, read).pipe(Layer.provide(program("A"))),
    Layer.effect(SeenByB, read).pipe(Layer.provide(program("B")))
  )

  const runtimes = Effect.promise(async () => {
    const memoMap = Layer.makeMemoMapUnsafe()
    const runtimeOf = (id: Id) => ManagedRuntime.make(program(id) as Layer.Layer<unknown, unknown>, { memoMap })
    const [a, b] = [runtimeOf("A"), runtimeOf("B")]
    try {
      return { A: await a.runPromise(read), B: [...await b.runPromise(read), ...await b.runPromise(read)] }
    } finally {
      await Promise.all([a.dispose(), b.dispose()])
    }
  })

  return {
    nested: closedOver(nest(together)),
    "nested, each provided by itself": closedOver(nest(separately)),
    forked: closedOver(fork),
    merged: closedOver(
      Effect.gen(function*() {
        return { A: yield* SeenByA, B: yield* SeenByB }
      }).pipe(Effect.provide(merged))
    ),
    "in two runtimes with one MemoMap": runtimes
  }
}

describe("a constant layer over two accounts or users has no credential of the other one", () => {
  for (const [name, constantCase] of Object.entries(fresh)) {
    describe(name, () => {
      for (const [way, seen] of Object.entries(ways(constantCase))) {
        it.live(way, () =>
          Effect.map(seen, (seen) => {
            for (const id of ["A", "B"] as const) {
              assert.isNotEmpty(seen[id])
              assert.isTrue(seen[id].every((value) => value.endsWith(`-${id}`)), `${id} has ${seen[id].join(", ")}`)
            }
          }))
      }
    })
  }
})

describe("a constant of a layer and its plane", () => {
  /** A plane that counts its calls, and a layer over it. */
  const counted = <A, E>(layer: Layer.Layer<A, E, DataPlane.DataPlane>) => {
    let calls = 0
    const count = <A>(response: A) => Effect.sync(() => (calls++, response))
    const plane = ScriptedPlanes.layer({
      getWorkloadAccessToken: () => count({ workloadAccessToken: secret("workload") }),
      getResourceApiKey: () => count({ apiKey: secret("key") })
    })
    return { composed: Layer.provide(layer, plane), calls: () => calls }
  }

  const twice = <A, E, E1>(composed: Layer.Layer<A, E>, read: Effect.Effect<ReadonlyArray<string>, E1, A>) =>
    Effect.andThen(read, Effect.provide(read, composed)).pipe(
      Effect.andThen(Effect.provide(
        Effect.void,
        Layer.merge(
          Layer.effect(SeenByA, read).pipe(Layer.provide(composed)),
          Layer.effect(SeenByB, read).pipe(Layer.provide(composed))
        )
      )),
      Effect.provide(composed)
    )

  it.live("is one cache for the parts of a program", () => {
    const { calls, composed } = counted(CredentialCache.layer())
    return Effect.map(twice(composed, apiKey), () => assert.strictEqual(calls(), 1))
  })

  it.live("is one workload access token for the parts of a program", () => {
    const { calls, composed } = counted(WorkloadAccessToken.layerWorkload({ name: "my-agent" }))
    return Effect.map(twice(composed, workloadToken), () => assert.strictEqual(calls(), 1))
  })

  it.effect("is one budget for the parts of a program, and two uses of `DataPlane.layerRateLimit` alone are two", () => {
    const limit = DataPlane.layerRateLimit({ getResourceApiKey: 1 })
    const { calls, composed } = counted(limit)
    return Effect.gen(function*() {
      yield* Effect.forkChild(Effect.provide(apiKey, composed), { startImmediately: true })
      yield* Effect.forkChild(Effect.provide(apiKey, composed), { startImmediately: true })
      yield* Effect.forkChild(Effect.provide(apiKey, Layer.provide(limit, composed)), { startImmediately: true })
      yield* Effect.yieldNow
      assert.strictEqual(calls(), 1)
    }).pipe(Effect.provide(composed))
  })
})

describe("memory stores", () => {
  const stores = Effect.all([PendingConsents.PendingConsents, PendingConsents.ConsentSignals])

  it.live("stay one, with one store of signals, unless they are local", () =>
    Effect.gen(function*() {
      const [outer, signals] = yield* stores
      const both = Layer.merge(PendingConsents.layerMemory, Signals.layerMemory)
      const [inner, sameSignals] = yield* Effect.provide(stores, both)
      assert.strictEqual(inner, outer)
      assert.strictEqual(sameSignals, signals)
      const [local] = yield* Effect.provide(stores, both, { local: true })
      assert.notStrictEqual(local, outer)
    }).pipe(Effect.provide(PendingConsents.layerMemory)))
})
