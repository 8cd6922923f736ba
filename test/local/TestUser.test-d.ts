import type * as Consent from "effect-agentcore-identity/Consent"
import type * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import type * as TestUser from "effect-agentcore-identity/local/TestUser"
import type * as Effect from "effect/Effect"
import { expectTypeOf, test } from "vitest"

declare const alice: TestUser.TestUser
declare const bob: TestUser.TestUser
declare const clock: LocalControl.LocalControl["Service"]["clock"]

type Act<A, E> = (link: Parameters<TestUser.TestUser["approves"]>[0]) => Effect.Effect<A, E>

test("an action is a consent handler, with its errors", () => {
  expectTypeOf(alice.approves).toExtend<Consent.Handler<TestUser.TestUserError>>()
  expectTypeOf(alice.forwardsLinkTo(bob)).toEqualTypeOf<Act<TestUser.Page, TestUser.TestUserError>>()
  expectTypeOf(alice.returnsAfter(clock.advance("1 hour"))).toEqualTypeOf<
    Act<TestUser.Page, TestUser.TestUserError | LocalControl.LocalControlError>
  >()
})
