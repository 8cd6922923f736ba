// An agent as a Lambda function behind an HTTP API of API Gateway, with a JWT authorizer. It does not need the AWS SDK.
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto"

const { CONSENT_KEY: key } = process.env
if (key === undefined) throw new Error("Set CONSENT_KEY, which signs the tickets of consents")

class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "USER_FEDERATION",
  scopes: ["reports:read", "offline_access"],
  returnUrl: process.env["RETURN_URL"] ?? "http://127.0.0.1:8765/consent"
}) {}

class ApiError extends Data.TaggedError("ApiError")<{ readonly status: number }> {}

const readReport = (topic: string) =>
  AccessToken.use(
    // A state of this session: AgentCore returns it only to the browser that consented.
    { ...Reports.request, customState: Redacted.make(randomUUID()) },
    (token) =>
      Effect.tryPromise({
        try: async (signal) => {
          const response = await fetch(`${process.env["REPORTS_API"]}/reports/${topic}`, {
            headers: { authorization: `Bearer ${Redacted.value(token)}` },
            signal
          })
          if (!response.ok) throw new ApiError({ status: response.status })
          return response.json() as Promise<unknown>
        },
        catch: (error) => error instanceof ApiError ? error : new ApiError({ status: 502 })
      }),
    { rejected: ({ status }) => status === 401 }
  )

/** An event of API Gateway, payload format 2.0. */
export interface Event {
  readonly routeKey: string
  readonly pathParameters?: Readonly<Record<string, string>>
  readonly body?: string
  readonly requestContext: { readonly authorizer?: { readonly jwt?: { readonly claims: { readonly sub?: string } } } }
}

const respond = (statusCode: number, body?: unknown) => ({
  statusCode,
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify(body ?? {})
})

// One runtime for all invocations of this process. It keeps a caller for each user.
const runtime = ManagedRuntime.make(
  Layer.merge(Identity.layer, WorkloadAccessToken.layerCallers({ name: "my-agent" })).pipe(
    Layer.provideMerge(AwsDataPlane.layerHttpNode())
  )
)

/** Names the user and the state of a session, and reveals neither. */
const ticketOf = (userId: string, sessionUri: string, state: string) =>
  createHmac("sha256", key).update(JSON.stringify([userId, sessionUri, state])).digest()

/** Completes the session for the user who started it, in the browser that consented. */
const complete = (form: URLSearchParams, user: { readonly userId: string }) => {
  const sessionUri = form.get("session_id") ?? ""
  const ticket = Buffer.from(form.get("ticket") ?? "", "base64url")
  // AWS does not document the name of the parameter with the state.
  const isOwn = [...form.values()].some((state) => {
    const expected = ticketOf(user.userId, sessionUri, state)
    return ticket.length === expected.length && timingSafeEqual(ticket, expected)
  })
  return isOwn
    ? Effect.flatMap(
      Identity.Identity,
      (identity) =>
        Effect.as(identity.completeAuthorization({ sessionUri: Redacted.make(sessionUri), user }), respond(204))
    )
    : Effect.succeed(respond(403))
}

const route = (event: Event, user: { readonly userId: string }) =>
  event.routeKey === "POST /consent"
    ? complete(new URLSearchParams(event.body), user)
    : readReport(encodeURIComponent(event.pathParameters?.["topic"] ?? "")).pipe(
      Effect.map((report) => respond(200, report)),
      WorkloadAccessToken.provideCaller(user)
    )

export const handler = (event: Event): Promise<ReturnType<typeof respond>> => {
  // API Gateway has verified the JWT.
  const userId = event.requestContext.authorizer?.jwt?.claims.sub
  if (userId === undefined) return Promise.resolve(respond(401))
  return route(event, { userId }).pipe(
    Effect.catchTag(
      "RequiresUserConsent",
      ({ session: { authorizationUrl, customState, sessionUri } }) =>
        Effect.succeed(respond(403, {
          authorizationUrl: Redacted.value(authorizationUrl),
          ticket: ticketOf(userId, Redacted.value(sessionUri), customState ? Redacted.value(customState) : randomUUID())
            .toString("base64url")
        }))
    ),
    Effect.catch((error) => Effect.as(Effect.logError(error._tag), respond(502, { error: error._tag }))),
    runtime.runPromise
  )
}
