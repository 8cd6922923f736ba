import type * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import type * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import type * as Effect from "effect/Effect"
import { expectTypeOf, test } from "vitest"

declare const alice: TestUser.TestUser
declare const bob: TestUser.TestUser
declare const clock: LocalControl.ClockControl

test("an Act is a consent handler, with its errors", () => {
  const show = PendingConsents.handler({ user: { userId: "alice" }, show: alice.approves })
  expectTypeOf<Effect.Error<ReturnType<typeof show>>>().extract<TestUser.TestUserError>().toEqualTypeOf<
    TestUser.TestUserError
  >()
  expectTypeOf(alice.forwardsLinkTo(bob)).toEqualTypeOf<TestUser.Act>()
  expectTypeOf(alice.returnsAfter(clock.advance("1 hour"))).toEqualTypeOf<
    TestUser.Act<TestUser.Page, LocalControl.LocalControlError>
  >()
})

test("Action has seven members", () => {
  expectTypeOf<TestUser.Action["_tag"]>().toEqualTypeOf<
    "Approves" | "Denies" | "Abandons" | "ForwardsLink" | "ClicksTwice" | "ReturnsAfter" | "Revokes"
  >()
  // @ts-expect-error: it returns after some seconds
  const action: TestUser.Action = { _tag: "ReturnsAfter" }
  expectTypeOf(action).toExtend<TestUser.Action>()
})
