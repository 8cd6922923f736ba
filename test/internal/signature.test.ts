/** Signatures, compared with AWS's published examples and with the signer of the AWS SDK. */
import { Sha256 } from "@aws-crypto/sha256-js"
import { assert, describe, it } from "@effect/vitest"
import { SignatureV4 } from "@smithy/signature-v4"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"
import * as NodeCrypto from "node:crypto"
import { webSha256 } from "../../src/aws/internal/http/client.js"
import { makeSigner, nodeSha256, type SignedRequest, type Signer } from "../../src/internal/signature.js"

const hashes = {
  "node:crypto": nodeSha256(NodeCrypto),
  "Web Crypto": webSha256
}

const hashOf = (body: string): string => createHash("sha256").update(body).digest("hex")

const signatureOf = (authorization: string | undefined): string | undefined => authorization?.split("Signature=").at(-1)

const example: Signer = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
  service: "service",
  timestamp: "20150830T123600Z"
}

interface Example extends Partial<Omit<SignedRequest, "bodyHash">> {
  readonly name: string
  readonly service?: string
  readonly body?: string
  readonly signature: string
}

/** The IAM User Guide, and cases of AWS's `aws-sig-v4-test-suite`. */
const examples: ReadonlyArray<Example> = [
  {
    name: "ListUsers of the IAM User Guide",
    service: "iam",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8", host: "iam.amazonaws.com" },
    query: { Action: ["ListUsers"], Version: ["2010-05-08"] },
    signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
  },
  { name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
  {
    name: "get-vanilla-query-order-key-case",
    query: { Param2: ["value2"], Param1: ["value1"] },
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
  },
  {
    name: "get-slash-dot-slash",
    path: "/./",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
  },
  {
    name: "get-relative",
    path: "/example/..",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
  },
  {
    name: "get-slashes",
    path: "//example//",
    signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"
  },
  {
    name: "get-space",
    path: "/example space/",
    signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"
  },
  {
    name: "get-utf8",
    path: "/\u1234",
    signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
  },
  {
    name: "get-header-value-trim",
    headers: { host: "example.amazonaws.com", "my-header1": " value1", "my-header2": " \"a   b   c\"" },
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
  },
  {
    name: "post-vanilla",
    method: "POST",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
  },
  {
    name: "post-x-www-form-urlencoded",
    method: "POST",
    headers: { host: "example.amazonaws.com", "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
  }
]

describe.each(Object.entries(hashes))("signatures by %s", (_, sha256) => {
  it.effect("are those of AWS's published examples", () =>
    Effect.gen(function*() {
      const sign = makeSigner(sha256)
      for (const { body = "", headers, method = "GET", name, path = "/", query = {}, service, signature } of examples) {
        const signed = { "x-amz-date": example.timestamp, ...headers ?? { host: "example.amazonaws.com" } }
        const scope = { ...example, service: service ?? example.service }
        const authorization = yield* sign({ method, path, query, headers: signed, bodyHash: hashOf(body) }, scope)
        assert.strictEqual(signatureOf(authorization), signature, name)
      }
    }))
})

const string = FastCheck.oneof(
  FastCheck.string({ maxLength: 12 }),
  FastCheck.string({ unit: "grapheme", maxLength: 8 }),
  FastCheck.constantFrom("", ".", "..", "a b", "a+b", "a%20b", "é", "𝒳", "!'()*~-_", "arn:aws:iam::1:role/a", "a=b&c")
)

/** Node and HTTP allow tabs and spaces in values, and no line breaks. */
const header = FastCheck.oneof(
  FastCheck.string({ unit: FastCheck.constantFrom("a", "B", "7", " ", "\t", ";", ",", "=", "/", "\"") }),
  FastCheck.constantFrom("", " ", "a  b", "\ta", "application/json; charset=utf-8")
)

/** Without those that the SDK's signer leaves out unless told otherwise. */
const headerName = FastCheck.stringMatching(/^[a-z][a-z0-9-]{0,10}$/).filter(
  (name) => !/^(authorization|date|host|x-amz-.*)$/.test(name)
)

const path = FastCheck.array(FastCheck.oneof(string.map(encodeURIComponent), string), { maxLength: 5 }).map(
  (segments) => `/${segments.join("/")}`
).map((path) => path.replaceAll(/[?#]/g, ""))

const request = FastCheck.record({
  method: FastCheck.constantFrom("GET", "POST", "PUT", "DELETE"),
  path,
  query: FastCheck.dictionary(
    // The SDK's signer drops these names.
    string.filter((name) => !["x-amz-signature", "__proto__"].includes(name.toLowerCase())),
    FastCheck.array(string, { minLength: 1, maxLength: 3 }),
    { maxKeys: 4 }
  ),
  headers: FastCheck.dictionary(headerName, header, { maxKeys: 5 }),
  body: FastCheck.string({ unit: "grapheme", maxLength: 40 })
})

const scope = FastCheck.record({
  accessKeyId: FastCheck.stringMatching(/^[A-Z0-9]{4,20}$/),
  secretAccessKey: FastCheck.string({ minLength: 1, maxLength: 40 }),
  sessionToken: FastCheck.option(FastCheck.base64String({ minLength: 4, maxLength: 40 }), { nil: undefined }),
  region: FastCheck.constantFrom("us-west-2", "eu-central-1"),
  service: FastCheck.constantFrom("bedrock-agentcore", "sts"),
  date: FastCheck.date({
    min: new Date("2000-01-01T00:00:00Z"),
    max: new Date("2099-12-31T00:00:00Z"),
    noInvalidDate: true
  })
})

it("are those of the AWS SDK's signer, for 10,000 requests", async () => {
  const signers = Object.values(hashes).map(makeSigner)
  let runs = 0
  await FastCheck.assert(
    FastCheck.asyncProperty(request, scope, async (given, { date, sessionToken, ...keys }) => {
      const { body, headers, method, path, query } = given
      const host = "agent.example.com:8443"
      const expected = await new SignatureV4({
        service: keys.service,
        region: keys.region,
        credentials: { ...keys, ...sessionToken !== undefined && { sessionToken } },
        sha256: Sha256
      }).sign(
        // Its types are mutable.
        {
          method,
          path,
          query: structuredClone(query),
          headers: { ...headers, host },
          body,
          protocol: "https:",
          hostname: ""
        },
        { signingDate: date, signableHeaders: new Set(Object.keys(headers)) }
      )
      const { authorization, ...signed } = expected.headers
      // Node's hash for most, because Web Crypto takes ten times as long.
      const sign = signers[runs++ % 10 === 0 ? 1 : 0]!
      const made = sign(
        { method, path, query, headers: signed, bodyHash: hashOf(body) },
        { ...keys, timestamp: signed["x-amz-date"]! }
      )
      assert.strictEqual(await Effect.runPromise(made), authorization)
    }),
    { numRuns: 10_000 }
  )
})
