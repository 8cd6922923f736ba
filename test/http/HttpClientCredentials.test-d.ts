import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as Consent from "effect-agentcore-identity/Consent"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type * as Identity from "effect-agentcore-identity/Identity"
import type {
  CredentialRejected,
  InsufficientScope,
  RequiresUserConsent
} from "effect-agentcore-identity/IdentityError"
import type { SecurityTokenService, SecurityTokenServiceError } from "effect-agentcore-identity/SecurityTokenService"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import { describe, expectTypeOf, test } from "vitest"

class Calendar
  extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "calendar", flow: "USER_FEDERATION" })
{}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}
class Reports extends IamAccessToken.Tag<Reports>()("test/Reports", { audience: "https://api.example.com" }) {}

class Chat extends Context.Service<Chat, { readonly name: string }>()("Chat") {}

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

type Token = Identity.AccessTokenError | InsufficientScope | CredentialRejected | HttpClientError.HttpClientError
type Caller = Identity.Identity | WorkloadAccessToken

describe("withAccessToken", () => {
  test("adds its errors and requirements", () => {
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

  test("replaces RequiresUserConsent with the errors and requirements of a handler", () => {
    expectTypeOf(own.pipe(HttpClientCredentials.withAccessToken({ ...calendar, consent: inChat }))).toEqualTypeOf<
      HttpClient.HttpClient.With<QuotaUsed | Token | ChatClosed, Chat | Caller>
    >()
  })

  test("accepts a declared credential, with the same types", () => {
    const { origins } = calendar
    const expected = expectTypeOf(HttpClientCredentials.withAccessToken(plain, calendar))
    expected.toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, Calendar, { origins }))
    expected.toEqualTypeOf(plain.pipe(HttpClientCredentials.withAccessToken(Calendar, { origins, stepUp: true })))
    expectTypeOf(own.pipe(HttpClientCredentials.withAccessToken(Calendar, { origins, consent: inChat }))).toEqualTypeOf<
      HttpClient.HttpClient.With<QuotaUsed | Token | ChatClosed, Chat | Caller>
    >()
    // @ts-expect-error no origins
    void HttpClientCredentials.withAccessToken(plain, Calendar)
    // @ts-expect-error the declaration has the scopes
    void HttpClientCredentials.withAccessToken(plain, Calendar, { origins, scopes: ["write"] })
    // @ts-expect-error a key
    void HttpClientCredentials.withAccessToken(plain, Weather, { origins })
  })

  test("rejects a forced authentication of every request, and missing origins", () => {
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
  test("adds its errors and requirements", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<
        QuotaUsed | Identity.ApiKeyError | CredentialRejected | HttpClientError.HttpClientError,
        Chat | Caller
      >
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withApiKey(own, weather))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withApiKey(weather)))
  })

  test("accepts a declared key, with the same types", () => {
    const { header, origins } = weather
    const expected = expectTypeOf(HttpClientCredentials.withApiKey(own, weather))
    expected.toEqualTypeOf(HttpClientCredentials.withApiKey(own, Weather, { header, origins }))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withApiKey(Weather, { header, origins })))
    // @ts-expect-error no header
    void HttpClientCredentials.withApiKey(own, Weather, { origins })
    // @ts-expect-error a token
    void HttpClientCredentials.withApiKey(own, Calendar, { header, origins })
  })
})

describe("withIamAccessToken", () => {
  test("requires the service of STS, and no caller", () => {
    const { origins } = calendar
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<
        QuotaUsed | SecurityTokenServiceError | CredentialRejected | HttpClientError.HttpClientError,
        Chat | SecurityTokenService
      >
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withIamAccessToken(own, Reports, { origins }))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withIamAccessToken(Reports, { origins })))
    expected.toEqualTypeOf(HttpClientCredentials.withIamAccessToken(own, { audience: "api", origins }))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withIamAccessToken({ audience: "api", origins })))
    // @ts-expect-error an AWS-signed JWT is a Bearer token
    void HttpClientCredentials.withIamAccessToken(own, Reports, { origins, header: "x-token" })
  })
})
