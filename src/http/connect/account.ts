/**
 * Whose account a token belongs to. This is the one place that keeps back the tokens of accounts that the option
 * `expect` does not allow: `Identity` runs `review` before it returns a token.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Consent from "../../Consent.js"
import { InProgress, Issued, type TokenResponse } from "../../DataPlane.js"
import * as Identity from "../../Identity.js"
import { AuthorizationFailed, type ValidationException } from "../../IdentityError.js"
import * as Digest from "../../internal/credentialCache/digest.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import { Rejected } from "../../internal/identity/renewal.js"
import { type IssuedToken, type Review, type ReviewError, TokenReview } from "../../internal/identity/review.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { unregistered } from "../../internal/pendingConsents/store.js"
import * as SingleFlight from "../../internal/singleFlight.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import type { Account, Connect, Event, LinkOptions } from "./connectTypes.js"
import { invalid, type Links } from "./links.js"
import * as Vendors from "./vendors.js"

/** Milliseconds. The pages say why an agent of this process has dropped a token. */
const rememberedDrop = 10 * 60_000

/** Why a token was dropped. */
type Dropped =
  | { readonly state: "WrongAccount"; readonly account: Account }
  | { readonly state: "RevokedAtVendor"; readonly account: "unknown" }

const maxRounds = 3

/** In a minute. A vendor that fails must not end the consents of all users. */
const maxDrops = 10

type Grant = Parameters<Links["grantKeyOf"]>[0]

export const make = ({ accounts, emit, links }: {
  readonly accounts: LinkOptions["accounts"]
  readonly links: Links
  readonly emit: (user: UserIdentifier, event: Pick<Event, "_tag" | "account" | "credential">) => Effect.Effect<void>
}) =>
  Effect.gen(function*() {
    const vendors = yield* Vendors.make(accounts, links)
    const { inspect, optionsOf } = vendors
    const digestOf = Digest.makeDigestOf()
    const drops = ExpiringMap.make<Dropped>()
    const shareDrop = SingleFlight.makeUnsafe<boolean, ReviewError>()
    /** The times of the last drops. */
    let recent: ReadonlyArray<number> = []

    const takeDrop = Effect.map(Clock.currentTimeMillis, (now) => {
      recent = recent.filter((time) => now - time < 60_000)
      const isAllowed = recent.length < maxDrops
      if (isAllowed) recent = [...recent, now]
      return isAllowed
    })

    /** A user has another JWT in the browser than an agent has for them. */
    const keyOf = (grant: Grant, user: UserIdentifier, workload = ""): Effect.Effect<string> =>
      Effect.map(
        Signals.grant({ workload, user, credential: links.grantKeyOf(grant) }),
        (topic) => Redacted.value(topic.name)
      )

    const keyOfName = (name: string, user: UserIdentifier) => keyOf(links.find(name)?.request ?? { provider: "" }, user)

    /**
     * Drops a token by a forced request, unless it is already gone: a request may have brought a better one. Returns
     * the response in its place, or `undefined` if too many were dropped.
     */
    const drop = Effect.fnUntraced(function*<R>(
      { credential, request, token }: IssuedToken<R>,
      { user, workload }: Caller,
      dropped: Dropped,
      name: string
    ) {
      const context = yield* Effect.context<R>()
      let own: TokenResponse | undefined
      const forced = Effect.gen(function*() {
        own = yield* request(false)
        if (own._tag !== "Issued" || !isSame(own.accessToken, token)) return true
        if (!(yield* takeDrop)) return false
        own = yield* request(true)
        const { account, state } = dropped
        yield* emit(user, { _tag: state, credential: name, account: account === "unknown" ? undefined : account })
        return true
      })
      const key = yield* keyOf(credential, user, workload)
      const isDropped = yield* shareDrop(
        `${key} ${digestOf(token)}`,
        // An interruption could lose the event of a token that is already dropped.
        forced.pipe(
          Effect.provideService(Rejected, Option.some(token)),
          Effect.uninterruptible,
          Effect.provideContext(context)
        )
      )
      if (!isDropped) {
        yield* Effect.logWarning(
          `More than ${maxDrops} tokens were to be dropped in a minute. One of ${name} is withheld`
        )
        return undefined
      }
      const now = yield* Clock.currentTimeMillis
      drops.removeExpired(now)
      drops.set(yield* keyOf(credential, user), dropped, now + rememberedDrop)
      // The session of another caller has the state of that caller's request.
      return own ?? (yield* request(false))
    })

    /** Whether a token may be used. If not, the response that takes its place, and the reason. */
    const judge = Effect.fnUntraced(function*<R>(
      name: string,
      caller: Caller,
      issued: IssuedToken<R>,
      purpose: "use" | "view",
      requested: string
    ) {
      const rejected = yield* Rejected
      const isRejected = Option.isSome(rejected) && isSame(rejected.value, issued.token)
      // A resource rejects the token, so the vendor may have revoked it.
      const fresh = isRejected ? yield* inspect(name, issued.token, "fresh") : undefined
      let inspection = fresh !== undefined && fresh._tag !== "Unknown"
        ? fresh
        // A vendor that does not respond must not use up the budget of polls.
        : yield* inspect(name, issued.token, issued.isPolled ? "view" : purpose)
      // The user is asked again, unless they are just being asked: the vendor may accept a new token later.
      const isAskedAgain = purpose === "use" && !issued.isPolled
      if (inspection._tag === "Rejected" && isAskedAgain) {
        yield* Effect.logWarning(`The vendor does not accept the token of ${name} (401)`)
        inspection = yield* vendors.inspectLater(name, issued.token)
      }
      if (inspection._tag === "Rejected" && !isAskedAgain) {
        const response = yield* Effect.provideService(issued.request(false), Rejected, Option.some(issued.token))
        return { response, reason: "RevokedAtVendor" } as const
      }
      const { expect } = optionsOf(name)
      const isAllowed = inspection._tag !== "Rejected" && (expect === undefined
        || (inspection._tag === "Known"
          ? yield* Vendors.isExpected(name, expect, caller.user, inspection.account)
          : undefined))
      if (isAllowed) return undefined
      if (inspection._tag === "Unknown" || isAllowed === undefined) return { reason: "AccountUnknown" } as const
      const dropped = inspection._tag === "Known"
        ? { state: "WrongAccount", account: inspection.account } as const
        : { state: "RevokedAtVendor", account: "unknown" } as const
      const response = yield* drop(issued, caller, dropped, requested)
      return { response, reason: response === undefined ? "AccountUnknown" : dropped.state } as const
    })

    const reviewAs = Effect.fnUntraced(function*<R>(
      names: ReadonlyArray<string>,
      issued: IssuedToken<R>,
      purpose: "use" | "view",
      requested: string
    ) {
      const caller = yield* callerOf(names.join())
      let { token } = issued
      for (let round = 1;; round++) {
        let verdict: Effect.Success<ReturnType<typeof judge<R>>>
        for (const name of names) verdict ??= yield* judge(name, caller, { ...issued, token }, purpose, requested)
        if (verdict === undefined) return new Issued({ accessToken: token })
        const { reason, response } = verdict
        if (response !== undefined && response._tag !== "Issued") return response
        if (response === undefined || isSame(response.accessToken, token) || round === maxRounds) {
          return yield* new AuthorizationFailed({ provider: issued.credential.provider, reason })
        }
        token = response.accessToken
      }
    })

    const reviewFor = (purpose: "use" | "view"): Review => (issued) => {
      const needed = purpose === "view" ? "account" : "expect"
      const all = links.namesOfGrant(issued.credential)
      const [requested = ""] = all
      const names = all.filter((name) => optionsOf(name)[needed] !== undefined)
      return names.length === 0 ? undefined : reviewAs(names, issued, purpose, requested)
    }

    const makeIdentity = (purpose: "use" | "view") =>
      Effect.provideService(Identity.make, TokenReview, reviewFor(purpose))

    const unreviewed = yield* Identity.make

    /** Reviews a token that a wait has found, which may be the wait of another `Identity`. */
    const review: Connect["Service"]["review"] = (session, token) => {
      const { provider } = session
      const reviewed = reviewFor("use")({
        credential: session,
        token,
        isPolled: true,
        request: (forceAuthentication) =>
          unregistered(unreviewed.getAccessToken({ ...session, forceAuthentication, consent: Consent.fail })).pipe(
            Effect.map((accessToken) => new Issued({ accessToken })),
            Effect.catchTag("RequiresUserConsent", () => Effect.succeed(new InProgress())),
            Effect.mapError(() => new AuthorizationFailed({ provider, reason: "AccountUnknown" }))
          )
      })
      return reviewed === undefined ? Effect.succeedSome(token) : Effect.matchEffect(reviewed, {
        onFailure: (error) => Effect.as(Effect.logDebug(`The wait continues: ${error.message}`), Option.none()),
        onSuccess: (response) =>
          Effect.succeed(response._tag === "Issued" ? Option.some(response.accessToken) : Option.none())
      })
    }

    return {
      ...vendors,
      review,
      /** Its tokens are reviewed. */
      identity: yield* makeIdentity("use"),
      /** Its tokens are reviewed for the pages. */
      viewing: yield* makeIdentity("view"),
      /** Its tokens are not reviewed: they are only inspected, or dropped. */
      unreviewed,
      /** Why the last token was dropped, if this process has dropped it, and the user has done nothing since. */
      whyDropped: (name: string, user: UserIdentifier): Effect.Effect<Dropped | undefined> =>
        Effect.zipWith(keyOfName(name, user), Clock.currentTimeMillis, (key, now) => {
          drops.removeExpired(now)
          return drops.get(key)
        }),
      /** The user connects or disconnects. */
      forgetDrop: (name: string, user: UserIdentifier): Effect.Effect<void> =>
        Effect.map(keyOfName(name, user), drops.remove)
    }
  })

const isSame = (self: Redacted.Redacted, that: Redacted.Redacted): boolean =>
  Redacted.value(self) === Redacted.value(that)

/** Who requests a token. Without a name of the workload, its access token names it. */
interface Caller {
  readonly user: UserIdentifier
  readonly workload: string
}

const callerOf = (name: string) =>
  Effect.gen(function*() {
    const caller = Option.getOrUndefined(yield* Effect.serviceOption(WorkloadAccessToken))
    if (caller?.user === undefined) return yield* unknownUser(name)
    return { user: caller.user, workload: caller.workload ?? Redacted.value(yield* caller.get) }
  })

const unknownUser = (name: string): ValidationException =>
  invalid(
    `accounts.${name}.expect`,
    "be called with a user, and the workload access token has none: give it one with WorkloadAccessToken.make(token, user), "
      + "layerWorkload, or the property user of runWithContext"
  )
