import { assert, describe, it } from "@effect/vitest"
import type * as Connect from "effect-agentcore-identity/promise/Connect"
import * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { decodeJwt } from "jose"
import * as World from "../support/connectWorld.js"
import * as App from "./connectWorld.js"
import { rejectionOf, tagOf } from "./world.js"

const { connect: consent, press, request } = World
const { runWithContext } = PromiseIdentity

const promised = <A>(f: () => Promise<A>) => Effect.promise(f)

const subjectOf = (token: string) => decodeJwt(token).sub ?? ""

/** A vendor that can be told what to do. */
const makeVendor = () => {
  const vendor = {
    fails: undefined as unknown,
    revoked: [] as Array<string>,
    /** Ends the request of the last call. */
    signal: undefined as AbortSignal | undefined
  }
  const accounts = {
    calendar: {
      account: async (token, signal) => {
        vendor.signal = signal
        if (vendor.fails !== undefined) throw vendor.fails
        return { id: subjectOf(token), label: subjectOf(token) }
      },
      expect: async ({ userId }, { label }) => label === `${userId}@example.com`,
      revoke: async (token) => {
        if (vendor.fails !== undefined) throw vendor.fails
        vendor.revoked.push(token)
      }
    } satisfies NonNullable<Connect.Options["accounts"]>[string]
  }
  return { accounts, vendor }
}

describe("the account behind a connection, in promise/Connect", () => {
  it.live("is checked before a call gets the token, at once and after a wait", () => {
    const { accounts } = makeVendor()
    return App.inApplication(function*({ as, connect }) {
      const token = async (token: string) => subjectOf(token)
      const call = connect.withAccessToken("calendar")(token)
      const shown = yield* Deferred.make<void>()
      const waiting = runWithContext(as("alice"), () =>
        connect.withAccessToken("calendar", {
          onLink: () => {
            Deferred.doneUnsafe(shown, Effect.void)
          }
        })(token)())
      let isDone = false
      void waiting.finally(() => isDone = true)
      yield* Deferred.await(shown)

      const wrong = yield* consent("/connect/calendar", { account: "mallory@example.com" })
      assert.include(wrong.text, "mallory@example.com")
      assert.isFalse(isDone)
      assert.strictEqual(tagOf(yield* rejectionOf(runWithContext(as("alice"), call))), "RequiresUserConsent")
      // The token of a request, whose user the program names.
      const { getToken } = as("alice").workload
      const workloadAccessToken = yield* promised(getToken)
      const named = { workloadAccessToken, user: { userId: "alice" } }

      yield* consent("/connect/calendar", { account: "alice@example.com" })
      assert.strictEqual(yield* promised(() => waiting), "alice@example.com")
      assert.strictEqual(yield* promised(() => runWithContext(as("alice"), call)), "alice@example.com")
      assert.strictEqual(yield* promised(() => runWithContext(named, call)), "alice@example.com")
      // Without a user, nobody can say whose account it may be.
      const nameless = yield* rejectionOf(runWithContext({ workloadAccessToken }, call))
      assert.match(String(nameless), /the property user of runWithContext/)
    }, { accounts })
  })

  it.live("is unknown if the function rejects, and may be asked again", () => {
    const { accounts, vendor } = makeVendor()
    return App.inApplication(function*({ as, connect }) {
      const call = connect.withAccessToken("calendar")(async (token: string) => subjectOf(token))
      vendor.fails = new Error("no network")
      const page = yield* consent("/connect/calendar", { account: "alice@example.com" })
      assert.include(page.text, "The account could not be checked")
      const error = yield* rejectionOf(runWithContext(as("alice"), call))
      assert.deepInclude(error, { _tag: "AuthorizationFailed", reason: "AccountUnknown" })
      vendor.fails = undefined
      assert.strictEqual(yield* promised(() => runWithContext(as("alice"), call)), "alice@example.com")
      const [calendar] = yield* promised(() => connect.status({ userId: "alice" }))
      assert.deepInclude(calendar, {
        state: "Granted",
        account: { id: "alice@example.com", label: "alice@example.com" }
      })
    }, { accounts })
  })

  it.live("is asked for at most 5 seconds, and the request ends", () => {
    const { accounts: { calendar }, vendor } = makeVendor()
    const account = (_: string, signal: AbortSignal) => {
      vendor.signal = signal
      return new Promise<never>(() => {})
    }
    return App.inApplication(function*({ connect }) {
      yield* consent("/connect/calendar")
      assert.isTrue(vendor.signal?.aborted)
      const [connection] = yield* promised(() => connect.status({ userId: "alice" }))
      assert.deepInclude(connection, { state: "Granted", account: "unknown" })
    }, { accounts: { calendar: { revoke: calendar.revoke, account } } })
  })

  it.live("is checked by a response with the status 401, and disconnected from everything", () => {
    const { accounts, vendor } = makeVendor()
    return App.inApplication(function*({ connect }) {
      const alice = { userId: "alice" }
      yield* consent("/connect/calendar", { account: "alice@example.com" })
      assert.deepInclude(yield* promised(() => connect.check(alice, "calendar")), { state: "Granted" })
      vendor.fails = new Response(null, { status: 401 })
      assert.deepInclude(yield* promised(() => connect.check(alice, App.credentials.calendar)), {
        state: "RevokedAtVendor"
      })
      assert.include((yield* request("/connect/calendar")).text, "Access was removed at the provider")
      vendor.fails = undefined
      assert.include((yield* press("/connect/calendar", "check")).text, "Connected as alice@example.com")
      assert.strictEqual(tagOf(yield* rejectionOf(connect.check(alice, "other" as "mail"))), "ValidationException")
      assert.deepStrictEqual(yield* promised(() => connect.disconnectAll(alice)), [
        { name: "calendar", outcome: "Disconnected", atVendor: "Revoked" },
        { name: "mail", outcome: "NotConnected", atVendor: "NotSupported" }
      ])
      assert.lengthOf(vendor.revoked, 1)
      yield* consent("/connect/calendar", { account: "alice@example.com" })
      vendor.fails = new TypeError("no network")
      assert.deepInclude((yield* promised(() => connect.disconnectAll(alice)))[0], {
        outcome: "Disconnected",
        atVendor: "Failed"
      })
    }, { accounts })
  })
})
