import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type { AccessTokenCredential } from "effect-agentcore-identity/Identity"
import { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { clients, insufficientScope, invalidToken, reject, resource, type Seen } from "../support/resource.js"
import { failures, responses, scripted, secret } from "../support/utils.js"

class Calendar
  extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "M2M", scopes: ["read"] })
{}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

/** Tokens `token-0`, `token-1`, …: a new one at each call. */
const fresh: ScriptedPlanes.Script = { getResourceOauth2Token: (_, index) => responses.issued(`token-${index}`) }

/** The same token until `forceAuthentication`, as the vault returns it. */
const vault: ScriptedPlanes.Script = {
  getResourceOauth2Token: ({ forceAuthentication }) =>
    responses.issued(forceAuthentication === true ? "forced" : "stored")
}

/** A token that names its requested scopes. */
const scoped: ScriptedPlanes.Script = {
  getResourceOauth2Token: ({ scopes }) => responses.issued(`scopes-${scopes.join("-")}`)
}

/** The response of the service when an authorization server rejects these scopes. */
const rejectedByTheServer = Effect.fail(
  new ValidationException({ operation: "GetResourceOauth2Token", message: "Error parsing ClientCredentials response" })
)

const bearer = ({ headers }: Seen) => headers.authorization?.replace("Bearer ", "")

const accepting = (token: string, authenticate?: string, status = 401) =>
  resource((seen, response) => bearer(seen) === token ? response.end("ok") : reject(response, status, authenticate))

const asked = Effect.map(
  Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ callsOf }) => callsOf("getResourceOauth2Token")),
  (calls) => calls.map(({ request: { forceAuthentication = false, scopes } }) => ({ scopes, forceAuthentication }))
)

for (const [name, client] of clients) {
  describe(`requests over ${name}`, () => {
    it.live("renews a rejected token, and repeats the request with its body", () =>
      Effect.gen(function*() {
        for (
          const { seen, url } of [
            yield* accepting("token-1"),
            yield* accepting("token-3", "Basic realm=\"other\""),
            yield* accepting("token-5", invalidToken, 403),
            yield* accepting("token-7", invalidToken, 400)
          ]
        ) {
          const api = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Calendar, { origins: [url] })
          const response = yield* api.post(`${url}/events`, { body: HttpBody.jsonUnsafe({ title: "lunch" }) })
          assert.strictEqual(yield* response.text, "ok")
          assert.deepStrictEqual(seen.map(({ body, method, path }) => `${method} ${path} ${body}`), [
            "POST /events {\"title\":\"lunch\"}",
            "POST /events {\"title\":\"lunch\"}"
          ])
        }
      }).pipe(Effect.provide([scripted(fresh), client])))

    // The test clock does not move: the size alone ends the read.
    it.effect("stops reading a rejected body that never ends", () =>
      Effect.gen(function*() {
        let closed = 0
        const { url } = yield* resource((seen, response) => {
          if (bearer(seen) === "token-1") {
            response.end("ok")
            return
          }
          response.writeHead(401)
          response.on("close", () => (closed += 1))
          const more = (): void => {
            if (response.destroyed) return
            response.write("x".repeat(8192))
            setImmediate(more)
          }
          more()
        })
        const api = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Calendar, { origins: [url] })
        const response = yield* api.get(url)
        assert.strictEqual(yield* response.text, "ok")
        yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => closed === 1 }))
      }).pipe(Effect.provide([scripted(fresh), client])))

    it.live("sends no stream twice, and the error names the reason", () =>
      Effect.gen(function*() {
        const { seen, url } = yield* accepting("token-1", invalidToken)
        const api = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Calendar, { origins: [url] })
        const body = HttpBody.stream(Stream.make("lunch", " and ", "dinner").pipe(Stream.encodeText))
        const error = yield* Effect.flip(api.post(url, { body }))
        if (error._tag !== "CredentialRejected") return assert.fail(error._tag)
        assert.strictEqual(error.reason, "BodyNotRepeatable")
        assert.include(error.message, "its body is a stream that may be used up")
        assert.deepStrictEqual(seen.map((one) => one.body), ["lunch and dinner"])
        // A second attempt of the program gets the new token.
        assert.lengthOf(yield* asked, 2)
      }).pipe(Effect.provide([scripted(fresh), client])))
  })
}

// Effect's agent of node:http reuses no connection.
for (const [name, client] of clients.slice(0, 2)) {
  describe(`requests over ${name}`, () => {
    it.live("reuses the connections of rejected requests", () =>
      Effect.gen(function*() {
        const { seen, sockets, url } = yield* resource((seen, response) =>
          Number(bearer(seen)?.replace("token-", "")) % 2 === 1
            ? response.end("ok")
            : reject(response, 401, invalidToken, "x".repeat(120_000))
        )
        const api = HttpClientCredentials.withAccessToken(yield* HttpClient.HttpClient, Calendar, { origins: [url] })
        yield* Effect.forEach(Array.from({ length: 30 }), () => Effect.flatMap(api.get(url), ({ text }) => text))
        assert.lengthOf(seen, 60)
        assert.isAtMost(sockets.size, 2)
      }).pipe(Effect.provide([scripted(fresh), client])))
  })
}

const fetch = FetchHttpClient.layer

const withToken = (
  url: string,
  options: Partial<HttpClientCredentials.AccessTokenOptions> = {},
  credential: AccessTokenCredential = Calendar
) =>
  Effect.map(
    HttpClient.HttpClient,
    HttpClientCredentials.withAccessToken(credential, { origins: [url], ...options })
  )

const failure = (...args: Parameters<typeof withToken>) =>
  Effect.flatMap(withToken(...args), (api) => Effect.flip(api.get(args[0])))

const base = { scopes: ["read"], forceAuthentication: false }

describe("rejection", () => {
  it.live("does not repeat the request when the service returns the same token again", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("forced", invalidToken)
      const error = yield* failure(url)
      if (error._tag !== "CredentialRejected") return assert.fail(error._tag)
      assert.deepStrictEqual({ ...error }, { ...error, provider: "calendar", reason: "Unchanged", status: 401 })
      assert.lengthOf(seen, 1)
      assert.deepStrictEqual(yield* asked, [base, base])
    }).pipe(Effect.provide([scripted(vault), fetch])))

  it.live("reauthenticate forces authentication only when a plain request does not return another token", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("forced", invalidToken)
      const api = yield* withToken(url, { reauthenticate: true })
      assert.strictEqual((yield* api.get(url)).status, 200)
      assert.deepStrictEqual(seen.map(bearer), ["stored", "forced"])
      assert.deepStrictEqual(yield* asked, [base, base, { ...base, forceAuthentication: true }])
    }).pipe(Effect.provide([scripted(vault), fetch])))

  it.live("reauthenticate does not ask the user when the vault has another token", () =>
    Effect.gen(function*() {
      const { url } = yield* accepting("token-1", invalidToken)
      const api = yield* withToken(url, { reauthenticate: true })
      assert.strictEqual((yield* api.get(url)).status, 200)
      assert.deepStrictEqual(yield* asked, [base, base])
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("fails when the new token is rejected too", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("none", invalidToken, 403)
      const error = yield* failure(url)
      if (error._tag !== "CredentialRejected") return assert.fail(error._tag)
      assert.strictEqual(error.reason, "StillRejected")
      assert.strictEqual(error.status, 403)
      assert.deepStrictEqual(seen.map(bearer), ["token-0", "token-1"])
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("renews the token when an inner filterStatusOk turns the rejection into an error", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("token-1", invalidToken)
      const api = (yield* HttpClient.HttpClient).pipe(
        HttpClient.filterStatusOk,
        HttpClientCredentials.withAccessToken(Calendar, { origins: [url] })
      )
      assert.strictEqual((yield* api.get(url)).status, 200)
      assert.deepStrictEqual(seen.map(bearer), ["token-0", "token-1"])
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("returns responses that do not reject the token", () =>
    Effect.gen(function*() {
      const { url } = yield* resource(({ path }, response) =>
        reject(response, Number(path.slice(1)), "Bearer error=\"invalid_request\"", "the reason")
      )
      const api = yield* withToken(url, { stepUp: true, reauthenticate: true })
      for (const status of [400, 403, 404, 429, 500, 503]) {
        const response = yield* api.get(`${url}/${status}`)
        assert.strictEqual(response.status, status)
        assert.strictEqual(yield* response.text, "the reason")
      }
      assert.lengthOf(yield* asked, 6)
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("fails with the error of the renewal", () =>
    Effect.gen(function*() {
      const { url } = yield* accepting("none", invalidToken)
      const error = yield* failure(url)
      assert.strictEqual(error._tag, "NoTokenOrUrl")
    }).pipe(
      Effect.provide([scripted({ getResourceOauth2Token: [responses.issued("stored"), responses.consent] }), fetch])
    ))

  it.live("returns a 401 of another origin", () =>
    Effect.gen(function*() {
      const { url } = yield* resource((_, response) => reject(response, 401, invalidToken))
      const api = yield* withToken("https://api.example.com")
      assert.strictEqual((yield* api.get(url)).status, 401)
      assert.lengthOf(yield* asked, 0)
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("repeats the request with a changed key, and fails for an unchanged one", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource(({ headers }, response) =>
        headers["x-own-key"] === "key-1" ? response.end("ok") : reject(response, 401)
      )
      const api = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, Weather, {
        header: "x-own-key",
        origins: [url]
      })
      assert.strictEqual((yield* api.get(url)).status, 200)
      assert.deepStrictEqual(seen.map(({ headers }) => headers["x-own-key"]), ["key-0", "key-1"])
      const error = yield* Effect.flip(api.get(url))
      if (error._tag !== "CredentialRejected") return assert.fail(error._tag)
      assert.strictEqual(error.provider, "weather")
      assert.strictEqual(error.reason, "Unchanged")
    }).pipe(Effect.provide([
      scripted({
        getResourceApiKey: ["key-0", "key-1", "key-2", "key-2"].map((key) => Effect.succeed({ apiKey: secret(key) }))
      }),
      fetch
    ])))

  it.live("handles a 401 with the inner one of a token and a key", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((one, response) =>
        one.headers["x-own-key"] === "key" && bearer(one) === "token-1"
          ? response.end("ok")
          : reject(response, 401, invalidToken)
      )
      const plain = yield* HttpClient.HttpClient
      const token = HttpClientCredentials.withAccessToken(Calendar, { origins: [url] })
      const key = HttpClientCredentials.withApiKey(Weather, { header: "x-own-key", origins: [url] })
      assert.strictEqual((yield* plain.pipe(token, key).get(url)).status, 200)
      assert.lengthOf(seen, 2)
      const error = yield* Effect.flip(plain.pipe(key, token).get(url))
      assert.strictEqual(error._tag === "CredentialRejected" && error.provider, "weather")
    }).pipe(Effect.provide([
      scripted({ ...fresh, getResourceApiKey: () => Effect.succeed({ apiKey: secret("key") }) }),
      fetch
    ])))

  const bodies: ReadonlyArray<readonly [name: string, body: () => HttpBody.HttpBody, repeatable: boolean]> = [
    ["no body", () => HttpBody.empty, true],
    ["text", () => HttpBody.text("lunch"), true],
    ["bytes", () => HttpBody.uint8Array(new Uint8Array([1, 2])), true],
    ["a raw string", () => HttpBody.raw("lunch"), true],
    ["a raw buffer", () => HttpBody.raw(Buffer.from("lunch")), true],
    ["a raw stream of Node", () => HttpBody.raw(Readable.from(["lunch"])), false],
    ["a raw iterator", () => HttpBody.raw([Buffer.from("lunch")].values()), false]
  ]
  for (const [name, body, repeatable] of bodies) {
    it.live(`${name} is ${repeatable ? "" : "not "}sent twice`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* accepting("token-1", invalidToken)
        const api = yield* withToken(url)
        const outcome = yield* Effect.result(api.post(url, { body: body() }))
        assert.strictEqual(outcome._tag, repeatable ? "Success" : "Failure")
        assert.lengthOf(seen, repeatable ? 2 : 1)
        assert.strictEqual(seen[0]?.body, seen.at(-1)?.body)
      }).pipe(Effect.provide([scripted(fresh), NodeHttpClient.layerUndici])))
  }

  for (
    const [name, body] of [
      ["a form", HttpBody.formDataRecord({ title: "lunch" })],
      ["a blob", HttpBody.raw(new Blob(["lunch"]))],
      ["parameters", HttpBody.raw(new URLSearchParams({ title: "lunch" }))]
    ] as const
  ) {
    it.live(`${name} is sent twice`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* accepting("token-1", invalidToken)
        const api = yield* withToken(url)
        assert.strictEqual((yield* api.post(url, { body })).status, 200)
        assert.deepStrictEqual(seen.map((one) => one.body.includes("lunch")), [true, true])
      }).pipe(Effect.provide([scripted(fresh), fetch])))
  }
})

describe("an insufficient scope", () => {
  const stepsUp = { stepUp: true, maxScopes: ["write", "share", "admin"] }
  const union = { ...base, scopes: ["read", "write", "share"] }

  it.live("is an error that names the missing scopes", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("none", insufficientScope("write share"), 403)
      const error = yield* failure(url)
      if (error._tag !== "InsufficientScope") return assert.fail(error._tag)
      assert.deepStrictEqual(error.required, ["write", "share"])
      assert.deepStrictEqual(error.requested, ["read"])
      assert.strictEqual(error.provider, "calendar")
      assert.lengthOf(seen, 1)
      assert.deepStrictEqual(yield* asked, [base])
    }).pipe(Effect.provide([scripted(scoped), fetch])))

  it.live("stepUp requests the union of the scopes, and repeats the request", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("scopes-read-write-share", insufficientScope("read write share"), 403)
      const api = yield* withToken(url, stepsUp)
      const response = yield* api.post(url, { body: HttpBody.text("lunch") })
      assert.strictEqual(yield* response.text, "ok")
      assert.deepStrictEqual(seen.map(({ body }) => body), ["lunch", "lunch"])
      assert.deepStrictEqual(yield* asked, [base, union])
    }).pipe(Effect.provide([scripted(scoped), fetch])))

  it.live("stepUp adds scopes once", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response, index) =>
        reject(response, 403, insufficientScope(index === 0 ? "write share" : "admin"))
      )
      const error = yield* failure(url, stepsUp)
      if (error._tag !== "InsufficientScope") return assert.fail(error._tag)
      assert.deepStrictEqual(error.required, ["admin"])
      assert.deepStrictEqual(error.requested, union.scopes)
      assert.lengthOf(seen, 2)
    }).pipe(Effect.provide([scripted(scoped), fetch])))

  for (
    const [why, challenge, script] of [
      ["the resource does not name them", "Bearer error=\"insufficient_scope\"", scoped],
      ["they were requested before", insufficientScope("read"), scoped],
      ["the token stays the same", insufficientScope("write"), vault]
    ] as const
  ) {
    it.live(`stepUp does not repeat when ${why}`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* accepting("none", challenge, 403)
        const error = yield* failure(url, stepsUp)
        assert.strictEqual(error._tag, "InsufficientScope")
        assert.lengthOf(seen, 1)
      }).pipe(Effect.provide([scripted(script), fetch])))
  }

  it.live("stepUp fails with InsufficientScope when the authorization server rejects the scopes", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("none", insufficientScope("admin"), 403)
      const error = yield* failure(url, stepsUp)
      if (error._tag !== "InsufficientScope") return assert.fail(error._tag)
      assert.deepStrictEqual(error.required, ["admin"])
      assert.deepStrictEqual(error.requested, ["read"])
      assert.lengthOf(seen, 1)
      // Other errors are not replaced.
      assert.strictEqual((yield* failure(url, stepsUp))._tag, "ThrottlingException")
    }).pipe(Effect.provide([
      scripted({
        getResourceOauth2Token: [
          responses.issued("token-0"),
          rejectedByTheServer,
          responses.issued("token-1"),
          failures.throttling
        ]
      }),
      fetch
    ])))

  for (const flow of ["M2M", "USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"] as const) {
    it.live(`stepUp of ${flow} requests no scope beyond its limit`, () =>
      Effect.gen(function*() {
        const { seen, url } = yield* resource((_, response) =>
          reject(response, 403, insufficientScope("read write admin"))
        )
        const credential = AccessToken.Tag<unknown>()(`test/${flow}`, { ...Calendar.request, flow })
        // A string, in plain JavaScript, allows no scope.
        const string = "read write admin" as unknown as ReadonlyArray<string>
        for (const maxScopes of [[], ["write"], ["admin"], ["read", "share"], ["read write admin"], string]) {
          const error = yield* failure(url, { stepUp: true, maxScopes }, credential)
          if (error._tag !== "InsufficientScope") return assert.fail(error._tag)
          assert.deepStrictEqual(error.required, ["read", "write", "admin"])
        }
        assert.lengthOf(seen, 6)
        assert.deepStrictEqual(yield* asked, Array.from({ length: 6 }, () => base))
        yield* failure(url, { stepUp: true, maxScopes: ["admin", "write"] }, credential)
        assert.deepStrictEqual((yield* asked).slice(-2), [base, { ...base, scopes: ["read", "write", "admin"] }])
        // Without a limit, a user can still decline. An M2M token has no user.
        yield* failure(url, { stepUp: true }, credential)
        assert.lengthOf(yield* asked, flow === "M2M" ? 9 : 10)
      }).pipe(Effect.provide([scripted(scoped), fetch])))
  }

  it.live("stepUp does not repeat a stream", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("none", insufficientScope("write"), 403)
      const api = yield* withToken(url, stepsUp)
      const error = yield* Effect.flip(api.post(url, { body: HttpBody.stream(Stream.make(new Uint8Array([1]))) }))
      assert.strictEqual(error._tag, "InsufficientScope")
      assert.lengthOf(seen, 1)
      assert.deepStrictEqual(yield* asked, [base])
    }).pipe(Effect.provide([scripted(scoped), fetch])))

  it.live("renews an expired token and adds scopes in one request", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response, index) =>
        index === 0
          ? reject(response, 401, invalidToken)
          : index === 1
          ? reject(response, 403, insufficientScope("write share"))
          : response.end("ok")
      )
      const api = yield* withToken(url, stepsUp)
      assert.strictEqual((yield* api.get(url)).status, 200)
      assert.deepStrictEqual(seen.map(bearer), ["token-0", "token-1", "token-2"])
      assert.deepStrictEqual(yield* asked, [base, base, union])
    }).pipe(Effect.provide([scripted(fresh), fetch])))

  it.live("does not apply to a key", () =>
    Effect.gen(function*() {
      const { url } = yield* resource((_, response) => reject(response, 403, insufficientScope("write")))
      const api = HttpClientCredentials.withApiKey(yield* HttpClient.HttpClient, Weather, {
        header: "x-own-key",
        origins: [url]
      })
      assert.strictEqual((yield* api.get(url)).status, 403)
    }).pipe(Effect.provide([
      scripted({ getResourceApiKey: [Effect.succeed({ apiKey: secret("key") })] }),
      fetch
    ])))
})
