import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Http from "node:http"
import { inspect } from "node:util"
import * as Utils from "./local/utils.js"
import * as SimulatedUser from "./simulatedUser.js"

interface Request {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly cookie: string
  readonly body: string
}

const buttons = `<button name=d value=allow>Yes</button><button name=d value=deny>No</button>`

/** Runs a site with a table of answers by method and path. It records its requests. */
const site = (answers: Record<string, (request: Request, response: Http.ServerResponse) => void>) =>
  Effect.gen(function*() {
    const requests: Array<Request> = []
    const url = yield* Utils.httpServer(async (incoming, response) => {
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
        body: Buffer.concat(chunks).toString()
      }
      requests.push(request)
      const answer = answers[`${request.method} ${pathname}`]
      if (answer === undefined) {
        response.writeHead(404).end("<h1>Not here</h1>")
      } else {
        answer(request, response)
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
  SimulatedUser.consent({ authorizationUrl: Redacted.make(url), userName: "O'Neill & <co>", decision })

describe("simulatedUser", () => {
  it.scopedLive("signs in, decides, follows every kind of redirect, and ends at a page without such a form", () =>
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

  it.scopedLive("refuses", () =>
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

  it.scopedLive("ends at a redirect to an application", () =>
    Effect.gen(function*() {
      const { url } = yield* site({ "GET /": redirect("myapp://done?session_id=1") })
      const final = yield* consent(`${url}/`)
      assert.strictEqual(final.status, 302)
      assert.strictEqual(Redacted.value(final.url), "myapp://done?session_id=1")
    }))

  it.scopedLive("ends at an error page, and fills in no form there", () =>
    Effect.gen(function*() {
      const { url } = yield* site({
        "GET /": (_, response) => void response.writeHead(400).end(`<h1>Wrong</h1><form><input name=login></form>`)
      })
      const final = yield* consent(`${url}/`)
      assert.strictEqual(final.status, 400)
      assert.strictEqual(final.text, "Wrong")
    }))

  it.scopedLive("keeps cookies between visits, and drops expired ones", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* site({
        "GET /set": redirect("/", 302, ["s=1; Path=/", "t=1; Path=/; Max-Age=100"]),
        "GET /clear": redirect("/", 302, ["s=; Path=/; Max-Age=0"]),
        "GET /": page("Home")
      })
      const user = yield* SimulatedUser.make
      yield* user.visit(Redacted.make(`${url}/set`))
      yield* user.visit(Redacted.make(`${url}/`))
      yield* user.visit(Redacted.make(`${url}/clear`))
      assert.deepStrictEqual(requests.filter(({ path }) => path === "/").map(({ cookie }) => cookie), [
        "s=1; t=1",
        "s=1; t=1",
        "t=1"
      ])
    }))

  it.scopedLive("reports where it stopped, without the secrets of the URL", () =>
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
        assert.instanceOf(error, SimulatedUser.SimulatedUserError)
        assert.strictEqual(error.reason, reason)
        assert.strictEqual(error.at, at)
        assert.include(error.message, at)
        assert.notInclude(Cause.pretty(cause) + inspect(error) + JSON.stringify(error) + String(error), "S3CR3T")
      }
    }))
})
