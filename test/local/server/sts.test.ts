import {
  GetCallerIdentityCommand,
  GetWebIdentityTokenCommand,
  type GetWebIdentityTokenCommandInput,
  STSClient,
  type STSClientConfig,
  STSServiceException
} from "@aws-sdk/client-sts"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { backend } from "../../support/localBackend.js"
import * as Recorder from "../../support/recorder.js"
import * as Sts from "../../support/sts.js"
import * as Wire from "../../support/wire.js"

const audience = "https://api.example.com"

const client = Effect.map(Wire.url, (endpoint) =>
  new STSClient({
    endpoint,
    region: "us-west-2",
    maxAttempts: 1,
    credentials: { accessKeyId: "local", secretAccessKey: "local" }
  }))

const ask = (input: Partial<GetWebIdentityTokenCommandInput>) =>
  Effect.flatMap(
    client,
    (sts) =>
      Effect.promise(() =>
        sts.send(new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: "ES384", ...input }))
      )
  )

const rejected = (input: Partial<GetWebIdentityTokenCommandInput>) =>
  Effect.flatMap(
    client,
    (sts) =>
      Effect.promise(() =>
        sts.send(new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: "ES384", ...input })).then(
          () => assert.fail("it was not rejected"),
          (error: unknown) => error instanceof STSServiceException ? error : assert.fail(String(error))
        )
      )
  )

const formOf = (parameters: Record<string, string>, headers: Record<string, string> = {}): Wire.Request => ({
  path: "/",
  body: String(new URLSearchParams({ Version: "2011-06-15", ...parameters })),
  headers: {
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    authorization: Wire.authorization.replace("bedrock-agentcore", "sts"),
    ...headers
  }
})

const form = (parameters: Record<string, string>, headers?: Record<string, string>) =>
  Effect.flatMap(Wire.url, (url) => Wire.send(url, formOf(parameters, headers)))

/** The routes of a backend whose STS fails. */
const serverThatFailsWith = (error: SecurityTokenService.SecurityTokenServiceError) =>
  HttpRouter.serve(HttpRouter.use((router) => Wire.Routes.add(router, Wire.routeSettings)), {
    disableListenLog: true,
    disableLogger: true
  }).pipe(
    Layer.provide(Sts.decorate(() => Effect.fail(error))),
    Layer.provide(backend()),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

const good = {
  Action: "GetWebIdentityToken",
  "Audience.member.1": audience,
  SigningAlgorithm: "ES384"
}

const caller = { Action: "GetCallerIdentity" }

const role = "assumed-role/agentcore-identity-local"

describe("GetCallerIdentity", () => {
  const identityOf = (credentials: NonNullable<STSClientConfig["credentials"]>) =>
    Effect.flatMap(Wire.url, (endpoint) =>
      Effect.promise(async () => {
        const sts = new STSClient({ endpoint, region: "us-west-2", maxAttempts: 1, credentials })
        const { $metadata, ...identity } = await sts.send(new GetCallerIdentityCommand({}))
        assert.match(String($metadata.requestId), Wire.uuid)
        return identity
      }))

  it.live("names account, role and access key, for any credentials", () =>
    Effect.gen(function*() {
      for (const accessKeyId of ["local", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"]) {
        const identity = yield* identityOf({ accessKeyId, secretAccessKey: "any", sessionToken: "token" })
        assert.deepStrictEqual(identity, {
          Account: "210987654321",
          Arn: `arn:aws:sts::210987654321:${role}/${accessKeyId}`,
          UserId: `AROALOCALAGENTCOREIDS:${accessKeyId}`
        })
      }
    }).pipe(Effect.provide(Wire.server({ accountId: "210987654321" }))))

  it.live("names the role for HTTP calls and in JWTs", () =>
    Effect.gen(function*() {
      const { Arn = "" } = yield* identityOf({ accessKeyId: "local", secretAccessKey: "local" })
      const { WebIdentityToken = "" } = yield* ask({})
      const [, account, name] = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\/local$/.exec(Arn) ?? []
      assert.strictEqual(Jose.decodeJwt(WebIdentityToken).sub, `arn:aws:iam::${account}:role/${name}`)
    }).pipe(Effect.provide(Wire.server())))

  it.live("is rejected when the signature is invalid", () =>
    Effect.gen(function*() {
      const identity = yield* identityOf({ accessKeyId: "AKIDRIGHT", secretAccessKey: "right" })
      assert.strictEqual(identity.Arn, `arn:aws:sts::123456789012:${role}/AKIDRIGHT`)
      const rejections: ReadonlyArray<readonly [secretAccessKey: string, accessKeyId: string, name: string]> = [
        ["wrong", "AKIDRIGHT", "SignatureDoesNotMatch"],
        ["right", "AKIDOTHER", "InvalidClientTokenId"]
      ]
      for (const [secretAccessKey, accessKeyId, name] of rejections) {
        const endpoint = yield* Wire.url
        const sts = new STSClient({
          endpoint,
          region: "us-west-2",
          maxAttempts: 1,
          credentials: { accessKeyId, secretAccessKey }
        })
        const error = yield* Effect.flip(Effect.tryPromise({
          try: () => sts.send(new GetCallerIdentityCommand({})),
          catch: (error) => error
        }))
        assert(error instanceof STSServiceException)
        assert.strictEqual(error.name, name)
        assert.strictEqual(error.$metadata.httpStatusCode, 403)
      }
    }).pipe(Effect.provide(Wire.server({
      signatures: "verify",
      credentials: [{ accessKeyId: "AKIDRIGHT", secretAccessKey: Redacted.make("right") }]
    }))))

  it.live("responds in XML, and is rejected when the signature is missing", () =>
    Effect.gen(function*() {
      const response = yield* form(caller)
      assert.strictEqual(response.status, 200)
      assert.match(
        response.text,
        /^<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetCallerIdentityResult><Arn>[^<]+\/local<\/Arn><UserId>[^<]+:local<\/UserId><Account>123456789012<\/Account><\/GetCallerIdentityResult><ResponseMetadata><RequestId>[\w-]+</
      )
      const rejections: ReadonlyArray<readonly [authorization: string, code: string]> = [
        ["", "MissingAuthenticationToken"],
        ["Basic dTpw", "IncompleteSignature"],
        [Wire.authorization, "SignatureDoesNotMatch"]
      ]
      for (const [authorization, code] of rejections) {
        const rejection = yield* form(caller, { authorization })
        assert.strictEqual(rejection.status, 403, rejection.text)
        assert.include(rejection.text, `<Type>Sender</Type><Code>${code}</Code>`)
      }
    }).pipe(Effect.provide(Wire.server())))

  it.live("returns the default session when signatures are off and the request has none, or its key names no session", () =>
    Effect.gen(function*() {
      const unnamed = Wire.authorization.replace("bedrock-agentcore", "sts").replace("=local/", "=<k>/")
      for (const authorization of ["", unnamed]) {
        assert.include((yield* form(caller, { authorization })).text, `${role}/local</Arn>`)
      }
    }).pipe(Effect.provide(Wire.server({ signatures: "off" }))))
})

describe("GetWebIdentityToken", () => {
  it.live("rejects values outside the limits, in the words of AWS", () =>
    Effect.gen(function*() {
      const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `${index}`, Value: "test" }))
      const between = "Member must satisfy constraint: [Member must have length less than or equal to 1000, "
        + "Member must have length greater than or equal to 1]"
      const failed = "failed to satisfy constraint:"
      const atMost = (length: number) => `Member must have length less than or equal to ${length}`
      const [eleven, long, key] = [
        Array.from({ length: 11 }, (_, index) => `${index}`),
        "a".repeat(1001),
        "k".repeat(129)
      ]
      // Recorded by radkawar/stackd, testdata/aws/iam/outbound_identity.json.
      const cases: ReadonlyArray<readonly [Partial<GetWebIdentityTokenCommandInput>, ...ReadonlyArray<string>]> = [
        [{ Audience: undefined as never }, `Value null at 'audience' ${failed} Member must not be null`],
        [{ Audience: eleven }, `Value '[${eleven.join(", ")}]' at 'audience' ${failed} ${atMost(10)}`],
        [{ Audience: [long] }, `Value '[${long}]' at 'audience' ${failed} ${between}`],
        [
          { SigningAlgorithm: "" },
          `Value '' at 'signingAlgorithm' ${failed} Member must have length greater than or equal to 5`
        ],
        [{ SigningAlgorithm: "RS256x" }, `Value 'RS256x' at 'signingAlgorithm' ${failed} ${atMost(5)}`],
        [
          { SigningAlgorithm: undefined as never },
          `Value null at 'signingAlgorithm' ${failed} Member must not be null`
        ],
        [
          { DurationSeconds: 3601 },
          `Value '3601' at 'durationSeconds' ${failed} Member must have value less than or equal to 3600`
        ],
        [
          { Tags: tags(51) },
          `Value '[${tags(51).map(({ Key }) => `Tag(key=${Key}, value=test)`).join(", ")}]' at 'tags' ${failed} ${
            atMost(50)
          }`
        ],
        [{ Tags: [{ Key: key, Value: "v" }] }, `Value '${key}' at 'tags.1.member.key' ${failed} ${atMost(128)}`],
        [
          { Tags: [{ Key: "k", Value: "v" }, { Key: "l", Value: "v".repeat(257) }] },
          `Value '${"v".repeat(257)}' at 'tags.2.member.value' ${failed} ${atMost(256)}`
        ]
      ]
      for (const [input, ...details] of cases) {
        const error = yield* rejected(input)
        assert.deepStrictEqual([error.name, error.$metadata.httpStatusCode], ["ValidationError", 400])
        assert.strictEqual(
          error.message,
          `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`
        )
      }
      for (const input of [{ Scope: "read" }, { SubjectMode: "OriginIdentity" as const }]) {
        assert.strictEqual((yield* rejected(input)).name, "ValidationError")
      }
      yield* ask({ Tags: tags(50), SubjectMode: "AWSIdentity" })
      // Valid at AWS, too.
      yield* ask({ Tags: [], Audience: [" "] })
      yield* ask({ Tags: [{ Key: "aws:team", Value: "test" }], Audience: ["not-a-url", "not-a-url"] })
    }).pipe(Effect.provide(Wire.server())))

  it.live("signs claims of 14,984 bytes, and no more", () =>
    Effect.gen(function*() {
      const full = Array.from({ length: 10 }, () => "a".repeat(1000))
      const tags = (total: number) =>
        Array.from({ length: 25 }, (_, index) => ({
          Key: `${index}`,
          Value: "v".repeat(Math.max(0, Math.min(256, total - 256 * index)))
        }))
      const sizeOf = (token: string) => Buffer.from(token.split(".")[1] ?? "", "base64url").length
      const { WebIdentityToken = "" } = yield* ask({ Audience: full, Tags: tags(0) })
      const rest = 14_984 - sizeOf(WebIdentityToken)
      const { WebIdentityToken: largest = "" } = yield* ask({ Audience: full, Tags: tags(rest) })
      assert.strictEqual(sizeOf(largest), 14_984)
      const error = yield* rejected({ Audience: full, Tags: tags(rest + 1) })
      assert.deepStrictEqual(
        [error.name, error.message],
        ["JWTPayloadSizeExceededException", "JWT payload exceeds maximum allowed size"]
      )
    }).pipe(Effect.provide(Wire.server())))

  it.live("responds in XML, also with errors", () =>
    Effect.gen(function*() {
      const response = yield* form(good)
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["content-type"], "text/xml")
      assert.strictEqual(response.headers["cache-control"], "no-store")
      const requestId = String(response.headers["x-amzn-requestid"])
      assert.match(requestId, Wire.uuid)
      assert.match(
        response.text,
        /^<GetWebIdentityTokenResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetWebIdentityTokenResult><WebIdentityToken>[\w.-]+<\/WebIdentityToken><Expiration>[\d-]+T[\d:.]+Z<\/Expiration>/
      )
      assert.include(response.text, `<RequestId>${requestId}</RequestId>`)

      const rejections: ReadonlyArray<
        readonly [Effect.Effect<Wire.Response, never, LocalIdentity.LocalServer>, number, string]
      > = [
        [form({ ...good, Action: "AssumeRole" }), 400, "InvalidAction"],
        [form({ ...good, Action: "<script>&" }), 400, "InvalidAction"],
        [form({ ...good, Version: "2010-01-01" }), 400, "InvalidAction"],
        [form(good, { "content-type": "application/json" }), 415, "UnsupportedMediaTypeException"],
        [form(good, { authorization: "" }), 403, "MissingAuthenticationToken"],
        [form(good, { authorization: "Bearer token" }), 403, "IncompleteSignature"],
        [form(good, { authorization: Wire.authorization }), 403, "SignatureDoesNotMatch"],
        [form(good, { host: "evil.example.com" }), 403, "AccessDenied"],
        [form({ ...good, filling: "x".repeat(1024 * 1024) }), 413, "RequestEntityTooLargeException"],
        [form({ ...good, DurationSeconds: "1e3" }), 400, "MalformedInput"]
      ]
      for (const [request, status, code] of rejections) {
        const rejection = yield* request
        assert.strictEqual(rejection.status, status, rejection.text)
        assert.strictEqual(rejection.headers["content-type"], "text/xml")
        assert.include(rejection.text, `<Type>Sender</Type><Code>${code}</Code><Message>`)
        assert.notInclude(rejection.text, "script")
      }
    }).pipe(Effect.provide(Wire.server())))

  it.live("rejects forms of other sites, with and without signatures", () =>
    Effect.gen(function*() {
      const { host, origin } = new URL(yield* Wire.url)
      const foreign: ReadonlyArray<Record<string, string>> = [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "http://localhost:1" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "cross-site", origin },
        { referer: "https://evil.example/page" },
        { referer: `https://evil.example/?${host}` }
      ]
      for (const headers of foreign) {
        const rejection = yield* form(good, headers)
        assert.strictEqual(rejection.status, 403, JSON.stringify(headers))
        assert.include(rejection.text, "<Code>AccessDenied</Code>")
      }
      const own: ReadonlyArray<Record<string, string>> = [
        {},
        { origin },
        { "sec-fetch-site": "same-origin", origin, referer: `${origin}/` },
        { "sec-fetch-site": "none" }
      ]
      for (const headers of own) assert.strictEqual((yield* form(good, headers)).status, 200, JSON.stringify(headers))
    }).pipe(
      (test) =>
        Effect.forEach(
          ["off", "presence"] as const,
          (signatures) => Effect.provide(test, Wire.server({ signatures })),
          { discard: true }
        )
    ))

  it.live("returns each error of the plane so that an AWS SDK raises the same error", () =>
    Effect.gen(function*() {
      const expected = { operation: "GetWebIdentityToken", message: "the reason" }
      const errors: ReadonlyArray<readonly [SecurityTokenService.SecurityTokenServiceError, status: number]> = [
        [new IdentityError.OutboundWebIdentityFederationDisabledException(expected), 403],
        [new IdentityError.SessionDurationEscalationException(expected), 403],
        [new IdentityError.JWTPayloadSizeExceededException(expected), 400],
        [new IdentityError.AccessDeniedException(expected), 403],
        [new IdentityError.ValidationException(expected), 400],
        [new IdentityError.ThrottlingException(expected), 429],
        [new IdentityError.InternalServerException(expected), 500],
        [new IdentityError.UnknownServiceError({ ...expected, code: "ExpiredToken", status: 403 }), 403],
        [new IdentityError.UnknownServiceError({ ...expected, code: "constructor", status: 403 }), 403]
      ]
      for (const [error, status] of errors) {
        yield* Effect.gen(function*() {
          const endpoint = yield* Wire.base
          const response = yield* Wire.send(endpoint, formOf(good))
          assert.strictEqual(response.status, status)
          const sts = yield* Effect.provide(
            SecurityTokenService.SecurityTokenService,
            AwsPlanes.layer({
              endpoint,
              region: "us-west-2",
              credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") },
              maxAttempts: 1
            })
          )
          const arrived = yield* Effect.flip(
            sts.getWebIdentityToken({ audience: [audience], signingAlgorithm: "ES384" })
          )
          assert.strictEqual(arrived._tag, error._tag)
          // The adapter adds advice to one of the messages.
          assert.strictEqual(
            arrived.message.split(": an administrator")[0],
            error.message
          )
        }).pipe(Effect.provide(serverThatFailsWith(error)))
      }
    }))

  it.live("logs its name, and the name of the service for an unknown action", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.gen(function*() {
        for (const parameters of [good, caller, { Action: "AssumeRole" }]) yield* form(parameters)
      }).pipe(Effect.provide(Wire.server()), Effect.provide(recorder.layer))
      const lines = (yield* recorder.everything).join("\n")
      for (const line of ["GetWebIdentityToken 200", "GetCallerIdentity 200", "sts 400"]) assert.include(lines, line)
    }))

  it.live("is found by the environment of the server", () =>
    Effect.gen(function*() {
      const { environment, url } = yield* LocalIdentity.LocalServer
      assert.strictEqual(environment["AWS_ENDPOINT_URL_STS"], url)
    }).pipe(Effect.provide(Wire.server())))
})
