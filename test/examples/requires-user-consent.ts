import * as AccessToken from "effect-agentcore-identity/AccessToken"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["calendar:read"],
  returnUrl: "https://agent.example.com/consent"
}) {}

// A function that cannot wait stores the session here. The store must be as safe as one for credentials.
export class Store extends Context.Service<Store, {
  readonly put: (key: string, value: string) => Effect.Effect<void>
  readonly get: (key: string) => Effect.Effect<string>
}>()("Store") {}

const Saved = Schema.fromJsonString(ConsentSession)

// First invocation: there is no handler, so the flow fails with `RequiresUserConsent`, which carries the session.
export const begin = AccessToken.get(Calendar).pipe(
  Effect.map((token) => ({ done: true as const, token })),
  Effect.catchTag("RequiresUserConsent", ({ authorizationUrl, session }) =>
    Effect.gen(function*() {
      const store = yield* Store
      yield* store.put("alice", yield* Schema.encodeEffect(Saved)(session))
      return { done: false as const, showToUser: Redacted.value(authorizationUrl) }
    }))
)

// Later, perhaps in another process: asks once, and fails with the same error if the user has not consented yet.
export const resume = Effect.gen(function*() {
  const store = yield* Store
  const identity = yield* Identity.Identity
  const session = yield* Schema.decodeEffect(Saved)(yield* store.get("alice"))
  return yield* identity.resumeAccessToken(session)
})

// The same with a wait, for a program that has shown the link itself: until the user has decided, or the link expires.
export const waitFor = (session: ConsentSession) =>
  Identity.Identity.use((identity) => identity.resumeAccessToken(session, { consent: () => Effect.void }))
