/** What `Connect` does for a request, and the view that it responds with. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import * as Consent from "../../Consent.js"
import * as Completion from "../../consentCallback/completion.js"
import * as ConsentSignals from "../../ConsentSignals.js"
import type * as CredentialCache from "../../CredentialCache.js"
import * as Credentials from "../../Credentials.js"
import { DataPlane, type Service as DataPlaneService } from "../../DataPlane.js"
import { Identity, type Service as IdentityService } from "../../Identity.js"
import { subjectOf } from "../../identity/jwtSubject.js"
import type { ValidationException } from "../../IdentityError.js"
import { deriveKey, parseSecret } from "../../internal/sealing.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import { type Connection, type Event, type EventUser, OtherUserKind, type UserKind, View } from "./api.js"
import { invalid, type Links } from "./links.js"

export interface Dependencies extends Completion.Dependencies {
  readonly identity: IdentityService
  readonly dataPlane: DataPlaneService
  readonly cache: Option.Option<CredentialCache.Service>
  readonly returnUrl: Option.Option<string>
}

export interface Settings {
  readonly links: Links
  readonly workload: string
  readonly users: UserKind
  readonly revokeAt: { readonly [name: string]: string | undefined }
  readonly describeUser: (user: UserIdentifier) => Effect.Effect<string>
  readonly formTokens: FormTokens
  readonly emit: (event: Omit<Event, "at">) => Effect.Effect<void>
}

export interface Requests {
  readonly connections: (user: UserIdentifier) => Effect.Effect<View>
  readonly link: (user: UserIdentifier, name: string, continueUrl: string | undefined) => Effect.Effect<View>
  readonly submit: (
    user: UserIdentifier,
    name: string
  ) => Effect.Effect<View, never, HttpServerRequest.HttpServerRequest>
  readonly returned: (user: UserIdentifier, sessionUri: Redacted.Redacted | undefined) => Effect.Effect<View>
}

const refused = View.Refused

const unavailable = (error: { readonly _tag: string }): Effect.Effect<View> =>
  Effect.as(
    Effect.logWarning(`Connect could not do what the user asked: ${error._tag}`),
    refused({ reason: "Unavailable" })
  )

// -----------------------------------------------------------------------------
// Users
// -----------------------------------------------------------------------------

const kindOf = (user: UserIdentifier): UserKind => user.userToken === undefined ? "userId" : "jwt"

export const checkKind = (
  part: OtherUserKind["part"],
  expected: UserKind,
  user: UserIdentifier
): Effect.Effect<void, OtherUserKind> =>
  Effect.suspend(() => {
    const found = kindOf(user)
    return found === expected ? Effect.void : new OtherUserKind({ part, expected, found })
  })

const eventUserOf = (user: UserIdentifier): Effect.Effect<EventUser> =>
  user.userToken === undefined
    ? Effect.succeed({ userId: user.userId })
    : Effect.map(
      subjectOf(user.userToken),
      Option.match({
        onNone: () => undefined,
        onSome: ([issuer, subject]) => ({ issuer, subject })
      })
    )

/** The id, or the first claim of the JWT that people know an account by. The application vouches for the JWT. */
export const describeUser = ({ userId, userToken }: UserIdentifier): Effect.Effect<string> =>
  userToken === undefined
    ? Effect.succeed(userId)
    : Effect.tryPromise(async () => {
      const { decodeJwt } = await import("jose")
      const claims = decodeJwt(Redacted.value(userToken))
      return [claims["email"], claims["preferred_username"], claims["name"], claims.sub].find(isString)
    }).pipe(
      Effect.orElseSucceed(() => undefined),
      Effect.map((name) => name ?? "a user without a name")
    )

// -----------------------------------------------------------------------------
// Forms
// -----------------------------------------------------------------------------

interface Form {
  readonly action: string | undefined
  readonly token: string
  readonly continueUrl: string | undefined
}

/** In bytes. */
const maxFormSize = 16 * 1024

/** Reads a body of unknown size to its end: a client that is cut off while it sends sees no page. */
const readChunks = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    const add = (chunk: Uint8Array): void => {
      size += chunk.length
      if (size <= maxFormSize) chunks.push(chunk)
      else chunks.length = 0
    }
    return Effect.map(
      Stream.runForEach(request.stream, (chunk) => Effect.sync(() => add(chunk))),
      () => size <= maxFormSize ? Option.some(Buffer.concat(chunks).toString("utf8")) : Option.none()
    )
  })

/** None: the body is too large. The server drops what is not read. */
const readBody = (request: HttpServerRequest.HttpServerRequest) => {
  const length = request.headers["content-length"]
  return length === undefined
    ? readChunks(request)
    : Number(length) > maxFormSize
    ? Effect.succeedNone
    : Effect.asSome(request.text)
}

const readerOf = (body: string, isJson: boolean): (name: string) => unknown => {
  if (!isJson) {
    const form = new URLSearchParams(body)
    return (name) => form.getAll(name).length === 1 ? form.get(name) : undefined
  }
  const members: unknown = JSON.parse(body)
  return (name) => isObject(members) && Object.hasOwn(members, name) ? members[name] : undefined
}

/** A form, or the same members as JSON. */
const readForm: Effect.Effect<Option.Option<Form>, unknown, HttpServerRequest.HttpServerRequest> = Effect.gen(
  function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const body = yield* readBody(request)
    if (Option.isNone(body)) return Option.none()
    return yield* Effect.try(() => {
      const read = readerOf(body.value, /^application\/json\b/i.test(request.headers["content-type"] ?? ""))
      const textOf = (name: string): string | undefined =>
        Option.getOrUndefined(Option.liftPredicate(read(name), isString))
      return Option.some({ action: textOf("action"), token: textOf("token") ?? "", continueUrl: textOf("continue") })
    })
  }
)

/** In milliseconds. A page that is open for longer has to be opened again. */
const lifetime = 60 * 60_000

/** Browsers send `Origin` with every form. `Sec-Fetch-Site` is missing on plain http, except on loopback hosts. */
const isSameOrigin = (
  { headers }: HttpServerRequest.HttpServerRequest,
  origin: string
): boolean =>
  headers["origin"] === origin
  && (headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin")

export interface FormTokens {
  readonly make: (user: string) => Effect.Effect<Redacted.Redacted>
  readonly isValid: (token: string, user: string) => Effect.Effect<boolean>
}

/** Without a key, the tokens are for this process alone. */
const keyOf = (formKey: Redacted.Redacted | undefined): Effect.Effect<Uint8Array, ValidationException> =>
  formKey === undefined
    ? Effect.sync(() => randomBytes(32))
    : Effect.fromResult(parseSecret(Redacted.value(formKey), "The formKey of Connect")).pipe(
      Effect.mapBoth({
        onFailure: (message) => invalid("formKey", message),
        onSuccess: (secret) => deriveKey(secret, "effect-agentcore-identity/http/Connect")
      })
    )

/** Tokens that expire after an hour. They have the time in clear, and a code over the time and the user. */
export const makeFormTokens = (
  formKey: Redacted.Redacted | undefined
): Effect.Effect<FormTokens, ValidationException> =>
  Effect.map(keyOf(formKey), (key) => {
    const sign = (until: number, user: string): string =>
      `${until}.${createHmac("sha256", key).update(JSON.stringify([until, user])).digest("base64url")}`
    return {
      make: (user) => Effect.map(Clock.currentTimeMillis, (now) => Redacted.make(sign(now + lifetime, user))),
      isValid: (token, user) =>
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

export const make = (
  { cache, callerOf, dataPlane, identity, pending, returnUrl, signals }: Dependencies,
  { describeUser, emit, formTokens, links, revokeAt, users, workload }: Settings
): Requests => {
  /** Runs an effect for a user, with a workload access token of its own. */
  const asUser =
    (user: UserIdentifier) =>
    <A, E, R>(self: Effect.Effect<A, E, R | WorkloadAccessToken.WorkloadAccessToken | Identity>) =>
      Effect.provideServiceEffect(
        self,
        WorkloadAccessToken.WorkloadAccessToken,
        WorkloadAccessToken.makeWorkload({ name: workload, user })
      ).pipe(
        Effect.provideService(DataPlane, dataPlane),
        Effect.provideService(Identity, identity),
        Effect.provideService(Consent.ReturnUrl, returnUrl)
      )

  const workloadOf = (user: UserIdentifier) => ({ name: workload, user })

  const emitFor = (tag: Event["_tag"], user: UserIdentifier, credential: string | undefined) =>
    Effect.flatMap(eventUserOf(user), (eventUser) => emit({ _tag: tag, credential, workload, user: eventUser }))

  const checkUser = (user: UserIdentifier) =>
    Effect.tapError(checkKind("currentUser", users, user), (error) => Effect.logError(error.message))

  const formToken = (user: UserIdentifier) => Effect.flatMap(userKey(user), formTokens.make)

  /** Two JWTs of one user have one key. */
  const userKey = (user: UserIdentifier) =>
    Effect.map(ConsentSignals.grant({ workload, user, credential: "" }), ({ name }) => Redacted.value(name))

  const describe = (name: string, credential: Credentials.UserCredential): Omit<Connection, "state"> => ({
    name,
    provider: credential.request.provider,
    scopes: credential.request.scopes ?? [],
    link: links.link(name),
    revokeAt: Object.hasOwn(revokeAt, name) ? revokeAt[name] : undefined
  })

  const connectionsOf = (user: UserIdentifier, names: ReadonlyArray<string>, remember?: "0 seconds") => {
    const named = names.flatMap((name) => {
      const credential = links.find(name)
      return credential === undefined ? [] : [{ name, credential }]
    })
    return Credentials.status(named.map(({ credential }) => credential), { caller: workloadOf(user), remember }).pipe(
      Effect.tap((statuses) =>
        Effect.forEach(statuses, (status) =>
          status._tag === "Unknown"
            ? Effect.logWarning(
              `AgentCore did not say whether ${status.credential.key} is granted: ${status.error._tag}`
            )
            : Effect.void)
      ),
      Effect.map((statuses) =>
        named.map(({ credential, name }, index): Connection => ({
          ...describe(name, credential),
          state: statuses[index]?._tag ?? "Unknown"
        }))
      ),
      asUser(user)
    )
  }

  /** Asks once, and shows nothing. None: the user has granted it already. */
  const ask = (credential: Credentials.UserCredential, forceAuthentication: boolean) =>
    identity.getAccessToken({ ...credential.request, forceAuthentication, consent: Consent.fail }).pipe(
      Effect.as(Option.none()),
      Effect.catchTag("RequiresUserConsent", (error) => Effect.succeedSome(error.session))
    )

  /** Asks once with `forceAuthentication`, so that AgentCore drops its tokens, and drops the token from the cache. */
  const forceConsent = (credential: Credentials.UserCredential) =>
    Effect.gen(function*() {
      const old = yield* identity.getAccessToken(credential, { consent: Consent.fail }).pipe(
        Effect.asSome,
        Effect.catchTag("RequiresUserConsent", () => Effect.succeedNone)
      )
      const session = yield* ask(credential, true)
      if (Option.isSome(old) && Option.isSome(cache)) yield* cache.value.invalidate(old.value)
      return session
    })

  const forget = (user: UserIdentifier) => Credentials.forgetStatus({ caller: workloadOf(user) })

  const signalGrant = (user: UserIdentifier, credential: string) =>
    Effect.flatMap(
      ConsentSignals.grant({ workload, user, credential }),
      (topic) => signals.signal(topic, "Completed")
    )

  const linkView = (user: UserIdentifier, name: string, continueUrl: string | undefined): Effect.Effect<View> =>
    Effect.gen(function*() {
      const [connection] = yield* connectionsOf(user, [name], "0 seconds")
      // The process that completed it may have been killed before it could signal.
      if (connection?.state === "Granted") yield* signalGrant(user, name)
      return connection === undefined ? refused({ reason: "UnknownCredential" }) : View.Link({
        user: yield* describeUser(user),
        connection,
        formToken: yield* formToken(user),
        continue: continueUrl
      })
    }).pipe(Effect.catch(unavailable))

  const start = (
    user: UserIdentifier,
    name: string,
    credential: Credentials.UserCredential,
    isForced: boolean,
    continueUrl: string | undefined
  ) =>
    Effect.gen(function*() {
      const session = yield* isForced ? forceConsent(credential) : ask(credential, false)
      yield* forget(user)
      // Another tab has connected it meanwhile.
      if (Option.isNone(session)) return yield* linkView(user, name, continueUrl)
      yield* pending.open({ session: session.value, user, workload, credential: name, continue: continueUrl })
      yield* emitFor("Opened", user, name)
      return View.Started({
        connection: describe(name, credential),
        authorizationUrl: session.value.authorizationUrl
      })
    })

  const disconnect = (user: UserIdentifier, name: string, credential: Credentials.UserCredential) =>
    Effect.gen(function*() {
      const session = yield* forceConsent(credential)
      yield* forget(user)
      if (Option.isNone(session)) {
        yield* Effect.logWarning("AgentCore still returns a token after a request with forceAuthentication")
        return refused({ reason: "Unavailable" })
      }
      yield* emitFor("Disconnected", user, name)
      return View.Disconnected({ connection: { ...describe(name, credential), state: "NotGranted" } })
    })

  const allowed = (address: string | undefined): Option.Option<string | undefined> =>
    address === undefined ? Option.some(undefined) : links.allowed(address)

  const checked = <R>(user: UserIdentifier, run: Effect.Effect<View, never, R>): Effect.Effect<View, never, R> =>
    Effect.matchEffect(checkUser(user), {
      onFailure: () => Effect.succeed<View>(refused({ reason: "OtherUserKind" })),
      onSuccess: () => run
    })

  return {
    connections: (user) =>
      checked(
        user,
        Effect.gen(function*() {
          return View.Connections({
            user: yield* describeUser(user),
            connections: yield* connectionsOf(user, links.names),
            formToken: yield* formToken(user)
          })
        }).pipe(Effect.catch(unavailable))
      ),

    link: (user, name, continueUrl) =>
      checked(
        user,
        links.find(name) === undefined
          ? Effect.succeed(refused({ reason: "UnknownCredential" }))
          : Option.match(allowed(continueUrl), {
            onNone: () => Effect.succeed<View>(refused({ reason: "ContinueNotAllowed" })),
            onSome: (continueUrl) => linkView(user, name, continueUrl)
          })
      ),

    submit: (user, name) =>
      checked(
        user,
        Effect.gen(function*() {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (!isSameOrigin(request, links.origin)) return refused({ reason: "OtherSite" })
          const form = yield* Effect.option(readForm)
          if (Option.isNone(form)) return refused({ reason: "StaleForm" })
          if (Option.isNone(form.value)) return refused({ reason: "FormTooLarge" })
          const { action, continueUrl: address, token } = form.value.value
          if (!(yield* formTokens.isValid(token, yield* userKey(user)))) return refused({ reason: "StaleForm" })
          const credential = links.find(name)
          if (credential === undefined) return refused({ reason: "UnknownCredential" })
          const continueUrl = allowed(address)
          if (Option.isNone(continueUrl)) return refused({ reason: "ContinueNotAllowed" })
          switch (action) {
            case "connect":
            case "reconnect":
              return yield* asUser(user)(
                start(user, name, credential, action === "reconnect", continueUrl.value)
              )
            case "disconnect":
              return yield* asUser(user)(disconnect(user, name, credential))
            default:
              return refused({ reason: "StaleForm" })
          }
        }).pipe(Effect.catch(unavailable))
      ),

    returned: (user, sessionUri) =>
      checked(
        user,
        Effect.gen(function*() {
          const outcome = yield* Completion.complete({ callerOf, identity, pending, signals }, sessionUri, user)
          const credential = "credential" in outcome ? outcome.credential : undefined
          switch (outcome._tag) {
            case "Completed":
              yield* Effect.ignore(asUser(user)(forget(user)))
              yield* emitFor("Completed", user, credential)
              break
            case "WrongUser":
            case "Expired":
              yield* emitFor(outcome._tag, user, credential)
              break
            case "Failed":
              yield* emitFor("Refused", user, undefined)
              break
            default:
          }
          return View.Returned({
            outcome: outcome._tag,
            credential,
            continue: outcome._tag === "Completed" ? outcome.continue : undefined
          })
        })
      )
  }
}
