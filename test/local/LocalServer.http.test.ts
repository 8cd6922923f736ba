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
import { makeNodeWith } from "../../src/local/server/listen.js"
import { createServer, stop } from "../../src/local/server/nodeServer.js"
import * as EndlessBody from "../support/endlessBody.js"
import * as Recorder from "../support/recorder.js"
import * as Wire from "../support/wire.js"
import { call, fails, server, setUp, url } from "../support/wire.js"

// -----------------------------------------------------------------------------
// Raw connections
// -----------------------------------------------------------------------------

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

const assertAws = (response: RawResponse | undefined, status: number, name: string) => {
  assert.strictEqual(response?.status, status, JSON.stringify(response))
  assert.strictEqual(response?.headers["x-amzn-errortype"], name)
  assert.match(String(response?.headers["x-amzn-requestid"]), Wire.uuid)
  assert.strictEqual(response?.headers["content-type"], "application/json")
  assert.isString(JSON.parse(response?.body ?? "").message)
}

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
  it.live("gets a response in the form of AWS", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const one = (...pieces: ReadonlyArray<string>) =>
        Effect.map(raw(base, ...pieces), (responses) => {
          assert.strictEqual(responses.length, 1, JSON.stringify(responses))
          return responses[0]
        })
      assert.strictEqual((yield* one(head({ headers: last }), body))?.status, 200)

      const big = `x-large: ${"x".repeat(20_000)}`
      assertAws(yield* one(head({ headers: [big, ...last] }), body), 431, "RequestHeaderFieldsTooLargeException")
      assertAws(
        yield* one(head({ headers: Array.from({ length: 40 }, () => big) })),
        431,
        "RequestHeaderFieldsTooLargeException"
      )
      assertAws(
        yield* one(`POST /${"x".repeat(20_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`),
        431,
        "RequestHeaderFieldsTooLargeException"
      )

      for (
        const nonsense of [
          "nonsense\r\n\r\n",
          "\0\0\0\0\r\n\r\n",
          "GET / HTTP/9.9\r\n\r\n",
          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
          head({ headers: ["no colon", ...last] }),
          head({ headers: ["content-length: 1", "content-length: 2"] }),
          head({ headers: ["content-length: -1"] }),
          head({ headers: ["transfer-encoding: chunked", "content-length: 3"] }),
          head({ headers: ["bad header: \x01"] })
        ]
      ) {
        assertAws(yield* one(nonsense), 400, "BadRequestException")
      }
      assertAws(
        yield* one(head({ headers: ["transfer-encoding: chunked"] }), "zz\r\nnonsense\r\n"),
        400,
        "BadRequestException"
      )

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
        assertAws(yield* one(odd, body), 400, "BadRequestException")
      }
      assertAws(yield* one(head({ host: "host:", headers: last }), body), 403, "AccessDeniedException")

      assertAws(
        yield* one(head({ headers: ["expect: miracles", ...last] }), body),
        417,
        "ExpectationFailedException"
      )
      assert.strictEqual((yield* one(head({ headers: ["expect: 100-continue", ...last] }), body))?.status, 200)
      assertAws(
        yield* one("CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n"),
        405,
        "UnknownOperationException"
      )

      // Requests to upgrade get an ordinary response.
      for (const protocol of ["h2c", "websocket", "nonsense"]) {
        const upgrade = ["upgrade: " + protocol, "connection: upgrade, close", "content-length: 16"]
        assert.strictEqual((yield* one(head({ headers: upgrade }), body))?.status, 200, protocol)
      }
      // Node reports no bad request on a connection whose upgrade was not accepted.
      const kept = head({ headers: ["upgrade: websocket", "connection: upgrade", "content-length: 16"] })
      assert.strictEqual((yield* one(kept, body))?.headers["connection"], "close")

      // The server still works.
      assert.strictEqual((yield* one(head({ headers: last }), body))?.status, 200)
    }).pipe(Effect.provide(server())))

  it.live("gets its response after those of earlier requests on the connection", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const complete = head({ headers: ["content-length: 16"] }) + body
      const pipelined = yield* raw(base, complete + complete + head({ headers: last }) + body)
      assert.deepStrictEqual(pipelined.map(({ status }) => status), [200, 200, 200])
      const spoilt = yield* raw(base, `${complete}${complete}nonsense\r\n\r\n`)
      assert.deepStrictEqual(spoilt.map(({ status }) => status), [200, 200, 400])
      assertAws(spoilt[2], 400, "BadRequestException")
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
      const two = yield* raw(base, chunked, "2;name=value\r\n{}\r\n0\r\ntrailer: 1\r\n\r\n")
      assertAws(two[0], 400, "ValidationException")
    }).pipe(Effect.provide(server())))

  it.live("closes the connection when its chunked body is not read, and announces it", () =>
    Effect.gen(function*() {
      yield* setUp
      const base = yield* url
      const chunk = `10000\r\n${"[".repeat(65_536)}\r\n`
      const unread = yield* raw(base, head({ path: "/nowhere", headers: ["transfer-encoding: chunked"] }), chunk)
      assertAws(unread[0], 404, "UnknownOperationException")
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

  it.live("times out when it does not end", () =>
    Effect.gen(function*() {
      const { server: node } = yield* Effect.acquireRelease(
        makeNodeWith({ requestTimeout: 200, headersTimeout: 100, connectionsCheckingInterval: 20 }),
        ({ server }) => stop(server)
      )
      yield* Effect.callback<void>((resume) => {
        node.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      // The handler waits for the body.
      node.removeAllListeners("request").on("request", (request: Http.IncomingMessage) => request.resume())
      const base = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
      for (const slow of ["POST / HTTP/1.1\r\nhost: 127.0", head({ headers: last }) + "{"]) {
        assertAws((yield* raw(base, slow))[0], 408, "RequestTimeoutException")
      }
    }))
})

describe("the connection of a rejected request", () => {
  /** A server whose handler never responds. */
  const start = Effect.gen(function*() {
    const { server: node } = yield* Effect.acquireRelease(
      makeNodeWith({ requestTimeout: 400, headersTimeout: 200, connectionsCheckingInterval: 20, idleTimeout: 1000 }),
      ({ server }) => stop(server)
    )
    const closed: Array<Promise<void>> = []
    node.on("connection", (socket) => closed.push(new Promise((resolve) => socket.once("close", () => resolve()))))
    yield* Effect.callback<void>((resume) => {
      node.listen(0, "127.0.0.1", () => resume(Effect.void))
    })
    return { node, closed, port: (node.address() as AddressInfo).port }
  })

  /** A client that does not close its half when the server closes its own. */
  const hold = (port: number, text: string): Effect.Effect<{ socket: Net.Socket; received: () => string }> =>
    Effect.callback((resume) => {
      let received = ""
      const socket = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
        if (text !== "") socket.write(text)
        resume(Effect.succeed({ socket, received: () => received }))
      })
      socket.on("data", (chunk: Buffer) => {
        received += chunk.toString("latin1")
      }).on("error", () => {})
    })

  const big = `x-large: ${"x".repeat(20_000)}`
  const complete = head({ headers: ["content-length: 16"] }) + body

  it.live("closes soon after the response, even when the client never closes it", () =>
    Effect.gen(function*() {
      const { closed, node, port } = yield* start
      const cases: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
        // Nothing, a part of a head, and a part of a body.
        ["", [408]],
        ["POST / HTTP/1.1\r\nhost: 127.0", [408]],
        [head({ headers: ["content-length: 16"] }) + "{", [503, 408]],
        ["nonsense\r\n\r\n", [400]],
        [`${complete}nonsense\r\n\r\n`, [503, 400]],
        [head({ headers: Array.from({ length: 4 }, () => big) }), [431]],
        ["CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n", [405]],
        [head({ headers: ["upgrade: websocket", "connection: upgrade", "content-length: 16"] }) + body, [503]],
        [head({ headers: ["upgrade: websocket", "connection: upgrade", "content-length: 16"] }), [503]],
        [head({ headers: ["expect: miracles", "content-length: 16"] }), [417, 408]]
      ]
      const held = yield* Effect.forEach(cases, ([text]) => hold(port, text))
      yield* Effect.timeout(Effect.promise(() => Promise.all(closed)), "10 seconds")
      assert.strictEqual(closed.length, cases.length)
      for (const [index, { received, socket }] of held.entries()) {
        const [text, statuses] = cases[index] ?? []
        assert.deepStrictEqual(parseResponses(received()).map(({ status }) => status), statuses, text)
        socket.destroy()
      }
      const open = yield* Effect.callback<number>((resume) => {
        node.getConnections((_, count) => resume(Effect.succeed(count)))
      })
      assert.strictEqual(open, 0)
    }))

  it.live("closes when the client resets it, and nothing else ends", () =>
    Effect.gen(function*() {
      const { closed, port } = yield* start
      for (const text of ["CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n", "nonsense\r\n\r\n"]) {
        const { received, socket } = yield* hold(port, text)
        if (received() === "") {
          yield* Effect.callback<void>((resume) => void socket.once("data", () => resume(Effect.void)))
        }
        socket.resetAndDestroy()
      }
      yield* Effect.timeout(Effect.promise(() => Promise.all(closed)), "5 seconds")
    }))

  it.live("closes when it is idle", () =>
    Effect.gen(function*() {
      const { closed, node, port } = yield* start
      node.removeAllListeners("request")
      const { received } = yield* hold(port, complete)
      yield* Effect.timeout(Effect.promise(() => Promise.all(closed)), "5 seconds")
      assert.strictEqual(received(), "")
    }))
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
      fails(yield* call("/identities/CreateOauth2CredentialProvider", vendor), 400, "ValidationException")
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
        yield* raw(base, "sentinel-7a9d1e4f\r\n\r\n")
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
        logged.slice(-5).map(({ operation, status }) => [operation, status]),
        [
          ["GetWorkloadIdentity", 200],
          ["GetWorkloadIdentity", 404],
          ["unknown", 404],
          ["authorize", 404],
          ["unknown", 400]
        ]
      )
      for (const [index, { durationMs, requestId, ...rest }] of logged.slice(-5, -1).entries()) {
        assert.strictEqual(requestId, ids[index])
        assert.isAtLeast(durationMs, 0)
        assert.deepStrictEqual(Object.keys(rest).sort(), ["operation", "status"])
      }
      Recorder.assertSecretFree(
        lines.filter((line) => line.includes("INFO")),
        ["4f1b7c2d", "9d3e5a1c", "2c8f6b0e", "7a9d1e4f"]
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
