// The users of the fleet, with their browsers. Most of those who are asked allow. Some deny, some take their time, and
// some open a session and give its URL to another user. Beside them, users make ordinary calls.
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { report } from "../../support/report.mjs"

export interface Crowd {
  /** The URLs of the agents and of the runners. */
  readonly agents: ReadonlyArray<string>
  readonly runners: ReadonlyArray<string>
  readonly origins: { readonly chat: string; readonly mail: string }
  readonly users: number
  /** How many users are asked, evenly over the time. */
  readonly consents: number
  readonly seconds: number
  /** Ordinary calls per second. */
  readonly calls: number
}

const crowd: Crowd = JSON.parse(process.env["FLEET"] ?? "")
const { agents, calls, consents, origins, runners, seconds, users } = crowd

/** A share of the users, the same in each run. */
const isOneOf = (index: number, every: number, remainder: number) => index % every === remainder

const kindOf = (index: number) => runners.length > 0 && isOneOf(index, 7, 3) ? "mail" : "chat"

const storyOf = (index: number) =>
  isOneOf(index, 12, 5) ? "denies" : isOneOf(index, 14, 6) ? "forwards" : isOneOf(index, 10, 7) ? "is late" : "allows"

const oneOf = <A>(all: ReadonlyArray<A>, index: number): A => all[index % all.length]!

/** A process that was killed is back after a second or two, as a load balancer would hide. */
const patiently = <A, E>(self: Effect.Effect<A, E>) =>
  Effect.retry(self, { times: 60, schedule: Schedule.spaced("1 second") })

const send = (url: string, init: RequestInit = { method: "POST" }) =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(url, { ...init, signal })
    if (response.status >= 500) throw new Error(`${response.status}`)
    return { body: await response.json() as Record<string, string>, cookies: response.headers.getSetCookie() }
  })

const think = (index: number) => Effect.sleep(1000 + (index * 7919) % 4000)

/** Opens a page of the application until it responds. */
const visit = (act: Effect.Effect<TestUser.Page, TestUser.TestUserError>, isDone: (text: string) => boolean) => {
  let visits = 0
  return patiently(
    Effect.flatMap(
      Effect.suspend(() => (visits++, act)),
      ({ text }) => isDone(text) ? Effect.succeed(visits) : Effect.fail(text)
    )
  )
}

const hasConsented = (text: string) => /Consent given|Connected/.test(text)

/** Opens a session as its user, and returns the URL of AgentCore, which is for this browser. */
const openSession = (link: string, user: string) =>
  Effect.gen(function*() {
    const headers = {
      accept: "application/json",
      cookie: `user=${user}`,
      "content-type": "application/json",
      origin: new URL(link).origin
    }
    const { body: { token } } = yield* send(link, { headers })
    const body = JSON.stringify({ action: "connect", token })
    return String((yield* send(link, { method: "POST", headers, body })).body["authorizationUrl"])
  })

const respond = (index: number, user: string, link: string) =>
  Effect.gen(function*() {
    yield* think(index)
    const browser = yield* TestUser.make(user)
    const signIn = (who: TestUser.TestUser) => patiently(who.opens(`${new URL(link).origin}/sign-in/${who.name}`))
    const tell = (event: string, more?: object) => Effect.sync(() => report({ event, user, ...more, at: Date.now() }))
    switch (storyOf(index)) {
      case "forwards": {
        const authorizationUrl = yield* patiently(openSession(link, user))
        const victim = yield* TestUser.make(`${user}-victim`)
        yield* signIn(victim)
        const page = yield* patiently(victim.approves(authorizationUrl))
        return yield* tell("forwarded", { text: page.text })
      }
      case "denies":
        yield* signIn(browser)
        yield* visit(browser.denies(link), (text) => /did not allow|You denied/.test(text))
        return yield* tell("denied")
      case "is late":
        yield* signIn(browser)
        return yield* Effect.flatMap(
          visit(browser.returnsAfter(Effect.sleep(Math.min(120, seconds / 5) * 1000))(link), hasConsented),
          (visits) => tell("consented", { visits })
        )
      case "allows":
        yield* signIn(browser)
        return yield* Effect.flatMap(
          visit(browser.approves(link), hasConsented),
          (visits) => tell("consented", { visits })
        )
    }
  })

const ask = (index: number) =>
  Effect.gen(function*() {
    const kind = kindOf(index)
    const user = `${kind}-${index}`
    const { body } = yield* patiently(
      send(`${kind === "mail" ? oneOf(runners, index) : oneOf(agents, index)}/wait/${user}`)
    )
    report({ event: "asked", user, kind, story: storyOf(index), id: body["id"], at: Date.now() })
    yield* respond(index, user, `${origins[kind]}/connect/calendar`)
  }).pipe(
    Effect.catch((error) => Effect.sync(() => report({ event: "gave up", user: `${index}`, text: String(error) })))
  )

const outcomes: Record<string, number> = {}

const call = (index: number) =>
  Effect.gen(function*() {
    const user = `chat-${index}`
    const { body } = yield* send(`${oneOf(agents, index)}/call/${user}`)
    const outcome = body["subject"] === undefined ? body["error"] ?? "?" : "token"
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (outcome === "token" && body["subject"] !== user) report({ event: "foreign", user, text: body["subject"] })
  }).pipe(
    // The agent is dead at this moment.
    Effect.catch(() => Effect.sync(() => void (outcomes["no agent"] = (outcomes["no agent"] ?? 0) + 1)))
  )

/** Runs `count` effects, each a while after the one before. */
const spread = (count: number, run: (index: number) => Effect.Effect<unknown>) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) => Effect.delay(run(index), (index * seconds * 1000) / count),
    { concurrency: "unbounded", discard: true }
  )

await Effect.runPromise(Effect.all([
  spread(consents, ask),
  spread(calls * seconds, (index) => call((index * 7919) % users))
], { concurrency: "unbounded" }))
report({ event: "done", outcomes })
