import { assert, describe, it } from "@effect/vitest"
import * as UserIdentifier from "effect-agentcore-identity/UserIdentifier"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FastCheck from "fast-check"
import {
  authorize,
  backend,
  callback,
  complete,
  consent,
  issued,
  LocalBackend,
  obtain,
  setup,
  tokenFor
} from "./support/localBackend.js"
import { rounds } from "./support/rounds.js"

const isUserId = (userId: string) => Schema.is(UserIdentifier.UserIdentifier)({ userId })

/** Often generates strings that look like parts of a derived id. */
const string = FastCheck.oneof(
  FastCheck.string({ minLength: 1, maxLength: 20 }),
  FastCheck.array(FastCheck.constantFrom("#account=", "#", "%", "%23", "%25", "a", "="), {
    minLength: 1,
    maxLength: 6
  }).map((parts) => parts.join(""))
)

describe("account", () => {
  it("is readable", () =>
    assert.deepStrictEqual(UserIdentifier.account({ userId: "github+alice" }, "work"), {
      userId: "github+alice#account=work"
    }))

  it("has a different id for every pair of user and name, and never the user's own", () =>
    FastCheck.assert(
      FastCheck.property(string, string, string, string, (alice, work, bob, home) => {
        const one = UserIdentifier.account({ userId: alice }, work)
        const other = UserIdentifier.account({ userId: bob }, home)
        assert.strictEqual(one.userId === other.userId, alice === bob && work === home)
        assert.notStrictEqual(one.userId, alice)
        assert.isTrue(one.userId.startsWith(alice))
      }),
      { numRuns: rounds({ few: 2000, full: 20_000 }) }
    ))

  it("is rejected when it exceeds the limit of a user id", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.string({ minLength: 1, maxLength: 128 }),
        FastCheck.string({ maxLength: 64 }),
        (userId, name) => {
          const derived = UserIdentifier.account({ userId }, name).userId
          const length = userId.length + 9 + name.replace(/[#%]/g, "...").length
          assert.strictEqual(derived.length, length)
          assert.strictEqual(isUserId(derived), length <= 128)
        }
      ),
      { numRuns: 1000 }
    ))

  it("passes a missing user on unchanged", () =>
    assert.isFalse(isUserId(UserIdentifier.account({ userId: "" }, "work").userId)))

  it.effect("has its own namespace in the vault, and session binding compares the derived id", () =>
    Effect.gen(function*() {
      yield* setup
      const alice = { userId: "alice" }
      const work = UserIdentifier.account(alice, "work")
      const { sessionUri } = yield* consent(yield* tokenFor(work.userId))
      const local = yield* LocalBackend.LocalBackend
      yield* callback(yield* authorize(sessionUri), { code: "approved" })
      assert.strictEqual((yield* Effect.flip(complete(sessionUri, alice)))._tag, "AccessDeniedException")

      assert.strictEqual(yield* obtain(yield* tokenFor(work.userId)), "token-1.calendar.approved.read")
      assert.strictEqual(yield* issued(yield* tokenFor(work.userId)), "token-1.calendar.approved.read")
      yield* consent(yield* tokenFor("alice"))
      yield* consent(yield* tokenFor(UserIdentifier.account(alice, "home").userId))
      assert.isAbove((yield* local.consents).length, 3)
    }).pipe(Effect.provide(backend())))
})
