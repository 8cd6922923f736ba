/**
 * The program of the demo. It needs three credentials, and does not know where they come from.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { ConsentHandler } from "../Consent.js"

/** @internal */
export class AgentToken
  extends Context.Tag("effect-agentcore-identity/cli/AgentToken")<AgentToken, Redacted.Redacted>()
{}

/** @internal */
export class UserToken extends Context.Tag("effect-agentcore-identity/cli/UserToken")<UserToken, Redacted.Redacted>() {}

/** @internal */
export class QuotaKey extends Context.Tag("effect-agentcore-identity/cli/QuotaKey")<QuotaKey, Redacted.Redacted>() {}

const Caller = Schema.Struct({
  subject: Schema.String,
  kind: Schema.String,
  scopes: Schema.Array(Schema.String)
})

const Reports = Schema.Struct({ caller: Caller, reports: Schema.Array(Schema.Struct({ title: Schema.String })) })

const Quota = Schema.Struct({ owner: Schema.String, limit: Schema.Number, remaining: Schema.Number })

/** @internal */
export interface Report {
  readonly agent: typeof Reports.Type
  readonly user: typeof Caller.Type
  readonly quota: typeof Quota.Type
}

/**
 * Calls the API three times, each time with another credential.
 *
 * @internal
 */
export const report = (apiUrl: string) =>
  Effect.gen(function*() {
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const get = <A, I>(
      path: string,
      schema: Schema.Schema<A, I>,
      authenticate: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
    ) =>
      client.execute(authenticate(HttpClientRequest.get(`${apiUrl}${path}`))).pipe(
        Effect.flatMap(HttpClientResponse.schemaBodyJson(schema)),
        Effect.scoped
      )
    const result: Report = {
      agent: yield* get("/reports", Reports, HttpClientRequest.bearerToken(yield* AgentToken)),
      user: yield* get("/me", Caller, HttpClientRequest.bearerToken(yield* UserToken)),
      quota: yield* get("/quota", Quota, HttpClientRequest.setHeader("x-api-key", Redacted.value(yield* QuotaKey)))
    }
    return result
  })

/** @internal */
export interface Providers {
  readonly machine: string
  readonly user: string
  readonly apiKey: string
  readonly machineScopes: ReadonlyArray<string>
  readonly userScopes: ReadonlyArray<string>
}

/**
 * Provides the three credentials to a program.
 *
 * @internal
 */
export const withCredentials = <E, R>(providers: Providers, consent: ConsentHandler<E, R>) =>
  flow(
    AccessToken.withAccessToken({
      into: AgentToken,
      provider: providers.machine,
      flow: "M2M",
      scopes: providers.machineScopes
    }),
    AccessToken.withAccessToken({
      into: UserToken,
      provider: providers.user,
      flow: "USER_FEDERATION",
      scopes: providers.userScopes,
      consent
    }),
    ApiKey.withApiKey({ into: QuotaKey, provider: providers.apiKey })
  )
