import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as Connect from "effect-agentcore-identity/http/Connect"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Calendar, currentUser, pages } from "./connect.ts"

// An endpoint that cannot wait responds with the agenda, or with the link that the user has to open first.
export const AgendaResponse = Schema.Union([
  Schema.TaggedStruct("Agenda", { events: Schema.Array(Schema.String) }),
  Schema.TaggedStruct("ConnectFirst", { link: Schema.String })
])

// Any client of the calendar.
const readEvents = (_token: Redacted.Redacted) => Effect.succeed(["10:00 Dentist"])

const response = AccessToken.get(Calendar).pipe(
  Effect.flatMap(readEvents),
  Effect.map((events): typeof AgendaResponse.Type => ({ _tag: "Agenda", events })),
  // Nothing is stored, and nothing waits. After consent the browser opens /agenda, and this time the token exists.
  Effect.catchTag("RequiresUserConsent", () =>
    Effect.map(
      Connect.link(Calendar, { continue: "/agenda" }),
      (link): typeof AgendaResponse.Type => ({ _tag: "ConnectFirst", link })
    ))
)

const agenda = Effect.gen(function*() {
  // The user of the agent is the user of the pages.
  const user = yield* currentUser
  const agendaOrLink = yield* WorkloadAccessToken.provideCaller(response, user)
  return yield* HttpServerResponse.schemaJson(AgendaResponse)(agendaOrLink)
})

const route = HttpRouter.add("GET", "/agenda", agenda)

// The pages provide `Connect` to the route. The requests of a user share a caller, and so its workload access token.
// Each requests the access token.
export const server = HttpRouter.serve(Layer.provideMerge(route, pages)).pipe(
  Layer.provide(WorkloadAccessToken.layerCallers({ name: "my-agent" })),
  Layer.provide(Connect.layerRedaction("/connect"))
)

// With a cache, only the first one does. It is under the whole server, because `Connect` has an `Identity` of its own.
export const cachedServer = server.pipe(Layer.provide(CredentialCache.layer({ opaqueTimeToLive: "10 minutes" })))
