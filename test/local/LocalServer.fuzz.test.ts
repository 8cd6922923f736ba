/**
 * Ten thousand requests that nobody should send. The seed is random, and said when a test fails: `AGENTCORE_FUZZ_SEED` sets it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Http from "node:http"
import * as Net from "node:net"
import * as ServiceModel from "./serviceModel.js"
import * as Wire from "./wire.js"

const seed = Number(process.env["AGENTCORE_FUZZ_SEED"] ?? Date.now() % 2 ** 31)

interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/** What takes a request further than noise: names that exist, values of enumerations, addresses, ARNs. */
const plausible = (tokens: ReadonlyArray<string>): FastCheck.Arbitrary<string> =>
  FastCheck.constantFrom(
    ...["agent", "weather", "calendar", "default", "alice", "x".repeat(255)],
    ...["M2M", "USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE", "MANAGED", "EXTERNAL", "ServiceManagedKey", "CustomerManagedKey"],
    ...["CustomOauth2", "GithubOauth2", "GoogleOauth2", "MicrosoftOauth2", "SalesforceOauth2", "OktaOauth2", "CoinbaseCDP", "StripePrivy"],
    ...["CLIENT_SECRET_BASIC", "PRIVATE_KEY_JWT", "AWS_IAM_ID_TOKEN_JWT", "TOKEN_EXCHANGE", "JWT_AUTHORIZATION_GRANT"],
    ...["https://agent.example.com/consent?tab=1", "https://issuer.example.com/.well-known/openid-configuration", "http://127.0.0.1:1/"],
    ...["javascript:alert(1)", "https://user:password@[::1]:99999/%zz", "urn:ietf:params:oauth:request_uri:none"],
    "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/agent",
    "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/apikeycredentialprovider/weather",
    "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000",
    `e30.${Buffer.from(JSON.stringify({ iss: "https://id.example.com", sub: "alice" })).toString("base64url")}.c2ln`,
    ...tokens
  )

const odd: FastCheck.Arbitrary<string> = FastCheck.oneof(
  FastCheck.string({ unit: "binary", maxLength: 40 }),
  FastCheck.string({ unit: "grapheme", maxLength: 40 }),
  FastCheck.constantFrom(
    "",
    " ",
    "\u0000",
    "\ud800",
    "\udfff\ud800",
    "\u202e\u200b\ufeff",
    "__proto__",
    "constructor",
    "toString",
    "../../etc/passwd",
    "%00%2e%2e%2f",
    "\r\nx-injected: yes",
    "${jndi:ldap://x}",
    "<script>",
    "a".repeat(4097),
    "e\u0301".repeat(3000)
  )
)

/** Pieces of JSON, as text: an object of JavaScript cannot hold all of what JSON can say. */
const junk: FastCheck.Arbitrary<string> = FastCheck.oneof(
  odd.map((text) => JSON.stringify(text)),
  FastCheck.json({ maxDepth: 3 }),
  FastCheck.constantFrom(
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1.5",
    "1e400",
    "-1e400",
    "9007199254740993",
    "1".repeat(400),
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "{\"__proto__\":{\"polluted\":true}}",
    "{\"constructor\":{\"prototype\":{\"polluted\":true}}}",
    "{\"toJSON\":1,\"then\":1,\"length\":-1,\"_tag\":\"Redirect\"}",
    "\"\\ud800\"",
    "\"\\u0000\"",
    `${"[".repeat(2000)}${"]".repeat(2000)}`,
    `${"{\"a\":".repeat(2000)}1${"}".repeat(2000)}`,
    `[${"1,".repeat(3000)}1]`,
    JSON.stringify("k".repeat(70_000))
  )
)

const entries = (members: ReadonlyArray<readonly [string, string]>): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`

const optional = <A>(arbitrary: FastCheck.Arbitrary<A>, present: number): FastCheck.Arbitrary<A | undefined> =>
  FastCheck.oneof({ weight: present, arbitrary }, { weight: 10 - present, arbitrary: FastCheck.constant(undefined) })

/** JSON of the form that an operation asks for, with junk in places. */
const valueOf = (
  shape: ServiceModel.AnyShape | undefined,
  shapes: ServiceModel.Operation["shapes"],
  text: FastCheck.Arbitrary<string>,
  depth: number
): FastCheck.Arbitrary<string> => {
  const nested = (name: string | undefined) => valueOf(shapes[name ?? ""], shapes, text, depth + 1)
  const proper = (): FastCheck.Arbitrary<string> => {
    switch (depth > 6 ? undefined : shape?.type) {
      case "structure":
        return structure(shape, shapes, text, depth)
      case "list":
        return FastCheck.array(nested(shape?.member?.shape), { maxLength: 4 }).map((items) => `[${items.join(",")}]`)
      case "map":
        return FastCheck.array(FastCheck.tuple(FastCheck.oneof(odd, text), nested(shape?.value?.shape)), { maxLength: 3 })
          .map(entries)
      case "boolean":
        return FastCheck.boolean().map(String)
      case "integer":
        return FastCheck.integer({ min: -1, max: 200 }).map(String)
      case undefined:
        return junk
      default:
        return text.map((value) => JSON.stringify(value))
    }
  }
  return FastCheck.oneof({ weight: 14, arbitrary: proper() }, { weight: 1, arbitrary: junk })
}

const structure = (
  shape: ServiceModel.AnyShape | undefined,
  shapes: ServiceModel.Operation["shapes"],
  text: FastCheck.Arbitrary<string>,
  depth: number
): FastCheck.Arbitrary<string> => {
  const names = Object.keys(shape?.members ?? {})
  const member = (name: string, present: number) =>
    optional(
      valueOf(shapes[shape?.members?.[name]?.shape ?? ""], shapes, text, depth + 1).map((value) =>
        [name, value] as const
      ),
      present
    )
  const known = shape?.union === true && names.length > 0
    // One member, as it should be; at times two.
    ? FastCheck.tuple(FastCheck.constantFrom(...names).chain((name) => member(name, 10)), FastCheck.constantFrom(...names).chain((name) => member(name, 1)))
    : FastCheck.tuple(...names.map((name) => member(name, shape?.required?.includes(name) === true ? 10 : 4)))
  return FastCheck.tuple(known, optional(FastCheck.tuple(odd, junk), 1)).map(([members, more]) =>
    entries([...members, more].filter((entry) => entry !== undefined))
  )
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/** Of what a header may hold: Node's client checks it. */
const headerText = FastCheck.string({ unit: FastCheck.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 60 })
  .map((text) => text.replaceAll("\u007f", ""))

const token = FastCheck.string({ unit: FastCheck.constantFrom(..."abcXYZ019-_.!#$%&'*+^`|~"), minLength: 1, maxLength: 20 })

const method = FastCheck.oneof(
  { weight: 20, arbitrary: FastCheck.constant("POST") },
  {
    weight: 2,
    arbitrary: FastCheck.constantFrom("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "QUERY", "SOURCE")
  }
)

/** Of what an address may hold: a surrogate alone has no UTF-8. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString("utf8"))

const segment = FastCheck.oneof(odd, token).map(encoded)

const anyPath = FastCheck.oneof(
  FastCheck.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`),
  FastCheck.tuple(
    FastCheck.constantFrom("/", "/health", "/tags/", "/identities/oauth2/authorize", "/identities/oauth2/callback/", "/identities/", "/.well-known/"),
    segment,
    FastCheck.constantFrom("", "?", "?request_uri=", "?request_uri=a&request_uri=b", "?code=a&state=b", "?%zz", "?__proto__=1", "?tagKeys=")
  ).map(([start, text, query]) => `${start}${text}${query}`),
  FastCheck.constantFrom("/", "*", "//", "/%", "/%zz", "/%2e%2e/", "/../..", "/./identities", "/identities//oauth2/token", "/\u00ff", `/${"a/".repeat(2000)}`, `/tags/${"%2F".repeat(1500)}`)
)

const headers: FastCheck.Arbitrary<Record<string, string>> = FastCheck.oneof(
  { weight: 12, arbitrary: FastCheck.constant({}) },
  {
    weight: 4,
    arbitrary: FastCheck.oneof(
      headerText.map((value) => ({ authorization: value })),
      headerText.map((value) => ({ "content-type": value })),
      FastCheck.constantFrom<Record<string, string>>(
        { authorization: "" },
        { authorization: `AWS4-HMAC-SHA256 ${"Credential=,".repeat(300)}` },
        { authorization: `AWS4-HMAC-SHA256 Credential=${"/".repeat(3000)}bedrock-agentcore/aws4_request` },
        { "content-type": "application/x-amz-json-1.1" },
        { "content-type": "application/json; charset=utf-16" },
        { host: "evil.example" },
        { host: "127.0.0.1:99999" },
        { host: "[::1" },
        { expect: "100-continue" },
        { expect: "a miracle" },
        { upgrade: "websocket", connection: "Upgrade", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-version": "13" },
        { "transfer-encoding": "chunked" },
        { "content-encoding": "gzip" },
        { "x-forwarded-host": "evil.example", "x-http-method-override": "DELETE" },
        { traceparent: "00-zz-zz-zz", b3: "1" },
        { cookie: "a=b; __proto__=c" },
        { "x-large": "a".repeat(17_000) }
      ),
      FastCheck.tuple(token, headerText)
        .filter(([name]) => !/^(transfer-encoding|content-length|connection|host|upgrade|expect|te|trailer)$/i.test(name))
        .map(([name, value]) => ({ [name]: value }))
    )
  }
)

const broken: FastCheck.Arbitrary<string | Uint8Array> = FastCheck.oneof(
  { weight: 6, arbitrary: FastCheck.uint8Array({ maxLength: 100 }) },
  { weight: 6, arbitrary: odd },
  { weight: 6, arbitrary: junk },
  { weight: 1, arbitrary: FastCheck.constantFrom("{\"name\":\"" + "a".repeat(1024 * 1024), "[".repeat(300_000), "\ufeff{}", "{\"a\":1}{}", "{\"name\":1,\"name\":\"agent\"}") }
)

/** Requests that are of an operation, at least in part. */
const ofOperation = (text: FastCheck.Arbitrary<string>): FastCheck.Arbitrary<Request> =>
  FastCheck.constantFrom(...ServiceModel.operations).chain((operation) => {
    const members = Object.entries(operation.input.members ?? {})
    const inBody = { ...operation.input, members: Object.fromEntries(members.filter(([, { location }]) => location === undefined)) }
    const label = /\{.*\}/.test(operation.uri)
    return FastCheck.record({
      method: FastCheck.oneof({ weight: 12, arbitrary: FastCheck.constant(operation.method) }, { weight: 1, arbitrary: method }),
      path: label
        ? FastCheck.tuple(FastCheck.oneof({ weight: 3, arbitrary: text.map(encoded) }, { weight: 1, arbitrary: segment }), FastCheck.array(segment, { maxLength: 3 })).map(
          ([arn, keys]) => operation.uri.replace(/\{.*\}/, () => arn) + (keys.length > 0 ? `?tagKeys=${keys.join("&tagKeys=")}` : "")
        )
        : FastCheck.constant(operation.uri),
      headers,
      body: FastCheck.oneof({ weight: 12, arbitrary: structure(inBody, operation.shapes, text, 0) as FastCheck.Arbitrary<string | Uint8Array> }, { weight: 2, arbitrary: broken })
    })
  })

const noise: FastCheck.Arbitrary<Request> = FastCheck.record({ method, path: anyPath, headers, body: broken })

/** STS: a form, with parameters that are there twice, empty, or of something else. */
const ofSts: FastCheck.Arbitrary<Request> = FastCheck.record({
  method: FastCheck.oneof({ weight: 12, arbitrary: FastCheck.constant("POST") }, { weight: 1, arbitrary: method }),
  path: FastCheck.constantFrom("/", "/", "/?Action=GetWebIdentityToken"),
  headers: headers.map((more) => ({
    authorization: Wire.authorization.replace("bedrock-agentcore", "sts"),
    "content-type": "application/x-www-form-urlencoded",
    ...more
  })),
  body: FastCheck.array(
    FastCheck.tuple(
      FastCheck.oneof(
        { weight: 6, arbitrary: FastCheck.constantFrom("Action", "Version", "SigningAlgorithm", "DurationSeconds", "Audience.member.1", "Audience.member.99", "Tags.member.1.Key", "Tags.member.1.Value") },
        { weight: 1, arbitrary: segment }
      ),
      FastCheck.oneof(
        { weight: 6, arbitrary: FastCheck.constantFrom("GetWebIdentityToken", "2011-06-15", "RS256", "ES384", "300", "-1", "1e9", "https://issuer.example.com") },
        { weight: 2, arbitrary: segment },
        { weight: 1, arbitrary: FastCheck.constantFrom("%zz", "", "%ff%fe", "a".repeat(100_000)) }
      )
    ),
    { maxLength: 7 }
  ).map((parameters) =>
    [["Action", "GetWebIdentityToken"], ["Version", "2011-06-15"], ...parameters].map(([name, value]) => `${name}=${value}`).join("&")
  )
})

/** What is no HTTP, or nearly. It is whole: no server has reason to wait for more. */
const raw: FastCheck.Arbitrary<Buffer> = FastCheck.tuple(
  FastCheck.constantFrom("GET", "POST", "post", "P\u0001ST", "", "CONNECT", "PRI", "POST POST", "\r\n\r\nPOST"),
  FastCheck.constantFrom("/", "/identities/api-key", "http://127.0.0.1/identities/api-key", "http://evil.example/", "*", "", "/a b", "127.0.0.1:80", "/\u00fc", "/\u0000"),
  FastCheck.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "http/1.1", "ICE/1.0", ""),
  FastCheck.array(
    FastCheck.constantFrom(
      "host: 127.0.0.1",
      "host: 127.0.0.1",
      "host: localhost",
      "host: evil.example",
      "Host : 127.0.0.1",
      "content-length: 0",
      "content-length: -1",
      "content-length: 99999999999999999999",
      "content-length: 0\r\ncontent-length: 1",
      "transfer-encoding: chunked\r\ncontent-length: 5",
      "transfer-encoding: identity, chunked",
      "transfer-encoding: \u000bchunked",
      "no colon",
      ": no name",
      " folded",
      "a\u0000b: c",
      "x: \u0000",
      `x: ${"a".repeat(20_000)}`,
      "x: y\r\n".repeat(2500) + "z: z",
      "expect: a miracle",
      "connection: close"
    ),
    { maxLength: 4 }
  )
).map(([method, target, version, lines]) =>
  Buffer.from(`${[`${method} ${target} ${version}`, ...lines].join("\r\n")}\r\n\r\n`, "latin1")
)

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

const agent = new Http.Agent({ keepAlive: true, maxSockets: 24 })

const send = (url: string, request: Request): Effect.Effect<Wire.Answer, Error> =>
  Effect.async((resume) => {
    const { hostname, port } = new URL(url)
    const outgoing = Http.request({
      agent,
      hostname,
      port,
      method: request.method,
      path: request.path.replace(/[^\u0021-\u00ff]/g, ""),
      headers: {
        "content-type": "application/json",
        authorization: Wire.authorization,
        ...request.headers["transfer-encoding"] === undefined
          ? { "content-length": Buffer.byteLength(request.body) }
          : undefined,
        ...request.headers
      }
    }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", (error) => resume(Effect.fail(error)))
      response.on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8")
        })))
    })
    outgoing.on("error", (error) => resume(Effect.fail(error)))
    outgoing.on("upgrade", (_, socket) => {
      socket.destroy()
      resume(Effect.fail(new Error("upgraded")))
    })
    outgoing.end(request.body)
  })

/** The first answer on a connection of its own. A body that the headers promise is not sent: then there may be none. */
const sendRaw = (url: string, bytes: Buffer): Effect.Effect<Wire.Answer | undefined, Error> =>
  Effect.async((resume) => {
    const socket = Net.connect(Number(new URL(url).port), "127.0.0.1", () => socket.end(bytes))
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    // Cut, because the server did not want to hear the rest.
    socket.on("error", () => {})
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1")
      if (text === "") return resume(Effect.succeed(undefined))
      const [head = "", body = ""] = text.split("\r\n\r\n", 2)
      const [start = "", ...lines] = head.split("\r\n")
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1]
      return resume(
        status === undefined ? Effect.fail(new Error(`no answer of HTTP: ${start}`)) : Effect.succeed({
          status: Number(status),
          headers: Object.fromEntries(
            lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
          ),
          text: body.slice(0, Number(/content-length: (\d+)/i.exec(head)?.[1] ?? body.length))
        })
      )
    })
  })

const isAddressForBrowsers = (request: Request): boolean =>
  request.method === "GET" || /^\/identities\/oauth2\/(authorize|callback)\b/.test(request.path)

/** What is wrong with an answer. */
const complaint = (answer: Wire.Answer, method: string, page: boolean): string | undefined => {
  const { headers, status, text } = answer
  if (Object.keys(headers).some((name) => name.startsWith("access-control-") || name === "x-injected")) return "headers"
  if (status < 200 || status >= 500 || (status >= 300 && status < 400)) return `status ${status}`
  if (!/^[0-9a-f-]{36}$/.test(String(headers["x-amzn-requestid"]))) return "no request id"
  if (page && (String(headers["content-type"]).startsWith("text/html") || status === 405)) return undefined
  if (status >= 400 && !/^\w+$/.test(String(headers["x-amzn-errortype"]))) return "no name of the error"
  if (method === "HEAD" || status === 204) return text === "" ? undefined : "a body"
  // STS answers in XML.
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
  return JSON.stringify(text.length > 1500 ? `${text.slice(0, 1500)}… (${text.length} characters)` : text)
}

describe("fuzzing", () => {
  it.scopedLive("ten thousand malformed requests get an answer of AWS's form, and none brings the server down", () =>
    Effect.gen(function*() {
      const errors: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (LogLevel.greaterThanEqual(logLevel, LogLevel.Error)) errors.push(String(message))
      })
      yield* Effect.gen(function*() {
        yield* Wire.setUp
        const url = yield* Wire.url
        const text = FastCheck.oneof(
          { weight: 8, arbitrary: plausible([yield* Wire.workloadToken(), yield* Wire.workloadToken("alice")]) },
          { weight: 1, arbitrary: odd }
        )
        const requests = FastCheck.sample(
          FastCheck.oneof(
            { weight: 12, arbitrary: ofOperation(text) as FastCheck.Arbitrary<Request | Buffer> },
            { weight: 6, arbitrary: noise },
            { weight: 1, arbitrary: ofSts },
            { weight: 2, arbitrary: raw }
          ),
          { numRuns: 10_000, seed }
        )
        const complaints: Array<string> = []
        const statuses = new Map<number, number>()
        let unanswered = 0
        yield* Effect.forEach(
          requests,
          (request) =>
            Effect.gen(function*() {
              const answer = yield* (Buffer.isBuffer(request) ? sendRaw(url, request) : send(url, request))
              if (answer === undefined) {
                unanswered += 1
                return
              }
              statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
              const wrong = Buffer.isBuffer(request)
                ? complaint(answer, request.toString("latin1").trimStart().split(" ")[0] ?? "", true)
                : complaint(answer, request.method, isAddressForBrowsers(request))
              if (wrong !== undefined) complaints.push(`${wrong}: ${describeRequest(request)}\n  ${answer.text.slice(0, 300)}`)
            }).pipe(
              Effect.timeout("10 seconds"),
              Effect.catchAll((error) =>
                Effect.sync(() => complaints.push(`${error}: ${describeRequest(request)}`))
              )
            ),
          { concurrency: 24, discard: true }
        )
        const summary = `seed ${seed}, answers ${JSON.stringify([...statuses].sort())}, ${unanswered} without`
        if (complaints.length > 0 || errors.length > 0) {
          assert.fail(
            [`${complaints.length} bad answers, ${errors.length} errors in the log (${summary})`, ...complaints.slice(0, 10), ...errors.slice(0, 5)]
              .join("\n")
          )
        }
        // They were not all turned away at the door.
        for (const status of [200, 201, 400, 401, 403, 404, 405, 413, 415, 431]) {
          assert.isAtLeast(statuses.get(status) ?? 0, 1, `no answer with ${status} (${summary})`)
        }
        assert.isUndefined(({} as Record<string, unknown>)["polluted"])
        Wire.succeeds(yield* Wire.call("/identities/GetWorkloadAccessToken", { workloadName: "agent" }))
      }).pipe(
        Effect.provide(Wire.server()),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Effect.ensuring(Effect.sync(() => agent.destroy()))
      )
    }), 60_000)
})
