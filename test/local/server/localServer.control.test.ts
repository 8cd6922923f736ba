/** The control at `/_local/`: the callers and the requests that it rejects. */
import { assert, describe, it } from "@effect/vitest"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"
import { networkInterfaces } from "node:os"
import { rounds } from "../../support/rounds.js"
import * as Wire from "../../support/wire.js"

const seed = Number(process.env["AGENTCORE_FUZZ_SEED"] ?? Date.now() % 2 ** 31)

const setup = {
  workloadIdentities: [{ name: "agent" }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("sentinel-weather-key") }]
}

const token = Effect.map(LocalIdentity.LocalServer, ({ controlToken }) => Redacted.value(controlToken))

const send = (
  path: string,
  body: unknown = {},
  more: { readonly method?: string; readonly headers?: Record<string, string>; readonly token?: string } = {}
) =>
  Effect.gen(function*() {
    return yield* Wire.send(yield* Wire.url, {
      method: more.method ?? "POST",
      path: path.startsWith("/") ? path : `/_local/${path}`,
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${more.token ?? (yield* token)}`,
        ...more.headers
      },
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
  })

const get = (path: string) => send(path, "", { method: "GET" })

/** Everything that an action could change. */
const content = Effect.gen(function*() {
  const control = yield* LocalControl.LocalControl
  const { offset } = yield* control.clock.state
  const names = yield* Wire.call("/identities/ListApiKeyCredentialProviders", {})
  return [
    offset,
    names.text,
    yield* control.snapshots,
    yield* control.faults.list,
    (yield* control.consents.list).length,
    (yield* control.grants.list).length
  ]
})

const unchanged = <E, R>(effect: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const before = yield* content
    yield* effect
    assert.deepStrictEqual(yield* content, before)
  })

const actions = [
  "reset",
  "seed",
  "snapshot",
  "restore",
  "clock",
  "faults",
  "faults/remove",
  "faults/clear",
  "consents/open",
  "consents/approve",
  "consents/deny",
  "consents/expire",
  "grants/expire",
  "grants/revoke",
  "grants/forget"
]

const reads = [
  "clock",
  "snapshots",
  "faults",
  "requests",
  "consents",
  "grants",
  "resources",
  "server",
  "events"
]

const valid: Record<string, object> = {
  snapshot: { name: "one" },
  clock: { advance: "1 hour" },
  faults: { operation: "*", cut: true },
  seed: { apiKeyCredentialProviders: [{ name: "other", apiKey: "x" }] }
}

const errorOf = ({ status, text }: Wire.Response) => [status, JSON.parse(text).error]

const server = Wire.server({ setup })

describe("/_local/", () => {
  it.live("rejects every request without the token, with a foreign host name, or from a page of another site", () =>
    unchanged(Effect.gen(function*() {
      const right = yield* token
      const rejected = [
        [401, { token: "" }],
        [401, { token: right.slice(1) }],
        [401, { token: `${right}x` }],
        [401, { headers: { authorization: right } }],
        [401, { headers: { authorization: Wire.authorization } }],
        [403, { headers: { host: "evil.example.com" } }],
        [403, { headers: { origin: "https://evil.example.com" } }],
        [403, { headers: { origin: "null" } }],
        [403, { headers: { referer: "http://127.0.0.1:9/page" } }],
        [403, { headers: { "sec-fetch-site": "cross-site" } }],
        [403, { headers: { "sec-fetch-site": "same-site" } }]
      ] as const
      for (const [status, more] of rejected) {
        for (const path of [...actions, "console", "none"]) {
          const response = yield* send(path, valid[path] ?? {}, more)
          assert.strictEqual(response.status, status, `${path} ${JSON.stringify(more)}`)
          assert.isUndefined(response.headers["access-control-allow-origin"])
          assert.strictEqual(response.headers["cache-control"], "no-store")
          assert.notInclude(response.text, right)
        }
        for (const path of reads) assert.strictEqual((yield* send(path, "", { method: "GET", ...more })).status, status)
      }
      // A preflight request of a browser.
      assert.strictEqual((yield* send("reset", "", { method: "OPTIONS", token: "" })).status, 401)
    })).pipe(Effect.provide(server)))

  it.live("rejects an invalid request with the reason, and changes nothing", () =>
    unchanged(Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [path: string, body: unknown, message: string]> = [
        ["reset", "{", "The body of the request must be a JSON object in UTF-8"],
        ["reset", "[]", "The body of the request must be a JSON object in UTF-8"],
        ["snapshot", {}, "name is missing"],
        ["snapshot", { name: "a b" }, "The name of a snapshot has 1 to 64 letters"],
        ["clock", { advance: [] }, "advance must be a number or a string, but is a list"],
        ["clock", { reset: false }, "reset must be one of [true], but is a boolean"],
        ["clock", {}, "The body has either advance, set or reset"],
        ["clock", { advance: 1, reset: true }, "The body has either advance, set or reset"],
        ["restore", {}, "name is missing"],
        ["clock", { advance: "soon" }, "advance is a duration such as"],
        ["clock", { advance: -1 }, "advance is a duration such as"],
        ["clock", { set: "tomorrow" }, "set is a time in ISO 8601"],
        ["clock", { advance: "1000000000 days" }, "The time is out of range"],
        ["faults", { operation: "*", exception: "ThrotlingException" }, "; did you mean 'ThrottlingException'?"],
        ["faults", { operation: "Nothing", cut: true }, "`operation` is the AWS name of an operation"],
        ["faults", { operation: "*", cut: "yes" }, "cut must be true or false, but is a string"],
        ["faults", { endpoint: "tokn" }, "endpoint is not a known value; did you mean 'token'?"],
        ["faults", { message: "sentinel".repeat(200) }, "message must have length less than or equal to 1024"],
        ["consents/open", { sessionUri: "urn:x" }, "id is missing"],
        ["consents/approve", {}, "The body names the session by either id or sessionUri"],
        ["seed", { workloadIdentities: [{ name: "?sentinel" }] }, "workloadIdentities[0].name"],
        ["seed", { apiKeyCredentialProviders: [{ name: "x", apiKey: { $env: "PATH" } }] }, "has no {\"$env\"}"],
        ["seed", { tags: { deep: { $env: "HOME" } } }, "has no {\"$env\"}"]
      ]
      for (const [path, body, message] of wrong) {
        const response = yield* send(path, body)
        assert.strictEqual(response.status, 400, response.text)
        assert.include(JSON.parse(response.text).message, message)
        assert.notInclude(response.text, "sentinel")
      }
      assert.deepStrictEqual(errorOf(yield* send("restore", { name: "none" })), [404, "LocalControlError"])
      assert.deepStrictEqual(errorOf(yield* send("faults/remove", { id: "none" })), [404, "LocalControlError"])
      assert.deepStrictEqual(errorOf(yield* send("consents/deny", { id: "none" })), [404, "SessionError"])
      assert.deepStrictEqual(errorOf(yield* send("grants/forget", { id: "none" })), [404, "GrantError"])
      assert.deepStrictEqual(errorOf(yield* send("none")), [404, "NotFound"])
      assert.deepStrictEqual(errorOf(yield* send("/_local/reset/more")), [404, "NotFound"])
      assert.deepStrictEqual(errorOf(yield* get("reset")), [405, "MethodNotAllowed"])
      assert.strictEqual((yield* send("grants")).headers["allow"], "GET")
      assert.deepStrictEqual(
        errorOf(yield* send("reset", "{}", { headers: { "content-type": "text/plain" } })),
        [415, "UnsupportedMediaType"]
      )
      assert.strictEqual((yield* send("seed", " ".repeat(1024 * 1024 + 1))).status, 413)
    })).pipe(Effect.provide(server)))

  it.live("rejects an unknown property in one sentence", () =>
    unchanged(Effect.gen(function*() {
      const wrong: ReadonlyArray<readonly [path: string, body: unknown, message: string]> = [
        ["clock", { advnce: "2 hours" }, "advnce is not a known property; did you mean 'advance'?"],
        ["clock", { rest: true, advance: 1 }, "rest is not a known property; did you mean 'reset'?"],
        ["clock", { soon: "x" }, "soon is not one of the known properties [advance, set, reset]"],
        ["restore", { nmae: "x" }, "nmae is not a known property; did you mean 'name'?"],
        ["faults", { excepton: "x" }, "excepton is not a known property; did you mean 'exception'?"],
        ["consents/deny", { sessionURI: "x" }, "sessionURI is not a known property; did you mean 'sessionUri'?"],
        ["reset", { all: true }, "all is not a known property"]
      ]
      for (const [path, body, message] of wrong) {
        assert.deepStrictEqual(JSON.parse((yield* send(path, body)).text), { error: "BadRequest", message })
      }
    })).pipe(Effect.provide(server)))

  it.live("rejects a body that is nested too deeply, for every action", () =>
    unchanged(Effect.gen(function*() {
      const deep = [
        `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
        `${"{\"a\":".repeat(50_000)}1${"}".repeat(50_000)}`
      ]
      for (const path of [...actions, "console", "console/token"]) {
        for (const property of ["name", "reset"]) {
          for (const value of deep) {
            const response = yield* send(path, `{"${property}":${value}}`)
            assert.deepStrictEqual(errorOf(response), [400, "BadRequest"], `${path} ${property}`)
            assert.include(response.text, "at most 100 levels")
          }
        }
      }
    })).pipe(Effect.provide(server)))

  it.live(`survives random requests, and changes nothing when the token is missing (seed ${seed})`, () =>
    Effect.gen(function*() {
      const runtime = yield* Effect.context<LocalIdentity.LocalServer | LocalControl.LocalControl>()
      const request = FastCheck.record({
        path: FastCheck.oneof(
          FastCheck.constantFrom(...actions, ...reads.filter((path) => path !== "events")),
          FastCheck.webPath().map((path) => path.slice(1))
        ),
        method: FastCheck.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD"),
        body: FastCheck.oneof(FastCheck.json(), FastCheck.string(), FastCheck.constantFrom(...Object.values(valid)))
      })
      yield* unchanged(Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(request, FastCheck.base64String(), async ({ body, method, path }, wrong) => {
            const text = typeof body === "string" ? body : JSON.stringify(body)
            const response = await Effect.runPromise(
              Effect.provide(send(`/_local/${path}`, text, { method, token: wrong }), runtime)
            )
            assert.strictEqual(response.status, 401)
          }),
          { seed, numRuns: rounds({ few: 200, full: 1000 }) }
        )
      ))
      // With the token, the response is clear, and the server never fails.
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(request, async ({ body, method, path }) => {
            const text = typeof body === "string" ? body : JSON.stringify(body)
            const response = await Effect.runPromise(
              Effect.provide(send(`/_local/${path}`, text, { method }), runtime)
            )
            assert.isBelow(response.status, 500, `${path} ${response.text}`)
            if (method !== "HEAD") assert.isObject(JSON.parse(response.text))
          }),
          { seed, numRuns: rounds({ few: 200, full: 1000 }) }
        )
      )
    }).pipe(Effect.provide(server)))

  it.live("rejects other machines, even when they can reach the server", () =>
    Effect.gen(function*() {
      const address = Object.values(networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal)
      // Without a network, no other address reaches the server.
      if (address === undefined) return
      const { port } = new URL(yield* Wire.url)
      const response = yield* Wire.send(`http://${address.address}:${port}`, {
        path: "/_local/reset",
        headers: { authorization: `Bearer ${yield* token}`, "content-type": "application/json" },
        body: "{}"
      })
      assert.strictEqual(response.status, 403, response.text)
      assert.strictEqual((yield* send("reset")).status, 200)
    }).pipe(Effect.provide(Wire.server({ host: "0.0.0.0", allowRemote: true }))))

  it.live("keeps its token out of pages and recorded requests", () =>
    Effect.gen(function*() {
      yield* send("clock", { advance: "1 minute" })
      const page = yield* Wire.page(`${yield* Wire.url}/`)
      assert.notInclude(page.text, yield* token)
      assert.notInclude((yield* get("requests")).text, yield* token)
      const local = yield* LocalIdentity.LocalServer
      assert.notInclude(JSON.stringify(local), yield* token)
    }).pipe(Effect.provide(server)))

  it.live("describes the server and its resources, without a recorded request and without faults", () =>
    Effect.gen(function*() {
      yield* send("faults", { operation: "*", cut: true })
      const resources = JSON.parse((yield* get("resources")).text)
      assert.deepStrictEqual(resources.workloadIdentities, {
        items: [{ name: "agent", allowedResourceOauth2ReturnUrls: [] }],
        more: false
      })
      assert.deepStrictEqual(resources.credentialProviders.items, [{ name: "weather", kind: "API key" }])
      const { environment, operations, secrets, url } = JSON.parse((yield* get("server")).text)
      assert.strictEqual(url, yield* Wire.url)
      assert.include(operations, "GetResourceApiKey")
      assert.deepStrictEqual(secrets, ["SENTINEL", "AGENTCORE_LOCAL_TOKEN"])
      assert.deepInclude(environment, {
        SENTINEL: "sentinel",
        AGENTCORE_LOCAL_TOKEN: yield* token,
        AWS_ENDPOINT_URL_STS: url
      })
      const page = yield* Wire.page(`${url}/`)
      assert.strictEqual(page.status, 404)
      assert.notInclude(page.text, "sentinel")
      assert.deepStrictEqual(JSON.parse((yield* get("requests")).text), { requests: [] })
    }).pipe(Effect.provide(Wire.server({ setup, secretEnvironment: { SENTINEL: Redacted.make("sentinel") } }))))

  it.live("keeps the dates of signatures and of HTTP real", () =>
    Effect.gen(function*() {
      yield* send("clock", { advance: "30 days" })
      const response = yield* get("clock")
      assert.isBelow(Math.abs(Date.parse(String(response.headers["date"])) - Date.now()), 60_000)
      assert.isAbove(Date.parse(JSON.parse(response.text).now) - Date.now(), 29 * 24 * 60 * 60_000)
    }).pipe(Effect.provide(server)))

  it.live("records the status of every request, also when it reaches no operation", () =>
    Effect.gen(function*() {
      yield* Wire.call("/identities/ListWorkloadIdentities", "{")
      const response = yield* Wire.call("/identities/ListWorkloadIdentities", {})
      const { requests } = JSON.parse((yield* get("requests")).text)
      assert.deepInclude(requests[0], { operation: "ListWorkloadIdentities", status: 200 })
      assert.strictEqual(requests[0].id, response.headers["x-amzn-requestid"])
      assert.deepInclude(requests[1], { operation: "ListWorkloadIdentities", status: 400 })
      assert.strictEqual(requests[1].error.name, "SerializationException")
    }).pipe(Effect.provide(server)))

  it.live("makes a URL of the console, and exchanges its code for the token once", () =>
    unchanged(Effect.gen(function*() {
      const base = yield* Wire.url
      const { url } = JSON.parse((yield* send("console")).text)
      assert.match(url, new RegExp(`^${base}/_local/console#code=[\\w-]{43}$`))
      const code = new URL(url).hash.slice("#code=".length)
      const exchange = (code: unknown, headers: Record<string, string> = {}) =>
        send("console/token", { code }, { token: "", headers })
      for (const wrong of ["", "x".repeat(43), yield* token, code.slice(1)]) {
        const response = yield* exchange(wrong)
        assert.deepStrictEqual(errorOf(response), [401, "Unauthorized"])
        assert.include(response.text, "npx agentcore-identity console")
      }
      for (
        const headers of [
          { host: "evil.example.com" },
          { origin: "https://evil.example.com" },
          { "sec-fetch-site": "same-site" }
        ]
      ) assert.strictEqual((yield* exchange(code, headers)).status, 403)
      assert.strictEqual((yield* exchange(code, { "content-type": "text/plain" })).status, 415)
      assert.strictEqual((yield* exchange([code])).status, 400)
      assert.strictEqual((yield* get("console/token")).status, 405)
      const response = yield* exchange(code)
      assert.deepStrictEqual(JSON.parse(response.text), { token: yield* token })
      assert.strictEqual(response.headers["cache-control"], "no-store")
      assert.deepStrictEqual(errorOf(yield* exchange(code)), [401, "Unauthorized"])
    })).pipe(Effect.provide(server)))

  it.live("rejects a reader of live events when the limit of readers is reached", () =>
    Effect.gen(function*() {
      const base = yield* Wire.url
      const headers = { authorization: `Bearer ${yield* token}` }
      const open = Effect.promise(async () => {
        const leave = new AbortController()
        const response = await fetch(`${base}/_local/events`, { headers, signal: leave.signal })
        return { leave, response }
      })
      const readers = yield* Effect.all(Array.from({ length: 32 }, () => open), { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(readers.map(({ response }) => response.status))], [200])
      const rejected = yield* get("events")
      assert.deepStrictEqual(errorOf(rejected), [429, "TooManyReaders"])
      assert.include(rejected.text, "32 readers")
      // When a reader leaves, another one can connect.
      readers[0]?.leave.abort()
      const next = yield* Effect.repeat(open, { until: ({ response }) => response.status === 200 })
      yield* Wire.call("/identities/ListWorkloadIdentities", {})
      for (const { response } of [...readers.slice(1), next]) {
        const found = yield* Effect.promise(async () => {
          let text = ""
          const pieces = (response.body ?? assert.fail()).pipeThrough(new TextDecoderStream())
          // The streams of Node are iterables.
          for await (const piece of pieces as unknown as AsyncIterable<string>) {
            text += piece
            if (text.includes("ListWorkloadIdentities")) return true
          }
          return false
        })
        assert.isTrue(found)
      }
    }).pipe(Effect.provide(server)))

  it.live("names --offline for a foreign authorization server, and the log for a request that its own one rejects", () =>
    Effect.gen(function*() {
      const { consents } = yield* LocalControl.LocalControl
      const { environment } = yield* LocalIdentity.LocalServer
      yield* Wire.call("/identities/CreateWorkloadIdentity", {
        name: "web",
        allowedResourceOauth2ReturnUrls: [Wire.returnUrl]
      })
      const { workloadAccessToken } = Wire.succeeds(
        yield* Wire.call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "web", userId: "alice" })
      )
      const discoveryUrl = environment["AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL"]
      const providers = {
        foreign: ["GithubOauth2", { githubOauth2ProviderConfig: { clientId: "id", clientSecret: "secret" } }],
        own: ["CustomOauth2", {
          customOauth2ProviderConfig: {
            clientId: environment["AGENTCORE_LOCAL_OAUTH_CLIENT_ID"],
            clientSecret: "any",
            oauthDiscovery: { discoveryUrl }
          }
        }]
      } as const
      const messages = yield* Effect.forEach(
        Object.entries(providers),
        ([name, [vendor, config]]) =>
          Effect.gen(function*() {
            yield* Wire.call("/identities/CreateOauth2CredentialProvider", {
              name,
              credentialProviderVendor: vendor,
              oauth2ProviderConfigInput: config
            })
            const { sessionUri } = Wire.succeeds(
              yield* Wire.call("/identities/oauth2/token", {
                workloadIdentityToken: workloadAccessToken,
                resourceCredentialProviderName: name,
                scopes: ["unknown:scope"],
                oauth2Flow: "USER_FEDERATION",
                resourceOauth2ReturnUrl: Wire.returnUrl
              })
            )
            return (yield* Effect.flip(consents.approve(Redacted.make(String(sessionUri))))).message
          })
      )
      assert.include(messages[0], "https://github.com")
      assert.include(messages[0], "start this server with '--offline', which stands in for all vendors")
      assert.match(
        messages[1] ?? "",
        /^The authorization server rejected the request: requested scope is not allowed: unknown:scope; .*-server-scope/
      )
    }).pipe(Effect.provide(LocalIdentity.layerPlanes({ authorizationServer: true }))))

  it.live("rejects the approval of a session at a foreign authorization server, with the reason", () =>
    Effect.gen(function*() {
      const control = yield* LocalControl.LocalControl
      yield* Wire.call("/identities/CreateWorkloadIdentity", {
        name: "web",
        allowedResourceOauth2ReturnUrls: [Wire.returnUrl]
      })
      yield* Wire.call("/identities/CreateOauth2CredentialProvider", {
        name: "foreign",
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            clientId: "id",
            clientSecret: "secret",
            oauthDiscovery: {
              authorizationServerMetadata: {
                issuer: "https://issuer.example.com",
                authorizationEndpoint: "https://issuer.example.com/authorize",
                tokenEndpoint: "https://issuer.example.com/token"
              }
            }
          }
        }
      })
      const { workloadAccessToken } = Wire.succeeds(
        yield* Wire.call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "web", userId: "alice" })
      )
      const { sessionUri } = Wire.succeeds(
        yield* Wire.call("/identities/oauth2/token", {
          workloadIdentityToken: workloadAccessToken,
          resourceCredentialProviderName: "foreign",
          scopes: [],
          oauth2Flow: "USER_FEDERATION",
          resourceOauth2ReturnUrl: Wire.returnUrl
        })
      )
      const rejected = yield* Effect.flip(control.consents.approve(Redacted.make(String(sessionUri))))
      assert.deepInclude(rejected, { _tag: "LocalControlError", reason: "ForeignServer" })
      const response = yield* send("consents/approve", { sessionUri })
      assert.deepStrictEqual(errorOf(response), [409, "LocalControlError"])
      assert.include(response.text, "https://issuer.example.com")
      assert.notInclude(response.text, String(sessionUri))
      // Consent can still be denied in place of the user.
      assert.strictEqual((yield* send("consents/deny", { sessionUri })).status, 200)
    }).pipe(Effect.provide(LocalIdentity.layerPlanes())))
})
