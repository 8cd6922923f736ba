import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { scripted } from "../support/utils.js"

// A program in plain JavaScript can pass anything.
const untyped = (value: unknown) => value as never

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "M2M" }) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}
class Reports extends IamAccessToken.Tag<Reports>()("test/Reports", { audience: "api" }) {}

const origins = ["https://api.example.com"]

/** Returns the field that each request of a client reports. Neither the request nor a call of a plane is sent. */
const reportedField = <E, R>(wrap: (self: HttpClient.HttpClient) => HttpClient.HttpClient.With<E, R>) =>
  Effect.gen(function*() {
    let sent = 0
    const api = wrap(HttpClient.make((request) =>
      Effect.sync(() => {
        sent++
        return HttpClientResponse.fromWeb(request, new Response())
      })
    ))
    const fields = yield* Effect.forEach(
      ["https://api.example.com", "https://other.example.com"],
      (url) =>
        Effect.gen(function*() {
          // The requirements are not used: no call of a plane is sent.
          const error: unknown = yield* Effect.flip(api.get(url) as Effect.Effect<unknown, unknown>)
          const { _tag, fieldList = [] } = error as ValidationException
          assert.strictEqual(_tag, "ValidationException")
          const [field, ...others] = fieldList
          assert.deepStrictEqual(others, [])
          return `${field?.name}: ${field?.message}`
        })
    )
    assert.strictEqual(fields[0], fields[1])
    assert.strictEqual(sent, 0)
    assert.deepStrictEqual(
      yield* Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ calls }) => calls),
      []
    )
    return fields[0]
  }).pipe(Effect.provide(scripted({})))

const { withAccessToken, withApiKey, withIamAccessToken } = HttpClientCredentials

describe("invalid options", () => {
  it.effect("withAccessToken: every request fails with a ValidationException that names the option", () =>
    Effect.gen(function*() {
      const wrong = (patch: object) => {
        const options = untyped({ provider: "calendar", flow: "M2M", origins, ...patch })
        return reportedField((self) => withAccessToken(self, options))
      }
      assert.strictEqual(
        yield* wrong({ allowInsecureOrigin: true }),
        "allowInsecureOrigin: Member must have a known name; did you mean 'allowInsecureOrigins'?"
      )
      assert.strictEqual(
        yield* wrong({ stepup: true }),
        "stepup: Member must have a known name; did you mean 'stepUp'?"
      )
      assert.strictEqual(
        yield* wrong({ maxScopes: "read" }),
        "maxScopes: Member must be a list of strings, but is a string"
      )
      assert.strictEqual(
        yield* wrong({ reauthenticate: "yes" }),
        "reauthenticate: Member must be true or false, but is a string"
      )
      assert.strictEqual(
        yield* wrong({ forceAuthentication: true }),
        "forceAuthentication: Member must have a known name, one of [provider, flow, scopes, resources, audiences, "
          + "returnUrl, customParameters, customState, origins, allowInsecureOrigins, consent, poll, reauthenticate, "
          + "stepUp, maxScopes]"
      )
      assert.strictEqual(yield* wrong({ flow: "m2m" }), `flow: ${enumeration}; did you mean 'M2M'?`)
      assert.strictEqual(
        yield* wrong({ origins: "https://api.example.com" }),
        "origins: Member must be a list of strings, but is a string"
      )
      assert.strictEqual(
        yield* reportedField((self) =>
          self.pipe(withAccessToken(untyped({ provider: "calendar", flow: "M2M", origin: [] })))
        ),
        "origin: Member must have a known name; did you mean 'origins'?"
      )
    }))

  it.effect("withAccessToken of a declared credential: the same", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* reportedField((self) => withAccessToken(self, Calendar, untyped({ origins, scope: ["read"] }))),
        "scope: Member must have a known name; did you mean 'maxScopes'?"
      )
      assert.strictEqual(
        yield* reportedField((self) => self.pipe(withAccessToken(Calendar, untyped({ origins, consent: true })))),
        "consent: Member must be a consent handler: a function from a session to an Effect, but is a boolean"
      )
      assert.strictEqual(
        yield* reportedField((self) => self.pipe(withAccessToken(untyped(Weather), untyped({ origins })))),
        "request: Member must be a request or a credential of AccessToken.Tag, but is a credential of ApiKey.Tag"
      )
      assert.strictEqual(
        yield* reportedField((self) => withAccessToken(self, untyped(Calendar))),
        "request: Member must be an object, but is undefined"
      )
    }))

  it.effect("withApiKey: the same", () =>
    Effect.gen(function*() {
      const wrong = (patch: object) => {
        const options = untyped({ provider: "weather", header: "x-api-key", origins, ...patch })
        return reportedField(withApiKey(options))
      }
      assert.strictEqual(
        yield* wrong({ prefx: "Token " }),
        "prefx: Member must have a known name; did you mean 'prefix'?"
      )
      assert.strictEqual(yield* wrong({ header: 5 }), "header: Member must be a string, but is a number")
      assert.strictEqual(
        yield* wrong({ scopes: [] }),
        "scopes: Member must have a known name, one of [provider, origins, allowInsecureOrigins, header, prefix]"
      )
      assert.strictEqual(
        yield* reportedField((self) => withApiKey(self, Weather, untyped({ origins, heder: "x-api-key" }))),
        "heder: Member must have a known name; did you mean 'header'?"
      )
      assert.strictEqual(
        yield* reportedField((self) => withApiKey(self, untyped(Reports), untyped({ origins, header: "x-api-key" }))),
        "request: Member must be a request or a credential of ApiKey.Tag, but is a credential of IamAccessToken.Tag"
      )
    }))

  it.effect("withIamAccessToken: the same", () =>
    Effect.gen(function*() {
      const wrong = (patch: object) =>
        reportedField(withIamAccessToken(untyped({ audience: "api", origins, ...patch })))
      assert.strictEqual(
        yield* wrong({ signingAlgoritm: "ES384" }),
        "signingAlgoritm: Member must have a known name; did you mean 'signingAlgorithm'?"
      )
      assert.strictEqual(yield* wrong({ duration: "61 minutes" }), "duration: Member must be 1 to 60 minutes")
      assert.strictEqual(
        yield* wrong({ audience: ["api", 5] }),
        "audience.1: Member must be a string, but is a number"
      )
      assert.strictEqual(
        yield* reportedField((self) => withIamAccessToken(self, Reports, untyped({ origins, header: "x-token" }))),
        "header: Member must have a known name, one of [origins, allowInsecureOrigins]"
      )
    }))
})

const enumeration = "Member must satisfy enum value set: [USER_FEDERATION, M2M, ON_BEHALF_OF_TOKEN_EXCHANGE]"
