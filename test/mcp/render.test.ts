import { assert, describe, it } from "@effect/vitest"
import { actionOf, render } from "../../src/mcp/consentElicitation/render.js"

const link = "https://app.example.com/connect/github"
const consent = { provider: "github", name: "github", link, elicitationId: "id-1" }
const url = { elicitation: { url: {} } }

const versions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "2027-01-01", undefined]

describe("render", () => {
  it("is a result that requires input for 2026-07-28", () => {
    assert.deepStrictEqual(render(consent, { protocolVersion: "2026-07-28", capabilities: url }), {
      _tag: "InputRequired",
      result: {
        resultType: "input_required",
        inputRequests: {
          github: {
            method: "elicitation/create",
            params: { mode: "url", message: "Connect 'github' to continue.", url: link }
          }
        }
      }
    })
    const named = { ...consent, name: "repositories" }
    const rendered = render(named, { protocolVersion: "2026-07-28", capabilities: url })
    assert(rendered._tag === "InputRequired")
    assert.deepStrictEqual(Object.keys(rendered.result.inputRequests), ["repositories"])
  })

  it("is the error -32042 for 2025-11-25", () => {
    assert.deepStrictEqual(render(consent, { protocolVersion: "2025-11-25", capabilities: url }), {
      _tag: "UrlElicitationRequired",
      error: {
        code: -32042,
        message: "The user has to connect 'github' first.",
        data: {
          elicitations: [{ mode: "url", elicitationId: "id-1", url: link, message: "Connect 'github' to continue." }]
        }
      }
    })
  })

  it("is text for other revisions, and for clients without URL elicitation", () => {
    const text = {
      _tag: "Text",
      result: {
        isError: true,
        content: [{
          type: "text",
          text: `The user has to connect 'github' first. Ask them to open ${link}, then call this tool again.`
        }]
      }
    }
    for (const protocolVersion of versions) {
      for (const capabilities of [undefined, {}, { elicitation: {} }, { elicitation: { form: {} } }]) {
        assert.deepStrictEqual<unknown>(render(consent, { protocolVersion, capabilities }), text)
      }
      if (protocolVersion === "2025-11-25" || protocolVersion === "2026-07-28") continue
      assert.deepStrictEqual<unknown>(render(consent, { protocolVersion, capabilities: url }), text)
    }
  })
})

describe("the action of a retry", () => {
  it("is read from what the client sent, in any shape", () => {
    const read = (response: unknown) => actionOf({ github: response }, "github")
    assert.strictEqual(read({ action: "accept", content: {} }), "accept")
    assert.strictEqual(read({ action: "decline" }), "decline")
    assert.strictEqual(read({ action: "cancel" }), "decline")
    for (const other of [undefined, null, "accept", [], {}, { action: "yes" }, { action: { accept: true } }]) {
      assert.isUndefined(read(other))
      assert.isUndefined(actionOf(other, "github"))
    }
    assert.isUndefined(actionOf({ calendar: { action: "accept" } }, "github"))
    assert.isUndefined(actionOf({}, "toString"))
  })
})
