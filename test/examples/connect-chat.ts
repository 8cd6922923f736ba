import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { Calendar } from "./connect.ts"

// Any chat of the application.
export class Chat extends Context.Service<Chat, {
  readonly post: (userId: string, message: string) => Effect.Effect<void>
}>()("Chat") {}

// Any client of the calendar.
const firstEvent = (_token: Redacted.Redacted) => Effect.succeed("10:00 Dentist")

// The agent posts the link and waits until the user has connected the calendar, however long that takes.
export const remind = (userId: string) =>
  Effect.gen(function*() {
    const chat = yield* Chat
    const post = (message: string) => chat.post(userId, message)
    yield* AccessToken.get(Calendar, {
      consent: Connect.handler({
        user: { userId },
        show: (link) => post(`Connect your calendar, please: ${link}`),
        wait: "3 days"
      })
    }).pipe(
      Effect.flatMap(firstEvent),
      Effect.flatMap((event) => post(`Your day begins with ${event}`)),
      Effect.catchTag("AuthorizationTimedOut", () => post("No calendar, no reminders. Ask me again at any time."))
    )
  }).pipe(WorkloadAccessToken.provideCaller({ userId }))

// Around the program: one caller for each user.
export const callers = WorkloadAccessToken.layerCallers({ name: "my-agent" })
