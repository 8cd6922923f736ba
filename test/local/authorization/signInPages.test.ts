import { assert, describe, it } from "@effect/vitest"
import * as Pages from "../../../src/local/authorization/signInPages.js"

const hostile = `"><script>alert('1')</script>`

describe("pages of AuthorizationServer", () => {
  const pages = {
    login: Pages.login({ action: hostile, client: hostile, userName: hostile, problem: hostile }),
    consent: Pages.consent({
      action: hostile,
      client: hostile,
      userName: hostile,
      scopes: [hostile],
      returnTo: hostile
    }),
    proceed: Pages.proceed(hostile),
    problem: Pages.problem(hostile, hostile, hostile),
    home: Pages.home({ issuer: hostile, discoveryUrl: hostile })
  }

  it("escape every value", () => {
    for (const [name, page] of Object.entries(pages)) {
      assert.notInclude(page.body, "<script", name)
      assert.notInclude(page.body, `"">`, name)
      assert.include(page.body, "&lt;script&gt;", name)
    }
  })

  it("allow forms to their own origin, if they have a form", () => {
    for (const [name, page] of Object.entries(pages)) {
      const action = page.body.includes("<form") ? "'self'" : "'none'"
      assert.include(page.headers["content-security-policy"], `form-action ${action};`, name)
    }
  })

  it("label the field, and describe a mistake at the field", () => {
    const plain = Pages.login({ action: "/x", client: "c" })
    assert.include(plain.body, `<label for="login">`)
    assert.notInclude(plain.body, "aria-invalid")
    const wrong = Pages.login({ action: "/x", client: "c", problem: "Too long" })
    assert.match(wrong.body, /aria-describedby="problem"[\s\S]*id="problem" role="alert">Too long/)
  })

  it("show scopes with the names of inherited properties as text", () => {
    const scopes = ["__proto__", "constructor", "toString"]
    const page = Pages.consent({ action: "/x", client: "c", userName: "u", scopes, returnTo: "h" })
    assert.include(page.body, scopes.map((scope) => `<li><code>${scope}</code></li>`).join(""))
  })
})
