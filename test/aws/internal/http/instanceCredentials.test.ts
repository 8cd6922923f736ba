/** The search at an instance makes the requests of the AWS SDK, and has its results. */
import { assert, describe, it } from "@effect/vitest"
import { Endpoint, fromInstanceMetadata } from "@smithy/credential-provider-imds"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Identity } from "../../../../src/aws/internal/credentials.js"
import * as NodeCredentials from "../../../../src/aws/internal/http/nodeCredentials.js"
import * as Node from "../../../../src/aws/internal/http/nodeRuntime.js"
import { environment, raw, type Respond, type Server, server } from "../../utils.js"

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Parts {
  readonly token?: Respond
  readonly role?: Respond
  readonly keys?: Respond
}

/** The responses of a metadata service. Each part can respond otherwise. */
const respond = (parts: Parts): Respond => (response, seen) => {
  const { keys = given({}), role = raw(200, " agent+role@1\n"), token = raw(200, "token-1") } = parts
  const part = seen.method === "PUT" ? token : seen.path.endsWith("/") ? role : keys
  return part(response, seen)
}

const metadata = (parts: Parts) => server(respond(parts))

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

const given = (changes: Readonly<Record<string, unknown>>): Respond =>
  raw(
    200,
    JSON.stringify({ AccessKeyId: "AKID", SecretAccessKey: "s", Token: "t", Expiration: inMinutes(59), ...changes })
  )

/** A poll of another test can still be under way to a server that had this port. */
const requestsOf = (http: Server) =>
  http.seen.splice(0).filter(({ path }) => path.startsWith("/latest/")).map(({ headers, method, path }) => [
    method,
    path,
    headers["x-aws-ec2-metadata-token"],
    headers["x-aws-ec2-metadata-token-ttl-seconds"]
  ])

/** Expired credentials are used for 5 to 10 minutes more. */
const resultOf = (found: Option.Option<Identity>) =>
  Option.getOrUndefined(
    Option.map(found, ({ accessKeyId, expiration = new Date(NaN), secretAccessKey, sessionToken }) => {
      const left = expiration.getTime() - Date.now()
      const state = left > 601_000 ? "later" : left > 295_000 ? "extended" : "soon"
      return { accessKeyId, secretAccessKey, sessionToken, expiration: state }
    })
  )

/** The SDK and this package search in turn, once or more often. Returns what both did. */
const search = (
  parts: Parts,
  variables: Readonly<Record<string, string>> = {},
  next: ReadonlyArray<Respond> = []
) =>
  Effect.scoped(Effect.gen(function*() {
    const http = yield* metadata(parts)
    yield* environment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: http.url, ...variables })
    const { transport } = yield* Node.runtime({})
    const provider = fromInstanceMetadata({ logger: silent })
    const own = NodeCredentials.fromInstance(process.env, transport)
    const all = []
    for (const respond of [http.respond, ...next]) {
      http.respond = respond
      const expected = {
        result: resultOf(yield* Effect.option(Effect.tryPromise(provider))),
        requests: requestsOf(http)
      }
      const found = { result: resultOf(yield* Effect.option(own)), requests: requestsOf(http) }
      assert.deepStrictEqual(found, expected)
      all.push(found)
    }
    return all
  }))

const statuses = [400, 401, 403, 404, 405, 429, 500, 503]

describe("the credentials of an instance, compared with the AWS SDK", () => {
  it.live("are read with a token, which is version 2 of the metadata service", () =>
    Effect.gen(function*() {
      const path = "/latest/meta-data/iam/security-credentials/"
      assert.deepStrictEqual(yield* search({}), [{
        result: { accessKeyId: "AKID", secretAccessKey: "s", sessionToken: "t", expiration: "later" },
        requests: [
          ["PUT", "/latest/api/token", undefined, "21600"],
          ["GET", path, "token-1", undefined],
          ["GET", `${path}agent+role@1`, "token-1", undefined]
        ]
      }])
    }))

  it.live("are read by version 1 if no token is issued, except if the variable forbids it", () =>
    Effect.gen(function*() {
      for (const status of statuses) {
        for (const forbids of ["true", "1", "false", ""]) {
          const [searched] = yield* search({ token: raw(status, "no") }, { AWS_EC2_METADATA_V1_DISABLED: forbids })
          const isFound = status !== 400 && (forbids === "false" || forbids === "")
          assert.strictEqual(searched?.result !== undefined, isFound, `${status} ${forbids}`)
        }
      }
    }))

  it.live("are missing if the service rejects a later request, or its response is incomplete", () =>
    Effect.gen(function*() {
      for (const status of statuses) {
        const responses = [yield* search({ role: raw(status, "no") }), yield* search({ keys: raw(status, "no") })]
        assert.deepStrictEqual(responses.map(([one]) => one?.requests.length), [2, 3])
      }
      for (const name of ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"]) {
        for (const value of [undefined, 1, null]) {
          assert.isUndefined((yield* search({ keys: given({ [name]: value }) }))[0]?.result)
        }
      }
      assert.isUndefined((yield* search({ keys: raw(200, "<html>") }))[0]?.result)
    }))

  it.live("stay in use when the service returns expired ones, or none after it did", () =>
    Effect.gen(function*() {
      const responses: ReadonlyArray<Parts> = [
        { keys: given({ AccessKeyId: "SECOND", Expiration: inMinutes(-60) }) },
        { keys: raw(500, "no") },
        { role: raw(404, "no") },
        { keys: given({ AccessKeyId: "THIRD" }) }
      ]
      const searched = yield* search({}, {}, responses.map(respond))
      assert.deepStrictEqual(searched.map(({ result }) => [result?.accessKeyId, result?.expiration]), [
        ["AKID", "later"],
        ["SECOND", "extended"],
        ["SECOND", "extended"],
        ["SECOND", "extended"],
        ["THIRD", "later"]
      ])
    }))

  it.live("are missing when the service never responds", () =>
    Effect.gen(function*() {
      const [silentToken] = yield* search({ token: () => {} })
      assert.strictEqual(silentToken?.result?.accessKeyId, "AKID")
      const [silentRole] = yield* search({ role: () => {} })
      assert.isUndefined(silentRole?.result)
    }))

  it.live("are searched at the endpoint or by the IP version of the environment", () =>
    Effect.gen(function*() {
      const mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
      const endpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
      const originOf = (env: Readonly<Record<string, string>>) => {
        const origins = new Set<string>()
        const own = NodeCredentials.fromInstance(env, ({ origin }) => {
          origins.add(origin)
          return Effect.fail({ error: Redacted.make(undefined), code: undefined, response: undefined })
        })
        return Effect.map(Effect.flip(own), (error) => [error.kind, ...origins])
      }
      assert.deepStrictEqual(yield* originOf({}), ["credentials", Endpoint.IPv4])
      assert.deepStrictEqual(yield* originOf({ [mode]: "IPv4" }), ["credentials", Endpoint.IPv4])
      assert.deepStrictEqual(yield* originOf({ [mode]: "IPv6" }), ["credentials", Endpoint.IPv6])
      assert.deepStrictEqual(yield* originOf({ [mode]: "IPv6", [endpoint]: "http://[::1]:8080/ignored" }), [
        "credentials",
        "http://[::1]:8080"
      ])
      for (const env of [{ [mode]: "ipv6" }, { [endpoint]: "169.254.169.254" }]) {
        assert.deepStrictEqual(yield* originOf(env), ["credentials"])
      }
    }))

  it.live("have the SDK's name of the error when the variable forbids version 1", () =>
    Effect.gen(function*() {
      yield* environment({
        AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1",
        AWS_EC2_METADATA_V1_DISABLED: "true"
      })
      const { transport } = yield* Node.runtime({})
      const expected = yield* Effect.promise(() =>
        fromInstanceMetadata({ logger: silent })().then(() => assert.fail("found"), (error: Error) => error)
      )
      const { code } = yield* Effect.flip(NodeCredentials.fromInstance(process.env, transport))
      assert.strictEqual(code, expected.name)
    }))
})
