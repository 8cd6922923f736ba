/**
 * Whose account a token belongs to. This is the one place that withholds the tokens of accounts that the option
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
import * as Digest from "../../internal/digest.js"
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

type Dropped =
  | { readonly state: "WrongAccount"; readonly account: Account }
  | { readonly state: "RevokedAtVendor"; readonly account: "unknown" }

const maxRounds = 3

/** Per minute. A vendor that fails must not end the consents of all users. */
const maxDrops = 10

type Grant = Parameters<Links["grantKeyOf"]>[0]

/** `view`: for a page. `use`: decides on a token. */
type Purpose = "use" | "view"

interface Caller {
  readonly user: UserIdentifier
  /** Its name, or its access token. */
  readonly workload: string
}

interface Settings {
  readonly accounts: LinkOptions["accounts"]
  readonly links: Links
  readonly emit: (user: UserIdentifier, event: Pick<Event, "_tag" | "account" | "credential">) => Effect.Effect<void>
}

const isSame = (self: Redacted.Redacted, that: Redacted.Redacted): boolean =>
  Redacted.value(self) === Redacted.value(that)

const unknownUser = (name: string): ValidationException =>
  invalid(
    `accounts.${name}.expect`,
    "be called with a user, and the workload access token has none: give it one with WorkloadAccessToken.make(token, user), "
      + "layerWorkload, or the property user of runWithContext"
  )

const callerOf = (name: string) =>
  Effect.gen(function*() {
    const caller = Option.getOrUndefined(yield* Effect.serviceOption(WorkloadAccessToken))
    if (caller?.user === undefined) return yield* unknownUser(name)
    return { user: caller.user, workload: caller.workload ?? Redacted.value(yield* caller.get) }
  })

/** Whether one more token may be dropped in this minute. */
const makeDropLimit = (): Effect.Effect<boolean> => {
  let recent: ReadonlyArray<number> = []
  return Effect.map(Clock.currentTimeMillis, (now) => {
    recent = recent.filter((time) => now - time < 60_000)
    const isAllowed = recent.length < maxDrops
    if (isAllowed) recent = [...recent, now]
    return isAllowed
  })
}

const makeDrops = ({ emit, links }: Pick<Settings, "emit" | "links">) => {
  const digestOf = Digest.makeDigestOf()
  const drops = ExpiringMap.make<Dropped>()
  const shareDrop = SingleFlight.makeUnsafe<boolean, ReviewError>()
  const takeDrop = makeDropLimit()

  /** The JWT of a user can differ between the browser and the agent. */
  const keyOf = (grant: Grant, user: UserIdentifier, workload = ""): Effect.Effect<string> =>
    Effect.map(
      Signals.grant({ workload, user, credential: links.grantKeyOf(grant) }),
      (topic) => Redacted.value(topic.name)
    )

  const keyOfName = (name: string, user: UserIdentifier) => keyOf(links.find(name)?.request ?? { provider: "" }, user)

  /**
   * Drops a token by a forced request, unless it is already gone: a request may have brought a better one. Returns the
   * response in its place, or `undefined` if too many were dropped.
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
    const isDropped = yield* shareDrop(
      `${yield* keyOf(credential, user, workload)} ${digestOf(token)}`,
      // An interruption could lose the event of a token that is already dropped.
      forced.pipe(
        Effect.provideService(Rejected, Option.some(token)),
        Effect.uninterruptible,
        Effect.provideContext(context)
      )
    )
    if (!isDropped) {
      yield* Effect.logWarning(`At most ${maxDrops} tokens are dropped in a minute. One more of ${name} is withheld`)
      return undefined
    }
    const now = yield* Clock.currentTimeMillis
    drops.removeExpired(now)
    drops.set(yield* keyOf(credential, user), dropped, now + rememberedDrop)
    // `own` is unset for a caller who shared the drop: a session has the state of its own request.
    return own ?? (yield* request(false))
  })

  return {
    drop,
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
}

/** What the vendor says about an issued token. */
const inspectIssued = Effect.fnUntraced(function*(
  vendors: Vendors.Vendors,
  name: string,
  { isPolled, token }: Pick<IssuedToken<never>, "isPolled" | "token">,
  purpose: Purpose
) {
  const rejected = yield* Rejected
  const isRejected = Option.isSome(rejected) && isSame(rejected.value, token)
  // A resource rejects the token, so the vendor may have revoked it.
  const fresh = isRejected ? yield* vendors.inspect(name, token, "fresh") : undefined
  const inspection = fresh !== undefined && fresh._tag !== "Unknown"
    ? fresh
    // A vendor that does not respond must not use up the budget of polls.
    : yield* vendors.inspect(name, token, isPolled ? "view" : purpose)
  if (inspection._tag !== "Rejected" || purpose === "view" || isPolled) return inspection
  yield* Effect.logWarning(`The vendor does not accept the token of ${name} (401)`)
  return yield* vendors.inspectLater(name, token)
})

const makeReviews = (
  { drop, links, vendors }: {
    readonly drop: ReturnType<typeof makeDrops>["drop"]
    readonly links: Links
    readonly vendors: Vendors.Vendors
  }
) => {
  /** Whether a token may be used. If not, the response that takes its place, and the reason. */
  const judge = Effect.fnUntraced(function*<R>(
    name: string,
    caller: Caller,
    issued: IssuedToken<R>,
    purpose: Purpose,
    requested: string
  ) {
    const inspection = yield* inspectIssued(vendors, name, issued, purpose)
    const { expect } = vendors.optionsOf(name)
    if (inspection._tag === "Unknown" && expect === undefined) return undefined
    if (inspection._tag === "Unknown") return { reason: "AccountUnknown" } as const
    // The user is asked again, unless they are just being asked: the vendor may accept a new token later.
    if (inspection._tag === "Rejected" && (purpose === "view" || issued.isPolled)) {
      const response = yield* Effect.provideService(issued.request(false), Rejected, Option.some(issued.token))
      return { response, reason: "RevokedAtVendor" } as const
    }
    if (inspection._tag === "Rejected") {
      const response = yield* drop(issued, caller, { state: "RevokedAtVendor", account: "unknown" }, requested)
      return { response, reason: response === undefined ? "AccountUnknown" : "RevokedAtVendor" } as const
    }
    const { account } = inspection
    const isAllowed = expect === undefined || (yield* Vendors.isExpected(name, expect, caller.user, account))
    if (isAllowed === true) return undefined
    if (isAllowed === undefined) return { reason: "AccountUnknown" } as const
    const response = yield* drop(issued, caller, { state: "WrongAccount", account }, requested)
    return { response, reason: response === undefined ? "AccountUnknown" : "WrongAccount" } as const
  })

  const reviewAs = Effect.fnUntraced(function*<R>(
    names: ReadonlyArray<string>,
    issued: IssuedToken<R>,
    purpose: Purpose,
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

  return (purpose: Purpose): Review => (issued) => {
    const needed = purpose === "view" ? "account" : "expect"
    const all = links.namesOfGrant(issued.credential)
    const [requested = ""] = all
    const names = all.filter((name) => vendors.optionsOf(name)[needed] !== undefined)
    return names.length === 0 ? undefined : reviewAs(names, issued, purpose, requested)
  }
}

/** Reviews a token that a wait has found, also a wait of another `Identity`. */
const makeSessionReview =
  (review: Review, unreviewed: Identity.Identity["Service"]): Connect["Service"]["review"] => (session, token) => {
    const { provider } = session
    const reviewed = review({
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

export type Accounts = Effect.Success<ReturnType<typeof make>>

export const make = ({ accounts, emit, links }: Settings) =>
  Effect.gen(function*() {
    const vendors = yield* Vendors.make(accounts, links)
    const { drop, ...drops } = makeDrops({ emit, links })
    const reviewFor = makeReviews({ drop, links, vendors })
    const makeIdentity = (purpose: Purpose) => Effect.provideService(Identity.make, TokenReview, reviewFor(purpose))
    const unreviewed = yield* Identity.make
    return {
      ...vendors,
      ...drops,
      review: makeSessionReview(reviewFor("use"), unreviewed),
      /** Reviews its tokens. */
      identity: yield* makeIdentity("use"),
      /** Reviews its tokens for the pages. */
      viewing: yield* makeIdentity("view"),
      /** For tokens that are only inspected or dropped. */
      unreviewed
    }
  })
