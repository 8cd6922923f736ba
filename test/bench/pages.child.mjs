// Many users who have pressed the button of their link, and have not responded at the vendor: the pages watch each of
// their sessions. The heap of a session, and the polls a second of all.
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { urlOfModule } from "./fixture.mjs"

const sessions = Number(process.argv[2])
const server = process.env.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE
const origin = "https://agent.example.com"

const AccessToken = await import(urlOfModule("AccessToken"))
const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
const Connect = await import(urlOfModule("http/Connect"))
const Identity = await import(urlOfModule("Identity"))
const PendingConsents = await import(urlOfModule("PendingConsents"))

class Calendar extends AccessToken.Tag()("bench/Calendar", {
  provider: "google",
  flow: "USER_FEDERATION",
  scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
  returnUrl: `${origin}/connect/return`
}) {}

const runtime = ManagedRuntime.make(
  PendingConsents.layerMemory.pipe(Layer.provideMerge(Identity.layer), Layer.provideMerge(AwsDataPlane.layer()))
)

const { app } = await runtime.runPromise(
  Connect.httpApp({
    path: "/connect",
    credentials: { calendar: Calendar },
    workload: "my-agent",
    currentUser: Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => ({ userId: headers.user }))
  }).pipe(Effect.provideService(Scope.Scope, runtime.scope))
)

const send = async (user, init = {}) => {
  const headers = { accept: "application/json", "content-type": "application/json", origin, user }
  const request = HttpServerRequest.fromWeb(new Request(`${origin}/connect/calendar`, { headers, ...init }))
  const response = await runtime.runPromise(
    Effect.scoped(Effect.provideService(app, HttpServerRequest.HttpServerRequest, request))
  )
  return HttpServerResponse.toWeb(response).json()
}

const open = async (user) => {
  const { token } = await send(user)
  const started = await send(user, { method: "POST", body: JSON.stringify({ action: "connect", token }) })
  assert.equal(typeof started.authorizationUrl, "string", JSON.stringify(started))
}

const polls = async () => (await (await fetch(`${server}/polls`, { method: "POST", body: "{}" })).json()).polls

const heap = () => {
  for (let round = 0; round < 4; round++) gc()
  return process.memoryUsage().heapUsed
}

for (let user = 0; user < 20; user++) await open(`warm-up-${user}`)
const before = heap()
for (let user = 0; user < sessions; user += 10) {
  await Promise.all(Array.from({ length: 10 }, (_, index) => open(`user-${user + index}`)))
}
const heapEach = (heap() - before) / sessions

// Each session has been polled once before the window begins.
await sleep(5000)
const pollsBefore = await polls()
const begin = performance.now()
await sleep(sessions >= 1000 ? 20_000 : 5000)
const sent = await polls() - pollsBefore

process.send({ sessions, heap: heapEach / 1024, polls: sent / ((performance.now() - begin) / 1000) })
process.on("disconnect", () => process.exit())
