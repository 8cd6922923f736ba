/** Decides on the requests of a proxy: the credential of a request, or the reason why it has none. */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Consent from "../../Consent.js"
import type { ConsentSession } from "../../ConsentSession.js"
import * as Identity from "../../Identity.js"
import type { CredentialRejected, InsufficientScope, RequiresUserConsent } from "../../IdentityError.js"
import { fieldName, fieldValue } from "../../internal/credentialHeader.js"
import { isUserCredential } from "../../internal/credentials/credential.js"
import { withDeadline } from "../../internal/deadline.js"
import { isDeclared } from "../../internal/identity/declared.js"
import { checkWorkload } from "../../internal/identity/requests.js"
import { isThrottled } from "../../internal/identity/transient.js"
import * as Origins from "../../internal/origins.js"
import { ConsentSignals, unregistered } from "../../internal/pendingConsents/store.js"
import * as Validation from "../../internal/plane/validation.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import { Connect } from "../Connect.js"
import type { AccessTokenOptions, ApiKeyOptions } from "../HttpClientCredentials.js"
import * as Rejection from "../internal/rejection.js"
import * as AskedRequest from "./askedRequest.js"
import * as Sessions from "./sessions.js"

/** Options of the route. */
export interface Options<E = never, R = never> {
  /** The path of the route. Paths below it belong to it too, because Envoy appends the path of the request. */
  readonly path: HttpRouter.PathInput
  /**
   * The credentials with their origins. An origin has one credential, and is https unless it is a loopback host. An
   * access token is sent as `Authorization: Bearer`.
   */
  readonly credentials: Arr.NonEmptyReadonlyArray<
    | Pick<AccessTokenOptions, "maxScopes" | "origins" | "reauthenticate" | "stepUp"> & {
      readonly credential: Identity.AccessTokenCredential
    }
    | Pick<ApiKeyOptions, "header" | "origins" | "prefix"> & { readonly credential: Identity.ApiKeyCredential }
  >
  /** The name of the workload identity that acts for the users. */
  readonly workload: string
  /**
   * The headers that have the request. `X-Forwarded`: `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`.
   * `X-Original`: `X-Original-Method` and `X-Original-URL`. A request with headers of the other form is rejected. The
   * proxy has to replace those that the agent sends. Default: `X-Forwarded`.
   */
  readonly trust?: "X-Forwarded" | "X-Original" | undefined
  /**
   * Returns the user of a sandbox, by the secret that it sends as `Authorization: Bearer`, or `None`. After 5 seconds
   * the response has the status 503, and this effect is interrupted in the background. Default: the user of a session.
   */
  readonly caller?:
    | ((bearer: Redacted.Redacted) => Effect.Effect<Option.Option<UserIdentifier>, E, R>)
    | undefined
}

export type Entry = Options["credentials"][number]

type ApiKeyEntry = Extract<Entry, { readonly header: string }>

type Link = (session: ConsentSession) => Effect.Effect<string, unknown>

/** The response to a proxy. */
export interface Decision {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  /** Headers with the credential, and its name. */
  readonly secrets: { readonly [name: string]: Redacted.Redacted }
  readonly body: string
}

const invalid = (property: string, expected: string) => Validation.invalidProperty("ForwardAuth", property, expected)

const reject = (
  status: number,
  error: string,
  message: string,
  { headers, ...properties }: { readonly headers?: Record<string, string>; readonly link?: string } = {}
): Decision => ({
  status,
  headers: { "cache-control": "no-store", "x-agentcore-error": error, ...headers },
  secrets: {},
  body: JSON.stringify({ error, message, ...properties })
})

const challenge = (error: string) => ({ "www-authenticate": `Bearer error="${error}"` })

const invalidSession = reject(401, "invalid_session", "The session is unknown, or it has ended.", {
  headers: challenge("invalid_token")
})

const invalidRequest = reject(400, "invalid_request", "The headers about the request are missing or unclear.")

const notAllowed = reject(403, "origin_not_allowed", "No credential is declared for this origin and method.")

/** `Retry-After` is in seconds. */
const unavailable = (error: { readonly _tag: string; readonly message: string }): Effect.Effect<Decision> =>
  Effect.as(
    Effect.logWarning(`ForwardAuth has no credential for a request: ${error._tag}: ${error.message}`),
    isThrottled(error)
      ? reject(429, "throttled", "AgentCore is busy.", { headers: { "retry-after": "1" } })
      : reject(503, "unavailable", "The credential cannot be obtained.", { headers: { "retry-after": "5" } })
  )

const rejected = reject(403, "credential_rejected", "The origin rejects the credential, and there is no other.")

const insufficient = reject(403, "insufficient_scope", "The credential lacks scopes that the origin requires.")

/** A report about a credential. The proxy may report one that was renewed meanwhile. */
type ReportOn = (credential: Redacted.Redacted) => AskedRequest.Report | undefined

type Failure = Identity.AccessTokenError | CredentialRejected | InsufficientScope | RequiresUserConsent

interface Source {
  readonly allows: Origins.Allows
  readonly header: string
  readonly prefix: string
  readonly obtain: (
    reportOn: ReportOn
  ) => Effect.Effect<Redacted.Redacted, Failure, WorkloadAccessToken.WorkloadAccessToken>
}

const rejectionOf = ({ challenge, status }: AskedRequest.Report) =>
  Rejection.rejectionOf({ status, headers: { "www-authenticate": challenge } })

const obtainAccessToken = (
  identity: Identity.Identity["Service"],
  entry: Exclude<Entry, ApiKeyEntry>
): Source["obtain"] => {
  const { request } = entry.credential
  const options = Rejection.tokenOptions(request, entry)
  // The agent waits for a user no longer than for a response.
  const obtain = (scopes: ReadonlyArray<string>) => (forceAuthentication: boolean) =>
    unregistered(identity.getAccessToken({ ...request, scopes, forceAuthentication, consent: Consent.fail }))
  return Effect.fnUntraced(function*(reportOn) {
    const token = yield* obtain(options.scopes)(false)
    const report = reportOn(token)
    const rejection = report && rejectionOf(report)
    if (report === undefined || rejection === undefined) return token
    return rejection._tag === "Rejected"
      ? yield* Rejection.renew(obtain(options.scopes), token, options, report.status)
      : (yield* Rejection.stepUp(options, obtain, token, rejection.required)).token
  })
}

const obtainApiKey = (identity: Identity.Identity["Service"], { credential }: ApiKeyEntry): Source["obtain"] => {
  const { provider } = credential.request
  const obtain = () => identity.getApiKey(credential)
  return (reportOn) =>
    Effect.flatMap(obtain(), (key) => {
      const report = reportOn(key)
      return report === undefined || rejectionOf(report)?._tag !== "Rejected"
        ? Effect.succeed(key)
        : Rejection.renew(obtain, key, { provider, reauthenticate: false }, report.status)
    })
}

const isApiKey = (entry: Entry): entry is ApiKeyEntry => isDeclared(entry.credential, "ApiKey")

const makeSources = Effect.fnUntraced(function*(identity: Identity.Identity["Service"], entries: ReadonlyArray<Entry>) {
  const sources: Array<Source> = []
  for (const [index, entry] of entries.entries()) {
    const name = `credentials[${index}]`
    if (isApiKey(entry) && (!fieldName.test(entry.header) || AskedRequest.isReserved(entry.header))) {
      return yield* invalid(`${name}.header`, "be the name of a header without another meaning, as in x-api-key")
    }
    // An http origin is a loopback host.
    const allows = Origins.allowList(entry.origins)
    if (entry.origins.some((origin) => sources.some(({ allows }) => allows(new URL(origin))))) {
      return yield* invalid(`${name}.origins`, "not have an origin of another credential")
    }
    sources.push(
      isApiKey(entry)
        ? {
          allows,
          header: entry.header.toLowerCase(),
          prefix: entry.prefix ?? "",
          obtain: obtainApiKey(identity, entry)
        }
        : { allows, header: "authorization", prefix: "Bearer ", obtain: obtainAccessToken(identity, entry) }
    )
  }
  return sources
})

/** A response to these methods can contain the headers of its request. */
const isEchoed = (method: string) => ["TRACE", "TRACK", "CONNECT"].includes(method)

const allow = ({ header, prefix }: Source, bearer: Redacted.Redacted, credential: Redacted.Redacted) => {
  const value = `${prefix}${Redacted.value(credential)}`
  return fieldValue.test(value)
    ? Effect.succeed<Decision>({
      status: 200,
      // Without a length, proxies close the connection.
      headers: { "cache-control": "no-store", "content-length": "0" },
      secrets: {
        [header]: Redacted.make(value),
        "x-agentcore-credential": Redacted.make(AskedRequest.nameOf(bearer, credential))
      },
      body: ""
    })
    : unavailable({ _tag: "EncodeError", message: "the credential has characters that no header can carry" })
}

/** The `Connect` in context. A user credential without a link is an error here, because no user could ever consent. */
const connectFor = (entries: ReadonlyArray<Entry>) =>
  Effect.gen(function*() {
    const connect = yield* Effect.serviceOption(Connect)
    const missing = entries.findIndex(({ credential }) =>
      isUserCredential(credential)
      && (Option.isNone(connect) || Option.isNone(connect.value.nameOf(credential)))
    )
    if (missing !== -1) {
      const expected = "be one of the credentials of Connect, whose layer is under ForwardAuth, or its option connect"
      return yield* invalid(`credentials[${missing}].credential`, expected)
    }
    return connect
  })

const askForConsent = (link: Link, session: ConsentSession): Effect.Effect<Decision> =>
  Effect.match(link(session), {
    // `Connect` has no credential with the scopes of a step-up.
    onFailure: () => insufficient,
    onSuccess: (address) =>
      reject(401, "consent_required", "The user has to connect an account. Show them the link, and try again.", {
        headers: { ...challenge("consent_required"), link: `<${address}>; rel="connect"` },
        link: address
      })
  })

export const make = <E, R>(
  { caller, credentials, trust = "X-Forwarded", workload }: Omit<Options<E, R>, "path">
) =>
  Effect.gen(function*() {
    const wrong = checkWorkload({ name: workload })
    if (wrong !== undefined) return yield* wrong
    if (trust !== "X-Forwarded" && trust !== "X-Original") {
      return yield* invalid("trust", "be 'X-Forwarded' or 'X-Original'")
    }
    const connect = yield* connectFor(credentials)
    const identity = Option.isSome(connect) ? connect.value.identity : yield* Identity.make
    const sources = yield* makeSources(identity, credentials)
    const callers = yield* WorkloadAccessToken.Callers
    const signals = yield* ConsentSignals
    const link: Link = (session) => Effect.flatMap(Effect.fromOption(connect), ({ link }) => link(session))
    const userOf = (bearer: Redacted.Redacted): Effect.Effect<Option.Option<UserIdentifier> | Decision, E, R> =>
      caller === undefined
        ? Effect.catch(Sessions.userOf(signals, bearer), unavailable)
        : Effect.result(caller(bearer)).pipe(
          withDeadline({
            duration: "5 seconds",
            onTimeout: () => ({ _tag: "TimeoutError", message: "the option caller took more than 5 seconds" })
          }),
          Effect.matchEffect({ onFailure: unavailable, onSuccess: Effect.fromResult })
        )

    /** Decides on a request with these headers. Names are in lower case. */
    return (headers: Readonly<Record<string, string | undefined>>): Effect.Effect<Decision, E, R> =>
      Effect.gen(function*() {
        const bearer = AskedRequest.bearerOf(headers)
        const user = bearer === undefined ? Option.none() : yield* userOf(bearer)
        if (!Option.isOption(user)) return user
        if (bearer === undefined || Option.isNone(user)) return invalidSession
        const asked = AskedRequest.read(headers, trust)
        if (asked === undefined) return invalidRequest
        const source = sources.find(({ allows }) => allows(asked.url))
        if (source === undefined || isEchoed(asked.method)) return notAllowed
        const report = AskedRequest.reportOf(headers)
        return yield* source.obtain((credential) =>
          report?.credential === AskedRequest.nameOf(bearer, credential) ? report : undefined
        ).pipe(
          Effect.provideServiceEffect(WorkloadAccessToken.WorkloadAccessToken, callers.get(user.value)),
          Effect.flatMap((credential) => allow(source, bearer, credential)),
          Effect.catchTags({
            RequiresUserConsent: ({ session }) => askForConsent(link, session),
            CredentialRejected: () => Effect.succeed(rejected),
            InsufficientScope: () => Effect.succeed(insufficient)
          }),
          Effect.catch(unavailable)
        )
      })
  }).pipe(Effect.provide(WorkloadAccessToken.layerCallers({ name: workload, users: "both" })))
