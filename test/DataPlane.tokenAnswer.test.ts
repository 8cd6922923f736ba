import { assert, describe, it } from "@effect/vitest"
import { operations } from "effect-agentcore-identity/DataPlane"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"

const { decode, encode } = operations.getResourceOauth2Token.response

const member = (value: string) => FastCheck.option(FastCheck.constant(value), { nil: undefined })

const wire = FastCheck.record({
  accessToken: member("token"),
  authorizationUrl: member("https://identity.example.com/authorize?request_uri=urn%3Asession"),
  sessionUri: member("urn:session"),
  sessionStatus: FastCheck.option(
    FastCheck.oneof(FastCheck.constantFrom("IN_PROGRESS", "FAILED"), FastCheck.string()),
    {
      nil: undefined
    }
  )
})

describe("the answer to GetResourceOauth2Token", () => {
  it("is one of four for every combination of members: token, FAILED, URL, or in progress", () => {
    FastCheck.assert(FastCheck.property(wire, (answer) => {
      const read = Option.getOrThrow(decode(answer))
      const expected = answer.accessToken !== undefined
        ? "Issued"
        : answer.sessionStatus === "FAILED"
        ? "Failed"
        : answer.authorizationUrl !== undefined
        ? "ConsentRequired"
        : "InProgress"
      assert.strictEqual(read._tag, expected)
    }))
  })

  it("is the same after it went over the wire", () => {
    FastCheck.assert(FastCheck.property(wire, (answer) => {
      const read = Option.getOrThrow(decode(answer))
      const again = Option.getOrThrow(decode(JSON.parse(JSON.stringify(encode(read)))))
      assert.deepStrictEqual(again, read)
    }))
  })

  it("finds the session in the URL when the member is missing, and gives up without either", () => {
    const [withSession, without] = [
      decode({ authorizationUrl: "https://identity.example.com/authorize?request_uri=urn%3Asession" }),
      decode({ authorizationUrl: "https://identity.example.com/authorize" })
    ]
    const answer = Option.getOrThrow(withSession)
    assert(answer._tag === "ConsentRequired")
    assert.strictEqual(Redacted.value(answer.sessionUri), "urn:session")
    assert.isTrue(Option.isNone(without))
  })

  it("is none for a value that is not an answer", () => {
    for (const output of [undefined, null, "text", 1, { accessToken: 1 }, { accessToken: { nested: true } }]) {
      assert.isTrue(Option.isNone(decode(output)))
    }
  })

  it("is nothing when the token, the URL or the session is empty, whatever else there is", () => {
    const whole = {
      accessToken: "token",
      authorizationUrl: "https://identity.example.com/authorize?request_uri=urn%3Asession",
      sessionUri: "urn:session",
      sessionStatus: "IN_PROGRESS"
    }
    for (const member of ["accessToken", "authorizationUrl", "sessionUri"]) {
      for (const others of [{}, whole, { sessionStatus: "FAILED" }]) {
        assert.isTrue(Option.isNone(decode({ ...others, [member]: "" })), member)
      }
    }
    assert.isTrue(Option.isNone(decode({ authorizationUrl: "https://identity.example.com/authorize?request_uri=" })))
  })
})
