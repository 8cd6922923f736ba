import type * as DataPlaneSdk from "@aws-sdk/client-bedrock-agentcore"
import type * as StsSdk from "@aws-sdk/client-sts"
import type * as Official from "bedrock-agentcore/identity"
import type * as OfficialRuntime from "bedrock-agentcore/runtime"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import type * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import type * as Context from "effect/Context"
import type * as Layer from "effect/Layer"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Redacted from "effect/Redacted"
import type { IncomingMessage, RequestListener } from "node:http"
import { describe, expectTypeOf, test } from "vitest"

type Ours = typeof PromiseIdentity
type Theirs = typeof Official

describe("the official SDK", () => {
  test("has no function that is missing here", () => {
    expectTypeOf<Exclude<keyof Theirs, keyof Ours>>().toBeNever()
  })

  test("has the same models, a poller, and the renewal of rejected tokens", () => {
    expectTypeOf<Omit<PromiseIdentity.OAuth2WrapperConfig, "poll" | "reauthenticate" | "rejected">>()
      .toEqualTypeOf<Official.OAuth2WrapperConfig>()
    expectTypeOf<PromiseIdentity.ApiKeyWrapperConfig>().toEqualTypeOf<Official.ApiKeyWrapperConfig>()
  })

  test("has the same wrappers, except for declared credentials", () => {
    expectTypeOf<Ours["withAccessToken"]>().toExtend<Theirs["withAccessToken"]>()
    expectTypeOf<Theirs["withAccessToken"]>().toExtend<
      (config: PromiseIdentity.OAuth2WrapperConfig) => ReturnType<Ours["withAccessToken"]>
    >()
    expectTypeOf<Ours["withApiKey"]>().toExtend<Theirs["withApiKey"]>()
    expectTypeOf<Theirs["withApiKey"]>().toExtend<
      (config: PromiseIdentity.ApiKeyWrapperConfig) => ReturnType<Ours["withApiKey"]>
    >()
    expectTypeOf<Ours["withWAT"]>().toEqualTypeOf<Theirs["withWAT"]>()
  })

  test("propagates for every client that the official function accepts, without `any`", () => {
    type Client = Parameters<Ours["withWatPropagation"]>[0]
    expectTypeOf<Ours["withWatPropagation"]>().toExtend<Theirs["withWatPropagation"]>()
    expectTypeOf<DataPlaneSdk.BedrockAgentCoreClient>().toExtend<Client>()
    expectTypeOf<DataPlaneSdk.BedrockAgentCore>().toExtend<Client>()
    expectTypeOf<StsSdk.STSClient>().toExtend<Client>()
    expectTypeOf<{ readonly middlewareStack: string }>().not.toExtend<Client>()
  })
})

describe("wrapped functions", () => {
  const config = { providerName: "github", scopes: ["repo"], authFlow: "M2M" } as const

  test("do not have the last parameter of the original", () => {
    const { withAccessToken, withApiKey, withWAT } = PromiseIdentity
    const search = async (_query: string, _page: number, _credential: string) => ({ hits: 1 })
    interface Wrapped {
      (query: string, page: number): Promise<{ hits: number }>
    }
    expectTypeOf(withAccessToken({ ...config, scopes: ["repo"] })(search)).toExtend<Wrapped>()
    expectTypeOf(withApiKey(config)(search)).toExtend<Wrapped>()
    expectTypeOf(withWAT(search)).toExtend<Wrapped>()
    expectTypeOf<Parameters<ReturnType<typeof withWAT<[string, number], { hits: number }>>>>()
      .toEqualTypeOf<[string, number]>()
  })

  test("take a credential as their last parameter, and return a promise", () => {
    // @ts-expect-error the last parameter is not a string
    void PromiseIdentity.withApiKey(config)(async (_query: string, _page: number) => 1)
    // @ts-expect-error the function returns no promise
    void PromiseIdentity.withApiKey(config)((key: string) => key)
    // @ts-expect-error the error of a promise can be any value
    void PromiseIdentity.withAccessToken({ ...config, scopes: [], rejected: (error) => error.status === 401 })
    void PromiseIdentity.withAccessToken({
      ...config,
      scopes: [],
      rejected: async (error) => error instanceof Response && error.status === 401
    })
    // @ts-expect-error no such flow
    void PromiseIdentity.withAccessToken({ ...config, scopes: [], authFlow: "CLIENT_CREDENTIALS" })
  })
})

describe("declared credentials", () => {
  class Calendar
    extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "google", flow: "USER_FEDERATION" })
  {}
  class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}
  const { withAccessToken, withApiKey } = PromiseIdentity

  test("wrap a function as a configuration does", () => {
    const search = async (_query: string, _credential: string) => 1
    const expected = expectTypeOf<(...args: [_query: string]) => Promise<number>>()
    expected.toEqualTypeOf(withAccessToken(Calendar)(search))
    expected.toEqualTypeOf(withAccessToken(Calendar, { onAuthUrl: async (_url) => {} })(search))
    expected.toEqualTypeOf(withAccessToken(Calendar, { rejected: () => true, reauthenticate: true })(search))
    expected.toEqualTypeOf(withApiKey(Weather)(search))
    expected.toEqualTypeOf(withApiKey(Weather, { workloadIdentityToken: "token" })(search))
  })

  test("need the right kind, and have their own request", () => {
    // @ts-expect-error a key
    void withAccessToken(Weather)
    // @ts-expect-error a token
    void withApiKey(Calendar)
    // @ts-expect-error the declaration has the scopes
    void withAccessToken(Calendar, { scopes: ["write"] })
    // @ts-expect-error `resume` runs no function
    void PromiseIdentity.resume("session", { rejected: () => true })
    // @ts-expect-error nobody consents to a key
    void withApiKey(Weather, { onAuthUrl: () => {} })
  })
})

describe("make", () => {
  type Argument = Parameters<Ours["make"]>[0]

  test("accepts any runtime with Identity and the data plane", () => {
    type OfAws = Layer.Success<ReturnType<typeof AwsIdentity.layer>>
    expectTypeOf<ManagedRuntime.ManagedRuntime<OfAws, Error>>().toExtend<Argument>()
    expectTypeOf<Context.Context<OfAws>>().toExtend<Argument>()
    expectTypeOf<Context.Context<Identity.Identity>>().not.toExtend<Argument>()
    expectTypeOf<ManagedRuntime.ManagedRuntime<never, never>>().not.toExtend<Argument>()
  })

  test("returns the functions of the module", () => {
    expectTypeOf<ReturnType<Ours["make"]>>().toEqualTypeOf<Pick<Ours, keyof PromiseIdentity.Functions>>()
  })
})

describe("workload", () => {
  const { runWithContext, workload } = PromiseIdentity

  test("accepts one identifier of a user, with a JWT as a string or as a Redacted", () => {
    const alice = workload({ name: "agent", user: { userId: "alice" }, renewAfter: "1 minute" })
    expectTypeOf(alice).toEqualTypeOf<PromiseIdentity.Workload>()
    expectTypeOf(alice.getToken()).toEqualTypeOf<Promise<string>>()
    void workload({ name: "agent" })
    void workload({ name: "agent", user: { userToken: "a.b.c" } })
    void workload({ name: "agent", user: { userToken: {} as Redacted.Redacted } })
    // @ts-expect-error a user has an id or a JWT, not both
    void workload({ name: "agent", user: { userId: "alice", userToken: "a.b.c" } })
    // @ts-expect-error a string is not a user
    void workload({ name: "agent", user: "alice" })
    // @ts-expect-error the name is missing
    void workload({ user: { userId: "alice" } })
    expectTypeOf(runWithContext({ workload: alice }, async () => 1)).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error a name is not a workload
    void runWithContext({ workload: "agent" }, async () => 1)
  })
})

describe("the page after consent", () => {
  const { fetchConsentCallback, nodeConsentCallback } = PromiseIdentity

  test("requires the user who is signed in", () => {
    // @ts-expect-error currentUser has no default
    void fetchConsentCallback({})
    // @ts-expect-error currentUser has no default
    void nodeConsentCallback({})
    // @ts-expect-error a string is not a user
    void fetchConsentCallback({ currentUser: () => "alice" })
    // @ts-expect-error the id may be missing
    void nodeConsentCallback({ currentUser: (request) => ({ userId: request.headers.cookie }) })
    void fetchConsentCallback({ currentUser: async () => undefined })
    void nodeConsentCallback({ currentUser: () => null })
  })

  test("is a handler of the server", () => {
    const page = fetchConsentCallback({
      currentUser: (request) => {
        expectTypeOf(request).toEqualTypeOf<Request>()
        return undefined
      },
      respond: (outcome) => new Response(outcome._tag)
    })
    expectTypeOf(page).toEqualTypeOf<(request: Request) => Promise<Response>>()
    const listener = nodeConsentCallback({
      currentUser: (request) => {
        expectTypeOf(request).toEqualTypeOf<IncomingMessage>()
        return undefined
      }
    })
    expectTypeOf(listener).toExtend<RequestListener>()
  })

  test("has the request type of a framework", () => {
    interface Framework extends IncomingMessage {
      readonly user?: { readonly id: string }
    }
    const handler = nodeConsentCallback({
      currentUser: ({ user }: Framework) => user && { userId: user.id }
    })
    expectTypeOf(handler).parameter(0).toEqualTypeOf<Framework>()
    expectTypeOf(handler).parameter(2).toEqualTypeOf<((error: unknown) => void) | undefined>()
  })
})

describe("a session", () => {
  test("is resumed as it is, or from its string", () => {
    const { completeAuthorization, encodeSession, resume, reveal } = PromiseIdentity
    expectTypeOf(resume).parameter(0).toEqualTypeOf<ConsentSession | string>()
    expectTypeOf(resume("text")).toEqualTypeOf<Promise<string>>()
    expectTypeOf(encodeSession({} as ConsentSession)).toEqualTypeOf<string>()
    expectTypeOf(reveal({} as ConsentSession["authorizationUrl"])).toEqualTypeOf<string>()
    expectTypeOf(completeAuthorization({ sessionUri: "urn", user: { userId: "alice" } })).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error the user is missing
    void completeAuthorization({ sessionUri: "urn" })
  })
})

describe("runWithContext", () => {
  test("accepts the context of the official server, and that of runtime/RequestContext", () => {
    expectTypeOf<OfficialRuntime.RequestContext>().toExtend<PromiseIdentity.RequestContext>()
    expectTypeOf<RequestContext.RequestContext["Service"]>().toExtend<PromiseIdentity.RequestContext>()
    expectTypeOf<{ readonly workloadAccessToken: number }>().not.toExtend<PromiseIdentity.RequestContext>()
  })

  test("returns the result of the function", () => {
    expectTypeOf(PromiseIdentity.runWithContext({}, async () => 1)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(PromiseIdentity.getContext()).toEqualTypeOf<PromiseIdentity.RequestContext | undefined>()
  })
})
