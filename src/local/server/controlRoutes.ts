/**
 * `/_local/…`: the control of the server over HTTP, for programs on this machine that have its token.
 *
 * A `GET` reads, a `POST` acts. `POST /_local/console` returns a URL of the console. The page exchanges its code for
 * the token at `/_local/console/token`, the one path that needs no token. Bodies are JSON objects in both directions.
 * Error responses have `error`, `message` and usually `reason`.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import * as IdentitySetup from "../../IdentitySetup.js"
import { isOwnHost } from "../../internal/ownHost.js"
import { isLoopback } from "../../models/internal/loopback.js"
import { mapDeep } from "../../models/internal/plainData.js"
import * as Validation from "../../plane/validation.js"
import * as Exceptions from "../control/exceptions.js"
import type * as LocalControl from "../LocalControl.js"
import { isCrossSite } from "./browserRoute.js"
import type { ConsoleCodes } from "./consoleRoutes.js"
import { failed, isJson, parse, readBody, type Settings } from "./dispatch.js"
import { wireErrors } from "./errors.js"
import * as LiveEvents from "./liveEvents.js"
import { isSameSecret } from "./signature.js"

// -----------------------------------------------------------------------------
// Answers
// -----------------------------------------------------------------------------

interface Problem {
  readonly status: number
  readonly error: string
  readonly reason?: string | undefined
  readonly message: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

const respond = (status: number, body: object, more: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.jsonUnsafe(body, { status, headers: { ...headers, ...more } })

const respondProblem = ({ error, headers = {}, message, reason, status }: Problem) =>
  respond(status, { error, reason, message }, headers)

/** Options without a value are omitted, and times are in ISO 8601. */
const toJson = (value: unknown): unknown =>
  mapDeep(value, (inner) =>
    Option.isOption(inner)
      ? toJson(Option.getOrUndefined(inner))
      : DateTime.isDateTime(inner)
      ? DateTime.formatIso(inner)
      : Duration.isDuration(inner)
      ? Duration.toMillis(inner)
      : inner)

const problem = (status: number, error: string) => (message: string): Problem => ({ status, error, message })

const badRequest = problem(400, "BadRequest")
const forbidden = problem(403, "Forbidden")

const statuses: { readonly [error: string]: { readonly [reason: string]: number } } = {
  LocalControlError: {
    UnknownSnapshot: 404,
    UnknownFault: 404,
    TooMany: 409,
    ForeignServer: 409,
    Refused: 502,
    Store: 500
  },
  SessionError: { Unknown: 404, Finished: 409, Expired: 409, Failed: 502 },
  GrantError: { Unknown: 404, Unsupported: 409, Failed: 502, Store: 500 }
}

type ControlError =
  | LocalControl.LocalControlError
  | LocalControl.SeedError
  | IdentitySetup.SetupParseError
  | Effect.Error<ReturnType<LocalControl.ConsentControl["approve"]>>
  | Effect.Error<ReturnType<LocalControl.GrantControl["expire"]>>

const fromControl = (error: ControlError): Problem => {
  const reason = hasProperty(error, "reason") ? String(error.reason) : undefined
  return {
    status: statuses[error._tag]?.[reason ?? ""] ?? 400,
    error: error._tag,
    reason,
    message: error.message
  }
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const hasToken = (authorization: string | undefined, token: Redacted.Redacted): boolean =>
  isSameSecret(authorization ?? "", `Bearer ${Redacted.value(token)}`)

/** Whether a program or page of this machine sent it to this server. */
const checkSource = (request: HttpServerRequest.HttpServerRequest, settings: Settings): Problem | undefined =>
  !isOwnHost(request.headers.host, settings.allowedHosts)
    ? forbidden(wireErrors.foreignHost.message)
    // Not every server of an application knows it. Then the token decides.
    : Option.exists(request.remoteAddress, (address) => !isLoopback(address))
    ? forbidden("The control of the server is for programs on its own machine")
    : isCrossSite(request)
    ? forbidden(wireErrors.crossSite.message)
    : undefined

const unauthorized = problem(401, "Unauthorized")

const checkToken = (request: HttpServerRequest.HttpServerRequest, token: Redacted.Redacted): Problem | undefined =>
  hasToken(request.headers.authorization, token) ? undefined : {
    ...unauthorized(
      "The request needs the header 'Authorization: Bearer', with the token that the server prints as AGENTCORE_LOCAL_TOKEN"
    ),
    headers: { "www-authenticate": "Bearer" }
  }

const parseBody = (body: Uint8Array): Effect.Effect<object, Problem> =>
  Effect.fromResult(parse(body)).pipe(
    Effect.mapError(() => badRequest("The body of the request must be a JSON object in UTF-8")),
    Effect.filterOrFail(
      (value) => !Validation.isDeep(value),
      () => badRequest(`The body of the request must have at most ${Validation.maxLevels} levels`)
    )
  )

/** Names the member, and quotes no value: it may be a secret. */
const decode = <A, I>(schema: Schema.Codec<A, I>) => {
  // The closest member of a union depends on the input.
  const decodeBody = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error", reportInput: true })
  return (body: object): Effect.Effect<A, Problem> =>
    Effect.mapError(Effect.fromResult(decodeBody(body)), ({ issue }) => {
      const violations = Validation.violations(issue)
      const described = violations.map(({ constraint, path }) => {
        const name = path.map(String).join(".")
        return constraint === Validation.missing
          ? `${name} is missing`
          : `${name === "" ? "the body" : name} is not valid, or unknown`
      })
      return badRequest([...new Set(described)].join("; "))
    })
}

const DurationText = Schema.Union([Schema.Number, Schema.String])

const toDuration = (name: string, input: string | number): Effect.Effect<Duration.Duration, Problem> =>
  Effect.mapError(
    Effect.fromOption(
      typeof input === "number" && input < 0 ? Option.none() : Duration.fromInput(input as Duration.Input)
    ),
    () => badRequest(`${name} is a duration such as "90 seconds", or milliseconds`)
  )

// -----------------------------------------------------------------------------
// Actions
// -----------------------------------------------------------------------------

/** Returns the members of the answer. */
type Action = (control: LocalControl.Service, body: object) => Effect.Effect<object, Problem>

const action = <A, I>(
  schema: Schema.Codec<A, I>,
  run: (control: LocalControl.Service, input: A) => Effect.Effect<object, ControlError | Problem>
): Action => {
  const decodeInput = decode(schema)
  return (control, body) =>
    Effect.flatMap(decodeInput(body), (input) => run(control, input)).pipe(
      Effect.mapError((error) => "_tag" in error ? fromControl(error) : error)
    )
}

/** An action whose answer has no members, whatever it returns. */
const command = <A, I>(
  schema: Schema.Codec<A, I>,
  run: (control: LocalControl.Service, input: A) => Effect.Effect<void, ControlError | Problem>
): Action => action(schema, (control, input) => Effect.as(run(control, input), {}))

/** A struct without members accepts any. */
const Nothing = Schema.Record(Schema.String, Schema.Never)

const Name = Schema.Struct({ name: Schema.String })

const Id = Schema.Struct({ id: Schema.String })

const Secret = Schema.RedactedFromValue(Schema.String)

const Restore = Schema.Union([Name, Schema.Struct({ sealed: Schema.String, key: Secret })])

const ClockChange = Schema.Union([
  // Without a literal, which would take this form from the problems of a body that has none of the three members.
  Schema.Struct({ reset: Schema.Boolean.check(Schema.makeFilter((value) => value)) }),
  Schema.Struct({ advance: DurationText }),
  Schema.Struct({ set: Schema.String })
])

const Fault = Schema.Struct({
  operation: Schema.optional(Schema.String),
  endpoint: Schema.optional(Schema.Literals(["token", "authorization", "revocation", "*"])),
  provider: Schema.optional(Schema.String),
  exception: Schema.optional(Schema.String),
  status: Schema.optional(Schema.Number),
  message: Schema.optional(Schema.String.check(Schema.isMaxLength(1024))),
  delay: Schema.optional(DurationText),
  cut: Schema.optional(Schema.Boolean),
  failChange: Schema.optional(Schema.Boolean),
  probability: Schema.optional(Schema.Number),
  count: Schema.optional(Schema.Number)
})

/** A session by its id, or by its URI, which a program has from `GetResourceOauth2Token`. */
const selector = { id: Schema.optional(Schema.String), sessionUri: Schema.optional(Secret) }

const Selector = Schema.Struct(selector)

const Approval = Schema.Struct({ ...selector, userName: Schema.optional(Schema.String) })

const select = ({ id, sessionUri }: typeof Selector.Type): Effect.Effect<LocalControl.Consent, Problem> =>
  (id === undefined) === (sessionUri === undefined)
    ? Effect.fail(badRequest("The body names the session by either id or sessionUri"))
    : Effect.succeed(id ?? sessionUri ?? "")

const hasReference = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && (Object.hasOwn(value, "$env") || Object.values(value).some(hasReference))

const seed: Action = (control, body) =>
  Effect.gen(function*() {
    if (hasReference(body)) {
      return yield* Effect.fail(badRequest(
        "A seed over HTTP has no {\"$env\"}: it would read the variables of the server. Put the value in its place."
      ))
    }
    const setup = yield* IdentitySetup.parse(JSON.stringify(body), { file: "body" }).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: {} })),
      Effect.mapError(fromControl)
    )
    const changes = yield* Effect.mapError(control.seed(setup), fromControl)
    return { changes: changes.map(({ action, kind, name }) => ({ action, kind, name })) }
  })

const actions: ReadonlyMap<string, Action> = new Map([
  ["reset", command(Nothing, (control) => control.reset)],
  ["seed", seed],
  ["snapshot", command(Name, (control, { name }) => control.snapshot(name))],
  [
    "restore",
    command(Restore, (control, from) => control.restore("name" in from ? from.name : from))
  ],
  [
    "export",
    action(
      Schema.Struct({ key: Secret }),
      (control, { key }) => Effect.map(control.export({ key }), (sealed) => ({ sealed }))
    )
  ],
  [
    "clock",
    action(ClockChange, ({ clock }, change): Effect.Effect<object, ControlError | Problem> =>
      "advance" in change
        ? Effect.flatMap(toDuration("advance", change.advance), clock.advance)
        : "set" in change
        ? Option.match(DateTime.make(change.set), {
          onNone: () => Effect.fail(badRequest("set is a time in ISO 8601, such as 2027-01-01T00:00:00Z")),
          onSome: (time) => clock.set(DateTime.toUtc(time))
        })
        : clock.reset)
  ],
  [
    "faults",
    action(Fault, ({ faults }, { delay, ...fault }) =>
      Effect.flatMap(
        delay === undefined ? Effect.succeed(undefined) : toDuration("delay", delay),
        (delay): Effect.Effect<object, ControlError> => faults.add({ ...fault, delay })
      ))
  ],
  ["faults/remove", command(Id, ({ faults }, { id }) => faults.remove(id))],
  ["faults/clear", command(Nothing, ({ faults }) => faults.clear)],
  [
    "consents/approve",
    command(Approval, ({ consents }, { userName, ...selected }) =>
      Effect.flatMap(
        select(selected),
        (consent): Effect.Effect<void, ControlError> => consents.approve(consent, { userName })
      ))
  ],
  ["consents/deny", command(Selector, ({ consents }, selected) => Effect.flatMap(select(selected), consents.deny))],
  ["consents/expire", command(Selector, ({ consents }, selected) => Effect.flatMap(select(selected), consents.expire))],
  ["grants/expire", command(Id, ({ grants }, { id }) => grants.expire(id))],
  ["grants/revoke", command(Id, ({ grants }, { id }) => grants.revoke(id))],
  ["grants/forget", command(Id, ({ grants }, { id }) => grants.forget(id))]
])

/** Makes a URL of the console for the holder of the token. */
const openConsole = ({ consoleUrl }: Service): Action =>
  action(Nothing, () => Effect.map(consoleUrl, (url) => ({ url: Redacted.value(url) })))

/** The page of the console has a code, and no token yet. */
const exchangePath = "console/token"

const exchangeCode = ({ codes, server }: Controlled): Action =>
  action(
    Schema.Struct({ code: Secret }),
    (_, { code }) =>
      Effect.flatMap(codes.redeem(Redacted.value(code)), (isValid) =>
        isValid
          ? Effect.succeed({ token: Redacted.value(server.controlToken) })
          : Effect.fail(unauthorized("The code was used, or is older than a minute: run 'agentcore-identity console'")))
  )

const findAction = (path: string, controlled: Controlled): Action | undefined =>
  path === "console"
    ? openConsole(controlled.server)
    : path === exchangePath
    ? exchangeCode(controlled)
    : actions.get(path)

type Read = (control: LocalControl.Service, query: URLSearchParams) => Effect.Effect<object, ControlError>

/** Without a query, all grants. */
const readGrants: Read = ({ grants }, query) => {
  const limit = query.get("limit")
  const after = query.get("after") ?? undefined
  return limit === null && after === undefined
    ? Effect.map(grants.list, (grants) => ({ grants }))
    : grants.page({ limit: Number(limit ?? defaultLimit), after })
}

const defaultLimit = 100

const reads: ReadonlyMap<string, Read> = new Map([
  ["clock", ({ clock }: LocalControl.Service) => clock.state],
  ["snapshots", (control: LocalControl.Service) => Effect.map(control.snapshots, (snapshots) => ({ snapshots }))],
  ["faults", (control: LocalControl.Service) => Effect.map(control.faults.list, (faults) => ({ faults }))],
  ["requests", (control: LocalControl.Service) => Effect.map(control.requests, (requests) => ({ requests }))],
  ["consents", (control: LocalControl.Service) => Effect.map(control.consents.list, (consents) => ({ consents }))],
  ["grants", readGrants],
  ["refusals", (control: LocalControl.Service) => Effect.map(control.refusals, (refusals) => ({ refusals }))],
  ["resources", (control: LocalControl.Service) => control.resources]
] as ReadonlyArray<readonly [string, Read]>)

/** What a console shows about the server itself. The names of `secrets` are among those of `environment`. */
const describeServer = (
  { controlToken, environment, url }: Service,
  secretEnvironment: Readonly<Record<string, Redacted.Redacted>>
) => {
  const secrets = { ...secretEnvironment, AGENTCORE_LOCAL_TOKEN: controlToken }
  return {
    url,
    environment: { ...environment, ...Record.map(secrets, Redacted.value) },
    secrets: Object.keys(secrets),
    operations: [...Exceptions.operationNames],
    exceptions: Object.keys(Exceptions.statusOf)
  }
}

const maxBytes = (path: string): number => path === "restore" ? 64 * 1024 * 1024 : 1024 * 1024

/** A request as the data of a live event. */
export const toEventData = (record: LocalControl.RequestRecord): string => JSON.stringify(toJson(record))

const respondEvents = ({ open }: LiveEvents.LiveEvents) =>
  Effect.mapBoth(open, {
    onFailure: () =>
      problem(429, "TooManyReaders")(
        `Live events have ${LiveEvents.maxReaders} readers already: close a console or another reader`
      ),
    onSuccess: (events) => HttpServerResponse.stream(events, { contentType: "text/event-stream", headers })
  })

export interface Service {
  /** The URL of the server on this machine, without a trailing slash. */
  readonly url: string
  /**
   * Environment variables that point AWS SDKs, the AWS CLI, and the AgentCore SDKs for Python and TypeScript to the
   * server: endpoints, region, and placeholder credentials. With `verify` the caller supplies the credentials.
   */
  readonly environment: Readonly<Record<string, string>>
  /**
   * The bearer token of the control at `/_local/`, new at each start. A program that has it can read every credential
   * of the server.
   */
  readonly controlToken: Redacted.Redacted
  /**
   * A new URL of the console, a page that acts on the server. It opens the console once, within a minute: its fragment
   * holds a one-time code.
   */
  readonly consoleUrl: Effect.Effect<Redacted.Redacted>
}

export interface Controlled {
  /** The codes of `server.consoleUrl`. */
  readonly codes: ConsoleCodes
  readonly control: LocalControl.Service
  readonly server: Service
  /** Variables that `Server.environment` does not hold. */
  readonly secretEnvironment: Readonly<Record<string, Redacted.Redacted>>
  readonly events: LiveEvents.LiveEvents
}

const act = (
  request: HttpServerRequest.HttpServerRequest,
  settings: Settings,
  controlled: Controlled
): Effect.Effect<HttpServerResponse.HttpServerResponse, Problem, Scope.Scope> => {
  const { control, events, secretEnvironment, server } = controlled
  const [address = "", query] = request.url.split("?", 2)
  const path = address.replace(/^\/_local\//, "")
  const refused = checkSource(request, settings)
    ?? (path === exchangePath ? undefined : checkToken(request, server.controlToken))
  if (refused !== undefined) return Effect.fail(refused)
  const read = path === "server" ? () => Effect.succeed(describeServer(server, secretEnvironment)) : reads.get(path)
  const run = findAction(path, controlled)
  if (read === undefined && run === undefined && path !== "events") {
    return Effect.fail(problem(404, "NotFound")("The control has no action at this path"))
  }
  if (request.method === "GET" && path === "events") return respondEvents(events)
  if (request.method === "GET" && read !== undefined) {
    return Effect.mapBoth(read(control, new URLSearchParams(query)), {
      onFailure: fromControl,
      onSuccess: (output) => respond(200, toJson(output) as object)
    })
  }
  if (request.method !== "POST" || run === undefined) {
    const allow = [...(read === undefined && path !== "events" ? [] : ["GET"]), ...(run === undefined ? [] : ["POST"])]
      .join(", ")
    return Effect.fail({
      ...problem(405, "MethodNotAllowed")(`This path takes ${allow} requests only`),
      headers: { allow }
    })
  }
  if (!isJson(request.headers["content-type"])) {
    return Effect.fail(problem(415, "UnsupportedMediaType")(wireErrors.wrongContentType.message))
  }
  return readBody(request, maxBytes(path)).pipe(
    Effect.mapError(({ message, status }) => problem(status, status === 413 ? "TooLarge" : "BadRequest")(message)),
    Effect.flatMap(parseBody),
    // An action that has begun is finished, also if its caller goes away.
    Effect.flatMap((body) => Effect.uninterruptible(run(control, body))),
    Effect.map((output) => respond(200, toJson(output) as object))
  )
}

export const add = (router: HttpRouter.HttpRouter, settings: Settings, controlled: Controlled): Effect.Effect<void> => {
  const handler = settings.access(
    "control",
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      act(request, settings, controlled).pipe(
        Effect.catch((error) => Effect.succeed(respondProblem(error))),
        Effect.catchCause((cause) => failed("control", randomUUID(), cause))
      ))
  )
  // Includes `/_local` itself.
  return router.add("*", "/_local/*", handler)
}
