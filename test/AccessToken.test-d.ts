import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as Consent from "effect-agentcore-identity/Consent"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LoopbackConsent from "effect-agentcore-identity/http/LoopbackConsent"
import * as Identity from "effect-agentcore-identity/Identity"
import type {
  AuthorizationFailed,
  AuthorizationTimedOut,
  MissingWorkloadAccessToken,
  NoTokenOrUrl,
  RequiresUserConsent
} from "effect-agentcore-identity/IdentityError"
import type * as Models from "effect-agentcore-identity/Models"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { describe, expectTypeOf, test } from "vitest"

class GithubToken extends Context.Service<GithubToken, Redacted.Redacted>()("GithubToken") {}
class Database extends Context.Service<Database, { readonly name: string }>()("Database") {}
class Chat extends Context.Service<Chat, { readonly name: string }>()("Chat") {}

interface ChatClosed {
  readonly _tag: "ChatClosed"
}
interface QueryFailed {
  readonly _tag: "QueryFailed"
}

declare const useGithub: Effect.Effect<number, QueryFailed, GithubToken | Database>
declare const query: Effect.Effect<number, QueryFailed, Database>
declare const useDefault: Effect.Effect<string, never, AccessToken.AccessToken>
declare const inChat: Consent.Handler<ChatClosed, Chat>

type WithoutConsent = DataPlane.DataPlaneError | MissingWorkloadAccessToken | NoTokenOrUrl
type Flow = WithoutConsent | AuthorizationFailed | AuthorizationTimedOut | PendingConsents.ConsentStoreError

type Caller = Identity.Identity | WorkloadAccessToken

const github = { provider: "github", flow: "USER_FEDERATION" } as const

describe("withAccessToken", () => {
  test("removes the tag from the requirements, and adds its own requirements and errors", () => {
    const expected = expectTypeOf<
      Effect.Effect<number, QueryFailed | Flow | RequiresUserConsent, Database | Caller>
    >()
    expected.toEqualTypeOf(AccessToken.withAccessToken(useGithub, { ...github, into: GithubToken }))
    expected.toEqualTypeOf(useGithub.pipe(AccessToken.withAccessToken({ ...github, into: GithubToken })))
    expectTypeOf(useDefault.pipe(AccessToken.withAccessToken(github))).toEqualTypeOf<
      Effect.Effect<string, Flow | RequiresUserConsent, Caller>
    >()
  })

  test("replaces RequiresUserConsent with the errors and requirements of a handler", () => {
    expectTypeOf(useGithub.pipe(AccessToken.withAccessToken({ ...github, into: GithubToken, consent: inChat })))
      .toEqualTypeOf<Effect.Effect<number, QueryFailed | Flow | ChatClosed, Database | Chat | Caller>>()
  })

  test("rejects a tag of another service, and a flow that does not exist", () => {
    // @ts-expect-error Database is not a token
    void AccessToken.withAccessToken(useDefault, { ...github, into: Database })
    // @ts-expect-error no such flow
    void AccessToken.withAccessToken(useDefault, { provider: "github", flow: "CLIENT_CREDENTIALS" })
    // @ts-expect-error a secret must be Redacted
    void AccessToken.withAccessToken(useDefault, { ...github, customState: "state" })
  })
})

class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "google", flow: "USER_FEDERATION" }) {}
class Reports extends AccessToken.Tag<Reports>()("test/Reports", { provider: "reports", flow: "M2M", scopes: [] }) {}
class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}

declare const useCalendar: Effect.Effect<number, QueryFailed, Calendar | Database>
declare const useAll: Effect.Effect<number, QueryFailed, Calendar | Reports | Weather>
declare const token: Effect.Effect<Redacted.Redacted, never, Calendar>

describe("a declared access token", () => {
  test("is a tag of the token, and carries its request, its kind and its flow as types", () => {
    expectTypeOf(Effect.gen(function*() {
      return yield* Calendar
    })).toEqualTypeOf<typeof token>()
    expectTypeOf(Calendar.request.flow).toEqualTypeOf<"USER_FEDERATION">()
    expectTypeOf(Reports.request.flow).toEqualTypeOf<"M2M">()
    expectTypeOf(Calendar.kind).toEqualTypeOf<"AccessToken">()
    expectTypeOf(Calendar.key).toEqualTypeOf<"test/Calendar">()
    expectTypeOf(Calendar).toExtend<AccessToken.Credential<Calendar, "USER_FEDERATION">>()
    expectTypeOf(Calendar).toExtend<Identity.AccessTokenCredential>()
  })

  test("is not a class without the type of its class", () => {
    // @ts-expect-error AccessToken.Tag<Nameless>()
    class Nameless extends AccessToken.Tag()("test/Nameless", { provider: "google", flow: "M2M" }) {}
    // @ts-expect-error ApiKey.Tag<NamelessKey>()
    class NamelessKey extends ApiKey.Tag()("test/NamelessKey", { provider: "weather" }) {}
    void [Nameless, NamelessKey]
    expectTypeOf(AccessToken.Tag()("test/Nameless", { provider: "google", flow: "M2M" })).toEqualTypeOf<
      "Name the class: class Self extends AccessToken.Tag<Self>()(...)"
    >()
  })

  test("has no properties of a single use", () => {
    const request = { provider: "google", flow: "USER_FEDERATION" } as const
    // @ts-expect-error a declaration has no consent handler
    void AccessToken.Tag<Calendar>()("test/Wrong", { ...request, consent: inChat })
    // @ts-expect-error a declaration has no poll
    void AccessToken.Tag<Calendar>()("test/Wrong", { ...request, poll: Schedule.forever })
    // @ts-expect-error a declaration has no forceAuthentication
    void AccessToken.Tag<Calendar>()("test/Wrong", { ...request, forceAuthentication: true })
    // @ts-expect-error a declaration has no customState
    void AccessToken.Tag<Calendar>()("test/Wrong", { ...request, customState: Redacted.make("state") })
    // @ts-expect-error no such flow
    void AccessToken.Tag<Calendar>()("test/Wrong", { provider: "google", flow: "CLIENT_CREDENTIALS" })
    // @ts-expect-error the tag is the credential itself
    void AccessToken.Tag<Calendar>()("test/Wrong", { ...request, into: GithubToken })
  })

  test("is rejected when a function requires another flow", () => {
    const grant: (credential: Identity.AccessTokenCredential<"USER_FEDERATION">) => string = ({ key }) => key
    void grant(Calendar)
    // @ts-expect-error no user consents to the agent's own access
    void grant(Reports)
    // @ts-expect-error a key has no flow
    void grant(Weather)
    const either: (
      credential: Identity.AccessTokenCredential<"USER_FEDERATION" | "ON_BEHALF_OF_TOKEN_EXCHANGE">
    ) => string = ({ key }) => key
    void either(Calendar)
    // @ts-expect-error neither a credential nor a request
    void either(Reports)
  })

  test("removes its tag from the requirements: data last, data first, with and without options", () => {
    type Expected = Effect.Effect<number, QueryFailed | Flow | RequiresUserConsent, Database | Caller>
    expectTypeOf(useCalendar.pipe(AccessToken.withAccessToken(Calendar))).toEqualTypeOf<Expected>()
    expectTypeOf(useCalendar.pipe(AccessToken.withAccessToken(Calendar, {}))).toEqualTypeOf<Expected>()
    expectTypeOf(AccessToken.withAccessToken(useCalendar, Calendar)).toEqualTypeOf<Expected>()
    expectTypeOf(AccessToken.withAccessToken(useCalendar, Calendar, {})).toEqualTypeOf<Expected>()
    expectTypeOf(useCalendar.pipe(AccessToken.withAccessToken(Reports))).toEqualTypeOf<
      Effect.Effect<number, QueryFailed | WithoutConsent, Calendar | Database | Caller>
    >()
  })

  test("replaces RequiresUserConsent with the errors and requirements of a handler", () => {
    type Expected = Effect.Effect<number, QueryFailed | Flow | ChatClosed, Database | Chat | Caller>
    expectTypeOf(useCalendar.pipe(AccessToken.withAccessToken(Calendar, { consent: inChat }))).toEqualTypeOf<Expected>()
    expectTypeOf(AccessToken.withAccessToken(useCalendar, Calendar, { consent: inChat })).toEqualTypeOf<Expected>()
    expectTypeOf(useCalendar.pipe(AccessToken.withAccessToken(Calendar, {
      consent: (session) => {
        expectTypeOf(session).toEqualTypeOf<ConsentSession>()
        return Effect.void
      }
    }))).toEqualTypeOf<Effect.Effect<number, QueryFailed | Flow, Database | Caller>>()
  })

  test("works with two tokens and a key in one program, declared and inline", () => {
    expectTypeOf(useAll.pipe(
      AccessToken.withAccessToken(Calendar, { consent: inChat }),
      AccessToken.withAccessToken(Reports),
      ApiKey.withApiKey(Weather)
    )).toEqualTypeOf<
      Effect.Effect<number, QueryFailed | Flow | ChatClosed, Chat | Caller>
    >()
    expectTypeOf(useAll.pipe(
      AccessToken.withAccessToken({ ...github, into: Calendar, consent: inChat }),
      AccessToken.withAccessToken(Reports, { consent: inChat })
    )).toEqualTypeOf<Effect.Effect<number, QueryFailed | Flow | ChatClosed, Weather | Chat | Caller>>()
  })

  test("is accepted by every function that takes a request", () => {
    // It requires Identity once, and leaves the workload access token as a requirement.
    const made = expectTypeOf<
      Effect.Effect<
        Effect.Effect<number, QueryFailed | Flow | ChatClosed, Database | Chat | WorkloadAccessToken>,
        never,
        Identity.Identity
      >
    >()
    made.toEqualTypeOf(Effect.map(
      AccessToken.makeWithAccessToken,
      (withAccessToken) => useCalendar.pipe(withAccessToken(Calendar, { consent: inChat }))
    ))
    made.toEqualTypeOf(Effect.map(
      AccessToken.makeWithAccessToken,
      (withAccessToken) => useGithub.pipe(withAccessToken({ ...github, into: GithubToken, consent: inChat }))
    ))
    expectTypeOf(AccessToken.get(Calendar)).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, Flow | RequiresUserConsent, Caller>
    >()
    expectTypeOf(AccessToken.get(Calendar, { consent: inChat })).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, Flow | ChatClosed, Chat | Caller>
    >()
    const identity = {} as Identity.Identity["Service"]
    expectTypeOf(identity.getAccessToken(Calendar, { consent: inChat })).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, Flow | ChatClosed, Chat | WorkloadAccessToken>
    >()
    expectTypeOf(identity.getAccessToken(Calendar)).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, Flow | RequiresUserConsent, WorkloadAccessToken>
    >()
    expectTypeOf(identity.getApiKey(Weather)).toEqualTypeOf<ReturnType<Identity.Identity["Service"]["getApiKey"]>>()
  })

  test("is not a key, and a plain tag is not a credential", () => {
    // @ts-expect-error a key
    void AccessToken.withAccessToken(useDefault, Weather)
    // @ts-expect-error a token
    void ApiKey.withApiKey(useDefault, Calendar)
    // @ts-expect-error a tag without a request
    void AccessToken.withAccessToken(useDefault, GithubToken)
    // @ts-expect-error the declaration has the scopes
    void AccessToken.withAccessToken(useDefault, Calendar, { scopes: ["write"] })
    // @ts-expect-error an inline request
    void useDefault.pipe(AccessToken.withAccessToken(Calendar, { forceAuthentication: true }))
    // @ts-expect-error a key
    void AccessToken.get(Weather)
  })
})

class Mail extends AccessToken.Tag<Mail>()("test/Mail", { provider: "mail", flow: "ON_BEHALF_OF_TOKEN_EXCHANGE" }) {}

describe("a flow without consent", () => {
  type Obtained<E> = Effect.Effect<Redacted.Redacted, E, Caller>
  const m2m = { provider: "reports", flow: "M2M" } as const
  const rejected = () => false

  test("has no errors of an authorization: declared", () => {
    const obtained = expectTypeOf<Obtained<WithoutConsent>>()
    obtained.toEqualTypeOf(AccessToken.get(Reports))
    obtained.toEqualTypeOf(AccessToken.get(Mail))
    obtained.toEqualTypeOf(AccessToken.get(Reports, { poll: Schedule.spaced("1 second") }))
    obtained.toEqualTypeOf(Reports.pipe(AccessToken.withAccessToken(Reports)))
    obtained.toEqualTypeOf(AccessToken.withAccessToken(Mail, Mail))
    obtained.toEqualTypeOf(AccessToken.use(Mail, Effect.succeed, { rejected }))
  })

  test("has no errors of an authorization: inline", () => {
    const obtained = expectTypeOf<Obtained<WithoutConsent>>()
    obtained.toEqualTypeOf(AccessToken.get({ provider: "reports", flow: "M2M" }))
    obtained.toEqualTypeOf(AccessToken.get({ provider: "mail", flow: "ON_BEHALF_OF_TOKEN_EXCHANGE", scopes: [] }))
    obtained.toEqualTypeOf(AccessToken.get({ ...Reports.request, forceAuthentication: true }))
    obtained.toEqualTypeOf(Reports.pipe(AccessToken.withAccessToken({ ...m2m, into: Reports })))
    obtained.toEqualTypeOf(AccessToken.withAccessToken(Reports, { ...m2m, into: Reports }))
    obtained.toEqualTypeOf(AccessToken.use(m2m, Effect.succeed, { rejected }))
    expectTypeOf(({} as Identity.Identity["Service"]).getAccessToken(m2m)).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, WithoutConsent, WorkloadAccessToken>
    >()
  })

  test("has them if it is one of several flows", () => {
    const obtained = expectTypeOf<Obtained<Flow | RequiresUserConsent>>()
    const either = {} as typeof Calendar | typeof Reports
    obtained.toEqualTypeOf(AccessToken.get(either))
    obtained.toEqualTypeOf(AccessToken.get({} as Identity.AccessTokenRequest))
    obtained.toEqualTypeOf(AccessToken.get({} as Identity.AccessTokenCredential))
    expectTypeOf(AccessToken.get({} as Identity.AccessTokenCredential<"M2M" | "ON_BEHALF_OF_TOKEN_EXCHANGE">))
      .toEqualTypeOf<Obtained<WithoutConsent>>()
    expectTypeOf<Identity.AccessTokenError>().toEqualTypeOf<Flow>()
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

  test("infers the errors of an inline function for `rejected`", () => {
    const program = AccessToken.use({ ...github, consent: inChat }, (token) => {
      expectTypeOf(token).toEqualTypeOf<Redacted.Redacted>()
      return query(token)
    }, {
      rejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<QueryFailed>()
        return true
      }
    })
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<
        number,
        QueryFailed | Flow | ChatClosed,
        Database | Chat | Caller
      >
    >()
  })

  test("accepts a declared credential, with the options of its consent", () => {
    const program = AccessToken.use(Calendar, (token) => {
      expectTypeOf(token).toEqualTypeOf<Redacted.Redacted>()
      return call(token)
    }, {
      rejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<ApiError>()
        return error.status === 401
      },
      consent: inChat
    })
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<number, ApiError | Flow | ChatClosed, Database | Chat | Caller>
    >()
    expectTypeOf(AccessToken.use(Reports, call, { rejected: ({ status }) => status === 401 })).toEqualTypeOf<
      Effect.Effect<number, ApiError | WithoutConsent, Database | Caller>
    >()
    expectTypeOf(ApiKey.use(Weather, call, { rejected: ({ status }) => status === 401 })).toEqualTypeOf<
      Effect.Effect<number, ApiError | Identity.ApiKeyError, Database | Caller>
    >()
    expectTypeOf(ApiKey.use({ provider: "weather" }, (key) => query(key), {
      rejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<QueryFailed>()
        return true
      }
    })).toEqualTypeOf<Effect.Effect<number, QueryFailed | Identity.ApiKeyError, Database | Caller>>()
  })

  test("accepts a `rejected` for more errors than the function has, but not for fewer", () => {
    const rejected = (error: ApiError | QueryFailed) => error._tag === "ApiError" && error.status === 401
    expectTypeOf(AccessToken.use(github, call, { rejected })).toEqualTypeOf<
      Effect.Effect<number, ApiError | Flow | RequiresUserConsent, Database | Caller>
    >()
    // @ts-expect-error the check does not know QueryFailed
    void AccessToken.use(github, either, { rejected: (error: ApiError) => error.status === 401 })
    // @ts-expect-error the options come after the function
    void AccessToken.use(github, { rejected }, call)
  })
})

describe("withApiKey", () => {
  test("accepts a declared key", () => {
    type Expected = Effect.Effect<number, QueryFailed | Identity.ApiKeyError, Calendar | Reports | Caller>
    expectTypeOf(useAll.pipe(ApiKey.withApiKey(Weather))).toEqualTypeOf<Expected>()
    expectTypeOf(ApiKey.withApiKey(useAll, Weather)).toEqualTypeOf<Expected>()
    expectTypeOf(Effect.map(ApiKey.makeWithApiKey, (withApiKey) => useAll.pipe(withApiKey(Weather)))).toEqualTypeOf<
      Effect.Effect<
        Effect.Effect<number, QueryFailed | Identity.ApiKeyError, Calendar | Reports | WorkloadAccessToken>,
        never,
        Identity.Identity
      >
    >()
    expectTypeOf(ApiKey.get(Weather)).toEqualTypeOf<
      Effect.Effect<Redacted.Redacted, Identity.ApiKeyError, Caller>
    >()
    expectTypeOf(Weather.kind).toEqualTypeOf<"ApiKey">()
  })

  test("removes the tag from the requirements", () => {
    expectTypeOf(useGithub.pipe(ApiKey.withApiKey({ provider: "github", into: GithubToken }))).toEqualTypeOf<
      Effect.Effect<number, QueryFailed | Identity.ApiKeyError, Database | Caller>
    >()
    expectTypeOf<Identity.ApiKeyError>().toEqualTypeOf<DataPlane.DataPlaneError | MissingWorkloadAccessToken>()
  })
})

describe("handlers", () => {
  test("the errors and requirements of any handler flow into the result", () => {
    type Result<E, R> = Effect.Effect<Redacted.Redacted, Flow | E, Caller | R>
    const waiting = {} as Consent.WaitingHandler<ChatClosed, Chat>
    expectTypeOf(AccessToken.get({ ...github, consent: inChat })).toEqualTypeOf<Result<ChatClosed, Chat>>()
    expectTypeOf(AccessToken.get({ ...github, consent: waiting })).toEqualTypeOf<Result<ChatClosed, Chat>>()
    expectTypeOf(AccessToken.get({ ...github, consent: LoopbackConsent.handler({ user: { userId: "alice" } }) }))
      .toEqualTypeOf<Result<LoopbackConsent.LoopbackUnavailable, never>>()
    expectTypeOf(AccessToken.get({
      ...github,
      consent: {
        show: (session) => Effect.as(Chat, session.provider),
        // @effect-diagnostics-next-line missingEffectContext:off missingEffectError:off
        wait: ({ poll, poller, session, shown }) => Effect.andThen(shown, poller({ session, poll }))
      }
    })).toEqualTypeOf<Result<never, Chat>>()
  })

  test("a handler that waits is wrapped as an object", () => {
    const waiting = {} as Consent.WaitingHandler<ChatClosed, Chat>
    const wrapped = { ...waiting, show: (session: ConsentSession) => Effect.andThen(query, waiting.show(session)) }
    expectTypeOf(AccessToken.get({ ...github, consent: wrapped })).toExtend<
      Effect.Effect<Redacted.Redacted, Flow | ChatClosed | QueryFailed, Caller | Chat | Database>
    >()
    // @ts-expect-error: a function around it would lose the wait
    void ((session: ConsentSession) => waiting(session))
  })
})

describe("models", () => {
  test("a token response is one of four types", () => {
    expectTypeOf<DataPlane.TokenResponse["_tag"]>().toEqualTypeOf<
      "Issued" | "ConsentRequired" | "InProgress" | "Failed"
    >()
  })

  test("the errors of the data plane are exact", () => {
    type ErrorOf<F> = F extends (request: never) => Effect.Effect<unknown, infer E>
      ? E extends { _tag: infer T } ? T : never
      : never
    expectTypeOf<ErrorOf<DataPlane.DataPlane["Service"][keyof DataPlane.DataPlane["Service"]]>>().toEqualTypeOf<
      | "UnauthorizedException"
      | "ValidationException"
      | "AccessDeniedException"
      | "ResourceNotFoundException"
      | "ThrottlingException"
      | "InternalServerException"
      | "TransportError"
      | "UnknownServiceError"
    >()
  })

  test("the configuration of a provider depends on its vendor", () => {
    type Request = Models.CreateOauth2CredentialProviderRequest
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

  test("a handler gets the session that a serverless function stores", () => {
    expectTypeOf<RequiresUserConsent["session"]>().toEqualTypeOf<ConsentSession>()
    expectTypeOf(Identity.Identity).toExtend<Context.Key<Identity.Identity, Identity.Identity["Service"]>>()
  })
})
