import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { missingVendors, support, withCounts, withTable } from "./support.js"

/** These are for sessions of a person, which the local server does not have. */
const unsupported: { readonly [operation: string]: ReadonlyArray<string> } = {
  GetWebIdentityToken: [".Scope", ".SubjectMode"]
}

describe("the local server supports", () => {
  it.each(support)(
    "$operation, with every member of the AWS client",
    ({ missingInputs, missingOutputs, operation, served }) => {
      assert.isTrue(served)
      assert.deepStrictEqual(missingInputs, unsupported[operation] ?? [])
      assert.deepStrictEqual(missingOutputs, [])
    }
  )

  it("every vendor of the AWS client", () => {
    assert.deepStrictEqual(missingVendors, [])
  })

  it("the operations in the guide (to update it, run node test/conformance/support.mjs)", () => {
    const guide = readFileSync(new URL("../../src/local/README.md", import.meta.url), "utf8")
    assert.strictEqual(withTable(guide), guide)
  })
})

describe("the statements", () => {
  it("are as many as the guide says (to update it, run node test/conformance/support.mjs)", () => {
    const guide = readFileSync(new URL("../../src/local/README.md", import.meta.url), "utf8")
    assert.strictEqual(withCounts(guide), guide)
  })
})
