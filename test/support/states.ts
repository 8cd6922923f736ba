/** The states of sessions, for tests whose browser returns without the redirect of AgentCore. */
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"

const states = new Map<string, string>()

/** Records the states of a data plane. */
export const layer = DataPlane.decorate((_, call, request) =>
  Effect.tap(call, (response) =>
    Effect.sync(() => {
      if (
        hasProperty(request, "customState") && Redacted.isRedacted(request.customState)
        && hasProperty(response, "sessionUri") && Redacted.isRedacted(response.sessionUri)
      ) states.set(String(Redacted.value(response.sessionUri)), String(Redacted.value(request.customState)))
    }))
)

/** The parameters of the return URL of a session, with its state if one was sent. */
export const returnParameters = (sessionUri: string): string => {
  const state = states.get(sessionUri)
  return `session_id=${encodeURIComponent(sessionUri)}${state === undefined ? "" : `&state=${state}`}`
}
