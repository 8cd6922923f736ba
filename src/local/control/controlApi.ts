/**
 * Declares the control of a server over HTTP, for the routes of the server, the command and the console.
 * `GET /_local/<path>` reads, and `POST /_local/<path>` acts. Bodies are JSON objects in both directions.
 */
import * as Schema from "effect/Schema"
import type * as IdentitySetup from "../../IdentitySetup.js"
import * as Constraint from "../../internal/models/constraint.js"
import type { ConsentStatus, GrantStatus, RevocationOutcome } from "../backend/backendModels.js"
import type { RequestRecord } from "../LocalControl.js"
import type { ClockState, FaultStatus, Resources, Snapshot } from "./controlModels.js"

/** What the console shows about the server itself. The names in `secrets` are also in `environment`. */
export interface Server {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: ReadonlyArray<string>
  readonly operations: ReadonlyArray<string>
  readonly exceptions: ReadonlyArray<string>
}

/** The responses of the paths that read. `events` is not one of them: it is a stream. */
export interface Reads {
  readonly clock: ClockState
  readonly snapshots: { readonly snapshots: ReadonlyArray<Snapshot> }
  readonly faults: { readonly faults: ReadonlyArray<FaultStatus> }
  readonly requests: { readonly requests: ReadonlyArray<RequestRecord> }
  readonly consents: { readonly consents: ReadonlyArray<ConsentStatus> }
  readonly grants: { readonly grants: ReadonlyArray<GrantStatus> }
  readonly resources: Resources
  readonly server: Server
}

/** `Schema.Struct({})` would accept any properties. */
const Nothing = Schema.Record(Schema.String, Schema.Never)

const Name = Schema.Struct({ name: Schema.String })

const Id = Schema.Struct({ id: Schema.String })

const Secret = Schema.RedactedFromValue(Schema.String)

const DurationInput = Schema.Union([Schema.Number, Schema.String])

/** Names a consent session: its id, or its URI, which a program gets from `GetResourceOauth2Token`. */
const selector = { id: Schema.optional(Schema.String), sessionUri: Schema.optional(Secret) }

const Selector = Schema.Struct(selector)

export type Selector = typeof Selector.Type

/** The bodies of the paths that act. */
export const bodies = {
  reset: Nothing,
  // The action parses the setup itself, to report errors as for a setup file.
  seed: Schema.ObjectKeyword as Schema.Codec<object, Schema.Codec.Encoded<typeof IdentitySetup.IdentitySetup>>,
  snapshot: Name,
  restore: Name,
  // No unions: a misspelled property would be reported once for each member. The actions check which ones are given.
  clock: Schema.Struct({
    advance: Schema.optional(DurationInput),
    set: Schema.optional(Schema.String),
    reset: Schema.optional(Schema.Literal(true))
  }),
  faults: Schema.Struct({
    operation: Schema.optional(Schema.String),
    endpoint: Schema.optional(Schema.Literals(["token", "authorization", "revocation", "*"])),
    provider: Schema.optional(Schema.String),
    exception: Schema.optional(Schema.String),
    status: Schema.optional(Schema.Number),
    message: Schema.optional(Constraint.string(0, 1024)),
    delay: Schema.optional(DurationInput),
    cut: Schema.optional(Schema.Boolean),
    count: Schema.optional(Schema.Number)
  }),
  "faults/remove": Id,
  "faults/clear": Nothing,
  "consents/open": Id,
  "consents/approve": Schema.Struct({ ...selector, userName: Schema.optional(Schema.String) }),
  "consents/deny": Selector,
  "consents/expire": Selector,
  "grants/expire": Id,
  "grants/revoke": Id,
  "grants/forget": Id,
  console: Nothing,
  "console/token": Schema.Struct({ code: Secret })
}

export type Action = keyof typeof bodies

/** The body of an action, as JSON carries it. */
export type Body<A extends Action> = Schema.Codec.Encoded<(typeof bodies)[A]>

/** The responses of the actions whose response has properties. */
export interface Results {
  readonly seed: { readonly changes: ReadonlyArray<Pick<IdentitySetup.Change, "action" | "kind" | "name">> }
  readonly clock: ClockState
  readonly faults: FaultStatus
  readonly "consents/open": { readonly url: string }
  readonly "grants/revoke": { readonly outcome: RevocationOutcome }
  readonly console: { readonly url: string }
  readonly "console/token": { readonly token: string }
}

export type Result<A extends Action> = A extends keyof Results ? Results[A] : {}
