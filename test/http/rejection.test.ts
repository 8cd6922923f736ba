import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import * as FastCheck from "fast-check"
import * as Rejection from "../../src/http/internal/rejection.js"

const parsed = (header: string) =>
  Rejection.parseChallenges(header).map(({ parameters, scheme }) => [scheme, Object.fromEntries(parameters)])

const rejection = (status: number, authenticate?: string) =>
  Rejection.rejectionOf({
    status,
    headers: Headers.fromInput(authenticate === undefined ? {} : { "WWW-Authenticate": authenticate })
  })

describe("parseChallenges", () => {
  const cases: ReadonlyArray<readonly [header: string, challenges: unknown]> = [
    ["", []],
    ["Bearer", [["bearer", {}]]],
    ["Negotiate, Bearer", [["negotiate", {}], ["bearer", {}]]],
    ["Basic realm=\"a, b=c \\\"d\\\"\"", [["basic", { realm: "a, b=c \"d\"" }]]],
    ["Bearer error=invalid_token,scope=\"a b\"", [["bearer", { error: "invalid_token", scope: "a b" }]]],
    ["BEARER Error = \"invalid_token\" ,\tscope=\"\"", [["bearer", { error: "invalid_token", scope: "" }]]],
    [
      // RFC 9110, section 11.6.1.
      "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
      [["basic", { realm: "simple" }], ["newauth", { realm: "apps", type: "1", title: "Login to \"apps\"" }]]
    ],
    ["Negotiate YIIa+/b==, Bearer error=\"invalid_token\"", [["negotiate", {}], ["bearer", {
      error: "invalid_token"
    }]]],
    [",, Bearer ,, realm=\"a\" ,", [["bearer", { realm: "a" }]]],
    ["Bearer scope=\"a\", scope=\"b\"", [["bearer", { scope: "a" }]]],
    ["Bearer error=\"invalid_token", [["bearer", {}]]],
    ["Bearer scope=a, error=, realm=b", [["bearer", { scope: "a" }]]],
    ["=a", []]
  ]
  for (const [header, challenges] of cases) {
    it(JSON.stringify(header), () => assert.deepStrictEqual(parsed(header), challenges))
  }

  const token = FastCheck.stringMatching(/^[!#$%&'*+\-.^_`|~\w]{1,12}$/)
  const challenge = FastCheck.record({
    scheme: token,
    parameters: FastCheck.uniqueArray(FastCheck.tuple(token, FastCheck.string(), FastCheck.boolean()), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4
    })
  })

  it("parses any values that were written", () =>
    FastCheck.assert(FastCheck.property(FastCheck.array(challenge, { maxLength: 4 }), (challenges) => {
      const isToken = /^[!#$%&'*+\-.^_`|~\w]+$/
      const header = challenges.map(({ parameters, scheme }) =>
        `${scheme} ${
          parameters.map(([name, value, bare]) =>
            `${name}=${bare && isToken.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`
          ).join(", ")
        }`
      ).join(", ")
      assert.deepStrictEqual(
        Rejection.parseChallenges(header).map(({ parameters, scheme }) => ({ scheme, parameters: [...parameters] })),
        challenges.map(({ parameters, scheme }) => ({
          scheme: scheme.toLowerCase(),
          parameters: parameters.map(([name, value]) => [name.toLowerCase(), value])
        }))
      )
    })))

  it("accepts any string, in linear time", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ maxLength: 200, unit: "grapheme" }), (header) => {
      Rejection.parseChallenges(header)
      Rejection.parseChallenges(`Bearer ${header}`)
    }))
    const long = 16_384
    for (const piece of ["a", "a ", "a=", "a=\"", "\\\"", ", ", "=", "Bearer a=\"\\", "a b=c, "]) {
      Rejection.parseChallenges(piece.repeat(long / piece.length))
      Rejection.parseChallenges(`Bearer x="${piece.repeat(long / piece.length)}`)
    }
  })
})

describe("rejectionOf", () => {
  it("returns Rejected for 401 with any challenge", () => {
    for (const authenticate of [undefined, "", "Basic realm=\"a\"", "Bearer", "Bearer error=\"invalid_request\""]) {
      assert.deepStrictEqual(rejection(401, authenticate), { _tag: "Rejected", status: 401 })
    }
  })

  it("returns Rejected for the code invalid_token with any status 4xx", () => {
    for (const status of [400, 401, 403, 404]) {
      assert.deepStrictEqual(rejection(status, "Bearer error=\"invalid_token\""), { _tag: "Rejected", status })
    }
    for (const status of [200, 302, 500]) {
      assert.isUndefined(rejection(status, "Bearer error=\"invalid_token\""))
    }
  })

  it("returns the missing scopes", () => {
    const required = (authenticate: string, status = 403) => {
      const rejected = rejection(status, authenticate)
      return rejected?._tag === "InsufficientScope" ? rejected.required : rejected
    }
    assert.deepStrictEqual(required("Bearer error=\"insufficient_scope\", scope=\"read  write\""), ["read", "write"])
    assert.deepStrictEqual(required("Bearer error=\"insufficient_scope\""), [])
    assert.deepStrictEqual(required("DPoP error=\"insufficient_scope\", scope=\"a\", algs=\"ES256\""), ["a"])
    assert.deepStrictEqual(required("Basic realm=\"a\", Bearer error=\"insufficient_scope\", scope=\"a\""), ["a"])
    assert.deepStrictEqual(required("Bearer error=\"insufficient_scope\", scope=\"a\"", 401), ["a"])
  })

  it("returns nothing for all other responses", () => {
    for (const authenticate of [undefined, "Bearer", "Bearer scope=\"a\"", "Basic error=\"insufficient_scope\""]) {
      assert.isUndefined(rejection(403, authenticate))
    }
    assert.isUndefined(rejection(403, "Custom error=\"invalid_token\""))
    assert.isUndefined(rejection(404))
  })
})
