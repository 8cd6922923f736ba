import { assert, describe, it } from "@effect/vitest"
import { operations } from "effect-agentcore-identity/DataPlane"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"

const { decode, encode } = operations.getResourceOauth2Token.response

const optional = (value: string) => FastCheck.option(FastCheck.constant(value), { nil: undefined })

const wire = FastCheck.record({
  accessToken: optional("token"),
  authorizationUrl: optional("https://identity.example.com/authorize?request_uri=urn%3Asession"),
  sessionUri: optional("urn:session"),
  sessionStatus: FastCheck.option(
    FastCheck.oneof(FastCheck.constantFrom("IN_PROGRESS", "FAILED"), FastCheck.string()),
    {
      nil: undefined
    }
  )
})

describe("the response of GetResourceOauth2Token", () => {
  it("has one of four tags for every combination of members", () => {
    FastCheck.assert(FastCheck.property(wire, (response) => {
      const read = Option.getOrThrow(decode(response))
      const expected = response.accessToken !== undefined
        ? "Issued"
        : response.sessionStatus === "FAILED"
        ? "Failed"
        : response.authorizationUrl !== undefined
        ? "ConsentRequired"
        : "InProgress"
      assert.strictEqual(read._tag, expected)
    }))
  })

  it("is the same after a round trip", () => {
    FastCheck.assert(FastCheck.property(wire, (response) => {
      const read = Option.getOrThrow(decode(response))
      const again = Option.getOrThrow(decode(JSON.parse(JSON.stringify(encode(read)))))
      assert.deepStrictEqual(again, read)
    }))
  })

  it("takes the session from the URL when the member is missing, and is invalid without either", () => {
    const [withSession, without] = [
      decode({ authorizationUrl: "https://identity.example.com/authorize?request_uri=urn%3Asession" }),
      decode({ authorizationUrl: "https://identity.example.com/authorize" })
    ]
    const response = Option.getOrThrow(withSession)
    assert(response._tag === "ConsentRequired")
    assert.strictEqual(Redacted.value(response.sessionUri), "urn:session")
    assert.isTrue(Option.isNone(without))
  })

  it("is invalid for other values", () => {
    for (const output of [undefined, null, "text", 1, { accessToken: 1 }, { accessToken: { nested: true } }]) {
      assert.isTrue(Option.isNone(decode(output)))
    }
  })

  it("is invalid when the token, the URL or the session is empty", () => {
    const complete = {
      accessToken: "token",
      authorizationUrl: "https://identity.example.com/authorize?request_uri=urn%3Asession",
      sessionUri: "urn:session",
      sessionStatus: "IN_PROGRESS"
    }
    for (const property of ["accessToken", "authorizationUrl", "sessionUri"]) {
      for (const others of [{}, complete, { sessionStatus: "FAILED" }]) {
        assert.isTrue(Option.isNone(decode({ ...others, [property]: "" })), property)
      }
    }
    assert.isTrue(Option.isNone(decode({ authorizationUrl: "https://identity.example.com/authorize?request_uri=" })))
  })
})
