/**
 * Serves `control/controlApi` at `/_local/`, for programs on this machine that have the token of the server.
 *
 * `POST /_local/console` returns a URL of the console. The page exchanges its code for the token at
 * `/_local/console/token`, the only path that needs no token. Error responses have `error`, `message` and usually
 * `reason`.
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
import { toPlain } from "../../internal/models/native.js"
import { isDeep, maxLevels } from "../../internal/models/plainData.js"
import { isLoopback } from "../../internal/models/urls.js"
import { toWords } from "../../internal/models/violation.js"
import { isOwnHost } from "../../internal/ownHost.js"
import * as Issues from "../../internal/plane/issues.js"
import { isSameSecret } from "../../internal/sameSecret.js"
import * as Api from "../control/controlApi.js"
import type { Consent, SeedError } from "../control/controlModels.js"
import * as Exceptions from "../control/exceptions.js"
import type * as LocalControl from "../LocalControl.js"
import { isCrossSite } from "./browserRoute.js"
import type { ConsoleCodes } from "./consoleRoutes.js"
import { isJson, parse, readBody, respondDefect, type Settings } from "./dispatch.js"
import { headers, wireErrors } from "./errors.js"
import * as LiveEvents from "./liveEvents.js"
import type { LocalServer } from "./serverModels.js"

interface Problem {
  readonly status: number
  readonly error: string
  readonly reason?: string | undefined
  readonly message: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const respondProblem = ({ error, headers: more, message, reason, status }: Problem) =>
  HttpServerResponse.jsonUnsafe({ error, reason, message }, { status, headers: { ...headers, ...more } })

const problem = (status: number, error: string) => (message: string): Problem => ({ status, error, message })

const badRequest = problem(400, "BadRequest")
const forbidden = problem(403, "Forbidden")
const unauthorized = problem(401, "Unauthorized")

const statuses: { readonly [error: string]: { readonly [reason: string]: number } } = {
  LocalControlError: {
    UnknownSnapshot: 404,
    UnknownFault: 404,
    TooMany: 409,
    ForeignServer: 409,
    Rejected: 502,
    Store: 500
  },
  SessionError: { Unknown: 404, Finished: 409, Expired: 409, Failed: 502 },
  GrantError: { Unknown: 404, Unsupported: 409, Failed: 502, Store: 500 }
}

type ControlError =
  | LocalControl.LocalControlError
  | SeedError
  | IdentitySetup.SetupParseError
  | LocalControl.SessionError
  | LocalControl.GrantError

const fromControl = (error: ControlError | Problem): Problem => {
  if (!("_tag" in error)) return error
  const reason = hasProperty(error, "reason") ? String(error.reason) : undefined
  return {
    status: statuses[error._tag]?.[reason ?? ""] ?? 400,
    error: error._tag,
    reason,
    message: error.message
  }
}

/** Checks that a program or page of this machine sent the request to this server. */
const checkSource = (request: HttpServerRequest.HttpServerRequest, settings: Settings): Problem | undefined =>
  !isOwnHost(request.headers.host, settings.allowedHosts)
    ? forbidden(wireErrors.foreignHost.message)
    // A server may not know the address. Then only the token protects the control.
    : Option.exists(request.remoteAddress, (address) => !isLoopback(address))
    ? forbidden("The control of the server is for programs on its own machine")
    : isCrossSite(request)
    ? forbidden(wireErrors.crossSite.message)
    : undefined

const checkToken = (request: HttpServerRequest.HttpServerRequest, token: Redacted.Redacted): Problem | undefined =>
  isSameSecret(request.headers.authorization ?? "", `Bearer ${Redacted.value(token)}`) ? undefined : {
    ...unauthorized(
      "The request needs the header 'Authorization: Bearer', with the token that the server prints as AGENTCORE_LOCAL_TOKEN"
    ),
    headers: { "www-authenticate": "Bearer" }
  }

const parseBody = (body: Uint8Array): Effect.Effect<object, Problem> =>
  Effect.fromResult(parse(body)).pipe(
    Effect.mapError(() => badRequest("The body of the request must be a JSON object in UTF-8")),
    Effect.filterOrFail(
      (value) => !isDeep(value),
      () => badRequest(`The body of the request must have at most ${maxLevels} levels`)
    )
  )

/** Decodes a body. The message names properties, and quotes no value, because values may be secrets. */
const decode = <A, I>(schema: Schema.Codec<A, I>) => {
  // A violation contains the type of a value.
  const decodeBody = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error", reportInput: true })
  return (body: object): Effect.Effect<A, Problem> =>
    Effect.mapError(Effect.fromResult(decodeBody(body)), ({ issue }) => {
      const problems = Issues.readViolations(issue).map((one) => `${one.path.map(String).join(".")} ${toWords(one)}`)
      return badRequest(problems.join("; "))
    })
}

const toDuration = (name: string, input: string | number): Effect.Effect<Duration.Duration, Problem> =>
  Effect.mapError(
    Effect.fromOption(
      typeof input === "number" && input < 0 ? Option.none() : Duration.fromInput(input as Duration.Input)
    ),
    () => badRequest(`${name} is a duration such as "90 seconds", or milliseconds`)
  )

const toConsent = ({ id, sessionUri }: Api.Selector): Effect.Effect<Consent, Problem> =>
  (id === undefined) === (sessionUri === undefined)
    ? Effect.fail(badRequest("The body names the session by either id or sessionUri"))
    : Effect.succeed(id ?? sessionUri ?? "")

const hasReference = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && (Object.hasOwn(value, "$env") || Object.values(value).some(hasReference))

const parseSetup = (
  body: object
): Effect.Effect<IdentitySetup.IdentitySetup, IdentitySetup.SetupParseError | Problem> =>
  hasReference(body)
    ? Effect.fail(badRequest(
      "A seed over HTTP has no {\"$env\"}: it would read the variables of the server. Put the value in its place."
    ))
    : Effect.provideService(
      IdentitySetup.parse(JSON.stringify(body), { file: "body" }),
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env: {} })
    )

interface Controlled {
  /** The codes of `server.consoleUrl`. */
  readonly codes: ConsoleCodes
  readonly control: LocalControl.LocalControl["Service"]
  readonly server: LocalServer["Service"]
  /** Variables that `Server.environment` does not hold. */
  readonly secretEnvironment: Readonly<Record<string, Redacted.Redacted>>
  readonly events: LiveEvents.LiveEvents
}

const describeServer = ({ secretEnvironment, server: { controlToken, environment, url } }: Controlled): Api.Server => {
  const secrets = { ...secretEnvironment, AGENTCORE_LOCAL_TOKEN: controlToken }
  return {
    url,
    environment: { ...environment, ...Record.map(secrets, Redacted.value) },
    secrets: Object.keys(secrets),
    operations: [...Exceptions.operationNames],
    exceptions: Object.keys(Exceptions.statusOf)
  }
}

const makeReads = (controlled: Controlled): {
  readonly [P in keyof Api.Reads]: Effect.Effect<Api.Reads[P], ControlError>
} => {
  const { clock, consents, faults, grants, requests, resources, snapshots } = controlled.control
  return {
    clock: clock.state,
    snapshots: Effect.map(snapshots, (snapshots) => ({ snapshots })),
    faults: Effect.map(faults.list, (faults) => ({ faults })),
    requests: Effect.map(requests, (requests) => ({ requests })),
    consents: Effect.map(consents.list, (consents) => ({ consents })),
    grants: Effect.map(grants.list, (grants) => ({ grants })),
    resources,
    server: Effect.succeed(describeServer(controlled))
  }
}

type Actions = {
  readonly [A in Api.Action]: (
    body: (typeof Api.bodies)[A]["Type"]
  ) => Effect.Effect<A extends keyof Api.Results ? Api.Results[A] : void, ControlError | Problem>
}

const makeActions = ({ codes, control, server }: Controlled): Actions => {
  const { clock, consents, faults, grants } = control
  return {
    reset: () => control.reset,
    seed: (body) =>
      Effect.map(Effect.flatMap(parseSetup(body), control.seed), (changes) => ({
        changes: changes.map(({ action, kind, name }) => ({ action, kind, name }))
      })),
    snapshot: ({ name }) => control.snapshot(name),
    restore: ({ name }) => control.restore(name),
    clock: ({ advance, reset, set }) =>
      [advance, set, reset].filter((value) => value !== undefined).length !== 1
        ? Effect.fail(badRequest("The body has either advance, set or reset"))
        : advance !== undefined
        ? Effect.flatMap(toDuration("advance", advance), clock.advance)
        : set !== undefined
        ? Option.match(DateTime.make(set), {
          onNone: () => Effect.fail(badRequest("set is a time in ISO 8601, such as 2027-01-01T00:00:00Z")),
          onSome: (time) => clock.set(DateTime.toUtc(time))
        })
        : clock.reset,
    faults: ({ delay, ...fault }) =>
      delay === undefined
        ? faults.add(fault)
        : Effect.flatMap(toDuration("delay", delay), (delay) => faults.add({ ...fault, delay })),
    "faults/remove": ({ id }) => faults.remove(id),
    "faults/clear": () => faults.clear,
    "consents/open": ({ id }) => Effect.map(consents.authorizationUrl(id), (url) => ({ url: Redacted.value(url) })),
    "consents/approve": ({ userName, ...selector }) =>
      Effect.flatMap(toConsent(selector), (consent) => consents.approve(consent, { userName })),
    "consents/deny": (selector) => Effect.flatMap(toConsent(selector), consents.deny),
    "consents/expire": (selector) => Effect.flatMap(toConsent(selector), consents.expire),
    "grants/expire": ({ id }) => grants.expire(id),
    "grants/revoke": ({ id }) => Effect.map(grants.revoke(id), (outcome) => ({ outcome })),
    "grants/forget": ({ id }) => grants.forget(id),
    console: () => Effect.map(server.consoleUrl, (url) => ({ url: Redacted.value(url) })),
    [exchangePath]: ({ code }) =>
      Effect.flatMap(codes.redeem(Redacted.value(code)), (isValid) =>
        isValid
          ? Effect.succeed({ token: Redacted.value(server.controlToken) })
          : Effect.fail(
            unauthorized("The code was used, or is older than a minute: run 'npx agentcore-identity console'")
          ))
  }
}

/** The path that exchanges the code of the console for the token. Its caller has no token yet. */
const exchangePath = "console/token"

const decoders = Record.map(Api.bodies, (schema) => decode<unknown, unknown>(schema))

const toResponse = (output: object | void): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(toPlain(output ?? {}), { headers })

/** Encodes a request as the data of a live event. */
export const toEventData = (record: LocalControl.RequestRecord): string => JSON.stringify(toPlain(record))

const respondEvents = ({ open }: LiveEvents.LiveEvents) =>
  Effect.mapBoth(open, {
    onFailure: () =>
      problem(429, "TooManyReaders")(
        `Live events have ${LiveEvents.maxReaders} readers already: close a console or another reader`
      ),
    onSuccess: (events) => HttpServerResponse.stream(events, { contentType: "text/event-stream", headers })
  })

type Handler = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<HttpServerResponse.HttpServerResponse, Problem, Scope.Scope>

const makeActor = (path: Api.Action, actions: Actions): Handler => (request) => {
  if (!isJson(request.headers["content-type"])) {
    return Effect.fail(problem(415, "UnsupportedMediaType")(wireErrors.wrongContentType.message))
  }
  // The decoder of a path returns what its action takes.
  const run = actions[path] as (body: unknown) => Effect.Effect<object | void, ControlError | Problem>
  return readBody(request).pipe(
    Effect.mapError(({ message, status }) => problem(status, status === 413 ? "TooLarge" : "BadRequest")(message)),
    Effect.flatMap(parseBody),
    // An action that has started finishes, even if the caller closes the connection.
    Effect.flatMap((body) => Effect.uninterruptible(Effect.flatMap(decoders[path](body), run))),
    Effect.mapBoth({ onFailure: fromControl, onSuccess: toResponse })
  )
}

interface Route {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly handler: Handler
}

const makeRoutes = (controlled: Controlled): ReadonlyArray<Route> => {
  const actions = makeActions(controlled)
  return [
    { method: "GET", path: "events", handler: () => respondEvents(controlled.events) },
    ...Object.entries(makeReads(controlled)).map(([path, read]): Route => ({
      method: "GET",
      path,
      handler: () => Effect.mapBoth(read, { onFailure: fromControl, onSuccess: toResponse })
    })),
    ...Record.keys(actions).map((path): Route => ({ method: "POST", path, handler: makeActor(path, actions) }))
  ]
}

export const add = (router: HttpRouter.HttpRouter, settings: Settings, controlled: Controlled): Effect.Effect<void> => {
  const routes = makeRoutes(controlled)
  const handle: Handler = (request) => {
    const path = (request.url.split("?", 1)[0] ?? "").replace(/^\/_local\//, "")
    const rejection = checkSource(request, settings)
      ?? (path === exchangePath ? undefined : checkToken(request, controlled.server.controlToken))
    if (rejection !== undefined) return Effect.fail(rejection)
    const found = routes.filter((route) => route.path === path)
    if (found.length === 0) return Effect.fail(problem(404, "NotFound")("The control has no action at this path"))
    const allow = found.map(({ method }) => method).join(", ")
    return found.find(({ method }) => method === request.method)?.handler(request) ?? Effect.fail({
      ...problem(405, "MethodNotAllowed")(`This path takes ${allow} requests only`),
      headers: { allow }
    })
  }
  const respond = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    handle(request).pipe(
      Effect.catch((error) => Effect.succeed(respondProblem(error))),
      Effect.catchCause((cause) => respondDefect("control", randomUUID(), cause))
    ))
  // The path `/_local` matches, too.
  return router.add("*", "/_local/*", settings.access("control", respond))
}
