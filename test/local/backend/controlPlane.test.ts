import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { CreateConsentPortalRequest } from "effect-agentcore-identity/Models"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import * as Backend from "../../support/localBackend.js"
import { backendOverHttp, LocalBackend, OAuthClient, Scripted, VaultStore } from "../../support/localBackend.js"
import { ed25519Key } from "../../support/paymentKeys.js"
import * as Recorder from "../../support/recorder.js"
import * as Server from "../../support/server.js"
import { clear, same, secret } from "../../support/utils.js"

const control = <A, E>(f: (plane: ControlPlane.ControlPlane["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(ControlPlane.ControlPlane, f)

const apiKey = (name: string, tags?: Record<string, string>) =>
  control((plane) => plane.createApiKeyCredentialProvider({ name, apiKey: secret("key"), tags }))

const idp = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/calendar"

const tokenVault = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default"

const portal = (request: Partial<CreateConsentPortalRequest> = {}) =>
  control((plane) =>
    plane.createConsentPortal({
      name: "portal",
      executionRoleArn: "arn:aws:iam::123456789012:role/portal",
      idpConfig: { credentialProviderArn: idp, scopes: ["openid"] },
      sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }],
      ...request
    })
  )

const readPortal = (consentPortalIdentifier: string) =>
  control((plane) => plane.getConsentPortal({ consentPortalIdentifier }))

const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

const violation = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.result(effect), (result) => {
    assert(Result.isFailure(result), "accepted")
    const error = result.failure
    assert(IdentityError.isIdentityError(error) && error._tag === "ValidationException", error._tag)
    const [field] = error.fieldList ?? []
    return [field?.name, field?.message]
  })

describe("quotas", () => {
  it.effect("accept 50 of 60 concurrent creations", () =>
    Effect.gen(function*() {
      const results = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, index) => `calendar-${index}`),
        (name) => Effect.result(Backend.createProvider(name)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(results.filter(({ _tag }) => _tag === "Success"), 50)
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("rejects the 11,001st workload identity with a ValidationException", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane.ControlPlane
      for (let index = 0; index < 11_000; index++) yield* plane.createWorkloadIdentity({ name: `agent-${index}` })
      const error = yield* Effect.flip(plane.createWorkloadIdentity({ name: "one-more" }))
      assert.strictEqual(error._tag, "ValidationException")
      assert.include(error.message, "11000")
    }).pipe(Effect.provide(Backend.backend())))
})

describe("concurrent creations of one name", () => {
  it.effect("create one resource", () =>
    Effect.gen(function*() {
      const results = yield* Effect.forEach(
        Array.from({ length: 20 }, () => Backend.createProvider("calendar")),
        Effect.result,
        { concurrency: "unbounded" }
      )
      assert.lengthOf(results.filter(({ _tag }) => _tag === "Success"), 1)
    }).pipe(Effect.provide(Backend.backend())))
})

const discoveryPath = "/.well-known/openid-configuration"

const overHttp = backendOverHttp()

describe("a discovery URL that cannot be read", () => {
  it.live("is logged with its reason, and read again at each use", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const documents: Record<string, object | string> = {}
      const url = yield* Server.serve((request, response) => {
        const document = documents[request.url?.replace(discoveryPath, "") ?? ""]
        response.setHeader("content-type", "application/json")
        if (document === undefined) response.writeHead(404).end("{}")
        else response.end(typeof document === "string" ? document : JSON.stringify(document))
      })
      documents["/good"] = { issuer: `${url}/good`, token_endpoint: `${url}/token` }
      documents["/page"] = "<!doctype html>"
      const at = (path: string) => ({ oauthDiscovery: { discoveryUrl: `${url}${path}${discoveryPath}` } })
      const gone = yield* Effect.scoped(Server.serve(() => {}))
      const logged = Effect.map(recorder.everything, (lines) => lines.join("\n"))
      yield* Effect.gen(function*() {
        yield* Backend.createProvider("calendar", at("/good"))
        yield* Backend.updateProvider("calendar", at("/good"))
        assert.notInclude(yield* logged, "cannot be read")
        delete documents["/good"]
        yield* Backend.updateProvider("calendar", at("/good"))
        yield* Backend.createProvider("missing", at("/missing"))
        yield* Backend.createProvider("page", at("/page"))
        yield* Backend.createProvider("gone", { oauthDiscovery: { discoveryUrl: `${gone}${discoveryPath}` } })
      }).pipe(Effect.provide(overHttp), Effect.provide(recorder.layer))
      for (
        const [name, reason] of [
          ["calendar", "status 404"],
          ["missing", "status 404"],
          ["page", ""],
          ["gone", "ECONNREFUSED"]
        ]
      ) {
        assert.match(yield* logged, new RegExp(`of the provider '${name}' cannot be read: .*${reason}`))
      }
    }))

  it.effect("is rejected with the setting verify, after problems that need no request", () =>
    Effect.gen(function*() {
      const rejected = [
        "oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl",
        "Invalid Discovery URL"
      ]
      yield* Backend.createProvider("calendar")
      const other = { oauthDiscovery: { discoveryUrl: `https://other.example.com${discoveryPath}` } }
      assert.deepStrictEqual(yield* violation(Backend.createProvider("other", other)), rejected)
      assert.deepStrictEqual(yield* violation(Backend.updateProvider("calendar", other)), rejected)
      assert.include(
        (yield* Effect.flip(Backend.createProvider("calendar", other))).message,
        "Credential provider with name: calendar already exists"
      )
      const exchange = { onBehalfOfTokenExchangeConfig: { grantType: "TOKEN_EXCHANGE" as const } }
      assert.notDeepEqual(
        yield* violation(Backend.createProvider("other", { ...other, ...exchange })),
        rejected
      )
      assert.strictEqual(yield* tagOf(Backend.updateProvider("other", other)), "ResourceNotFoundException")
    }).pipe(Effect.provide(Backend.backend({
      unreadable: (url) => url.startsWith("https://other") ? "Unreachable" : undefined
    }, { settings: { discoveryUrls: "verify" } }))))

  it.effect("is accepted, and the first request fails, by every flow", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const local = yield* Effect.provide(
        Effect.gen(function*() {
          yield* Backend.createWorkload("agent")
          yield* Backend.createProvider("calendar", {
            onBehalfOfTokenExchangeConfig: { grantType: "JWT_AUTHORIZATION_GRANT" }
          })
          const plane = yield* DataPlane.DataPlane
          const { workloadAccessToken } = yield* plane.getWorkloadAccessTokenForJwt({
            workloadName: "agent",
            userToken: Backend.jwt({ iss: "https://idp.example.com", sub: "alice" })
          })
          for (const oauth2Flow of ["M2M", "USER_FEDERATION", "ON_BEHALF_OF_TOKEN_EXCHANGE"] as const) {
            const error = yield* Effect.flip(Backend.ask(workloadAccessToken, { oauth2Flow }))
            assert.deepStrictEqual([error._tag, error.message], ["ValidationException", "Invalid Discovery URL"])
          }
          return yield* LocalBackend.LocalBackend
        }),
        Backend.backend({ unreadable: () => "Unreachable" })
      ).pipe(Effect.provide(recorder.layer))
      assert.deepStrictEqual(yield* local.consents, [])
      assert.include(JSON.stringify(yield* recorder.everything), "of the provider 'calendar' cannot be read")
    }))

  it.effect("does not delay a creation by more than two seconds", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const silent = OAuthClient.OAuthClient.pipe(
        Effect.map((client) => ({ ...client, discover: () => Effect.never })),
        Layer.effect(OAuthClient.OAuthClient),
        Layer.provide(Scripted.layer())
      )
      const create = Backend.createProvider("calendar").pipe(
        Effect.provide(Layer.provide(LocalBackend.layer(), [silent, VaultStore.layerMemory])),
        Effect.provide(recorder.layer)
      )
      const fiber = yield* Effect.forkChild(create)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.include(JSON.stringify(yield* recorder.everything), "no response within 2 seconds")
    }))

  it.effect("is not read behind a private endpoint", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const privateEndpoint = {
        selfManagedLatticeResource: { resourceConfigurationIdentifier: "rcfg-0123456789abcdef0" }
      }
      yield* Backend.createProvider("calendar", { privateEndpoint } as never).pipe(
        Effect.provide(Backend.backend({ unreadable: () => "Unreachable" })),
        Effect.provide(recorder.layer)
      )
      assert.notInclude(JSON.stringify(yield* recorder.everything), "cannot be read")
    }))

  it.live("blocks no other change while it is read, and closes its connection when the caller is interrupted", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const url = yield* Server.serve((request) => {
        request.socket.once("close", () => Effect.runSync(Deferred.succeed(closed, undefined)))
        Effect.runSync(Deferred.succeed(arrived, undefined))
      })
      yield* Effect.gen(function*() {
        const slow = yield* Effect.forkChild(
          Backend.createProvider("slow", { oauthDiscovery: { discoveryUrl: `${url}${discoveryPath}` } })
        )
        yield* Deferred.await(arrived)
        const metadata = {
          issuer: "https://a.example.com",
          authorizationEndpoint: "https://a.example.com/authorize",
          tokenEndpoint: "https://a.example.com/token"
        }
        yield* Backend.createProvider("calendar", { oauthDiscovery: { authorizationServerMetadata: metadata } })
        yield* Fiber.interrupt(slow)
        yield* Deferred.await(closed)
        const plane = yield* ControlPlane.ControlPlane
        assert.strictEqual(
          yield* tagOf(plane.getOauth2CredentialProvider({ name: "slow" })),
          "ResourceNotFoundException"
        )
      }).pipe(Effect.provide(overHttp))
    }))
})

describe("a discovery URL", () => {
  it.effect("rejects every URL that is not the URL of an issuer and a well-known path", () =>
    Effect.gen(function*() {
      const discovery = "/.well-known/openid-configuration"
      const pattern = /^Member must satisfy regular expression pattern: /
      const other = /^DiscoveryUrl is not a valid URL$/
      const unusable = [
        [`http://127.0.0.1:9200/_cluster?x=${discovery}`, pattern],
        [`https://issuer.example.com#${discovery}`, pattern],
        [`https://issuer.example.com/?b${discovery}`, pattern],
        [`https://issuer.example.com${discovery}/tenant`, pattern],
        ["https://issuer.example.com/.well-known/oauth-authorization-servers", pattern],
        ["https://issuer.example.com/.well-known/oauth-authorization-server/tenant?a=b", pattern],
        [`https://issuer example.com${discovery}`, pattern],
        [discovery, pattern],
        [`https://user@issuer.example.com${discovery}`, other],
        [`https://issuer.example.com/a/..${discovery}`, other],
        ["https://issuer.example.com/.well-known/oauth-authorization-server/../admin", other]
      ] as const
      for (const [discoveryUrl, message] of unusable) {
        const error = yield* Effect.flip(Backend.createProvider("calendar", { oauthDiscovery: { discoveryUrl } }))
        assert(error._tag === "ValidationException")
        assert.match(error.fieldList?.[0]?.message ?? error.message, message)
        assert.match(error.fieldList?.[0]?.name ?? "", /oauthDiscovery\.discoveryUrl$/)
      }
    }).pipe(Effect.provide(Backend.backend())))
})

const kmsKeyArn = (digit: number, region = "us-west-2") =>
  `arn:aws:kms:${region}:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f${digit}`

const byKey = (config: object) => ({
  clientAuthenticationMethod: "PRIVATE_KEY_JWT",
  clientSecret: undefined,
  privateKeyJwtConfig: config
} as never)

const keyAt = (arn: string) => ({ privateKeySource: { kmsKeySource: { kmsKeyArn: arn } } })

const customPath = "oauth2ProviderConfigInput.customOauth2ProviderConfig"

describe("an update of privateKeyJwtConfig", () => {
  const config = { ...keyAt(kmsKeyArn(1)), signingAlgorithm: "ES256", additionalHeaderClaims: { kid: "1", x5t: "a" } }

  it.effect("changes only the given members", () =>
    Effect.gen(function*() {
      yield* Backend.createProvider("calendar", byKey(config))
      const changes = [
        { signingAlgorithm: "RS256" },
        { ...keyAt(kmsKeyArn(2)), signingAlgorithm: undefined },
        { additionalHeaderClaims: { kid: "2" }, additionalPayloadClaims: { aud: "b" } },
        undefined
      ]
      let expected: object = config
      for (const change of changes) {
        expected = { ...expected, ...JSON.parse(JSON.stringify(change ?? {})) }
        yield* Backend.updateProvider("calendar", { clientId: "other", ...byKey(change as never) as object })
        const custom = yield* Backend.output("calendar")
        assert.strictEqual(custom.clientId, "other")
        assert.deepStrictEqual(custom.privateKeyJwtConfig, expected)
      }
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("rejects an incomplete one when the provider had no key", () =>
    Effect.gen(function*() {
      yield* Backend.createProvider("calendar")
      const path = `${customPath}.privateKeyJwtConfig`
      const isMissing = (member: string, config?: object) =>
        Effect.map(
          violation(Backend.updateProvider("calendar", byKey(config as never))),
          (found) => assert.deepStrictEqual(found, [`${path}${member}`, "Member must not be null"])
        )
      yield* isMissing(".privateKeySource", { signingAlgorithm: "ES256" })
      yield* isMissing(".signingAlgorithm", keyAt(kmsKeyArn(1)))
      yield* isMissing("")
      yield* Backend.updateProvider("calendar", byKey(config))
      // The key is gone with the method.
      yield* Backend.updateProvider("calendar", {})
      yield* isMissing(".privateKeySource", { signingAlgorithm: "ES256" })
    }).pipe(Effect.provide(Backend.backend())))
})

describe("configurations that AWS rejects", () => {
  it.effect("rejects the grant type TOKEN_EXCHANGE without its configuration", () =>
    Effect.gen(function*() {
      const exchange = { onBehalfOfTokenExchangeConfig: { grantType: "TOKEN_EXCHANGE" as const } }
      const expected = [
        `${customPath}.onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig`,
        "Member must not be null for the grant type TOKEN_EXCHANGE"
      ]
      assert.deepStrictEqual(yield* violation(Backend.createProvider("calendar", exchange)), expected)
      yield* Backend.createProvider("calendar")
      assert.deepStrictEqual(yield* violation(Backend.updateProvider("calendar", exchange)), expected)
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("rejects an update to another vendor", () =>
    Effect.gen(function*() {
      yield* Backend.createProvider("calendar")
      const client = { clientId: "id", clientSecret: secret("secret") }
      assert.deepStrictEqual(
        yield* violation(control((plane) =>
          plane.updateOauth2CredentialProvider({
            name: "calendar",
            credentialProviderVendor: "GithubOauth2",
            oauth2ProviderConfigInput: { githubOauth2ProviderConfig: client }
          })
        )),
        ["credentialProviderVendor", "The vendor cannot be changed from CustomOauth2 to GithubOauth2"]
      )
      const coinbase = { apiKeyId: "key", apiKeySecret: secret(ed25519Key()) }
      yield* control((plane) =>
        plane.createPaymentCredentialProvider({
          name: "pay",
          credentialProviderVendor: "CoinbaseCDP",
          providerConfigurationInput: { coinbaseCdpConfiguration: coinbase }
        })
      )
      assert.deepStrictEqual(
        yield* violation(control((plane) =>
          plane.updatePaymentCredentialProvider({
            name: "pay",
            credentialProviderVendor: "StripePrivy",
            providerConfigurationInput: {
              stripePrivyConfiguration: { appId: "app", appSecret: secret("secret"), authorizationId: "id" }
            }
          })
        )),
        ["credentialProviderVendor", "The vendor cannot be changed from CoinbaseCDP to StripePrivy"]
      )
    }).pipe(Effect.provide(Backend.backend())))
})

describe("lists", () => {
  it.effect("skip and repeat nothing while resources are created and deleted", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.uniqueArray(FastCheck.stringMatching(/^[A-Za-z0-9_-]{1,6}$/), { minLength: 1, maxLength: 30 }),
          FastCheck.uniqueArray(FastCheck.stringMatching(/^[A-Za-z0-9_-]{7,9}$/), { maxLength: 10 }),
          FastCheck.integer({ min: 1, max: 7 }),
          (stable, coming, maxResults) =>
            Effect.gen(function*() {
              const plane = yield* ControlPlane.ControlPlane
              yield* Effect.forEach(stable, (name) => apiKey(name))
              const seen: Array<string> = []
              const pending = [...coming]
              let nextToken: string | undefined
              do {
                const page = yield* plane.listApiKeyCredentialProviders({ maxResults, nextToken })
                assert.isAtMost(page.credentialProviders.length, maxResults)
                seen.push(...page.credentialProviders.map(({ name }) => name))
                nextToken = page.nextToken ?? undefined
                const name = pending.pop()
                if (name !== undefined) yield* apiKey(name)
                // The last item of the page is deleted: the next page does not need it.
                const last = page.credentialProviders.at(-1)
                if (last !== undefined) yield* plane.deleteApiKeyCredentialProvider({ name: last.name })
              } while (nextToken !== undefined)
              assert.deepStrictEqual(seen, [...new Set(seen)].sort())
              assert.deepStrictEqual(seen.filter((name) => stable.includes(name)), [...stable].sort())
            }).pipe(Effect.provide(Backend.backend()), Effect.runPromise)
        ),
        { numRuns: 50 }
      )
    ))
})

describe("deletions", () => {
  it.effect("drop the tags", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane.ControlPlane
      const { credentialProviderArn: resourceArn } = yield* apiKey("weather", { team: "agents" })
      yield* plane.deleteApiKeyCredentialProvider({ name: "weather" })
      assert.strictEqual(yield* tagOf(plane.listTagsForResource({ resourceArn })), "ResourceNotFoundException")
      yield* apiKey("weather")
      same(yield* plane.listTagsForResource({ resourceArn }), { tags: {} })
    }).pipe(Effect.provide(Backend.backend())))
})

describe("times", () => {
  it.effect("change neither with a tag, nor with a new API key", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane.ControlPlane
      const { credentialProviderArn: resourceArn } = yield* apiKey("weather")
      yield* TestClock.adjust("1 minute")
      yield* plane.tagResource({ resourceArn, tags: { a: "b" } })
      const first = yield* plane.getApiKeyCredentialProvider({ name: "weather" })
      same(first.lastUpdatedTime, first.createdTime)
      const updated = yield* plane.updateApiKeyCredentialProvider({ name: "weather", apiKey: secret("other") })
      same(updated, first)
      same(yield* plane.getApiKeyCredentialProvider({ name: "weather" }), first)
    }).pipe(Effect.provide(Backend.backend())))
})

describe("consent portals", () => {
  const later = "arn:aws:iam::123456789012:role/later"
  const notAssumable = (arn: string) =>
    `Role validation failed for '${arn}'. Please verify that the role exists and its trust policy allows assumption by this service`

  it.effect("reject a role that cannot be assumed, by its name", () =>
    Effect.gen(function*() {
      yield* Backend.createProvider("calendar")
      const foreign = "arn:aws:iam::210987654321:role/portal"
      assert.deepInclude(yield* Effect.flip(portal({ executionRoleArn: foreign })), {
        _tag: "ValidationException",
        message: notAssumable(foreign),
        fieldList: [{ name: "executionRoleArn", message: notAssumable(foreign) }]
      })
      assert.strictEqual((yield* portal({ executionRoleArn: later })).executionRoleArn, later)
    }).pipe(Effect.provide(Backend.backend())))

  it.effect("accept a role as soon as the settings name it", () =>
    Effect.gen(function*() {
      const assumableRoles = yield* Ref.make(["arn:aws:iam::123456789012:role/portal"])
      const settings = Effect.map(Ref.get(assumableRoles), (roles) => ({ assumableRoles: roles }))
      yield* Effect.gen(function*() {
        const plane = yield* ControlPlane.ControlPlane
        yield* Backend.createProvider("calendar")
        assert.strictEqual((yield* Effect.flip(portal({ executionRoleArn: later }))).message, notAssumable(later))
        const { consentPortalId } = yield* portal()
        yield* TestClock.adjust("1 second")
        const update = plane.updateConsentPortal({ consentPortalIdentifier: consentPortalId, executionRoleArn: later })
        assert.strictEqual((yield* Effect.flip(update)).message, notAssumable(later))
        assert.strictEqual((yield* readPortal(consentPortalId)).status, "ACTIVE")
        yield* Ref.update(assumableRoles, (roles) => [...roles, later])
        assert.strictEqual((yield* update).executionRoleArn, later)
      }).pipe(Effect.provide(Backend.backend({}, { settings })))
    }))

  const world = Backend.backend({}, { consentPortalDelay: "30 seconds" })

  it.effect("take time to be created, changed and deleted", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane.ControlPlane
      yield* Backend.createProvider("calendar")
      const created = yield* portal()
      const { consentPortalArn, consentPortalId } = created
      assert.strictEqual(created.status, "CREATING")
      assert.isNull(created.portalUrl)
      assert.strictEqual(yield* tagOf(portal()), "ConflictException")
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* readPortal(consentPortalId)).status, "CREATING")
      assert.strictEqual(
        yield* tagOf(plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId })),
        "ConflictException"
      )
      yield* TestClock.adjust("1 second")
      const active = yield* readPortal(consentPortalArn)
      assert.strictEqual(active.status, "ACTIVE")
      assert.strictEqual(
        active.portalUrl,
        "https://my-gateway-0123456789.consent-portal.bedrock-agentcore.us-west-2.amazonaws.com"
      )

      const change = { consentPortalIdentifier: consentPortalArn, description: "a portal" }
      const updating = yield* plane.updateConsentPortal(change)
      same(
        { status: updating.status, portalUrl: updating.portalUrl, description: updating.description },
        { status: "UPDATING", portalUrl: active.portalUrl, description: "a portal" }
      )
      same([updating.idpConfig, updating.executionRoleArn], [created.idpConfig, created.executionRoleArn])
      same(clear([updating.createdAt, updating.updatedAt]), [{ time: 0 }, { time: 30_000 }])
      assert.strictEqual(yield* tagOf(plane.updateConsentPortal(change)), "ConflictException")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* readPortal(consentPortalId)).status, "ACTIVE")

      assert.isUndefined(yield* plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId }))
      assert.strictEqual((yield* readPortal(consentPortalId)).status, "DELETING")
      // It is gone after the first of the times that a request reads.
      const clock = yield* Clock.Clock
      let reads = 0
      const currentTimeMillis = Effect.map(clock.currentTimeMillis, (now) => now + 30_000 * reads++)
      const late = Effect.provideService(readPortal(consentPortalId), Clock.Clock, { ...clock, currentTimeMillis })
      assert.strictEqual((yield* late).status, "DELETING")
      same((yield* plane.listConsentPortals({})).consentPortals.map(({ status }) => status), ["DELETING"])
      assert.strictEqual(yield* tagOf(portal()), "ConflictException")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* tagOf(readPortal(consentPortalId)), "ResourceNotFoundException")
      same((yield* plane.listConsentPortals({})).consentPortals, [])
      assert.notStrictEqual((yield* portal()).consentPortalId, consentPortalId)
      assert.strictEqual(yield* tagOf(readPortal(consentPortalArn)), "ResourceNotFoundException")
    }).pipe(Effect.provide(world)))
})

describe("a store", () => {
  it.effect("contains all resources for the next backend", () =>
    Effect.gen(function*() {
      const store = yield* Layer.build(VaultStore.layerMemory)
      const inBackend = <A, E>(
        effect: Effect.Effect<A, E, ControlPlane.ControlPlane | DataPlane.DataPlane | LocalBackend.LocalBackend>
      ) =>
        Effect.provide(
          effect,
          LocalBackend.layer().pipe(
            Layer.provide(Scripted.layer()),
            Layer.provide(Layer.succeedContext(store))
          )
        )
      const everything = control((plane) =>
        Effect.all({
          workload: plane.getWorkloadIdentity({ name: "agent" }),
          provider: plane.getOauth2CredentialProvider({ name: "calendar" }),
          key: plane.getApiKeyCredentialProvider({ name: "weather" }),
          tags: plane.listTagsForResource({ resourceArn: idp }),
          vaultTags: plane.listTagsForResource({ resourceArn: tokenVault }),
          vault: plane.getTokenVault({}),
          portals: plane.listConsentPortals({})
        })
      )
      const before = yield* inBackend(Effect.gen(function*() {
        yield* Backend.setup
        yield* apiKey("weather")
        yield* portal()
        yield* control((plane) => plane.tagResource({ resourceArn: idp, tags: { team: "agents" } }))
        yield* control((plane) => plane.tagResource({ resourceArn: tokenVault, tags: { team: "security" } }))
        yield* control((plane) =>
          plane.setTokenVaultCmk({
            kmsConfiguration: {
              keyType: "CustomerManagedKey",
              kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
            }
          })
        )
        return yield* everything
      }))
      same(before.workload.allowedResourceOauth2ReturnUrls, [Backend.returnUrl])
      same(before.vaultTags.tags, { team: "security" })
      same(yield* inBackend(everything), before)
      assert.strictEqual(
        yield* inBackend(tagOf(Backend.createProvider("calendar"))),
        "ValidationException"
      )
    }))
  it.effect("reads only what it needs: a page of a list, a resource by its ARN, and no others for a missing name", () =>
    Effect.gen(function*() {
      const memory = yield* VaultStore.VaultStore
      let read = 0
      const counting: VaultStore.VaultStore["Service"] = {
        collection: (name, schema) => {
          const collection = memory.collection(name, schema)
          const count = <A>(entries: ReadonlyArray<A>) => Effect.sync(() => void (read += entries.length))
          return {
            ...collection,
            get: (key) => Effect.tap(collection.get(key), () => count([key])),
            entries: Effect.tap(collection.entries, count),
            page: (options) => Effect.tap(collection.page(options), count)
          }
        }
      }
      const readBy = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.suspend(() => {
          read = 0
          return Effect.map(effect, (value) => ({ read, value }))
        })
      yield* Effect.gen(function*() {
        const names = Array.from({ length: 300 }, (_, index) => `agent-${1000 + index}`)
        yield* Effect.forEach(names, (name) => Backend.createWorkload(name, []))
        const page = (maxResults: number, nextToken?: string | null) =>
          readBy(control((plane) => plane.listWorkloadIdentities({ maxResults, nextToken: nextToken ?? undefined })))
        const first = yield* page(10)
        assert.strictEqual(first.read, 11)
        const second = yield* page(10, first.value.nextToken)
        assert.strictEqual(second.read, 11)
        assert.deepStrictEqual(
          [...first.value.workloadIdentities, ...second.value.workloadIdentities].map(({ name }) => name),
          names.slice(0, 20)
        )
        const resourceArn = first.value.workloadIdentities[3]?.workloadIdentityArn ?? ""
        yield* control((plane) => plane.tagResource({ resourceArn, tags: { team: "agents" } }))
        const tags = yield* readBy(control((plane) => plane.listTagsForResource({ resourceArn })))
        same([tags.value.tags, tags.read], [{ team: "agents" }, 1])
        const missing = yield* readBy(Effect.flip(Backend.tokenFor("alice", "agent-10000")))
        assert.strictEqual(missing.read, 1)
      }).pipe(Effect.provide(
        LocalBackend.layer().pipe(
          Layer.provide(Layer.succeed(VaultStore.VaultStore, counting)),
          Layer.provide(Scripted.layer())
        )
      ))
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("finds a consent portal by its id and by its ARN, and lists the portals behind deleted ones", () =>
    Effect.gen(function*() {
      yield* Backend.setup
      const create = (name: string) =>
        portal({ name, sources: [{ identifier: `${name}-0123456789`, type: "agentcore-gateway" }] })
      const portals = yield* Effect.forEach(["a", "a-b", "a-b-0123456789", "c"], create)
      yield* TestClock.adjust("1 minute")
      for (const { consentPortalArn, consentPortalId, name } of portals) {
        assert.strictEqual((yield* readPortal(consentPortalId)).name, name)
        assert.strictEqual((yield* readPortal(consentPortalArn)).name, name)
        assert.strictEqual(yield* tagOf(readPortal(`${name}-0000000000`)), "ResourceNotFoundException")
      }
      for (const { consentPortalId } of portals.slice(0, 3)) {
        yield* control((plane) => plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId }))
      }
      yield* TestClock.adjust("1 minute")
      const { consentPortals, nextToken } = yield* control((plane) => plane.listConsentPortals({ maxResults: 1 }))
      same([consentPortals.map(({ name }) => name), nextToken], [["c"], undefined])
    }).pipe(Effect.provide(Backend.backend())))
})
