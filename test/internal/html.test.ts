import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { createHash } from "node:crypto"
import * as Page from "../../src/internal/html.js"

describe("page", () => {
  it("escapes values in text and in attributes, and keeps HTML that was made by the template", () => {
    const hostile = `<script>alert("1")</script>' & more`
    const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; &amp; more"
    assert.strictEqual(
      Page.html`<p title="${hostile}">${hostile}${Page.html`<b>${hostile}</b>`}${undefined}${[
        Page.html`<i>${1}</i>`
      ]}</p>`.source,
      `<p title="${escaped}">${escaped}<b>${escaped}</b><i>1</i></p>`
    )
  })

  it("lets no value out of its place", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.string({ unit: FastCheck.constantFrom("<", ">", "\"", "'", "&", "a", "=", " ") }),
        (value) => {
          const { source } = Page.html`${value}`
          return !/[<>"']/.test(source) && !/&(?!amp;|lt;|gt;|quot;|#39;)/.test(source)
        }
      )
    )
  })

  it("escapes the title", () => {
    const page = Page.render({ title: "</title><script>", body: Page.html``, kicker: "<b>" })
    assert.notInclude(page.body, "<script>")
    assert.notInclude(page.body, "<b>")
  })

  it("allows its own style sheet only, by digest", () => {
    const page = Page.render({ title: "A page", body: Page.html`<p>Text</p>` })
    const style = /<style>([\s\S]*)<\/style>/.exec(page.body)?.[1] ?? ""
    const digest = `sha256-${createHash("sha256").update(style).digest("base64")}`
    assert.strictEqual(Page.styleDigest, digest)
    assert.strictEqual(
      page.headers["content-security-policy"],
      `default-src 'none'; style-src '${digest}'; img-src data:; form-action 'none'; `
        + "frame-ancestors 'none'; base-uri 'none'"
    )
    assert.strictEqual(page.headers["cache-control"], "no-store")
    assert.strictEqual(page.headers["referrer-policy"], "no-referrer")
    assert.strictEqual(page.headers["x-content-type-options"], "nosniff")
  })

  it("loads nothing from elsewhere and runs nothing", () => {
    const { body } = Page.render({ title: "A page", body: Page.html``, forms: true, refresh: "/next" })
    assert.notMatch(body, /<script|javascript:|\son\w+=|@import|url\(/i)
    assert.deepStrictEqual([...body.matchAll(/(?:src|href)="([^"]{0,5})/g)].map(([, start]) => start), ["data:"])
    assert.include(body, `<html lang="en">`)
    assert.include(body, `<meta http-equiv="refresh" content="0;url=/next">`)
  })
})
