import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { decodeJwt } from "jose"
import * as Calendar from "./calendar.js"
import * as Polling from "./polling.js"

/** The cookie of the application names the signed-in user. */
const signIn = HttpRouter.add(
  "GET",
  "/sign-in/:user",
  Effect.map(
    HttpRouter.params,
    ({ user = "" }) =>
      HttpServerResponse.setCookieUnsafe(HttpServerResponse.text(`Welcome, ${user}`), "user", user, { path: "/" })
  )
)

const currentUser = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => ({ userId: request.cookies["user"] ?? "nobody" })
)

/** An application on its own port: it signs in users, and has the page for their return after consent. */
const pages = HttpRouter.serve(
  Layer.mergeAll(
    signIn,
    ConsentCallback.layer({ path: "/consent", currentUser })
  ),
  { disableListenLog: true, disableLogger: true }
).pipe(
  Layer.provide(ConsentCallback.layerRedaction("/consent")),
  Layer.provideMerge(Layer.mergeAll(PendingConsents.layerMemory, NodeHttpServer.layerTest))
)

const application = Layer.provideMerge(Polling.layer("40 millis"), pages)

/** Real servers on this machine: authorization server, AgentCore Identity, and an application. */
export const layer = application.pipe(
  Layer.provideMerge(Layer.merge(LocalIdentity.layer(), AuthorizationServer.layer()))
)

/** The same, with an authorization server that the local control also manages. */
export const layerControlled = application.pipe(
  Layer.provideMerge(LocalIdentity.layer({ authorizationServer: true }))
)

const applicationUrl = HttpServer.addressFormattedWith((address) =>
  Effect.succeed(address.replace(/0\.0\.0\.0|\[::\]/, "127.0.0.1"))
)

export const scopes = ["openid", "profile:read", "offline_access"]

/** The workloads `agent` and `robot`, the providers `calendar` and `weather`. */
export const setUp = (returnUrls: ReadonlyArray<string> = []) =>
  Effect.gen(function*() {
    const controlPlane = yield* ControlPlane.ControlPlane
    const returnUrl = `${yield* applicationUrl}/consent`
    yield* Calendar.setUp({ workloads: ["agent", "robot"], returnUrls: [returnUrl, ...returnUrls] })
    yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make("key-of-the-weather") })
    return { returnUrl }
  })

export const as = (name: string, userId?: string) =>
  Effect.provide(WorkloadAccessToken.layerWorkload({ name, ...(userId === undefined ? {} : { user: { userId } }) }))

/** A user with a browser, signed in at the application. */
export const person = (name: string) =>
  Effect.gen(function*() {
    const browser = yield* TestUser.make(name)
    yield* browser.opens(`${yield* applicationUrl}/sign-in/${name}`)
    return browser
  })

/** The token of the caller's user. `browse` opens the authorization URL, if there is one. */
export const userToken = <E, R>(
  returnUrl: string,
  browse: (authorizationUrl: Redacted.Redacted) => Effect.Effect<unknown, E, R>,
  askedScopes: ReadonlyArray<string> = scopes
) =>
  Effect.flatMap(Identity.Identity, (identity) =>
    identity.getAccessToken({
      provider: "calendar",
      flow: "USER_FEDERATION",
      scopes: askedScopes,
      returnUrl,
      consent: (session) => browse(session.authorizationUrl)
    }))

export const claimsOf = (token: Redacted.Redacted) =>
  decodeJwt<{ scope?: string; client_id?: string }>(Redacted.value(token))

export const unexpected = () => Effect.sync((): void => assert.fail("the user was asked"))
