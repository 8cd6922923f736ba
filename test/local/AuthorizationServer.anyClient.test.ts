import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Jose from "jose"
import * as Utils from "../support/authorizationServer.js"

const start = Utils.start({ anyClient: true, consent: { user: "alice", decision: "allow" } })

const post = (url: string, parameters: Record<string, string>, headers: Record<string, string> = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { method: "POST", headers, body: new URLSearchParams(parameters) })
    return { status: response.status, body: await response.json() as Record<string, string> }
  })

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` })

const authorize = (endpoint: string, parameters: Record<string, string>) =>
  Effect.promise(async () => {
    const query = new URLSearchParams({ response_type: "code", state: "state", ...parameters })
    const response = await fetch(`${endpoint}?${query}`, { redirect: "manual", headers: { accept: "text/html" } })
    return { status: response.status, location: response.headers.get("location") ?? "" }
  })

describe("an authorization server with `anyClient`", () => {
  it.live("accepts every client and secret by basic and post, with every scope and resource, or none", () =>
    Effect.gen(function*() {
      const { server } = yield* start
      const grant = { grant_type: "client_credentials" }
      const byHeader = yield* post(
        server.tokenEndpoint,
        { ...grant, scope: "repo https://vendor.invalid/calendar", resource: "https://api.vendor.invalid" },
        basic("some-client", "any secret")
      )
      const { aud, client_id, scope } = Jose.decodeJwt(
        byHeader.body["access_token"] ?? assert.fail(byHeader.body["error"])
      )
      assert.deepStrictEqual(
        [aud, client_id, scope],
        ["https://api.vendor.invalid", "some-client", "repo https://vendor.invalid/calendar"]
      )
      const inBody = yield* post(server.tokenEndpoint, { ...grant, client_id: "other", client_secret: "other secret" })
      const claims = Jose.decodeJwt(inBody.body["access_token"] ?? assert.fail(inBody.body["error"]))
      assert.strictEqual(claims["client_id"], "other")
      assert.isUndefined(claims["scope"])
    }))

  it.live("issues a code without PKCE for a loopback redirect URI, and for no other one", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* start
      for (const redirect_uri of ["http://localhost:3000/back", "http://127.0.0.1:9/x?y=z", callbackUrl]) {
        const request = { client_id: "some-client", redirect_uri, scope: "openid repo" }
        const { location } = yield* authorize(server.authorizationEndpoint, request)
        const code = new URL(location).searchParams.get("code") ?? assert.fail(location)
        const { body } = yield* post(
          server.tokenEndpoint,
          { grant_type: "authorization_code", code, redirect_uri },
          basic("some-client", "any secret")
        )
        const { scope, sub } = Jose.decodeJwt(body["access_token"] ?? assert.fail(body["error"]))
        assert.deepStrictEqual([sub, scope], ["alice", "repo"])
      }
      const elsewhere = yield* authorize(server.authorizationEndpoint, {
        client_id: "some-client",
        redirect_uri: "https://attacker.invalid/back",
        scope: "repo"
      })
      assert.deepStrictEqual(elsewhere, { status: 400, location: "" })
    }))

  it.live("still checks secret, scopes and PKCE of a registered client, and rejects ids of object properties", () =>
    Effect.gen(function*() {
      const { callbackUrl, server } = yield* start
      const grant = { grant_type: "client_credentials", scope: "repo" }
      const wrong = yield* post(server.tokenEndpoint, grant, basic(Utils.clientId, "wrong"))
      assert.deepStrictEqual([wrong.status, wrong.body["error"]], [401, "invalid_client"])
      const scope = yield* post(server.tokenEndpoint, grant, basic(Utils.clientId, "a-development-secret"))
      assert.strictEqual(scope.body["error"], "invalid_scope")
      const { location } = yield* authorize(server.authorizationEndpoint, {
        client_id: Utils.clientId,
        redirect_uri: callbackUrl,
        scope: "reports:read"
      })
      assert.strictEqual(new URL(location).searchParams.get("error"), "invalid_request")
      const inherited = yield* post(server.tokenEndpoint, grant, basic("constructor", "any"))
      assert.strictEqual(inherited.body["error"], "invalid_client")
    }))

  it.live("rejects unregistered clients without the option", () =>
    Effect.gen(function*() {
      const { server } = yield* Utils.start()
      const { body } = yield* post(
        server.tokenEndpoint,
        { grant_type: "client_credentials" },
        basic("some-client", "any")
      )
      assert.strictEqual(body["error"], "invalid_client")
    }))
})
