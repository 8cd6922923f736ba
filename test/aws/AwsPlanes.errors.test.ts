import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import {
  type IdentityError,
  isIdentityError,
  TransportError,
  UnknownServiceError
} from "effect-agentcore-identity/IdentityError"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Net from "node:net"
import * as FaultyServer from "../support/faultyServer.js"
import * as Recorder from "../support/recorder.js"
import { operations as rows } from "../support/requests.js"
import * as Servers from "../support/server.js"
import {
  adapters,
  assertNoSecrets,
  both,
  failure,
  getApiKey,
  json,
  operations,
  planes as sdkPlanes,
  raw,
  rendered,
  requestId,
  type Respond,
  server,
  token
} from "./utils.js"

const six: ReadonlyArray<readonly [string, number]> = [
  ["ValidationException", 400],
  ["UnauthorizedException", 401],
  ["AccessDeniedException", 403],
  ["ResourceNotFoundException", 404],
  ["ThrottlingException", 429],
  ["InternalServerException", 500]
]
const statuses = new Map<string, number>([
  ...six,
  ["ConflictException", 409],
  ["ConcurrentModificationException", 409],
  ["ServiceQuotaExceededException", 402],
  ["ResourceLimitExceededException", 400],
  ["EncryptionFailure", 400],
  ["DecryptionFailure", 400]
])

/** The exceptions of a row. Another test compares them with the service model. */
const exceptionsOf = (operation: string): ReadonlyArray<readonly [name: string, status: number]> =>
  rows.filter(({ name }) => name === operation).flatMap(({ errors }) =>
    errors.map(({ _tag }) => [_tag, statuses.get(_tag) ?? 500] as const)
  )

const getCallerIdentity = Effect.flatMap(
  SecurityTokenService.SecurityTokenService,
  (sts): Effect.Effect<unknown, IdentityError> => sts.getCallerIdentity({})
)

describe.each(adapters)("$name", ({ name, planes }) => {
  /** The error that a response causes. */
  const errorOf = (respond: Respond) =>
    Effect.flatMap(server(respond), ({ url }) => Effect.provide(failure(getApiKey), planes(url)))

  const transportErrorOf = (respond: Respond) =>
    Effect.map(errorOf(respond), (error) => {
      assert(error instanceof TransportError, `expected a TransportError, got ${error._tag}`)
      return error
    })

  describe("exceptions of the service", () => {
    it.live("are read from the header, for every operation and each of its exceptions", () =>
      Effect.gen(function*() {
        const http = yield* server(json(500, {}))
        const all = yield* Effect.provide(both, planes(http.url))
        for (const [operation, call] of operations) {
          assert.isNotEmpty(exceptionsOf(operation))
          for (const [name, status] of exceptionsOf(operation)) {
            http.respond = json(status, { message: "the reason" }, {
              "x-amzn-errortype": `${name}:http://internal.amazon.com/`
            })
            const error = yield* failure(call(all))
            assert(isIdentityError(error))
            assert.strictEqual(error._tag, name)
            assert.strictEqual(error.message, "the reason")
            assert.deepInclude(Object.entries(error), ["operation", operation])
            assert.deepInclude(Object.entries(error), ["requestId", requestId])
          }
        }
      }))

    it.live("are read from __type or code in the body, with or without a namespace, at any status", () =>
      Effect.gen(function*() {
        const http = yield* server(json(500, {}))
        yield* Effect.gen(function*() {
          for (const [name] of six) {
            for (
              const [member, value] of [
                ["__type", name],
                ["__type", `com.amazonaws.bedrockagentcore#${name}`],
                ["__type", `com.amazon.coral.service#${name}`],
                ["code", name]
              ] as const
            ) {
              http.respond = json(418, { [member]: value, Message: "said" })
              const error = yield* failure(getApiKey)
              assert.strictEqual(error._tag, name)
              assert.strictEqual(error.message, "said")
            }
          }
        }).pipe(Effect.provide(planes(http.url)))
      }))

    it.live("are read from the header before the body", () =>
      Effect.gen(function*() {
        const error = yield* errorOf(
          json(429, { __type: "ValidationException" }, { "x-amzn-errortype": "ThrottlingException" })
        )
        assert.strictEqual(error._tag, "ThrottlingException")
      }))

    it.live("a ValidationException keeps its reason and its well-formed fields", () =>
      Effect.gen(function*() {
        const fieldList = [{ name: "scopes", message: "too long" }]
        const header = { "x-amzn-errortype": "ValidationException" }
        const error = yield* errorOf(json(400, { message: "no", reason: "FieldValidationFailed", fieldList }, header))
        assert(error._tag === "ValidationException")
        assert.strictEqual(error.reason, "FieldValidationFailed")
        assert.deepStrictEqual(error.fieldList, fieldList)

        const other = yield* errorOf(
          json(403, { reason: "x", fieldList }, { "x-amzn-errortype": "AccessDeniedException" })
        )
        assert(other._tag === "AccessDeniedException")
        assert.notProperty(other, "reason")
        assert.notProperty(other, "fieldList")

        for (const odd of [null, [null], [1], "text", { 0: 1 }, [{ name: 1, message: {} }]]) {
          const strange = yield* errorOf(json(400, { message: "no", fieldList: odd }, header))
          assert.include(["ValidationException", "TransportError"], strange._tag)
        }
      }))

    it.live("are shortened when their name or message is long, without a piece of a secret at the end", () =>
      Effect.gen(function*() {
        const long = "x".repeat(100_000)
        for (const name of ["ValidationException", long]) {
          const error = yield* errorOf(json(400, {
            __type: name,
            // The message is cut within the secret.
            message: `${"m".repeat(8186)}${token}${long}`,
            reason: long,
            fieldList: Array.from({ length: 1000 }, () => ({
              name: "x".repeat(2000),
              message: `${"f".repeat(1020)}${token}`
            }))
          }, { "x-amzn-requestid": "i".repeat(10_000) }))
          assert.strictEqual(error._tag, name === long ? "UnknownServiceError" : name)
          assert.match(error.message, /^m{8000,}[^m]{0,7}…$/)
          for (const face of Recorder.faces(error)) assert.isBelow(face.length, 1_000_000)
          assert.isBelow(error.message.length, 8300)
          const { code, fieldList, reason, requestId } = error as unknown as Record<string, string | Array<unknown>>
          assert.isUndefined(requestId)
          if (name === long) {
            assert.isBelow(code?.length ?? Infinity, 200)
          } else {
            assert.isBelow(reason?.length ?? Infinity, 200)
            assert.lengthOf(fieldList ?? [], 100)
          }
          Recorder.assertSecretFree(Recorder.faces(error), [token])
        }
        const lost = yield* transportErrorOf(raw(200, "not JSON", { "x-amzn-requestid": "i".repeat(10_000) }))
        assert.isUndefined(lost.requestId)
      }))

    it.live("return an UnknownServiceError with name and status when the operation does not have the name", () =>
      Effect.gen(function*() {
        for (
          const [code, status] of [
            ["UnrecognizedClientException", 403],
            ["InvalidSignatureException", 403],
            ["MissingAuthenticationTokenException", 403],
            ["ExpiredTokenException", 403],
            ["UnknownOperationException", 404],
            ["SerializationException", 400],
            ["ConflictException", 409],
            ["toString", 400],
            ["ServiceUnavailable", 503]
          ] as const
        ) {
          const error = yield* errorOf(json(status, { message: "no" }, { "x-amzn-errortype": code }))
          assert(error instanceof UnknownServiceError, error._tag)
          assert.deepInclude({ ...error }, { code, status, operation: "GetResourceApiKey", requestId })
          assert.strictEqual(error.message, "no")
        }
      }))

    it.live("return an UnknownServiceError with the status when the body is empty, or JSON without a name", () =>
      Effect.gen(function*() {
        for (const respond of [json(503, { message: "Forbidden" }), json(503, null), json(503, "down"), raw(503, "")]) {
          const error = yield* errorOf(respond)
          assert(error instanceof UnknownServiceError, error._tag)
          assert.deepInclude({ ...error }, { code: "Unknown", status: 503 })
        }
        const redirect = yield* errorOf(raw(302, "", { location: "http://127.0.0.1:1/" }))
        assert(redirect instanceof UnknownServiceError)
        assert.strictEqual(redirect.status, 302)
      }))

    it.live("are never a defect, whatever the body", () =>
      Effect.gen(function*() {
        for (
          const body of [
            [],
            { code: null },
            { code: 42 },
            { code: {} },
            { code: "" },
            { code: "#" },
            { __type: [] },
            { message: { nested: true } },
            { message: 7, name: "x" },
            { message: null, $fault: "client", $metadata: 1, $response: "x", stack: 1 }
          ]
        ) {
          for (const headers of [{}, { "x-amzn-errortype": "ValidationException" }, { "x-amzn-errortype": "Other" }]) {
            const error = yield* errorOf(json(400, body, headers))
            assert.include(["ValidationException", "UnknownServiceError", "TransportError"], error._tag)
            assert.isString(error.message)
          }
        }
      }))
  })

  describe("undecodable responses", () => {
    it.live("have a body that is not JSON, and the error has the status", () =>
      Effect.gen(function*() {
        const html = "<html><body>Bad Gateway</body></html>"
        for (const status of [200, 302, 403, 429, 502, 503]) {
          const error = yield* transportErrorOf(raw(status, html, { "content-type": "text/html" }))
          assert.deepInclude({ ...error }, {
            kind: "undecodable",
            code: "SyntaxError",
            status,
            requestId,
            operation: "GetResourceApiKey"
          })
          assert.isUndefined(error.cause)
        }
      }))

    it.live("have a truncated, empty or foreign body, or missing or invalid members", () =>
      Effect.gen(function*() {
        for (
          const body of [
            "{\"apiKey\":\"abc",
            "",
            "null",
            "[]",
            "\"text\"",
            "7",
            "{}",
            "{\"apiKey\":7}",
            "{\"apiKey\":null}"
          ]
        ) {
          const error = yield* transportErrorOf(raw(200, body))
          assert.strictEqual(error.kind, "undecodable", body)
          assert.strictEqual(error.status, 200)
          assert.strictEqual(error.requestId, requestId)
        }
      }))

    it.live("have an invalid timestamp", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, {}))
        const { control } = yield* Effect.provide(both, planes(http.url))
        for (const createdTime of ["2025-06-15T15:06:40Z", "soon", 1e300, {}, true, null]) {
          http.respond = json(200, { name: "agent", workloadIdentityArn: "arn", createdTime, lastUpdatedTime: 1 })
          const error = yield* failure(control.getWorkloadIdentity({ name: "agent" }))
          assert(error instanceof TransportError, error._tag)
          assert.strictEqual(error.kind, "undecodable")
          assert.strictEqual(error.status, 200)
        }
      }))

    it.live("are not HTTP", () =>
      Effect.gen(function*() {
        const port = yield* Servers.listen(
          Net.createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.6 secret-in-raw-packet\r\n"))
        )
        const error = yield* Effect.provide(failure(getApiKey), planes(`http://127.0.0.1:${port}`))
        assert(error instanceof TransportError)
        // `fetch` may see first that the connection has ended.
        const kinds = name === "AwsPlanes.layerHttp by fetch" ? ["undecodable", "connection"] : ["undecodable"]
        assert.include(kinds, error.kind)
        assertNoSecrets(rendered(error), ["secret-in-raw-packet"])
      }))

    it.live("are connection errors when the connection is rejected, reset, unresolved, or lost in the response", () =>
      Effect.gen(function*() {
        const url = yield* Effect.scoped(Effect.map(server(json(200, {})), (http) => http.url))
        const unreachable = yield* Effect.provide(failure(getApiKey), planes(url))
        assert(unreachable instanceof TransportError)
        assert.deepInclude({ ...unreachable }, { kind: "connection", code: "ECONNREFUSED", status: undefined })
        assert(unreachable.cause !== undefined && Redacted.isRedacted(unreachable.cause))

        const unresolved = yield* Effect.provide(failure(getApiKey), planes("https://agentcore.invalid"))
        assert(unresolved instanceof TransportError)
        assert.strictEqual(unresolved.kind, "connection")

        const reset = yield* transportErrorOf((response) => response.socket?.destroy())
        // `fetch` has its own code.
        const code = name === "AwsPlanes.layerHttp by fetch" ? "UND_ERR_SOCKET" : "ECONNRESET"
        assert.deepInclude({ ...reset }, { kind: "connection", code })

        const broken = yield* transportErrorOf((response) => {
          response.writeHead(200, { "content-length": "1000" })
          response.write("{\"apiKey\":\"half-of-a-sec", () => response.socket?.destroy())
        })
        assert.strictEqual(broken.kind, "connection")
        assert.isUndefined(broken.cause)
      }))

    const withoutLimit = { timeout: Duration.infinity }

    // Only `fetch` decompresses responses.
    const isDecompressing = name === "AwsPlanes.layerHttp by fetch"
    const oversized = FaultyServer.oversized.filter((fault) => fault !== "bomb" || isDecompressing)

    it.live("are too large, on every plane, and their connection is closed", () =>
      Effect.forEach(oversized, (fault) =>
        Effect.gen(function*() {
          const http = yield* FaultyServer.start(() => fault)
          const errors = yield* Effect.gen(function*() {
            const { control } = yield* both
            return yield* Effect.all([
              failure(getApiKey),
              failure(control.getWorkloadIdentity({ name: "agent" })),
              failure(getCallerIdentity)
            ])
          }).pipe(Effect.provide(planes(http.url, withoutLimit)))
          for (const error of errors) {
            assert(error instanceof TransportError, error._tag)
            assert.deepInclude({ ...error }, { kind: "undecodable", code: "BodyTooLarge", status: 200 })
            assert.isUndefined(error.cause)
          }
          yield* http.idle
        }), { discard: true }).pipe(Effect.timeout("30 seconds")))

    it.live("are connection errors when the protocol changes, and over the AWS SDK, which waits, timeouts", () =>
      Effect.gen(function*() {
        const isSdk = name === "AwsPlanes.layer"
        const http = yield* FaultyServer.start(() => "upgrade")
        yield* Effect.gen(function*() {
          for (const error of [yield* failure(getApiKey), yield* failure(getCallerIdentity)]) {
            assert(error instanceof TransportError, error._tag)
            assert.strictEqual(error.kind, isSdk ? "timeout" : "connection")
          }
          yield* http.idle
        }).pipe(Effect.provide(planes(http.url, isSdk ? { timeout: "200 millis" } : withoutLimit)))
      }).pipe(Effect.timeout("10 seconds")))

    it.live("do not occur without credentials, because nothing is sent", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, { apiKey: "key" }))
        const providers = [
          () => Promise.reject(new Error("the vault is sealed")),
          () => {
            throw new Error("the vault is sealed")
          },
          () => Promise.reject(Object.assign(new Error("connect"), { code: "ECONNREFUSED" })),
          () =>
            Promise.reject(
              Object.assign(new Error("denied"), { name: "AccessDenied", $fault: "client", $metadata: {} })
            )
        ]
        for (const credentials of providers) {
          for (const options of [{ credentials }, { dataPlane: { credentials } }]) {
            const error = yield* Effect.provide(failure(getApiKey), planes(http.url, options))
            assert(error instanceof TransportError)
            assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
          }
        }
        assert.lengthOf(http.seen, 0)
      }))
  })

  describe("an empty credential", () => {
    const agent = { workloadName: "my-agent" }
    const call = (f: (plane: DataPlane.DataPlane["Service"]) => Effect.Effect<unknown, unknown>) =>
      Effect.flatMap(DataPlane.DataPlane, f)
    const token = {
      workloadIdentityToken: Redacted.make("token"),
      resourceCredentialProviderName: "provider",
      oauth2Flow: "M2M",
      scopes: []
    } as const
    const payment = call((plane) =>
      plane.getResourcePaymentToken({
        workloadIdentityToken: Redacted.make("token"),
        resourceCredentialProviderName: "provider",
        paymentTokenRequest: { coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/v1" } }
      })
    )
    const workload = { workloadAccessToken: "" }
    const coinbase = { bearerToken: "bearer", walletAuthToken: "wallet" }
    const stripe = { appId: "app", basicAuthToken: "basic", authorizationSignature: "signature" }
    const cases: ReadonlyArray<
      readonly [name: string, body: object, call: Effect.Effect<unknown, unknown, DataPlane.DataPlane>]
    > = [
      ["access token", { accessToken: "" }, call((plane) => plane.getResourceOauth2Token(token))],
      ["API key", { apiKey: "" }, getApiKey],
      ["workload access token", workload, call((plane) => plane.getWorkloadAccessToken(agent))],
      [
        "workload access token for a JWT",
        workload,
        call((plane) => plane.getWorkloadAccessTokenForJwt({ ...agent, userToken: Redacted.make("a.b.c") }))
      ],
      [
        "workload access token for an id",
        workload,
        call((plane) => plane.getWorkloadAccessTokenForUserId({ ...agent, userId: "alice" }))
      ],
      [
        "bearer token",
        { paymentTokenResponse: { coinbaseCdpTokenResponse: { ...coinbase, bearerToken: "" } } },
        payment
      ],
      [
        "wallet token",
        { paymentTokenResponse: { coinbaseCdpTokenResponse: { ...coinbase, walletAuthToken: "" } } },
        payment
      ],
      [
        "basic token",
        { paymentTokenResponse: { stripePrivyTokenResponse: { ...stripe, basicAuthToken: "" } } },
        payment
      ],
      [
        "signature",
        { paymentTokenResponse: { stripePrivyTokenResponse: { ...stripe, authorizationSignature: "" } } },
        payment
      ]
    ]
    for (const [name, body, call] of cases) {
      it.live(`is undecodable, and is not kept: ${name}`, () =>
        Effect.gen(function*() {
          const http = yield* server(json(200, body))
          const live = Layer.provideMerge(
            CredentialCache.layer({ opaqueTimeToLive: "1 hour", apiKeyTimeToLive: "1 hour" }),
            planes(http.url)
          )
          yield* Effect.gen(function*() {
            for (const _ of [1, 2]) {
              const error = yield* Effect.flip(call)
              assert(error instanceof TransportError)
              assert.strictEqual(error.kind, "undecodable")
              assert.strictEqual(error.status, 200)
            }
          }).pipe(Effect.provide(live))
          assert.lengthOf(http.seen, 2)
        }))
    }
  })
})

describe("the AWS SDK", () => {
  /** A handler of the program: the clients of the SDK take any. */
  const fetching = {
    handle: async ({ body, headers, hostname, method, path, port }: Record<string, string>) => {
      const response = await fetch(`http://${hostname}:${port}${path}`, {
        method: method!,
        headers: { ...headers as {} },
        body: body!
      })
      return {
        response: { statusCode: response.status, headers: Object.fromEntries(response.headers), body: response.body }
      }
    }
  }

  it.live("limits the responses of every client and request handler of the program", () =>
    Effect.gen(function*() {
      const faulty = yield* FaultyServer.start((path, response) => {
        if (path.startsWith("/faulty")) return "larger than it says"
        json(200, { apiKey: "key" })(response, { method: "", path, headers: {}, body: "" })
        return undefined
      })
      const client = (path: string) =>
        new BedrockAgentCoreClient({
          region: "us-west-2",
          endpoint: `${faulty.url}${path}`,
          credentials: { accessKeyId: "a", secretAccessKey: "b" },
          maxAttempts: 1
        })
      const options: ReadonlyArray<(path: string) => AwsPlanes.Options["dataPlane"]> = [
        (path) => ({ client: client(path) }),
        // The SDK's own.
        (path) => ({ requestHandler: client(path).config.requestHandler }),
        () => ({ requestHandler: { connectionTimeout: 5000 } }),
        () => ({ requestHandler: fetching })
      ]
      for (const dataPlane of options) {
        const over = (path: string) => sdkPlanes(`${faulty.url}${path}`, { dataPlane: dataPlane(path) })
        const { apiKey } = yield* Effect.provide(getApiKey, over("/fine"))
        assert.strictEqual(Redacted.value(apiKey), "key")
        const error = yield* Effect.provide(failure(getApiKey), over("/faulty"))
        assert.deepInclude({ ...error }, { kind: "undecodable", code: "BodyTooLarge", status: 200 })
        yield* faulty.idle
      }
    }).pipe(Effect.timeout("20 seconds")))

  it.live("reports the timeout of a request handler", () =>
    Effect.gen(function*() {
      const http = yield* server(() => {})
      for (const requestHandler of [{ requestTimeout: 50, throwOnRequestTimeout: true }, { socketTimeout: 50 }]) {
        const error = yield* Effect.provide(failure(getApiKey), sdkPlanes(http.url, { dataPlane: { requestHandler } }))
        assert(error instanceof TransportError)
        assert.strictEqual(error.kind, "timeout")
      }
    }))

  it.live("reports an exception of the service that gives credentials as a credentials error", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const denied = Object.assign(new Error("denied"), {
        name: "AccessDeniedException",
        $fault: "client",
        $metadata: {}
      })
      const client = new BedrockAgentCoreClient({
        region: "us-west-2",
        endpoint: http.url,
        credentials: () => Promise.reject(denied)
      })
      const error = yield* Effect.provide(failure(getApiKey), sdkPlanes(http.url, { dataPlane: { client } }))
      assert(error instanceof TransportError)
      assert.deepInclude({ ...error }, { kind: "credentials", code: "AccessDeniedException" })
      client.destroy()
    }))
})
