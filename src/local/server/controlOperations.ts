/**
 * The operations of the control over HTTP. `controlRoutes` serves this table. The command and the console take the
 * types of their requests from it.
 *
 * `GET /_local/<name>` reads, and `POST /_local/<name>` acts. Bodies are JSON objects in both directions.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as IdentitySetup from "../../IdentitySetup.js"
import * as Constraint from "../../internal/models/constraint.js"
import type { Json } from "../../internal/models/native.js"
import { toWords } from "../../internal/models/violation.js"
import * as Issues from "../../internal/plane/issues.js"
import type { ClockState, Consent, SeedError } from "../control/controlModels.js"
import * as Exceptions from "../control/exceptions.js"
import type * as LocalControl from "../LocalControl.js"
import type { ConsoleCodes } from "./consoleRoutes.js"
import type { LocalServer } from "./serverModels.js"

export interface Controlled {
  /** The codes of `server.consoleUrl`. */
  readonly codes: ConsoleCodes
  readonly control: LocalControl.LocalControl["Service"]
  readonly server: LocalServer["Service"]
  /** Variables that `Server.environment` does not hold. */
  readonly secretEnvironment: Readonly<Record<string, Redacted.Redacted>>
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

class BadRequest extends Data.TaggedError("BadRequest")<{ readonly message: string }> {}

class Unauthorized extends Data.TaggedError("Unauthorized")<{ readonly message: string }> {}

const badRequest = (message: string) => new BadRequest({ message })

export type ControlError =
  | LocalControl.LocalControlError
  | LocalControl.SessionError
  | LocalControl.GrantError
  | SeedError
  | IdentitySetup.SetupParseError
  | BadRequest
  | Unauthorized

// -----------------------------------------------------------------------------
// Reads
// -----------------------------------------------------------------------------

/** Describes the server itself for the console. The names in `secrets` are also in `environment`. */
const describeServer = ({ secretEnvironment, server: { controlToken, environment, url } }: Controlled) => {
  const secrets = { ...secretEnvironment, AGENTCORE_LOCAL_TOKEN: controlToken }
  const all: Readonly<Record<string, string>> = { ...environment, ...Record.map(secrets, Redacted.value) }
  return {
    url,
    environment: all,
    secrets: Object.keys(secrets),
    operations: [...Exceptions.operationNames],
    exceptions: Object.keys(Exceptions.statusOf)
  }
}

/** The operations that read. `events` is not one of them: it is a stream. */
export const reads = {
  clock: ({ control }) => control.clock.state,
  snapshots: ({ control }) => Effect.map(control.snapshots, (snapshots) => ({ snapshots })),
  faults: ({ control }) => Effect.map(control.faults.list, (faults) => ({ faults })),
  requests: ({ control }) => Effect.map(control.requests, (requests) => ({ requests })),
  consents: ({ control }) => Effect.map(control.consents.list, (consents) => ({ consents })),
  grants: ({ control }) => Effect.map(control.grants.list, (grants) => ({ grants })),
  resources: ({ control }) => control.resources,
  server: (controlled) => Effect.succeed(describeServer(controlled))
} satisfies { readonly [name: string]: (controlled: Controlled) => Effect.Effect<object, ControlError> }

// -----------------------------------------------------------------------------
// Bodies
// -----------------------------------------------------------------------------

/** `Schema.Struct({})` would accept any properties. */
const Nothing = Schema.Record(Schema.String, Schema.Never)

/** The action parses the setup itself, to report errors as for a setup file. */
const Setup = Schema.ObjectKeyword as Schema.Codec<object, Schema.Codec.Encoded<typeof IdentitySetup.IdentitySetup>>

const Name = Schema.Struct({ name: Schema.String })

const Id = Schema.Struct({ id: Schema.String })

const Secret = Schema.RedactedFromValue(Schema.String)

const DurationInput = Schema.Union([Schema.Number, Schema.String])

// No unions: a misspelled property would be reported once for each member. `moveClock` checks which one is given.
const ClockChange = Schema.Struct({
  advance: Schema.optional(DurationInput),
  set: Schema.optional(Schema.String),
  reset: Schema.optional(Schema.Literal(true))
})

const Fault = Schema.Struct({
  operation: Schema.optional(Schema.String),
  endpoint: Schema.optional(Schema.Literals(["token", "authorization", "revocation", "*"])),
  provider: Schema.optional(Schema.String),
  exception: Schema.optional(Schema.String),
  status: Schema.optional(Schema.Number),
  message: Schema.optional(Constraint.string(0, 1024)),
  delay: Schema.optional(DurationInput),
  cut: Schema.optional(Schema.Boolean),
  count: Schema.optional(Schema.Number)
})

/** Names a consent session: its id, or its URI, which a program gets from `GetResourceOauth2Token`. */
const selector = { id: Schema.optional(Schema.String), sessionUri: Schema.optional(Secret) }

const Selector = Schema.Struct(selector)

const toDuration = (name: string, input: string | number): Effect.Effect<Duration.Duration, BadRequest> =>
  Effect.mapError(
    Effect.fromOption(
      typeof input === "number" && input < 0 ? Option.none() : Duration.fromInput(input as Duration.Input)
    ),
    () => badRequest(`${name} is a duration such as "90 seconds", or milliseconds`)
  )

const toConsent = ({ id, sessionUri }: typeof Selector.Type): Effect.Effect<Consent, BadRequest> =>
  (id === undefined) === (sessionUri === undefined)
    ? badRequest("The body names the session by either id or sessionUri")
    : Effect.succeed(id ?? sessionUri ?? "")

const hasReference = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && (Object.hasOwn(value, "$env") || Object.values(value).some(hasReference))

const parseSetup = (
  body: object
): Effect.Effect<IdentitySetup.IdentitySetup, IdentitySetup.SetupParseError | BadRequest> =>
  hasReference(body)
    ? badRequest(
      "A seed over HTTP has no {\"$env\"}: it would read the variables of the server. Put the value in its place."
    )
    : Effect.provideService(
      IdentitySetup.parse(JSON.stringify(body), { file: "body" }),
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env: {} })
    )

// -----------------------------------------------------------------------------
// Actions
// -----------------------------------------------------------------------------

/** An operation that acts. `I` is its body as JSON, and `A` is its response. */
interface Act<I, A> {
  readonly body: Schema.Codec<unknown, I>
  /** Decodes the body, and acts. */
  readonly run: (controlled: Controlled, body: object) => Effect.Effect<A, ControlError>
}

/** The message about a body names its properties, and quotes no value, because values may be secrets. */
const act = <T, I, A extends object | void>(
  body: Schema.Codec<T, I>,
  run: (controlled: Controlled, body: T) => Effect.Effect<A, ControlError>
): Act<I, A> => {
  // A violation contains the type of a value.
  const decode = Schema.decodeUnknownResult(body, { errors: "all", onExcessProperty: "error", reportInput: true })
  return {
    body,
    run: (controlled, json) =>
      Effect.fromResult(decode(json)).pipe(
        Effect.mapError(({ issue }) => {
          const problems = Issues.readViolations(issue).map((one) =>
            `${one.path.map(String).join(".")} ${toWords(one)}`
          )
          return badRequest(problems.join("; "))
        }),
        Effect.flatMap((input) => run(controlled, input))
      )
  }
}

const moveClock = (
  { control: { clock } }: Controlled,
  { advance, reset, set }: typeof ClockChange.Type
): Effect.Effect<ClockState, ControlError> => {
  if ([advance, set, reset].filter((value) => value !== undefined).length !== 1) {
    return badRequest("The body has either advance, set or reset")
  }
  if (advance !== undefined) return Effect.flatMap(toDuration("advance", advance), clock.advance)
  if (set === undefined) return clock.reset
  return Option.match(DateTime.make(set), {
    onNone: () => badRequest("set is a time in ISO 8601, such as 2027-01-01T00:00:00Z"),
    onSome: (time) => clock.set(DateTime.toUtc(time))
  })
}

/** The path that exchanges a code of the console for the token. Its caller has no token yet. */
export const exchangePath = "console/token"

export const actions = {
  reset: act(Nothing, ({ control }) => control.reset),
  seed: act(Setup, ({ control }, setup) =>
    Effect.map(Effect.flatMap(parseSetup(setup), control.seed), (changes) => ({
      changes: changes.map(({ action, kind, name }) => ({ action, kind, name }))
    }))),
  snapshot: act(Name, ({ control }, { name }) => control.snapshot(name)),
  restore: act(Name, ({ control }, { name }) => control.restore(name)),
  clock: act(ClockChange, moveClock),
  faults: act(Fault, ({ control: { faults } }, { delay, ...fault }) =>
    delay === undefined
      ? faults.add(fault)
      : Effect.flatMap(toDuration("delay", delay), (delay) => faults.add({ ...fault, delay }))),
  "faults/remove": act(Id, ({ control }, { id }) => control.faults.remove(id)),
  "faults/clear": act(Nothing, ({ control }) => control.faults.clear),
  "consents/open": act(
    Id,
    ({ control }, { id }) => Effect.map(control.consents.authorizationUrl(id), (url) => ({ url: Redacted.value(url) }))
  ),
  "consents/approve": act(
    Schema.Struct({
      ...selector,
      userName: Schema.optional(Schema.String),
      complete: Schema.optional(Schema.Boolean)
    }),
    ({ control }, { complete, userName, ...selected }) =>
      Effect.map(
        Effect.flatMap(toConsent(selected), (consent) => control.consents.approve(consent, { complete, userName })),
        (returnUrl) => ({ returnUrl: Option.map(returnUrl, Redacted.value) })
      )
  ),
  "consents/deny": act(Selector, ({ control }, selected) => Effect.flatMap(toConsent(selected), control.consents.deny)),
  "consents/expire": act(
    Selector,
    ({ control }, selected) => Effect.flatMap(toConsent(selected), control.consents.expire)
  ),
  "grants/expire": act(Id, ({ control }, { id }) => control.grants.expire(id)),
  "grants/revoke": act(Id, ({ control }, { id }) => Effect.map(control.grants.revoke(id), (outcome) => ({ outcome }))),
  "grants/forget": act(Id, ({ control }, { id }) => control.grants.forget(id)),
  console: act(Nothing, ({ server }) => Effect.map(server.consoleUrl, (url) => ({ url: Redacted.value(url) }))),
  [exchangePath]: act(
    Schema.Struct({ code: Secret }),
    ({ codes, server }, { code }) =>
      Effect.flatMap(codes.redeem(Redacted.value(code)), (isValid) =>
        isValid
          ? Effect.succeed({ token: Redacted.value(server.controlToken) })
          : new Unauthorized({
            message: "The code was used, or is older than a minute: run 'npx agentcore-identity console'"
          }))
  )
}

// -----------------------------------------------------------------------------
// Types for clients
// -----------------------------------------------------------------------------

export type Read = keyof typeof reads

export type Action = keyof typeof actions

/** What a read responds with, as JSON carries it. */
export type Found<R extends Read> = Json<Effect.Success<ReturnType<(typeof reads)[R]>>>

/** The body of an action, as JSON carries it. */
export type Body<A extends Action> = Schema.Codec.Encoded<(typeof actions)[A]["body"]>

type Success<A extends Action> = Effect.Success<ReturnType<(typeof actions)[A]["run"]>>

/** What an action responds with, as JSON carries it. */
export type Done<A extends Action> = Success<A> extends void ? {} : Json<Success<A>>
