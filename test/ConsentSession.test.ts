import { assert, describe, it } from "@effect/vitest"
import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { inspect } from "node:util"
import * as Recorder from "./support/recorder.js"
import { same, secret } from "./support/utils.js"

const sentinel = "Zq7!canary-Kp3"

const session = new ConsentSession.ConsentSession({
  provider: `provider-${sentinel}`,
  flow: "USER_FEDERATION",
  scopes: [`scope-${sentinel}`],
  resources: [`resource-${sentinel}`],
  audiences: [`audience-${sentinel}`],
  returnUrl: `https://app.example.com/${sentinel}`,
  customState: secret(`state-${sentinel}`),
  customParameters: { [`key-${sentinel}`]: `value-${sentinel}` },
  sessionUri: secret(`urn:ietf:params:oauth:request_uri:${sentinel}`),
  authorizationUrl: secret(`https://identity.example.com/${sentinel}`),
  expiresAt: DateTime.makeUnsafe(1_700_000_000_000)
})

const encode = Schema.encodeSync(ConsentSession.ConsentSession)
const decode = Schema.decodeUnknownResult(ConsentSession.ConsentSession)

const saved = encode(session)
const json = JSON.stringify(saved)

type SchemaError = Error & { readonly cause: SchemaIssue.Issue }

/** The ways in which an error is printed, and its whole issue. */
const facesOf = (error: SchemaError): ReadonlyArray<string> => [
  ...Recorder.faces(error),
  inspect(error, { depth: 20, showHidden: true, customInspect: false }),
  JSON.stringify(error.cause),
  SchemaIssue.makeFormatterDefault()(error.cause),
  JSON.stringify(SchemaIssue.makeFormatterStandardSchemaV1()(error.cause))
]

const thrownBy = (make: () => unknown): SchemaError => {
  try {
    make()
  } catch (error) {
    if (error instanceof Error && SchemaIssue.isIssue(error.cause)) return Object.assign(error, { cause: error.cause })
  }
  return assert.fail("no schema error")
}

/** The path of a property, as a message has it. */
const at = (name: string): string => `at ["${name}"]`

const messageOf = <A>(decoded: Result.Result<A, Schema.SchemaError>): string => {
  if (Result.isSuccess(decoded)) return assert.fail("decoded")
  Recorder.assertSecretFree(facesOf(Object.assign(decoded.failure, { cause: decoded.failure.issue })), [sentinel])
  return decoded.failure.message
}

// Each value is wrong for all properties but a few.
const damages: ReadonlyArray<unknown> = [
  null,
  1,
  true,
  `text-${sentinel}`,
  [`item-${sentinel}`],
  [[sentinel]],
  { [sentinel]: sentinel },
  { key: { [sentinel]: 1 } },
  { key: 1, [sentinel]: 2 },
  secret(sentinel)
]

describe("a saved session", () => {
  it.effect("is unchanged after a round trip, also as JSON", () =>
    Effect.gen(function*() {
      same(yield* Schema.decodeEffect(ConsentSession.ConsentSession)(saved), session)
      const json = yield* Schema.encodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(session)
      const again = yield* Schema.decodeEffect(Schema.fromJsonString(ConsentSession.ConsentSession))(json)
      assert.instanceOf(again, ConsentSession.ConsentSession)
      same(again, session)
    }))

  it("names a wrong or missing property, and quotes no value", () => {
    for (const name of Object.keys(saved)) {
      const { [name as keyof typeof saved]: _, ...others } = saved
      const results = [others, ...damages.map((damage) => ({ ...saved, [name]: damage }))].map((value) => decode(value))
      const failures = results.filter(Result.isFailure)
      assert.isAbove(failures.length, 5, name)
      for (const failure of failures) assert.include(messageOf(failure), at(name))
    }
  })

  it("names all wrong properties when the caller requests all errors", () => {
    const message = messageOf(decode({ ...saved, provider: 1, sessionUri: [sentinel], unknown: sentinel }, {
      errors: "all",
      onExcessProperty: "error"
    }))
    for (const name of ["provider", "sessionUri", "unknown"]) assert.include(message, at(name))
  })

  it("quotes no value when it is not a session", () => {
    for (const damage of damages) assert.isString(messageOf(decode(damage)))
    assert.strictEqual(messageOf(decode(json)), "Expected object")
    for (const wrong of [saved, json, { ...saved, sessionUri: 1 }]) {
      assert.isString(messageOf(Schema.decodeUnknownResult(Schema.toType(ConsentSession.ConsentSession))(wrong)))
    }
  })

  it("quotes nothing of invalid or truncated JSON", () => {
    const load = Schema.decodeUnknownResult(Schema.fromJsonString(ConsentSession.ConsentSession))
    for (let length = 0; length < json.length; length++) {
      assert.strictEqual(messageOf(load(json.slice(0, length))), "Expected a valid JSON string")
    }
    for (const damage of [`${json}${sentinel}`, sentinel, `{${sentinel}}`]) {
      assert.strictEqual(messageOf(load(damage)), "Expected a valid JSON string")
    }
    for (const damage of [{ sentinel }, undefined]) assert.strictEqual(messageOf(load(damage)), "Expected string")
    assert.include(messageOf(load(JSON.stringify({ ...saved, scopes: sentinel }))), at("scopes"))
  })

  it("quotes no value in a schema of the application", () => {
    const Stored = Schema.Struct({ user: Schema.String, session: ConsentSession.ConsentSession })
    const decoded = Schema.decodeUnknownResult(Stored)({ user: "alice", session: { ...saved, flow: sentinel } })
    assert.include(messageOf(decoded), `at ["session"]["flow"]`)
  })

  it("names a wrong property of its constructor, and quotes no value", () => {
    for (const name of ["customState", "sessionUri", "authorizationUrl", "provider", "expiresAt"]) {
      for (const wrong of damages) {
        if (name === "provider" && typeof wrong === "string") continue
        const make = () => new ConsentSession.ConsentSession({ ...session, [name]: wrong } as never)
        if (Redacted.isRedacted(wrong) && name !== "provider" && name !== "expiresAt") {
          assert.doesNotThrow(make)
          continue
        }
        const error = thrownBy(make)
        Recorder.assertSecretFree(facesOf(error), [sentinel])
        assert.include(SchemaIssue.makeFormatterDefault()(error.cause), at(name))
      }
    }
    Recorder.assertSecretFree(facesOf(thrownBy(() => new ConsentSession.ConsentSession(json as never))), [sentinel])
  })

  it("still has a JSON schema", () => {
    const { definitions } = Schema.toJsonSchemaDocument(ConsentSession.ConsentSession)
    assert.property(definitions, "effect-agentcore-identity/ConsentSessionEncoded")
  })
})
