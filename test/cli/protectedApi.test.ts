import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { exportJWK, generateKeyPair, SignJWT } from "jose"
import * as ProtectedApi from "../support/protectedApi.js"
import * as Server from "../support/server.js"

const issuer = "https://issuer.example.com"
const audience = "urn:example:api"

/** Runs the API with a key set of the test. */
const start = Effect.gen(function*() {
  const own = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
  const foreign = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
  const jwk = yield* Effect.promise(() => exportJWK(own.publicKey))
  const keySet = JSON.stringify({ keys: [{ ...jwk, alg: "ES256", use: "sig", kid: "own" }] })
  const keys = yield* Server.serve((_, response) => void response.end(keySet))
  const url = yield* ProtectedApi.serve({
    issuer,
    audience,
    jwksUri: `${keys}/jwks`,
    apiKeys: [{ owner: "alice", key: Redacted.make("alice-key") }, { owner: "bob", key: Redacted.make("bob-key") }]
  })
  const get = (path: string, headers: Record<string, string> = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}${path}`, { headers })
      return {
        status: response.status,
        authenticate: response.headers.get("www-authenticate"),
        body: await response.json() as Record<string, unknown>
      }
    })
  const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key = own.privateKey) =>
    Effect.promise(() => {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({
        iss: issuer,
        aud: audience,
        sub: "alice",
        client_id: "agent",
        scope: "reports:read",
        exp: now + 60,
        ...claims
      })
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "own", ...header })
        .sign(key)
    })
  return { get, sign, foreign: foreign.privateKey }
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe("protectedApi", () => {
  it.live("responds with the subject of a token", () =>
    Effect.gen(function*() {
      const { get, sign } = yield* start
      const user = yield* get("/me", bearer(yield* sign()))
      assert.deepStrictEqual(user.body, { subject: "alice", client: "agent", kind: "user", scopes: ["reports:read"] })
      const machine = yield* get("/me", bearer(yield* sign({ sub: "agent", scope: undefined })))
      assert.deepStrictEqual(machine.body, { subject: "agent", client: "agent", kind: "machine", scopes: [] })
    }))

  it.live("rejects tokens of other issuers, for other audiences, expired tokens, and other JWTs", () =>
    Effect.gen(function*() {
      const { foreign, get, sign } = yield* start
      const now = Math.floor(Date.now() / 1000)
      const rejected = [
        yield* sign({ iss: "https://other.example.com" }),
        yield* sign({ aud: "urn:example:other" }),
        yield* sign({ exp: now - 1 }),
        yield* sign({ nbf: now + 60 }),
        yield* sign({ exp: undefined }),
        yield* sign({}, { typ: "JWT" }),
        yield* sign({}, {}, foreign),
        yield* sign({}, { kid: "unknown" }),
        `${(yield* sign()).split(".").slice(0, 2).join(".")}.`,
        "opaque",
        "two words"
      ]
      for (const token of rejected) {
        const { authenticate, body, status } = yield* get("/me", bearer(token))
        assert.strictEqual(status, 401)
        assert.include(authenticate, `error="invalid_token"`)
        assert.deepStrictEqual(body, { error: "invalid_token" })
      }
      const missing = yield* get("/me")
      assert.strictEqual(missing.status, 401)
      assert.strictEqual(missing.authenticate, `Bearer realm="protected-api"`)
    }))

  it.live("requires a scope", () =>
    Effect.gen(function*() {
      const { get, sign } = yield* start
      assert.strictEqual((yield* get("/reports", bearer(yield* sign()))).status, 200)
      for (const scope of [undefined, "reports", "reports:readwrite"]) {
        const { authenticate, status } = yield* get("/reports", bearer(yield* sign({ scope })))
        assert.strictEqual(status, 403)
        assert.strictEqual(
          authenticate,
          `Bearer realm="protected-api", error="insufficient_scope", scope="reports:read"`
        )
      }
    }))

  it.live("compares API keys by value", () =>
    Effect.gen(function*() {
      const { get } = yield* start
      assert.strictEqual((yield* get("/quota", { "x-api-key": "bob-key" })).body.owner, "bob")
      assert.strictEqual((yield* get("/quota", { "x-api-key": "alice-key" })).body.owner, "alice")
      for (const headers of [{}, { "x-api-key": "" }, { "x-api-key": "alice-ke" }, { "x-api-key": "alice-key2" }]) {
        const { body, status } = yield* get("/quota", headers)
        assert.strictEqual(status, 401)
        assert.deepStrictEqual(body, { error: "invalid_api_key" })
      }
    }))
})
