import { assert, describe, it } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import * as Child from "../support/child.js"
import { createProvider } from "../support/localBackend.js"
import * as World from "../support/localWorld.js"

const program = fileURLToPath(new URL("official-sdk.child.mjs", import.meta.url))

/** Runs the program with only these environment variables and `PATH`. */
const run = (
  input: object,
  environment: Readonly<Record<string, string>>,
  onReport: (name: string, value: unknown) => void
) =>
  Effect.gen(function*() {
    const child = yield* Child.start(["--no-warnings", program, JSON.stringify(input)], environment)
    yield* Stream.runForEach(child.reports, ({ name, value }) => Effect.sync(() => onReport(String(name), value)))
    assert.strictEqual(yield* child.ended, 0, child.output())
  })

/** The provider `mail`, which exchanges users' JWTs, and the JWT of a user who is signed in elsewhere. */
const setUpMail = (returnUrl: string) =>
  Effect.gen(function*() {
    const authorizationServer = yield* AuthorizationServer.AuthorizationServer
    const clientSecret = Redacted.make("another-development-secret")
    yield* authorizationServer.registerClient({
      clientId: "mail-client",
      clientSecret,
      scopes: ["mail:send"],
      grants: ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]
    })
    yield* createProvider("mail", {
      oauthDiscovery: { discoveryUrl: authorizationServer.discoveryUrl },
      clientId: "mail-client",
      clientSecret,
      onBehalfOfTokenExchangeConfig: {
        grantType: "TOKEN_EXCHANGE",
        tokenExchangeGrantTypeConfig: { actorTokenContent: "M2M", actorTokenScopes: ["mail:send"] }
      }
    })
    const carol = yield* World.person("carol")
    return yield* World.as("robot", "carol")(World.userToken(returnUrl, carol.approves))
  })

describe("the official npm SDK", () => {
  // Its polls are five seconds apart.
  it.live("obtains keys and tokens of each flow from the local server, and its exceptions", () =>
    Effect.gen(function*() {
      const returnUrl = "app:/consent"
      const world = yield* World.setUp([returnUrl])
      const userJwt = yield* setUpMail(world.returnUrl)
      const { environment } = yield* LocalIdentity.LocalServer
      const dataPlane = yield* DataPlane.DataPlane
      const identity = yield* Identity.Identity
      const machine = yield* dataPlane.getWorkloadAccessToken({ workloadName: "agent" })
      const user = yield* dataPlane.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" })

      const delegated = yield* dataPlane.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken: userJwt })

      const asked = yield* Deferred.make<string>()
      const responses = new Map<string, unknown>()
      const input = {
        returnUrl,
        delegatedToken: Redacted.value(delegated.workloadAccessToken),
        machineToken: Redacted.value(machine.workloadAccessToken),
        userToken: Redacted.value(user.workloadAccessToken)
      }
      const consent = Effect.gen(function*() {
        const alice = yield* World.person("alice")
        const authorizationUrl = Redacted.make(yield* Deferred.await(asked))
        const page = yield* alice.approves(authorizationUrl)
        // At its callback URL, the application completes the session for the signed-in user.
        const back = new URL(Redacted.value(page.url))
        assert.strictEqual(`${back.protocol}${back.pathname}`, returnUrl)
        const sessionUri = Redacted.make(back.searchParams.get("session_id") ?? "")
        yield* identity.completeAuthorization({ sessionUri, user: { userId: "alice" } })
      })
      yield* Effect.all([
        consent,
        run(input, environment, (name, value) => {
          responses.set(name, value)
          if (name === "authorizationUrl") Deferred.doneUnsafe(asked, Effect.succeed(String(value)))
        })
      ], { concurrency: 2 })

      assert.deepStrictEqual(responses.get("apiKey"), { city: "Zürich", apiKey: "key-of-the-weather" })
      const claims = (name: string) => World.claimsOf(Redacted.make(String(responses.get(name))))
      assert.strictEqual(claims("machine").sub, "calendar-client")
      assert.strictEqual(claims("machine").scope, "reports:read")
      assert.strictEqual(claims("delegated").sub, "carol")
      assert.strictEqual(claims("delegated").scope, "mail:send")
      assert.strictEqual(claims("delegated").client_id, "mail-client")
      assert.propertyVal(claims("delegated")["act"], "sub", "mail-client")
      assert.strictEqual(claims("user").sub, "alice")
      assert.strictEqual(claims("user").scope, "profile:read")
      assert.strictEqual(responses.get("userAgain"), responses.get("user"))
      assert.isFalse(responses.has("askedAgain"))
      assert.match(String(responses.get("askedForMore")), /\/identities\/oauth2\/authorize\?request_uri=/)
      assert.strictEqual(responses.get("forced"), "shown")
      assert.deepStrictEqual(responses.get("unknown"), { name: "ResourceNotFoundException", status: 404 })
      assert.deepStrictEqual(responses.get("foreign"), { name: "UnauthorizedException", status: 401 })
      assert.deepStrictEqual(responses.get("homeless"), {
        name: "ValidationException",
        message: "You must provide a ResourceOauth2ReturnUrl to proceed with this flow"
      })
    }).pipe(Effect.provide(World.layer)))
})
