import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, it } from "@effect/vitest"
import * as Consent from "effect-agentcore-identity/Consent"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:http"
import { agenda, server } from "./two-users.ts"

const origin = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))

const returnUrl = Effect.map(origin, (origin) => `${origin}/connect/return`)

/** The workload identity and the credential provider, as on AWS. */
const setUp = Effect.gen(function*() {
  const client = { clientId: "my-agent", clientSecret: Redacted.make("for tests") }
  const { url } = yield* LocalIdentity.LocalServer
  const oauth = yield* AuthorizationServer.AuthorizationServer
  yield* oauth.registerClient({
    ...client,
    scopes: ["openid", "read"],
    redirectUris: [`${url}/identities/oauth2/callback/*`]
  })
  yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [yield* returnUrl] })
  yield* CredentialProvider.ensure(
    CredentialProvider.custom({ name: "calendar", discovery: oauth.discoveryUrl, ...client })
  )
})

/** The application on a free port, over AgentCore Identity and an authorization server of this process. */
const world = server.pipe(
  Layer.provideMerge(Layer.effect(Consent.ReturnUrl, Effect.map(returnUrl, Option.some))),
  Layer.provideMerge(Layer.effectDiscard(setUp)),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provideMerge(Layer.merge(LocalIdentity.layer(), AuthorizationServer.layer()))
)

/** A user with a browser, who is signed in at the application. */
const person = Effect.fn(function*(name: string) {
  const user = yield* TestUser.make(name)
  yield* user.opens(`${yield* origin}/sign-in/${name}`)
  return user
})

it.layer(world, { excludeTestServices: true })("two users", (it) => {
  it.effect("each get their own token, and one denies", () =>
    Effect.gen(function*() {
      const [alice, bob] = [yield* person("alice"), yield* person("bob")]
      const [agendaOfAlice, denied] = yield* Effect.all([
        agenda("alice", (link) => Effect.orDie(alice.approves(link))),
        Effect.flip(agenda("bob", (link) => Effect.orDie(bob.denies(link))))
      ], { concurrency: 2 })
      assert.match(agendaOfAlice, /^alice's token has \d{3,} characters$/)
      assert.strictEqual(denied._tag, "AuthorizationFailed")

      // Nobody is asked again who has consented. Bob changes his mind.
      const unasked = () => Effect.die("Alice was asked again")
      assert.strictEqual(yield* agenda("alice", unasked), agendaOfAlice)
      assert.match(yield* agenda("bob", (link) => Effect.orDie(bob.approves(link))), /^bob's token/)

      // The ten requests share the caller of those before.
      const { requests } = yield* LocalControl.LocalControl
      const before = (yield* requests).length
      yield* Effect.forEach(Array(10), () => agenda("alice", unasked), { concurrency: 3 })
      const operations = (yield* requests).slice(0, -before).map(({ operation }) => operation)
      assert.lengthOf(operations.filter((operation) => operation === "GetResourceOauth2Token"), 10)
      assert.notInclude(operations, "GetWorkloadAccessTokenForUserId")
    }))

  it.effect("connects each to their own account, also by a forwarded link", () =>
    Effect.gen(function*() {
      const [carol, dave] = [yield* person("carol"), yield* person("dave")]
      const both = (link: string) => Effect.orDie(Effect.andThen(dave.approves(link), carol.approves(link)))
      assert.match(yield* agenda("carol", both), /^carol's token/)
      assert.match(yield* agenda("dave", () => Effect.die("Dave was asked again")), /^dave's token/)
    }))
})
