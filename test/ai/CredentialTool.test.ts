import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialTool from "effect-agentcore-identity/ai/CredentialTool"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Connect from "effect-agentcore-identity/http/Connect"
import { Identity } from "effect-agentcore-identity/Identity"
import { AuthorizationTimedOut, RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as World from "../support/connectWorld.js"
import { digestOf } from "../support/mcpWorld.js"
import * as MockModel from "../support/mockModel.js"
import * as Recorder from "../support/recorder.js"

type Pending = Effect.Success<ReturnType<typeof CredentialTool.pending>>[number]

/** The class of `World.credentials`, whose return URL has the port of the run. */
interface Calendar {
  readonly _: unique symbol
}

const needed = "The user has to connect 'calendar' first."

const makeToolkit = (calendar: AccessToken.TagClass<Calendar, string, "USER_FEDERATION">) => {
  const options = { success: Schema.String } as const
  const returning = {
    ...options,
    failureMode: "return" as const,
    dependencies: [Identity, WorkloadAccessToken.WorkloadAccessToken]
  }
  return Toolkit.make(
    CredentialTool.make(Tool.make("list_events", options), calendar),
    CredentialTool.make(
      Tool.make("delete_event", {
        ...options,
        parameters: Schema.Struct({ where: Schema.optional(Schema.Record(Schema.String, Schema.String)) }),
        needsApproval: true
      }),
      calendar
    ),
    // The types reject failures with a session. A program in JavaScript can have them.
    CredentialTool.make(
      Tool.make("send_mail", {
        ...returning,
        failure: RequiresUserConsent as unknown as typeof Schema.Unknown
      }),
      calendar
    ),
    CredentialTool.make(
      Tool.make("nested_failure", {
        ...returning,
        failure: Schema.Struct({ problem: RequiresUserConsent })
      }),
      calendar
    ),
    CredentialTool.make(
      Tool.make("wait_for_mail", {
        ...returning,
        failure: AuthorizationTimedOut as unknown as typeof Schema.Unknown
      }),
      calendar
    ),
    Tool.make("get_time", { success: Schema.String }),
    Tool.make("restart", { success: Schema.String, needsApproval: true })
  )
}

const setUp = Effect.gen(function*() {
  const declared = yield* World.setUp
  const calendar = declared.calendar as unknown as AccessToken.TagClass<Calendar, string, "USER_FEDERATION">
  const tokens: Array<string> = []
  let restarts = 0
  const use = Effect.map(calendar, (token) => {
    tokens.push(Redacted.value(token))
    return `used ${digestOf(token)}`
  })
  const Tools = makeToolkit(calendar)
  const handlers = Tools.toLayer({
    list_events: () => use,
    delete_event: () => use,
    send_mail: () => Effect.as(Effect.andThen(use, AccessToken.get(declared.mail)), "sent"),
    nested_failure: () =>
      Effect.catchTag(
        AccessToken.get(declared.mail),
        "RequiresUserConsent",
        (problem) => Effect.fail({ problem })
      ).pipe(Effect.as("sent"), Effect.catchIf((error) => "_tag" in error, Effect.die)),
    wait_for_mail: () =>
      Effect.catchTag(
        AccessToken.get(declared.mail),
        "RequiresUserConsent",
        ({ session }) => Effect.fail(new AuthorizationTimedOut({ session }))
      ).pipe(Effect.as("sent")),
    get_time: () => Effect.succeed("noon"),
    restart: () => Effect.sync(() => restarts++).pipe(Effect.as("restarted"))
  })
  const { model, seen } = yield* MockModel.make
  const provide = <A, E, R>(self: Effect.Effect<A, E, R>) =>
    self.pipe(Effect.provide(handlers), Effect.provideService(LanguageModel.LanguageModel, model))
  const toolkitFor = (userId: string) => CredentialTool.toolkit(Tools, { user: { userId } })
  const usedBy = (userId: string) =>
    Effect.map(AccessToken.get(calendar), (token) => `used ${digestOf(token)}`).pipe(World.as({ userId }))
  return {
    Tools,
    tokens,
    seen,
    usedBy,
    link: `${declared.origin}/connect/calendar`,
    restarts: () => restarts,
    generate: (chat: Chat.Chat, prompt: Prompt.RawInput, userId = "alice") =>
      provide(chat.generateText({ prompt, toolkit: toolkitFor(userId) })),
    stream: (chat: Chat.Chat, prompt: Prompt.RawInput) =>
      provide(Stream.runCollect(chat.streamText({ prompt, toolkit: toolkitFor("alice") }))),
    handle: (name: "restart", toolCallId: string | undefined) =>
      provide(Effect.gen(function*() {
        const { handle } = yield* toolkitFor("alice")
        const results = yield* Stream.runCollect(yield* handle(name, {}, toolCallId))
        return one(results).result
      })),
    pending: (chat: Chat.Chat) =>
      Effect.flatMap(
        Ref.get(chat.history),
        (history) => CredentialTool.pending(Tools, history, { link: Connect.link })
      )
  }
})

const respondTo = ({ approvalId }: Pending, approved = true): Prompt.RawInput => [
  { role: "tool", content: [{ type: "tool-approval-response", approvalId, approved }] }
]

const linkOf = ({ consent }: Pending) => consent && Redacted.value(consent.link)

const connectAs = (userId: string, link: string) => World.connect(link, { cookie: `user=${userId}` })

const program = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.scoped(self).pipe(Effect.provide(World.storedEnvironment()))

const asAlice = <A, E, R>(self: Effect.Effect<A, E, R>) => program(World.as({ userId: "alice" })(self))

const one = <A>([first, ...others]: ReadonlyArray<A>): A => {
  assert.lengthOf(others, 0)
  return first ?? assert.fail("empty")
}

describe("a turn without a token", () => {
  it.live("ends with an approval request and a link, and the approval runs the tool", () =>
    asAlice(Effect.gen(function*() {
      const { generate, link, pending, seen, tokens, usedBy } = yield* setUp
      const chat = yield* Chat.empty
      const { content } = yield* generate(chat, "list_events")
      assert.deepStrictEqual(content.map(({ type }) => type), ["tool-call", "finish", "tool-approval-request"])
      const call = one(yield* pending(chat))
      assert.deepInclude(call, { tool: "list_events", toolCallId: "call-1" })
      assert.strictEqual(call.consent?.provider, "calendar")
      assert.strictEqual(linkOf(call), link)

      yield* connectAs("alice", link)
      assert.isUndefined(one(yield* pending(chat)).consent)
      const response = yield* generate(chat, respondTo(call))
      assert.strictEqual(response.text, JSON.stringify(yield* usedBy("alice")))
      // One call of the model for each message, and none for the tool that had to wait.
      assert.lengthOf(seen, 2)
      assert.lengthOf(tokens, 1)
      assert.lengthOf(yield* pending(chat), 0)
      // The next call needs no approval.
      assert.include((yield* generate(chat, "list_events")).content.map(({ type }) => type), "tool-result")
      assert.lengthOf(tokens, 2)
    })))

  it.live("streams the same", () =>
    asAlice(Effect.gen(function*() {
      const { link, pending, seen, stream, usedBy } = yield* setUp
      const chat = yield* Chat.empty
      assert.include((yield* stream(chat, "list_events")).map(({ type }) => type), "tool-approval-request")
      const call = one(yield* pending(chat))
      yield* connectAs("alice", link)
      const parts = yield* stream(chat, respondTo(call))
      const text = parts.flatMap((part) => part.type === "text-delta" ? [part.delta] : []).join("")
      assert.strictEqual(text, JSON.stringify(yield* usedBy("alice")))
      assert.lengthOf(seen, 2)
    })))

  it.live("runs the tools that need no consent", () =>
    asAlice(Effect.gen(function*() {
      const { generate, pending } = yield* setUp
      const chat = yield* Chat.empty
      const { toolResults } = yield* generate(chat, "get_time list_events")
      assert.deepStrictEqual(toolResults.map(({ name, result }) => [name, result]), [["get_time", "noon"]])
      assert.strictEqual(one(yield* pending(chat)).tool, "list_events")
    })))

  it.live("is stored, and continues days later in another process", () =>
    program(Effect.gen(function*() {
      const { generate, link, pending, usedBy } = yield* setUp
      const control = yield* LocalControl.LocalControl
      const stored = yield* Effect.gen(function*() {
        const chat = yield* Chat.empty
        yield* generate(chat, "list_events")
        return yield* chat.exportJson
      }).pipe(World.as({ userId: "alice" }))
      assert.notInclude(stored, "http")
      yield* control.clock.advance("3 days")
      yield* Effect.gen(function*() {
        const chat = yield* Chat.fromJson(stored)
        const call = one(yield* pending(chat))
        assert.strictEqual(linkOf(call), link)
        yield* control.clock.reset
        yield* connectAs("alice", link)
        assert.strictEqual((yield* generate(chat, respondTo(call))).text, JSON.stringify(yield* usedBy("alice")))
      }).pipe(World.as({ userId: "alice" }))
    })))

  it.live("has the URL of a new session by default, and the application completes it", () =>
    asAlice(Effect.gen(function*() {
      const { Tools, generate, usedBy } = yield* setUp
      const chat = yield* Chat.empty
      yield* generate(chat, "list_events")
      const call = one(yield* CredentialTool.pending(Tools, yield* Ref.get(chat.history)))
      const { link, session } = call.consent ?? assert.fail("no consent")
      assert.include(Redacted.value(link), "/identities/oauth2/authorize?request_uri=")
      const store = yield* PendingConsents.PendingConsents
      yield* store.open({ session, user: { userId: "alice" } })
      const browser = yield* TestUser.make("someone@example.com")
      const origin = yield* World.originOf
      yield* browser.opens(`${origin}/sign-in/${encodeURIComponent("user=alice")}`)
      yield* browser.approves(link)
      assert.strictEqual((yield* generate(chat, respondTo(call))).text, JSON.stringify(yield* usedBy("alice")))
    })))
})

describe("an approval", () => {
  it.live("without consent gives the model a safe sentence, and the next call asks again", () =>
    asAlice(Effect.gen(function*() {
      const { generate, link, pending, tokens } = yield* setUp
      const chat = yield* Chat.empty
      yield* generate(chat, "list_events")
      const { text } = yield* generate(chat, respondTo(one(yield* pending(chat))))
      assert.deepStrictEqual(JSON.parse(text), { type: "execution-denied", reason: needed })
      yield* generate(chat, "list_events")
      assert.strictEqual(linkOf(one(yield* pending(chat))), link)
      assert.lengthOf(tokens, 0)
    })))

  it.live("that the user does not give runs nothing", () =>
    asAlice(Effect.gen(function*() {
      const { generate, link, pending, tokens } = yield* setUp
      const chat = yield* Chat.empty
      yield* generate(chat, "list_events")
      const call = one(yield* pending(chat))
      yield* connectAs("alice", link)
      assert.include((yield* generate(chat, respondTo(call, false))).text, "execution-denied")
      assert.lengthOf(tokens, 0)
    })))

  it.live("of the tool's own is asked for after the consent too", () =>
    asAlice(Effect.gen(function*() {
      const { generate, link, pending, usedBy } = yield* setUp
      yield* connectAs("alice", link)
      const chat = yield* Chat.empty
      yield* generate(chat, "delete_event")
      const call = one(yield* pending(chat))
      assert.isUndefined(call.consent)
      assert.strictEqual((yield* generate(chat, respondTo(call))).text, JSON.stringify(yield* usedBy("alice")))
    })))
})

const rejected = "This call was not approved"

describe("an approval in a stored chat", () => {
  /** A chat whose last message asks for an approval, and a function that approves in a copy of the chat. */
  const asked = (prompt: string, edit: (chat: string) => string = (chat) => chat) =>
    Effect.gen(function*() {
      const world = yield* setUp
      yield* connectAs("alice", world.link)
      const chat = yield* Chat.empty
      yield* world.generate(chat, prompt)
      const call = one((yield* Ref.get(chat.history)).content.flatMap(({ content }) =>
        (Predicate.isString(content) ? [] : content).flatMap((part) =>
          part.type === "tool-approval-request" ? [part] : []
        )
      ))
      const stored = edit(yield* chat.exportJson)
      const approve = (userId = "alice", responses = [true]) =>
        Effect.gen(function*() {
          const content = responses.map((approved) =>
            Prompt.makePart("tool-approval-response", { approvalId: call.approvalId, approved })
          )
          const copy = yield* Chat.fromJson(stored)
          return (yield* world.generate(copy, [{ role: "tool", content }], userId)).text
        }).pipe(World.as({ userId }))
      return { ...world, approve }
    })

  it.live("runs its call once, however often the chat is replayed", () =>
    asAlice(Effect.gen(function*() {
      const { approve, restarts } = yield* asked("restart")
      const texts = yield* Effect.all(Array.from({ length: 10 }, () => approve()), { concurrency: "unbounded" })
      assert.lengthOf(texts.filter((text) => text === JSON.stringify("restarted")), 1)
      assert.lengthOf(texts.filter((text) => text.includes(rejected)), 9)
      assert.include(yield* approve("alice", [false, true]), rejected)
      assert.strictEqual(restarts(), 1)
    })))

  it.live("runs once beside a denial, which only `effect/ai` sees", () =>
    asAlice(Effect.gen(function*() {
      const { approve, tokens } = yield* asked("delete_event")
      yield* approve("alice", [false])
      assert.lengthOf(tokens, 0)
      yield* approve("alice", [false, true])
      assert.include(yield* approve("alice", [false, true]), rejected)
      assert.lengthOf(tokens, 1)
    })))

  it.live.each([
    { change: "other parameters", from: "\"params\":{}", to: "\"params\":{\"where\":{\"id\":\"all\"}}" },
    { change: "another tool's name", from: "\"name\":\"delete_event\"", to: "\"name\":\"list_events\"" },
    { change: "another call's id", from: "\"call-1\"", to: "\"call-2\"" }
  ])("runs nothing with $change", ({ from, to }) =>
    asAlice(Effect.gen(function*() {
      const { approve, tokens } = yield* asked("delete_event", (chat) => {
        assert.include(chat, from)
        return chat.replaceAll(from, to)
      })
      assert.include(yield* approve(), rejected)
      assert.lengthOf(tokens, 0)
    })))

  it.live("runs its call if a database has sorted the parameters", () =>
    asAlice(Effect.gen(function*() {
      const { approve } = yield* asked("delete_event{\"where\":{\"id\":\"1\",\"day\":\"2\"}}", (chat) => {
        assert.include(chat, "{\"id\":\"1\",\"day\":\"2\"}")
        return chat.replaceAll("{\"id\":\"1\",\"day\":\"2\"}", "{\"day\":\"2\",\"id\":\"1\"}")
      })
      assert.match(yield* approve(), /^"used \w{12}"$/)
    })))

  it.live("runs nothing for another user, who has the consent too, and then its call for the user who was asked", () =>
    asAlice(Effect.gen(function*() {
      const { approve, link, tokens } = yield* asked("delete_event")
      yield* connectAs("bob", link)
      assert.include(yield* approve("bob"), rejected)
      assert.lengthOf(tokens, 0)
      assert.match(yield* approve(), /^"used \w{12}"$/)
    })))

  it.live("runs nothing if the request for it could not be stored", () =>
    asAlice(Effect.gen(function*() {
      const signals = yield* PendingConsents.ConsentSignals
      const failure = new PendingConsents.ConsentStoreError({ operation: "register", reason: "down" })
      const { approve, restarts } = yield* asked("restart").pipe(
        Effect.provideService(PendingConsents.ConsentSignals, { ...signals, register: () => Effect.fail(failure) })
      )
      assert.include(yield* approve(), rejected)
      assert.strictEqual(restarts(), 0)
    })))

  it.live("is not needed for a call that the program makes itself", () =>
    asAlice(Effect.gen(function*() {
      const { handle } = yield* setUp
      assert.strictEqual(yield* handle("restart", undefined), "restarted")
      assert.include(JSON.stringify(yield* handle("restart", "call-1")), rejected)
    })))
})

describe("two users", () => {
  it.live("of one toolkit get their own tokens in parallel", () =>
    program(Effect.gen(function*() {
      const { generate, link, usedBy } = yield* setUp
      yield* connectAs("alice", link)
      const turn = (userId: string) =>
        Effect.flatMap(Chat.empty, (chat) => generate(chat, "list_events", userId)).pipe(World.as({ userId }))
      const [, blocked] = yield* Effect.all([turn("alice"), turn("bob")], { concurrency: 2 })
      assert.lengthOf(blocked.toolResults, 0)
      yield* connectAs("bob", link)
      const both = yield* Effect.all([turn("alice"), turn("bob")], { concurrency: 2 })
      const used = [yield* usedBy("alice"), yield* usedBy("bob")]
      assert.deepStrictEqual(both.map(({ toolResults }) => one(toolResults).result), used)
      assert.notStrictEqual(used[0], used[1])
    })))

  it.live("cannot approve for each other: the approval of a stored chat runs as the caller of the request", () =>
    program(Effect.gen(function*() {
      const { generate, link, pending, tokens } = yield* setUp
      const chat = yield* Chat.empty
      yield* Effect.asVoid(generate(chat, "list_events")).pipe(World.as({ userId: "alice" }))
      yield* connectAs("alice", link)
      const { text } = yield* Effect.flatMap(
        pending(chat),
        (calls) => generate(chat, respondTo(one(calls)), "mallory")
      ).pipe(World.as({ userId: "mallory" }))
      assert.include(text, needed)
      assert.lengthOf(tokens, 0)
    })))
})

describe("nothing secret", () => {
  it.live("reaches the model, the stored chat, a log line or a span", () =>
    asAlice(Effect.gen(function*() {
      const { Tools, generate, link, pending, seen, tokens } = yield* setUp
      const recorder = yield* Recorder.make
      const chat = yield* Chat.empty
      const urls: Array<string> = []
      yield* Effect.gen(function*() {
        yield* generate(chat, "list_events")
        const { consent } = one(yield* CredentialTool.pending(Tools, yield* Ref.get(chat.history)))
        const { link: url, session } = consent ?? assert.fail("no consent")
        urls.push(Redacted.value(url), Redacted.value(session.sessionUri))
        yield* generate(chat, respondTo(one(yield* pending(chat))))
        yield* connectAs("alice", link)
        // The user has connected the calendar, and not the mail.
        const { toolResults } = yield* generate(chat, "send_mail")
        assert.deepStrictEqual(one(toolResults).encodedResult, { type: "execution-denied", reason: needed })
        const nested = yield* generate(chat, "nested_failure")
        assert.deepStrictEqual(one(nested.toolResults).encodedResult, {
          type: "execution-denied",
          reason: "The user has to connect an account first."
        })
      }).pipe(Effect.provide(recorder.layer))
      const stored = yield* chat.exportJson
      // Only spans may have links, those of the application.
      for (const text of [...seen, stored]) assert.notInclude(text, "http")
      assert.lengthOf(tokens, 1)
      const names = urls.map((url) => decodeURIComponent(url).split(":").at(-1) ?? "")
      Recorder.assertSecretFree([...seen, stored, ...yield* recorder.everything], [...tokens, ...names])
    })))

  it("is in the message of the error, and its encoded form has the link in clear", () => {
    // `CredentialTool` accepts no failure with a session.
    const session = ConsentSession.make({
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: [],
      sessionUri: Redacted.make("urn:sentinel"),
      authorizationUrl: Redacted.make("https://example.com/sentinel"),
      expiresAt: DateTime.makeUnsafe(0)
    })
    const error = new RequiresUserConsent({ session })
    assert.strictEqual(error.message, needed)
    assert.include(JSON.stringify(Schema.encodeSync(RequiresUserConsent)(error)), "sentinel")
  })
})

it.live("fails the request if AgentCore issues no token for another reason", () =>
  asAlice(Effect.gen(function*() {
    const { generate, seen } = yield* setUp
    const control = yield* LocalControl.LocalControl
    yield* control.faults.add({
      operation: "GetResourceOauth2Token",
      exception: "AccessDeniedException",
      count: 2
    })
    const error = yield* Effect.flip(Effect.flatMap(Chat.empty, (chat) => generate(chat, "list_events")))
    assert.strictEqual(error instanceof AiError.AiError && error.reason._tag, "UnknownError")
    assert.match(String(error), /GetResourceOauth2Token|list_events/)
    assert.lengthOf(seen, 1)
  })))
