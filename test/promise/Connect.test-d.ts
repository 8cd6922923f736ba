import { describe, expectTypeOf, test } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import type { DataPlane } from "effect-agentcore-identity/DataPlane"
import type * as HttpConnect from "effect-agentcore-identity/http/Connect"
import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import type { Identity } from "effect-agentcore-identity/Identity"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import type * as Context from "effect/Context"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Redacted from "effect/Redacted"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", { provider: "google", flow: "USER_FEDERATION" }) {}
class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}

const mail = { providerName: "google", scopes: ["mail"], authFlow: "USER_FEDERATION" as const }

const base = { path: "/connect", workload: "my-agent", credentials: { calendar: Calendar, mail } } as const

declare const userOf: (request: Request) => PromiseIdentity.User | undefined

describe("Connect.make", () => {
  test("has the options of http/Connect without types of Effect", () => {
    type Http = HttpConnect.Options<never, never>
    expectTypeOf<Exclude<keyof Http, keyof Connect.Options>>().toEqualTypeOf<never>()
    expectTypeOf<Exclude<keyof Connect.Options, keyof Http>>().toEqualTypeOf<"pendingConsents" | "runtime">()
    expectTypeOf<Connect.Options["formKey"]>().toEqualTypeOf<string | Redacted.Redacted | undefined>()
    expectTypeOf<Connect.Options["continueTo"]>().toEqualTypeOf<ReadonlyArray<string> | undefined>()
    expectTypeOf<Connect.Options["users"]>().toEqualTypeOf<"userId" | "jwt" | undefined>()
    expectTypeOf<NonNullable<Connect.Options["respond"]>>().parameter(0).toEqualTypeOf<HttpConnect.View>()
    expectTypeOf<NonNullable<Connect.Options["respond"]>>().returns.toEqualTypeOf<
      Response | undefined | Promise<Response | undefined>
    >()
    expectTypeOf<NonNullable<Connect.Options["describeUser"]>>().returns.toEqualTypeOf<string | Promise<string>>()
  })

  test("requires a current user, and credentials that a user grants", () => {
    // @ts-expect-error there is no default for currentUser
    Connect.make(base)
    // @ts-expect-error a string is not a user
    Connect.make({ ...base, currentUser: () => "alice" })
    // @ts-expect-error no user grants it
    Connect.make({ ...base, credentials: { reports: Reports }, currentUser: () => undefined })
    const once = { ...mail, onAuthUrl: () => {} }
    // @ts-expect-error it belongs to a single call
    Connect.make({ ...base, credentials: { mail: { ...mail, onAuthUrl: () => {} } }, currentUser: () => undefined })
    Connect.make({ ...base, credentials: { mail: once }, currentUser: () => undefined })
    // @ts-expect-error it belongs to a single call
    Connect.make({ ...base, credentials: { mail: { ...mail, rejected: () => true } }, currentUser: () => undefined })
    const m2m = { providerName: "google", scopes: [], authFlow: "M2M" as const }
    // @ts-expect-error no user grants it
    Connect.make({ ...base, credentials: { reports: m2m }, currentUser: () => undefined })
  })

  test("has accounts of its credentials only, which are promises or ready ones", () => {
    const all = { ...base, currentUser: () => undefined }
    const account = async (token: string) => ({ id: token, label: token })
    Connect.make({ ...all, accounts: { calendar: VendorAccount.google, mail: { account, expect: () => true } } })
    Connect.make({ ...all, accounts: { mail: { account, expect: async ({ userId }, { id }) => userId === id } } })
    // @ts-expect-error there is no such credential
    Connect.make({ ...all, accounts: { calender: { account } } })
    // @ts-expect-error an account has a label
    Connect.make({ ...all, accounts: { mail: { account: async () => ({ id: "1" }) } } })
    // @ts-expect-error it says whether the account is the user's
    Connect.make({ ...all, accounts: { mail: { account, expect: () => "alice" } } })
  })

  test("has one store, and one database", () => {
    const all = { ...base, currentUser: () => undefined }
    Connect.make({ ...all, pendingConsents: { redis: { url: "redis://host", key: "key", previousKeys: ["old"] } } })
    Connect.make({ ...all, pendingConsents: { sql: { url: {} as Redacted.Redacted, key: "key", table: "consents" } } })
    Connect.make({ ...all, pendingConsents: { sql: { filename: "consents.db", key: "key" } } })
    // @ts-expect-error the key is missing
    Connect.make({ ...all, pendingConsents: { redis: { url: "redis://host" } } })
    // @ts-expect-error a database is missing
    Connect.make({ ...all, pendingConsents: { sql: { key: "key" } } })
    const both = { filename: "consents.db", url: "postgresql://host", key: "key" }
    // @ts-expect-error there are two databases
    Connect.make({ ...all, pendingConsents: { sql: both } })
    // @ts-expect-error there are two stores
    Connect.make({ ...all, pendingConsents: { sql: { filename: "a", key: "key" }, redis: { key: "key" } } })
  })

  test("accepts a runtime or a context of a program with Effect", () => {
    const all = { ...base, currentUser: () => undefined }
    Connect.make({ ...all, runtime: {} as ManagedRuntime.ManagedRuntime<Identity | DataPlane, Error> })
    Connect.make({ ...all, runtime: {} as Context.Context<Identity | DataPlane> })
    // @ts-expect-error the runtime has no data plane
    Connect.make({ ...all, runtime: {} as ManagedRuntime.ManagedRuntime<Identity, Error> })
  })
})

describe("Connect", () => {
  test("has the form of the request that currentUser gets", () => {
    const fetching = Connect.make({ ...base, currentUser: (request: Request) => userOf(request) })
    expectTypeOf(fetching.fetch).toEqualTypeOf<(request: Request) => Promise<Response>>()
    // @ts-expect-error currentUser gets a Request
    void fetching.node({} as IncomingMessage, {} as ServerResponse)

    interface Framework extends IncomingMessage {
      readonly user?: { readonly id: string }
    }
    const node = Connect.make({ ...base, currentUser: async ({ user }: Framework) => user && { userId: user.id } })
    void node.node({} as Framework, {} as ServerResponse, {} as (error?: unknown) => void)
    // @ts-expect-error currentUser gets the request of the framework
    void node.fetch({} as Request)

    const any = Connect.make({ ...base, currentUser: () => ({ userId: "alice" }) })
    expectTypeOf(any.node).toExtend<RequestListener>()
    void any.fetch({} as Request)
  })

  test("knows the names of its credentials", () => {
    const connect = Connect.make({ ...base, currentUser: () => undefined })
    expectTypeOf(connect.link("calendar", { continue: "/chat" })).toEqualTypeOf<Promise<string>>()
    void connect.link(Calendar)
    void connect.link(mail)
    void connect.link({} as ConsentSession)
    // @ts-expect-error there is no such credential
    void connect.link("calender")
    // @ts-expect-error there is no such credential
    void connect.withAccessToken("calender")
    const call = connect.withAccessToken("calendar", { onLink: {} as (link: string) => Promise<void>, wait: "3 days" })
    expectTypeOf(call({} as (day: number, token: string) => Promise<boolean>)).toEqualTypeOf<
      (day: number) => Promise<boolean>
    >()
  })

  test("has the types of http/Connect, without those of Effect", () => {
    const connect = Connect.make({ ...base, currentUser: () => undefined })
    expectTypeOf(connect.status).toEqualTypeOf<
      (user: PromiseIdentity.User) => Promise<ReadonlyArray<HttpConnect.Connection>>
    >()
    expectTypeOf(connect.consentAll({ userId: "alice" }, { onLink: () => {} })).toEqualTypeOf<Promise<void>>()
    type Event = ReturnType<typeof connect.events> extends AsyncIterable<infer A> ? A : never
    expectTypeOf<Event["at"]>().toEqualTypeOf<Date>()
    expectTypeOf<Event["_tag"]>().toEqualTypeOf<HttpConnect.Event["_tag"]>()
    expectTypeOf(connect.workload).toEqualTypeOf<PromiseIdentity.Functions["workload"]>()
    expectTypeOf(connect.runAs({ userId: "alice" }, async () => 1)).toEqualTypeOf<Promise<number>>()
    // @ts-expect-error a name is not a user
    connect.runAs("alice", async () => 1)
    expectTypeOf(connect.dispose).toEqualTypeOf<() => Promise<void>>()
    expectTypeOf(connect).toExtend<AsyncDisposable>()
  })
})

describe("contextFromHeaders", () => {
  test("returns the context of runWithContext", () => {
    const context = PromiseIdentity.contextFromHeaders({} as IncomingMessage)
    expectTypeOf(context).toExtend<PromiseIdentity.RequestContext>()
    expectTypeOf(context.sessionId).toEqualTypeOf<string | undefined>()
    void PromiseIdentity.contextFromHeaders(new Headers(), { fallback: { workloadAccessToken: "token" } })
    void PromiseIdentity.contextFromHeaders({}, { fallback: { workload: {} as PromiseIdentity.Workload } })
    // @ts-expect-error a name is not a caller
    void PromiseIdentity.contextFromHeaders({}, { fallback: "my-agent" })
  })
})
