/** Malformed requests of the operations, of STS, and of HTTP, and random bytes. */
import * as FastCheck from "fast-check"
import * as ServiceModel from "../../support/serviceModel.js"
import * as Wire from "../../support/wire.js"

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** Values that take a request further than random ones: known names, values of enumerations, URLs, ARNs. */
export const plausible = (tokens: ReadonlyArray<string>): FastCheck.Arbitrary<string> =>
  FastCheck.constantFrom(
    "agent",
    "weather",
    "calendar",
    "default",
    "alice",
    "x".repeat(255),
    "M2M",
    "USER_FEDERATION",
    "ON_BEHALF_OF_TOKEN_EXCHANGE",
    "MANAGED",
    "EXTERNAL",
    "ServiceManagedKey",
    "CustomerManagedKey",
    "CustomOauth2",
    "GithubOauth2",
    "GoogleOauth2",
    "MicrosoftOauth2",
    "SalesforceOauth2",
    "OktaOauth2",
    "CoinbaseCDP",
    "StripePrivy",
    "CLIENT_SECRET_BASIC",
    "PRIVATE_KEY_JWT",
    "AWS_IAM_ID_TOKEN_JWT",
    "TOKEN_EXCHANGE",
    "JWT_AUTHORIZATION_GRANT",
    "https://agent.example.com/consent?tab=1",
    "https://issuer.example.com/.well-known/openid-configuration",
    "http://127.0.0.1:1/",
    "javascript:alert(1)",
    "https://user:password@[::1]:99999/%zz",
    "urn:ietf:params:oauth:request_uri:none",
    "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/agent",
    "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/apikeycredentialprovider/weather",
    "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000",
    `e30.${Buffer.from(JSON.stringify({ iss: "https://id.example.com", sub: "alice" })).toString("base64url")}.c2ln`,
    ...tokens
  )

export const odd: FastCheck.Arbitrary<string> = FastCheck.oneof(
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

/** Pieces of JSON, as strings, because JSON has forms that an object of JavaScript cannot have. */
const junk: FastCheck.Arbitrary<string> = FastCheck.oneof(
  odd.map((string) => JSON.stringify(string)),
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

/** JSON in the form of an operation, with random values in some places. */
const valueOf = (
  shape: ServiceModel.AnyShape | undefined,
  shapes: ServiceModel.Operation["shapes"],
  string: FastCheck.Arbitrary<string>,
  depth: number
): FastCheck.Arbitrary<string> => {
  const nested = (name: string | undefined) => valueOf(shapes[name ?? ""], shapes, string, depth + 1)
  const proper = (): FastCheck.Arbitrary<string> => {
    switch (depth > 6 ? undefined : shape?.type) {
      case "structure":
        return structure(shape, shapes, string, depth)
      case "list":
        return FastCheck.array(nested(shape?.member?.shape), { maxLength: 4 }).map((items) => `[${items.join(",")}]`)
      case "map":
        return FastCheck.array(FastCheck.tuple(FastCheck.oneof(odd, string), nested(shape?.value?.shape)), {
          maxLength: 3
        })
          .map(entries)
      case "boolean":
        return FastCheck.boolean().map(String)
      case "integer":
        return FastCheck.integer({ min: -1, max: 200 }).map(String)
      case undefined:
        return junk
      default:
        return string.map((value) => JSON.stringify(value))
    }
  }
  return FastCheck.oneof({ weight: 14, arbitrary: proper() }, { weight: 1, arbitrary: junk })
}

const structure = (
  shape: ServiceModel.AnyShape | undefined,
  shapes: ServiceModel.Operation["shapes"],
  string: FastCheck.Arbitrary<string>,
  depth: number
): FastCheck.Arbitrary<string> => {
  const names = Object.keys(shape?.members ?? {})
  const member = (name: string, present: number) =>
    optional(
      valueOf(shapes[shape?.members?.[name]?.shape ?? ""], shapes, string, depth + 1).map((value) =>
        [name, value] as const
      ),
      present
    )
  const known = shape?.union === true && names.length > 0
    // One member, as required, and sometimes two.
    ? FastCheck.tuple(
      FastCheck.oneof(...names.map((name) => member(name, 10))),
      optional(FastCheck.tuple(FastCheck.constantFrom(...names), junk), 1)
    )
    : FastCheck.tuple(...names.map((name) => member(name, shape?.required?.includes(name) === true ? 10 : 4)))
  return FastCheck.tuple(known, optional(FastCheck.tuple(odd, junk), 1)).map(([members, more]) =>
    entries([...members, more].filter((entry) => entry !== undefined))
  )
}

/** Valid values of headers, because Node's client validates them. */
const headerValue = FastCheck.string({
  unit: FastCheck.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 60
})
  .map((string) => string.replaceAll("\u007f", ""))

const token = FastCheck.string({
  unit: FastCheck.constantFrom(..."abcXYZ019-_.!#$%&'*+^`|~"),
  minLength: 1,
  maxLength: 20
})

const method = FastCheck.oneof(
  { weight: 20, arbitrary: FastCheck.constant("POST") },
  {
    weight: 2,
    arbitrary: FastCheck.constantFrom(
      "GET",
      "HEAD",
      "PUT",
      "DELETE",
      "OPTIONS",
      "PATCH",
      "TRACE",
      "PROPFIND",
      "QUERY",
      "SOURCE"
    )
  }
)

/** Values for a URL. A lone surrogate has no UTF-8. */
const encoded = (string: string): string => encodeURIComponent(Buffer.from(string).toString("utf8"))

const segment = FastCheck.oneof(odd, token).map(encoded)

const anyPath = FastCheck.oneof(
  FastCheck.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`),
  FastCheck.tuple(
    FastCheck.constantFrom(
      "/",
      "/health",
      "/tags/",
      "/identities/oauth2/authorize",
      "/identities/oauth2/callback/",
      "/identities/",
      "/.well-known/"
    ),
    segment,
    FastCheck.constantFrom(
      "",
      "?",
      "?request_uri=",
      "?request_uri=a&request_uri=b",
      "?code=a&state=b",
      "?%zz",
      "?__proto__=1",
      "?tagKeys="
    )
  ).map(([start, string, query]) => `${start}${string}${query}`),
  FastCheck.constantFrom(
    "/",
    "*",
    "//",
    "/%",
    "/%zz",
    "/%2e%2e/",
    "/../..",
    "/./identities",
    "/identities//oauth2/token",
    "/\u00ff",
    `/${"a/".repeat(2000)}`,
    `/tags/${"%2F".repeat(1500)}`
  )
)

const headers: FastCheck.Arbitrary<Record<string, string>> = FastCheck.oneof(
  { weight: 12, arbitrary: FastCheck.constant({}) },
  {
    weight: 4,
    arbitrary: FastCheck.oneof(
      headerValue.map((value) => ({ authorization: value })),
      headerValue.map((value) => ({ "content-type": value })),
      FastCheck.constantFrom<Record<string, string>>(
        { authorization: "" },
        { authorization: `AWS4-HMAC-SHA256 ${"Credential=,".repeat(300)}` },
        { authorization: `AWS4-HMAC-SHA256 Credential=${"/".repeat(3000)}bedrock-agentcore/aws4_request` },
        { authorization: `${Wire.authorization}, Credential=\u00fc/20260101/x/sts/aws4_request` },
        { "content-type": "application/x-amz-json-1.1" },
        { "content-type": "application/json; charset=utf-16" },
        { host: "evil.example" },
        { host: "127.0.0.1:99999" },
        { host: "[::1" },
        { expect: "100-continue" },
        { expect: "a miracle" },
        {
          upgrade: "websocket",
          connection: "Upgrade",
          "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
          "sec-websocket-version": "13"
        },
        { "transfer-encoding": "chunked" },
        { "content-encoding": "gzip" },
        { "x-forwarded-host": "evil.example", "x-http-method-override": "DELETE" },
        { traceparent: "00-zz-zz-zz", b3: "1" },
        { cookie: "a=b; __proto__=c" },
        { "x-large": "a".repeat(17_000) }
      ),
      FastCheck.tuple(token, headerValue)
        .filter(([name]) =>
          !/^(transfer-encoding|content-length|connection|host|upgrade|expect|te|trailer)$/i.test(name)
        )
        .map(([name, value]) => ({ [name]: value }))
    )
  }
)

const broken: FastCheck.Arbitrary<string | Uint8Array> = FastCheck.oneof(
  { weight: 6, arbitrary: FastCheck.uint8Array({ maxLength: 100 }) },
  { weight: 6, arbitrary: odd },
  { weight: 6, arbitrary: junk },
  {
    weight: 1,
    arbitrary: FastCheck.constantFrom(
      "{\"name\":\"" + "a".repeat(1024 * 1024),
      "[".repeat(300_000),
      "\ufeff{}",
      "{\"a\":1}{}",
      "{\"name\":1,\"name\":\"agent\"}"
    )
  }
)

/** Requests that are at least partly those of an operation. */
export const ofOperation = (string: FastCheck.Arbitrary<string>): FastCheck.Arbitrary<Request> =>
  FastCheck.oneof(...ServiceModel.operations.map((operation) => {
    const members = Object.entries(operation.input.members ?? {})
    const inBody = {
      ...operation.input,
      members: Object.fromEntries(members.filter(([, { location }]) => location === undefined))
    }
    const label = /\{.*\}/.test(operation.uri)
    return FastCheck.record({
      method: FastCheck.oneof({ weight: 12, arbitrary: FastCheck.constant(operation.method) }, {
        weight: 1,
        arbitrary: method
      }),
      path: label
        ? FastCheck.tuple(
          FastCheck.oneof({ weight: 3, arbitrary: string.map(encoded) }, { weight: 1, arbitrary: segment }),
          FastCheck.array(segment, { maxLength: 3 })
        ).map(
          ([arn, keys]) =>
            operation.uri.replace(/\{.*\}/, () => arn) + (keys.length > 0 ? `?tagKeys=${keys.join("&tagKeys=")}` : "")
        )
        : FastCheck.constant(operation.uri),
      headers,
      body: FastCheck.oneof({
        weight: 12,
        arbitrary: structure(inBody, operation.shapes, string, 0) as FastCheck.Arbitrary<string | Uint8Array>
      }, { weight: 2, arbitrary: broken })
    })
  }))

export const noise: FastCheck.Arbitrary<Request> = FastCheck.record({ method, path: anyPath, headers, body: broken })

/** Requests of STS: forms with repeated, empty or unknown parameters. */
export const ofSts: FastCheck.Arbitrary<Request> = FastCheck.record({
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
        {
          weight: 6,
          arbitrary: FastCheck.constantFrom(
            "Action",
            "Version",
            "SigningAlgorithm",
            "DurationSeconds",
            "Audience.member.1",
            "Audience.member.99",
            "Tags.member.1.Key",
            "Tags.member.1.Value"
          )
        },
        { weight: 1, arbitrary: segment }
      ),
      FastCheck.oneof(
        {
          weight: 6,
          arbitrary: FastCheck.constantFrom(
            "GetWebIdentityToken",
            "GetCallerIdentity",
            "2011-06-15",
            "RS256",
            "ES384",
            "300",
            "-1",
            "1e9",
            "https://issuer.example.com"
          )
        },
        { weight: 2, arbitrary: segment },
        { weight: 1, arbitrary: FastCheck.constantFrom("%zz", "", "%ff%fe", "a".repeat(100_000)) }
      )
    ),
    { maxLength: 7 }
  ).map((parameters) =>
    [["Version", "2011-06-15"], ...parameters, ["Action", "GetWebIdentityToken"]].map(([name, value]) =>
      `${name}=${value}`
    ).join("&")
  )
})

/** Bytes that are not or not quite HTTP. They are complete, so a server need not wait for more. */
export const raw: FastCheck.Arbitrary<Buffer> = FastCheck.tuple(
  FastCheck.constantFrom("GET", "POST", "post", "P\u0001ST", "", "CONNECT", "PRI", "POST POST", "\r\n\r\nPOST"),
  FastCheck.constantFrom(
    "/",
    "/identities/api-key",
    "http://127.0.0.1/identities/api-key",
    "http://evil.example/",
    "*",
    "",
    "/a b",
    "127.0.0.1:80",
    "/\u00fc",
    "/\u0000"
  ),
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
