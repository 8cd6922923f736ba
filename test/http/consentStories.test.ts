/**
 * The stories of a consent, as each of its people walks them: the user, a second user, one who is not signed in, one
 * who starts a consent for another person, and the operator. At `ConsentCallback` and at the callback of `promise/`, in
 * one process and in three.
 */
import { assert, describe } from "@effect/vitest"
import type * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { keyOf } from "../support/consentStore.js"
import * as World from "../support/consentWorld.js"
import * as Folder from "../support/folder.js"
import * as Redis from "../support/redis.js"
import * as Sqlite from "../support/sqlite.js"
import * as Tools from "../support/tools.js"

const alice = { userId: "alice" }
const bob = { userId: "bob" }
const mallory = { userId: "mallory" }

type World = Effect.Success<ReturnType<typeof World.make>>

const statusesOf = (
  pages: ReadonlyArray<{ readonly status: number }>
) => [...new Set(pages.map(({ status }) => status))]

const withoutCompletion: NonNullable<LocalIdentity.Options["policy"]> = {
  Version: "2012-10-17",
  Statement: [{
    Sid: "Tokens",
    Effect: "Allow",
    Action: ["bedrock-agentcore:Get*", "secretsmanager:GetSecretValue"],
    Resource: ["*"]
  }]
}

/** Everything that a user tries who knows the session, at every process. Nothing may change. */
const attack = (world: World, link: string, attacker: UserIdentifier, more: ReadonlyArray<string> = []) =>
  Effect.gen(function*() {
    const before = world.completions()
    for (const query of ["", "&error=access_denied", "&error=server_error", "&state=", "&state=x", ...more]) {
      assert.deepStrictEqual(statusesOf(yield* world.visit(world.returnUrlOf(link, query), attacker)), [403], query)
    }
    assert.strictEqual(world.completions(), before)
  })

const jwtOf = (claims: object): UserIdentifier => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const issuer = { iss: "https://id.example.com", exp: 4_000_000_000 }
  return { userToken: Redacted.make(`${encode({ alg: "none" })}.${encode({ ...issuer, ...claims })}.c2ln`) }
}

/** Each story is told in a world of its own. */
const stories: Readonly<
  Record<string, (world: World, settings: World.Settings) => Effect.Effect<void, unknown, Scope.Scope>>
> = {
  "the user consents, and the agent has their token": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      const page = yield* browser.approves(link)
      assert.include(page.text, "Consent given")
      assert.strictEqual(yield* token, "alice-at-the-vendor")
      // A reload, in every process and in another browser of theirs.
      const calls = world.completions()
      assert.deepStrictEqual(statusesOf(yield* world.visit(Redacted.value(page.url), alice)), [200])
      assert.isAtMost(world.completions() - calls, world.processes.length - 1)
      const again = world.completions()
      assert.deepStrictEqual(statusesOf(yield* world.visit(Redacted.value(page.url), alice)), [200])
      assert.strictEqual(world.completions(), again)
      // Somebody else who has the whole address.
      assert.deepStrictEqual(statusesOf(yield* world.visit(Redacted.value(page.url), mallory)), [403])
      assert.isUndefined(yield* world.nameOf(mallory))
    }),

  "an agent that cannot wait runs again, or resumes in another process": (world) =>
    Effect.gen(function*() {
      const session = yield* world.sessionOf(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      assert.include((yield* browser.approves(session)).text, "Consent given")
      assert.strictEqual(yield* world.nameOf(alice), "alice-at-the-vendor")
      for (const { resume } of world.processes) assert.isString(yield* resume(alice, session))
    }),

  "a link that another user opens by accident completes nothing": (world) =>
    Effect.gen(function*() {
      const { isWaiting, link } = yield* world.ask(alice)
      const browser = yield* world.browserOf("bob-at-the-vendor", bob)
      assert.strictEqual((yield* browser.approves(link)).status, 403)
      assert.strictEqual(world.completions(), 0)
      assert.isTrue(isWaiting())
      for (const user of [alice, bob]) assert.isUndefined(yield* world.nameOf(user))
    }),

  "a forwarded link gives nothing to its sender, if the victim is signed in": (world) =>
    Effect.gen(function*() {
      const { link } = yield* world.ask(mallory)
      const other = yield* world.ask(mallory)
      const victim = yield* world.browserOf("alice-at-the-vendor", alice)
      assert.strictEqual((yield* victim.approves(link)).status, 403)
      // He knows the state of another session, because he can consent there himself.
      const own = yield* (yield* world.browserOf("mallory-at-the-vendor", mallory)).approves(other.link)
      const state = new URL(Redacted.value(own.url)).searchParams.get("state")
      yield* attack(world, link, mallory, [`&state=${state}`])
      assert.strictEqual(yield* world.nameOf(mallory), "mallory-at-the-vendor")
    }),

  "a forwarded link gives nothing to its sender, if the victim is not signed in": (world) =>
    Effect.gen(function*() {
      const { isWaiting, link } = yield* world.ask(mallory)
      const page = yield* (yield* world.browserOf("alice-at-the-vendor")).approves(link)
      assert.strictEqual(page.status, 401)
      yield* attack(world, link, mallory)
      // She signs in, and opens her address again.
      assert.deepStrictEqual(statusesOf(yield* world.visit(Redacted.value(page.url), alice)), [403])
      assert.isUndefined(yield* world.nameOf(mallory))
      assert.isTrue(isWaiting())
    }),

  "a stranger who knows a session can neither end nor use it": (world) =>
    Effect.gen(function*() {
      const { isWaiting, link, token } = yield* world.ask(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      yield* attack(world, link, mallory)
      assert.isTrue(isWaiting())
      assert.include((yield* browser.approves(link)).text, "Consent given")
      assert.strictEqual(yield* token, "alice-at-the-vendor")
    }),

  "a stranger who invents sessions makes no call of AgentCore": (world) =>
    Effect.gen(function*() {
      for (let index = 0; index < 20; index++) {
        const url = world.returnUrlOf(`https://a.example/?request_uri=urn:ietf:params:oauth:request_uri:${index}`)
        assert.deepStrictEqual(statusesOf(yield* world.visit(`${url}&state=x`, mallory)), [403])
      }
      assert.strictEqual(world.completions(), 0)
    }),

  "a preview of the return URL completes nothing": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor")
      const page = yield* browser.approves(link)
      const url = Redacted.value(page.url)
      assert.deepStrictEqual(statusesOf(yield* world.visit(url, undefined)), [401])
      assert.deepStrictEqual(statusesOf(yield* world.visit(url, alice, { method: "HEAD" })), [405])
      assert.strictEqual(world.completions(), 0)
      assert.deepStrictEqual(statusesOf(yield* world.visit(url, alice)), [200])
      assert.strictEqual(yield* token, "alice-at-the-vendor")
    }),

  "two returns at once are one consent": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      const page = yield* (yield* world.browserOf("alice-at-the-vendor")).approves(link)
      const visits = yield* Effect.all([1, 2, 3].map(() => world.visit(Redacted.value(page.url), alice)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(statusesOf(visits.flat()), [200])
      assert.strictEqual(yield* token, "alice-at-the-vendor")
    }),

  "a lost response of the completion is a consent": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      world.accident.next = "response lost"
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      const page = yield* browser.approves(link)
      assert.include(page.text, "Consent given")
      assert.strictEqual(yield* token, "alice-at-the-vendor")
    }),

  "a process that is killed between completion and signal costs the wait its next poll": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      world.accident.next = "process killed"
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      const page = yield* browser.approves(link)
      assert.strictEqual(page.status, 500)
      assert.strictEqual(yield* token, "alice-at-the-vendor")
      assert.deepStrictEqual(statusesOf(yield* world.visit(Redacted.value(page.url), alice)), [200])
    }),

  "a user with a JWT comes back with a newer one, however large": (world) =>
    Effect.gen(function*() {
      for (const padding of [10, 8_000]) {
        const claims = { sub: `alice-${padding}`, groups: "x".repeat(padding) }
        const user = jwtOf({ ...claims, iat: 1 })
        const { link, token } = yield* world.ask(user)
        const strangers = [jwtOf({ ...claims, sub: "bob" }), { userId: `alice-${padding}` }]
        const browser = yield* world.browserOf("alice-at-the-vendor", jwtOf({ ...claims, iat: 2 }))
        for (const stranger of strangers) yield* attack(world, link, stranger)
        assert.include((yield* browser.approves(link)).text, "Consent given")
        assert.strictEqual(yield* token, "alice-at-the-vendor")
      }
    }),

  "a user who denies ends the wait, and can start again": (world) =>
    Effect.gen(function*() {
      const { link, token } = yield* world.ask(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      assert.include((yield* browser.denies(link)).text, "denied")
      assert.deepInclude(yield* Effect.flip(token), { _tag: "AuthorizationFailed", reason: "Failed" })
      const again = yield* world.ask(alice)
      assert.include((yield* browser.approves(again.link)).text, "Consent given")
      assert.strictEqual(yield* again.token, "alice-at-the-vendor")
    }),

  "the operator's policy lacks the completion: the user reads that it is not their fault, and the wait ends": (
    world,
    settings
  ) =>
    Effect.gen(function*() {
      settings.current = { policies: { [World.accessKey]: [withoutCompletion] } }
      const ofBob = yield* world.ask(bob)
      const { isWaiting, link, token } = yield* world.ask(alice)
      // Nobody is signed in at the application in this browser.
      const back = yield* (yield* world.browserOf("alice-at-the-vendor")).approves(link)
      assert.strictEqual(back.status, 401)
      const returnUrl = Redacted.value(back.url)
      // Neither a stranger with the whole address nor a visit without the state ends the wait.
      assert.deepStrictEqual(statusesOf(yield* world.visit(returnUrl, mallory)), [403])
      yield* attack(world, link, mallory)
      yield* attack(world, link, alice)
      assert.isTrue(isWaiting())

      const pages = yield* world.visit(returnUrl, alice)
      assert.deepStrictEqual(statusesOf(pages), [502])
      for (const { text } of pages) {
        assert.include(text, "There is a problem on our side")
        assert.notInclude(text, "CompleteResourceTokenAuth")
      }
      assert.deepInclude(yield* Effect.flip(token), { _tag: "AuthorizationFailed", reason: "NotCompleted" })
      assert.isTrue(ofBob.isWaiting())

      // The operator mends the policy, and Alice reloads the page.
      settings.current = {}
      assert.deepStrictEqual(statusesOf(yield* world.visit(returnUrl, alice)), [200])
      assert.strictEqual(yield* world.nameOf(alice), "alice-at-the-vendor")
      assert.isTrue(ofBob.isWaiting())
    }),

  "several sessions of a user are separate, each with its own state": (world) =>
    Effect.gen(function*() {
      const [one, two] = [yield* world.sessionOf(alice), yield* world.sessionOf(alice)]
      assert(one.customState !== undefined && two.customState !== undefined)
      assert.match(Redacted.value(one.customState), /^[0-9a-f]{32}$/)
      assert.notStrictEqual(Redacted.value(one.customState), Redacted.value(two.customState))
      const crossed = world.returnUrlOf(
        Redacted.value(one.authorizationUrl),
        `&state=${Redacted.value(two.customState)}`
      )
      assert.deepStrictEqual(statusesOf(yield* world.visit(crossed, alice)), [403])
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      assert.include((yield* browser.approves(two)).text, "Consent given")
    }),

  "the state returns under any name": (world, settings) =>
    Effect.gen(function*() {
      settings.current = { returnStateParameter: "custom_state" }
      const { link, token } = yield* world.ask(alice)
      const browser = yield* world.browserOf("alice-at-the-vendor", alice)
      assert.include((yield* browser.approves(link)).text, "Consent given")
      assert.strictEqual(yield* token, "alice-at-the-vendor")
    }),

  "a return without the state is rejected": (world, settings) =>
    Effect.gen(function*() {
      settings.current = { returnStateParameter: "" }
      const { isWaiting, link } = yield* world.ask(alice)
      const page = yield* (yield* world.browserOf("alice-at-the-vendor", alice)).approves(link)
      assert.strictEqual(page.status, 403)
      assert.include(page.text, "start again")
      assert.strictEqual(world.completions(), 0)
      assert.isTrue(isWaiting())
    })
}

const tell = (
  test: ReturnType<typeof Tools.testWith>,
  kind: string,
  count: number,
  store: Effect.Effect<Layer.Layer<World.Store, unknown>, never, Scope.Scope | Tools.Tools>
) => {
  for (const form of ["effect", "promise"] as const) {
    describe(`${form}, ${kind}`, () => {
      for (const [name, story] of Object.entries(stories)) {
        test(name, () =>
          Effect.gen(function*() {
            const settings: World.Settings = { current: {} }
            yield* Effect.flatMap(World.make(form, count, yield* store), (world) => story(world, settings)).pipe(
              Effect.provide(World.servers(settings))
            )
          }))
      }
    })
  }
}

tell(Tools.testWith(), "one process", 1, Effect.succeed(PendingConsents.layerMemory))

tell(
  Tools.testWith(),
  "three processes over SQLite",
  3,
  Effect.map(Folder.temporary, (folder) => Sqlite.store(folder, Redacted.value(keyOf(1))))
)

tell(
  Redis.redisTest,
  "three processes over Redis",
  3,
  Effect.map(
    Effect.tap(Redis.make(), ({ start }) => start),
    ({ port }) => ConsentStore.layerRedis({ key: keyOf(1), redis: { port } })
  )
)
