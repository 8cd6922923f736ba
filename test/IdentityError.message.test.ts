import { assert, describe, it } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as Recorder from "./support/recorder.js"

const link = "https://identity.example.com/authorize?request_uri=link-4c81ffa0d2&nonce=nonce-b1772e96a5"
const secrets = ["link-4c81ffa0d2", "nonce-b1772e96a5", "session-e85fb1970c", "state-84e5b3917a"]

const session = new ConsentSession({
  provider: "github",
  flow: "USER_FEDERATION",
  scopes: ["repo"],
  customState: Redacted.make("state-84e5b3917a"),
  sessionUri: Redacted.make("urn:session-e85fb1970c"),
  authorizationUrl: Redacted.make(link),
  expiresAt: DateTime.makeUnsafe(0)
})

const error = new IdentityError.RequiresUserConsent({ session })

describe("RequiresUserConsent", () => {
  it.effect("is safe for a model in every form that a framework puts into a prompt", () =>
    Effect.gen(function*() {
      assert.strictEqual(error.message, "The user has to connect 'github' first.")
      assert.strictEqual(String(error), "RequiresUserConsent: The user has to connect 'github' first.")
      const recorder = yield* Recorder.make
      yield* Effect.logError("The tool failed", error).pipe(
        Effect.andThen(Effect.fail(error)),
        Effect.withSpan("tool"),
        Effect.sandbox,
        Effect.catch((cause) => Effect.logError(cause)),
        Effect.provide(recorder.layer)
      )
      const lines = yield* recorder.everything
      assert.isAbove(lines.length, 4)
      // `inspect` is for developers. The recorder uses it for the messages of the log.
      const forModels = [
        String(error),
        error.message,
        String(error.stack),
        JSON.stringify(error),
        ...Recorder.faces(error)
      ]
        .filter((text) => !text.includes("nextStep"))
      for (const text of forModels) assert.notMatch(text, /https?:|consent handler|resume/)
      Recorder.assertSecretFree([...lines, ...Recorder.faces(error)], secrets)
    }))

  it("shows developers the next step in the form of Node, also inside of other values", () => {
    const printed = inspect(error)
    assert.match(printed, /^RequiresUserConsent: The user has to connect 'github' first\.\n +at /)
    assert.include(
      printed,
      "nextStep: 'give the request a consent handler, or show the user the link and resume the session'"
    )
    assert.include(printed, "provider: 'github'")
    assert.include(printed, "_tag: 'RequiresUserConsent'")
    assert.include(inspect({ cause: { error } }, { depth: 3 }), "nextStep")
    assert.notProperty({ ...error }, "nextStep")
  })
})

describe("every error of IdentityError", () => {
  it("that has a session has its link only in a Redacted", () => {
    const errors = [error, new IdentityError.AuthorizationTimedOut({ session })]
    Recorder.assertSecretFree(errors.flatMap(Recorder.faces), secrets)
  })
})
