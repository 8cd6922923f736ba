import { assert, describe, it } from "@effect/vitest"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"
import type * as Http from "node:http"
import { inspect } from "node:util"
import * as ConnectWorld from "../support/connectWorld.js"
import * as World from "../support/localWorld.js"
import { rounds } from "../support/rounds.js"
import * as Server from "../support/server.js"

interface Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly cookie: string
  readonly origin: string | undefined
  readonly body: string
}

const buttons = `<button name=d value=allow>Yes</button><button name=d value=deny>No</button>`

/** Runs a site with a table of routes by method and path. It records its requests. */
const site = (routes: Record<string, (request: Request, response: Http.ServerResponse) => void>) =>
  Effect.gen(function*() {
    const requests: Array<Request> = []
    const url = yield* Server.serve(async (incoming, response) => {
      const { pathname, search } = new URL(incoming.url ?? "/", "http://site")
      const chunks: Array<Buffer> = []
      for await (const chunk of incoming) {
        chunks.push(chunk)
      }
      const request = {
        method: incoming.method ?? "",
        path: pathname,
        query: search,
        cookie: incoming.headers.cookie ?? "",
        origin: incoming.headers.origin,
        body: Buffer.concat(chunks).toString()
      }
      requests.push(request)
      const respond = routes[`${request.method} ${pathname}`]
      if (respond === undefined) {
        response.writeHead(404).end("<h1>Not here</h1>")
      } else {
        respond(request, response)
      }
    })
    return { url, requests }
  })

const page = (html: string) => (_: Request, response: Http.ServerResponse) => void response.end(html)

const redirect =
  (location: string, status = 302, cookies: ReadonlyArray<string> = []) =>
  (_: Request, response: Http.ServerResponse) =>
    void response.writeHead(
      status,
      [["location", location], ...cookies.map((cookie): [string, string] => ["set-cookie", cookie])].flat()
    ).end()

const consent = (url: string, decision: "allow" | "deny" = "allow") =>
  Effect.flatMap(
    TestUser.make("O'Neill & <co>"),
    (user) => decision === "allow" ? user.approves(url) : user.denies(Redacted.make(url))
  )

describe("TestUser, on the pages of any site", () => {
  it.live("signs in, decides, follows every kind of redirect, and stops at a page without such a form", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* site({
        "GET /start": redirect("/login?x=1", 302, [
          "a=1; Path=/",
          "b=2; Path=/other",
          "dead=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ]),
        "GET /login": page(
          `<form method=post action="/login?a=1&amp;b=2"><input type='hidden' name="csrf" value="&quot;t&#x26;&#39;">`
            + `<input name=login><button>Go</button></form>`
        ),
        "POST /login": page(`<title>no</title><meta http-equiv="refresh" content="0; url=consent">`),
        "GET /consent": page(
          `<form action=/decide>${buttons}</form>`
        ),
        "GET /decide": redirect("/keep", 307),
        "GET /keep": redirect("done?code=1#fragment", 303),
        "GET /done": page(
          `<title>Hidden</title><style>p{}</style><h1>All &lt;done&gt;</h1><form action=/search><input name=q></form>`
        )
      })
      const final = yield* consent(`${url}/start`)
      assert.strictEqual(final.status, 200)
      assert.strictEqual(final.text, "All <done>")
      assert.strictEqual(Redacted.value(final.url), `${url}/done?code=1#fragment`)
      const login = requests.find(({ method }) => method === "POST")
      assert.strictEqual(login?.query, "?a=1&b=2")
      assert.deepStrictEqual([...new URLSearchParams(login?.body)], [["csrf", `"t&'`], ["login", "O'Neill & <co>"]])
      assert.strictEqual(login?.cookie, "a=1")
      assert.strictEqual(requests.find(({ path }) => path === "/decide")?.query, "?d=allow")
    }))

  it.live("denies", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* site({
        "GET /consent": page(
          `<form method=post action=/decide>${buttons}</form>`
        ),
        "POST /decide": redirect("/sent", 308),
        "POST /sent": page("Sorry")
      })
      assert.strictEqual((yield* consent(`${url}/consent`, "deny")).text, "Sorry")
      assert.strictEqual(requests.at(-1)?.body, "d=deny")
    }))

  it.live("presses the button of a connection once, as a browser does", () =>
    Effect.gen(function*() {
      const form =
        `<form method=post action=/go><input type=hidden name=t value=1><button name=action value=disconnect>No`
        + `</button><button name=action value=connect>Connect</button></form>`
      const { requests, url } = yield* site({ "GET /link": page(form), "POST /go": redirect("/link", 303) })
      assert.strictEqual((yield* consent(`${url}/link`)).status, 200)
      const sent = requests.filter(({ method }) => method === "POST")
      assert.deepStrictEqual(sent.map(({ body, origin }) => [body, origin]), [["t=1&action=connect", url]])
    }))

  it.live("stops at a redirect to an application", () =>
    Effect.gen(function*() {
      const { url } = yield* site({ "GET /": redirect("myapp://done?session_id=1") })
      const final = yield* consent(`${url}/`)
      assert.strictEqual(final.status, 302)
      assert.strictEqual(Redacted.value(final.url), "myapp://done?session_id=1")
    }))

  it.live("stops at an error page, and fills in no form there", () =>
    Effect.gen(function*() {
      const { url } = yield* site({
        "GET /": (_, response) => void response.writeHead(400).end(`<h1>Wrong</h1><form><input name=login></form>`)
      })
      const final = yield* consent(`${url}/`)
      assert.strictEqual(final.status, 400)
      assert.strictEqual(final.text, "Wrong")
    }))

  it.live("stores cookies between visits, and drops expired ones", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* site({
        "GET /set": redirect("/", 302, ["s=1; Path=/", "t=1; Path=/; Max-Age=100"]),
        "GET /clear": redirect("/", 302, ["s=; Path=/; Max-Age=0"]),
        "GET /": page("Home")
      })
      const user = yield* TestUser.make("alice")
      yield* user.opens(`${url}/set`)
      yield* user.opens(`${url}/`)
      yield* user.opens(`${url}/clear`)
      assert.deepStrictEqual(requests.filter(({ path }) => path === "/").map(({ cookie }) => cookie), [
        "s=1; t=1",
        "s=1; t=1",
        "t=1"
      ])
    }))

  it.live("reports where it stopped, without the secrets of the URL", () =>
    Effect.gen(function*() {
      const { url } = yield* site({
        "GET /loop": redirect("/loop?code=S3CR3T-IN-QUERY"),
        "GET /closed": redirect("http://127.0.0.1:1/gone?code=S3CR3T-IN-QUERY"),
        "GET /nonsense": redirect("http://[S3CR3T-IN-QUERY")
      })
      const stuck = (start: string) => Effect.flip(Effect.sandbox(consent(start)))
      const cases = [
        [`${url}/loop?code=S3CR3T-IN-QUERY`, "TooManySteps", `${url}/loop`],
        [`${url}/closed`, "Unreachable", "http://127.0.0.1:1/gone"],
        [`${url}/nonsense`, "InvalidUrl", "an invalid URL"],
        ["javascript:S3CR3T-IN-QUERY", "InvalidUrl", "a URL of the scheme javascript:"]
      ] as const
      for (const [start, reason, at] of cases) {
        const cause = yield* stuck(start)
        const error = Cause.squash(cause)
        assert.instanceOf(error, TestUser.TestUserError)
        assert.strictEqual(error.reason, reason)
        assert.strictEqual(error.at, at)
        assert.include(error.message, at)
        assert.notInclude(Cause.pretty(cause) + inspect(error) + JSON.stringify(error) + String(error), "S3CR3T")
      }
    }))
})

class Shown extends Data.TaggedClass("Shown")<{ readonly link: Redacted.Redacted }> {}

/** Requests a token of the user. Returns the token, the link that the application shows, or an error. */
const ask = (userId: string, returnUrl: string) =>
  Effect.flatMap(Identity.Identity, (identity) =>
    identity.getAccessToken({
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: World.scopes,
      returnUrl,
      consent: ({ authorizationUrl }) => Effect.fail(new Shown({ link: authorizationUrl }))
    })).pipe(
      World.as("agent", userId),
      Effect.match({
        onFailure: (error) => error._tag === "Shown" ? error : error._tag,
        onSuccess: (token) => String(World.claimsOf(token).sub)
      })
    )

const linkFor = (userId: string, returnUrl: string) =>
  Effect.map(
    ask(userId, returnUrl),
    (asked) => typeof asked === "string" ? assert.fail(`no link: ${asked}`) : asked.link
  )

/** Returns the subject of the user's token, or nothing. */
const subjectOf = (userId: string, returnUrl: string) =>
  Effect.map(ask(userId, returnUrl), (asked) => typeof asked === "string" ? asked : undefined)

describe("TestUser, over real servers", () => {
  it.live("approves, denies, forwards, clicks twice, returns late, and revokes", () =>
    Effect.gen(function*() {
      const control = yield* LocalControl.LocalControl
      const authorizationServer = yield* AuthorizationServer.AuthorizationServer
      const { returnUrl } = yield* World.setUp()
      const alice = yield* World.person("alice")
      const bob = yield* World.person("bob")
      const link = linkFor("alice", returnUrl)
      const result = subjectOf("alice", returnUrl)
      yield* control.snapshot("start")
      const begin = control.restore("start")

      const given = yield* alice.approves(yield* link)
      assert.include(given.text, "Consent given")
      assert.notInclude(JSON.stringify(given), "session_id")
      assert.strictEqual(yield* result, "alice")

      assert.strictEqual(yield* alice.revokes(authorizationServer), 1)
      yield* control.clock.advance("11 minutes")
      // The refresh token no longer works, and she is prompted again.
      assert.isUndefined(yield* result)

      yield* begin
      assert.include((yield* alice.denies(yield* link)).text, "Consent denied")
      assert.isUndefined(yield* result)

      yield* begin
      const forwarded = yield* alice.forwardsLinkTo(bob)(yield* link)
      assert.strictEqual(forwarded.status, 403)
      assert.isUndefined(yield* result)
      assert.isUndefined(yield* subjectOf("bob", returnUrl))

      yield* begin
      const pages = yield* alice.clicksTwice(yield* link)
      assert.deepStrictEqual(pages.map(({ text }) => text.includes("Consent given")).sort(), [false, true])
      assert.strictEqual(yield* result, "alice")

      yield* begin
      const late = yield* alice.returnsAfter(control.clock.advance("11 minutes"))(yield* link)
      assert.notInclude(late.text, "Consent given")
      assert.isAtLeast(late.status, 400)
      assert.isUndefined(yield* result)

      yield* begin
      yield* alice.returnsAfter(control.clock.advance("9 minutes"))(yield* link)
      assert.strictEqual(yield* result, "alice")
    }).pipe(Effect.provide(World.layerControlled)))

  it.live("presses the button of a page of http/Connect", () =>
    Effect.gen(function*() {
      const { calendar, origin } = yield* ConnectWorld.setUp
      const link = yield* Connect.link(calendar)
      const alice = yield* TestUser.make("alice")
      yield* alice.opens(`${origin}/sign-in/user=alice`)
      assert.include((yield* alice.denies(link)).text, "Consent denied")
      assert.include((yield* alice.approves(link)).text, "Consent given")
      assert.include((yield* alice.opens(link)).text, "Disconnect")
    }).pipe(Effect.provide(ConnectWorld.environment())))

  const seed = Number(process.env["AGENTCORE_FUZZ_SEED"] ?? Date.now() % 2 ** 31)

  it.live(`never returns a token to another user, for any actions (seed ${seed})`, () =>
    Effect.gen(function*() {
      const control = yield* LocalControl.LocalControl
      const authorizationServer = yield* AuthorizationServer.AuthorizationServer
      const { returnUrl } = yield* World.setUp()
      const names = ["alice", "mallory"] as const
      yield* control.snapshot("start")
      const name = FastCheck.constantFrom(...names)
      const steps = FastCheck.array(
        FastCheck.record({
          asker: name,
          actor: name,
          action: FastCheck.constantFrom(
            "approves",
            "denies",
            "opens",
            "clicksTwice",
            "forwards",
            "returns",
            "revokes"
          ),
          // A session lasts ten minutes.
          seconds: FastCheck.nat(3600)
        }),
        { minLength: 1, maxLength: 6 }
      )
      const run = Effect.runPromiseWith(yield* Effect.context<Effect.Services<ReturnType<typeof check>>>())
      const check = (given: typeof steps extends FastCheck.Arbitrary<infer A> ? A : never) =>
        Effect.gen(function*() {
          yield* control.restore("start")
          const alice = yield* World.person("alice")
          const mallory = yield* World.person("mallory")
          const users = { alice, mallory }
          for (const { action, actor, asker, seconds } of given) {
            const asked = yield* ask(asker, returnUrl)
            if (typeof asked === "string") continue
            const user = users[actor]
            const other = actor === "alice" ? mallory : alice
            const pages = action === "revokes"
              ? yield* Effect.as(user.revokes(authorizationServer), [])
              : action === "forwards"
              ? yield* user.forwardsLinkTo(other)(asked.link)
              : action === "returns"
              ? yield* user.returnsAfter(control.clock.advance(Duration.seconds(seconds)))(asked.link)
              : yield* user[action](asked.link)
            for (const { status, text } of Arr.ensure(pages)) assert.isBelow(status, 500, text)
          }
          for (const user of names) {
            const subject = yield* subjectOf(user, returnUrl)
            assert.isTrue(subject === undefined || subject === user, `${user} got a token of ${subject}`)
          }
        })
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(steps, (given) => run(check(given))),
          { seed, numRuns: rounds({ few: 15, full: 60 }) }
        )
      )
    }).pipe(Effect.provide(World.layerControlled)))
})
