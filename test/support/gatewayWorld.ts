/** A gateway over the local server, and two users of it with JWTs. */
import { assert } from "@effect/vitest"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import type { GatewayConsent } from "effect-agentcore-identity/mcp/GatewayConsent"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Redacted from "effect/Redacted"
import * as Calendar from "./calendar.js"
import * as World from "./connectWorld.js"
import * as Gateway from "./gateway.js"

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT of a user. Each `jti` is another JWT of the same user. */
export const jwtOf = (sub: string, jti = "1") =>
  `${part({ alg: "none" })}.${part({ iss: "https://issuer.example.com", sub, jti })}.${part({ signature: sub })}`

export const setUp = Effect.gen(function*() {
  const origin = HttpServer.formatAddress((yield* HttpServer.HttpServer).address)
  // A page of the application.
  const returnUrl = `${origin}/chat/1`
  yield* Calendar.setUp({
    clientId: "gateway-client",
    clientName: "Gateway",
    workloads: ["gateway"],
    returnUrls: [returnUrl],
    scopes: ["calendar:read"]
  })
  const target = yield* Gateway.target({
    workload: "gateway",
    provider: "calendar",
    scopes: ["openid", "calendar:read"],
    returnUrl
  })
  const browser = yield* TestUser.make("someone@example.com")
  const shown: Array<GatewayConsent> = []
  /** The user opens the link and consents, and the browser comes back with the session of the link. */
  const visit = (consent: GatewayConsent) =>
    Effect.gen(function*() {
      shown.push(consent)
      const page = yield* browser.approves(consent.url)
      const url = new URL(Redacted.value(page.url))
      assert.strictEqual(`${url.origin}${url.pathname}`, returnUrl)
      assert.strictEqual(url.searchParams.get("session_id"), consent.sessionUri && Redacted.value(consent.sessionUri))
    })
  return { target, browser, visit, shown, alice: jwtOf("alice"), bob: jwtOf("bob") }
})

export const program = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.scoped(self).pipe(Effect.provide(World.environment()))
