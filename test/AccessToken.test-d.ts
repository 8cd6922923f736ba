import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as Consent from "effect-agentcore-identity/Consent"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import type {
  AuthorizationFailed,
  AuthorizationTimedOut,
  MissingWorkloadAccessToken,
  NoTokenOrUrl,
  RequiresUserConsent
} from "effect-agentcore-identity/IdentityError"
import type * as Oauth2CredentialProvider from "effect-agentcore-identity/models/Oauth2CredentialProvider"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, test } from "vitest"

class GithubToken extends Context.Tag("GithubToken")<GithubToken, Redacted.Redacted>() {}
class GoogleToken extends Context.Tag("GoogleToken")<GoogleToken, Redacted.Redacted>() {}
class Database extends Context.Tag("Database")<Database, { readonly name: string }>() {}
class Chat extends Context.Tag("Chat")<Chat, { readonly name: string }>() {}

interface ChatClosed {
  readonly _tag: "ChatClosed"
}
interface QueryFailed {
  readonly _tag: "QueryFailed"
}

declare const useGithub: Effect.Effect<number, QueryFailed, GithubToken | Database>
declare const useBoth: Effect.Effect<number, QueryFailed, GithubToken | GoogleToken>
declare const useDefault: Effect.Effect<string, never, AccessToken.AccessToken>
declare const inChat: Consent.ConsentHandler<ChatClosed, Chat>

type Flow =
  | DataPlane.DataPlaneError
  | MissingWorkloadAccessToken
  | NoTokenOrUrl
  | AuthorizationFailed
  | AuthorizationTimedOut

const github = { provider: "github", flow: "USER_FEDERATION" } as const

describe("withAccessToken", () => {
  test("takes the tag away, and adds what it needs and what can fail", () => {
    expectTypeOf(AccessToken.withAccessToken(useGithub, { ...github, into: GithubToken })).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | Flow | RequiresUserConsent,
        Database | Identity.Identity | WorkloadAccessToken
      >
    >()
  })

  test("is the same in a pipe", () => {
    expectTypeOf(useGithub.pipe(AccessToken.withAccessToken({ ...github, into: GithubToken }))).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | Flow | RequiresUserConsent,
        Database | Identity.Identity | WorkloadAccessToken
      >
    >()
  })

  test("has a default tag", () => {
    expectTypeOf(useDefault.pipe(AccessToken.withAccessToken(github))).toEqualTypeOf<
      Effect.Effect<string, Flow | RequiresUserConsent, Identity.Identity | WorkloadAccessToken>
    >()
  })

  test("with a handler, its errors and requirements take the place of RequiresUserConsent", () => {
    expectTypeOf(useGithub.pipe(AccessToken.withAccessToken({ ...github, into: GithubToken, consent: inChat })))
      .toEqualTypeOf<
        Effect.Effect<
          number,
          QueryFailed | Flow | ChatClosed,
          Database | Chat | Identity.Identity | WorkloadAccessToken
        >
      >()
  })

  test("with a handler that cannot fail, nothing is added", () => {
    const consent = (_session: ConsentSession) => Effect.void
    expectTypeOf(useDefault.pipe(AccessToken.withAccessToken({ ...github, consent }))).toEqualTypeOf<
      Effect.Effect<string, Flow, Identity.Identity | WorkloadAccessToken>
    >()
  })

  test("two providers are two tags", () => {
    const both = useBoth.pipe(
      AccessToken.withAccessToken({ ...github, into: GithubToken }),
      AccessToken.withAccessToken({ provider: "google", flow: "USER_FEDERATION", into: GoogleToken, consent: inChat })
    )
    expectTypeOf(both).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | Flow | RequiresUserConsent | ChatClosed,
        Chat | Identity.Identity | WorkloadAccessToken
      >
    >()
  })

  test("refuses a tag of something else, and a flow that does not exist", () => {
    // @ts-expect-error Database is no token
    void AccessToken.withAccessToken(useGithub, { ...github, into: Database })
    // @ts-expect-error no such flow
    void AccessToken.withAccessToken(useGithub, { provider: "github", flow: "CLIENT_CREDENTIALS" })
    // @ts-expect-error a secret has to be Redacted
    void AccessToken.withAccessToken(useGithub, { ...github, customState: "state" })
  })
})

describe("makeWithAccessToken", () => {
  test("needs Identity once, and leaves the caller's workload token as a requirement", () => {
    const program = Effect.gen(function*() {
      const withAccessToken = yield* AccessToken.makeWithAccessToken
      return useGithub.pipe(withAccessToken({ ...github, into: GithubToken, consent: inChat }))
    })
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<
        Effect.Effect<number, QueryFailed | Flow | ChatClosed, Database | Chat | WorkloadAccessToken>,
        never,
        Identity.Identity
      >
    >()
  })
})

describe("use", () => {
  interface ApiError {
    readonly _tag: "ApiError"
    readonly status: number
  }
  type ByToken<E> = (token: Redacted.Redacted) => Effect.Effect<number, E, Database>
  const call: ByToken<ApiError> = () => Effect.never
  const query: ByToken<QueryFailed> = () => Effect.never
  const either: ByToken<ApiError | QueryFailed> = () => Effect.never

  test("adds what the token needs, and keeps the errors of the use", () => {
    const program = AccessToken.use(github, { rejected: (error: ApiError) => error.status === 401 }, call)
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<
        number,
        ApiError | Flow | RequiresUserConsent,
        Database | Identity.Identity | WorkloadAccessToken
      >
    >()
  })

  test("a check without a type takes any error, and the errors of the use stay exact", () => {
    const program = AccessToken.use({ ...github, consent: inChat }, {
      rejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<unknown>()
        return true
      }
    }, (token) => {
      expectTypeOf(token).toEqualTypeOf<Redacted.Redacted>()
      return query(token)
    })
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | Flow | ChatClosed,
        Database | Chat | Identity.Identity | WorkloadAccessToken
      >
    >()
  })

  test("a check may know more errors than the use has, but not fewer", () => {
    const rejected = (error: ApiError | QueryFailed) => error._tag === "ApiError" && error.status === 401
    expectTypeOf(AccessToken.use(github, { rejected }, call)).toEqualTypeOf<
      Effect.Effect<
        number,
        ApiError | Flow | RequiresUserConsent,
        Database | Identity.Identity | WorkloadAccessToken
      >
    >()
    // @ts-expect-error the check does not know QueryFailed
    void AccessToken.use(github, { rejected: (error: ApiError) => error.status === 401 }, either)
  })
})

describe("layer", () => {
  test("builds the tag", () => {
    expectTypeOf(AccessToken.layer({ ...github, into: GithubToken, consent: inChat })).toEqualTypeOf<
      Layer.Layer<GithubToken, Flow | ChatClosed, Chat | Identity.Identity | WorkloadAccessToken>
    >()
    expectTypeOf(ApiKey.layer({ provider: "weather" })).toEqualTypeOf<
      Layer.Layer<
        ApiKey.ApiKey,
        DataPlane.DataPlaneError | MissingWorkloadAccessToken,
        Identity.Identity | WorkloadAccessToken
      >
    >()
  })
})

describe("withApiKey", () => {
  test("takes the tag away", () => {
    expectTypeOf(useGithub.pipe(ApiKey.withApiKey({ provider: "github", into: GithubToken }))).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | DataPlane.DataPlaneError | MissingWorkloadAccessToken,
        Database | Identity.Identity | WorkloadAccessToken
      >
    >()
  })
})

describe("handlers", () => {
  test("PendingConsents.handler adds its service and its error to those of the one that shows", () => {
    expectTypeOf(PendingConsents.handler({ user: { userId: "alice" }, show: inChat })).toEqualTypeOf<
      Consent.ConsentHandler<ChatClosed | PendingConsents.ConsentStoreError, Chat | PendingConsents.PendingConsents>
    >()
  })
})

describe("models", () => {
  test("a user is one identifier", () => {
    expectTypeOf<{ readonly userId: string }>().toExtend<UserIdentifier.UserIdentifier>()
    expectTypeOf<{ readonly userId: string; readonly userToken: Redacted.Redacted }>().not.toExtend<
      UserIdentifier.UserIdentifier
    >()
  })

  test("an answer is one of four", () => {
    expectTypeOf<DataPlane.TokenAnswer["_tag"]>().toEqualTypeOf<
      "Issued" | "ConsentRequired" | "InProgress" | "Failed"
    >()
  })

  test("errors of the planes are exact", () => {
    type ErrorOf<F> = F extends (request: never) => Effect.Effect<unknown, infer E>
      ? E extends { _tag: infer T } ? T : never
      : never
    type E6 =
      | "UnauthorizedException"
      | "ValidationException"
      | "AccessDeniedException"
      | "ResourceNotFoundException"
      | "ThrottlingException"
      | "InternalServerException"
    type Common = E6 | "TransportError" | "UnknownServiceError"
    expectTypeOf<ErrorOf<DataPlane.Service[keyof DataPlane.Service]>>().toEqualTypeOf<Common>()
    expectTypeOf<ErrorOf<ControlPlane.Service["getWorkloadIdentity"]>>().toEqualTypeOf<Common>()
    expectTypeOf<ErrorOf<ControlPlane.Service["createOauth2CredentialProvider"]>>().toEqualTypeOf<
      | Common
      | "ConflictException"
      | "ServiceQuotaExceededException"
      | "ResourceLimitExceededException"
      | "EncryptionFailure"
      | "DecryptionFailure"
    >()
  })

  test("a provider's configuration follows its vendor", () => {
    type Request = Oauth2CredentialProvider.CreateOauth2CredentialProviderRequest
    interface Okta {
      readonly name: string
      readonly credentialProviderVendor: "OktaOauth2"
    }
    interface Client {
      readonly clientId: string
      readonly clientSecret: Redacted.Redacted
    }
    interface Endpoints {
      readonly issuer: string
      readonly authorizationEndpoint: string
      readonly tokenEndpoint: string
    }
    type Config<C> = { readonly oauth2ProviderConfigInput: { readonly includedOauth2ProviderConfig: C } }
    expectTypeOf<Okta & Config<Client & Endpoints>>().toExtend<Request>()
    expectTypeOf<Okta & Config<Client>>().not.toExtend<Request>()
    expectTypeOf<Request["credentialProviderVendor"]>().not.toEqualTypeOf<string>()
  })

  test("the handler's session is what a serverless function keeps", () => {
    expectTypeOf<RequiresUserConsent["session"]>().toEqualTypeOf<ConsentSession>()
    expectTypeOf(Identity.Identity).toExtend<Context.Tag<Identity.Identity, Identity.Service>>()
  })
})
