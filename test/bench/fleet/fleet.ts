// The fleet: real processes and real servers on this machine, users, and faults. Prints the figures as JSON on
// descriptor 3, and what it found wrong.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Child from "../../support/child.js"
import { report } from "../../support/report.mjs"
import * as NodeServer from "../../support/server.js"
import * as Tools from "../../support/tools.js"
import type { Crowd } from "./crowd.child.js"
import * as Network from "./network.js"
import * as Servers from "./servers.js"
import type { Kind, Settings } from "./settings.js"

export interface Options {
  readonly agents: number
  readonly pages: number
  readonly runners: number
  readonly seconds: number
  readonly users: number
  readonly consents: number
  /** Ordinary calls per second. */
  readonly calls: number
  readonly faults: boolean
  /** The built programs of the processes, by name. */
  readonly programs: { readonly [Name in Role | "agentcore" | "crowd"]: string }
}

const options: Options = JSON.parse(process.argv[2] ?? "")

// -----------------------------------------------------------------------------
// Processes
// -----------------------------------------------------------------------------

type Role = "agent" | "pages" | "runner"

interface Member {
  readonly name: string
  readonly role: Role
  readonly settings: Settings
  readonly redis: Network.Line
  readonly postgres: Network.Line
  child: Child.Child | undefined
  /** Whether the fleet killed the process. */
  isKilled: boolean
  heap: number
  /** CPU time of this process, and of those before it. Milliseconds. */
  cpu: number
  cpuBefore: number
}

type Report = Readonly<Record<string, unknown>>

interface World {
  readonly key: string
  readonly origins: Crowd["origins"]
  readonly environment: Readonly<Record<string, string>>
  readonly redis: () => number
  readonly postgres: string
  readonly onReport: (member: Member, report: Report) => void
  readonly unexpected: Array<string>
  /** The output of each process that ended before it was ready, because it needs a server that failed. */
  readonly failedStarts: Array<string>
}

const makeMember = (world: World, role: Role, kind: Kind, index: number, ahead: number) =>
  Effect.gen(function*() {
    const redis = yield* Network.make(() => ({ host: "127.0.0.1", port: world.redis() }))
    const postgres = yield* Network.make(() => ({ path: world.postgres }))
    const settings: Settings = {
      origin: world.origins[kind],
      kind,
      port: yield* NodeServer.freePort,
      key: world.key,
      redis: redis.port,
      postgres: postgres.port,
      ahead
    }
    const member: Member = {
      name: `${role} ${index}`,
      role,
      settings,
      redis,
      postgres,
      child: undefined,
      isKilled: false,
      heap: 0,
      cpu: 0,
      cpuBefore: 0
    }
    return member
  })

/** Runs the process of a member, and starts it again a second after its end. */
const supervise = (world: World, member: Member, program: string, onReady: () => void) =>
  Effect.forever(Effect.scoped(Effect.gen(function*() {
    const child = yield* Child.start([program], { ...world.environment, FLEET: JSON.stringify(member.settings) })
    let isReady = false
    member.child = child
    member.isKilled = false
    member.cpuBefore += member.cpu
    member.cpu = 0
    yield* Stream.runForEach(child.reports, (report) =>
      Effect.sync(() => {
        if (report["event"] === "ready") {
          isReady = true
          onReady()
        } else if ("heap" in report) {
          member.heap = Math.max(member.heap, Number(report["heap"]))
          member.cpu = Number(report["cpu"])
        } else world.onReport(member, report)
      }))
    const code = yield* child.ended
    const ended = `${member.name} ended with ${code}: ${child.output().slice(-2000)}`
    if (!member.isKilled) (isReady ? world.unexpected : world.failedStarts).push(ended)
    yield* Effect.sleep("1 second")
  })))

const kill = (member: Member) => {
  if (member.child === undefined || member.isKilled) return
  member.isKilled = true
  Effect.runFork(member.child.kill)
}

// -----------------------------------------------------------------------------
// What happened
// -----------------------------------------------------------------------------

interface Wait {
  readonly kind: Kind
  readonly story: string
  readonly id: string | undefined
  consentedAt?: number
  /** How often the browser opened the link until it was connected. */
  visits?: number
  deniedAt?: number
  endedAt?: number
  subject?: string
  error?: string
  /** The last known state of a workflow. */
  state?: string
  /** Its process was killed while it waited. */
  isLost?: boolean
  agent?: Member | undefined
}

const percentile = (values: ReadonlyArray<number>, part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]

const makeRecord = () => {
  const waits = new Map<string, Wait>()
  const invitations = new Map<string, Array<string>>()
  const wrong: Array<string> = []
  const gaveUp: Array<string> = []
  const early = new Map<string, Array<readonly [Report, Member | undefined]>>()
  const apply = (wait: Wait, report: Report, member: Member | undefined) => {
    const { at, error, event, subject, text, user, visits } = report
    if (event === "shown") wait.agent = member
    if (event === "consented") {
      wait.consentedAt = Number(at)
      wait.visits = Number(visits)
    }
    if (event === "denied") wait.deniedAt = Number(at)
    if (event === "ended" && wait.endedAt === undefined) {
      wait.endedAt = Number(at)
      if (subject !== undefined) wait.subject = String(subject)
      if (error !== undefined) wait.error = String(error)
    }
    if (event === "ended" && subject !== undefined && subject !== user) {
      wrong.push(`${user} has the token of ${subject}`)
    }
    if (event === "forwarded" && /Consent given/.test(String(text))) wrong.push(`the session of ${user}: ${text}`)
  }
  return {
    waits,
    invitations,
    wrong,
    gaveUp,
    onReport: (report: Report, member?: Member) => {
      const user = String(report["user"])
      switch (report["event"]) {
        case "asked": {
          const wait: Wait = {
            kind: report["kind"] as Kind,
            story: String(report["story"]),
            id: report["id"] as string | undefined
          }
          waits.set(user, wait)
          for (const [report, member] of early.get(user) ?? []) apply(wait, report, member)
          return
        }
        case "invited": {
          const message = `${user} ${report["reminder"]}`
          invitations.set(message, [...invitations.get(message) ?? [], String(report["key"])])
          return
        }
        case "foreign":
          return void wrong.push(`${user} has the token of ${report["text"]}`)
        case "gave up":
          return void gaveUp.push(`${user}: ${report["text"]}`)
        default: {
          const wait = waits.get(user)
          if (wait !== undefined) return apply(wait, report, member)
          return void early.set(user, [...early.get(user) ?? [], [report, member]])
        }
      }
    }
  }
}

// -----------------------------------------------------------------------------
// Faults
// -----------------------------------------------------------------------------

interface Fault {
  readonly name: string
  /** The waits that use the server. */
  readonly kind: Kind
  readonly run: Effect.Effect<unknown>
}

const hold = <A>(begin: Effect.Effect<Effect.Effect<A>>, seconds: number) =>
  Effect.flatMap(begin, (end) => Effect.andThen(Effect.sleep(seconds * 1000), Effect.asVoid(end)))

const pair = (begin: Effect.Effect<unknown>, end: Effect.Effect<unknown>, seconds: number) =>
  hold(Effect.as(begin, end), seconds)

const makeFaults = (
  members: ReadonlyArray<Member>,
  redis: Effect.Success<typeof Servers.makeRedis>,
  postgres: Servers.Postgres,
  length: number
): ReadonlyArray<Fault> => {
  const [agent] = members.filter(({ role }) => role === "agent")
  const [runner] = members.filter(({ role }) => role === "runner")
  const cut = (line: Network.Line) => pair(Effect.sync(line.cut), Effect.sync(line.mend), length)
  const evict = Effect.gen(function*() {
    const info = String(yield* redis.command("INFO", "memory"))
    const used = Number(/used_memory:(\d+)/.exec(info)?.[1])
    yield* redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    yield* redis.command("CONFIG", "SET", "maxmemory", String(Math.floor(used * 0.8)))
    return redis.command("CONFIG", "SET", "maxmemory", "0")
  })
  const ofChats: ReadonlyArray<readonly [name: string, run: Effect.Effect<unknown>]> = [
    ["Redis: FLUSHALL", redis.command("FLUSHALL")],
    ["Redis: eviction", hold(evict, length)],
    ["Redis: frozen primary", pair(redis.stall, redis.proceed, length)],
    [
      "Redis: promotion of the replica",
      Effect.andThen(redis.promote, Effect.sync(() => members.forEach((member) => member.redis.reset())))
    ],
    ...(agent === undefined ? [] : [["no network between an agent and Redis", cut(agent.redis)] as const])
  ]
  const ofMails: typeof ofChats = runner === undefined ? [] : [
    ["PostgreSQL: restart", postgres.restart],
    ["PostgreSQL: frozen connection", hold(postgres.freezeOne, length)],
    ["PostgreSQL: full disk", hold(postgres.fillDisk, length / 2)],
    ["no network between a runner and PostgreSQL", cut(runner.postgres)]
  ]
  return [
    ...ofChats.map(([name, run]) => ({ kind: "chat", name, run }) as const),
    ...ofMails.map(([name, run]) => ({ kind: "mail", name, run }) as const)
  ]
}

// -----------------------------------------------------------------------------
// The run
// -----------------------------------------------------------------------------

const post = (url: string, body?: unknown): Effect.Effect<unknown> =>
  Effect.orElseSucceed(
    Effect.tryPromise(async (signal) =>
      (await fetch(url, {
        method: "POST",
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })).json()
    ),
    () => undefined
  )

const urlOf = ({ settings }: Member) => `http://127.0.0.1:${settings.port}`

/** A random process that runs, killed every few seconds. */
const killSome = (members: ReadonlyArray<Member>, waits: ReadonlyMap<string, Wait>, killed: Array<string>) =>
  Effect.forever(Effect.gen(function*() {
    yield* Effect.sleep("5 seconds")
    const member = members[Math.floor(Math.random() * members.length)]!
    for (const wait of waits.values()) if (wait.agent === member && wait.endedAt === undefined) wait.isLost = true
    killed.push(member.role)
    kill(member)
  }))

interface Ran extends Pick<Fault, "kind" | "name"> {
  readonly begin: number
  readonly end: number
}

/** The faults, one after the other, with as much time between them. */
const runFaults = (faults: ReadonlyArray<Fault>, seconds: number, ran: Array<Ran>) =>
  Effect.gen(function*() {
    const share = (seconds * 1000) / (faults.length + 1)
    const start = Date.now()
    for (const [index, { kind, name, run }] of faults.entries()) {
      yield* Effect.sleep(Math.max(0, start + (index + 0.5) * share - Date.now()))
      const begin = Date.now()
      yield* run
      ran.push({ kind, name, begin, end: Date.now() })
    }
  })

/** Whether a wait of a chat has ended as its user can expect. */
const isSettled = ({ consentedAt, endedAt, isLost, kind, story }: Wait) =>
  kind === "mail" || isLost === true || story === "forwards" || story === "denies" || consentedAt === undefined
  || endedAt !== undefined

/** Asks a runner how the waits of mails have ended, and notes the new ones. */
const pollMails = (waits: ReadonlyMap<string, Wait>, runners: ReadonlyArray<Member>) =>
  Effect.gen(function*() {
    const open = [...waits.values()].filter(({ consentedAt, endedAt, kind }) =>
      kind === "mail" && consentedAt !== undefined && endedAt === undefined
    )
    if (open.length === 0) return
    const runner = runners[Math.floor(Math.random() * runners.length)]!
    const states = yield* post(`${urlOf(runner)}/ended`, open.map(({ id }) => id))
    if (!Array.isArray(states)) return
    open.forEach((wait, index) => {
      wait.state = String(states[index])
      if (wait.state.endsWith("Granted")) wait.endedAt = Date.now()
    })
  })

const until = (condition: () => boolean, seconds: number) =>
  Effect.gen(function*() {
    for (let second = 0; second < seconds && !condition(); second++) yield* Effect.sleep("1 second")
  })

/** The next call of each user who was asked: those who allowed have their own token, and nobody else has one. */
const checkCalls = (waits: ReadonlyMap<string, Wait>, agents: ReadonlyArray<Member>, wrong: Array<string>) =>
  Effect.forEach(
    [...waits].filter(([, { kind }]) => kind === "chat"),
    ([user, { consentedAt, story }]) =>
      Effect.gen(function*() {
        const index = Number(user.slice(user.indexOf("-") + 1))
        const response = yield* post(`${urlOf(agents[index % agents.length]!)}/call/${user}`)
        const { error, subject } = (response ?? {}) as Record<string, string>
        const expected = consentedAt === undefined ? undefined : user
        if (subject !== expected) wrong.push(`${user}, who ${story}: the next call has ${subject ?? error}`)
      }),
    { concurrency: 8, discard: true }
  )

interface Counts {
  readonly counts: Record<string, { readonly calls: number; readonly throttled: number }>
  readonly seconds: Record<string, number>
  readonly completed: number
  readonly twice: number
}

const tokenCalls = ({ counts }: Counts) => counts["/identities/oauth2/token"]?.calls ?? 0

/** All agents need one credential at the same moment, which no cache has. */
const askAtOnce = (
  user: string,
  agents: ReadonlyArray<Member>,
  redis: Effect.Success<typeof Servers.makeRedis>
) =>
  Effect.andThen(
    redis.command("FLUSHALL"),
    Effect.forEach(agents, (agent) => post(`${urlOf(agent)}/call/${user}`), { concurrency: "unbounded", discard: true })
  )

const timesOf = (values: ReadonlyArray<number>) => ({
  count: values.length,
  p50: percentile(values, 0.5),
  p99: percentile(values, 0.99),
  slowest: percentile(values, 1)
})

/** Milliseconds between the page after consent and the end of the wait. The wait can be faster than the page. */
const delayOf = ({ consentedAt = 0, endedAt = 0 }: Wait) => Math.max(0, endedAt - consentedAt)

const storesOf = (redis: Effect.Success<typeof Servers.makeRedis>, postgres: Servers.Postgres) =>
  Effect.gen(function*() {
    const info = String(yield* redis.command("INFO"))
    const read = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1])
    const tables = yield* postgres.query(
      "SELECT relname || '=' || n_live_tup FROM pg_stat_user_tables WHERE n_live_tup > 0 ORDER BY 1"
    )
    const totals = yield* postgres.query(
      "SELECT xact_commit || ' ' || pg_database_size(datname) FROM pg_stat_database WHERE datname = 'postgres'"
    )
    const [transactions, size] = totals.split(" ").map(Number)
    return {
      redis: {
        keys: Number(yield* redis.command("DBSIZE")),
        bytes: read("used_memory"),
        commands: read("total_commands_processed")
      },
      postgres: { tables: tables.split("\n"), transactions, size }
    }
  })

const useOf = (members: ReadonlyArray<Member>, seconds: number) => {
  const roles = ["agent", "pages", "runner"] as const
  return Object.fromEntries(roles.map((role) => {
    const those = members.filter((member) => member.role === role)
    const cpu = those.reduce((sum, { cpu, cpuBefore }) => sum + cpu + cpuBefore, 0)
    return [role, {
      heap: Math.max(0, ...those.map(({ heap }) => heap)),
      cores: cpu / 1000 / seconds / Math.max(1, those.length)
    }]
  }))
}

const program = Effect.gen(function*() {
  const redis = yield* Servers.makeRedis
  const postgres = yield* Servers.makePostgres
  const pages: Record<Kind, Array<Member>> = { chat: [], mail: [] }
  const balance = (kind: Kind) =>
    Network.make(() => {
      const alive = pages[kind].filter(({ child, isKilled }) => child !== undefined && !isKilled)
      return { host: "127.0.0.1", port: alive[Math.floor(Math.random() * alive.length)]?.settings.port ?? 1 }
    })
  const lines = { chat: yield* balance("chat"), mail: yield* balance("mail") }
  const origins = { chat: `http://127.0.0.1:${lines.chat.port}`, mail: `http://127.0.0.1:${lines.mail.port}` }
  const agentCore = yield* Child.start([options.programs.agentcore], { FLEET: JSON.stringify(origins) })
  const { environment, url } = yield* agentCore.next

  const record = makeRecord()
  const world: World = {
    key: Buffer.alloc(32, 7).toString("base64"),
    origins,
    environment: environment as Record<string, string>,
    redis: redis.port,
    postgres: postgres.socket,
    onReport: (member, report) => record.onReport(report, member),
    unexpected: [],
    failedStarts: []
  }
  const makeAll = (role: Role, count: number, kindAt: (index: number) => Kind) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      // The last agent is two minutes ahead.
      (index) => makeMember(world, role, kindAt(index), index, role === "agent" && index === count - 1 ? 120_000 : 0)
    )
  const agents = yield* makeAll("agent", options.agents, () => "chat")
  const allPages = yield* makeAll(
    "pages",
    options.pages,
    (index) => options.runners > 0 && index % 3 === 2 ? "mail" : "chat"
  )
  for (const member of allPages) pages[member.settings.kind].push(member)
  const runners = yield* makeAll("runner", options.runners, () => "mail")
  const members = [...agents, ...allPages, ...runners]

  const ready = new Set<Member>()
  for (const member of members) {
    yield* Effect.forkScoped(supervise(world, member, options.programs[member.role], () => ready.add(member)))
  }
  yield* until(() => ready.size === members.length, 60)
  const missing = members.filter((member) => !ready.has(member))
  if (missing.length > 0) {
    const now = missing.map(({ child, name }) => `${name} is not ready: ${child?.output().slice(-2000)}`)
    return yield* Effect.die(new Error([...now, ...world.failedStarts, ...world.unexpected].join("\n")))
  }

  const before = yield* storesOf(redis, postgres)
  const startedAt = Date.now()
  const settings: Crowd = {
    agents: agents.map(urlOf),
    runners: runners.map(urlOf),
    origins,
    users: options.users,
    consents: options.consents,
    seconds: options.seconds,
    calls: options.calls
  }
  const crowd = yield* Child.start([options.programs.crowd], {
    ...world.environment,
    FLEET: JSON.stringify(settings)
  })
  const killed: Array<string> = []
  const ran: Array<Ran> = []
  const length = Math.min(30, options.seconds / 20)
  const faults = options.faults
    ? yield* Effect.forkScoped(
      Effect.all([
        runFaults(makeFaults(members, redis, postgres, length), options.seconds, ran),
        Effect.timeoutOption(killSome(members, record.waits, killed), options.seconds * 1000)
      ], { concurrency: "unbounded" })
    )
    : undefined
  yield* Effect.forkScoped(Effect.forever(Effect.delay(pollMails(record.waits, runners), "2 seconds")))

  let outcomes: unknown
  yield* Stream.runForEach(
    Stream.takeUntil(crowd.reports, ({ event }) => event === "done"),
    (report) =>
      Effect.sync(() => {
        if (report["event"] === "done") outcomes = report["outcomes"]
        else record.onReport(report)
      })
  )
  if (faults !== undefined) {
    const exit = yield* Fiber.await(faults)
    if (Exit.isFailure(exit)) record.wrong.push(`a fault failed: ${Cause.pretty(exit.cause)}`)
  }
  const seconds = (Date.now() - startedAt) / 1000

  // A wait that lost its signal ends with the next poll.
  const waits = [...record.waits.values()]
  yield* until(() => waits.every(isSettled), 330)
  const unsettled = [...record.waits].filter(([, wait]) => !isSettled(wait))
  for (const [user] of unsettled) record.wrong.push(`the wait of ${user} did not end`)
  const mails = waits.filter(({ consentedAt, kind }) => kind === "mail" && consentedAt !== undefined)
  yield* until(() => mails.every(({ endedAt }) => endedAt !== undefined), 20)
  const late = mails.filter(({ endedAt }) => endedAt === undefined)
  // An hour passes: each execution polls AgentCore, and the engine reads again what it has read and not answered.
  if (late.length > 0) {
    yield* postgres.query("UPDATE cluster_messages SET deliver_at = 0 WHERE deliver_at IS NOT NULL")
    yield* postgres.query("UPDATE cluster_messages SET last_read = last_read - INTERVAL '1 hour' WHERE NOT processed")
  }
  yield* until(() => mails.every(({ endedAt }) => endedAt !== undefined), 180)
  for (const wait of mails) {
    if (wait.endedAt === undefined) record.wrong.push(`the workflow ${wait.id} is ${wait.state}`)
  }

  yield* checkCalls(record.waits, agents, record.wrong)
  for (const [message, keys] of record.invitations) {
    if (new Set(keys).size > 1) record.wrong.push(`the invitation ${message} was sent with ${keys.length} keys`)
  }
  const readCounts = Effect.promise(async () => (await fetch(`${String(url)}/counts`)).json() as Promise<Counts>)
  const counts = yield* readCounts
  const after = yield* storesOf(redis, postgres)
  const consented = [...record.waits].find(([, { consentedAt, kind }]) => kind === "chat" && consentedAt !== undefined)
  if (consented !== undefined) yield* askAtOnce(consented[0], agents, redis)
  const sameCredential = tokenCalls(yield* readCounts) - tokenCalls(counts)
  if (counts.twice > 0) record.wrong.push(`${counts.twice} sessions were completed twice`)
  for (const text of world.unexpected) record.wrong.push(text)
  for (const text of record.gaveUp) record.wrong.push(`a user gave up: ${text}`)

  const chats = waits.filter(({ consentedAt, endedAt, kind }) =>
    kind === "chat" && consentedAt !== undefined && endedAt !== undefined
  )
  const isPolled = (wait: Wait) => wait.kind === "mail" ? late.includes(wait) : delayOf(wait) > 2000
  const costOf = ({ begin, end, kind, name }: Ran) => {
    // After the end, the users who tried again while the server failed.
    const those = (kind === "chat" ? chats : mails).filter(({ consentedAt = 0 }) =>
      consentedAt >= begin && consentedAt <= end + 10_000
    )
    return {
      name,
      seconds: (end - begin) / 1000,
      ...timesOf(those.filter((wait) => !late.includes(wait)).map(delayOf)),
      polled: those.filter(isPolled).length,
      revisits: those.filter(({ visits = 1 }) => visits > 1).length
    }
  }
  report({
    seconds,
    wrong: record.wrong,
    waits: waits.length,
    consents: waits.filter(({ consentedAt }) => consentedAt !== undefined).length,
    lost: waits.filter(({ isLost }) => isLost).length,
    deniedUnnoticed: waits.filter(({ deniedAt, endedAt, isLost, kind }) =>
      kind === "chat" && !isLost && deniedAt !== undefined && endedAt === undefined
    ).length,
    chat: timesOf(chats.map(delayOf)),
    polled: chats.filter(isPolled).length,
    mail: timesOf(
      mails.filter((wait) =>
        !late.includes(wait)
      ).map(delayOf)
    ),
    mailsPolled: late.length,
    revisits: waits.filter(({ visits = 1 }) => visits > 1).length,
    killed: killed.length,
    failedStarts: world.failedStarts.length,
    faults: ran.map(costOf),
    calls: outcomes,
    aws: counts.counts,
    sameCredential,
    tokensPerSecond: timesOf(Object.values(counts.seconds)),
    use: useOf(members, seconds),
    before,
    after
  })
})

await Effect.runPromise(
  Effect.scoped(program).pipe(Effect.provideService(Tools.Tools, ["Redis", "PostgreSQL"]))
)
process.exit()
