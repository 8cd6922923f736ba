import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { chooseLanguage } from "../../src/internal/consentPages.js"

const languages = ["en", "de", "pt-BR", "zh-Hant-TW"] as const

describe("the language of a page", () => {
  it.each<[header: string | undefined, language: typeof languages[number]]>([
    [undefined, "en"],
    ["", "en"],
    ["*", "en"],
    ["fr, *;q=0.1", "en"],
    ["fr", "en"],
    ["de", "de"],
    ["DE-at", "de"],
    ["de-AT,de;q=0.9,en;q=0.8", "de"],
    ["en;q=0.5, de;q=0.7", "de"],
    ["en;q=0.5,de;q=0", "en"],
    ["de;q=0", "en"],
    ["de;q=wrong,en", "en"],
    ["pt", "pt-BR"],
    ["pt-br", "pt-BR"],
    ["zh-hant", "zh-Hant-TW"],
    // A prefix of letters is another language.
    ["d", "en"],
    ["den", "en"]
  ])("is, for %s, %s", (header, language) => {
    assert.strictEqual(chooseLanguage(languages, header), language)
  })

  it("is one of the languages, for any header", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(FastCheck.string(), FastCheck.string({ unit: FastCheck.constantFrom(..."de,;q=0.1*- ") })),
        (header) => languages.includes(chooseLanguage(languages, header))
      )
    )
  })
})
