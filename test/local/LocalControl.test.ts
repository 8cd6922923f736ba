import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../support/localBackend.js"
import { Control, memory, Scripted } from "../support/localBackend.js"
import * as Recorder from "../support/recorder.js"
import { operations } from "../support/requests.js"

const setup = {
  workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [Backend.returnUrl] }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: Redacted.make("sentinel-weather-key") }],
  oauth2CredentialProviders: [{
    name: "calendar",
    credentialProviderVendor: "CustomOauth2" as const,
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
        clientId: "calendar",
        clientSecret: Redacted.make("sentinel-client-secret")
      }
    }
  }]
}

const local = (options?: Parameters<typeof LocalIdentity.layerTest>[0]) =>
  LocalIdentity.layerTest({ setup, ...options })

const control = LocalControl.LocalControl

const names = Effect.flatMap(
  ControlPlane.ControlPlane,
  (plane) =>
    Effect.map(plane.listWorkloadIdentities({}), ({ workloadIdentities }) => workloadIdentities.map(({ name }) => name))
)

const apiKey = (token: Redacted.Redacted) =>
  Effect.flatMap(
    DataPlane.DataPlane,
    (plane) => plane.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName: "weather" })
  )

const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "succeeded" })

describe("LocalControl", () => {
  it.effect("reads no discovery URL for a setup, a seed or a restore, and accepts keys of any region", () => {
    const read: Array<string> = []
    const kmsKeyArn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    const keyed = {
      oauth2CredentialProviders: [{
        name: "keyed",
        credentialProviderVendor: "CustomOauth2" as const,
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
            clientId: "keyed",
            clientAuthenticationMethod: "PRIVATE_KEY_JWT" as const,
            privateKeyJwtConfig: {
              privateKeySource: { kmsKeySource: { kmsKeyArn } },
              signingAlgorithm: "ES256" as const
            }
          }
        }
      }]
    }
    const unreadable = (url: string) => {
      read.push(url)
      return "Unreachable" as const
    }
    return Effect.gen(function*() {
      const { reset, restore, seed, snapshot } = yield* control
      const seeded = Effect.map(seed(keyed), (changes) => changes.map(({ action, name }) => `${name}: ${action}`))
      assert.deepStrictEqual(yield* seeded, ["keyed: create"])
      // Its secrets may differ from those in the store.
      yield* seed(setup)
      yield* snapshot("both")
      yield* reset
      yield* restore("both")
      assert.deepStrictEqual(read, [])
      const { clientId } = yield* Backend.output("keyed")
      assert.strictEqual(clientId, "keyed")
      yield* Backend.createProvider("other")
      assert.lengthOf(read, 1)
    }).pipe(Effect.provide(LocalIdentity.layerTest({ unreadable })))
  })

  it.effect("expires workload access tokens, sessions and access tokens by its clock, also with TestClock", () =>
    Effect.gen(function*() {
      const { clock, consents } = yield* control
      const token = yield* Backend.tokenFor("alice")
      const first = yield* Backend.obtain(token)
      yield* Backend.consent(yield* Backend.tokenFor("bob"))
      yield* TestClock.adjust("4 minutes")
      yield* clock.advance("5 minutes")
      assert.strictEqual((yield* consents.list)[0]?.state, "Pending")
      assert.strictEqual(yield* Backend.issued(token), first)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* consents.list)[0]?.state, "Expired")
      // The access token lives for 10 minutes, and is refreshed.
      assert.notStrictEqual(yield* Backend.issued(token), first)
      yield* clock.advance("50 minutes")
      assert.strictEqual(yield* tagOf(apiKey(token)), "UnauthorizedException")
      // A new token lives from now on.
      const later = yield* Backend.tokenFor("alice")
      assert.strictEqual(yield* tagOf(apiKey(later)), "succeeded")
      yield* clock.reset
      assert.strictEqual(yield* tagOf(apiKey(token)), "succeeded")
    }).pipe(Effect.provide(local({ tokenLifetime: "10 minutes" }))))

  it.effect("expires a session by its URI, and rejects sessions that have ended", () =>
    Effect.gen(function*() {
      const { consents } = yield* control
      const bob = yield* Backend.tokenFor("bob")
      const { sessionUri } = yield* Backend.consent(bob)
      const [status] = yield* consents.list
      assert.deepInclude(status, { provider: "calendar", workload: "agent", user: { userId: "bob" }, scopes: ["read"] })
      assert.notInclude(Redacted.value(sessionUri), status?.id ?? "")
      yield* consents.expire(sessionUri)
      const approve = (consent: string | Redacted.Redacted) => Effect.asVoid(consents.approve(consent))
      for (const action of [approve, consents.deny, consents.expire]) {
        const error = yield* Effect.flip(action(sessionUri))
        assert.strictEqual(error.reason, "Expired")
        assert.strictEqual((yield* Effect.flip(action("none"))).reason, "Unknown")
      }
    }).pipe(Effect.provide(local())))

  it.effect("changes no settings when a seed has an invalid user", () =>
    Effect.gen(function*() {
      const authorizationServer = yield* AuthorizationServer.make()
      yield* Effect.gen(function*() {
        const { seed } = yield* control
        const error = yield* Effect.flip(
          seed({ local: { serviceLinked: ["agent"], users: { alice: { sub: "bob" } } } })
        )
        assert.strictEqual(error._tag, "AuthorizationServerError")
        // A service-linked workload identity gets no workload access token.
        yield* Backend.tokenFor("alice")
      }).pipe(
        Effect.provide(Control.layer({ setup, authorizationServer }).pipe(Layer.provide([Scripted.layer(), memory])))
      )
    }).pipe(Effect.scoped))

  it.effect("keeps the clock between the years 1970 and 9999", () =>
    Effect.gen(function*() {
      const { clock, consents } = yield* control
      for (
        const move of [
          clock.set(DateTime.makeUnsafe(8_640_000_000_000_000)),
          clock.set(DateTime.makeUnsafe("+010000-01-01T00:00:00Z")),
          clock.set(DateTime.makeUnsafe("1969-12-31T23:59:59Z")),
          clock.advance("3000000 days"),
          clock.advance("eleven minutes" as "11 minutes"),
          clock.advance(Infinity)
        ]
      ) {
        assert.strictEqual((yield* Effect.flip(move)).reason, "InvalidTime")
        assert.strictEqual((yield* clock.state).offset, 0)
      }
      yield* clock.set(DateTime.makeUnsafe("9999-12-31T23:59:59Z"))
      const token = yield* Backend.tokenFor("alice")
      yield* Backend.obtain(token)
      assert.strictEqual((yield* consents.list)[0]?.state, "Completed")
      assert.strictEqual(yield* tagOf(apiKey(token)), "succeeded")
    }).pipe(Effect.provide(local({ tokenLifetime: "10 minutes" }))))

  it.effect("fails an operation up to the count of the fault, with an exception, a status, or a lost connection", () =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const token = yield* Backend.tokenFor("alice")
      const fault = yield* faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException", count: 3 })
      assert.deepStrictEqual(fault.remaining, Option.some(3))
      const tags = yield* Effect.replicateEffect(tagOf(apiKey(token)), 4)
      assert.deepStrictEqual(tags, [...Array.from({ length: 3 }, () => "ThrottlingException"), "succeeded"])
      assert.deepStrictEqual(yield* faults.list, [])
      yield* faults.add({ operation: "GetResourceApiKey", status: 503, count: 1 })
      const unavailable = yield* Effect.flip(apiKey(token))
      assert.deepInclude(unavailable, {
        code: "ServiceUnavailableException",
        status: 503,
        operation: "GetResourceApiKey"
      })
      const cut = yield* faults.add({ operation: "*", cut: true })
      assert.deepInclude(yield* Effect.flip(apiKey(token)), { _tag: "TransportError", kind: "connection" })
      yield* faults.remove(cut.id)
      yield* faults.add({ operation: "GetResourceApiKey", delay: "5 seconds" })
      const slow = yield* Effect.forkChild(tagOf(apiKey(token)))
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(slow.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(slow), "succeeded")
      assert.strictEqual((yield* Effect.flip(faults.remove(cut.id))).reason, "UnknownFault")
      for (
        const wrong of [
          {},
          { operation: "GetResourceApiKey" },
          { operation: "getResourceApiKey", cut: true },
          { operation: "*", endpoint: "token" as const, cut: true },
          { operation: "*", status: 200 },
          { operation: "*", cut: true, count: 0.5 },
          { operation: "*", exception: "a b" },
          { operation: "*", provider: "calendar", cut: true }
        ]
      ) {
        assert.strictEqual((yield* Effect.flip(faults.add(wrong))).reason, "InvalidFault", JSON.stringify(wrong))
      }
    }).pipe(Effect.provide(local())))

  it.effect("has the messages of AWS for the errors of STS", () =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const sts = yield* SecurityTokenService.SecurityTokenService
      // Recorded by radkawar/stackd, testdata/aws/iam/outbound_identity.json.
      const cases = [
        ["OutboundWebIdentityFederationDisabledException", "OutboundWebIdentityFederation is disabled."],
        [
          "SessionDurationEscalationException",
          "Requested token expiry time must be before the original session's expiry time."
        ]
      ] as const
      for (const [exception, message] of cases) {
        yield* faults.add({ operation: "GetWebIdentityToken", exception, count: 1 })
        const error = yield* Effect.flip(sts.getWebIdentityToken({ audience: ["a"], signingAlgorithm: "ES384" }))
        assert.deepInclude(error, { _tag: exception, message })
      }
    }).pipe(Effect.provide(local())))

  it.effect("rejects a fault whose name is misspelled", () =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const operation = "GetResourceApiKey"
      for (
        const [fault, message] of [
          [
            { operation, exception: "ThrotlingException" },
            "`exception` 'ThrotlingException' is unknown; did you mean 'ThrottlingException'?"
          ],
          [
            { operation, exception: "Throtling" },
            "`exception` 'Throtling' is unknown; did you mean 'ThrottlingException'?"
          ],
          [
            { operation, exception: "accessDeniedException", status: 403 },
            "`exception` 'accessDeniedException' is unknown; did you mean 'AccessDeniedException'?"
          ],
          [
            { operation: "*", exception: "DcryptionFailure" },
            "`exception` 'DcryptionFailure' is unknown; did you mean 'DecryptionFailure'?"
          ],
          [
            { endpoint: "token" as const, exception: "invalid_grnat" },
            "`exception` 'invalid_grnat' is unknown; did you mean 'invalid_grant'?"
          ],
          [
            { operation: "GetResourceApikey", cut: true },
            "`operation` is the AWS name of an operation, such as GetResourceApiKey, or *; did you mean 'GetResourceApiKey'?"
          ]
        ] as const
      ) {
        assert.deepInclude(yield* Effect.flip(faults.add(fault)), { reason: "InvalidFault", message })
      }
    }).pipe(Effect.provide(local())))

  it.effect("accepts every exception of AWS, and those that only the service knows", () =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const token = yield* Backend.tokenFor("alice")
      const others = [
        "ServiceUnavailableException",
        "ThrottledException",
        "NotAuthorizedException",
        "InternalServiceException",
        "LimitExceededException",
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "AccessDenied",
        "Throttling"
      ]
      const declared = operations.flatMap(({ errors }) => errors.map(({ _tag }) => _tag))
      for (const exception of new Set([...declared, ...others])) {
        yield* faults.add({ operation: "GetResourceApiKey", exception, count: 1 })
        const error = yield* Effect.flip(apiKey(token))
        assert.strictEqual(error._tag === "UnknownServiceError" ? error.code : error._tag, exception)
      }
      for (const exception of ["invalid_grant", "invalid_request", "invalid_scope", "bad_verification_code"]) {
        yield* faults.add({ endpoint: "token", exception })
      }
    }).pipe(Effect.provide(local())))

  it.effect("fails the requests to the authorization server of one provider", () =>
    Effect.gen(function*() {
      const { faults, grants, requests } = yield* control
      const token = yield* Backend.tokenFor("alice")
      yield* Backend.obtain(token)
      const id = (yield* grants.list)[0]?.id ?? ""
      yield* faults.add({ endpoint: "token", provider: "other", cut: true })
      yield* faults.add({ endpoint: "token", provider: "calendar", exception: "invalid_scope", count: 1 })
      yield* faults.add({ endpoint: "token", provider: "calendar", exception: "invalid_grant", count: 1 })
      yield* grants.expire(id)
      assert.strictEqual(yield* tagOf(Backend.ask(token)), "ValidationException")
      const [record] = yield* requests
      assert.include(record?.reasons.join(), "invalid_scope")
      // The refresh token no longer works.
      assert.strictEqual((yield* Backend.ask(token))._tag, "ConsentRequired")
    }).pipe(Effect.provide(local())))

  it.effect("fails a token exchange with the status of a fault", () =>
    Effect.gen(function*() {
      const { faults } = yield* control
      const plane = yield* DataPlane.DataPlane
      yield* Backend.createProvider("todo", Backend.tokenExchange)
      const userToken = Backend.jwt({ iss: "https://issuer.example.com", sub: "alice" })
      const user = yield* plane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken })
      const exchange = Backend.ask(user.workloadAccessToken, {
        resourceCredentialProviderName: "todo",
        oauth2Flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
      })
      for (
        const [fault, message] of [
          [{ exception: "invalid_grant" }, "Token exchange failed with HTTP status 400"],
          [{ status: 503 }, "Token exchange failed with HTTP status 503"],
          [{ cut: true }, "Error parsing token exchange response"]
        ] as const
      ) {
        yield* faults.add({ endpoint: "token", count: 1, ...fault })
        assert.strictEqual((yield* Effect.flip(exchange)).message, message)
      }
    }).pipe(Effect.provide(local())))

  it.effect("records requests without secrets, and the reasons of vague errors", () =>
    Effect.gen(function*() {
      const { requests } = yield* control
      const plane = yield* DataPlane.DataPlane
      const token = yield* Backend.tokenFor("alice")
      yield* Effect.flip(plane.getWorkloadAccessToken({ workloadName: "agnt" }))
      yield* apiKey(token)
      const { sessionUri } = yield* Backend.consent(token, { customParameters: { login_hint: "sentinel" } })
      yield* Effect.flip(Backend.complete(sessionUri, { userId: "bob" }))
      const [completed, asked, found, unknown] = yield* requests
      assert.deepStrictEqual(completed?.reasons, [
        "The user 'alice' opened the session, and the request completes it for the user id 'bob'"
      ])
      const users = (yield* requests).map(({ user }) => Option.getOrUndefined(user))
      assert.deepStrictEqual(users, [{ userId: "bob" }, { userId: "alice" }, { userId: "alice" }, undefined, {
        userId: "alice"
      }])
      assert.deepStrictEqual(
        completed?.error,
        Option.some({ name: "AccessDeniedException", message: "Invalid or expired session" })
      )
      assert.deepInclude(asked, { operation: "GetResourceOauth2Token" })
      assert.deepStrictEqual(found?.response, Option.some({ apiKey: "<redacted>" }))
      assert.deepStrictEqual(unknown?.request, Option.some({ workloadName: "agnt" }))
      assert.deepStrictEqual(unknown?.reasons, [
        "There is no workload identity 'agnt': create it, or check the name; did you mean 'agent'?"
      ])
      const text = JSON.stringify(yield* requests)
      for (const secret of ["sentinel", Redacted.value(token), Redacted.value(sessionUri)]) {
        assert.notInclude(text, secret)
      }
    }).pipe(Effect.provide(local())))

  it.effect("explains rejected names and return URLs, in the record of the request and in the log", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const { requests } = yield* control
      const plane = yield* DataPlane.DataPlane
      yield* Backend.createWorkload("bare", [])
      const [token, bare] = [yield* Backend.tokenFor("alice"), yield* Backend.tokenFor("alice", "bare")]
      const { sessionUri } = yield* Backend.consent(yield* Backend.tokenFor("bob"))
      const wrongUrl = `${Backend.returnUrl}&code=sentinel-code`
      const withoutQuery = Backend.returnUrl.replace(/\?.*/, "?…")
      const calls: ReadonlyArray<readonly [call: Effect.Effect<unknown, unknown, DataPlane.DataPlane>, string]> = [
        [
          Backend.ask(token, { resourceOauth2ReturnUrl: wrongUrl }),
          `The return URL ${withoutQuery} is not registered on the workload identity 'agent'. `
          + `Send a registered one (${Backend.returnUrl}), or add it to allowedResourceOauth2ReturnUrls`
        ],
        [
          Backend.ask(token, { resourceOauth2ReturnUrl: undefined }),
          "The request has no resourceOauth2ReturnUrl. "
          + `Send one that is registered on the workload identity 'agent' (${Backend.returnUrl})`
        ],
        [
          Backend.ask(bare),
          `The return URL ${withoutQuery} is not registered on the workload identity 'bare'. `
          + "'bare' has no return URLs: add it to allowedResourceOauth2ReturnUrls"
        ],
        [
          Backend.ask(bare, { resourceOauth2ReturnUrl: undefined }),
          "The request has no resourceOauth2ReturnUrl. "
          + "'bare' has no return URLs: add one to allowedResourceOauth2ReturnUrls"
        ],
        [
          Backend.ask(token, { resourceCredentialProviderName: "calender" }),
          "There is no OAuth2 credential provider 'calender': create it, or check the name; did you mean 'calendar'?"
        ],
        [
          plane.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName: "news" }),
          "There is no API key credential provider 'news': create it, or check the name"
        ],
        [
          Backend.ask(token, { sessionUri }),
          "The session belongs to the user 'bob', the workload identity 'agent' and the provider 'calendar'"
        ]
      ]
      yield* Effect.forEach(calls, ([call]) => Effect.ignore(call)).pipe(Effect.provide(recorder.layer))
      const expected = calls.map(([, reason]) => [reason])
      assert.deepStrictEqual((yield* requests).slice(0, calls.length).map(({ reasons }) => reasons).reverse(), expected)
      const lines = (yield* recorder.everything).join("\n")
      for (const [reason = ""] of expected.slice(0, -1)) assert.include(lines, reason)
      assert.include(lines, "A poll names a session of another user, workload identity or provider")
      assert.notInclude(lines, "sentinel")
      assert.notInclude(lines, "bob")
    }).pipe(Effect.provide(local())))

  it.effect("describes workload identities and credential providers", () =>
    Effect.gen(function*() {
      const { resources } = yield* control
      const { credentialProviders, workloadIdentities } = yield* resources
      assert.deepStrictEqual(workloadIdentities.items, [
        { name: "agent", allowedResourceOauth2ReturnUrls: [Backend.returnUrl] }
      ])
      const [calendar, weather] = credentialProviders.items
      assert.deepInclude(calendar, {
        name: "calendar",
        vendor: Option.some("CustomOauth2"),
        discoveryUrl: Option.some("https://issuer.example.com/.well-known/openid-configuration"),
        issuer: Option.none(),
        scopes: Option.none()
      })
      assert.match(
        Option.getOrThrow(calendar?.callbackUrl ?? Option.none()),
        /\/identities\/oauth2\/callback\/[\w-]+$/
      )
      assert.deepInclude(weather, { name: "weather", vendor: Option.none(), callbackUrl: Option.none() })
    }).pipe(Effect.provide(local())))

  it.effect("returns the authorization URL of a session by its id", () =>
    Effect.gen(function*() {
      const { consents } = yield* control
      const { authorizationUrl } = yield* Backend.consent(yield* Backend.tokenFor("alice"))
      const [session] = yield* consents.list
      assert.notInclude(JSON.stringify(session), "request_uri")
      const found = yield* consents.authorizationUrl(session?.id ?? "")
      assert.strictEqual(Redacted.value(found), Redacted.value(authorizationUrl))
      const unknown = yield* Effect.flip(consents.authorizationUrl("none"))
      assert.strictEqual(unknown.message, "Cannot open the session: there is no such session")
    }).pipe(Effect.provide(local())))

  it.effect("keeps a limited number of requests, faults and snapshots", () =>
    Effect.gen(function*() {
      const { faults, requests, snapshot } = yield* control
      yield* Effect.replicateEffect(names, 1600, { discard: true })
      assert.strictEqual((yield* requests).length, 500)
      yield* Effect.forEach(Array.from({ length: 32 }), (_, number) => snapshot(`s${number}`), { discard: true })
      yield* snapshot("s1")
      assert.strictEqual((yield* Effect.flip(snapshot("one-more"))).reason, "TooMany")
      yield* Effect.replicateEffect(faults.add({ operation: "*", cut: true }), 100, { discard: true })
      assert.strictEqual((yield* Effect.flip(faults.add({ operation: "*", cut: true }))).reason, "TooMany")
    }).pipe(Effect.provide(local())))
})
