/**
 * The content of the golden files: an agent, its providers, a user with a grant, and a user with a pending consent.
 *
 * `write.ts` writes the files once, with the first published version. `golden.test.ts` reads them with every later one.
 */
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import type * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { fileURLToPath } from "node:url"
import { shifted } from "../support/clock.js"
import { keyOf } from "../support/consentStore.js"
import { Control, createProvider, Scripted } from "../support/localBackend.js"
import { ed25519Key } from "../support/paymentKeys.js"
import * as Runner from "../support/runner.js"
import { type responses, secret } from "../support/utils.js"

export const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Sessions live for 10 minutes. The time is in the far future, because Redis expires entries by its own clock. */
const writtenAt = Date.parse("2035-01-01T09:00:00Z")

/** Runs with a clock that starts at the time of the files. */
export const atThatTime = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((live) => {
    const offset = writtenAt - live.currentTimeMillisUnsafe()
    return Effect.provideService(self, Clock.Clock, shifted(live, () => offset))
  })

export const key = keyOf(7)

export const workload = "golden-agent"

export const origin = "https://agent.example.com"

const returnUrl = `${origin}/connect/return`

/** A user with a pending consent. */
export const alice = { userId: "alice" }

/** A user who has consented. */
export const bob = { userId: "bob" }

export const weatherKey = "the-key-of-the-weather"

/** The calendar of `durable/runner`. */
export const calendar = {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["openid", "calendar:read", "offline_access"],
  returnUrl
} as const

/** Another request of Alice, with every parameter that a session repeats. */
export const mail = {
  provider: "calendar",
  flow: "USER_FEDERATION",
  scopes: ["mail:send"],
  returnUrl,
  customState: secret("where-alice-was"),
  customParameters: { prompt: "consent" },
  resources: ["https://mail.example.com"],
  audiences: ["mail"]
} as const

export const as = (user: UserIdentifier) => Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user }))

export const pendingOf = (session: PendingConsents.PendingConsent["session"]): PendingConsents.PendingConsent => ({
  session,
  user: alice,
  workload,
  credential: "calendar",
  continue: "/chat/1"
})

/** `Identity` and the local backend, over a store in context. */
export const backend = Identity.layer.pipe(
  Layer.provideMerge(Control.layer()),
  Layer.provide(Scripted.layer())
)

export const setUp = Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  yield* controlPlane.createWorkloadIdentity({
    name: workload,
    allowedResourceOauth2ReturnUrls: [returnUrl],
    tags: { team: "golden" }
  })
  yield* createProvider("calendar", { clientId: "golden-client", clientSecret: secret("the-secret-of-the-client") })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: secret(weatherKey) })
  yield* controlPlane.createPaymentCredentialProvider({
    name: "wallet",
    credentialProviderVendor: "CoinbaseCDP",
    providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key-1", apiKeySecret: secret(ed25519Key()) } }
  })
})

/** Obtains a token after the user's consent. */
export const grant = (user: UserIdentifier) =>
  Effect.gen(function*() {
    const identity = yield* Identity.Identity
    const control = yield* LocalControl.LocalControl
    return yield* identity.getAccessToken({
      ...calendar,
      consent: ({ sessionUri }) => control.consents.approve(sessionUri),
      poll: Schedule.spaced("1 millis")
    })
  }).pipe(as(user))

/** The session of a user who has to consent. */
export const ask = (request: typeof calendar | typeof mail) =>
  Effect.gen(function*() {
    const identity = yield* Identity.Identity
    const error = yield* Effect.flip(identity.getAccessToken(request))
    return error._tag === "RequiresUserConsent" ? error.session : yield* Effect.die(error)
  }).pipe(as(alice))

/** A process that runs the workflows. Nobody reads the invitations. */
export const runner = Runner.layer({ origin, workload, invite: () => Effect.void })

export const token = "the-access-token-in-the-cache"

/** One token, for a workload access token that does not change. */
export const cachedToken = Effect.flatMap(DataPlane.DataPlane, (dataPlane) =>
  dataPlane.getResourceOauth2Token({
    workloadIdentityToken: secret("the-workload-access-token"),
    resourceCredentialProviderName: "calendar",
    oauth2Flow: "M2M",
    scopes: ["calendar:read"]
  }))

/** The data plane with a cache. `issue` is what AgentCore does if the cache has no token. */
export const cache = <E>(
  store: Layer.Layer<CredentialCache.Store, E>,
  issue: () => ReturnType<typeof responses.issued>
) =>
  CredentialCache.layerStore({ opaqueTimeToLive: "1 hour", storeTimeout: "10 seconds" }).pipe(
    Layer.provide(store),
    Layer.provide(ScriptedPlanes.layer({ getResourceOauth2Token: issue }))
  )
