/** The program of the demo. It needs three credentials, and does not know where they come from. */
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { ConsentHandler } from "../Consent.js"

/** The names of the credential providers. */
export interface Providers {
  readonly machine: string
  readonly user: string
  readonly apiKey: string
}

export interface Reports {
  readonly _: unique symbol
}

export interface Profile {
  readonly _: unique symbol
}

export interface Quota {
  readonly _: unique symbol
}

export interface Credentials {
  readonly Reports: AccessToken.Credential<Reports, "M2M">
  readonly Profile: AccessToken.Credential<Profile, "USER_FEDERATION">
  readonly Quota: ApiKey.Credential<Quota>
}

/**
 * Declares the three credentials, for the set-up and for the program. Not as classes, because the names of the providers
 * are settings. Throws a `ValidationException` for a name that cannot be right.
 */
export const declare = (providers: Providers): Credentials => ({
  Reports: AccessToken.Tag<Reports>()("demo/Reports", {
    provider: providers.machine,
    flow: "M2M",
    scopes: ["reports:read"]
  }),
  Profile: AccessToken.Tag<Profile>()("demo/Profile", {
    provider: providers.user,
    flow: "USER_FEDERATION",
    scopes: ["openid", "profile:read"]
  }),
  Quota: ApiKey.Tag<Quota>()("demo/Quota", { provider: providers.apiKey })
})

const Caller = Schema.Struct({
  subject: Schema.String,
  kind: Schema.String,
  scopes: Schema.Array(Schema.String)
})

const ReportList = Schema.Struct({ caller: Caller, reports: Schema.Array(Schema.Struct({ title: Schema.String })) })

const Limits = Schema.Struct({ owner: Schema.String, limit: Schema.Number, remaining: Schema.Number })

export interface Report {
  readonly agent: typeof ReportList.Type
  readonly user: typeof Caller.Type
  readonly quota: typeof Limits.Type
}

/** Calls the API three times, each time with another credential. */
export const report = (apiUrl: string, { Profile, Quota, Reports }: Credentials) =>
  Effect.gen(function*() {
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const get = <A, I>(
      path: string,
      schema: Schema.Codec<A, I>,
      authenticate: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    ) =>
      client.execute(authenticate(HttpClientRequest.get(`${apiUrl}${path}`))).pipe(
        Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
        Effect.scoped
      )
    const result: Report = {
      agent: yield* get("/reports", ReportList, HttpClientRequest.bearerToken(yield* Reports)),
      user: yield* get("/me", Caller, HttpClientRequest.bearerToken(yield* Profile)),
      quota: yield* get("/quota", Limits, HttpClientRequest.setHeader("x-api-key", Redacted.value(yield* Quota)))
    }
    return result
  })

/** Provides the three credentials to a program. */
export const withCredentials = <E, R>({ Profile, Quota, Reports }: Credentials, consent: ConsentHandler<E, R>) =>
  flow(
    AccessToken.withAccessToken(Reports),
    AccessToken.withAccessToken(Profile, { consent }),
    ApiKey.withApiKey(Quota)
  )
