import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Consent from "effect-agentcore-identity/Consent"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { fileURLToPath } from "node:url"
import { secret } from "../../support/utils.js"

// A program in plain JavaScript can pass anything.
const untyped = (value: unknown) => value as never

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", {
  provider: "google",
  flow: "USER_FEDERATION",
  scopes: ["calendar.readonly"]
}) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}
class Reports extends IamAccessToken.Tag<Reports>()("test/Reports", { audience: ["a", "b"], duration: "10 minutes" }) {}

/** The exception of a declaration, without the words in front of the exception's own. */
const rejection = (declare: () => unknown): ValidationException => {
  try {
    declare()
  } catch (error) {
    assert.instanceOf(error, ValidationException)
    return error
  }
  return assert.fail("it did not throw")
}

const fieldOf = ({ fieldList = [] }: ValidationException): string => {
  const [field, ...others] = fieldList
  assert.deepStrictEqual(others, [])
  return `${field?.name}: ${field?.message}`
}

describe("a declared credential", () => {
  it("carries its kind and its request", () => {
    assert.deepStrictEqual(
      [Calendar, Weather, Reports].map(({ key, kind, request }) => ({ key, kind, request })),
      [
        {
          key: "test/Calendar",
          kind: "AccessToken",
          request: { provider: "google", flow: "USER_FEDERATION", scopes: ["calendar.readonly"] }
        },
        { key: "test/Weather", kind: "ApiKey", request: { provider: "weather" } },
        { key: "test/Reports", kind: "IamAccessToken", request: { audience: ["a", "b"], duration: "10 minutes" } }
      ] as ReadonlyArray<object>
    )
  })

  it("is a value: the object of the declaration can change", () => {
    const request = { provider: "weather" }
    class Later extends ApiKey.Tag<Later>()("test/Later", request) {}
    request.provider = "another"
    assert.deepStrictEqual(Later.request, { provider: "weather" })
    assert.isTrue(Object.isFrozen(Later.request))
  })

  it.effect("is a tag: an effect, and a key of a context", () =>
    Effect.gen(function*() {
      assert.isTrue(Context.isKey(Calendar))
      const values = yield* Effect.all([Calendar, Weather, Reports]).pipe(
        Effect.provideService(Calendar, secret("token")),
        Effect.provideService(Weather, secret("key")),
        Effect.provideService(Reports, secret("jwt"))
      )
      assert.deepStrictEqual(values.map(Redacted.value), ["token", "key", "jwt"])
    }))

  it("is named in the message about a missing service", () => {
    // A program in plain JavaScript can forget to provide it.
    const message = String(Effect.runSync(Effect.flip(Effect.sandbox(untyped(Calendar)))))
    assert.include(message, "Service not found: test/Calendar")
  })
})

describe("an invalid declaration", () => {
  const calendar = (patch: object) =>
    rejection(() => AccessToken.Tag()("test/Wrong", untyped({ provider: "google", flow: "USER_FEDERATION", ...patch })))

  const cases: ReadonlyArray<readonly [patch: object, expected: string]> = [
    [{ provider: "a b" }, "provider: Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+"],
    [{ scope: ["a"] }, "scope: Member must have a known name; did you mean 'scopes'?"],
    [{ scopes: ["a", ""] }, "scopes.1: Member must have length greater than or equal to 1"],
    [{ returnUrl: "agent" }, "returnUrl: Member must satisfy regular expression pattern: \\w+:(\\/?\\/?)[^\\s]+"],
    [{ consent: Consent.console }, "consent: Member must not be declared: it belongs to a use of the credential"],
    [{ poll: () => Effect.never }, "poll: Member must not be declared: it belongs to a use of the credential"],
    [
      { forceAuthentication: true },
      "forceAuthentication: Member must not be declared: it belongs to a use of the credential"
    ],
    [{ customState: secret("s") }, "customState: Member must not be declared: it belongs to a use of the credential"],
    [
      { into: AccessToken.AccessToken },
      "into: Member must have a known name, one of [provider, flow, scopes, resources, audiences, returnUrl, customParameters]"
    ]
  ]

  it.each(cases)("%o: %s", (patch, expected) => {
    const error = calendar(patch)
    assert.strictEqual(fieldOf(error), expected)
    assert.strictEqual(error.operation, "GetResourceOauth2Token")
    assert.include(error.message, "The credential 'test/Wrong' is invalid: 1 validation error detected")
  })

  it("throws an error whose stack begins at the declaration", () => {
    const [, first = ""] = calendar({ provider: "" }).stack?.split("\n    at ") ?? []
    assert.include(first, fileURLToPath(import.meta.url))
  })

  it("is rejected when its name is missing, a key has scopes, or another declaration replaces its request", () => {
    const provider = "weather"
    const cases: ReadonlyArray<readonly [id: unknown, request: unknown, field: string]> = [
      ["", { provider }, "id: Member must have length greater than or equal to 1"],
      [{ provider }, undefined, "id: Member must be a string: the name of the declaration, but is an object"],
      ["test/Wrong", { provider, scopes: [] }, "scopes: Member must have a known name, one of [provider]"],
      ["test/Wrong", Weather, "request: Member must be an object, but is a function"]
    ]
    for (const [id, request, field] of cases) {
      assert.strictEqual(fieldOf(rejection(() => ApiKey.Tag()(untyped(id), untyped(request)))), field)
    }
  })

  const reports = (request: object) => fieldOf(rejection(() => IamAccessToken.Tag()("test/Wrong", untyped(request))))

  it("is rejected when an AWS-signed JWT exceeds the limits of STS, with our property names", () => {
    const short = "Member must have length greater than or equal to 1"
    const time = "duration: Member must be 1 to 60 minutes, in whole seconds"
    const cases: ReadonlyArray<readonly [request: object, field: string]> = [
      [{ audience: "" }, `audience.0: ${short}`],
      [{ audience: [] }, `audience: ${short}`],
      [{ audience: ["a", ""] }, `audience.1: ${short}`],
      [{ audience: Array(11).fill("a") }, "audience: Member must have length less than or equal to 10"],
      [{ audience: "a", duration: "59 seconds" }, time],
      [{ audience: "a", duration: "61 minutes" }, time],
      [{ audience: "a", duration: "60500 millis" }, time],
      [{ audience: "a", tags: { team: 1 } }, "tags.team: Member must be a string, but is a number"]
    ]
    for (const [request, field] of cases) assert.strictEqual(reports(request), field)
  })
})
