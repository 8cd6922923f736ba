/** Requests that a browser sends for other sites. `test/browser` tests the same in Chromium. */
import { assert, describe, it } from "@effect/vitest"
import type * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Utils from "../support/authorizationServer.js"
import * as EndlessBody from "../support/endlessBody.js"
import * as Wire from "../support/wire.js"

/** `fetch` does not send a Host header of the caller's choice. */
const request = (url: string, headers: Record<string, string>, method = "GET") => Wire.page(url, method, headers)

const fetchMetadata = (site: string, mode: string, dest: string, more: Record<string, string> = {}) => ({
  "sec-fetch-site": site,
  "sec-fetch-mode": mode,
  "sec-fetch-dest": dest,
  ...more
})

const subresources = {
  image: fetchMetadata("cross-site", "no-cors", "image"),
  script: fetchMetadata("cross-site", "no-cors", "script"),
  fetch: fetchMetadata("cross-site", "no-cors", "empty"),
  "fetch with CORS": fetchMetadata("cross-site", "cors", "empty"),
  iframe: fetchMetadata("cross-site", "navigate", "iframe"),
  object: fetchMetadata("cross-site", "navigate", "object"),
  embed: fetchMetadata("cross-site", "navigate", "embed"),
  prefetch: fetchMetadata("cross-site", "navigate", "document", { "sec-purpose": "prefetch" }),
  prerender: fetchMetadata("none", "navigate", "document", { "sec-purpose": "prefetch;prerender" }),
  "image of another port": fetchMetadata("same-site", "no-cors", "image")
}

const navigations = {
  "a client without Fetch Metadata": {},
  "the application's redirect": fetchMetadata("cross-site", "navigate", "document"),
  "a click": fetchMetadata("cross-site", "navigate", "document", { "sec-fetch-user": "?1" }),
  "another port": fetchMetadata("same-site", "navigate", "document"),
  "a frame of another port": fetchMetadata("same-site", "navigate", "iframe"),
  "the address bar": fetchMetadata("none", "navigate", "document", { "sec-fetch-user": "?1" })
}

const start = (options?: AuthorizationServer.Options) =>
  Effect.gen(function*() {
    const { callbackUrl, server } = yield* Utils.start(options)
    const { url } = yield* Utils.authorizationRequest(yield* Utils.discover(server), callbackUrl)
    return { server, url: Redacted.value(url) }
  })

describe("pages of other sites", () => {
  it.live("start no interaction without a navigation", () =>
    Effect.gen(function*() {
      const { server, url } = yield* start()
      for (const [name, headers] of Object.entries(subresources)) {
        for (const method of ["GET", "HEAD", "POST"]) {
          const response = yield* request(url, headers, method)
          assert.strictEqual(response.status, 403, name)
          assert.notProperty(response.headers, "set-cookie", name)
          assert.notProperty(response.headers, "location", name)
        }
        assert.strictEqual((yield* request(`${server.issuer}/token`, headers, "POST")).status, 403, name)
      }
      for (const [name, headers] of Object.entries(navigations)) {
        const response = yield* request(url, headers)
        assert.strictEqual(response.status, 303, name)
        assert.match(response.headers.location ?? "", /^\/interaction\//, name)
      }
    }))

  it.live("get no code without a navigation when the server consents without pages", () =>
    Effect.gen(function*() {
      const { url } = yield* start({ consent: { user: "alice", decision: "allow" } })
      for (const [name, headers] of Object.entries(subresources)) {
        const response = yield* request(url, headers)
        assert.strictEqual(response.status, 403, name)
        assert.notProperty(response.headers, "set-cookie", name)
      }
      const response = yield* request(url, navigations["the application's redirect"])
      assert.include(response.headers.location ?? "", "code=")
    }))

  it.live("read the public documents", () =>
    Effect.gen(function*() {
      const { server } = yield* start()
      const metadata = `${server.issuer}/.well-known/oauth-authorization-server`
      for (const document of [server.discoveryUrl, metadata, server.jwksUri]) {
        const response = yield* request(document, { ...subresources["fetch with CORS"], origin: "https://app.example" })
        assert.strictEqual(response.status, 200)
        assert.strictEqual(response.headers["access-control-allow-origin"], "https://app.example")
      }
    }))
})

describe("a form that is too large", () => {
  it.live("returns a page", () =>
    Effect.gen(function*() {
      const { server, url } = yield* start()
      const begun = yield* request(url, navigations["a click"])
      const cookie = (begun.headers["set-cookie"] ?? []).map((text) => text.split(";")[0]).join("; ")
      const interaction = new URL(begun.headers.location ?? "", server.issuer)
      const post = (form: string) =>
        Effect.promise(async () => {
          const response = await fetch(interaction, {
            method: "POST",
            redirect: "manual",
            headers: { cookie, "content-type": "application/x-www-form-urlencoded" },
            body: form
          })
          return { status: response.status, text: await response.text() }
        })
      for (const size of [16_384, 16 * 1024 * 1024]) {
        const { status, text } = yield* post(`prompt=login&login=${"x".repeat(size)}`)
        assert.strictEqual(status, 413)
        assert.include(text, "Form too large")
      }
      // One that never ends.
      const headers = [`cookie: ${cookie}`, "content-type: application/x-www-form-urlencoded"]
      assert.isBelow(yield* EndlessBody.accepted(interaction.href, headers), EndlessBody.limit)
      assert.strictEqual((yield* post("prompt=login&login=alice")).status, 200)
    }))
})

describe("the Host header", () => {
  it.live("rejects another host name, because of DNS rebinding", () =>
    Effect.gen(function*() {
      const { server, url } = yield* start({ allowedHosts: ["Login.Internal"] })
      const { port } = new URL(server.issuer)
      for (const host of ["attacker.example", `attacker.example:${port}`, "127.0.0.1.nip.io", "localhost.evil"]) {
        for (const path of [url, server.discoveryUrl, server.jwksUri, `${server.issuer}/`]) {
          const response = yield* request(path, { host, accept: "text/html" })
          assert.strictEqual(response.status, 403, `${host} ${path}`)
          assert.include(response.text, "Unknown host")
          assert.notProperty(response.headers, "set-cookie")
        }
        const response = yield* request(`${server.issuer}/token`, { host, accept: "application/json" }, "POST")
        assert.strictEqual(response.status, 403)
        assert.strictEqual(JSON.parse(response.text).error, "invalid_request")
      }
      for (const host of [`127.0.0.1:${port}`, "localhost", "as.localhost:1", "[::1]:80", "login.internal"]) {
        assert.strictEqual((yield* request(server.discoveryUrl, { host })).status, 200, host)
      }
    }))
})
