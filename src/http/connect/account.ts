/**
 * Whose account a token belongs to. This is the one place that asks vendors, and that keeps back the tokens of accounts
 * that the option `expect` does not allow: `Identity` runs `review` before it returns a token.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import { hasProperty, isFunction, isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as ConsentSignals from "../../ConsentSignals.js"
import * as Digest from "../../credentialCache/digest.js"
import type { TokenResponse } from "../../DataPlane.js"
import { type Issued, Rejected, type Review, type ReviewError, TokenReview } from "../../identity/credentials.js"
import { AuthorizationFailed, type ValidationException } from "../../IdentityError.js"
import * as BoundedStream from "../../internal/boundedStream.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import { truncateName } from "../../internal/messages.js"
import { withoutRedirects } from "../../internal/origins.js"
import * as SingleFlight from "../../internal/singleFlight.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import type { Account, AccountOptions, AtVendor, Event, LinkOptions } from "./connectTypes.js"
import { invalid, type Links } from "./links.js"

/** What a vendor says about a token. `Rejected`: it does not accept the token. `Unknown`: it says nothing. */
export type Inspection =
  | { readonly _tag: "Known"; readonly account: Account }
  | { readonly _tag: "Rejected" }
  | { readonly _tag: "Unknown" }

export type Accounts = Effect.Success<ReturnType<typeof make>>

// -----------------------------------------------------------------------------
// Requests to vendors
// -----------------------------------------------------------------------------

const timeLimit = "5 seconds"

/** Bytes. */
const maxResponse = 1_000_000

/** A client that follows no redirects, which would carry the token elsewhere, and that reads only small responses. */
const limit = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(
    client,
    (send, request) =>
      Effect.flatMap(withoutRedirects(send), (response) =>
        Effect.map(BoundedStream.read(response.stream, maxResponse), (body) => {
          const { status } = response
          // A status without a body must have none.
          const content = status === 204 || status === 205 || status === 304
            ? null
            : body ?? "The response is too large"
          return HttpClientResponse.fromWeb(request, new Response(content, { status, headers: response.headers }))
        }))
  )

/** The client of the program, or else `fetch`. */
const makeClient = Effect.gen(function*() {
  const own = yield* Effect.serviceOption(HttpClient.HttpClient)
  return limit(
    Option.isSome(own) ? own.value : yield* Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer)
  )
})

/** The status of an error of a client: its own, or that of its response. */
const statusOf = (error: unknown): unknown =>
  !isObject(error)
    ? undefined
    : error["status"] ?? (isObject(error["response"]) ? error["response"]["status"] : undefined)

/** Names an error. Its message can quote the token. */
const describe = (error: unknown): string => {
  const status = statusOf(error)
  const name = hasProperty(error, "_tag") && isString(error._tag)
    ? error._tag
    : error instanceof Error
    ? error.name
    : typeof error
  return `${truncateName(name)}${typeof status === "number" ? `, status ${status}` : ""}`
}

/** Runs `onError` for every failure and defect. */
const orElse = <A, E, R, B>(self: Effect.Effect<A, E, R>, onError: (error: unknown) => Effect.Effect<B>) =>
  Effect.catchCause(self, (cause): Effect.Effect<B> =>
    Cause.hasInterruptsOnly(cause)
      // The cause contains no failure.
      ? Effect.failCause(cause as Cause.Cause<never>)
      : onError(Cause.squash(cause)))

const isAccount = (account: unknown): account is Account =>
  isObject(account) && isString(account["id"]) && account["id"] !== "" && isString(account["label"])

/** Characters. */
const maxLabel = 200

/** A vendor's label can be any text, also one that turns around what follows it. */
const toLabel = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "").trim().slice(0, maxLabel)

const toInspection = (account: unknown): Inspection =>
  isAccount(account)
    ? { _tag: "Known", account: { id: account.id, label: toLabel(account.label) || toLabel(account.id) } }
    : { _tag: "Unknown" }

// -----------------------------------------------------------------------------
// Options
// -----------------------------------------------------------------------------

const check = (accounts: LinkOptions["accounts"], links: Links): Effect.Effect<void, ValidationException> =>
  Effect.gen(function*() {
    if (accounts === undefined) return
    if (!isObject(accounts)) return yield* invalid("accounts", "be an object with the names of credentials")
    for (const [name, options] of Object.entries(accounts)) {
      if (options === undefined) continue
      if (!isObject(options)) return yield* invalid(`accounts.${name}`, "be an object with functions")
      if (links.find(name) === undefined) {
        return yield* invalid(`accounts.${name}`, "have the name of one of the credentials")
      }
      const wrong = (["account", "expect", "revoke"] as const).find((property) =>
        options[property] !== undefined && !isFunction(options[property])
      )
      if (wrong !== undefined) return yield* invalid(`accounts.${name}.${wrong}`, "be a function")
      if (options.expect !== undefined && options.account === undefined) {
        return yield* invalid(`accounts.${name}.account`, "be given with expect")
      }
    }
  })

// -----------------------------------------------------------------------------
// Accounts
// -----------------------------------------------------------------------------

/** Milliseconds. The account of a token never changes. Only views use a failure that is remembered. */
const remembered = { Known: 60 * 60_000, Rejected: 30_000, Unknown: 30_000 }

/** `view`: for a page. `use`: decides on a token. `fresh`: uses nothing remembered, as a resource rejects the token. */
type Purpose = "fresh" | "use" | "view"

/** Milliseconds. The page says which account was wrong, also if an agent of this process noticed it first. */
const rememberedWrong = 10 * 60_000

const maxRounds = 3

export const make = ({ accounts, emit, links }: {
  readonly accounts: LinkOptions["accounts"]
  readonly links: Links
  readonly emit: (user: UserIdentifier, event: Pick<Event, "_tag" | "account" | "credential">) => Effect.Effect<void>
}) =>
  Effect.gen(function*() {
    yield* check(accounts, links)
    const client = yield* makeClient
    const digestOf = Digest.makeDigestOf()
    const inspections = ExpiringMap.make<Inspection>()
    const wrongAccounts = ExpiringMap.make<Account>()
    const shareInspection = SingleFlight.unsafeMake<Inspection, never>()
    const shareDrop = SingleFlight.unsafeMake<TokenResponse, ReviewError>()

    const optionsOf = (name: string): AccountOptions =>
      accounts !== undefined && Object.hasOwn(accounts, name) ? accounts[name] ?? {} : {}

    const callVendor = <A, E>(call: () => Effect.Effect<A, E, HttpClient.HttpClient>) =>
      Effect.suspend(call).pipe(Effect.timeout(timeLimit), Effect.provideService(HttpClient.HttpClient, client))

    const ask = (name: string, account: NonNullable<AccountOptions["account"]>, token: Redacted.Redacted) =>
      orElse(
        Effect.map(callVendor(() => account(token)), toInspection),
        (error): Effect.Effect<Inspection> =>
          statusOf(error) === 401
            ? Effect.succeed({ _tag: "Rejected" })
            : Effect.as(
              Effect.logWarning(`The vendor did not say whose account ${name} is: ${describe(error)}`),
              { _tag: "Unknown" }
            )
      )

    /** Asks the vendor whose account it is, and remembers the response by token. */
    const inspect = (name: string, token: Redacted.Redacted, purpose: Purpose): Effect.Effect<Inspection> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const { account } = optionsOf(name)
        if (account === undefined) return Effect.succeed<Inspection>({ _tag: "Unknown" })
        const key = `${name} ${digestOf(token)}`
        inspections.removeExpired(now)
        const known = inspections.get(key)
        const isUsable = purpose === "view" || purpose === "use" && known?._tag === "Known"
        return known !== undefined && isUsable ? Effect.succeed(known) : shareInspection(
          key,
          Effect.gen(function*() {
            const inspection = yield* ask(name, account, token)
            inspections.set(key, inspection, (yield* Clock.currentTimeMillis) + remembered[inspection._tag])
            return inspection
          })
        )
      })

    /** Whether the user may have the account. `undefined` if the function fails. */
    const isExpected = (
      name: string,
      expect: NonNullable<AccountOptions["expect"]>,
      user: UserIdentifier,
      account: Account
    ): Effect.Effect<boolean | undefined> =>
      orElse(
        Effect.suspend(() => {
          const result: unknown = expect(user, account)
          return Effect.isEffect(result) ? result as Effect.Effect<unknown> : Effect.succeed(result)
        }).pipe(Effect.timeout(timeLimit), Effect.filterOrFail((result) => typeof result === "boolean")),
        (error) =>
          Effect.as(Effect.logWarning(`expect of accounts.${name} returned no boolean: ${describe(error)}`), undefined)
      )

    /** A user has another JWT in the browser than an agent has for them. */
    const keyOf = (name: string, user: UserIdentifier): Effect.Effect<string> =>
      Effect.map(ConsentSignals.grant({ workload: "", user, credential: name }), (topic) => Redacted.value(topic.name))

    /** Drops a token by a forced request, unless it is already gone: a request may have brought a better one. */
    const drop = Effect.fnUntraced(function*<R>(
      { request, token }: Issued<R>,
      user: UserIdentifier,
      event: Pick<Event, "_tag" | "account" | "credential">
    ) {
      const context = yield* Effect.context<R>()
      const forced = Effect.gen(function*() {
        const current = yield* request(false)
        if (current._tag !== "Issued" || !isSame(current.accessToken, token)) return current
        const response = yield* request(true)
        yield* emit(user, event)
        return response
      })
      return yield* shareDrop(
        digestOf(token),
        // An interruption could lose the event of a token that is already dropped.
        forced.pipe(
          Effect.provideService(Rejected, Option.some(token)),
          Effect.uninterruptible,
          Effect.provideContext(context)
        )
      )
    })

    /** Whether a token may be used. If not, the response that takes its place, and the reason. */
    const judge = Effect.fnUntraced(function*<R>(
      name: string,
      user: UserIdentifier,
      issued: Issued<R>,
      purpose: "use" | "view"
    ) {
      const rejected = yield* Rejected
      const isRejected = Option.isSome(rejected) && isSame(rejected.value, issued.token)
      const inspection = yield* inspect(name, issued.token, isRejected ? "fresh" : purpose)
      if (inspection._tag === "Rejected") {
        // The user is asked again, unless they are just being asked: the vendor may accept a new token later.
        const isAskedAgain = purpose === "use" && !issued.isPolled
        if (isAskedAgain) yield* Effect.logWarning(`The vendor does not accept the token of ${name} (401)`)
        const response = isAskedAgain
          ? yield* drop(issued, user, { _tag: "RevokedAtVendor", credential: name })
          : yield* Effect.provideService(issued.request(false), Rejected, Option.some(issued.token))
        return { response, reason: "RevokedAtVendor" } as const
      }
      const { expect } = optionsOf(name)
      const isAllowed = expect === undefined
        || (inspection._tag === "Known" ? yield* isExpected(name, expect, user, inspection.account) : undefined)
      if (isAllowed) return undefined
      if (inspection._tag === "Unknown" || isAllowed === undefined) return { reason: "AccountUnknown" } as const
      const { account } = inspection
      const now = yield* Clock.currentTimeMillis
      wrongAccounts.removeExpired(now)
      wrongAccounts.set(yield* keyOf(name, user), account, now + rememberedWrong)
      const event = { _tag: "WrongAccount", credential: name, account } as const
      return { response: yield* drop(issued, user, event), reason: "WrongAccount" } as const
    })

    const reviewAs = Effect.fnUntraced(function*<R>(
      names: ReadonlyArray<string>,
      issued: Issued<R>,
      purpose: "use" | "view"
    ) {
      const caller = Option.getOrUndefined(yield* Effect.serviceOption(WorkloadAccessToken))
      const user = caller?.user
      if (user === undefined) return yield* unknownUser(names.join())
      let { token } = issued
      for (let round = 1;; round++) {
        let verdict: Effect.Success<ReturnType<typeof judge<R>>>
        for (const name of names) verdict ??= yield* judge(name, user, { ...issued, token }, purpose)
        if (verdict === undefined) return { _tag: "Issued" as const, accessToken: token }
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
      const names = links.namesOfGrant(issued.credential).filter((name) => optionsOf(name)[needed] !== undefined)
      return names.length === 0 ? undefined : reviewAs(names, issued, purpose)
    }

    const withReview = <A, E, R>(self: Effect.Effect<A, E, R>, purpose: "use" | "view" = "use") =>
      Effect.provideService(self, TokenReview, reviewFor(purpose))

    return {
      optionsOf,
      inspect,
      /** Runs an effect whose tokens are reviewed. */
      withReview,
      /** The account whose token was dropped last, once: the next one may be dropped by another process. */
      takeWrongAccount: (name: string, user: UserIdentifier): Effect.Effect<Account | undefined> =>
        Effect.gen(function*() {
          wrongAccounts.removeExpired(yield* Clock.currentTimeMillis)
          const key = yield* keyOf(name, user)
          const account = wrongAccounts.get(key)
          wrongAccounts.remove(key)
          return account
        }),
      /** Ends the grant at the vendor. It never fails. */
      revoke: (name: string, token: Redacted.Redacted): Effect.Effect<AtVendor> => {
        const { revoke } = optionsOf(name)
        return revoke === undefined ? Effect.succeed("NotSupported") : orElse(
          Effect.as(callVendor(() => revoke(token)), "Revoked" as AtVendor),
          (error): Effect.Effect<AtVendor> =>
            hasProperty(error, "reason") && error.reason === "NotSupported"
              ? Effect.succeed("NotSupported")
              : Effect.as(Effect.logWarning(`The vendor did not revoke ${name}: ${describe(error)}`), "Failed")
        )
      }
    }
  })

const isSame = (self: Redacted.Redacted, that: Redacted.Redacted): boolean =>
  Redacted.value(self) === Redacted.value(that)

const unknownUser = (name: string): ValidationException =>
  invalid(
    `accounts.${name}.expect`,
    "be called with a user, and the workload access token has none: give it one with WorkloadAccessToken.make(token, user), "
      + "layerWorkload, or the property user of runWithContext"
  )

/** Runs an effect whose tokens are not reviewed: they are only inspected, or dropped. */
export const withoutReview = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(self, TokenReview, () => undefined)
