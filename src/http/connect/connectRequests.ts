/** Handles the requests of `Connect`, and returns views. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import * as Consent from "../../Consent.js"
import * as Completion from "../../consentCallback/completion.js"
import * as ConsentSignals from "../../ConsentSignals.js"
import type * as CredentialCache from "../../CredentialCache.js"
import * as Credentials from "../../Credentials.js"
import { DataPlane, type Service as DataPlaneService } from "../../DataPlane.js"
import { Identity, type Service as IdentityService } from "../../Identity.js"
import { subjectOf } from "../../identity/jwtSubject.js"
import { ValidationException } from "../../IdentityError.js"
import { maxDropped } from "../../internal/boundedBody.js"
import * as BoundedStream from "../../internal/boundedStream.js"
import { retentionAfterExpiry } from "../../internal/consentStoreError.js"
import { deriveKey, parseSecret } from "../../internal/sealing.js"
import { sessionLifetime } from "../../models/internal/constraint.js"
import { isSecure } from "../../models/internal/urls.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import {
  type Connection,
  type Event,
  type EventUser,
  type Options,
  OtherUserKind,
  type Rejection,
  type UserKind,
  View
} from "./connectTypes.js"
import type { Links } from "./links.js"
import type { Watch } from "./watch.js"

type OptionsOfRequests = Pick<Options<never, never>, "describeUser" | "revokeAt" | "users" | "workload">

export interface Settings extends Completion.Dependencies, OptionsOfRequests {
  readonly identity: IdentityService
  readonly dataPlane: DataPlaneService
  readonly cache: Option.Option<CredentialCache.Service>
  readonly returnUrl: Option.Option<string>
  readonly links: Links
  readonly formTokens: Effect.Success<ReturnType<typeof makeFormTokens>>
  readonly emit: (event: Omit<Event, "at">) => Effect.Effect<void>
  readonly watch: Watch
}

// -----------------------------------------------------------------------------
// Users
// -----------------------------------------------------------------------------

export const checkKind = (
  part: OtherUserKind["part"],
  expected: UserKind,
  user: UserIdentifier
): Effect.Effect<void, OtherUserKind> =>
  Effect.suspend(() => {
    const found = user.userToken === undefined ? "userId" : "jwt"
    return found === expected ? Effect.void : new OtherUserKind({ part, expected, found })
  })

const eventUserOf = (user: UserIdentifier): Effect.Effect<EventUser> =>
  user.userToken === undefined
    ? Effect.succeed({ userId: user.userId })
    : Effect.map(
      subjectOf(user.userToken),
      Option.match({ onNone: () => undefined, onSome: ([issuer, subject]) => ({ issuer, subject }) })
    )

/** The id, or the first claim of the JWT that names an account. The application has verified the JWT. */
const describeByClaims = ({ userId, userToken }: UserIdentifier): Effect.Effect<string> =>
  userToken === undefined
    ? Effect.succeed(userId)
    : Effect.tryPromise(async () => {
      const { decodeJwt } = await import("jose")
      const claims = decodeJwt(Redacted.value(userToken))
      return [claims["email"], claims["preferred_username"], claims["name"], claims.sub].find(isString)
    }).pipe(Effect.orElseSucceed(() => undefined), Effect.map((name) => name ?? "a user without a name"))

// -----------------------------------------------------------------------------
// Forms
// -----------------------------------------------------------------------------

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
  if (body === undefined) return Option.none()
  return yield* Effect.try(() => {
    const read = readerOf(
      new TextDecoder().decode(body),
      /^application\/json\b/i.test(request.headers["content-type"] ?? "")
    )
    const stringOf = (name: string) => Option.getOrUndefined(Option.liftPredicate(read(name), isString))
    return Option.some({
      action: stringOf("action"),
      token: stringOf("token") ?? "",
      continueUrl: stringOf("continue")
    })
  })
})

/** Milliseconds. A user who keeps a page open for longer has to open it again. */
const lifetime = 60 * 60_000

/** Browsers send `Origin` with every form. `Sec-Fetch-Site` is missing on plain http, except on loopback hosts. */
const isSameOrigin = ({ headers }: HttpServerRequest.HttpServerRequest, origin: string): boolean =>
  headers["origin"] === origin
  && (headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin")

/** Without a `formKey`, only this process accepts its tokens. */
const keyOf = (formKey: Redacted.Redacted | undefined): Effect.Effect<Uint8Array, ValidationException> =>
  formKey === undefined
    ? Effect.sync(() => randomBytes(32))
    : Effect.fromResult(parseSecret(Redacted.value(formKey), "The formKey of Connect")).pipe(
      Effect.mapBoth({
        onFailure: (message) => new ValidationException({ operation: "Connect", message }),
        onSuccess: (secret) => deriveKey(secret, "effect-agentcore-identity/http/Connect")
      })
    )

/** A token expires after an hour. It contains its expiry, and a code over the expiry and the user. */
export const makeFormTokens = (formKey: Redacted.Redacted | undefined) =>
  Effect.map(keyOf(formKey), (key) => {
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
  })

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

/** Handles the requests of users. A user of another kind gets a view with the reason. */
export const make = (settings: Settings) => {
  const { cache, dataPlane, emit, formTokens, identity, links, pending, returnUrl, signals, watch, workload } = settings
  const { describeUser = describeByClaims, revokeAt = {}, users = "userId" } = settings
  const describe = (name: string, credential: Credentials.UserCredential): Omit<Connection, "account" | "state"> => ({
    name,
    provider: credential.request.provider,
    scopes: credential.request.scopes ?? [],
    link: links.link(name),
    revokeAt: Object.hasOwn(revokeAt, name) ? revokeAt[name] : undefined
  })

  /** Requests the token once, and shows nothing. Returns `None` if the user has already consented. */
  const requestSession = (credential: Credentials.UserCredential, forceAuthentication: boolean) =>
    identity.getAccessToken({ ...credential.request, forceAuthentication, consent: Consent.fail }).pipe(
      Effect.as(Option.none()),
      Effect.catchTag("RequiresUserConsent", (error) => Effect.succeedSome(error.session))
    )

  /** Requests the token with `forceAuthentication`, so that AgentCore drops its tokens. Drops the cached token. */
  const forceConsent = (credential: Credentials.UserCredential) =>
    Effect.gen(function*() {
      const old = yield* identity.getAccessToken(credential, { consent: Consent.fail }).pipe(
        Effect.asSome,
        Effect.catchTag("RequiresUserConsent", () => Effect.succeedNone)
      )
      const session = yield* requestSession(credential, true)
      if (Option.isSome(old) && Option.isSome(cache)) yield* cache.value.invalidate(old.value)
      return session
    })

  const { connectionsUrl } = links

  /** Whether a store in memory may have had the session before the process was restarted. */
  const isForgotten = ({ sessionUri }: Completion.Visit): Effect.Effect<boolean> =>
    Effect.map(Clock.currentTimeMillis, (now) =>
      sessionUri !== undefined && pending.since !== undefined
      && now < DateTime.toEpochMillis(pending.since) + sessionLifetime + retentionAfterExpiry)

  /** `link` is where the user can try again. */
  const reject = (reason: Rejection, link?: string) => View.Rejected({ reason, link, connectionsUrl })

  const unavailable = (link?: string) => (error: { readonly _tag: string }): Effect.Effect<View> =>
    Effect.as(
      Effect.logWarning(`Connect could not handle a request of a user: ${error._tag}`),
      reject("Unavailable", link)
    )

  const allowed = (address: string | undefined): Option.Option<string | undefined> =>
    address === undefined ? Option.some(undefined) : links.allowed(address)

  const requestsOf = (user: UserIdentifier) => {
    const caller = { name: workload, user }

    /** Runs an effect with a workload access token of the user. */
    const asUser = <A, E, R>(self: Effect.Effect<A, E, R | WorkloadAccessToken.WorkloadAccessToken | Identity>) =>
      Effect.provideServiceEffect(
        self,
        WorkloadAccessToken.WorkloadAccessToken,
        WorkloadAccessToken.makeWorkload(caller)
      ).pipe(
        Effect.provideService(DataPlane, dataPlane),
        Effect.provideService(Identity, identity),
        Effect.provideService(Consent.ReturnUrl, returnUrl)
      )

    const emitFor = (tag: Event["_tag"], credential: string | undefined) =>
      Effect.flatMap(eventUserOf(user), (eventUser) => emit({ _tag: tag, credential, workload, user: eventUser }))

    /** Two JWTs of one user have one key. */
    const userKey = Effect.map(
      ConsentSignals.grant({ workload, user, credential: "" }),
      ({ name }) => Redacted.value(name)
    )
    const formToken = Effect.flatMap(userKey, formTokens.make)

    const forgetStatus = Credentials.forgetStatus({ caller })

    const connectionsOf = (names: ReadonlyArray<string>, remember?: "0 seconds") => {
      const named = names.flatMap((name) => {
        const credential = links.find(name)
        return credential === undefined ? [] : [{ name, credential }]
      })
      return Credentials.status(named.map(({ credential }) => credential), { caller, remember }).pipe(
        Effect.tap(Effect.forEach((status) =>
          status._tag === "Unknown"
            ? Effect.logWarning(
              `AgentCore did not respond whether ${status.credential.key} is granted: ${status.error._tag}`
            )
            : Effect.void
        )),
        Effect.map((statuses) =>
          named.map(({ credential, name }, index): Connection => ({
            ...describe(name, credential),
            state: statuses[index]?._tag ?? "Unknown",
            account: undefined
          }))
        ),
        asUser
      )
    }

    const showLink = (name: string, continueUrl: string | undefined): Effect.Effect<View> =>
      Effect.gen(function*() {
        const [connection] = yield* connectionsOf([name], "0 seconds")
        if (connection === undefined) return reject("UnknownCredential")
        if (connection.state === "Granted") {
          // A process may have been killed after the completion and before the signal.
          yield* signals.signal(yield* ConsentSignals.grant({ workload, user, credential: name }), "Completed")
        }
        return View.Link({
          user: yield* describeUser(user),
          connection,
          formToken: yield* formToken,
          continue: continueUrl,
          connectionsUrl
        })
      }).pipe(Effect.catch(unavailable(links.link(name, continueUrl))))

    const start = (
      name: string,
      credential: Credentials.UserCredential,
      isForced: boolean,
      continueUrl: string | undefined
    ) =>
      Effect.gen(function*() {
        const session = yield* isForced ? forceConsent(credential) : requestSession(credential, false)
        yield* forgetStatus
        // Another tab has connected it meanwhile.
        if (Option.isNone(session)) return yield* showLink(name, continueUrl)
        if (!isSecure(Redacted.value(session.value.authorizationUrl))) {
          yield* Effect.logWarning("The authorization URL of AgentCore is neither https nor http to this machine")
          return reject("Unavailable", links.link(name, continueUrl))
        }
        yield* pending.open({ session: session.value, user, workload, credential: name, continue: continueUrl })
        yield* emitFor("Opened", name)
        yield* watch(session.value, emitFor("Denied", name))
        return View.Started({
          connection: describe(name, credential),
          authorizationUrl: session.value.authorizationUrl
        })
      })

    const disconnect = (name: string, credential: Credentials.UserCredential, continueUrl: string | undefined) =>
      Effect.gen(function*() {
        const session = yield* forceConsent(credential)
        yield* forgetStatus
        if (Option.isNone(session)) {
          yield* Effect.logWarning("AgentCore still returns a token after a request with forceAuthentication")
          return reject("Unavailable", links.link(name, continueUrl))
        }
        yield* emitFor("Disconnected", name)
        return View.Disconnected({
          connection: { ...describe(name, credential), state: "NotGranted", account: undefined },
          atVendor: "NotSupported",
          continue: continueUrl,
          connectionsUrl
        })
      })

    return {
      /** The connections as data. */
      list: connectionsOf(links.names),

      connections: Effect.gen(function*() {
        return View.Connections({
          user: yield* describeUser(user),
          connections: yield* connectionsOf(links.names),
          formToken: yield* formToken
        })
      }).pipe(Effect.catch(unavailable())),

      link: (name: string, address: string | undefined): Effect.Effect<View> => {
        const continueUrl = allowed(address)
        return links.find(name) === undefined
          ? Effect.succeed(reject("UnknownCredential"))
          : Option.isNone(continueUrl)
          ? Effect.succeed(reject("ContinueNotAllowed"))
          : showLink(name, continueUrl.value)
      },

      submit: (name: string) => {
        const credential = links.find(name)
        const link = credential === undefined ? undefined : links.link(name)
        return Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (!isSameOrigin(request, links.origin)) return reject("OtherSite", link)
          const form = yield* Effect.option(readForm)
          if (Option.isNone(form)) return reject("StaleForm", link)
          if (Option.isNone(form.value)) return reject("FormTooLarge", link)
          const { action, continueUrl: address, token } = form.value.value
          const continueUrl = allowed(address)
          const retry = credential === undefined ? undefined : links.link(name, Option.getOrUndefined(continueUrl))
          if (!(yield* formTokens.isValid(token, yield* userKey))) return reject("StaleForm", retry)
          if (credential === undefined) return reject("UnknownCredential")
          if (Option.isNone(continueUrl)) return reject("ContinueNotAllowed", retry)
          switch (action) {
            case "connect":
            case "reconnect":
              return yield* asUser(start(name, credential, action === "reconnect", continueUrl.value)).pipe(
                Effect.catch(unavailable(retry))
              )
            case "disconnect":
              return yield* asUser(disconnect(name, credential, continueUrl.value)).pipe(
                Effect.catch(unavailable(retry))
              )
            default:
              return reject("StaleForm", retry)
          }
        })
      },

      returned: (visit: Completion.Visit) =>
        Effect.gen(function*() {
          const outcome = yield* Completion.complete(settings, visit, user)
          const credential = "credential" in outcome ? outcome.credential : undefined
          const continueUrl = "continue" in outcome ? outcome.continue : undefined
          const event = outcome._tag === "Failed" ? "Rejected" : outcome._tag
          if (event === "Completed") yield* Effect.ignore(asUser(forgetStatus))
          // Without a session, nothing has ended.
          const isEnd = event !== "AlreadyUsed" && event !== "Unknown" && visit.sessionUri !== undefined
          if (isEnd) yield* emitFor(event, credential)
          return View.Returned({
            outcome: event === "Unknown" && (yield* isForgotten(visit)) ? "Forgotten" : outcome._tag,
            user: yield* describeUser(user),
            account: undefined,
            credential,
            continue: continueUrl,
            link: credential === undefined || links.find(credential) === undefined
              ? undefined
              : links.link(credential, continueUrl),
            connectionsUrl
          })
        })
    }
  }

  return {
    runFor: <R>(
      user: UserIdentifier,
      run: (requests: ReturnType<typeof requestsOf>) => Effect.Effect<View, never, R>
    ): Effect.Effect<View, never, R> =>
      Effect.matchEffect(checkKind("currentUser", users, user), {
        onFailure: (error) => Effect.as(Effect.logError(error.message), reject("OtherUserKind")),
        onSuccess: () => run(requestsOf(user))
      }),
    /** The connections of a user as data. */
    connections: (user: UserIdentifier) =>
      Effect.andThen(checkKind("connections", users, user), Effect.suspend(() => requestsOf(user).list))
  }
}

export type Requests = Parameters<Parameters<ReturnType<typeof make>["runFor"]>[1]>[0]
