import { parseXML } from "@aws-sdk/xml-builder"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { parseXml } from "../../../../src/aws/internal/http/protocol.js"

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#xD;")

const name = FastCheck.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,8}$/)
const text = FastCheck.string({ unit: "binary", maxLength: 12 }).filter((value) =>
  // The SDK drops a text of white space with a line break.
  !(value.trim() === "" && value.includes("\n")) && value.isWellFormed()
)

interface Tree {
  readonly [name: string]: Tree | string
}

const { tree } = FastCheck.letrec<{ tree: Tree }>((tie) => ({
  tree: FastCheck.dictionary(
    name,
    FastCheck.oneof({ maxDepth: 3 }, text, tie("tree").filter((members) => Object.keys(members).length > 0)),
    { minKeys: 1, maxKeys: 3 }
  )
}))

const write = (value: Tree | string): string =>
  typeof value === "string"
    ? escape(value)
    : Object.entries(value).map(([name, member]) => `<${name}>${write(member)}</${name}>`).join("")

describe("parse", () => {
  it("reads what was written, as the parser of the AWS SDK does", () => {
    FastCheck.assert(
      FastCheck.property(tree, (members) => {
        const document = `<?xml version="1.0"?>\n<Root xmlns="https://sts.amazonaws.com/">${write(members)}</Root>\n`
        const parsed = parseXml(document)["Root"]
        assert.deepEqual(parsed, members)
        const { xmlns: _, ...other } = parseXML(document)["Root"]
        assert.deepEqual(parsed, other)
      }),
      { numRuns: 200 }
    )
  })

  it("reads comments, data, empty elements, and the entities of XML", () => {
    assert.deepEqual(
      parseXml("<!-- a --><a x='1'><b/><c><![CDATA[<d>&amp;]]></c><e>&lt;&#65;&#x1F600;&nope;</e><!-- f --></a>"),
      { a: { b: "", c: "<d>&amp;", e: "<A😀&nope;" } }
    )
  })

  it("refuses what is no document, in time, and quotes none of it", () => {
    const documents = [
      "",
      "secret",
      "{\"secret\":1}",
      "<secret>",
      "<secret></other>",
      "</secret>",
      "<a></a><b></b>",
      "<a></a>secret",
      "<a><b></a></b>",
      "<secret",
      "<a secret",
      `<a ${"x ".repeat(100_000)}`,
      "<".repeat(100_000),
      "<a>".repeat(10_000)
    ]
    for (const document of documents) {
      const error = (() => {
        try {
          return parseXml(document)
        } catch (error) {
          return error
        }
      })()
      assert.instanceOf(error, SyntaxError, document.slice(0, 20))
      assert.notInclude(String(error), "secret")
    }
  })
})
