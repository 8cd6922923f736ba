import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ForwardAuth from "effect-agentcore-identity/http/ForwardAuth"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as World from "../support/forwardAuth.js"
import * as Recorder from "../support/recorder.js"
import { insufficientScope, invalidToken } from "../support/resource.js"
import { failures, responses, secret, settleAndAdjust } from "../support/utils.js"

const errorOf = ({ body, headers, status }: World.Response) => {
  if (status !== 200) assert.strictEqual(JSON.parse(body).error, headers["x-agentcore-error"])
  return [status, headers["x-agentcore-error"]]
}

const allowed = [200, undefined]

const credentialOf = ({ headers }: World.Response): string => String(headers["x-agentcore-credential"])

describe("a session", () => {
  it.effect("gets the credentials of its user, in the header of the credential", () =>
    Effect.gen(function*() {
      const [alice, bob] = [yield* World.sessionOf("alice"), yield* World.sessionOf("bob")]
      const calendar = yield* World.ask(alice)
      assert.deepStrictEqual(errorOf(calendar), allowed)
      assert.strictEqual(calendar.headers.authorization, "Bearer token-of-alice")
      assert.strictEqual(calendar.headers["cache-control"], "no-store")
      assert.strictEqual((yield* World.ask(bob)).headers.authorization, "Bearer token-of-bob")
      const weather = yield* World.ask(bob, World.forwarded({ "X-Forwarded-Host": "weather.example.com:8443" }))
      assert.strictEqual(weather.headers["x-weather-key"], "Key key-of-bob")
      assert.isUndefined(weather.headers.authorization)
    }).pipe(Effect.provide(World.server())))

  it.effect("ends at its time, or when it is revoked", () =>
    Effect.gen(function*() {
      const long = yield* ForwardAuth.ForwardAuth.use(({ session }) => session({ userId: "alice" }))
      const short = yield* ForwardAuth.ForwardAuth.use(({ session }) =>
        session({ userId: "alice" }, { lifetime: "1 minute" })
      )
      const status = ({ token }: { readonly token: Redacted.Redacted }) =>
        Effect.map(World.ask(Redacted.value(token)), errorOf)
      assert.deepStrictEqual([yield* status(long), yield* status(short)], [allowed, allowed])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([yield* status(long), yield* status(short)], [allowed, [401, "invalid_session"]])
      yield* ForwardAuth.ForwardAuth.use(({ revoke }) => revoke(long.token))
      assert.deepStrictEqual(yield* status(long), [401, "invalid_session"])
      const { headers } = yield* World.ask(Redacted.value(long.token))
      assert.strictEqual(headers["www-authenticate"], "Bearer error=\"invalid_token\"")
    }).pipe(Effect.provide(World.server())))

  it.effect("is rejected if its user or its lifetime is invalid", () =>
    Effect.gen(function*() {
      const invalid = [Infinity, 0, -1, "0 seconds", NaN, 1e300, Duration.nanos(999_999n), "soon" as "1 hour"] as const
      for (const lifetime of invalid) {
        const error = yield* Effect.flip(
          ForwardAuth.ForwardAuth.use(({ session }) => session({ userId: "alice" }, { lifetime }))
        )
        assert.strictEqual(error._tag, "ValidationException", String(lifetime))
      }
      assert.strictEqual(
        (yield* Effect.flip(ForwardAuth.ForwardAuth.use(({ session }) => session({ userId: "" }))))._tag,
        "ValidationException"
      )
      yield* ForwardAuth.ForwardAuth.use(({ session }) => session({ userId: "alice" }, { lifetime: 1 }))
    }).pipe(Effect.provide(World.server())))

  it.live("of 1,000 at once never gets a token of another", () =>
    Effect.gen(function*() {
      const users = Array.from({ length: 1000 }, (_, index) => `user-${index}`)
      const sessions = yield* Effect.forEach(users, World.sessionOf)
      assert.lengthOf(new Set(sessions), 1000)
      const tokens = yield* Effect.forEach(
        sessions,
        (session) => Effect.map(World.ask(session), ({ headers }) => headers.authorization),
        { concurrency: 200 }
      )
      assert.deepStrictEqual(tokens, users.map((user) => `Bearer ${World.tokenOf(user)}`))
    }).pipe(Effect.provide(World.server())))

  it.effect("can be one of the program's own", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* World.ask("own")).headers.authorization, "Bearer token-of-carol")
      assert.deepStrictEqual(errorOf(yield* World.ask("other")), [401, "invalid_session"])
    }).pipe(
      Effect.provide(World.server({
        options: {
          caller: (bearer) =>
            Effect.succeed(Redacted.value(bearer) === "own" ? Option.some({ userId: "carol" }) : Option.none())
        }
      }))
    ))
})

describe("the caller of the program has 5 seconds", () => {
  const hour = Effect.sleep("1 hour")
  const callers: ReadonlyArray<readonly [name: string, caller: Effect.Effect<never, never, Scope.Scope>]> = [
    ["if it does not end", Effect.never],
    ["while it acquires a resource", Effect.andThen(Effect.acquireRelease(hour, () => Effect.void), Effect.never)],
    ["if its release takes longer", Effect.scoped(Effect.andThen(Effect.addFinalizer(() => hour), Effect.never))]
  ]

  for (const [name, caller] of callers) {
    it.effect(name, () => {
      const arrived = Deferred.makeUnsafe<void>()
      return Effect.gen(function*() {
        const response = yield* Effect.forkChild(World.ask("own"))
        yield* Deferred.await(arrived)
        yield* TestClock.adjust("5 seconds")
        const { headers, status } = yield* Fiber.join(response)
        assert.deepStrictEqual([status, headers["retry-after"]], [503, "5"])
      }).pipe(
        Effect.provide(World.server({
          options: { caller: () => Effect.andThen(Deferred.succeed(arrived, undefined), Effect.scoped(caller)) }
        }))
      )
    })
  }
})

describe("the headers of the request", () => {
  const invalid = [400, "invalid_request"]
  const foreign = [403, "origin_not_allowed"]
  const attacks: ReadonlyArray<readonly [name: string, headers: World.Headers, expected: unknown]> = [
    ["a host in upper case", World.forwarded({ "X-Forwarded-Host": "CALENDAR.Example.com" }), allowed],
    ["the default port", World.forwarded({ "X-Forwarded-Host": "calendar.example.com:443" }), allowed],
    ["an encoded path", World.forwarded({ "X-Forwarded-Uri": "/%2e%2e/%2F@evil.example.com?a=%0d%0a" }), allowed],
    ["a path of other bytes", World.forwarded({ "X-Forwarded-Uri": "/\x80\x85\xa0\\\"<>|" }), allowed],
    ["a path that looks like a host", World.forwarded({ "X-Forwarded-Uri": "//evil.example.com/" }), allowed],
    ["a trailing dot", World.forwarded({ "X-Forwarded-Host": "calendar.example.com." }), foreign],
    ["another port", World.forwarded({ "X-Forwarded-Host": "calendar.example.com:8443" }), foreign],
    ["plain http", World.forwarded({ "X-Forwarded-Proto": "http" }), foreign],
    ["a suffix", World.forwarded({ "X-Forwarded-Host": "calendar.example.com.evil.example.com" }), foreign],
    ["a subdomain", World.forwarded({ "X-Forwarded-Host": "x.calendar.example.com" }), foreign],
    ["an allowed IPv6 address", World.forwarded({ "X-Forwarded-Host": "[2001:0db8:0::0001]" }), allowed],
    ["another IPv6 address", World.forwarded({ "X-Forwarded-Host": "[2001:db8::2]" }), foreign],
    ["an address that embeds the allowed one", World.forwarded({ "X-Forwarded-Host": "2001:db8::1" }), invalid],
    ["TRACE, which can be echoed", World.forwarded({ "X-Forwarded-Method": "TRACE" }), foreign],
    ["TRACK, its name in some servers", World.forwarded({ "X-Forwarded-Method": "TRACK" }), foreign],
    ["user info", World.forwarded({ "X-Forwarded-Host": "calendar.example.com@evil.example.com" }), invalid],
    ["user info before it", World.forwarded({ "X-Forwarded-Host": "evil:x@calendar.example.com" }), invalid],
    ["an encoded host", World.forwarded({ "X-Forwarded-Host": "calendar%2eexample.com" }), invalid],
    ["a path in the host", World.forwarded({ "X-Forwarded-Host": "calendar.example.com/x" }), invalid],
    ["a backslash in the host", World.forwarded({ "X-Forwarded-Host": "calendar.example.com\\.evil" }), invalid],
    ["two hosts in one header", World.forwarded({ "X-Forwarded-Host": "calendar.example.com,evil" }), invalid],
    ["an absolute target", World.forwarded({ "X-Forwarded-Uri": "https://evil.example.com/" }), invalid],
    ["a port without a number", World.forwarded({ "X-Forwarded-Host": "calendar.example.com:" }), invalid],
    ["a port that is too large", World.forwarded({ "X-Forwarded-Host": "calendar.example.com:99999" }), invalid],
    ["another scheme", World.forwarded({ "X-Forwarded-Proto": "wss" }), invalid],
    ...["Method", "Proto", "Host", "Uri"].flatMap((name) => {
      const header = `X-Forwarded-${name}`
      const [, value = ""] = World.forwarded().find(([name]) => name === header) ?? []
      return [
        [`no ${header}`, World.forwarded({ [header]: undefined }), invalid],
        [`${header} twice`, [...World.forwarded(), [header, value]], invalid]
      ] as const
    }),
    ["the other form too", [...World.forwarded(), ["X-Original-URL", "https://evil.example.com/"]], invalid],
    ["the other form only", [["X-Original-URL", `${World.calendarOrigin}/`], ["X-Original-Method", "GET"]], invalid]
  ]

  it.effect("allow the declared origins only, and every header that is unclear is rejected", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      for (const [name, headers, expected] of attacks) {
        assert.deepStrictEqual(errorOf(yield* World.ask(session, headers)), expected, name)
      }
    }).pipe(Effect.provide(World.server())))

  it.effect("are those of nginx, if the option trusts them", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const original = (url: string, ...more: World.Headers): World.Headers => [
        ["X-Original-URL", url],
        ["X-Original-Method", "POST"],
        ...more
      ]
      const cases: ReadonlyArray<readonly [headers: World.Headers, expected: unknown]> = [
        [original(`${World.calendarOrigin}/events?q=a%20b`), allowed],
        [original(`${World.calendarOrigin}?q`), allowed],
        [original(`${World.calendarOrigin}/`, ["X-Forwarded-Host", "evil.example.com"]), allowed],
        [original("https://evil.example.com/calendar.example.com"), foreign],
        [original(`${World.calendarOrigin}@evil.example.com/`), invalid],
        [original(`${World.calendarOrigin}\\@evil.example.com/`), invalid],
        [original(`${World.calendarOrigin}#@evil.example.com/`), invalid],
        [original(`${World.calendarOrigin}/`, ["X-Original-URL", `${World.calendarOrigin}/`]), invalid],
        [original(`${World.calendarOrigin}/`, ["X-Forwarded-Uri", "/"]), invalid],
        [original("/events"), invalid],
        [World.forwarded(), invalid]
      ]
      for (const [headers, expected] of cases) {
        assert.deepStrictEqual(errorOf(yield* World.ask(session, headers)), expected, JSON.stringify(headers))
      }
    }).pipe(Effect.provide(World.server({ options: { trust: "X-Original" } }))))

  it.effect("have one bearer", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      for (const bearer of ["", `${session},${session}`, `${session} x`, session.slice(1), `${session}=`]) {
        assert.deepStrictEqual(errorOf(yield* World.ask(bearer)), [401, "invalid_session"], bearer)
      }
    }).pipe(Effect.provide(World.server())))
})

describe("a user who has not consented", () => {
  it.effect("has connected another account: its token reaches no sandbox", () =>
    Effect.gen(function*() {
      const response = yield* World.ask(yield* World.sessionOf("alice"))
      assert.deepStrictEqual(errorOf(response), [401, "consent_required"])
      assert.notInclude(JSON.stringify(response), World.tokenOf("alice"))
    }).pipe(Effect.provide(World.server({
      links: World.makeConnect({
        calendar: { account: () => Effect.succeed({ id: "1", label: "mallory" }), expect: () => false }
      }),
      script: {
        getResourceOauth2Token: ({ forceAuthentication }) =>
          forceAuthentication === true ? responses.consent : responses.issued(World.tokenOf("alice"))
      }
    }))))

  it.effect("is asked again when the vendor has revoked the grant", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const asking = yield* Effect.forkChild(World.ask(session))
      // The vendor is asked twice.
      yield* Effect.repeat(settleAndAdjust("1 second"), { until: () => asking.pollUnsafe() !== undefined })
      const response = yield* Fiber.join(asking)
      assert.deepStrictEqual(errorOf(response), [401, "consent_required"])
      assert.strictEqual(JSON.parse(response.body).link, "https://app.example.com/connect/calendar")
    }).pipe(Effect.provide(World.server({
      links: World.makeConnect({ calendar: { account: () => Effect.fail({ status: 401 }), expect: () => true } }),
      script: {
        getResourceOauth2Token: ({ forceAuthentication }) =>
          forceAuthentication === true ? responses.consent : responses.issued(World.tokenOf("alice"))
      }
    }))))
})

describe("a failure", () => {
  it.effect("of AgentCore is 429 or 503, with Retry-After", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      for (const expected of [429, 503, 503, 503, 503]) {
        const { headers, status } = yield* World.ask(session)
        assert.strictEqual(status, expected)
        assert.match(String(headers["retry-after"]), /^\d+$/)
      }
    }).pipe(
      Effect.provide(World.server({
        script: {
          getResourceOauth2Token: [
            failures.throttling,
            failures.internal,
            failures.lost,
            failures.denied,
            responses.failed
          ]
        }
      }))
    ))

  it.effect("of a key that a header cannot carry is 503, and the log says so without the key", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const weather = World.forwarded({ "X-Forwarded-Host": "weather.example.com:8443" })
      const response = yield* Effect.flatMap(World.sessionOf("alice"), (session) => World.ask(session, weather)).pipe(
        Effect.provide(World.server({
          script: { getResourceApiKey: () => Effect.succeed({ apiKey: secret("key\r\nEvil: 1") }) }
        })),
        Effect.provide(recorder.layer)
      )
      assert.deepStrictEqual(errorOf(response), [503, "unavailable"])
      const logged = (yield* recorder.everything).join("\n")
      assert.include(logged, "EncodeError: the credential has characters that no header can carry")
      assert.notInclude(JSON.stringify(response) + logged, "Evil")
    }))
})

describe("a report of the proxy", () => {
  const report = (status: number, credential: string, challenge?: string) =>
    World.forwarded({ "X-AgentCore-Rejected": `${status} ${credential}`, "X-AgentCore-Challenge": challenge })

  const requests = Effect.map(
    Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ callsOf }) => callsOf("getResourceOauth2Token")),
    (calls) => calls.map(({ request: { forceAuthentication = false, scopes } }) => ({ scopes, forceAuthentication }))
  )

  /** The same token until `forceAuthentication`. A token names its scopes. */
  const vault = () => {
    let version = 1
    return {
      getResourceOauth2Token: ({ forceAuthentication, scopes }) =>
        responses.issued(`${scopes.join("+")}-${forceAuthentication === true ? ++version : version}`)
    } satisfies ScriptedPlanes.Script
  }

  const withOptions = (
    options: {
      readonly reauthenticate?: boolean
      readonly stepUp?: boolean
      readonly maxScopes?: ReadonlyArray<string>
    }
  ) =>
    World.server({
      script: vault(),
      options: { credentials: [{ credential: World.Calendar, origins: [World.calendarOrigin], ...options }] }
    })

  it.effect("renews the credential once, also when several requests report it", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const stale = credentialOf(yield* World.ask(session))
      for (let times = 0; times < 3; times++) {
        const { headers } = yield* World.ask(session, report(401, stale, invalidToken))
        assert.strictEqual(headers.authorization, "Bearer read-2")
      }
      assert.lengthOf((yield* requests).filter(({ forceAuthentication }) => forceAuthentication), 1)
    }).pipe(Effect.provide(withOptions({ reauthenticate: true }))))

  it.effect("is ignored if it names no credential of the session", () =>
    Effect.gen(function*() {
      const [alice, bob] = [yield* World.sessionOf("alice"), yield* World.sessionOf("bob")]
      const foreign = credentialOf(yield* World.ask(bob))
      for (const name of [foreign, "x".repeat(43), "", `${foreign} ${foreign}`]) {
        const { headers } = yield* World.ask(alice, report(401, name, invalidToken))
        assert.strictEqual(headers.authorization, "Bearer read-1")
      }
      assert.isTrue((yield* requests).every(({ forceAuthentication }) => !forceAuthentication))
    }).pipe(Effect.provide(withOptions({ reauthenticate: true }))))

  it.effect("without another credential is 403", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const stale = credentialOf(yield* World.ask(session))
      assert.deepStrictEqual(errorOf(yield* World.ask(session, report(401, stale))), [403, "credential_rejected"])
      // A resource that is forbidden does not reject the credential.
      assert.deepStrictEqual(errorOf(yield* World.ask(session, report(403, stale))), allowed)
    }).pipe(Effect.provide(withOptions({}))))

  it.effect("steps up within maxScopes", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const narrow = credentialOf(yield* World.ask(session))
      const { headers } = yield* World.ask(session, report(403, narrow, insufficientScope("write")))
      assert.strictEqual(headers.authorization, "Bearer read+write-1")
      const more = yield* World.ask(session, report(403, narrow, insufficientScope("admin")))
      assert.deepStrictEqual(errorOf(more), [403, "insufficient_scope"])
    }).pipe(Effect.provide(withOptions({ stepUp: true, maxScopes: ["write"] }))))

  it.effect("steps up to no token of a wrong account", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const narrow = credentialOf(yield* World.ask(session))
      const response = yield* World.ask(session, report(403, narrow, insufficientScope("write")))
      assert.deepStrictEqual(errorOf(response), [403, "insufficient_scope"])
      assert.notInclude(JSON.stringify(response), "mallory")
    }).pipe(
      Effect.provide(World.server({
        links: World.makeConnect({
          calendar: {
            account: (token) => Effect.succeed({ id: "1", label: Redacted.value(token) }),
            expect: ({ userId }, { label }) => label === userId
          }
        }),
        script: {
          getResourceOauth2Token: ({ forceAuthentication, scopes }) =>
            forceAuthentication === true
              ? responses.consent
              : responses.issued(scopes.length === 1 ? "alice" : "mallory")
        },
        options: { credentials: [{ credential: World.Calendar, origins: [World.calendarOrigin], stepUp: true }] }
      }))
    ))

  it.effect("does not step up to scopes that no link is for", () =>
    Effect.gen(function*() {
      const session = yield* World.sessionOf("alice")
      const narrow = credentialOf(yield* World.ask(session))
      const response = yield* World.ask(session, report(403, narrow, insufficientScope("write")))
      assert.deepStrictEqual(errorOf(response), [403, "insufficient_scope"])
    }).pipe(
      Effect.provide(World.server({
        script: {
          getResourceOauth2Token: ({ scopes }) => scopes.length === 1 ? responses.issued("narrow") : responses.consent
        },
        options: { credentials: [{ credential: World.Calendar, origins: [World.calendarOrigin], stepUp: true }] }
      }))
    ))
})

describe("the server", () => {
  it.live("has no credential and no session in its spans and logs", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const weather = World.forwarded({ "X-Forwarded-Host": "weather.example.com:8443" })
      const secrets = yield* Effect.gen(function*() {
        const session = yield* World.sessionOf("alice")
        const answers = [yield* World.ask(session), yield* World.ask(session, weather)]
        assert.deepStrictEqual(answers.map(({ status }) => status), [200, 200])
        return [session, "token-of-alice", "key-of-alice", ...answers.map(credentialOf)]
      }).pipe(
        Effect.provide(World.server()),
        Effect.provide([recorder.layer, Layer.succeed(HttpMiddleware.TracerHeaderFilter, () => true)])
      )
      const text = (yield* recorder.everything).join("\n")
      // The spans of the server are there, with their headers.
      assert.include(text, "http.request.header.x-forwarded-uri")
      assert.include(text, "http.response.header.cache-control")
      for (const secret of secrets) assert.notInclude(text, secret)
    }))
})

describe("invalid options", () => {
  const own = { credential: World.Calendar, origins: [World.calendarOrigin] } as const
  class Foreign extends AccessToken.Tag<Foreign>()("forwardAuth/Foreign", {
    provider: "foreign",
    flow: "USER_FEDERATION"
  }) {}
  const cases: ReadonlyArray<readonly [Partial<ForwardAuth.Options>, string]> = [
    [{ workload: "x" }, "name"],
    [{ trust: "Forwarded" as "X-Original" }, "trust"],
    [{ credentials: [own, { ...own, origins: ["https://CALENDAR.example.com:443"] }] }, "credentials[1].origins"],
    [{ credentials: [{ ...own, origins: ["http://calendar.example.com"] }] }, "plain http"],
    [{ credentials: [{ ...own, credential: Foreign }] }, "one of the credentials of Connect"],
    [{ credentials: [{ credential: World.Weather, origins: ["https://a.example"], header: "a b" }] }, "header"]
  ]
  for (const [options, expected] of cases) {
    it.effect(`are defects: ${expected}`, () =>
      Effect.gen(function*() {
        const cause = yield* Effect.flip(Effect.sandbox(Effect.scoped(Layer.build(World.server({ options })))))
        assert.include(Cause.pretty(cause), expected)
      }))
  }
})
