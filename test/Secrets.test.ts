import { assert, describe, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Recorder from "./support/recorder.js"
import { failures, responses } from "./support/utils.js"

/** A different secret for each position. */
const sentinels = {
  userToken: "e30.user-7f3d1c9a55.c2ln",
  workloadToken: "wat-2b8e0d6f41",
  accessToken: "access-91c4a7e3d0",
  apiKey: "apikey-c05f8812be",
  bearer: "bearer-3ad97e60f2",
  paymentBody: "body-f61b20c7d9",
  customState: "state-84e5b3917a",
  sessionUri: "urn:ietf:params:oauth:request_uri:session-d2706fc138",
  authorizationUrl: "https://identity.example.com/authorize?request_uri=session-d2706fc138&nonce=a9b04c5d17"
}

const secrets = [
  ...Object.values(sentinels).filter((value) => !value.startsWith("urn:") && !value.startsWith("https:")),
  "session-d2706fc138",
  "a9b04c5d17"
]

const consent = Effect.succeed<DataPlane.TokenResponse>(
  new DataPlane.ConsentRequired({
    authorizationUrl: Redacted.make(sentinels.authorizationUrl),
    sessionUri: Redacted.make(sentinels.sessionUri)
  })
)

const user = { userToken: Redacted.make(sentinels.userToken) }

const live = (tokens: ReadonlyArray<ReturnType<DataPlane.DataPlane["Service"]["getResourceOauth2Token"]>>) =>
  Layer.mergeAll(
    Identity.layer,
    WorkloadAccessToken.layerWorkload({ name: "my-agent", user }),
    PendingConsents.layerMemory
  ).pipe(Layer.provideMerge(ScriptedPlanes.layer({
    getWorkloadAccessTokenForJwt: () => Effect.succeed({ workloadAccessToken: Redacted.make(sentinels.workloadToken) }),
    getResourceOauth2Token: tokens,
    getResourceApiKey: () => Effect.succeed({ apiKey: Redacted.make(sentinels.apiKey) }),
    getResourcePaymentToken: () =>
      Effect.succeed({
        paymentTokenResponse: { coinbaseCdpTokenResponse: { bearerToken: Redacted.make(sentinels.bearer) } }
      }),
    completeResourceTokenAuth: () => failures.denied
  })))

const request = {
  provider: "google",
  flow: "USER_FEDERATION",
  customState: Redacted.make(sentinels.customState),
  returnUrl: "https://agent.example.com/consent"
} as const

const handler = () => Effect.void

describe("secrets of the flow", () => {
  const ends: ReadonlyArray<readonly [tag: string, tokens: Parameters<typeof live>[0]]> = [
    ["AuthorizationFailed", [consent, responses.failed]],
    ["AuthorizationTimedOut", [consent, ...Array.from({ length: 200 }, () => responses.inProgress)]],
    ["AccessDeniedException", [consent, failures.throttling, failures.denied]],
    ["NoTokenOrUrl", [responses.inProgress]],
    ["UnauthorizedException", [failures.unauthorized]]
  ]

  it.effect.each(ends.map(([tag, tokens]) => ({ tag, tokens })))(
    "reach no error, log line or span when the flow ends with $tag",
    ({ tag, tokens }) =>
      Effect.gen(function*() {
        const recorder = yield* Recorder.make
        const error = yield* Effect.gen(function*() {
          const identity = yield* Identity.Identity
          const fiber = yield* Effect.forkChild(Effect.flip(identity.getAccessToken({ ...request, consent: handler })))
          yield* TestClock.adjust("11 minutes")
          const error = yield* Fiber.join(fiber)
          yield* Effect.logError("The flow ended", error)
          return error
        }).pipe(Effect.provide(live(tokens)), Effect.provide(recorder.layer))
        assert.strictEqual(error._tag, tag)
        assert.isAbove((yield* recorder.spans).length, 0)
        Recorder.assertSecretFree([...Recorder.faces(error), ...(yield* recorder.everything)], secrets)
      })
  )

  it.effect("never leak while credentials are obtained, logged and wrapped in errors", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const seen = yield* Effect.gen(function*() {
        const identity = yield* Identity.Identity
        const token = yield* identity.getAccessToken({ ...request, consent: Consent.fail })
        const key = yield* identity.getApiKey({ provider: "weather" })
        const payment = yield* identity.getPaymentToken({
          provider: "coinbase",
          payment: {
            coinbaseCdpTokenRequest: {
              requestMethod: "POST",
              requestPath: "/x402",
              requestBody: Redacted.make(sentinels.paymentBody)
            }
          }
        })
        const consentError = yield* Effect.flip(identity.getAccessToken(request))
        const completion = yield* Effect.flip(
          identity.completeAuthorization({ sessionUri: Redacted.make(sentinels.sessionUri), user })
        )
        yield* Effect.logInfo("Everything", token, key, payment, consentError, completion)
        const planes = yield* ScriptedPlanes.ScriptedPlanes
        return [token, key, payment, consentError, completion, yield* planes.calls]
      }).pipe(
        Effect.provide(live([responses.issued(sentinels.accessToken), consent])),
        Effect.provide(recorder.layer)
      )
      Recorder.assertSecretFree([...seen.flatMap(Recorder.faces), ...(yield* recorder.everything)], secrets)
    }))
})
