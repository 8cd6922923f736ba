// An agent as a Cloudflare Worker. Its settings and credentials are bindings.
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as AwsHttpDataPlane from "effect-agentcore-identity/aws/AwsHttpDataPlane"
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
}

class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "USER_FEDERATION",
  scopes: ["reports:read"]
}) {}

// A Worker must not share connections between requests, so each request has its own layer.
const live = (env: Env) =>
  Identity.layer.pipe(
    Layer.provideMerge(AwsHttpDataPlane.layer({
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

const readReport = (topic: string, env: Env) =>
  AccessToken.get({ ...Reports.request, returnUrl: env.RETURN_URL }).pipe(
    Effect.flatMap((token) =>
      Effect.promise((signal) =>
        fetch(`${env.REPORTS_API}/reports/${topic}`, {
          headers: { authorization: `Bearer ${Redacted.value(token)}` },
          signal
        })
      )
    ),
    Effect.catchTag("RequiresUserConsent", ({ authorizationUrl }) =>
      Effect.succeed(Response.json({ authorizationUrl: Redacted.value(authorizationUrl) }, {
        status: 403,
        headers: { "cache-control": "no-store" }
      })))
  )

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    const user = await userOf(request, env)
    if (user === undefined) return new Response("Sign in", { status: 401 })

    const program = pathname === "/consent"
      // The page of the return URL posts its `session_id`, with the JWT of the user who is signed in there.
      ? Effect.promise(() => request.formData()).pipe(
        Effect.flatMap((form) =>
          Effect.flatMap(
            Identity.Identity,
            (identity) =>
              identity.completeAuthorization({ sessionUri: Redacted.make(String(form.get("session_id"))), user })
          )
        ),
        Effect.as(new Response(null, { status: 204 }))
      )
      : readReport(pathname.replace("/reports/", ""), env).pipe(
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent", user }))
      )
    return program.pipe(
      Effect.provide(live(env)),
      Effect.catch((error) => Effect.succeed(Response.json({ error: error._tag }, { status: 502 }))),
      (effect) => Effect.runPromise(effect, { signal: request.signal })
    )
  }
}
