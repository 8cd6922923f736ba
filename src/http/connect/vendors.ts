/** Asks vendors whose account a token belongs to, and ends grants. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import { hasProperty, isObject, isString } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import type { ValidationException } from "../../IdentityError.js"
import * as BoundedStream from "../../internal/boundedStream.js"
import { checkEachRequest } from "../../internal/credentialHeader.js"
import { withDeadline } from "../../internal/deadline.js"
import * as Digest from "../../internal/digest.js"
import * as ExpiringMap from "../../internal/expiringMap.js"
import { tagOf } from "../../internal/messages.js"
import { followerIn, urlOf, withoutRedirects } from "../../internal/origins.js"
import * as SingleFlight from "../../internal/singleFlight.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { Account, AccountOptions, Disconnection, LinkOptions } from "./connectTypes.js"
import { invalid, type Links } from "./links.js"

/** What a vendor says about a token. `Unknown`: nothing. */
type Inspection =
  | { readonly _tag: "Known"; readonly account: Account }
  | { readonly _tag: "Rejected" }
  | { readonly _tag: "Unknown" }

/** An `acquire` of the program cannot be interrupted. It ends in the background. */
const withTimeLimit = withDeadline({ duration: "5 seconds", onTimeout: () => new Cause.TimeoutError() })

/** Bytes. */
const maxResponse = 1_000_000

/**
 * The client of the program may follow redirects. So a request has its headers and its body from the check on, right
 * before it is sent. Inner clients can turn off the check: then the vendor gets neither.
 */
const sendChecked = (client: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) => {
  const { body, hash, headers, method, url, urlParams } = request
  const originOf = (request: HttpClientRequest.HttpClientRequest) => Option.getOrUndefined(urlOf(request))?.origin
  let isChecked = false
  const check = checkEachRequest((sent) => {
    if (originOf(sent) !== originOf(request)) throw new Error("The vendor redirects to another origin")
    if (followerIn(Fiber.getCurrent()?.context ?? Context.empty()) !== undefined) {
      throw new Error("The client of the program follows redirects that cannot be checked")
    }
    // A redirect can change the method.
    if (sent.method === method) Object.assign(sent, { body, headers: Headers.setAll(sent.headers, headers) })
    isChecked = true
  })
  return Effect.suspend(() =>
    client.postprocess(
      Effect.succeed(HttpClientRequest.makeWith(method, url, urlParams, hash, Headers.empty, HttpBody.empty))
    )
  ).pipe(
    check,
    withoutRedirects,
    Effect.tap(() => isChecked ? Effect.void : Effect.die(new Error("The client of the program cannot be checked")))
  )
}

/** A client that follows no redirects, which would carry the token elsewhere, and that reads only small responses. */
const limit = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(
    client,
    (_, request) =>
      Effect.flatMap(sendChecked(client, request), (response) =>
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
  return `${tagOf(error)}${typeof status === "number" ? `, status ${status}` : ""}`
}

/** Runs `onError` for every failure and defect. */
const orElse = <A, E, R, B>(self: Effect.Effect<A, E, R>, onError: (error: unknown) => Effect.Effect<B>) =>
  Effect.catch(Effect.catchDefect(self, Effect.fail), onError)

/** Characters. */
const maxId = 256
const maxLabel = 200

/** The vendor's string can have control characters, also those that reverse the text after them. */
const clean = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "").trim()

const isAccount = (account: unknown): account is Account =>
  isObject(account) && isString(account["label"]) && isString(account["id"])
  && account["id"] !== "" && account["id"].length <= maxId && clean(account["id"]) === account["id"]

/** With `expect`, a label that was cleaned or is not verified could be that of another account, so it is the id. */
const toInspection = (account: unknown, isChecked: boolean): Inspection => {
  if (!isAccount(account)) return { _tag: "Unknown" }
  const { id, label, verified } = account
  const shown = clean(label).slice(0, maxLabel)
  // A program in plain JavaScript can pass on the string of a vendor, such as "false".
  const isVerified = [undefined, true, "true"].some((value) => value === verified)
  const isLabel = shown !== "" && !(isChecked && (shown !== label || !isVerified))
  return { _tag: "Known", account: { ...account, id, label: isLabel ? shown : id } }
}

const check = (accounts: LinkOptions["accounts"] = {}, links: Links): Effect.Effect<void, ValidationException> =>
  Effect.gen(function*() {
    for (const [name, options] of Object.entries(accounts)) {
      if (links.find(name) === undefined) {
        return yield* invalid(`accounts.${name}`, "have the name of one of the credentials")
      }
      if (options?.expect !== undefined && options.account === undefined) {
        return yield* invalid(`accounts.${name}.account`, "be given with expect")
      }
    }
  })

/** Milliseconds. The account of a token never changes. Only views and polls use a failure that is remembered. */
const remembered = { Known: 60 * 60_000, Rejected: 30_000, Unknown: 30_000 }

/** `view`: for a page, or a poll. `use`: decides on a token. `fresh`: uses nothing that is remembered. */
type Purpose = "fresh" | "use" | "view"

/** Whether the user may have the account. `undefined` if the function fails. */
export const isExpected = (
  name: string,
  expect: NonNullable<AccountOptions["expect"]>,
  user: UserIdentifier,
  account: Account
): Effect.Effect<boolean | undefined> =>
  orElse(
    Effect.suspend(() => {
      const result: unknown = expect(user, account)
      return Effect.isEffect(result) ? result as Effect.Effect<unknown> : Effect.succeed(result)
    }).pipe(withTimeLimit, Effect.filterOrFail((result) => typeof result === "boolean")),
    (error) =>
      Effect.as(Effect.logWarning(`expect of accounts.${name} returned no boolean: ${describe(error)}`), undefined)
  )

type OptionsOf = (name: string) => AccountOptions

type CallVendor = <A, E>(
  call: () => Effect.Effect<A, E, HttpClient.HttpClient>
) => Effect.Effect<A, E | Cause.TimeoutError>

/** Whose account it is, by one request to the vendor. */
const ask = (
  callVendor: CallVendor,
  name: string,
  { account, expect }: AccountOptions,
  token: Redacted.Redacted
): Effect.Effect<Inspection> =>
  account === undefined ? Effect.succeed({ _tag: "Unknown" }) : orElse(
    Effect.map(callVendor(() => account(token)), (found) => toInspection(found, expect !== undefined)),
    (error): Effect.Effect<Inspection> =>
      statusOf(error) === 401
        ? Effect.succeed({ _tag: "Rejected" })
        : Effect.as(
          Effect.logWarning(`The vendor did not say whose account ${name} is: ${describe(error)}`),
          { _tag: "Unknown" }
        )
  )

/** Asks vendors, and remembers their responses by token. */
const makeInspections = (optionsOf: OptionsOf, callVendor: CallVendor) => {
  const digestOf = Digest.makeDigestOf()
  const inspections = ExpiringMap.make<Inspection>()
  /** A failure of the vendor does not change whose account a token belongs to. */
  const owners = ExpiringMap.make<Inspection>()
  const share = SingleFlight.makeUnsafe<Inspection, never>()

  const askAndRemember = (key: string, name: string, token: Redacted.Redacted) =>
    Effect.gen(function*() {
      const inspection = yield* ask(callVendor, name, optionsOf(name), token)
      const until = (yield* Clock.currentTimeMillis) + remembered[inspection._tag]
      inspections.set(key, inspection, until)
      if (inspection._tag === "Known") owners.set(key, inspection, until)
      if (inspection._tag === "Rejected") owners.remove(key)
      return inspection
    })

  const inspect = (name: string, token: Redacted.Redacted, purpose: Purpose): Effect.Effect<Inspection> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (optionsOf(name).account === undefined) return Effect.succeed<Inspection>({ _tag: "Unknown" })
      const key = `${name} ${digestOf(token)}`
      inspections.removeExpired(now)
      owners.removeExpired(now)
      const known = purpose === "fresh" ? undefined : (purpose === "view" ? inspections : owners).get(key)
      return known === undefined ? share(key, askAndRemember(key, name, token)) : Effect.succeed(known)
    })

  return {
    inspect,
    /** Asks again after the vendor has rejected a token, as it may have had an incident. */
    inspectLater: (name: string, token: Redacted.Redacted): Effect.Effect<Inspection> =>
      share(`${name} ${digestOf(token)} later`, Effect.delay(inspect(name, token, "fresh"), "5 seconds"))
  }
}

/** Ends the grant at the vendor. It never fails. */
const makeRevoke =
  (optionsOf: OptionsOf, callVendor: CallVendor) =>
  (name: string, token: Redacted.Redacted): Effect.Effect<Disconnection["atVendor"]> => {
    const { revoke } = optionsOf(name)
    return revoke === undefined ? Effect.succeed("NotSupported") : orElse(
      Effect.as(callVendor(() => revoke(token)), "Revoked" as Disconnection["atVendor"]),
      (error): Effect.Effect<Disconnection["atVendor"]> =>
        hasProperty(error, "reason") && error.reason === "NotSupported"
          ? Effect.succeed("NotSupported")
          : Effect.as(Effect.logWarning(`The vendor did not revoke ${name}: ${describe(error)}`), "Failed")
    )
  }

export type Vendors = Effect.Success<ReturnType<typeof make>>

export const make = (accounts: LinkOptions["accounts"], links: Links) =>
  Effect.gen(function*() {
    yield* check(accounts, links)
    const client = yield* makeClient
    const optionsOf: OptionsOf = (name) =>
      accounts !== undefined && Object.hasOwn(accounts, name) ? accounts[name] ?? {} : {}
    const callVendor: CallVendor = (call) =>
      Effect.suspend(call).pipe(withTimeLimit, Effect.provideService(HttpClient.HttpClient, client))
    return { optionsOf, ...makeInspections(optionsOf, callVendor), revoke: makeRevoke(optionsOf, callVendor) }
  })
