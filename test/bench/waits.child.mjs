// Many users who have not consented yet, in one process, through `withAccessToken` over the AWS SDK and within the
// quotas: the heap of a wait, the polls a second, the delay of the event loop, how long a token of another credential
// takes meanwhile, and how long after the callback a wait has its token. They wait for the session that they were
// shown, or with a link of `Connect` for any session.
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { request, urlOfModule, workloadAccessToken } from "./fixture.mjs"
import { summary } from "./statistics.mjs"

const waits = Number(process.argv[2])
const isLink = process.argv[3] === "link"
const server = process.env.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE

const AccessToken = await import(urlOfModule("AccessToken"))
const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
const Connect = await import(urlOfModule("http/Connect"))
const Identity = await import(urlOfModule("Identity"))
const PendingConsents = await import(urlOfModule("PendingConsents"))
const Signals = await import(urlOfModule("internal/pendingConsents/signals"))
const DataPlane = await import(urlOfModule("DataPlane"))
const WorkloadAccessToken = await import(urlOfModule("WorkloadAccessToken"))

class Calendar extends AccessToken.Tag()("bench/Calendar", {
  provider: "google",
  flow: "USER_FEDERATION",
  scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
  returnUrl: "https://agent.example.com/consent"
}) {}

const workload = "my-agent"

const runtime = ManagedRuntime.make(
  Layer.merge(
    isLink
      ? Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload })
      : Identity.layer,
    Layer.provideMerge(PendingConsents.layerPoller, PendingConsents.layerMemory)
  ).pipe(Layer.provide(DataPlane.layerRateLimit()), Layer.provide(AwsDataPlane.layer()))
)

const asUser = (user) =>
  Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, {
    get: Effect.succeed(Redacted.make(`${workloadAccessToken}${user}`)),
    invalidate: () => Effect.void,
    user: { userId: `${user}` }
  })

let shown = 0
const sessions = []

const showUrl = (user) => ({ sessionUri }) =>
  Effect.sync(() => {
    shown++
    sessions[user] = Redacted.value(sessionUri)
  })

const handlerOf = (user) => {
  if (!isLink) return showUrl(user)
  const handler = Connect.handler({ user: { userId: `${user}` }, show: () => Effect.void })
  return { ...handler, show: (session) => Effect.andThen(handler.show(session), showUrl(user)(session)) }
}

const topicOf = (user) =>
  isLink
    ? Signals.grant({ workload, user: { userId: `${user}` }, credential: "calendar" })
    : Effect.succeed(Signals.session(Redacted.make(sessions[user])))

const wait = (user) => Calendar.pipe(AccessToken.withAccessToken(Calendar, { consent: handlerOf(user) }), asUser(user))

const post = async (path, body) => {
  const response = await fetch(`${server}${path}`, { method: "POST", body: JSON.stringify(body) })
  return response.json()
}

/** The times of tokens for another credential, in milliseconds, one after the other with a pause. */
const tokens = async (count) => {
  const token = Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(request)).pipe(
    asUser("another")
  )
  const times = []
  for (let call = 0; call < count; call++) {
    const begin = performance.now()
    await runtime.runPromise(token)
    times.push(performance.now() - begin)
    await sleep(20)
  }
  return times
}

const heap = () => {
  for (let round = 0; round < 4; round++) gc()
  return process.memoryUsage().heapUsed
}

// -----------------------------------------------------------------------------

// Many waits are measured over seconds, so that each second has its polls. A few are measured for a moment.
const isCrowd = waits >= 1000
const samples = isCrowd ? 300 : 5

const warmUp = Array.from({ length: 20 }, (_, index) => runtime.runFork(wait(`warm-up-${index}`)))
await tokens(isCrowd ? 100 : 2)
while (shown < warmUp.length) await sleep(10)
await runtime.runPromise(Fiber.interruptAll(warmUp))
shown = 0

/**
 * The 99th percentile of the delay of the event loop, in milliseconds. The histogram has the interval between two
 * measurements in it.
 */
const makeDelay = () => {
  const histogram = monitorEventLoopDelay({ resolution: 10 })
  histogram.enable()
  return () => {
    histogram.disable()
    return Math.max(0, histogram.percentile(99) / 1e6 - 10)
  }
}

const delayAlone = makeDelay()
const alone = await tokens(samples)
const loopDelayAlone = delayAlone()
const before = heap()
const delay = makeDelay()

const begin = performance.now()
const fibers = []
for (let user = 0; user < waits; user++) {
  fibers.push(runtime.runFork(wait(user)))
  if (user % 50 === 49) await sleep(1)
}
while (shown < waits) await sleep(10)
const invited = performance.now() - begin

const pollsBefore = (await post("/polls", {})).polls
const windowBegin = performance.now()
const meanwhile = await tokens(samples)
const polls = ((await post("/polls", {})).polls - pollsBefore) / ((performance.now() - windowBegin) / 1000)
const loopDelay = delay()

const heapEach = (heap() - before) / waits

const callbacks = []
for (let user = 0; user < Math.min(waits, isCrowd ? 100 : 5); user++) {
  await post("/complete", { sessionUri: sessions[user] })
  const done = runtime.runPromise(Fiber.join(fibers[user])).then(() => performance.now())
  const callback = performance.now()
  await runtime.runPromise(
    Effect.zipWith(
      PendingConsents.ConsentSignals,
      topicOf(user),
      (signals, topic) => signals.signal(topic, "Completed")
    )
      .pipe(Effect.flatten)
  )
  callbacks.push(await done - callback)
}

process.send({
  waits,
  heap: heapEach / 1024,
  invited: invited / 1000,
  polls,
  loopDelay,
  loopDelayAlone,
  alone: summary(alone),
  meanwhile: summary(meanwhile),
  callback: summary(callbacks)
})
process.on("disconnect", () => process.exit())
