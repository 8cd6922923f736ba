import { parseXML } from "@aws-sdk/xml-builder"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { awsQuery, decodeResult } from "../../../../src/aws/internal/http/protocol.js"

const escape = (string: string) =>
  string.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#xD;")

const name = FastCheck.stringMatching(/^[A-Z][A-Za-z0-9]{0,8}$/)
const string = FastCheck.string({ unit: "binary", maxLength: 12 }).filter((value) =>
  // The SDK drops a string of white space with a line break.
  !(value.trim() === "" && value.includes("\n")) && value.isWellFormed()
)

const documentOf = (elements: string) =>
  `<?xml version="1.0"?>\n<GetResponse xmlns="https://sts.amazonaws.com/">\n  <GetResult>${elements}</GetResult>\n`
  + "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetResponse>\n"

const errorOf = (read: () => unknown) => {
  try {
    return read()
  } catch (error) {
    return error
  }
}

describe("decodeResult", () => {
  it("reads the members of a result, as the parser of the AWS SDK does", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.dictionary(name, string, { minKeys: 1, maxKeys: 3 }), (members) => {
        const elements = Object.entries(members).map(([name, value]) => `<${name}>${escape(value)}</${name}>`).join("")
        const document = documentOf(elements)
        const expected = Object.entries(members).map(([name, value]) => [
          name.charAt(0).toLowerCase() + name.slice(1),
          value
        ])
        assert.deepEqual(decodeResult("Get", document), Object.fromEntries(expected))
        assert.deepEqual(parseXML(document)["GetResponse"]["GetResult"], members)
      }),
      { numRuns: 200 }
    )
  })

  it("reads nested elements, empty elements, times, and the entities of XML", () => {
    assert.deepEqual(
      decodeResult(
        "Get",
        documentOf("<A><B>&lt;&#65;&#x1F600;&nope;</B> <C></C></A><D/><Time>2026-01-02T03:04:05Z</Time>")
      ),
      { b: "<A😀&nope;", c: "", time: new Date("2026-01-02T03:04:05Z") }
    )
  })

  it("rejects a body that is not a response of the operation, in linear time, and quotes none of it", () => {
    const bodies = [
      "",
      "secret",
      "{\"secret\":1}",
      "<secret>",
      "<GetResponse><GetResult><A>secret</A>",
      "<GetResponse><GetResult><A>secret</A></GetResult>",
      "<GetResponse><A>secret</A></GetResponse>",
      "<OtherResponse><OtherResult><A>secret</A></OtherResult></OtherResponse>",
      "<GetResponse",
      `<GetResponse ${"x ".repeat(100_000)}`,
      "<".repeat(100_000),
      "<GetResponse>".repeat(10_000)
    ]
    for (const body of bodies) {
      const error = errorOf(() => decodeResult("Get", body))
      assert.instanceOf(error, SyntaxError, body.slice(0, 20))
      assert.notInclude(String(error), "secret")
    }
    for (const elements of ["<".repeat(1_000_000), "<a>".repeat(300_000), `<${"a".repeat(1_000_000)}`]) {
      assert.deepEqual(decodeResult("Get", documentOf(elements)), {})
    }
  })
})

describe("decodeException", () => {
  it("reads code and message", () => {
    const exceptionOf = (body: string) => awsQuery.decodeException({ status: 400, headers: {}, body })
    assert.deepEqual(
      exceptionOf(
        "<ErrorResponse><Error><Type>Sender</Type><Code>A</Code><Message>b</Message></Error></ErrorResponse>"
      ),
      { name: "A", message: "b" }
    )
    for (const body of ["", "<html><body>Service Unavailable</body></html>"]) {
      assert.deepEqual(exceptionOf(body), { name: undefined, message: undefined })
    }
    for (
      const body of [
        "<html><body>secret<br></html>",
        "secret",
        "<ErrorResponse><Error>secret",
        "<ErrorResponse><Error></Error></ErrorResponse>",
        "<a>".repeat(100_000),
        "<".repeat(1_000_000),
        `<${"a".repeat(1_000_000)}`,
        `<a ${"x ".repeat(100_000)}`
      ]
    ) {
      const error = errorOf(() => exceptionOf(body))
      assert.instanceOf(error, SyntaxError)
      assert.notInclude(String(error), "secret")
    }
  })
})
