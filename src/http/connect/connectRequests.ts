/** Handles the requests of `Connect`, and returns views. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto"
import { ConsentSession } from "../../ConsentSession.js"
import type { AccessTokenCredential, AccessTokenError } from "../../Identity.js"
import { ValidationException } from "../../IdentityError.js"
import { maxDropped } from "../../internal/boundedBody.js"
import * as BoundedStream from "../../internal/boundedStream.js"
import * as Completion from "../../internal/consentCallback/completion.js"
import { isSecure } from "../../internal/models/urls.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { deriveKey, parseSecret } from "../../internal/sealing.js"
import * as PendingConsents from "../../PendingConsents.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { WorkloadAccessTokenError } from "../../WorkloadAccessToken.js"
import type { Connections } from "./connections.js"
import { type Connection, type Event, type Options, View } from "./connectTypes.js"
import * as Cookies from "./cookies.js"
import type { Links } from "./links.js"
import type { Watch } from "./watch.js"

export interface Settings
  extends Omit<Completion.Dependencies, "claim" | "isAllowed">, Pick<Options<never, never>, "describeUser" | "workload">
{
  /** With a store, a user can return in another browser. */
  readonly pending: PendingConsents.PendingConsents["Service"] | undefined
  readonly connections: Connections
  readonly links: Links
  readonly formTokens: ReturnType<typeof makeFormTokens>
  readonly cookies: Cookies.Cookies
  readonly watch: Watch
}

/** The id, or the first claim of the JWT that names an account. The application has verified the JWT. */
const describeByClaims = ({ userId, userToken }: UserIdentifier): Effect.Effect<string> =>
  userToken === undefined
    ? Effect.succeed(userId)
    : Effect.tryPromise(async () => {
      const { decodeJwt } = await import("jose")
      const claims = decodeJwt(Redacted.value(userToken))
      return [claims["email"], claims["preferred_username"], claims["name"], claims.sub].find(isString)
    }).pipe(Effect.orElseSucceed(() => undefined), Effect.map((name) => name ?? "a user without a name"))

/** Bytes. */
const maxFormSize = 16 * 1024

const readerOf = (body: string, isJson: boolean): (name: string) => unknown => {
  if (!isJson) {
    const form = new URLSearchParams(body)
    return (name) => form.getAll(name).length === 1 ? form.get(name) : undefined
  }
  const json: unknown = JSON.parse(body)
  return (name) => isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined
}

/** Reads a form, or the same properties as JSON. */
const readForm = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const body = yield* BoundedStream.read(request.stream, maxFormSize, maxDropped)
  if (body === undefined) return yield* Effect.fail("FormTooLarge" as const)
  return yield* Effect.try(() => {
    const read = readerOf(
      new TextDecoder().decode(body),
      /^application\/json\b/i.test(request.headers["content-type"] ?? "")
    )
    const stringOf = (name: string) => Option.getOrUndefined(Option.liftPredicate(read(name), isString))
    return { action: stringOf("action"), token: stringOf("token") ?? "", continueUrl: stringOf("continue") }
  })
}).pipe(Effect.mapError((error) => error === "FormTooLarge" ? error : "StaleForm"))

/** Milliseconds. A user who keeps a page open for longer has to open it again. */
const lifetime = 60 * 60_000

/** Browsers send `Origin` with every form. `Sec-Fetch-Site` is missing on plain http, except on loopback hosts. */
const isSameOrigin = ({ headers }: HttpServerRequest.HttpServerRequest, origin: string): boolean =>
  headers["origin"] === origin
  && (headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin")

/** Without a `formKey`, only this process accepts its forms, and opens its cookies. */
const secretOf = (formKey: Redacted.Redacted | undefined): Effect.Effect<Uint8Array, ValidationException> =>
  formKey === undefined
    ? Effect.sync(() => randomBytes(32))
    : Effect.mapError(
      Effect.fromResult(parseSecret(formKey, "The formKey of Connect")),
      (message) => new ValidationException({ operation: "Connect", message })
    )

/** A token expires after an hour. It contains its expiry, and a code over the expiry and the user. */
const makeFormTokens = (secret: Uint8Array) => {
  const key = deriveKey(secret, "effect-agentcore-identity/http/Connect")
  const sign = (until: number, user: string): string =>
    `${until}.${createHmac("sha256", key).update(JSON.stringify([until, user])).digest("base64url")}`
  return {
    make: (user: string) => Effect.map(Clock.currentTimeMillis, (now) => Redacted.make(sign(now + lifetime, user))),
    isValid: (token: string, user: string) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const until = Number(/^\d{1,16}(?=\.)/.exec(token)?.[0])
        const expected = Buffer.from(sign(until, user))
        const given = Buffer.from(token)
        return until > now && given.length === expected.length && timingSafeEqual(given, expected)
      })
  }
}

export const makeSecrets = ({ formKey, path }: Pick<Options<never, never>, "formKey" | "path">, { origin }: Links) =>
  Effect.flatMap(secretOf(formKey), (secret) =>
    Effect.map(
      Cookies.make(secret, { origin, path }),
      (cookies) => ({ cookies, formTokens: makeFormTokens(secret) })
    ))

const makeUser = Effect.fnUntraced(function*(settings: Settings, user: UserIdentifier) {
  const { connections, describeUser = describeByClaims, formTokens, links, workload } = settings
  /** Two JWTs of one user have one key. */
  const key = Effect.map(
    Signals.grant({ workload, user, credential: "" }),
    ({ name }) => hash("sha256", Redacted.value(name), "base64url")
  )
  /** `link` is where the user can try again. */
  const reject = (reason: Extract<View, { readonly _tag: "Rejected" }>["reason"], link?: string) =>
    View.Rejected({ reason, link, connectionsUrl: links.connectionsUrl })
  return {
    ...settings,
    user,
    key,
    /** The cookies that the response sets. */
    setCookies: new Array<Cookies.Cookie>(),
    userName: describeUser(user),
    own: yield* connections.forUser(user),
    emit: (event: Omit<Event, "at" | "user" | "workload">) => connections.emitFor(user, event),
    formToken: Effect.flatMap(key, formTokens.make),
    isValid: (token: string) => Effect.flatMap(key, (key) => formTokens.isValid(token, key)),
    reject,
    attempt: <R>(
      self: Effect.Effect<View, { readonly _tag: string; readonly message: string }, R>,
      link?: string
    ): Effect.Effect<View, never, R> =>
      Effect.catch(self, (error) =>
        Effect.as(
          Effect.logWarning(`Connect could not handle a request of a user: ${error._tag}: ${error.message}`),
          reject("Unavailable", link)
        ))
  }
})

export type User = Effect.Success<ReturnType<typeof makeUser>>

/** Runs a request of a user. A user of another kind gets a view with the reason. */
export const runFor = <R>(
  settings: Settings,
  user: UserIdentifier,
  run: (user: User) => Effect.Effect<View, never, R>
): Effect.Effect<{ readonly view: View; readonly cookies: ReadonlyArray<Cookies.Cookie> }, never, R> =>
  Effect.gen(function*() {
    const own = yield* makeUser(settings, user)
    const view = yield* Effect.matchEffect(settings.connections.checkKind("currentUser", user), {
      onFailure: (error) => Effect.as(Effect.logError(error.message), own.reject("OtherUserKind")),
      onSuccess: () => run(own)
    })
    return { view, cookies: own.setCookies }
  })

export const showConnections = ({ attempt, formToken, own, userName }: User) =>
  attempt(Effect.gen(function*() {
    return View.Connections({ user: yield* userName, connections: yield* own.list(), formToken: yield* formToken })
  }))

const showLink = (
  { attempt, formToken, links, own, reject, signals, user, userName, workload }: User,
  name: string,
  continueUrl: string | undefined
) =>
  attempt(
    Effect.gen(function*() {
      const [connection] = yield* own.list(name)
      if (connection === undefined) return reject("UnknownCredential")
      if (connection.state === "Granted") {
        // A process may have been killed after the completion and before the signal.
        yield* signals.signal(yield* Signals.grant({ workload, user, credential: name }), "Completed")
      }
      return View.Link({
        user: yield* userName,
        connection,
        formToken: yield* formToken,
        continue: continueUrl,
        connectionsUrl: links.connectionsUrl
      })
    }),
    links.link(name, continueUrl)
  )

export const openLink = (user: User, name: string, address: string | undefined): Effect.Effect<View> => {
  const { links, reject } = user
  const continueUrl = links.allowed(address)
  return links.find(name) === undefined
    ? Effect.succeed(reject("UnknownCredential"))
    : Option.isNone(continueUrl)
    ? Effect.succeed(reject("ContinueNotAllowed"))
    : showLink(user, name, continueUrl.value)
}

const toStarted = (
  { key, user }: User,
  { continue: address, credential = "", session }: PendingConsents.PendingConsent
) =>
  Effect.map(key, (key): Cookies.Started => ({
    session: Redacted.value(session.sessionUri),
    user: key,
    userToken: user.userToken && Redacted.value(user.userToken),
    state: session.customState && Redacted.value(session.customState),
    credential,
    continue: address,
    expiresAt: DateTime.toEpochMillis(session.expiresAt)
  }))

const keep = ({ cookies, setCookies }: User, started: Cookies.Started) =>
  Effect.map(cookies.keep(started), (all) => void setCookies.push(...all))

/** The consent as this browser has kept it. Without its JWT, it is that of the signed-in user, who may have another. */
const toConsent = (
  { links, user, workload }: User,
  { continue: address, credential, expiresAt, session, state, userToken }: Cookies.Started
): PendingConsents.PendingConsent | undefined => {
  const request = links.find(credential)?.request
  return request && {
    session: new ConsentSession({
      ...request,
      scopes: request.scopes ?? [],
      returnUrl: request.returnUrl ?? links.returnUrl,
      customState: state === undefined ? undefined : Redacted.make(state),
      sessionUri: Redacted.make(session),
      // The user opens it to start again.
      authorizationUrl: Redacted.make(links.link(credential, address)),
      expiresAt: DateTime.makeUnsafe(expiresAt)
    }),
    user: userToken === undefined ? user : { userToken: Redacted.make(userToken) },
    workload,
    credential,
    continue: address
  }
}

interface Pressed {
  readonly name: string
  readonly credential: AccessTokenCredential<"USER_FEDERATION">
  readonly continueUrl: string | undefined
}

type Action = (
  user: User,
  pressed: Pressed
) => Effect.Effect<
  View,
  AccessTokenError | PendingConsents.ConsentStoreError,
  HttpServerRequest.HttpServerRequest
>

const start = (isForced: boolean): Action => (user, { continueUrl, credential, name }) =>
  Effect.gen(function*() {
    const { connections, emit, links, own, pending, reject, watch, workload } = user
    const session = yield* own.requestSession(name, credential, isForced)
    // Another tab has connected it meanwhile.
    if (Option.isNone(session)) return yield* showLink(user, name, continueUrl)
    const { authorizationUrl } = session.value
    if (!isSecure(Redacted.value(authorizationUrl))) {
      yield* Effect.logWarning("The authorization URL of AgentCore is neither https nor http to this machine")
      return reject("Unavailable", links.link(name, continueUrl))
    }
    const consent = { session: session.value, user: user.user, workload, credential: name, continue: continueUrl }
    if (pending !== undefined) yield* pending.open(consent)
    yield* keep(user, yield* toStarted(user, consent))
    yield* emit({ _tag: "Opened", credential: name })
    yield* own.asUser(watch(consent, emit({ _tag: "Denied", credential: name })))
    return View.Started({ connection: connections.describe(name, credential), authorizationUrl })
  })

const disconnect: Action = ({ connections, links, own, reject }, { continueUrl, credential, name }) =>
  Effect.gen(function*() {
    const { atVendor, outcome } = yield* own.disconnect(name, credential)
    if (outcome === "Failed") return reject("Unavailable", links.link(name, continueUrl))
    return View.Disconnected({
      connection: { ...connections.describe(name, credential), state: "NotGranted", account: undefined },
      atVendor,
      continue: continueUrl,
      connectionsUrl: links.connectionsUrl
    })
  })

const actions: ReadonlyMap<string | undefined, Action> = new Map([
  ["connect", start(false)],
  ["reconnect", start(true)],
  [
    "check",
    (user, { continueUrl, credential, name }) =>
      Effect.andThen(user.own.check(name, credential), showLink(user, name, continueUrl))
  ],
  ["disconnect", disconnect]
])

export const submit = (user: User, name: string) =>
  Effect.gen(function*() {
    const { attempt, isValid, links, reject } = user
    const credential = links.find(name)
    const link = credential === undefined ? undefined : links.link(name)
    const request = yield* HttpServerRequest.HttpServerRequest
    if (!isSameOrigin(request, links.origin)) return reject("OtherSite", link)
    const form = yield* Effect.result(readForm)
    if (Result.isFailure(form)) return reject(form.failure, link)
    const { action, continueUrl: address, token } = form.success
    const continueUrl = links.allowed(address)
    const retry = credential === undefined ? undefined : links.link(name, Option.getOrUndefined(continueUrl))
    if (!(yield* isValid(token))) return reject("StaleForm", retry)
    if (credential === undefined) return reject("UnknownCredential")
    if (Option.isNone(continueUrl)) return reject("ContinueNotAllowed", retry)
    const act = actions.get(action)
    return act === undefined
      ? reject("StaleForm", retry)
      : yield* attempt(act(user, { name, credential, continueUrl: continueUrl.value }), retry)
  })

interface ReviewedAccount {
  readonly outcome: "Completed" | "WrongAccount" | "AccountUnknown" | "NotUsable"
  readonly account: Connection["account"]
}

/** The account that the browser has connected, and whether the agents may get its token. */
const reviewAccount = ({ connections: { accounts }, emit, own }: User, name: string, isRepeated = false) =>
  Effect.gen(function*(): Effect.fn.Return<ReviewedAccount, WorkloadAccessTokenError> {
    const { account, expect } = accounts.optionsOf(name)
    if (account === undefined) return { outcome: "Completed", account }
    yield* own.forget
    const [connection] = yield* own.list(name)
    if (expect === undefined || connection?.state === "Granted") {
      return { outcome: "Completed", account: connection?.account }
    }
    if (connection?.state === "WrongAccount") return { outcome: "WrongAccount", account: connection.account }
    if (connection?.state !== "NotGranted") return { outcome: "AccountUnknown", account: "unknown" }
    // The user has disconnected since.
    if (isRepeated) return { outcome: "NotUsable", account: undefined }
    // Another process has noticed it, and dropped the token.
    yield* emit({ _tag: "WrongAccount", credential: name })
    return { outcome: "WrongAccount", account: "unknown" }
  }).pipe(
    Effect.catch((error) =>
      Effect.as(
        Effect.logWarning(`The account was not reviewed: ${error._tag}: ${error.message}`),
        { outcome: "AccountUnknown", account: "unknown" } satisfies ReviewedAccount
      )
    )
  )

/** `WrongAccount` was emitted when the token was dropped. */
const emitReturn = (
  { emit }: User,
  outcome: Extract<View, { readonly _tag: "Returned" }>["outcome"],
  credential: string | undefined,
  account: Connection["account"]
): Effect.Effect<void> =>
  // A session that is not the user's own has no credential here. After `Failed`, the user can reload the page.
  outcome === "Failed" || outcome === "WrongAccount" || credential === undefined ? Effect.void : emit({
    _tag: outcome === "NotUsable" ? "Rejected" : outcome,
    credential,
    account: account === "unknown" ? undefined : account
  })

/** The session that this browser started for this user, if it returns with the state. */
const findOwn = (user: User, { sessionUri, values }: Completion.Visit) =>
  Effect.gen(function*() {
    const started = sessionUri && (yield* user.cookies.find(Redacted.value(sessionUri)))
    if (started === undefined) return yield* new PendingConsents.ConsentNotPending({ reason: "Unknown" })
    if (started.user !== (yield* user.key)) return yield* new PendingConsents.ConsentNotPending({ reason: "WrongUser" })
    return { started, consent: yield* PendingConsents.verify(toConsent(user, started), { user: user.user, values }) }
  })

/** Completes the session. If the browser reloads the page, it repeats how the session has ended. */
const completeOnce = (user: User, visit: Completion.Visit) =>
  Effect.gen(function*() {
    const own = yield* Effect.result(findOwn(user, visit))
    const { started } = Result.getOrUndefined(own) ?? {}
    if (started?.ended !== undefined) {
      const { continue: address, credential, ended } = started
      return { completed: Completion.Outcome[ended]({ credential, continue: address }), isRepeated: true }
    }
    let reviewed: ReviewedAccount | undefined
    const isAllowed: Completion.Dependencies["isAllowed"] = ({ credential }) =>
      credential === undefined
        ? Effect.succeed(true)
        : Effect.map(reviewAccount(user, credential), (review) => {
          reviewed = review
          return review.outcome === "Completed"
        })
    const kept = Effect.map(Effect.fromResult(own), ({ consent }) => consent)
    // A store may have what a cookie cannot: the session of another browser, or a large JWT.
    const claim: Completion.Dependencies["claim"] = (claim) =>
      user.pending === undefined
        ? kept
        : Effect.catchTag(user.pending.claim(claim), "ConsentNotPending", (error) => Effect.catch(kept, () => error))
    const completed = yield* Completion.complete({ ...user, claim, isAllowed }, visit, user.user)
    if (started !== undefined && (completed._tag === "Completed" || completed._tag === "Denied")) {
      yield* keep(user, { ...started, userToken: undefined, ended: completed._tag })
    }
    return { completed, reviewed, isRepeated: completed._tag === "Completed" && reviewed === undefined }
  })

export const complete = (user: User, visit: Completion.Visit) =>
  Effect.gen(function*() {
    const { links } = user
    const { completed, isRepeated, reviewed } = yield* completeOnce(user, visit)
    const { _tag, continue: address, credential } = completed
    const { account, outcome } = _tag === "Completed" && credential !== undefined
      ? reviewed ?? (yield* reviewAccount(user, credential, isRepeated))
      : { outcome: _tag, account: undefined }
    // Without a session, nothing has ended.
    if (visit.sessionUri !== undefined && !isRepeated) yield* emitReturn(user, outcome, credential, account)
    return View.Returned({
      outcome,
      user: yield* user.userName,
      account,
      credential,
      continue: address ?? (outcome === "NotUsable" ? links.applicationUrl : undefined),
      link: credential === undefined || links.find(credential) === undefined
        ? undefined
        : links.link(credential, address),
      connectionsUrl: links.connectionsUrl
    })
  })
