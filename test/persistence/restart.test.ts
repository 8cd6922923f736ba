import { assert, it } from "@effect/vitest"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { readdirSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { join } from "node:path"
import { buildProgram } from "../support/build.mjs"
import * as Calendar from "../support/calendar.js"
import * as Child from "../support/child.js"
import { keyOf } from "../support/consentStore.js"
import * as Folder from "../support/folder.js"
import * as SimulatedUser from "../support/simulatedUser.js"

/** A load balancer: one address for all processes. It passes connections on to the running one. */
const loadBalancer = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; target: string; readonly close: () => void }>((resume) => {
    const server = createServer((incoming) => {
      const outgoing = connect(Number(new URL(balancer.target).port), "127.0.0.1")
      for (const [from, to] of [[incoming, outgoing], [outgoing, incoming]] as const) {
        from.pipe(to).on("error", () => from.destroy())
      }
    })
    const balancer = { url: "", target: "", close: () => void server.close() }
    server.listen(0, "127.0.0.1", () => {
      balancer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      resume(Effect.succeed(balancer))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const start = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) =>
  Effect.flatMap(
    Effect.promise(() => buildProgram("persistence/restart.child.ts")),
    (program) => Child.start([program, ...args], { CONSENT_STORE_KEY: Redacted.value(keyOf(1)), ...environment })
  )

const environment = LocalIdentity.layer().pipe(Layer.provideMerge(AuthorizationServer.layer()))

it.live("another process completes a stored session when the first one is killed before the user's click", () =>
  Effect.gen(function*() {
    const local = yield* LocalIdentity.LocalServer
    const control = yield* LocalControl.LocalControl
    const balancer = yield* loadBalancer
    const folder = yield* Folder.temporary
    const returnUrl = `${balancer.url}/connect/return`
    yield* Calendar.setUp({
      clientId: "restarted-agent",
      workloads: ["restarted-agent"],
      returnUrls: [returnUrl],
      scopes: ["calendar:read"]
    })
    const args = [returnUrl, join(folder, "consents.db"), join(folder, "session.json")]

    const asking = yield* start(["ask", ...args], local.environment)
    const authorizationUrl = yield* asking.told("authorizationUrl")
    assert.strictEqual(yield* asking.kill, "SIGKILL")
    assert.include(readdirSync(folder), "session.json")

    const resuming = yield* start(["resume", ...args], local.environment)
    balancer.target = yield* resuming.told("origin")
    const page = yield* SimulatedUser.consent({
      authorizationUrl: Redacted.make(authorizationUrl),
      userName: "alice",
      decision: "allow"
    })
    assert.include(page.text, "Consent given")
    assert.isAbove(Number(yield* resuming.told("characters")), 100)

    // The user was prompted once: all later requests were for the one session.
    assert.lengthOf(yield* control.consents.list, 1)
    const tokenRequests = (yield* control.requests).filter(({ operation }) => operation === "GetResourceOauth2Token")
    assert.isAtLeast(tokenRequests.length, 2)
    const isPoll = ({ request }: LocalControl.RequestRecord) =>
      Option.exists(request, (request) => hasProperty(request, "sessionUri"))
    assert.lengthOf(tokenRequests.filter((record) => !isPoll(record)), 1)
  }).pipe(Effect.timeout("45 seconds"), Effect.provide(environment)))
