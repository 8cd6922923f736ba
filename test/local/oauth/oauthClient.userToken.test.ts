/** The verification of users' JWTs. */
import Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Jose from "jose"
import { readFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import * as Https from "node:https"
import type { LookupFunction } from "node:net"
import * as Tls from "node:tls"
import { inspect } from "node:util"
import { issuerOf, json, makeKey, type Routes, sign } from "../../support/issuer.js"
import { jwt, OAuthClient, OAuthHttp, Scripted } from "../../support/localBackend.js"
import * as Server from "../../support/server.js"

const read = (certificate: string): string =>
  readFileSync(new URL(`../../support/certificates/${certificate}`, import.meta.url), "utf8")

const lookUpHere: LookupFunction = (_, __, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }])

const verify = (token: Redacted.Redacted, options?: OAuthClient.VerifyUserTokenOptions) =>
  Effect.flatMap(OAuthClient.OAuthClient, (client) => client.verifyUserToken(token, options))

const notFound = (response: ServerResponse) => response.writeHead(404).end()

const reason = (token: Redacted.Redacted, options?: OAuthClient.VerifyUserTokenOptions) =>
  Effect.map(Effect.flip(verify(token, options)), (error) => error.reason)

describe("OAuthHttp.layer", () => {
  it.live("accepts each algorithm, and reads the keys of an issuer once", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.forEach(
        ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"],
        (alg) => makeKey(alg, { kid: alg })
      )
      const { issuer, requests } = yield* issuerOf(() => keys.map(({ jwk }) => jwk))
      for (const key of keys) {
        const exp = Math.floor((yield* Clock.currentTimeMillis) / 1000) + 60
        assert.deepStrictEqual(yield* verify(yield* sign(issuer, key, { exp })), { iss: issuer, sub: "alice", exp })
      }
      assert.deepStrictEqual(requests, ["/.well-known/openid-configuration", "/keys"])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("tries each key for a token without a key id", () =>
    Effect.gen(function*() {
      const [first, second, foreign] = yield* Effect.all([makeKey("ES256"), makeKey("ES256"), makeKey("ES256")])
      const { issuer } = yield* issuerOf(() => [first.jwk, second.jwk])
      assert.strictEqual((yield* verify(yield* sign(issuer, first))).sub, "alice")
      assert.strictEqual((yield* verify(yield* sign(issuer, second))).sub, "alice")
      assert.strictEqual(yield* reason(yield* sign(issuer, foreign)), "Signature")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("rejects a token that the issuer has not signed", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256", { kid: "1" })
      const thief = yield* makeKey("ES256", { kid: "1" })
      const unknown = yield* makeKey("ES256", { kid: "2" })
      const { issuer, requests } = yield* issuerOf(() => [key.jwk])
      const token = Redacted.value(yield* sign(issuer, key))
      const [header, , signature] = token.split(".")
      const payload = Buffer.from(JSON.stringify({ iss: issuer, sub: "mallory" })).toString("base64url")
      // Unsigned, or signed with the public key as a shared secret. The issuer gets no request.
      const unsigned = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url")
      assert.strictEqual(yield* reason(Redacted.make(`${unsigned}.${payload}.`)), "Algorithm")
      const shared = yield* Effect.promise(() =>
        new Jose.SignJWT({ iss: issuer, sub: "mallory" }).setProtectedHeader({ alg: "HS256" })
          .sign(Buffer.from(JSON.stringify(key.jwk)))
      )
      assert.strictEqual(yield* reason(Redacted.make(shared)), "Algorithm")
      assert.deepStrictEqual(requests, [])

      assert.strictEqual(yield* reason(Redacted.make(`${header}.${payload}.${signature}`)), "Signature")
      assert.strictEqual(yield* reason(yield* sign(issuer, thief)), "Signature")
      assert.strictEqual(yield* reason(yield* sign(issuer, unknown)), "Signature")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("rejects a malformed, expired, or not yet valid token without a request", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const { issuer, requests } = yield* issuerOf(() => [key.jwk])
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const expired = yield* sign(issuer, key, { exp: now - 1, sentinel: "sentinel" })
      assert.strictEqual(yield* reason(expired), "Expired")
      assert.strictEqual(yield* reason(yield* sign(issuer, key, { nbf: now + 60 })), "Expired")
      const malformed = ["", "x", "a.b.c", Redacted.value(jwt({ sub: "alice" })), Redacted.value(jwt({ iss: issuer }))]
      for (const token of malformed) assert.strictEqual(yield* reason(Redacted.make(token)), "Malformed")
      assert.strictEqual(yield* reason(jwt({ iss: 1, sub: "alice" })), "Malformed")
      assert.strictEqual(yield* reason(jwt({ iss: issuer, sub: "alice", exp: "soon" })), "Malformed")
      assert.deepStrictEqual(requests, [])
      const error = yield* Effect.flip(verify(expired))
      assert.notInclude(inspect(error, { depth: 10, showHidden: true }), Redacted.value(expired).slice(0, 20))
      assert.include(error.message, "expired")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("rejects issuers that are not allowed", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const { issuer, requests } = yield* issuerOf(() => [key.jwk])
      const token = yield* sign(issuer, key)
      assert.strictEqual(yield* reason(token, { issuers: ["https://issuer.example.com"] }), "Issuer")
      assert.strictEqual(yield* reason(token, { issuers: [`${issuer}/`] }), "Issuer")
      assert.deepStrictEqual(requests, [])
      assert.strictEqual((yield* verify(token, { issuers: ["https://issuer.example.com", issuer] })).sub, "alice")
      assert.strictEqual(yield* reason(token, { issuers: [] }), "Issuer")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("distinguishes an unavailable issuer from one without metadata, and tries again later", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const discovery = "/.well-known/openid-configuration"
      const keys = () => [key.jwk]
      const of = (change: Routes) =>
        Effect.flatMap(issuerOf(keys, change), ({ issuer }) => Effect.flatMap(sign(issuer, key), reason))
      const undiscoverable = [
        of({ [discovery]: (_, response) => response.writeHead(404).end() }),
        of({ [discovery]: (_, response) => response.end("<!doctype html>sentinel") }),
        of({ [discovery]: json(() => ({})) }),
        of({ [discovery]: json(() => null) }),
        // The metadata names another issuer.
        of({ [discovery]: json((url) => ({ issuer: "https://issuer.example.com", jwks_uri: `${url}/keys` })) }),
        of({ [discovery]: json((url) => ({ issuer: url, jwks_uri: "http://keys.example.com/" })) }),
        of({ [discovery]: json((url) => ({ issuer: url, jwks_uri: "file:///etc/passwd" })) }),
        of({ "/keys": json(() => ({ keys: "none" })) }),
        Effect.flatMap(sign("http://issuer.example.com", key), reason),
        Effect.flatMap(sign("not a URL", key), reason),
        Effect.flatMap(sign("file:///etc", key), reason)
      ]
      for (const [index, effect] of undiscoverable.entries()) {
        assert.strictEqual(yield* effect, "Undiscoverable", `the case ${index}`)
      }
      const unreachable = [
        of({ [discovery]: (_, response) => response.writeHead(503).end() }),
        of({ [discovery]: (_, response) => response.writeHead(429).end() }),
        of({ [discovery]: (_, response) => response.destroy() }),
        of({ [discovery]: (url, response) => response.writeHead(302, { location: `${url}/elsewhere` }).end() }),
        of({ "/keys": (_, response) => response.writeHead(500).end() }),
        Effect.flatMap(sign("http://127.0.0.1:1", key), reason)
      ]
      for (const [index, effect] of unreachable.entries()) {
        assert.strictEqual(yield* effect, "Unreachable", `the case ${index}`)
      }

      let down = true
      const { issuer } = yield* issuerOf(keys, {
        [discovery]: (url, response) =>
          down
            ? response.writeHead(503).end()
            : json(() => ({ issuer: url, jwks_uri: `${url}/keys` }))(url, response)
      })
      const token = yield* sign(issuer, key)
      assert.strictEqual(yield* reason(token), "Unreachable")
      down = false
      assert.strictEqual((yield* verify(token)).sub, "alice")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("lets no issuer of https choose a request to this machine", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const { issuer: insecure, requests } = yield* issuerOf(() => [key.jwk])
      let jwksUri = `${insecure}/keys`
      const port = yield* Server.listen(
        Https.createServer({ key: read("server.key"), cert: read("server.pem") }, (_, response) =>
          response.end(JSON.stringify({ issuer, jwks_uri: jwksUri, keys: [key.jwk] })))
      )
      const issuer = `https://127.0.0.1:${port}`
      const authorities = Tls.getCACertificates("default")
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          Tls.setDefaultCACertificates([...authorities, read("ca.pem")])
        ),
        () => Effect.sync(() => Tls.setDefaultCACertificates(authorities))
      )
      const token = yield* sign(issuer, key)
      assert.strictEqual(yield* reason(token), "Undiscoverable")
      assert.deepStrictEqual(requests, [])
      jwksUri = `${issuer}/keys`
      assert.strictEqual((yield* verify(token)).sub, "alice")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("lets no issuer on the network choose a request to this machine, also not by https", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const requests: Array<string> = []
      // All names are this server, whose certificate is that of localhost.
      const connect = { ca: read("ca.pem"), servername: "localhost", lookup: lookUpHere }
      const before = Undici.getGlobalDispatcher()
      yield* Effect.acquireRelease(
        Effect.sync(() => Undici.setGlobalDispatcher(new Undici.Agent({ connect }))),
        () => Effect.sync(() => Undici.setGlobalDispatcher(before))
      )
      let host = "localhost"
      const port = yield* Server.listen(
        Https.createServer({ key: read("server.key"), cert: read("server.pem") }, ({ headers, url }, response) => {
          requests.push(`${headers.host}${url}`)
          const at = `https://${host}:${port}`
          const metadata = { jwks_uri: `${at}/keys`, token_endpoint: `${at}/token` }
          response.setHeader("content-type", "application/json").end(
            JSON.stringify({ issuer, ...metadata, access_token: "token", token_type: "Bearer", keys: [key.jwk] })
          )
        })
      )
      const issuer = `https://issuer.example.com:${port}`
      const client = yield* OAuthClient.OAuthClient
      const discoveryUrl = `${issuer}/.well-known/openid-configuration`
      const tokens = client.clientCredentials({
        discovery: { discoveryUrl },
        clientId: "agent",
        clientAuthenticationMethod: "CLIENT_SECRET_BASIC",
        clientSecret: Redacted.make("secret")
      }, { scopes: [] })
      const token = yield* sign(issuer, key)
      assert.strictEqual(yield* reason(token), "Undiscoverable")
      assert.strictEqual((yield* Effect.flip(tokens)).reason, "Misconfigured")
      assert.isTrue(requests.every((url) => url.startsWith("issuer.example.com:")), requests.join())
      host = "keys.example.com"
      assert.strictEqual((yield* verify(token)).sub, "alice")
      yield* client.discover({ discovery: { discoveryUrl } }, { again: true })
      assert.strictEqual(Redacted.value((yield* tokens).accessToken), "token")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("has the keys of the issuer that stands in for its own", () =>
    Effect.gen(function*() {
      const [key, other] = [yield* makeKey("ES256"), yield* makeKey("ES256")]
      const { issuer: standIn, requests } = yield* issuerOf(() => [key.jwk])
      const options = { standIn: (name: string) => name === standIn ? undefined : standIn }
      const foreign = "https://cognito-idp.invalid/pool"
      const claims = yield* verify(yield* sign(foreign, key), options)
      assert.deepStrictEqual([claims.iss, claims.sub], [foreign, "alice"])
      assert.strictEqual(yield* reason(yield* sign(foreign, other), options), "Signature")
      assert.strictEqual((yield* verify(yield* sign(standIn, key), options)).iss, standIn)
      assert.deepStrictEqual(requests, ["/.well-known/openid-configuration", "/keys"])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("finds the keys of an issuer by the metadata of RFC 8414 when there is no OpenID Connect metadata", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const absent = {
        "/.well-known/openid-configuration": (_: string, response: ServerResponse) => notFound(response)
      }
      const metadata = "/.well-known/oauth-authorization-server"
      const paths = [
        ["", metadata],
        ["/", metadata],
        ["/tenant/one", `${metadata}/tenant/one`],
        ["/tenant/", `${metadata}/tenant`],
        ["/tenant", `/tenant${metadata}`]
      ] as const
      for (const [path, place] of paths) {
        const { issuer, requests } = yield* issuerOf(() => [key.jwk], {
          ...absent,
          [place]: json((url) => ({ issuer: `${url}${path}`, jwks_uri: `${url}/keys` }))
        })
        const token = yield* sign(`${issuer}${path}`, key)
        assert.deepStrictEqual((yield* verify(token)).iss, `${issuer}${path}`)
        assert.deepStrictEqual(requests.slice(-2), [place, "/keys"])
        const before = requests.length
        yield* verify(token)
        assert.strictEqual(requests.length, before)
      }
      // This metadata must also name the issuer. A server that does not respond gets one request.
      const other = yield* issuerOf(() => [key.jwk], {
        ...absent,
        [metadata]: json((url) => ({ issuer: `${url}/other`, jwks_uri: `${url}/keys` }))
      })
      assert.strictEqual(yield* reason(yield* sign(other.issuer, key)), "Undiscoverable")
      assert.notInclude(other.requests, "/keys")
      const down = yield* issuerOf(() => [key.jwk], {
        "/.well-known/openid-configuration": (_, response) => response.writeHead(503).end()
      })
      assert.strictEqual(yield* reason(yield* sign(down.issuer, key)), "Unreachable")
      assert.deepStrictEqual(down.requests, ["/.well-known/openid-configuration"])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("does not check the signature when the options disable it", () =>
    Effect.gen(function*() {
      const token = jwt({ iss: "https://issuer.example.com", sub: "alice" })
      assert.strictEqual((yield* verify(token, { signature: false })).sub, "alice")
      assert.strictEqual(yield* reason(token, { signature: false, issuers: ["https://other.example.com"] }), "Issuer")
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("Scripted.layer", () => {
  it.effect("checks the times and the allowed issuers", () =>
    Effect.gen(function*() {
      const token = jwt({ iss: "https://issuer.example.com", sub: "alice", exp: 60 })
      assert.deepStrictEqual(yield* verify(token), { iss: "https://issuer.example.com", sub: "alice", exp: 60 })
      assert.strictEqual(yield* reason(token, { issuers: ["https://other.example.com"] }), "Issuer")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reason(token), "Expired")
    }).pipe(Effect.provide(Scripted.layer())))
})
