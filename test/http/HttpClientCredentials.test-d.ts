import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as Consent from "effect-agentcore-identity/Consent"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import type * as Identity from "effect-agentcore-identity/Identity"
import type {
  CredentialRejected,
  InsufficientScope,
  RequiresUserConsent
} from "effect-agentcore-identity/IdentityError"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import { describe, expectTypeOf, test } from "vitest"

class Chat extends Context.Tag("Chat")<Chat, { readonly name: string }>() {}

interface ChatClosed {
  readonly _tag: "ChatClosed"
}
interface QuotaUsed {
  readonly _tag: "QuotaUsed"
}

declare const plain: HttpClient.HttpClient
declare const own: HttpClient.HttpClient.With<QuotaUsed, Chat>
declare const inChat: Consent.ConsentHandler<ChatClosed, Chat>

const calendar = { provider: "calendar", flow: "USER_FEDERATION", origins: ["https://api.example.com"] } as const
const weather = { provider: "weather", header: "x-api-key", origins: ["https://api.example.com"] } as const

type Token = Identity.AccessTokenError | InsufficientScope | CredentialRejected | HttpClientError.RequestError
type Caller = Identity.Identity | WorkloadAccessToken

describe("withAccessToken", () => {
  test("adds what can fail, and what it needs", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<HttpClientError.HttpClientError | Token | RequiresUserConsent, Caller>
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, calendar))
    expected.toEqualTypeOf(plain.pipe(HttpClientCredentials.withAccessToken(calendar)))
    expected.toEqualTypeOf(
      plain.pipe(HttpClientCredentials.withAccessToken(calendar), HttpClient.followRedirects())
    )
  })

  test("limits the scopes that it steps up to", () => {
    expectTypeOf(HttpClientCredentials.withAccessToken(plain, { ...calendar, stepUp: true, maxScopes: ["write"] }))
      .toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, calendar))
    expectTypeOf<HttpClientCredentials.AccessTokenOptions["maxScopes"]>().toEqualTypeOf<
      ReadonlyArray<string> | undefined
    >()
  })

  test("with a handler, its errors and requirements take the place of RequiresUserConsent", () => {
    expectTypeOf(own.pipe(HttpClientCredentials.withAccessToken({ ...calendar, consent: inChat }))).toEqualTypeOf<
      HttpClient.HttpClient.With<QuotaUsed | Token | ChatClosed, Chat | Caller>
    >()
  })

  test("refuses to force each request, and to go without origins", () => {
    // @ts-expect-error the user would be asked at each request
    void HttpClientCredentials.withAccessToken(plain, { ...calendar, forceAuthentication: true })
    // @ts-expect-error a list, as scopes are
    void HttpClientCredentials.withAccessToken(plain, { ...calendar, stepUp: true, maxScopes: "read write" })
    // @ts-expect-error a key has no scopes
    void HttpClientCredentials.withApiKey(plain, { ...weather, maxScopes: ["read"] })
    // @ts-expect-error no origin
    void HttpClientCredentials.withAccessToken(plain, { ...calendar, origins: [] })
    // @ts-expect-error no origins
    void HttpClientCredentials.withAccessToken(plain, { provider: "calendar", flow: "M2M" })
  })
})

describe("withApiKey", () => {
  test("adds what can fail, and what it needs", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<
        QuotaUsed | Identity.ApiKeyError | CredentialRejected | HttpClientError.RequestError,
        Chat | Caller
      >
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withApiKey(own, weather))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withApiKey(weather)))
  })
})
