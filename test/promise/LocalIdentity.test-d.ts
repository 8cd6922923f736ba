import {
  type LocalIdentity,
  type LocalIdentityWithUsers,
  type Options,
  start
} from "effect-agentcore-identity/promise/LocalIdentity"
import { expectTypeOf, test } from "vitest"

test("only a server with an authorization server has users", () => {
  expectTypeOf(start()).resolves.toEqualTypeOf<LocalIdentity>()
  expectTypeOf(start({ setup: "setup.jsonc", authorizationServer: false })).resolves.toEqualTypeOf<LocalIdentity>()
  expectTypeOf(start({ authorizationServer: true })).resolves.toEqualTypeOf<LocalIdentityWithUsers>()
  expectTypeOf(start({ authorizationServer: { scopes: ["mail:send"] } })).resolves.toEqualTypeOf<
    LocalIdentityWithUsers
  >()
  // A value that is known only at run time promises no users.
  expectTypeOf(start({ authorizationServer: Math.random() > 0.5 })).resolves.toEqualTypeOf<LocalIdentity>()
})

test("values of the control have no types of Effect", () => {
  type Control = LocalIdentity["control"]
  type Item<A> = A extends ReadonlyArray<infer B> ? B : never
  expectTypeOf<Awaited<ReturnType<Control["clock"]["state"]>>>().toEqualTypeOf<
    { readonly now: Date; readonly offset: number }
  >()
  type Grant = Item<Awaited<ReturnType<Control["grants"]["list"]>>>
  expectTypeOf<Grant["expiresAt"]>().toEqualTypeOf<Date | undefined>()
  expectTypeOf<Grant["scopes"]>().toEqualTypeOf<ReadonlyArray<string>>()
  type Consent = Item<Awaited<ReturnType<Control["consents"]["list"]>>>
  expectTypeOf<Consent["state"]>().extract<"Pending">().toEqualTypeOf<"Pending">()
  expectTypeOf<Consent["openedAt"]>().toEqualTypeOf<Date>()
})

test("a setup has references, and no unknown members", () => {
  type Setup = Exclude<Options["setup"], string | undefined>
  const setup: Setup = { apiKeyCredentialProviders: [{ name: "weather", apiKey: { $env: "WEATHER_KEY" } }] }
  expectTypeOf(setup).toExtend<Setup>()
  // @ts-expect-error: it has no such property
  const unknown: Setup = { apiKeys: [] }
  expectTypeOf(unknown).toExtend<Setup>()
  // @ts-expect-error: a key is a string, or a reference
  const wrong: Setup = { apiKeyCredentialProviders: [{ name: "weather", apiKey: 1 }] }
  expectTypeOf(wrong).toExtend<Setup>()
})
