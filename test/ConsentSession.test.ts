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
const text = JSON.stringify(saved)

/** The ways in which the error of a decoder is printed, and its whole issue. */
const facesOf = (error: Schema.SchemaError): ReadonlyArray<string> => [
  ...Recorder.faces(error),
  inspect(error, { depth: 20, showHidden: true, customInspect: false }),
  JSON.stringify(error.issue),
  SchemaIssue.makeFormatterDefault()(error.issue),
  JSON.stringify(SchemaIssue.makeFormatterStandardSchemaV1()(error.issue))
]

const messageOf = <A>(decoded: Result.Result<A, Schema.SchemaError>): string => {
  if (Result.isSuccess(decoded)) return assert.fail("decoded")
  Recorder.assertSecretFree(facesOf(decoded.failure), [sentinel])
  return decoded.failure.message
}

// Each is wrong wherever it is, or in all members but a few.
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
  it.effect("is the same after it was saved, also as JSON", () =>
    Effect.gen(function*() {
      same(yield* Schema.decodeEffect(ConsentSession.ConsentSession)(saved), session)
      const json = yield* Schema.encodeEffect(ConsentSession.FromJson)(session)
      const again = yield* Schema.decodeEffect(ConsentSession.FromJson)(json)
      assert.instanceOf(again, ConsentSession.ConsentSession)
      same(again, session)
    }))

  it("quotes nothing when a member is wrong or missing, and names it", () => {
    for (const name of Object.keys(saved)) {
      const { [name as keyof typeof saved]: _, ...others } = saved
      const results = [others, ...damages.map((damage) => ({ ...saved, [name]: damage }))].map((value) => decode(value))
      const refused = results.filter(Result.isFailure)
      assert.isAbove(refused.length, 5, name)
      for (const result of refused) {
        assert.strictEqual(messageOf(result), `The consent session is damaged: ${name}`)
      }
    }
  })

  it("names all damaged members if it is asked to", () => {
    const error = decode({ ...saved, provider: 1, sessionUri: [sentinel], [sentinel]: sentinel }, {
      errors: "all",
      onExcessProperty: "error"
    })
    assert.strictEqual(
      messageOf(error),
      "The consent session is damaged: an unknown member, provider, sessionUri"
    )
  })

  it("quotes nothing when it is something else", () => {
    for (const damage of damages) assert.isString(messageOf(decode(damage)))
    assert.strictEqual(messageOf(decode(text)), "The consent session is damaged: the whole")
    for (const wrong of [saved, text, { ...saved, sessionUri: 1 }]) {
      const refused = Schema.decodeUnknownResult(Schema.toType(ConsentSession.ConsentSession))(wrong)
      if (Result.isSuccess(refused)) return assert.fail("valid")
      Recorder.assertSecretFree([...Recorder.faces(refused.failure), refused.failure.message], [sentinel])
    }
  })

  it("quotes nothing of a text that was cut off, or is otherwise no JSON", () => {
    const load = Schema.decodeUnknownResult(ConsentSession.FromJson)
    for (let length = 0; length < text.length; length++) {
      assert.strictEqual(messageOf(load(text.slice(0, length))), "The consent session is damaged: it is not JSON")
    }
    for (const damage of [`${text}${sentinel}`, sentinel, `{${sentinel}}`, { sentinel }, undefined]) {
      assert.strictEqual(messageOf(load(damage)), "The consent session is damaged: it is not JSON")
    }
    assert.strictEqual(
      messageOf(load(JSON.stringify({ ...saved, scopes: sentinel }))),
      "The consent session is damaged: scopes"
    )
  })

  it("quotes nothing in a schema of the application", () => {
    const Stored = Schema.Struct({ user: Schema.String, session: ConsentSession.ConsentSession })
    const refused = Schema.decodeUnknownResult(Stored)({ user: "alice", session: { ...saved, flow: sentinel } })
    if (Result.isSuccess(refused)) return assert.fail("decoded")
    Recorder.assertSecretFree([...Recorder.faces(refused.failure), refused.failure.message], [sentinel])
    assert.include(refused.failure.message, "The consent session is damaged: flow")
  })

  it("quotes nothing of a value that the constructor is given in the wrong form, and names the member", () => {
    for (const name of ["customState", "sessionUri", "authorizationUrl", "provider", "expiresAt"]) {
      for (const wrong of damages) {
        if (name === "provider" && typeof wrong === "string") continue
        const make = () => new ConsentSession.ConsentSession({ ...session, [name]: wrong } as never)
        if (Redacted.isRedacted(wrong) && name !== "provider" && name !== "expiresAt") {
          assert.doesNotThrow(make)
          continue
        }
        let error: unknown
        try {
          make()
        } catch (thrown) {
          error = thrown
        }
        assert(error instanceof Error)
        Recorder.assertSecretFree(Recorder.faces(error), [sentinel])
        assert.strictEqual(error.message, `Invalid ConsentSession: ${name}`)
      }
    }
    assert.throws(() => new ConsentSession.ConsentSession(text as never), /^Invalid ConsentSession: the whole$/)
  })

  it("still has a JSON schema", () => {
    const { definitions } = Schema.toJsonSchemaDocument(ConsentSession.ConsentSession)
    assert.property(definitions, "effect-agentcore-identity/ConsentSessionEncoded")
  })
})
