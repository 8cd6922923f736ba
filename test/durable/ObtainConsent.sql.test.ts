import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Array from "effect/Array"
import * as ShardId from "effect/cluster/ShardId"
import * as Sharding from "effect/cluster/Sharding"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { blocksOf } from "../package/pages.mjs"
import { buildProgram } from "../support/build.mjs"
import * as Child from "../support/child.js"
import * as Cluster from "../support/cluster.js"
import * as World from "../support/connectWorld.js"
import { keyOf } from "../support/consentStore.js"
import * as Folder from "../support/folder.js"
import * as Postgres from "../support/postgres.js"
import * as Recorder from "../support/recorder.js"
import * as Runner from "../support/runner.js"
import { assertFilesSecretFree } from "../support/secrets.js"
import * as Sqlite from "../support/sqlite.js"

const key = Redacted.value(keyOf(1))

const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.tap(condition, () => Effect.sleep("10 millis")), { until: Boolean }).pipe(
    Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail("not in time") })
  )

const poll = (id: string) => Effect.map(ObtainConsent.workflow.poll(id), Option.getOrUndefined)

const pollReport = (id: string) => Effect.map(Runner.Report.poll(id), Option.getOrUndefined)

const exitOf = (result: { readonly _tag: string; readonly exit?: unknown } | undefined) =>
  result?._tag === "Complete" ? JSON.parse(JSON.stringify(result.exit)) : result?._tag

/** Every row of every table, as a string. */
const rows = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql.onDialectOrElse({
    pg: () => sql<{ readonly name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    orElse: () => sql<{ readonly name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
  })
  const all = yield* Effect.forEach(tables, ({ name }) => sql`SELECT * FROM ${sql(name)}`)
  return all.flat().flatMap((row) => Object.entries(row).flat().map(String))
}).pipe(Effect.provideService(SqlClient.SafeIntegers, true))

/** The statements of the guide that remove executions, for the database in context. */
const removeFinished = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const block = blocksOf("src/persistence/README.md").find(({ language }) => language === "sql")
  const text = block?.code ?? assert.fail("no statements")
  const statements = text.split(";\n").filter((statement) => statement.trim() !== "")
  assert.lengthOf(statements, 2)
  const now = sql.onDialectOrElse({ pg: () => "extract(epoch FROM now())", orElse: () => "unixepoch()" })
  assert.include(statements[0], "extract(epoch FROM now())")
  yield* sql.withTransaction(Effect.forEach(
    statements,
    (statement) => sql.unsafe(statement.replace("extract(epoch FROM now())", now))
  ))
})

/** Moves all replies of a cluster into the past. Their ids contain their time. */
const age = (days: number) =>
  Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql.unsafe(`UPDATE cluster_replies SET id = id - ${BigInt(days) * 86_400_000n << 22n}`)
  )

/** The numbers of messages and replies of all executions. */
const countOf = (executions: ReadonlyArray<string>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.map(
      sql<{ readonly messages: number | string; readonly replies: number | string }>`
        SELECT count(*) AS messages, count(reply.id) AS replies FROM cluster_messages message
        LEFT JOIN cluster_replies reply ON reply.request_id = message.id WHERE ${sql.in("entity_id", executions)}`,
      ([row]) => [Number(row?.messages), Number(row?.replies)] as const
    ))

const countOfReplies = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(
    sql<{ readonly replies: number | string }>`SELECT count(*) AS replies FROM cluster_replies`,
    ([row]) => Number(row?.replies)
  ))

/** Secrets that no database may contain: the sessions of the backend, and the token. */
const secretsOf = (calendar: World.Declared["calendar"]) =>
  Effect.gen(function*() {
    const { consents } = yield* LocalControl.LocalControl
    const urls = yield* Effect.forEach(yield* consents.list, ({ id }) => consents.authorizationUrl(id))
    const sessions = urls.map((url) => new URL(Redacted.value(url)).searchParams.get("request_uri") ?? "")
    const token = yield* World.as({ userId: "alice" })(AccessToken.get(calendar))
    assert.isAbove(sessions.length, 1)
    return [
      ...sessions.map((session) => session.replace("urn:ietf:params:oauth:request_uri:", "")),
      // The header of a JWT is not secret, and a sealed value has the same header.
      ...Redacted.value(token).split(".").slice(1)
    ]
  })

/** Runs the runner until it waits, or until it invites, and kills it. Returns its reports. */
const runAndKill = (folder: string, origin: string, when: "waits" | "invites") =>
  Effect.scoped(Effect.gen(function*() {
    const { environment } = yield* LocalIdentity.LocalServer
    const program = yield* Effect.promise(() => buildProgram("durable/runner.child.ts"))
    const runner = yield* Child.start([program, folder, key, origin, World.workload, when], environment)
    const reports = yield* Stream.runCollect(Stream.takeUntil(runner.reports, (report) => "report" in report))
    assert.strictEqual(yield* runner.kill, "SIGKILL", runner.output())
    return reports
  }))

/** Starts the pages, and returns their origin. They are killed when a consent is complete. */
const startPages = (folder: string) =>
  Effect.gen(function*() {
    const { environment } = yield* LocalIdentity.LocalServer
    const program = yield* Effect.promise(() => buildProgram("durable/pages.child.ts"))
    const pages = yield* Child.start([program, folder, key, World.workload], environment)
    return { origin: yield* pages.told("origin"), killed: pages.ended }
  })

describe("ObtainConsent over SQLite", () => {
  it.live("resumes the waits of a completed consent without a signal when the user opens the link again", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const folder = yield* Folder.temporary
      const pages = yield* startPages(folder)
      yield* WorkloadIdentity.ensure({ name: World.workload, returnUrls: [`${pages.origin}/connect/return`] })
      const runner = Runner.layer({ origin, workload: World.workload, invite: () => Effect.void })
      yield* Effect.gen(function*() {
        const wait = yield* ObtainConsent.start({ credential: calendar, user: { userId: "alice" }, episode: "1" })
        const state = Effect.map(poll(wait), (result) => result?._tag)
        yield* until(Effect.map(state, (state) => state === "Suspended"))
        const started = yield* World.press(`${pages.origin}/connect/calendar`, "connect")
        const browser = yield* TestUser.make("someone@example.com")
        yield* Effect.flip(browser.approves(World.refreshOf(started)))
        assert.strictEqual(yield* pages.killed, "SIGKILL")
        const { grants } = yield* LocalControl.LocalControl
        assert.lengthOf(yield* grants.list, 1)
        assert.strictEqual(yield* state, "Suspended")

        yield* Layer.build(World.pages({}, Layer.provideMerge(ObtainConsent.layerSignals, Sqlite.store(folder, key))))
        assert.include((yield* World.request("/connect/calendar")).text, "Connected")
        yield* until(Effect.map(state, (state) => state === "Complete"))
        assert.deepInclude(exitOf(yield* poll(wait)), { value: "Granted" })
      }).pipe(
        Effect.provide(
          runner.pipe(
            Layer.provideMerge(Identity.layer),
            Layer.provideMerge(Layer.merge(Sqlite.store(folder, key), Sqlite.engine(folder)))
          )
        )
      )
    }).pipe(Effect.provide(World.servers)))

  it.live("finishes the waits of a killed process in another one, and prompts nobody twice", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const folder = yield* Folder.temporary
      // The first process dies while it invites: whether the message was sent is not known. The key tells that it is
      // the same.
      const [unfinished] = yield* runAndKill(folder, origin, "invites")
      // The second process sends it again, and dies while it waits.
      const lines = yield* runAndKill(folder, origin, "waits")
      assert.lengthOf(lines, 3)
      const invitations = lines.slice(0, 2)
      assert.include(invitations.map(({ key }) => key), unfinished?.["key"])
      for (const { link } of invitations) assert.strictEqual(link, `${origin}/connect/calendar`)
      const [report, wait] = [String(lines[2]?.["report"]), String(lines[2]?.["wait"])]

      const sent: Array<Parameters<Parameters<typeof ObtainConsent.layer>[0]["invite"]>[0]> = []
      const recorder = yield* Recorder.make
      const pages = World.pages({}, ObtainConsent.layerSignals.pipe(Layer.provideMerge(Sqlite.store(folder, key))))
      const runner = Runner.layer({
        origin,
        workload: World.workload,
        invite: (invitation) => Effect.sync(() => void sent.push(invitation))
      })
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* poll(wait))?._tag, "Suspended")
        assert.include((yield* World.connect("/connect/calendar")).text, "Consent given")
        yield* until(Effect.map(pollReport(report), (result) => result?._tag === "Complete"))
        assert.deepInclude(exitOf(yield* poll(wait)), { value: "Granted" })
        const secrets = yield* secretsOf(calendar)
        assert.isAbove(exitOf(yield* pollReport(report)).value, 8)
        assert.deepStrictEqual(sent, [])
        Recorder.assertSecretFree([...yield* rows, ...yield* recorder.everything], secrets)
        assertFilesSecretFree(folder, secrets)
        // A finished wait is stored until its retention ends.
        yield* age(29)
        yield* removeFinished
        assert.deepInclude(exitOf(yield* poll(wait)), { value: "Granted" })
        const [messages, replies] = yield* countOf([wait])
        assert.isAbove(messages, 5)
        const all = yield* countOfReplies
        yield* age(2)
        yield* removeFinished
        assert.deepStrictEqual(yield* countOf([wait]), [0, 0])
        // The waits inside the report are executions too, but the report itself is not.
        assert.isAtMost(yield* countOfReplies, all - replies)
        assert.isUndefined(yield* poll(wait))
        assert.isAbove(exitOf(yield* pollReport(report)).value, 8)
      }).pipe(
        Effect.provide(runner.pipe(Layer.provideMerge(pages), Layer.provideMerge(Sqlite.engine(folder)))),
        Effect.provide(recorder.layer)
      )
    }).pipe(Effect.provide(World.servers)))
  it.live("continues a wait after a failure of the engine's database, and invites once", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* World.setUp
      const folder = yield* Folder.temporary
      const recorder = yield* Recorder.make
      let invitations = 0
      const run = (statement: string) =>
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
          Effect.provide(Layer.fresh(Sqlite.client(folder, "engine.db"))),
          Effect.orDie
        )
      const broken = "CREATE TRIGGER broken BEFORE INSERT ON cluster_messages BEGIN SELECT RAISE(ABORT, 'full'); END"
      const invite = () => Effect.andThen(run(broken), Effect.sync(() => void invitations++))
      const runner = Runner.layer({ origin, workload: World.workload, invite })
      const pages = World.pages({}, ObtainConsent.layerSignals.pipe(Layer.provideMerge(Sqlite.store(folder, key))))
      yield* Effect.gen(function*() {
        const wait = yield* ObtainConsent.start({ credential: calendar, user: { userId: "alice" }, episode: "1" })
        const isRestarting = (all: ReadonlyArray<string>) => all.some((text) => text.includes("Defect in entity"))
        yield* until(Effect.map(recorder.everything, isRestarting))
        assert.isUndefined(yield* poll(wait))
        yield* run("DROP TRIGGER broken")
        yield* until(Effect.map(poll(wait), (result) => result?._tag === "Suspended"))
        assert.include((yield* World.connect("/connect/calendar")).text, "Consent given")
        yield* until(Effect.map(poll(wait), (result) => result?._tag === "Complete"))
        assert.deepInclude(exitOf(yield* poll(wait)), { value: "Granted" })
        assert.strictEqual(invitations, 1)
      }).pipe(
        Effect.provide(runner.pipe(Layer.provideMerge(pages), Layer.provideMerge(Sqlite.engine(folder)))),
        Effect.provide(recorder.layer)
      )
    }).pipe(Effect.provide(World.servers)))
})

/** How many shards a runner has. */
const shardsOf = (runner: Context.Context<Sharding.Sharding>) =>
  Effect.map(
    Effect.provide(Sharding.Sharding, runner),
    (sharding) => Array.range(1, Cluster.shards).filter((id) => sharding.hasShardId(ShardId.make("default", id))).length
  )

describe("ObtainConsent over PostgreSQL", () => {
  Postgres.postgresTest(
    "resumes all waits after one consent on a page of another process, when runners come and go",
    () =>
      Effect.gen(function*() {
        const { calendar, origin } = yield* World.setUp
        const server = yield* Postgres.make
        const store = ConsentStore.layerSql({ key: keyOf(1) }).pipe(
          Layer.provide(PgClient.layer(server.client)),
          Layer.orDie,
          // Each process has its own.
          Layer.fresh
        )
        const sent: Array<{ readonly runner: string; readonly user: string; readonly key: string }> = []
        const planes = yield* Effect.context<DataPlane.DataPlane | Identity.Identity>()
        const startRunner = (runner: string) =>
          Runner.layer({
            origin,
            workload: World.workload,
            invite: ({ key, user }) => Effect.sync(() => void sent.push({ runner, user: user.userId, key }))
          }).pipe(
            Layer.provideMerge(store),
            Layer.provideMerge(Cluster.runner(server.client)),
            Layer.provide(Layer.succeedContext(planes)),
            Layer.build
          )
        const deployment = yield* Scope.make()
        const one = yield* Scope.provide(startRunner("one"), deployment)
        const two = yield* Scope.provide(startRunner("two"), deployment)
        yield* until(Effect.map(Effect.all([shardsOf(one), shardsOf(two)]), (counts) => !counts.includes(0)))

        // Both runners run some of the waits.
        const waits: Array<string> = []
        while (waits.length < 4 || new Set(sent.map(({ runner }) => runner)).size < 2) {
          waits.push(yield* Effect.provide(Runner.wait(origin, "alice", `${waits.length}`), one))
          yield* until(Effect.sync(() => sent.length === waits.length))
        }
        const report = yield* Effect.provide(Runner.report("alice"), one)
        const pages = World.pages({}, ObtainConsent.layerSignals.pipe(Layer.provideMerge(store)))
        const page = yield* Layer.build(Layer.provideMerge(pages, Cluster.clientOnly(server.client)))
        // A process that runs no workflows can start a wait too.
        const other = yield* Effect.provide(Runner.wait(origin, "bob", "1"), page)
        yield* until(Effect.sync(() => sent.length === waits.length + 2))
        // While there is no runner, the signal stays in the database.
        yield* Scope.close(deployment, Exit.void)
        assert.include((yield* Effect.provide(World.connect("/connect/calendar"), page)).text, "Consent given")
        const three = yield* startRunner("three")
        const result = (id: string) => Effect.provide(poll(id), three)
        for (const id of waits) {
          yield* until(Effect.map(result(id), (result) => result?._tag === "Complete"))
          assert.deepInclude(exitOf(yield* result(id)), { value: "Granted" })
        }
        const reported = Effect.provide(pollReport(report), three)
        yield* until(Effect.map(reported, (result) => result?._tag === "Complete"))
        assert.isAbove(exitOf(yield* reported).value, 8)
        // Each execution has invited once, by the runner that had it then.
        assert.lengthOf(sent, waits.length + 2)
        assert.lengthOf(new Set(sent.map(({ key }) => key)), sent.length)

        yield* Effect.gen(function*() {
          const all = yield* rows
          assert.isAbove(all.length, 1000)
          Recorder.assertSecretFree(all, yield* secretsOf(calendar))

          yield* removeFinished
          const [messages, replies] = yield* countOf(waits)
          assert.isAbove(messages, 5 * waits.length)
          assert.isAbove(replies, 5 * waits.length)
          const left = yield* countOf([other])
          yield* age(31)
          yield* removeFinished
          assert.deepStrictEqual(yield* countOf(waits), [0, 0])
          assert.deepStrictEqual(yield* countOf([other]), left)
          assert.isUndefined(yield* poll(waits[0]!))
          assert.strictEqual((yield* poll(other))?._tag, "Suspended")
        }).pipe(Effect.provide(three))
      }).pipe(Effect.provide(World.servers))
  )
})
