import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as Consent from "effect-agentcore-identity/Consent"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type * as Identity from "effect-agentcore-identity/Identity"
import type {
  AuthorizationFailed,
  AuthorizationTimedOut,
  CredentialRejected,
  InsufficientScope,
  RequiresUserConsent
} from "effect-agentcore-identity/IdentityError"
import type { ConsentStoreError } from "effect-agentcore-identity/PendingConsents"
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
declare const inChat: Consent.Handler<ChatClosed, Chat>

const origins = ["https://api.example.com"] as const
const weather = { header: "x-api-key", origins } as const

type Token = Identity.AccessTokenError | InsufficientScope | CredentialRejected | HttpClientError.HttpClientError
type Caller = Identity.Identity | WorkloadAccessToken

describe("withAccessToken", () => {
  test("adds its errors and requirements", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<HttpClientError.HttpClientError | Token | RequiresUserConsent, Caller>
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, Calendar, { origins }))
    expected.toEqualTypeOf(plain.pipe(HttpClientCredentials.withAccessToken(Calendar, { origins })))
    expected.toEqualTypeOf(
      plain.pipe(HttpClientCredentials.withAccessToken(Calendar, { origins }), HttpClient.followRedirects())
    )
  })

  test("adds no errors of an authorization without the flow USER_FEDERATION", () => {
    class Machine extends AccessToken.Tag<Machine>()("test/Machine", { provider: "machine", flow: "M2M" }) {}
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<
        | HttpClientError.HttpClientError
        | Exclude<Token, AuthorizationFailed | AuthorizationTimedOut | ConsentStoreError>,
        Caller
      >
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, Machine, { origins }))
    expected.toEqualTypeOf(plain.pipe(HttpClientCredentials.withAccessToken(Machine, { origins })))
  })

  test("limits the scopes that it steps up to", () => {
    expectTypeOf(
      HttpClientCredentials.withAccessToken(plain, Calendar, { origins, stepUp: true, maxScopes: ["write"] })
    )
      .toEqualTypeOf(HttpClientCredentials.withAccessToken(plain, Calendar, { origins }))
    expectTypeOf<HttpClientCredentials.AccessTokenOptions["maxScopes"]>().toEqualTypeOf<
      ReadonlyArray<string> | undefined
    >()
  })

  test("replaces RequiresUserConsent with the errors and requirements of a handler", () => {
    expectTypeOf(own.pipe(HttpClientCredentials.withAccessToken(Calendar, { origins, consent: inChat }))).toEqualTypeOf<
      HttpClient.HttpClient.With<QuotaUsed | Token | ChatClosed, Chat | Caller>
    >()
  })

  test("rejects a forced authentication of every request, and missing origins", () => {
    // @ts-expect-error the user would be asked at each request
    void HttpClientCredentials.withAccessToken(plain, Calendar, { origins, forceAuthentication: true })
    // @ts-expect-error a list, as scopes are
    void HttpClientCredentials.withAccessToken(plain, Calendar, { origins, stepUp: true, maxScopes: "read write" })
    // @ts-expect-error no origin
    void HttpClientCredentials.withAccessToken(plain, Calendar, { origins: [] })
    // @ts-expect-error no origins
    void HttpClientCredentials.withAccessToken(plain, Calendar)
    // @ts-expect-error the declaration has the scopes
    void HttpClientCredentials.withAccessToken(plain, Calendar, { origins, scopes: ["write"] })
    // @ts-expect-error a key
    void HttpClientCredentials.withAccessToken(plain, Weather, { origins })
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
    expected.toEqualTypeOf(HttpClientCredentials.withApiKey(own, Weather, weather))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withApiKey(Weather, weather)))
  })

  test("needs a header, and a key", () => {
    // @ts-expect-error no header
    void HttpClientCredentials.withApiKey(own, Weather, { origins })
    // @ts-expect-error a token
    void HttpClientCredentials.withApiKey(own, Calendar, weather)
    // @ts-expect-error a key has no scopes
    void HttpClientCredentials.withApiKey(own, Weather, { ...weather, maxScopes: ["read"] })
  })
})

describe("withIamAccessToken", () => {
  test("requires the service of STS, and no caller", () => {
    const expected = expectTypeOf<
      HttpClient.HttpClient.With<
        QuotaUsed | SecurityTokenServiceError | CredentialRejected | HttpClientError.HttpClientError,
        Chat | SecurityTokenService
      >
    >()
    expected.toEqualTypeOf(HttpClientCredentials.withIamAccessToken(own, Reports, { origins }))
    expected.toEqualTypeOf(own.pipe(HttpClientCredentials.withIamAccessToken(Reports, { origins })))
    // @ts-expect-error an AWS-signed JWT is a Bearer token
    void HttpClientCredentials.withIamAccessToken(own, Reports, { origins, header: "x-token" })
  })
})
