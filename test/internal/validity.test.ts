import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
import { validity } from "../../src/internal/validity.js"
import { clear } from "../utils.js"
import { requests, valid } from "./requests.js"

const validate = (schema: Schema.Schema<unknown, unknown>) =>
  ParseResult.validateEither(schema, { errors: "all", onExcessProperty: "ignore" })

const other: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.constantFrom<Array<unknown>>(
    undefined,
    null,
    "",
    0,
    true,
    {},
    [],
    ["", undefined],
    Array.from({ length: 1 })
  ),
  FastCheck.constantFrom("x".repeat(200_000), "EXTERNAL", "MANAGED", "a b"),
  FastCheck.string().map(Redacted.make),
  FastCheck.integer().map(Redacted.make)
)

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Redacted.isRedacted(value)

/** The value with something else in one place: a member replaced, left out or added, or all of it. */
const damaged = (value: unknown): FastCheck.Arbitrary<unknown> =>
  !isObject(value) ? other : FastCheck.oneof(
    { arbitrary: other, weight: 1 },
    {
      arbitrary: FastCheck.tuple(FastCheck.constantFrom(...Object.keys(value), "added", "clientSecret"), other)
        .map(([name, member]) =>
          Array.isArray(value)
            ? [...value, member]
            : { ...value, [name]: member }
        ),
      weight: 2
    },
    {
      arbitrary: FastCheck.constantFrom(...Object.keys(value), "none").map((name) =>
        Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
      ),
      weight: 1
    },
    {
      arbitrary: FastCheck.constantFrom(...Object.entries(value), ["none", undefined] as const).chain((
        [name, member]
      ) =>
        damaged(member).map((inner) =>
          Array.isArray(value)
            ? value.map((item: unknown, at) => String(at) === name ? inner : item)
            : { ...value, [name]: inner }
        )
      ),
      weight: 4
    }
  )

describe("a value that fits", () => {
  it.each(requests)("%s: every valid request", (_, schema) => {
    const fit = validity(schema)
    FastCheck.assert(FastCheck.property(valid(schema), (request) => fit(request)), { numRuns: 20 })
  })

  it.each(requests)("%s: that is what the schema gives back as it is", (_, schema) => {
    const fit = validity(schema)
    const check = validate(schema)
    FastCheck.assert(
      FastCheck.property(valid(schema).chain(damaged), (request) => {
        // What does not fit is refused, or changed.
        const checked = check(request)
        const isSame = Either.isRight(checked) && isDeepStrictEqual(clear(checked.right), clear(request))
        assert.strictEqual(fit(request), isSame)
      }),
      { numRuns: 100 }
    )
  })

  it("is never said of types that no request has: there the schema decides", () => {
    assert.isFalse(validity(Schema.DateFromSelf)(new Date(0)))
    assert.isFalse(validity(Schema.Tuple(Schema.String))(["text"]))
    assert.isFalse(validity(Schema.TemplateLiteral("a", Schema.String))("abc"))
  })
})
