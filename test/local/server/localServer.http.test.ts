import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Net from "node:net"
import { createServer, stop } from "../../../src/local/server/nodeServer.js"
import * as EndlessBody from "../../support/endlessBody.js"
import * as Recorder from "../../support/recorder.js"
import * as Wire from "../../support/wire.js"
import { call, fails, server, setUp, url } from "../../support/wire.js"

interface RawResponse {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** Parses the responses of one connection. */
const parseResponses = (text: string): ReadonlyArray<RawResponse> => {
  const responses: Array<RawResponse> = []
  let rest = text
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n")
    assert.notStrictEqual(end, -1, rest)
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n")
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }))
    const status = Number(first.split(" ")[1])
    if (status === 100) {
      rest = rest.slice(end + 4)
      continue
    }
    const length = Number(headers["content-length"] ?? 0)
    responses.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
  return responses
}

/** Writes the pieces to one connection, one after the other, and reads until its end. */
const raw = (base: string, ...pieces: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<RawResponse>> =>
  Effect.callback<string>((resume) => {
    const chunks: Array<Buffer> = []
    const socket = Net.connect(Number(new URL(base).port), "127.0.0.1", () => {
      const next = (index: number) => {
        const piece = pieces[index]
        if (piece !== undefined) socket.write(piece, () => setImmediate(() => next(index + 1)))
      }
      next(0)
    })
    socket.on("data", (chunk: Buffer) => chunks.push(chunk))
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(Buffer.concat(chunks).toString("latin1"))))
    return Effect.sync(() => socket.destroy())
  }).pipe(
    Effect.timeoutOrElse({
      duration: "8 seconds",
      orElse: () => Effect.die("The connection was left open")
    }),
    Effect.map(parseResponses)
  )

const head = (options: { path?: string; host?: string; headers?: ReadonlyArray<string> } = {}): string =>
  [
    `POST ${options.path ?? "/identities/GetWorkloadIdentity"} HTTP/1.1`,
    ...options.host === undefined ? ["host: 127.0.0.1"] : options.host === "" ? [] : [options.host],
    "content-type: application/json",
    `authorization: ${Wire.authorization}`,
    ...options.headers ?? [],
    "",
    ""
  ].join("\r\n")

const last = ["connection: close", "content-length: 16"]
const body = "{\"name\":\"agent\"}"

describe("a malformed request", () => {
  it.live("is rejected, and the server goes on", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const statusOf = (...pieces: ReadonlyArray<string>) =>
        Effect.map(raw(base, ...pieces), (responses) => {
          assert.strictEqual(responses.length, 1, JSON.stringify(responses))
          return responses[0]?.status
        })
      assert.strictEqual(yield* statusOf(head({ headers: last }), body), 200)
      for (const nonsense of ["nonsense\r\n\r\n", head({ headers: ["content-length: 1", "content-length: 2"] })]) {
        assert.strictEqual(yield* statusOf(nonsense), 400)
      }
      // Ambiguous hosts and targets.
      for (
        const odd of [
          head({ host: "", headers: last }),
          head({ host: "host: 127.0.0.1\r\nhost: 127.0.0.1", headers: last }),
          head({ host: "host: 127.0.0.1\r\nHOST: evil.example", headers: last }),
          head({ path: "http://127.0.0.1/identities/GetWorkloadIdentity", headers: last }),
          head({ path: "http://evil.example/", headers: last }),
          head({ path: "*", headers: last })
        ]
      ) {
        assert.strictEqual(yield* statusOf(odd, body), 400, odd)
      }
      assert.strictEqual(yield* statusOf(head({ host: "host:", headers: last }), body), 403)
      assert.strictEqual(yield* statusOf(head({ headers: ["expect: 100-continue", ...last] }), body), 200)
      // Requests to upgrade get an ordinary response.
      for (const protocol of ["h2c", "websocket", "nonsense"]) {
        const upgrade = ["upgrade: " + protocol, "connection: upgrade, close", "content-length: 16"]
        assert.strictEqual(yield* statusOf(head({ headers: upgrade }), body), 200, protocol)
      }
    }).pipe(Effect.provide(server())))

  it.live("is read in pieces, chunked or not", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const pieces = `${head({ headers: last })}${body}`.split("")
      assert.strictEqual((yield* raw(base, ...pieces))[0]?.status, 200)
      const chunked = head({ headers: ["connection: close", "transfer-encoding: chunked"] })
      const chunks = body.split("").map((character) => `1\r\n${character}\r\n`)
      assert.strictEqual((yield* raw(base, chunked, ...chunks, "0\r\n\r\n"))[0]?.status, 200)
      const [response] = yield* raw(base, chunked, "2;name=value\r\n{}\r\n0\r\ntrailer: 1\r\n\r\n")
      assert.strictEqual(response?.headers["x-amzn-errortype"], "ValidationException")
    }).pipe(Effect.provide(server())))

  it.live("closes the connection when its chunked body is not read, and announces it", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const chunk = `10000\r\n${"[".repeat(65_536)}\r\n`
      const unread = yield* raw(base, head({ path: "/nowhere", headers: ["transfer-encoding: chunked"] }), chunk)
      assert.strictEqual(unread[0]?.status, 404)
      assert.strictEqual(unread[0]?.headers["connection"], "close")
      // A body that was read leaves the connection open for the next request.
      const complete = `${head({ headers: ["transfer-encoding: chunked"] })}10\r\n${body}\r\n0\r\n\r\n`
      const two = yield* raw(base, complete, head({ headers: last }) + body)
      assert.deepStrictEqual(two.map(({ headers, status }) => [status, headers["connection"]]), [
        [200, "keep-alive"],
        [200, "close"]
      ])
    }).pipe(Effect.provide(server())))

  it.live("closes the connection of a body that never ends", () =>
    Effect.gen(function*() {
      yield* setUp
      const headers = ["content-type: application/json", `authorization: ${Wire.authorization}`]
      const base = yield* url
      const size = yield* EndlessBody.accepted(`${base}/identities/GetWorkloadIdentity`, headers)
      assert.isBelow(size, EndlessBody.limit)
    }).pipe(Effect.provide(server())))
})

describe("a large or deep request", () => {
  it.live("is rejected at once, with a short response", () =>
    Effect.gen(function*() {
      for (const bytes of [16_000, 400_000, 1_000_000]) {
        const items = Array.from({ length: bytes / 3 - 100 }, () => "")
        const response = yield* call("/identities/CreateWorkloadIdentity", {
          name: "agent",
          allowedResourceOauth2ReturnUrls: items
        })
        const { fieldList } = fails(response, 400, "ValidationException")
        assert.strictEqual(Array.isArray(fieldList) && fieldList.length, 100)
        assert.isBelow(response.text.length, 100_000)
      }
    }).pipe(Effect.provide(server())))

  it.live("is invalid when it has 5,000 levels", () =>
    Effect.gen(function*() {
      const nest = (open: string, end: string) => `${open.repeat(5000)}1${end.repeat(5000)}`
      for (const deep of [nest("[", "]"), nest("{\"name\":", "}")]) {
        for (
          const [path, text] of [
            ["/identities/GetWorkloadIdentity", `{"name":${deep}}`],
            ["/identities/GetWorkloadIdentity", `{"name":"agent","unknown":${deep}}`],
            ["/identities/CreateOauth2CredentialProvider", `{"name":"a","credentialProviderVendor":${deep}}`],
            ["/identities/oauth2/token", `{"scopes":${deep},"customParameters":${deep}}`],
            ["/identities/CreateWorkloadIdentity", `{"name":"agent","tags":${deep}}`]
          ] as const
        ) {
          fails(yield* call(path, text), 400, "ValidationException")
        }
        const complete = yield* call("/identities/GetWorkloadIdentity", deep)
        fails(complete, 400, deep.startsWith("[") ? "SerializationException" : "ValidationException")
      }
      const vendor = { credentialProviderVendor: { toString: 1, valueOf: 1 } }
      fails(yield* call("/identities/CreateOauth2CredentialProvider", vendor), 400, "SerializationException")
    }).pipe(Effect.provide(server())))

  it.live("is invalid when a user id is not well-formed Unicode", () =>
    Effect.gen(function*() {
      yield* setUp
      for (const userId of ["\ud800", "\udfff", "alice\ud83d"]) {
        const response = yield* call("/identities/GetWorkloadAccessTokenForUserId", { workloadName: "agent", userId })
        assert.deepStrictEqual(fails(response, 400, "ValidationException").fieldList, [
          { name: "userId", message: "Member must be well-formed Unicode" }
        ])
      }
    }).pipe(Effect.provide(server())))

  it.live("is valid when it has names that objects inherit", () =>
    Effect.gen(function*() {
      yield* setUp
      const names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
      const parameters = `{${names.map((name) => `"${name}":"${name}"`).join(",")}}`
      const token = yield* Wire.workloadToken("__proto__")
      const response = yield* call(
        "/identities/oauth2/token",
        JSON.stringify({
          workloadIdentityToken: token,
          resourceCredentialProviderName: "calendar",
          scopes: names,
          oauth2Flow: "USER_FEDERATION",
          resourceOauth2ReturnUrl: Wire.returnUrl,
          customParameters: 0
        }).replace("\"customParameters\":0", `"customParameters":${parameters}`)
      )
      const { authorizationUrl } = Wire.succeeds(response)
      const query = new URL(String((yield* Wire.page(String(authorizationUrl))).headers.location)).searchParams
      assert.strictEqual(query.get("scope"), names.join(" "))
      for (const name of names) assert.strictEqual(query.get(name), name)
    }).pipe(Effect.provide(server())))
})

describe("methods", () => {
  it.live("are rejected when a path does not have them, without CORS headers", () =>
    Effect.gen(function*() {
      const base = yield* url
      const path = "/identities/GetWorkloadIdentity"
      for (const method of Http.METHODS.filter((method) => method !== "POST" && method !== "CONNECT")) {
        const response = yield* Wire.send(base, {
          method,
          path,
          headers: { origin: "https://evil.example", "access-control-request-method": "POST" }
        })
        assert.isTrue(response.status === 405 || response.status === 404, `${method} ${response.status}`)
        assert.strictEqual(response.headers["x-amzn-errortype"], "UnknownOperationException")
        assert.deepStrictEqual(Object.keys(response.headers).filter((name) => name.startsWith("access-control-")), [])
        if (method !== "HEAD") assert.isString(JSON.parse(response.text).message)
      }
    }).pipe(Effect.provide(server())))
})

describe("health", () => {
  it.live("rejects foreign host names", () =>
    Effect.gen(function*() {
      const base = yield* url
      const response = yield* Wire.send(base, { method: "GET", path: "/health" })
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(JSON.parse(response.text), { status: "ok" })
      assert.strictEqual((yield* Wire.send(base, { method: "HEAD", path: "/health" })).status, 200)
      const foreign = yield* Wire.send(base, { method: "GET", path: "/health", headers: { host: "evil.example" } })
      fails(foreign, 403, "AccessDeniedException")
    }).pipe(Effect.provide(server())))
})

describe("access log", () => {
  it.live("has operation, status, duration and request id of every request, and nothing else", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const ids: Array<string> = []
      yield* Effect.gen(function*() {
        const base = yield* url
        yield* setUp
        for (
          const response of [
            yield* call("/identities/GetWorkloadIdentity", { name: "agent" }),
            yield* call("/identities/GetWorkloadIdentity", { name: "sentinel-4f1b7c2d" }),
            yield* call("/identities/sentinel-9d3e5a1c?sentinel-9d3e5a1c", { name: "agent" }),
            yield* Wire.send(base, {
              method: "GET",
              path: "/identities/oauth2/authorize?request_uri=sentinel-2c8f6b0e"
            })
          ]
        ) {
          ids.push(String(response.headers["x-amzn-requestid"]))
        }
      }).pipe(Effect.provide(server()), Effect.provide(recorder.layer))

      const lines = yield* recorder.everything
      const logged = lines.flatMap((line) => {
        try {
          const { annotations, level } = JSON.parse(line)
          return level === "DEBUG" && annotations?.status !== undefined ? [annotations] : []
        } catch {
          return []
        }
      })
      assert.deepStrictEqual(
        logged.slice(-4).map(({ operation, status }) => [operation, status]),
        [
          ["GetWorkloadIdentity", 200],
          ["GetWorkloadIdentity", 404],
          ["unknown", 404],
          ["authorize", 404]
        ]
      )
      for (const [index, { durationMs, requestId, ...rest }] of logged.slice(-4).entries()) {
        assert.strictEqual(requestId, ids[index])
        assert.isAtLeast(durationMs, 0)
        assert.deepStrictEqual(Object.keys(rest).sort(), ["operation", "status"])
      }
      Recorder.assertSecretFree(
        lines.filter((line) => line.includes("INFO")),
        ["4f1b7c2d", "9d3e5a1c", "2c8f6b0e"]
      )
    }))
})

describe("shutdown", () => {
  /** Opens a connection and sends nothing, as browsers do in advance. */
  const silent = (base: string): Effect.Effect<Net.Socket, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.callback<Net.Socket>((resume) => {
        const socket = Net.connect(Number(new URL(base).port), "127.0.0.1", () => resume(Effect.succeed(socket)))
        socket.on("error", () => {})
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )

  it.live("finishes responses that have started, and ignores idle connections", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const http = yield* Effect.acquireRelease(Effect.sync(() => createServer()), stop)
      http.on("request", (_, response) => {
        Effect.runFork(
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Deferred.await(go)),
            Effect.andThen(Effect.sync(() => response.end("finished")))
          )
        )
      })
      yield* Effect.callback<void>((resume) => {
        http.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      yield* silent(base)
      const pending = yield* Effect.forkChild(Effect.promise(() => fetch(base).then((response) => response.text())))
      yield* Deferred.await(asked)
      const stopping = yield* Effect.forkChild(stop(http))
      yield* Effect.yieldNow
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(pending), "finished")
      yield* Effect.timeout(Fiber.join(stopping), "3 seconds")
    }))

  it.effect("waits five seconds for a response that never comes", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const http = createServer()
      http.on("request", () => Deferred.doneUnsafe(asked, Effect.void))
      yield* Effect.callback<void>((resume) => {
        http.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      const pending = yield* Effect.forkChild(Effect.exit(Effect.tryPromise(() => fetch(base))))
      yield* Deferred.await(asked)
      const stopping = yield* Effect.forkChild(stop(http))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(stopping.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(stopping)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(pending)))
    }))

  it.live("lets the local server respond when a body has not arrived yet", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(server(), scope)
      const base = yield* Effect.provide(url, context)
      yield* Effect.provide(setUp, context)
      yield* silent(base)
      const socket = yield* silent(base)
      const text = yield* Deferred.make<string>()
      const begun = yield* Deferred.make<void>()
      let received = ""
      socket.on("data", (chunk) => {
        received += chunk
        Deferred.doneUnsafe(begun, Effect.void)
      })
      socket.on("close", () => Deferred.doneUnsafe(text, Effect.succeed(received)))
      socket.write(head({ headers: ["content-length: 16", "expect: 100-continue"] }))
      // After "100 Continue" the server has started the request.
      yield* Deferred.await(begun)
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow
      socket.write(body)
      const [response] = parseResponses(yield* Deferred.await(text))
      assert.strictEqual(response?.status, 200, received)
      yield* Effect.timeout(Fiber.join(stopping), "3 seconds")
      const rejected = yield* Effect.exit(Effect.tryPromise(() => fetch(`${base}/health`)))
      assert.isTrue(Exit.isFailure(rejected))
    }))
})

describe("a defect", () => {
  it.live("gets a response with a request id that the log explains", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const response = yield* Wire.askApiKey().pipe(
        Effect.provide(Wire.apiKey(Effect.die(new RangeError("what was thrown")))),
        Effect.provide(recorder.layer)
      )
      fails(response, 500, "InternalServerException")
      const lines = yield* recorder.everything
      assert.isTrue(
        lines.some((line) => line.includes(String(response.headers["x-amzn-requestid"])) && line.includes("RangeError"))
      )
    }))
})
