import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Consent from "effect-agentcore-identity/Consent"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

// Polls often at first, then less often. The last poll is the first one after five minutes.
const schedule = Schedule.min([Schedule.exponential("1 second", 1.5), Schedule.spaced("15 seconds")]).pipe(
  Schedule.upTo({ duration: "5 minutes" })
)

export const program = AccessToken.AccessToken.pipe(
  AccessToken.withAccessToken({
    provider: "calendar",
    flow: "USER_FEDERATION",
    consent: Consent.console,
    poll: schedule
  }),
  Effect.catchTag("AuthorizationTimedOut", () => Effect.fail("The user is away" as const)),
  Effect.catchTag("AuthorizationFailed", () => Effect.fail("The user said no" as const))
)
