import type * as Consent from "effect-agentcore-identity/Consent"
import type * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import type * as TestUser from "effect-agentcore-identity/local/TestUser"
import { expectTypeOf, test } from "vitest"

declare const alice: TestUser.TestUser
declare const bob: TestUser.TestUser
declare const clock: LocalControl.ClockControl

test("an Act is a consent handler, with its errors", () => {
  expectTypeOf(alice.approves).toExtend<Consent.Handler<TestUser.TestUserError>>()
  expectTypeOf(alice.forwardsLinkTo(bob)).toEqualTypeOf<TestUser.Act>()
  expectTypeOf(alice.returnsAfter(clock.advance("1 hour"))).toEqualTypeOf<
    TestUser.Act<TestUser.Page, LocalControl.LocalControlError>
  >()
})
