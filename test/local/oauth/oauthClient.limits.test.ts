/** The requests of the client: their allowed URLs, time limits and size limits. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Jose from "jose"
import * as Utils from "../../support/authorizationServer.js"
import * as FaultyServer from "../../support/faultyServer.js"
import { collecting } from "../../support/garbage.js"
import { issuerOf, json, makeKey, sign } from "../../support/issuer.js"
import { jwt, OAuthClient, OAuthHttp } from "../../support/localBackend.js"

const discovery = "/.well-known/openid-configuration"

const account = (discovery: OAuthClient.AuthorizationServer["discovery"]): OAuthClient.AuthorizationServer => ({
  discovery,
  clientId: Utils.clientId,
  clientSecret: Utils.clientSecret,
  clientAuthenticationMethod: "CLIENT_SECRET_BASIC"
})

const signed = jwt({ iss: "", sub: "alice" })

/** The JWT of an issuer, with an invalid signature. */
const unverified = (iss: string): Redacted.Redacted => {
  const [, , signature] = Redacted.value(signed).split(".")
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  return Redacted.make(`${encode({ alg: "ES256" })}.${encode({ iss, sub: "alice" })}.${signature}`)
}

const verify = (token: Redacted.Redacted) =>
  Effect.flatMap(OAuthClient.OAuthClient, (client) => client.verifyUserToken(token))

const verifyReason = (token: Redacted.Redacted) => Effect.map(Effect.flip(verify(token)), ({ reason }) => reason)

const clientCredentials = (discovery: OAuthClient.AuthorizationServer["discovery"]) =>
  Effect.flatMap(OAuthClient.OAuthClient, (client) => client.clientCredentials(account(discovery), { scopes: [] }))

/** Responds with metadata, except at the faulty path. */
const faultyAt = (faulty: string, fault: FaultyServer.Fault) =>
  FaultyServer.start((path, response, url) => {
    if (path === faulty) return fault
    response.setHeader("content-type", "application/json").end(
      JSON.stringify({ issuer: url, jwks_uri: `${url}/keys`, token_endpoint: `${url}/token` })
    )
    return undefined
  })

const requests: Record<string, {
  readonly path: string
  readonly send: (url: string) => Effect.Effect<unknown, { readonly reason: string }, OAuthClient.OAuthClient>
}> = {
  "the metadata of an authorization server": {
    path: discovery,
    send: (url) => clientCredentials({ discoveryUrl: `${url}${discovery}` })
  },
  "the metadata of a new authorization server": {
    path: discovery,
    send: (url) =>
      Effect.flatMap(
        OAuthClient.OAuthClient,
        (client) => client.discover({ discovery: { discoveryUrl: `${url}${discovery}` } })
      )
  },
  tokens: { path: "/token", send: (url) => clientCredentials({ discoveryUrl: `${url}${discovery}` }) },
  "the metadata of an issuer": { path: discovery, send: (url) => verify(unverified(url)) },
  "the keys of an issuer": { path: "/keys", send: (url) => verify(unverified(url)) }
}

const layer = (timeouts: OAuthHttp.Timeouts) => Layer.sync(OAuthClient.OAuthClient, () => OAuthHttp.make(timeouts))

for (const [name, { path, send }] of Object.entries(requests)) {
  describe(`a request for ${name}`, () => {
    for (const fault of FaultyServer.endless) {
      it.live(`times out when the response is ${fault}`, () =>
        Effect.gen(function*() {
          const server = yield* faultyAt(path, fault)
          yield* collecting
          const errors = yield* Effect.forEach(
            Array.from({ length: 20 }),
            () => Effect.flip(send(server.url)),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual([...new Set(errors.map(({ reason }) => reason))], ["Unreachable"])
          yield* server.idle
        }).pipe(Effect.provide(layer({ tokens: 400, keys: 400 })), Effect.timeout("30 seconds")))
    }

    for (const fault of FaultyServer.oversized) {
      it.live(`reads only a part of a response that is ${fault}`, () =>
        Effect.gen(function*() {
          const server = yield* faultyAt(path, fault)
          const { reason } = yield* Effect.flip(send(server.url))
          assert.include(["Rejected", "Undiscoverable"], reason)
          yield* server.idle
        }).pipe(Effect.provide(OAuthHttp.layer), Effect.timeout("30 seconds")))
    }

    // Callers share the requests to an issuer.
    if (name.endsWith("an issuer")) return
    it.live("closes its connection when the caller is interrupted", () =>
      Effect.gen(function*() {
        const server = yield* faultyAt(path, "dripping")
        const fiber = yield* Effect.forkChild(send(server.url))
        yield* server.arrived(path === discovery ? 1 : 2)
        yield* Fiber.interrupt(fiber)
        yield* server.idle
      }).pipe(Effect.provide(layer({ tokens: 60_000, keys: 60_000 })), Effect.timeout("30 seconds")))
  })
}

const emptyServer = FaultyServer.start((_, response) => void response.end("{}"))

it.live("accepts a lifetime that is longer than a Date can represent", () =>
  Effect.gen(function*() {
    const { url } = yield* FaultyServer.start((path, response, url) => {
      response.setHeader("content-type", "application/json").end(JSON.stringify(
        path === discovery
          ? { issuer: url, token_endpoint: `${url}/token` }
          : { access_token: "token", token_type: "Bearer", expires_in: 1e300 }
      ))
      return undefined
    })
    const { expiresAt } = yield* clientCredentials({ discoveryUrl: `${url}${discovery}` })
    assert.strictEqual(Option.getOrThrow(expiresAt).epochMilliseconds, 8_640_000_000_000_000)
  }).pipe(Effect.provide(OAuthHttp.layer)))

describe("the issuer of a user's token", () => {
  it.live("is rejected without a request when its URL has a query or dot segments", () =>
    Effect.gen(function*() {
      const server = yield* emptyServer
      const { host } = new URL(server.url)
      const issuers = [
        `${server.url}/admin?x=`,
        `${server.url}/admin?`,
        `${server.url}?x=`,
        `${server.url}/admin#`,
        `${server.url}/admin#x`,
        `${server.url}/tenant/../admin`,
        `${server.url}/%2e%2e/admin`,
        `${server.url}\\admin`,
        `${server.url}/admin\\x`,
        `http://user@${host}`,
        `http://user:password@${host}`,
        `http:${host}`,
        `http:\\\\${host}`,
        ` ${server.url}`,
        `${server.url}\n`,
        `${server.url}/a b`,
        `${server.url}/${"x".repeat(9000)}`,
        host
      ]
      for (const issuer of issuers) {
        const error = yield* Effect.flip(verify(unverified(issuer)))
        assert.strictEqual(error.reason, "Undiscoverable", issuer.slice(0, 60))
        assert.include(error.message, "without user information, query and fragment")
      }
      assert.deepStrictEqual(server.paths, [])
      assert.strictEqual(yield* verifyReason(unverified(`${server.url}/tenant/a`)), "Undiscoverable")
      assert.deepStrictEqual(server.paths, [`/tenant/a${discovery}`])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("is rejected when the URL of its keys has user information or a fragment", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      for (const change of [(url: string) => url.replace("//", "//user@"), (url: string) => `${url}#`]) {
        const { issuer, requests } = yield* issuerOf(() => [key.jwk], {
          [discovery]: json((url) => ({ issuer: url, jwks_uri: change(`${url}/keys`) }))
        })
        assert.strictEqual(yield* verifyReason(yield* sign(issuer, key)), "Undiscoverable")
        assert.deepStrictEqual(requests, [discovery])
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("is rejected when it publishes more than 100 keys", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const copies = (count: number) => Array.from({ length: count }, () => key.jwk)
      const few = yield* issuerOf(() => copies(100))
      assert.strictEqual((yield* verify(yield* sign(few.issuer, key))).sub, "alice")
      const many = yield* issuerOf(() => copies(101))
      assert.strictEqual(yield* verifyReason(yield* sign(many.issuer, key)), "Undiscoverable")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("causes no defect when its keys have any shape", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256", { kid: "1" })
      for (const odd of [null, 1, "key", [], {}, { kty: {} }, { ...key.jwk, x5c: [[[]]], key_ops: "verify" }]) {
        const { issuer } = yield* issuerOf(() => [odd as never])
        assert.include(["Signature", "Undiscoverable"], yield* verifyReason(yield* sign(issuer, key, {}, { kid: "2" })))
      }
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("the memory of the client", () => {
  /** A server with a site for each first segment of a path. Its token endpoints issue tokens. */
  const sites = (keys: ReadonlyArray<Jose.JWK> = []) =>
    FaultyServer.start((path, response, url) => {
      const [, name, file] = path.split("/")
      const site = `${url}/${name}`
      const metadata = { issuer: site, jwks_uri: `${site}/keys`, token_endpoint: `${site}/token` }
      response.setHeader("content-type", "application/json").end(
        JSON.stringify(file === "keys" ? { keys } : metadata)
      )
      return undefined
    })

  const names = Array.from({ length: 101 }, (_, index) => `site-${index}`)

  it.live("has the keys of the 100 issuers that were used last", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const server = yield* sites([key.jwk])
      const use = (name = "") => Effect.flatMap(sign(`${server.url}/${name}`, key), verify)
      yield* Effect.forEach(names.slice(0, 100), use)
      // The first one is used again, so the second one is dropped.
      yield* use(names[0])
      yield* use(names[100])
      const requests = server.paths.length
      yield* use(names[0])
      assert.lengthOf(server.paths, requests)
      yield* use(names[1])
      assert.deepStrictEqual(server.paths.slice(requests), [`/${names[1]}${discovery}`, `/${names[1]}/keys`])
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("has no issuer whose keys have more than 256 KB", () =>
    Effect.gen(function*() {
      const key = yield* makeKey("ES256")
      const large = (size: number) =>
        issuerOf(() => [key.jwk], { "/keys": json(() => ({ keys: [key.jwk], more: "x".repeat(size) })) })
      const small = yield* large(255 * 1024)
      assert.strictEqual((yield* verify(yield* sign(small.issuer, key))).sub, "alice")
      const other = yield* large(256 * 1024)
      assert.strictEqual(yield* verifyReason(yield* sign(other.issuer, key)), "Undiscoverable")
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.live("has the metadata of the 100 authorization servers that were discovered last", () =>
    Effect.gen(function*() {
      const server = yield* sites()
      const client = yield* OAuthClient.OAuthClient
      const discover = (name = "") =>
        client.discover({ discovery: { discoveryUrl: `${server.url}/${name}${discovery}` } })
      yield* Effect.forEach(names, discover)
      yield* discover(names[100])
      assert.lengthOf(server.paths, 101)
      yield* discover(names[0])
      assert.lengthOf(server.paths, 102)
    }).pipe(Effect.provide(OAuthHttp.layer)))
})

describe("the URLs of an authorization server", () => {
  it.live("are rejected without a request when they have user information or a fragment, or a discovery URL has a query", () =>
    Effect.gen(function*() {
      const server = yield* emptyServer
      const { host } = new URL(server.url)
      const metadata = Utils.metadataOf(server.url).authorizationServerMetadata
      const discoveries: ReadonlyArray<OAuthClient.AuthorizationServer["discovery"]> = [
        { discoveryUrl: `${server.url}/admin?x=${discovery}` },
        { discoveryUrl: `${server.url}/admin#${discovery}` },
        { discoveryUrl: `${server.url}/a/..${discovery}` },
        { discoveryUrl: `http://user:password@${host}${discovery}` },
        { authorizationServerMetadata: { ...metadata, tokenEndpoint: `http://user:password@${host}/token` } },
        { authorizationServerMetadata: { ...metadata, tokenEndpoint: `${server.url}/token#` } }
      ]
      for (const discovery of discoveries) {
        assert.strictEqual((yield* Effect.flip(clientCredentials(discovery))).reason, "Misconfigured")
      }
      assert.deepStrictEqual(server.paths, [])
      yield* Effect.flip(clientCredentials({
        authorizationServerMetadata: { ...metadata, tokenEndpoint: `${server.url}/token?tenant=a` }
      }))
      assert.deepStrictEqual(server.paths, ["/token?tenant=a"])
    }).pipe(Effect.provide(OAuthHttp.layer)))
})
