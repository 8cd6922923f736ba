import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as Consent from "effect-agentcore-identity/Consent"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Identity from "effect-agentcore-identity/Identity"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { collecting } from "./support/garbage.js"
import { responses, scripted, secret, sessionUri } from "./support/utils.js"

// A program in plain JavaScript can pass anything.
const untyped = (value: unknown) => value as never

const request = { provider: "github", flow: "USER_FEDERATION", scopes: ["repo"] }

/** Runs an effect without a call of a plane, and returns the one field that it reports. */
const rejection = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const error: unknown = yield* Effect.flip(self)
    const { _tag, fieldList = [], message } = error as ValidationException
    assert.strictEqual(_tag, "ValidationException")
    const planes = yield* ScriptedPlanes.ScriptedPlanes
    assert.deepStrictEqual(yield* planes.calls, [])
    const [field, ...others] = fieldList
    assert.deepStrictEqual(others, [])
    assert.strictEqual(
      message,
      `1 validation error detected: Value at '${field?.name}' failed to satisfy constraint: ${field?.message}`
    )
    return `${field?.name}: ${field?.message}`
  })

const rejects = <A, E, R>(self: Effect.Effect<A, E, R>, expected: string) =>
  Effect.map(rejection(self), (field) => assert.strictEqual(field, expected))

const consented = scripted({ getResourceOauth2Token: () => responses.consent })

const ask = (properties: unknown) =>
  Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(untyped(properties)))

const wrong = (patch: object) => ask({ ...request, ...patch })

const enumeration = "Member must satisfy enum value set: [USER_FEDERATION, M2M, ON_BEHALF_OF_TOKEN_EXCHANGE]"

const names =
  "[provider, flow, scopes, resources, audiences, returnUrl, customParameters, forceAuthentication, customState, consent, poll, into]"

describe("an invalid request for an access token", () => {
  const cases: ReadonlyArray<readonly [patch: object, expected: string]> = [
    [{ provider: 5 }, "provider: Member must be a string, but is a number"],
    [{ provider: undefined }, "provider: Member must be a string, but is undefined"],
    [{ provider: "a b" }, "provider: Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+"],
    [{ flow: "m2m" }, `flow: ${enumeration}; did you mean 'M2M'?`],
    [{ flow: "USER_FEDERATON" }, `flow: ${enumeration}; did you mean 'USER_FEDERATION'?`],
    [{ flow: "client_credentials" }, `flow: ${enumeration}`],
    [{ flow: 1 }, "flow: Member must be one of [USER_FEDERATION, M2M, ON_BEHALF_OF_TOKEN_EXCHANGE], but is a number"],
    [{ scopes: "a b" }, "scopes: Member must be a list of strings, but is a string"],
    [{ scopes: ["a", 1] }, "scopes.1: Member must be a string, but is a number"],
    [{ resources: { a: 1 } }, "resources: Member must be a list of strings, but is an object"],
    [{ returnUrl: new URL("https://a.example") }, "returnUrl: Member must be a string, but is an object"],
    [{ customState: "state" }, "customState: Member must be a Redacted string (Redacted.make), but is a string"],
    [{ customState: secret("") }, "customState: Member must have length greater than or equal to 1"],
    [{ customParameters: { a: 1 } }, "customParameters.a: Member must be a string, but is a number"],
    [{ forceAuthentication: "yes" }, "forceAuthentication: Member must be true or false, but is a string"],
    [
      { consent: "x" },
      "consent: Member must be a consent handler: a function from a session to an Effect, but is a string"
    ],
    [{ poll: "5 seconds" }, "poll: Member must be a Schedule or a Poller, but is a string"],
    [{ returnURL: "https://a.example" }, "returnURL: Member must have a known name; did you mean 'returnUrl'?"],
    [{ onAuthUrl: () => {} }, "onAuthUrl: Member must have a known name; did you mean 'consent'?"],
    [{ on_auth_url: () => {} }, "on_auth_url: Member must have a known name; did you mean 'consent'?"],
    [{ callbackUrl: "a:/b" }, "callbackUrl: Member must have a known name; did you mean 'returnUrl'?"],
    [{ onLink: () => {} }, `onLink: Member must have a known name, one of ${names}`]
  ]

  it.effect.each(cases.map(([patch, expected]) => ({ patch, expected })))(
    "$expected",
    ({ expected, patch }) =>
      Effect.gen(function*() {
        const error: unknown = yield* Effect.flip(wrong(patch))
        const { _tag, fieldList = [], operation } = error as ValidationException
        assert.strictEqual(_tag, "ValidationException")
        assert.strictEqual(operation, "GetResourceOauth2Token")
        assert.deepStrictEqual(fieldList.map(({ message, name }) => `${name}: ${message}`), [expected])
        const planes = yield* ScriptedPlanes.ScriptedPlanes
        assert.deepStrictEqual(yield* planes.calls, [])
      }).pipe(Effect.provide(consented))
  )

  it.effect("reports a misspelled property once, and not as a missing one too", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* rejection(
          ask({ ...request, provider: undefined, provder: "github" }).pipe(
            Effect.when(Effect.succeed(false)),
            Effect.andThen(ask({ provder: "github", flow: "M2M" }))
          )
        ),
        "provder: Member must have a known name; did you mean 'provider'?"
      )
      yield* rejects(
        ask({ resourceCredentialProviderName: "github", flow: "M2M" }),
        "resourceCredentialProviderName: Member must have a known name; did you mean 'provider'?"
      )
    }).pipe(Effect.provide(consented)))

  it.effect("is rejected when it is not an object", () =>
    Effect.gen(function*() {
      yield* rejects(ask("github"), "request: Member must be an object, but is a string")
      yield* rejects(ask(undefined), "request: Member must be an object, but is undefined")
    }).pipe(Effect.provide(consented)))

  it.effect("is rejected when the default return URL of the program is invalid", () =>
    Effect.gen(function*() {
      yield* rejects(
        ask(request).pipe(Effect.provideService(Consent.ReturnUrl, Option.some("no url"))),
        "returnUrl: Member must satisfy regular expression pattern: \\w+:(\\/?\\/?)[^\\s]+"
      )
    }).pipe(Effect.provide(consented)))
})

describe("other invalid requests of Identity", () => {
  it.effect("are rejected with the property names of the API", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      yield* rejects(identity.getApiKey(untyped("weather")), "request: Member must be an object, but is a string")
      const spaces = identity.getApiKey({ provider: "no spaces" })
      yield* rejects(spaces, "provider: Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+")
      const { operation, requestId } = (yield* Effect.flip(spaces)) as ValidationException
      assert.deepStrictEqual([operation, requestId], ["GetResourceApiKey", undefined])
      yield* rejects(
        identity.getApiKey(untyped({ providerName: "weather" })),
        "providerName: Member must have a known name; did you mean 'provider'?"
      )
      const payment = { stripePrivyTokenRequest: { requestPath: "/pay", requestBody: "{}" } }
      yield* rejects(
        identity.getPaymentToken(untyped({ provider: "stripe", payment })),
        "payment.stripePrivyTokenRequest.requestBody: Member must be a Redacted string (Redacted.make), but is a string"
      )
      const user = { userid: "alice" }
      yield* rejects(
        identity.completeAuthorization(untyped({ sessionUri: secret(sessionUri), user })),
        "user.userid: Member must have a known name; did you mean 'userId'?"
      )
      yield* rejects(
        identity.resumeAccessToken(untyped({ provider: "github", sessionUri })),
        "session: Member must be a ConsentSession: decode a stored one with its schema, but is an object"
      )
    }).pipe(Effect.provide(consented)))
})

describe("invalid options of the combinators", () => {
  it.effect("AccessToken", () =>
    Effect.gen(function*() {
      const intoo = untyped({ ...request, intoo: AccessToken.AccessToken })
      const expected = "intoo: Member must have a known name; did you mean 'into'?"
      const makeWithAccessToken = yield* AccessToken.makeWithAccessToken
      yield* rejects(AccessToken.withAccessToken(Effect.void, intoo), expected)
      yield* rejects(makeWithAccessToken(intoo)(Effect.void), expected)
      yield* rejects(
        AccessToken.withAccessToken(Effect.void, untyped({ ...request, into: 5 })),
        "into: Member must be a Context.Service, but is a number"
      )
      yield* rejects(
        AccessToken.withAccessToken(Effect.void, untyped(undefined)),
        "request: Member must be an object, but is undefined"
      )
    }).pipe(Effect.provide(consented)))

  it.effect("ApiKey", () =>
    Effect.gen(function*() {
      const options = untyped({ provider: "weather", scopes: [] })
      const expected = "scopes: Member must have a known name, one of [provider, into]"
      const makeWithApiKey = yield* ApiKey.makeWithApiKey
      yield* rejects(ApiKey.withApiKey(Effect.void, options), expected)
      yield* rejects(makeWithApiKey(options)(Effect.void), expected)
    }).pipe(Effect.provide(consented)))

  it.effect("IamAccessToken", () =>
    Effect.gen(function*() {
      const wrongly = (options: object, expected: string) =>
        rejects(IamAccessToken.withIamAccessToken(Effect.void, untyped({ audience: "api", ...options })), expected)
      yield* wrongly(
        { duration: "soon" },
        "duration: Member must be a number of milliseconds, or a Duration as in '10 minutes', but is a string"
      )
      yield* wrongly({ audience: 5 }, "audience: Member must be a list of strings, but is a number")
      yield* wrongly({ audience: undefined }, "audience: Member must be a list of strings, but is undefined")
      yield* wrongly(
        { signingAlgorithm: "es384" },
        "signingAlgorithm: Member must satisfy enum value set: [ES384, RS256]; did you mean 'ES384'?"
      )
      yield* wrongly(
        { aud: ["api"] },
        "aud: Member must have a known name, one of [audience, signingAlgorithm, duration, tags, into]"
      )
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))
})

describe("a credential of the wrong kind", () => {
  class Calendar extends AccessToken.Tag<Calendar>()("test/Calendar", { provider: "google", flow: "M2M" }) {}
  class Weather extends ApiKey.Tag<Weather>()("test/Weather", { provider: "weather" }) {}
  class Reports extends IamAccessToken.Tag<Reports>()("test/Reports", { audience: "api" }) {}
  class Plain extends Context.Service<Plain, string>()("test/Plain") {}

  const rejected = () => true

  it.effect("is rejected by every function, and the error names its kind", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const withAccessToken = yield* AccessToken.makeWithAccessToken
      const token = "request: Member must be a request or a credential of AccessToken.Tag, but is a "
      const programs: ReadonlyArray<readonly [Effect.Effect<unknown, unknown, unknown>, string]> = [
        [AccessToken.withAccessToken(Effect.void, untyped(Weather)), `${token}credential of ApiKey.Tag`],
        [Effect.void.pipe(AccessToken.withAccessToken(untyped(Reports))), `${token}credential of IamAccessToken.Tag`],
        [withAccessToken(untyped(Plain))(Effect.void), `${token}tag without a request`],
        [AccessToken.get(untyped(Weather)), `${token}credential of ApiKey.Tag`],
        [AccessToken.use(untyped(Plain), Effect.succeed, { rejected }), `${token}tag without a request`],
        [identity.getAccessToken(untyped(Weather)), `${token}credential of ApiKey.Tag`],
        [
          ApiKey.withApiKey(Effect.void, untyped(Calendar)),
          "request: Member must be a request or a credential of ApiKey.Tag, but is a credential of AccessToken.Tag"
        ],
        [
          identity.getApiKey(untyped(Plain)),
          "request: Member must be a request or a credential of ApiKey.Tag, but is a tag without a request"
        ],
        [
          IamAccessToken.get(untyped(Calendar)),
          "request: Member must be a request or a credential of IamAccessToken.Tag, but is a credential of AccessToken.Tag"
        ]
      ]
      for (const [program, expected] of programs) {
        // The types do not require the missing services.
        yield* rejects(Effect.scoped(program as Effect.Effect<unknown, unknown>), expected)
      }
    }).pipe(Effect.provide(consented)))

  it.effect("is accepted when its kind is right, and only the options of its use are rejected", () =>
    Effect.gen(function*() {
      const identity = yield* Identity.Identity
      const options = untyped({ forceAuthentication: true })
      const expected = "forceAuthentication: Member must have a known name, one of [consent, poll]"
      yield* rejects(AccessToken.withAccessToken(Effect.void, Calendar, options), expected)
      yield* rejects(Effect.void.pipe(AccessToken.withAccessToken(Calendar, options)), expected)
      yield* rejects(AccessToken.get(Calendar, options), expected)
      yield* rejects(identity.getAccessToken(Calendar, options), expected)
      yield* rejects(
        AccessToken.use(Calendar, Effect.succeed, untyped({ rejected, consents: Consent.console })),
        "consents: Member must have a known name; did you mean 'consent'?"
      )
      yield* rejects(
        AccessToken.withAccessToken(Effect.void, Calendar, untyped({ scopes: ["write"] })),
        "scopes: Member must have a known name, one of [consent, poll]"
      )
    }).pipe(Effect.provide(consented)))
})

describe("the suggested name", () => {
  const meant = (name: string) =>
    Effect.map(Effect.flip(ask({ [name]: "x" })), (error: unknown) => {
      const { _tag, fieldList = [] } = error as ValidationException
      assert.strictEqual(_tag, "ValidationException")
      return /did you mean '(.*)'/.exec(fieldList.map(({ message }) => message).join("\n"))?.[1]
    })

  it.effect("corrects the case, a typo or an incomplete name", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* meant("return_url"), "returnUrl")
      assert.strictEqual(yield* meant("scope"), "scopes")
      assert.strictEqual(yield* meant("porvider"), "provider")
      assert.strictEqual(yield* meant("flwo"), "flow")
      assert.strictEqual(yield* meant("resourceOauth2ReturnUrl"), "returnUrl")
      assert.strictEqual(yield* meant("state"), "customState")
    }).pipe(Effect.provide(consented)))

  it.effect("is missing when no known name is similar", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* meant("timeout"))
      assert.isUndefined(yield* meant(""))
      assert.isUndefined(yield* meant("provider".repeat(1000)))
    }).pipe(Effect.provide(consented)))
})

describe("a declaration whose subclass has an invalid request", () => {
  it.effect("is rejected before the call", () =>
    Effect.gen(function*() {
      class Token extends AccessToken.Tag<Token>()("Token", { provider: "github", flow: "M2M", scopes: ["repo"] }) {
        static override readonly request = { provider: "github", flow: "M2M", scopes: [""] } as const
      }
      class Key extends ApiKey.Tag<Key>()("Key", { provider: "github" }) {
        static override readonly request = { provider: "a b" }
      }
      yield* rejects(AccessToken.get(Token), "scopes.0: Member must have length greater than or equal to 1")
      yield* rejects(ApiKey.get(Key), "provider: Member must satisfy regular expression pattern: [a-zA-Z0-9\\-_]+")
    }).pipe(Effect.provide(consented)))
})

describe("an invalid workload access token", () => {
  it.effect("is rejected by the plane, although the request is valid", () =>
    rejects(
      ask({ ...request, flow: "M2M" }).pipe(Effect.provide(WorkloadAccessToken.layer(secret("")))),
      "workloadIdentityToken: Member must have length greater than or equal to 1"
    ).pipe(Effect.provide(consented)))
})

describe("a list of a request", () => {
  it.effect("is the one that was checked, also if the program changes it during the call", () =>
    Effect.gen(function*() {
      const scopes = ["repo"]
      const get = Effect.sync(() => {
        scopes.push("")
        return secret("workload-token")
      })
      const caller = { get, invalidate: () => Effect.void }
      yield* Effect.flip(
        ask({ ...request, scopes }).pipe(Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, caller))
      )
      const [call] = yield* ScriptedPlanes.ScriptedPlanes.use(({ calls }) => calls)
      assert.propertyVal(call?.request, "oauth2Flow", "USER_FEDERATION")
      assert.deepPropertyVal(call?.request, "scopes", ["repo"])
    }).pipe(Effect.provide(consented)))
})

describe("a request that Identity has checked", () => {
  const planes = ScriptedPlanes.layer({ getResourceOauth2Token: () => responses.issued() })

  const through = (decorator: Parameters<typeof DataPlane.decorate>[0]) =>
    Identity.layer.pipe(
      Layer.provide(DataPlane.decorate(decorator)),
      Layer.provideMerge(planes),
      Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
    )

  it.effect("is checked by the plane, if a decorator changes it or one of its lists", () =>
    Effect.gen(function*() {
      const changes: ReadonlyArray<readonly [change: (request: never) => void, expected: string]> = [
        [({ scopes }: { readonly scopes: Array<string> }) => scopes.push(""), "scopes.1"],
        [(given) => Object.assign(given, { oauth2Flow: "m2m" }), "oauth2Flow"]
      ]
      for (const [change, expected] of changes) {
        const changed = through((_, call, given) => Effect.andThen(Effect.sync(() => change(given as never)), call))
        yield* Effect.provide(
          Effect.map(rejection(ask(request)), (field) => assert.match(field, RegExp(`^${expected}: `))),
          changed
        )
      }
    }))

  it.effect("is checked by the plane, if a decorator sends it with another operation", () =>
    Effect.gen(function*() {
      const plane = yield* DataPlane.DataPlane
      const other = through((_, _call, given) => plane.getResourceApiKey(given as never) as never)
      const error = yield* Effect.flip(Effect.provide(ask(request), other))
      assert.strictEqual(error._tag, "ValidationException")
      const planes = yield* ScriptedPlanes.ScriptedPlanes
      assert.deepStrictEqual(yield* planes.calls, [])
    }).pipe(Effect.provide(planes)))

  it.live("does not keep the workload access token of its caller in memory", () =>
    Effect.gen(function*() {
      let token: WeakRef<object> | undefined
      const get = Effect.sync(() => {
        const made = secret("workload-token")
        token = new WeakRef(made)
        return made
      })
      const plane = DataPlane.make({
        ...yield* DataPlane.DataPlane,
        getResourceOauth2Token: () => responses.issued()
      })
      yield* ask({ ...request, flow: "M2M" }).pipe(
        Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, { get, invalidate: () => Effect.void }),
        Effect.provide(Identity.layer),
        Effect.provideService(DataPlane.DataPlane, plane)
      )
      assert.isDefined(token)
      yield* collecting
      yield* Effect.repeat(Effect.sync(() => token?.deref() === undefined), {
        schedule: Schedule.spaced("20 millis"),
        until: (isCollected) => isCollected
      })
    }).pipe(Effect.provide(planes)))
})
