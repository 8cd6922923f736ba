// An agent as a Cloudflare Worker. Its settings and credentials are bindings.
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createRemoteJWKSet, jwtVerify } from "jose"

export interface Env {
  readonly AWS_REGION: string
  readonly AWS_ACCESS_KEY_ID: string
  readonly AWS_SECRET_ACCESS_KEY: string
  /** The URL of a local AgentCore Identity. Default: AWS. */
  readonly AGENTCORE_ENDPOINT?: string
  /** The issuer of the JWTs of users. */
  readonly ISSUER: string
  readonly REPORTS_API: string
  readonly RETURN_URL: string
  /** Signs the tickets of consents: random characters. */
  readonly CONSENT_KEY: string
}

class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "USER_FEDERATION",
  scopes: ["reports:read", "offline_access"]
}) {}

// A Worker must not share connections between requests, so each request has its own layer.
const live = (env: Env) =>
  Identity.layer.pipe(
    Layer.provideMerge(AwsDataPlane.layerHttp({
      region: env.AWS_REGION,
      endpoint: env.AGENTCORE_ENDPOINT,
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID,
        secretAccessKey: Redacted.make(env.AWS_SECRET_ACCESS_KEY)
      }
    })),
    Layer.provide(FetchHttpClient.layer)
  )

/** The user of the JWT in the request. */
const userOf = async (request: Request, env: Env) => {
  const keys = createRemoteJWKSet(new URL(`${env.ISSUER}/jwks`))
  const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? ""
  const { payload } = await jwtVerify(token, keys, { issuer: env.ISSUER }).catch(() => ({ payload: undefined }))
  return payload?.sub === undefined ? undefined : { userId: payload.sub }
}

/** Names the user and the state of a session, and reveals neither. */
const ticketOf = (env: Env, ...parts: readonly [userId: string, sessionUri: string, state: string]) =>
  Effect.promise(async () => {
    const bytes = (value: string) => new TextEncoder().encode(value)
    const hmac = { name: "HMAC", hash: "SHA-256" }
    const key = await crypto.subtle.importKey("raw", bytes(env.CONSENT_KEY), hmac, false, ["sign"])
    const ticket = await crypto.subtle.sign(hmac, key, bytes(JSON.stringify(parts)))
    return Array.from(new Uint8Array(ticket), (byte) => byte.toString(16).padStart(2, "0")).join("")
  })

/** Completes the session for the user who started it, in the browser that consented. */
const complete = (form: FormData, user: { readonly userId: string }, env: Env) =>
  Effect.gen(function*() {
    const [sessionUri, ticket] = [String(form.get("session_id")), form.get("ticket")]
    // AWS does not document the name of the parameter with the state.
    const tickets = yield* Effect.forEach(
      [...form.values()].map(String).slice(0, 10),
      (state) => ticketOf(env, user.userId, sessionUri, state)
    )
    if (!tickets.some((expected) => expected === ticket)) return new Response(null, { status: 403 })
    const identity = yield* Identity.Identity
    yield* identity.completeAuthorization({ sessionUri: Redacted.make(sessionUri), user })
    return new Response(null, { status: 204 })
  })

const readReport = (topic: string, { userId }: { readonly userId: string }, env: Env) => {
  // AgentCore returns it only to the browser that consented.
  const state = crypto.randomUUID()
  return AccessToken.get({ ...Reports.request, returnUrl: env.RETURN_URL, customState: Redacted.make(state) }).pipe(
    Effect.flatMap((token) =>
      Effect.promise((signal) =>
        fetch(`${env.REPORTS_API}/reports/${topic}`, {
          headers: { authorization: `Bearer ${Redacted.value(token)}` },
          signal
        })
      )
    ),
    Effect.catchTag(
      "RequiresUserConsent",
      ({ authorizationUrl, session }) =>
        Effect.map(
          ticketOf(env, userId, Redacted.value(session.sessionUri), state),
          (ticket) =>
            Response.json({ authorizationUrl: Redacted.value(authorizationUrl), ticket }, {
              status: 403,
              headers: { "cache-control": "no-store" }
            })
        )
    )
  )
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    const user = await userOf(request, env)
    if (user === undefined) return new Response("Sign in", { status: 401 })

    const program = pathname === "/consent"
      ? Effect.flatMap(Effect.promise(() => request.formData()), (form) => complete(form, user, env))
      : readReport(pathname.replace("/reports/", ""), user, env).pipe(
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent", user }))
      )
    return program.pipe(
      Effect.provide(live(env)),
      Effect.catch((error) => Effect.succeed(Response.json({ error: error._tag }, { status: 502 }))),
      (effect) => Effect.runPromise(effect, { signal: request.signal })
    )
  }
}
