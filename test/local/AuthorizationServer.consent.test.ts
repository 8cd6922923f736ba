import { assert, describe, it } from "@effect/vitest"
import type * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as OAuth from "openid-client"
import * as Utils from "../support/authorizationServer.js"

/** The first response to an authorization request, for a client without redirects and cookies. */
const authorize = (options: AuthorizationServer.Options, parameters: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const { callbackUrl, server } = yield* Utils.start(options)
    const configuration = yield* Utils.discover(server)
    const request = yield* Utils.authorizationRequest(configuration, callbackUrl, parameters)
    const response = yield* Effect.promise(() => fetch(Redacted.value(request.url), { redirect: "manual" }))
    const location = new URL(response.headers.get("location") ?? assert.fail("no redirect"))
    assert.strictEqual(response.status, 303)
    assert.strictEqual(location.origin + location.pathname, callbackUrl)
    assert.strictEqual(location.searchParams.get("state"), request.state)
    return { server, configuration, callbackUrl, request, location, cookies: response.headers.getSetCookie() }
  })

const allow: AuthorizationServer.Options = { consent: { user: "alice", decision: "allow" } }

describe("headless consent", () => {
  it.live("responds to the first request with a code for the user's tokens", () =>
    Effect.gen(function*() {
      const { configuration, location, request, server } = yield* authorize(allow)
      const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, Redacted.make(location.href)))
      assert.strictEqual(tokens.claims()?.sub, "alice")
      assert.strictEqual(tokens.scope, "reports:read")
      const refreshed = yield* Effect.promise(() =>
        OAuth.refreshTokenGrant(configuration, tokens.refresh_token ?? assert.fail("no refresh token"))
      )
      assert.strictEqual(refreshed.scope, "reports:read")
      assert.strictEqual(yield* server.revoke({ userName: "alice" }), 1)
    }))

  it.live("decides every prompt, and issues no refresh token without offline_access", () =>
    Effect.gen(function*() {
      for (const prompt of ["none", "login", "consent", "login consent", "select_account"]) {
        const { configuration, location, request } = yield* authorize(allow, { prompt, scope: "openid" })
        const tokens = yield* Effect.promise(() => Utils.exchange(configuration, request, Redacted.make(location.href)))
        assert.strictEqual(tokens.claims()?.sub, "alice", prompt)
        assert.isUndefined(tokens.refresh_token)
      }
    }))

  it.live("creates a separate grant for each consent, also in one browser", () =>
    Effect.gen(function*() {
      const first = yield* authorize(allow)
      const request = yield* Utils.authorizationRequest(first.configuration, first.callbackUrl)
      const cookie = first.cookies.map((header) => header.split(";", 1)[0]).join("; ")
      const response = yield* Effect.promise(() =>
        fetch(Redacted.value(request.url), { redirect: "manual", headers: { cookie } })
      )
      const refreshTokenOf = (of: Utils.AuthorizationRequest, callback: string) =>
        Effect.promise(async () =>
          (await Utils.exchange(first.configuration, of, Redacted.make(callback))).refresh_token ?? assert.fail()
        )
      const one = yield* refreshTokenOf(first.request, first.location.href)
      const other = yield* refreshTokenOf(request, response.headers.get("location") ?? "")
      // The second use of a refresh token revokes its grant.
      yield* Effect.promise(() => OAuth.refreshTokenGrant(first.configuration, one))
      yield* Utils.rejection(() => OAuth.refreshTokenGrant(first.configuration, one))
      const alive = yield* Effect.promise(() => OAuth.refreshTokenGrant(first.configuration, other))
      assert.isString(alive.refresh_token)
    }))

  it.live("denies with access_denied", () =>
    Effect.gen(function*() {
      for (const prompt of ["", "none", "login"]) {
        const { location, server } = yield* authorize(
          { consent: { user: "alice", decision: "deny" } },
          prompt === "" ? {} : { prompt }
        )
        assert.strictEqual(location.searchParams.get("error"), "access_denied")
        assert.strictEqual(location.searchParams.get("error_description"), "The user denied the request")
        assert.strictEqual(location.searchParams.get("iss"), server.issuer)
        assert.isNull(location.searchParams.get("code"))
      }
    }))

  it.live("rejects an invalid request", () =>
    Effect.gen(function*() {
      const { location } = yield* authorize(allow, { scope: "openid admin" })
      assert.strictEqual(location.searchParams.get("error"), "invalid_scope")
    }))

  it.live("rejects an invalid user name", () =>
    Effect.gen(function*() {
      for (const user of ["", " alice", "a".repeat(129), "a\u0000b", "a\ud800b"]) {
        const error = yield* Effect.flip(Utils.start({ consent: { user, decision: "allow" } }))
        assert.strictEqual(error.reason, "Configuration")
        assert.include(error.message, "consent.user")
      }
    }))
})
