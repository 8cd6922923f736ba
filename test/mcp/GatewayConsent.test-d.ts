import type { DataPlaneError } from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as GatewayConsent from "effect-agentcore-identity/mcp/GatewayConsent"
import type * as McpClient from "effect/ai/McpClient"
import type * as McpClientError from "effect/ai/McpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, it } from "vitest"

class Page extends Context.Service<Page, { readonly show: Effect.Effect<void, "closed"> }>()("test/Page") {}

declare const call: Effect.Effect<"result", McpClientError.McpClientError, McpClient.McpClient>
declare const inner: McpClient.Transport

const options = {
  show: () => Page.use(({ show }) => show),
  complete: (sessionUri: Redacted.Redacted) =>
    Identity.Identity.use((identity) => identity.completeAuthorization({ sessionUri, user: { userId: "alice" } }))
}

type Own = GatewayConsent.GatewayConsentRequired | GatewayConsent.InvalidGatewayConsent

describe("GatewayConsent.retrying", () => {
  it("adds the errors and the services of its options", () => {
    type Expected = Effect.Effect<
      "result",
      McpClientError.McpClientError | "closed" | DataPlaneError | Own,
      McpClient.McpClient | Page | Identity.Identity
    >
    expectTypeOf(GatewayConsent.retrying(call, options)).toEqualTypeOf<Expected>()
    expectTypeOf(pipe(call, GatewayConsent.retrying(options))).toEqualTypeOf<Expected>()
  })

  it("needs nothing that its options do not need", () => {
    expectTypeOf(pipe(call, GatewayConsent.retrying({ show: () => Effect.void }))).toEqualTypeOf<
      Effect.Effect<"result", McpClientError.McpClientError | Own, McpClient.McpClient>
    >()
  })

  it("does not run without the application's word", () => {
    // @ts-expect-error: `show` is missing
    void GatewayConsent.retrying(call, {})
    // @ts-expect-error: not an effect
    void GatewayConsent.retrying(call, { show: () => "shown" })
  })
})

describe("GatewayConsent.transport", () => {
  it("has the errors of a transport, and takes its services at once", () => {
    expectTypeOf(GatewayConsent.transport(inner, options)).toEqualTypeOf<
      Effect.Effect<McpClient.Transport, never, Page | Identity.Identity>
    >()
    expectTypeOf(GatewayConsent.transport(inner, { show: () => Effect.void })).toEqualTypeOf<
      Effect.Effect<McpClient.Transport>
    >()
  })
})

describe("GatewayConsent.GatewayConsent", () => {
  it("has a redacted link", () => {
    expectTypeOf<GatewayConsent.GatewayConsent["url"]>().toEqualTypeOf<Redacted.Redacted>()
    expectTypeOf<GatewayConsent.GatewayConsent["sessionUri"]>().toEqualTypeOf<Redacted.Redacted | undefined>()
  })
})
