import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"
import * as Html from "../../src/internal/html.js"

describe("html", () => {
  it("escapes values in content and in attributes, and leaves HTML unchanged", () => {
    const hostile = `<script>alert("1")</script>' & more`
    const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; &amp; more"
    assert.strictEqual(
      Html.html`<p title="${hostile}">${hostile}${Html.html`<b>${hostile}</b>`}${undefined}${[
        Html.html`<i>${1}</i>`
      ]}</p>`.source,
      `<p title="${escaped}">${escaped}<b>${escaped}</b><i>1</i></p>`
    )
  })

  it("escapes every value", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.string({ unit: FastCheck.constantFrom("<", ">", "\"", "'", "&", "a", "=", " ") }),
        (value) => {
          const { source } = Html.html`${value}`
          return !/[<>"']/.test(source) && !/&(?!amp;|lt;|gt;|quot;|#39;)/.test(source)
        }
      )
    )
  })

  it("escapes values that only a program in plain JavaScript can pass", () => {
    const forged = { source: "<script>" }
    for (const value of [forged, [forged], [[forged]], null, ["<script>", 1], { toString: () => "<script>" }]) {
      assert.notInclude(Html.html`<p>${value as unknown as string}</p>`.source, "<script>", JSON.stringify(value))
    }
  })

  it("escapes the title", () => {
    const page = Html.render({ title: "</title><script>", body: Html.html``, kicker: "<b>" })
    assert.notInclude(page.body, "<script>")
    assert.notInclude(page.body, "<b>")
  })

  it("allows its own style sheet only, by digest", () => {
    const page = Html.render({ title: "A page", body: Html.html`<p>Text</p>` })
    const style = /<style>([\s\S]*)<\/style>/.exec(page.body)?.[1] ?? ""
    const digest = `sha256-${createHash("sha256").update(style).digest("base64")}`
    assert.strictEqual(Html.styleDigest, digest)
    assert.strictEqual(
      page.headers["content-security-policy"],
      `default-src 'none'; style-src '${digest}'; img-src data:; form-action 'none'; `
        + "frame-ancestors 'none'; base-uri 'none'"
    )
    assert.strictEqual(page.headers["cache-control"], "no-store")
    assert.strictEqual(page.headers["referrer-policy"], "no-referrer")
    assert.strictEqual(page.headers["x-content-type-options"], "nosniff")
  })

  it("loads nothing from other sites and runs no script", () => {
    const { body } = Html.render({ title: "A page", body: Html.html``, forms: true, refresh: "/next" })
    assert.notMatch(body, /<script|javascript:|\son\w+=|@import|url\(/i)
    assert.deepStrictEqual([...body.matchAll(/(?:src|href)="([^"]{0,5})/g)].map(([, start]) => start), ["data:"])
    assert.include(body, `<html lang="en">`)
    assert.include(body, `<meta http-equiv="refresh" content="0;url=/next">`)
  })
})
