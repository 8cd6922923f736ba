import type * as Consent from "effect-agentcore-identity/Consent"
import type { ValidationException } from "effect-agentcore-identity/IdentityError"
import type * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import type * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import { expectTypeOf, test } from "vitest"

declare const alice: TestUser.TestUser
declare const bob: TestUser.TestUser
declare const clock: LocalControl.ClockControl

test("an Act is a consent handler, with its errors", () => {
  expectTypeOf(PendingConsents.handler({ user: { userId: "alice" }, show: alice.approves })).toEqualTypeOf<
    Consent.ConsentHandler<
      TestUser.TestUserError | PendingConsents.ConsentStoreError | ValidationException,
      PendingConsents.PendingConsents
    >
  >()
  expectTypeOf(alice.forwardsLinkTo(bob)).toEqualTypeOf<TestUser.Act>()
  expectTypeOf(alice.returnsAfter(clock.advance("1 hour"))).toEqualTypeOf<
    TestUser.Act<TestUser.Page, LocalControl.LocalControlError>
  >()
})
