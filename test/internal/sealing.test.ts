import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as FastCheck from "fast-check"
import * as Sealing from "../../src/internal/sealing.js"
import { rounds } from "../support/rounds.js"

const bytes = FastCheck.uint8Array({ minLength: 32, maxLength: 32 })
const options = { numRuns: rounds({ few: 500, full: 5000 }) }

const spellings = (key: Uint8Array): ReadonlyArray<string> => {
  const buffer = Buffer.from(key)
  const [base64, base64url, hex] = [buffer.toString("base64"), buffer.toString("base64url"), buffer.toString("hex")]
  return [base64, base64.replace("=", ""), base64url, `${base64url}=`, hex, hex.toUpperCase()]
}

const problemOfSecret = (secret: Redacted.Redacted) => {
  const parsed = Sealing.parseSecret(secret, "The key")
  return Result.isFailure(parsed) ? parsed.failure : assert.fail(`accepts ${secret}`)
}

const problemOf = (value: string) => problemOfSecret(Redacted.make(value))

describe("parseSecret", () => {
  it("reads 32 bytes in every spelling, also as a line of a file", () =>
    FastCheck.assert(
      FastCheck.property(bytes, (key) => {
        for (const spelling of spellings(key)) {
          for (const value of [spelling, `${spelling}\n`, ` ${spelling}\r\n`]) {
            assert.deepStrictEqual(Sealing.parseSecret(Redacted.make(value), "The key"), Result.succeed(key))
          }
        }
      }),
      options
    ))

  it("says what is wrong with a secret of another copy of effect", () => {
    const secret = Redacted.make("a".repeat(64))
    Redacted.wipeUnsafe(secret)
    assert.match(problemOfSecret(secret), /^The key has to be a Redacted .* two copies of effect \(npm ls effect\)$/)
  })

  it("reads every string of 43 characters in base64url as the bytes that Node reads", () => {
    // The last character has 2 bits that are not part of the key.
    const base64url = FastCheck.stringMatching(/^[\w-]{43}$/)
    FastCheck.assert(
      FastCheck.property(base64url, FastCheck.constantFrom("", "=", "=="), (value, padding) => {
        const key = new Uint8Array(Buffer.from(value, "base64url"))
        assert.deepStrictEqual(Sealing.parseSecret(Redacted.make(value + padding), "The key"), Result.succeed(key))
      }),
      options
    )
  })

  it.each([
    ["", "has 0 bytes"],
    ["a".repeat(32), "has 16 bytes"],
    [`${"a".repeat(63)}g`, "has 48 bytes"],
    [Buffer.alloc(31, 255).toString("base64"), "has 31 bytes"],
    [Buffer.alloc(33, 255).toString("base64url"), "has 33 bytes"],
    ["A".repeat(45), "has a character too many or too few"],
    [`${"A".repeat(42)}!`, "has other characters"],
    ["correct horse battery staple correct horse!", "has other characters"]
  ])("rejects %j with the reason", (value, problem) =>
    assert.strictEqual(
      problemOf(value),
      `The key has to be 32 bytes in base64 or hex. It ${problem}. Make one with: openssl rand -base64 32`
    ))

  it("rejects other numbers of bytes, and quotes nothing of the value", () => {
    const wrong = FastCheck.uint8Array({ minLength: 4, maxLength: 80 }).filter(({ length }) => length !== 32)
    FastCheck.assert(
      FastCheck.property(wrong, (key) => {
        for (const spelling of spellings(key)) {
          const problem = problemOf(spelling)
          // The hex digits of 4 bytes can be in the message by chance, such as "base".
          if (key.length > 4) assert.notInclude(problem, spelling.slice(0, 7))
        }
      }),
      options
    )
  })
})
