/**
 * Malformed requests. The seed is random, and a failed test reports it. `AGENTCORE_FUZZ_SEED` sets it.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import type * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"
import * as Http from "node:http"
import * as Net from "node:net"
import type { LocalServer } from "../../support/localBackend.js"
import { rounds } from "../../support/rounds.js"
import * as Wire from "../../support/wire.js"
import { noise, odd, ofOperation, ofSts, plausible, raw, type Request } from "./fuzz.js"

const malformed = rounds({ few: 2000, full: 10_000 })
const forgeries = rounds({ few: 500, full: 1000 })

const seed = Number(process.env["AGENTCORE_FUZZ_SEED"] ?? Date.now() % 2 ** 31)

// First in, first out, so that no connection idles until the server drops it.
const agent = new Http.Agent({ keepAlive: true, maxSockets: 24, scheduling: "fifo" })

const isMalformed = (request: Request): boolean =>
  /[^\x21-\x7e]/.test(request.path) || JSON.stringify(request).length > 16_000

const send = (
  url: string,
  request: Request,
  signature: Readonly<Record<string, string>>
): Effect.Effect<Wire.Response | undefined, Error> =>
  Effect.callback((resume) => {
    const { hostname, port } = new URL(url)
    const outgoing = Http.request({
      agent,
      hostname,
      port,
      method: request.method,
      path: request.path.replace(/[^\u0021-\u00ff]/g, ""),
      headers: {
        "content-type": "application/json",
        ...signature,
        ...request.headers["transfer-encoding"] === undefined
          ? { "content-length": Buffer.byteLength(request.body) }
          : undefined,
        ...request.headers
      }
    }, (response) => Wire.read(response, resume))
    outgoing.on("error", (error) =>
      resume(
        // Node may close the connection of malformed HTTP before the client has read the response.
        "code" in error && error.code === "ECONNRESET" && isMalformed(request)
          ? Effect.succeed(undefined)
          : Effect.fail(error)
      ))
    outgoing.on("upgrade", (_, socket) => {
      socket.destroy()
      resume(Effect.die(new Error("upgraded")))
    })
    outgoing.end(request.body)
  })

/** Reads the first response on a new connection, if any: a request may not send the body that it announces. */
const sendRaw = (url: string, bytes: Buffer): Effect.Effect<Wire.Response | undefined, Error> =>
  Effect.callback((resume) => {
    const socket = Net.connect(Number(new URL(url).port), "127.0.0.1", () => socket.end(bytes))
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    // The server cut the connection before it read everything.
    socket.on("error", () => {})
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1")
      if (text === "") return resume(Effect.succeed(undefined))
      const [head = "", body = ""] = text.split("\r\n\r\n", 2)
      const [start = "", ...lines] = head.split("\r\n")
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]
      return resume(
        status === undefined ? Effect.die(new Error(`not an HTTP response: ${start}`)) : Effect.succeed({
          status: Number(status),
          headers: Object.fromEntries(
            lines.map((
              line
            ) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
          ),
          text: body.slice(0, Number(/content-length: (\d+)/i.exec(head)?.[1] ?? body.length))
        })
      )
    })
  })

const isAddressForBrowsers = (request: Request): boolean =>
  request.method === "GET" || /^\/identities\/oauth2\/(authorize|callback)\b/.test(request.path)

/** Describes the problem of a response. */
const complaint = (response: Wire.Response, method: string, page: boolean): string | undefined => {
  const { headers, status, text } = response
  if (Object.keys(headers).some((name) => name.startsWith("access-control-") || name === "x-injected")) return "headers"
  if (status < 200 || status >= 500 || (status >= 300 && status < 400)) return `status ${status}`
  // Node's own response to malformed HTTP has no name of an error, and no body.
  if ([400, 417, 431].includes(status) && headers["x-amzn-errortype"] === undefined && text.length < 8) return undefined
  if (!/^[0-9a-f-]{36}$/.test(String(headers["x-amzn-requestid"]))) return "no request id"
  if (page && (String(headers["content-type"]).startsWith("text/html") || status === 405)) return undefined
  if (status >= 400 && !/^\w+$/.test(String(headers["x-amzn-errortype"]))) return "no name of the error"
  if (method === "HEAD" || status === 204) return text === "" ? undefined : "a body"
  // STS responds in XML.
  if (headers["content-type"] === "text/xml") {
    return status < 400 || /<Code>\w+<\/Code><Message>/.test(text) ? undefined : "no code"
  }
  if (headers["content-type"] !== "application/json") return "no JSON"
  try {
    const body = JSON.parse(text)
    return status < 400 || typeof body.message === "string" ? undefined : "no message"
  } catch {
    return "broken JSON"
  }
}

const describeRequest = (request: Request | Buffer): string => {
  const text = Buffer.isBuffer(request)
    ? request.toString("latin1")
    : `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${String(request.body)}`
  return JSON.stringify(text.length > 500 ? `${text.slice(0, 500)}… (${text.length} characters)` : text)
}

/** A signature that is complete and wrong. */
const forged = (): Readonly<Record<string, string>> => {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "")
  return {
    "x-amz-date": date,
    authorization: Wire.authorization.replace("20260101", date.slice(0, 8)).replace(
      /(?<=Signature=).*/,
      "0f".repeat(32)
    )
  }
}

/** Sends all requests, and counts the responses by status. Fails if a response is invalid. */
const attack = (
  requests: ReadonlyArray<Request | Buffer>,
  signature: () => Readonly<Record<string, string>>,
  meanwhile: Effect.Effect<unknown, never, LocalIdentity.LocalServer> = Effect.void
) =>
  Effect.gen(function*() {
    const url = yield* Wire.url
    const complaints: Array<string> = []
    const statuses = new Map<number, number>()
    let withoutResponse = 0
    yield* Effect.forEach(
      requests,
      (request, index) =>
        Effect.gen(function*() {
          if (index % 100 === 0) yield* meanwhile
          const response = yield* (Buffer.isBuffer(request) ? sendRaw(url, request) : send(url, request, signature()))
          if (response === undefined) {
            withoutResponse += 1
            return
          }
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
          const wrong = Buffer.isBuffer(request)
            ? complaint(response, request.toString("latin1").trimStart().split(" ")[0] ?? "", true)
            : complaint(response, request.method, isAddressForBrowsers(request))
          if (wrong !== undefined) {
            complaints.push(`${wrong}: ${describeRequest(request)}\n  ${response.text.slice(0, 300)}`)
          }
        }).pipe(
          Effect.timeout("10 seconds"),
          Effect.catch((error) => Effect.sync(() => complaints.push(`${error}: ${describeRequest(request)}`)))
        ),
      { concurrency: 24, discard: true }
    )
    const summary = `seed ${seed}, responses ${JSON.stringify([...statuses].sort())}, ${withoutResponse} without`
    if (complaints.length > 0) {
      assert.fail([`${complaints.length} invalid responses (${summary})`, ...complaints.slice(0, 10)].join("\n"))
    }
    return { statuses, summary }
  })

/** Runs an effect over a server, and fails if the server logs a defect. */
const quietly = (
  test: Effect.Effect<void, never, LocalIdentity.LocalServer>,
  options?: LocalServer.Options
): Effect.Effect<void, LocalIdentity.LocalServerError> =>
  Effect.gen(function*() {
    const errors: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.isGreaterThanOrEqualTo(logLevel, "Error")) errors.push(String(message))
    })
    yield* test.pipe(
      Effect.provide(Wire.server(options)),
      Effect.provide(Logger.layer([logger]))
    )
    assert.deepStrictEqual(errors, [], `seed ${seed}`)
  })

const anything = (string: FastCheck.Arbitrary<string>): FastCheck.Arbitrary<Request | Buffer> =>
  FastCheck.oneof(
    { weight: 12, arbitrary: ofOperation(string) as FastCheck.Arbitrary<Request | Buffer> },
    { weight: 6, arbitrary: noise },
    { weight: 1, arbitrary: ofSts },
    { weight: 2, arbitrary: raw }
  )

describe("fuzzing", () => {
  afterAll(() => agent.destroy())

  it.live(
    `${malformed.toLocaleString("en")} malformed requests get a response in the form of AWS, and the server survives`,
    () =>
      quietly(Effect.gen(function*() {
        yield* Wire.setUp
        const string = FastCheck.oneof(
          { weight: 8, arbitrary: plausible([yield* Wire.workloadToken(), yield* Wire.workloadToken("alice")]) },
          { weight: 1, arbitrary: odd }
        )
        // The fuzzer may have deleted these.
        const restore = Effect.all([
          Wire.call("/identities/CreateWorkloadIdentity", {
            name: "agent",
            allowedResourceOauth2ReturnUrls: [Wire.returnUrl]
          }),
          Wire.call("/identities/CreateApiKeyCredentialProvider", { name: "weather", apiKey: "key-of-the-weather" })
        ])
        const requests = FastCheck.sample(anything(string), { numRuns: malformed, seed })
        const { statuses, summary } = yield* attack(requests, () => ({ authorization: Wire.authorization }), restore)
        // Some requests reached the operations. A short run may miss the rare responses.
        const common = [200, 400, 403, 404, 405, 415]
        for (const status of malformed < 10_000 ? common : [...common, 201, 204, 401, 417, 431]) {
          assert.isAtLeast(statuses.get(status) ?? 0, 1, `no response with ${status} (${summary})`)
        }
        assert.isUndefined(({} as Record<string, unknown>)["polluted"])
        Wire.succeeds(yield* Wire.call("/identities/CreateWorkloadIdentity", { name: "still-there" }), 201)
      })),
    120_000
  )

  it.live(`rejects ${forgeries} requests when their signatures are forged`, () =>
    quietly(
      Effect.gen(function*() {
        const string = FastCheck.oneof(plausible([]), odd)
        const requests = FastCheck.sample(FastCheck.oneof(ofOperation(string), ofSts), { numRuns: forgeries, seed })
          // The address of the server leads to the console, without a signature.
          .filter(({ method, path }) => method !== "GET" || path.startsWith("/tags/"))
        const { statuses, summary } = yield* attack(requests, forged)
        assert.isFalse([...statuses.keys()].some((status) => status < 400), summary)
        assert.isAtLeast(statuses.get(403) ?? 0, forgeries / 2, summary)
      }),
      { signatures: "verify", credentials: [{ accessKeyId: "local", secretAccessKey: Redacted.make("another") }] }
    ))
})
