/** A `TestUser` who decides one consent, in a new browser. */
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

interface ConsentOptions {
  readonly authorizationUrl: Redacted.Redacted
  readonly userName: string
  readonly decision: "allow" | "deny"
}

export const consent = (
  { authorizationUrl, decision, userName }: ConsentOptions
): Effect.Effect<TestUser.Page, TestUser.TestUserError> =>
  Effect.flatMap(
    TestUser.make(userName),
    (user) => decision === "allow" ? user.approves(authorizationUrl) : user.denies(authorizationUrl)
  )
