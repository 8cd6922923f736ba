import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { LocalBackend } from "../../support/localBackend.js"
import { withoutPackage } from "../../support/utils.js"
import * as Wire from "../../support/wire.js"
import {
  apiKey,
  askApiKey,
  assertStrict,
  call,
  consent,
  fails,
  oauth2,
  server,
  setUp,
  succeeds,
  url,
  workloadToken
} from "../../support/wire.js"

describe("protocol", () => {
  it.live("ignores unknown members, and reads an empty body as an empty object", () =>
    Effect.gen(function*() {
      succeeds(yield* call("/identities/CreateWorkloadIdentity", { name: "agent", later: { addition: 1 } }), 201)
      // Only the planes of this package make a name.
      fails(yield* call("/identities/CreateWorkloadIdentity", {}), 400, "ValidationException")
      const body = fails(yield* call("/identities/GetWorkloadIdentity", ""), 400, "ValidationException")
      assert.deepStrictEqual(body.fieldList, [{ name: "name", message: "Member must not be null" }])
      assert.strictEqual(body.reason, "FieldValidationFailed")
    }).pipe(Effect.provide(server())))

  it.live("rejects requests outside the protocol", () =>
    Effect.gen(function*() {
      const base = yield* url
      const path = "/identities/CreateWorkloadIdentity"
      const input = JSON.stringify({ name: "agent" })
      const headers = { "content-type": "application/json", authorization: Wire.authorization }

      for (
        const unknown of [
          "/identities/DeleteEverything",
          "/identities",
          "/%zz",
          "//",
          "/identities/oauth2/callback/a/b",
          // The paths of operations are exact.
          `${path}/`,
          path.toLowerCase(),
          `/${path}`,
          `${path};a=b`,
          "/TAGS/arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault%2Fdefault"
        ]
      ) {
        fails(yield* Wire.operation(base, unknown, input), 404, "UnknownOperationException")
      }
      fails(yield* Wire.send(base, { method: "GET", path: "/other", headers }), 404, "UnknownOperationException")
      for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        const response = yield* Wire.send(base, { method, path, headers })
        fails(response, 405, "UnknownOperationException")
        assert.strictEqual(response.headers.allow, "POST")
      }
      assert.strictEqual((yield* Wire.send(base, { method: "HEAD", path, headers })).status, 405)

      for (const contentType of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
        fails(yield* call(path, input, { "content-type": contentType }), 415, "UnsupportedMediaTypeException")
      }
      for (
        const body of [
          "{",
          "{\"name\":\"agent\"",
          "[]",
          "\"agent\"",
          "null",
          "1",
          "<html>",
          Buffer.from([0x7b, 0xff, 0x7d])
        ]
      ) {
        fails(yield* call(path, body), 400, "SerializationException")
      }

      fails(yield* call(path, input, { authorization: "" }), 403, "MissingAuthenticationTokenException")
      const incomplete = [
        "Bearer token",
        "AWS4-HMAC-SHA256",
        Wire.authorization.replace("/aws4_request", ""),
        Wire.authorization.replace("/20260101", ""),
        Wire.authorization.replace("local/", "/"),
        Wire.authorization.replace(/, SignedHeaders=[^,]+/, ""),
        Wire.authorization.replace(/, Signature=.*/, "")
      ]
      for (const authorization of incomplete) {
        const { message } = fails(yield* call(path, input, { authorization }), 403, "IncompleteSignatureException")
        assert.match(String(message), /^Authorization header requires /)
        assert.notInclude(String(message), "token")
      }
      fails(
        yield* call(path, input, { authorization: Wire.authorization.replace("bedrock-agentcore/", "s3/") }),
        403,
        "InvalidSignatureException"
      )
      // No request had an effect.
      fails(yield* call("/identities/GetWorkloadIdentity", { name: "agent" }), 404, "ResourceNotFoundException")
      succeeds(yield* call(path, input, { "content-type": "application/json; charset=utf-8" }), 201)
    }).pipe(Effect.provide(server())))

  it.live("rejects a body that is too large, and accepts the next request", () =>
    Effect.gen(function*() {
      const path = "/identities/CreateApiKeyCredentialProvider"
      const keyOf = (length: number) => ({ name: "weather", apiKey: "k".repeat(length) })
      fails(yield* call(path, keyOf(1024 * 1024)), 413, "RequestEntityTooLargeException")
      fails(
        yield* call(path, keyOf(1024 * 1024), { "transfer-encoding": "chunked" }),
        413,
        "RequestEntityTooLargeException"
      )
      fails(yield* call(path, keyOf(65537)), 400, "ValidationException")
      succeeds(yield* call(path, keyOf(65536)), 201)
    }).pipe(Effect.provide(server())))

  it.live("rejects foreign host names", () =>
    Effect.gen(function*() {
      const { port } = new URL(yield* url)
      const ask = (host: string) => call("/identities/CreateWorkloadIdentity", {}, { host })
      for (
        const host of [
          "evil.example",
          `evil.example:${port}`,
          "localhost.evil.example",
          "127.0.0.1.evil.example",
          "[evil"
        ]
      ) {
        fails(yield* ask(host), 403, "AccessDeniedException")
      }
      for (const host of [`localhost:${port}`, "127.0.0.1", `[::1]:${port}`, "IDENTITY:4020", "public.example"]) {
        fails(yield* ask(host), 400, "ValidationException")
      }
      const base = yield* url
      const page = yield* Wire.send(base, {
        method: "GET",
        path: "/identities/oauth2/authorize?request_uri=x",
        headers: { host: "evil.example" }
      })
      assert.strictEqual(page.status, 403)
    }).pipe(Effect.provide(server({ allowedHosts: ["Identity"], publicUrl: "https://public.example/" }))))
})

describe("pages of LocalServer", () => {
  it.live("redirect the browser to the authorization server, and then to the return URL", () =>
    Effect.gen(function*() {
      yield* setUp
      const { back, sessionUri } = yield* consent({ customState: "where the user was: ünïcode" })
      const response = yield* Wire.page(back({ code: "the-code" }))
      assert.strictEqual(response.status, 302)
      assert.strictEqual(response.headers["cache-control"], "no-store")
      assert.strictEqual(response.headers["referrer-policy"], "no-referrer")
      assert.strictEqual(response.text, "")
      const target = new URL(String(response.headers.location))
      assert.strictEqual(target.origin + target.pathname, "https://agent.example.com/consent")
      assert.deepStrictEqual(Object.fromEntries(target.searchParams), {
        tab: "1",
        session_id: sessionUri,
        state: "where the user was: ünïcode"
      })
    }).pipe(Effect.provide(server())))

  it.live("explain a denial, a second visit, an expired link and an invalid link", () =>
    Effect.gen(function*() {
      const callbackUrl = yield* setUp
      const base = yield* url
      const backend = yield* LocalBackend.LocalBackend

      const session = yield* consent()
      const page = yield* Wire.page(session.back({ error: "access_denied" }))
      assert.strictEqual(page.status, 200)
      assert.include(page.text, "Consent denied")
      // The way back has the error, and no session.
      assert.include(page.text, `href="${Wire.returnUrl}&amp;error=access_denied"`)
      assertStrict(page)
      const poll = yield* oauth2(yield* workloadToken("alice"), { sessionUri: session.sessionUri })
      assert.deepStrictEqual(succeeds(poll), { sessionStatus: "FAILED" })

      const rejected = yield* Wire.page((yield* consent()).back({ error: "server_error" }))
      assert.strictEqual(rejected.status, 502)

      const used = yield* consent()
      yield* Wire.page(used.back({ code: "the-code" }))
      const replayed = yield* Wire.page(used.back({ code: "the-code" }))
      assert.strictEqual(replayed.status, 410)
      assert.include(replayed.text, "already used")
      assert.include(replayed.text, `href="${Wire.returnUrl}">Back to the application`)
      assertStrict(replayed)

      const old = yield* consent()
      yield* backend.expire(Redacted.make(old.sessionUri))
      for (const address of [old.authorizationUrl, old.back({ code: "the-code" })]) {
        const expired = yield* Wire.page(address)
        assert.strictEqual(expired.status, 410)
        assert.include(expired.text, "Link expired")
        assert.include(expired.text, `href="${Wire.returnUrl}">Back to the application`)
      }

      const wrong = [
        `${base}/identities/oauth2/authorize`,
        `${base}/identities/oauth2/authorize?request_uri=unknown`,
        `${base}/identities/oauth2/authorize?request_uri=a&request_uri=b`,
        callbackUrl,
        `${callbackUrl}?code=a&state=b`,
        (yield* consent()).back({ code: "the-code" }, `${base}/identities/oauth2/callback/another`)
      ]
      for (const address of wrong) {
        const unknown = yield* Wire.page(address)
        assert.strictEqual(unknown.status, 404)
        assert.include(unknown.text, "Unknown link")
        assertStrict(unknown)
      }
    }).pipe(Effect.provide(server())))

  it.live("ignore methods other than GET", () =>
    Effect.gen(function*() {
      yield* setUp
      const { authorizationUrl, back } = yield* consent()
      for (const address of [authorizationUrl, back({ code: "the-code" })]) {
        for (const method of ["HEAD", "POST", "OPTIONS"]) {
          const response = yield* Wire.page(address, method)
          assert.strictEqual(response.status, 405)
          assert.strictEqual(response.headers.allow, "GET")
        }
      }
      assert.strictEqual((yield* Wire.page(back({ code: "the-code" }))).status, 302)
    }).pipe(Effect.provide(server())))

  it.live("escape characters that a header cannot contain", () =>
    Effect.gen(function*() {
      const odd = "app:/ünï\u0001code"
      yield* setUp
      yield* call("/identities/CreateWorkloadIdentity", { name: "odd", allowedResourceOauth2ReturnUrls: [odd] })
      const token = succeeds(
        yield* call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "odd", userId: "alice" })
      )
      const { authorizationUrl } = succeeds(
        yield* oauth2(String(token.workloadAccessToken), { resourceOauth2ReturnUrl: odd })
      )
      const sent = yield* Wire.page(String(authorizationUrl))
      const query = new URL(String(sent.headers.location)).searchParams
      const response = yield* Wire.page(`${query.get("redirect_uri")}?code=a&state=${query.get("state")}`)
      assert.strictEqual(response.status, 302)
      assert.isTrue(response.headers.location?.startsWith("app:/%C3%BCn%C3%AF%01code?session_id=urn%3A"))
    }).pipe(Effect.provide(server())))
})

describe("server", () => {
  it.live("provides its URL, and the environment for SDKs", () =>
    Effect.gen(function*() {
      const local = yield* LocalIdentity.LocalServer
      assert.match(local.url, /^http:\/\/127\.0\.0\.1:\d+$/)
      assert.deepStrictEqual(local.environment, {
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: local.url,
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: local.url,
        AWS_ENDPOINT_URL_STS: local.url,
        BEDROCK_AGENTCORE_DP_ENDPOINT: local.url,
        BEDROCK_AGENTCORE_CP_ENDPOINT: local.url,
        AWS_REGION: "eu-central-1",
        AWS_DEFAULT_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_EC2_METADATA_DISABLED: "true"
      })
    }).pipe(Effect.provide(server({ region: "eu-central-1" }))))

  it.live("fails when it cannot listen", () =>
    Effect.gen(function*() {
      const port = Number(new URL(yield* url).port)
      const taken = yield* Effect.flip(Effect.scoped(Layer.build(server({ port }))))
      assert.strictEqual(taken._tag, "LocalServerError")
      assert.strictEqual(taken.reason, "Listen")
      assert.strictEqual(
        taken.message,
        `Cannot listen on 127.0.0.1:${port}: EADDRINUSE: the port is in use, choose another one`
      )
    }).pipe(Effect.provide(server())))

  it.live("names the package to install when it is missing", () =>
    Effect.gen(function*() {
      yield* withoutPackage("@effect/platform-node/NodeHttpServer")
      const error = yield* Effect.flip(Effect.scoped(Layer.build(server())))
      assert.strictEqual(error.reason, "MissingPackage")
      assert.include(error.message, "npm install --save-dev @effect/platform-node@4")
    }))

  it.live("uses the loopback address in its URL when it listens on all", () =>
    Effect.gen(function*() {
      assert.match(yield* url, /^http:\/\/127\.0\.0\.1:\d+$/)
      const { authorizationUrl } = yield* Effect.andThen(setUp, consent())
      assert.isTrue(authorizationUrl.startsWith(yield* url))
    }).pipe(Effect.provide(server({ host: "0.0.0.0", allowRemote: true }))))

  it.live("does not share its routes with another server of the program", () =>
    Effect.gen(function*() {
      const other = yield* HttpServer.addressFormattedWith(Effect.succeed)
      const response = yield* Wire.operation(
        other.replace("0.0.0.0", "127.0.0.1"),
        "/identities/CreateWorkloadIdentity",
        {}
      )
      assert.strictEqual(response.status, 404)
      assert.isUndefined(response.headers["x-amzn-errortype"])
    }).pipe(Effect.provide(Layer.merge(
      server(),
      HttpRouter.serve(Layer.empty, { disableListenLog: true, disableLogger: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
    ))))
})

describe("over any planes", () => {
  const operation = "GetResourceApiKey"

  it.live("maps the errors of the plane", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [DataPlane.DataPlaneError, status: number, name: string]> = [
        [new IdentityError.ThrottlingException({ operation, message: "m" }), 429, "ThrottlingException"],
        [new IdentityError.InternalServerException({ operation, message: "m" }), 500, "InternalServerException"],
        [
          new IdentityError.UnknownServiceError({
            operation,
            message: "m",
            code: "ExpiredTokenException",
            status: 403
          }),
          403,
          "ExpiredTokenException"
        ],
        [new IdentityError.UnknownServiceError({ operation, message: "m", code: "Odd", status: 302 }), 500, "Odd"],
        [new IdentityError.UnknownServiceError({ operation, message: "m", code: "a\r\nb: c" }), 500, "UnknownError"],
        [new IdentityError.TransportError({ operation, kind: "connection" }), 503, "ServiceUnavailableException"]
      ]
      for (const [error, status, name] of cases) {
        const response = yield* Effect.provide(askApiKey(), apiKey(Effect.fail(error)))
        assert.deepStrictEqual(fails(response, status, name), { message: error.message })
      }
    }))

  it.live("interrupts the call when the client disconnects", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const hanging = Deferred.succeed(started, undefined).pipe(
        Effect.andThen(Effect.never),
        Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
      )
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(askApiKey())
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(interrupted)
      }).pipe(Effect.provide(apiKey(hanging)))
    }).pipe(Effect.timeout("5 seconds")))
})
