import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts"
import { assert, describe, it } from "@effect/vitest"
import type * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import { TransportError, UnknownServiceError } from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { clear, same, secret } from "../../support/utils.js"
import {
  adapters,
  assertNoSecrets,
  credentials,
  failure,
  interruptedInFlight,
  planes as sdkPlanes,
  raw,
  rendered,
  requestId,
  type Respond,
  type Seen,
  type Server,
  server
} from "../utils.js"

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

const request: Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken> = {
  audience: ["https://api.example.com"],
  signingAlgorithm: "ES384"
}

const escape = (string: string) => string.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const result = (content: string) =>
  `<GetWebIdentityTokenResponse xmlns="${namespace}"><GetWebIdentityTokenResult>${content}</GetWebIdentityTokenResult>`
  + `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetWebIdentityTokenResponse>`

const issued = raw(
  200,
  result("<WebIdentityToken>a.b.c</WebIdentityToken><Expiration>2026-01-02T03:04:05Z</Expiration>")
)

const rejection = (code: string, message = "the reason") =>
  `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${escape(code)}</Code><Message>${
    escape(message)
  }</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`

const call = (requested = request) =>
  Effect.flatMap(SecurityTokenService.SecurityTokenService, (sts) => sts.getWebIdentityToken(requested))

const last = (http: Server): Seen => http.seen[http.seen.length - 1]!

const sent = (http: Server) => Object.fromEntries(new URLSearchParams(last(http).body))

describe.each(adapters)("$name", ({ planes }) => {
  const errorOf = (respond: Respond) =>
    Effect.flatMap(server(respond), ({ url }) => Effect.provide(failure(call()), planes(url)))

  describe("requests", () => {
    it.live("are forms, signed for STS", () =>
      Effect.gen(function*() {
        const http = yield* server(issued)
        const respond = yield* Effect.provide(call(), planes(http.url))
        same(respond, { webIdentityToken: secret("a.b.c"), expiration: respond.expiration })
        assert.strictEqual(respond.expiration.epochMilliseconds, Date.parse("2026-01-02T03:04:05Z"))
        const { headers, method, path } = last(http)
        assert.deepStrictEqual([method, path], ["POST", "/"])
        assert.match(headers["content-type"] ?? "", /^application\/x-www-form-urlencoded/)
        assert.match(
          headers.authorization ?? "",
          /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/sts\/aws4_request/
        )
        same(secret(String(headers["x-amz-security-token"])), credentials.sessionToken)
        assert.deepStrictEqual(sent(http), {
          Action: "GetWebIdentityToken",
          Version: "2011-06-15",
          "Audience.member.1": "https://api.example.com",
          SigningAlgorithm: "ES384"
        })
      }))

    it.live("are sent unchanged, whatever they contain", () =>
      Effect.gen(function*() {
        const http = yield* server(issued)
        const sts = yield* Effect.provide(SecurityTokenService.SecurityTokenService, planes(http.url))
        // JavaScript has no such key.
        const requests = Arbitrary.filter(
          Arbitrary.schema(SecurityTokenService.operations.getWebIdentityToken.request),
          ({ tags = {} }) => !Object.keys(tags).includes("__proto__")
        )
        const result = yield* Arbitrary.checkEffect(
          requests,
          (requested) =>
            Effect.gen(function*() {
              yield* sts.getWebIdentityToken(requested)
              const { audience, durationSeconds, signingAlgorithm, tags = {} } = requested
              assert.deepStrictEqual(sent(http), {
                Action: "GetWebIdentityToken",
                Version: "2011-06-15",
                ...Object.fromEntries(audience.map((value, index) => [`Audience.member.${index + 1}`, value])),
                SigningAlgorithm: signingAlgorithm,
                ...(durationSeconds === undefined ? {} : { DurationSeconds: String(durationSeconds) }),
                ...Object.fromEntries(
                  Object.entries(tags).flatMap(([key, value], index) => [
                    [`Tags.member.${index + 1}.Key`, key],
                    [`Tags.member.${index + 1}.Value`, value]
                  ])
                )
              })
              return true
            }),
          { runs: 50 }
        )
        assert.isUndefined(Arbitrary.formatCheckFailure(result))
      }))

    it.live("are not sent when they break a limit", () =>
      Effect.gen(function*() {
        const http = yield* server(issued)
        const error = yield* Effect.provide(failure(call({ ...request, durationSeconds: 59 })), planes(http.url))
        assert.strictEqual(error._tag, "ValidationException")
        assert.lengthOf(http.seen, 0)
      }))
  })

  describe("exceptions of the service", () => {
    const names = {
      OutboundWebIdentityFederationDisabledException: "OutboundWebIdentityFederationDisabledException",
      SessionDurationEscalationException: "SessionDurationEscalationException",
      JWTPayloadSizeExceededException: "JWTPayloadSizeExceededException",
      AccessDenied: "AccessDeniedException",
      AccessDeniedException: "AccessDeniedException",
      ValidationError: "ValidationException",
      Throttling: "ThrottlingException",
      ThrottlingException: "ThrottlingException",
      InternalFailure: "InternalServerException"
    }

    it.live("are read by the names of the Query protocol, at any status", () =>
      Effect.gen(function*() {
        for (const [code, tag] of Object.entries(names)) {
          for (const status of [400, 418]) {
            const error = yield* errorOf(raw(status, rejection(code)))
            assert.strictEqual(error._tag, tag)
            assert.deepInclude({ ...error }, { operation: "GetWebIdentityToken", requestId })
            assert.match(error.message, /^the reason(: an administrator|$)/)
          }
        }
      }))

    it.live("contain advice when federation is disabled", () =>
      Effect.gen(function*() {
        for (const message of ["Federation is off", "Federation is off."]) {
          const error = yield* errorOf(raw(403, rejection("OutboundWebIdentityFederationDisabledException", message)))
          assert.match(
            error.message,
            /^Federation is off: an administrator .* `aws iam enable-outbound-web-identity-federation`$/
          )
        }
      }))

    it.live("return an UnknownServiceError with name and status for another name, or for none", () =>
      Effect.gen(function*() {
        for (const code of ["ExpiredToken", "SignatureDoesNotMatch", "InvalidAction", "toString", "a <b> & c"]) {
          const error = yield* errorOf(raw(403, rejection(code)))
          assert(error instanceof UnknownServiceError, error._tag)
          assert.deepInclude({ ...error }, { code, status: 403, requestId })
          assert.strictEqual(error.message, "the reason")
        }
        for (const body of ["", rejection(""), "<html><body>Service Unavailable</body></html>"]) {
          const error = yield* errorOf(raw(503, body))
          assert(error instanceof UnknownServiceError, error._tag)
          assert.deepInclude({ ...error }, { code: "Unknown", status: 503 })
        }
      }))
  })

  describe("undecodable responses", () => {
    it.live("are not XML, or not of the operation, and the error has the status", () =>
      Effect.gen(function*() {
        const token = "<WebIdentityToken>a.b.c</WebIdentityToken>"
        const time = "<Expiration>2026-01-02T03:04:05Z</Expiration>"
        const responses: ReadonlyArray<readonly [status: number, body: string]> = [
          [502, "Bad Gateway"],
          [502, "<html><body>Bad Gateway<br></html>"],
          [400, "{\"message\":\"no\"}"],
          [400, rejection("x").replace("<Code>x</Code>", "<Code><Name/></Code>")],
          [200, ""],
          [200, "{}"],
          [200, "<html><body>Sign in</body></html>"],
          [200, result("")],
          [200, result(token)],
          [200, result(time)],
          [200, result(`<WebIdentityToken></WebIdentityToken>${time}`)],
          [200, result(`<WebIdentityToken/>${time}`)],
          [200, result(token + time).slice(0, -20)],
          [200, result(`${token}<Expiration>soon</Expiration>`)],
          [200, result(`${token}<Expiration>1750000000</Expiration>`)],
          [200, result(`<WebIdentityToken><Part>a</Part></WebIdentityToken>${time}`)]
        ]
        for (const [status, body] of responses) {
          const error = yield* errorOf(raw(status, body))
          assert(error instanceof TransportError, `${error._tag}: ${body}`)
          assert.deepInclude({ ...error }, { kind: "undecodable", status, requestId }, body)
          assert.isUndefined(error.cause)
        }
      }))

    it.live("are transport errors after a lost connection, and without credentials", () =>
      Effect.gen(function*() {
        const lost = yield* errorOf((response) => response.socket?.destroy())
        assert(lost instanceof TransportError)
        assert.strictEqual(lost.kind, "connection")

        const http = yield* server(issued)
        for (const options of [{}, { sts: { credentials: () => Promise.reject(new Error("sealed")) } }]) {
          const error = yield* Effect.provide(
            failure(call()),
            planes(http.url, { credentials: () => Promise.reject(new Error("sealed")), ...options })
          )
          assert(error instanceof TransportError)
          assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
        }
        assert.lengthOf(http.seen, 0)
      }))
  })

  describe("the client", () => {
    it.live("aborts the request in flight when it is interrupted", () =>
      Effect.gen(function*() {
        const exit = yield* interruptedInFlight(call(), (url) => planes(url, { maxAttempts: 3 }))
        assert(Exit.isFailure(exit))
        assert.isTrue(Cause.hasInterruptsOnly(exit.cause))
      }))
  })

  describe("secrets", () => {
    it.live("are not in errors: neither the token nor the caller's session token", () =>
      Effect.gen(function*() {
        const token = "eyJhbGciOiJFUzM4NCJ9.c2VjcmV0LWNsYWltcw.c2lnbmF0dXJl"
        const sessionToken = "c2Vzc2lvbi10b2tlbi1vZi10aGUtY2FsbGVy"
        same(credentials.sessionToken, secret(sessionToken))
        const responses = [
          raw(200, result(`<WebIdentityToken>${token}</WebIdentityToken>`)),
          raw(200, result(`<WebIdentityToken>${token}`)),
          raw(200, token),
          raw(502, `<html>${token}<br></html>`),
          raw(403, rejection("SignatureDoesNotMatch", `'POST\n/\nx-amz-security-token:${sessionToken}\n'`))
        ]
        for (const respond of responses) {
          assertNoSecrets(rendered(yield* errorOf(respond)), [token, sessionToken])
        }
        // No printed response contains the token.
        const http = yield* server(issued)
        assert.notInclude(rendered(yield* Effect.provide(call(), planes(http.url))), "a.b.c")
        assert.include(JSON.stringify(clear(yield* Effect.provide(call(), planes(http.url)))), "a.b.c")
      }))
  })
})

describe("the AWS SDK", () => {
  it.live("reports an exception of STS in a search for credentials as a credentials error", () =>
    Effect.gen(function*() {
      const http = yield* server(raw(403, rejection("AccessDenied")))
      const settings = { region: "us-west-2", endpoint: http.url, maxAttempts: 1 }
      const signedIn = { accessKeyId: "AKIDOTHER", secretAccessKey: "secret" }
      const role = new STSClient({ ...settings, credentials: signedIn })
      const client = new STSClient({
        ...settings,
        credentials: () =>
          role.send(
            new AssumeRoleCommand({ RoleArn: "arn:aws:iam::123456789012:role/agent", RoleSessionName: "agent" })
          )
            .then(() => signedIn)
      })
      const error = yield* Effect.provide(failure(call()), sdkPlanes(http.url, { sts: { client } }))
      assert(error instanceof TransportError, error._tag)
      assert.deepInclude({ ...error }, { kind: "credentials", code: "AccessDenied" })
      assert.deepStrictEqual(http.seen.map(({ body }) => new URLSearchParams(body).get("Action")), ["AssumeRole"])
      role.destroy()
      client.destroy()
    }))
  it.live("prefers the SDK's own configuration, or the caller's client, over the options", () =>
    Effect.gen(function*() {
      const http = yield* server(issued)
      const other = yield* server(issued)
      const regions = () =>
        [http, other].flatMap(({ seen }) => seen.map((one) => one.headers.authorization?.split("/")[2]))
      const options: AwsPlanes.Options = { sts: { region: "eu-central-1", endpoint: other.url } }
      yield* Effect.provide(call(), sdkPlanes(http.url))
      yield* Effect.provide(call(), sdkPlanes(http.url, options))
      assert.deepStrictEqual(regions(), ["us-west-2", "eu-central-1"])

      const client = new STSClient({
        region: "sa-east-1",
        endpoint: other.url,
        credentials: { accessKeyId: "AKIDOTHER", secretAccessKey: "secret" }
      })
      yield* Effect.provide(call(), sdkPlanes(http.url, { sts: { client } }))
      assert.deepStrictEqual(regions(), ["us-west-2", "eu-central-1", "sa-east-1"])
      assert.lengthOf(other.seen, 2)
      client.destroy()
    }))
})
