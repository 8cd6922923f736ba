/** The operations of `CredentialProvider`. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as String from "effect/String"
import { ControlPlane, operations as rows } from "../../ControlPlane.js"
import type {
  GetApiKeyCredentialProviderResponse,
  GetOauth2CredentialProviderResponse,
  GetPaymentCredentialProviderResponse
} from "../../Models.js"
import type * as Operation from "../../Operation.js"
import type * as Rows from "../plane/operation.js"
import * as Validation from "../plane/validation.js"
import type { Definition } from "./definitions.js"
import * as View from "./view.js"

type Providers = {
  readonly oauth2: GetOauth2CredentialProviderResponse
  readonly apiKey: GetApiKeyCredentialProviderResponse
  readonly payment: GetPaymentCredentialProviderResponse
}

type Ensured = {
  readonly outcome: "Created" | "Updated" | "Unchanged"
  /** The members that differed. */
  readonly changes: ReadonlyArray<string>
  /** The members that may differ, because the service does not return them. Secrets are among these. */
  readonly notComparable: ReadonlyArray<string>
}

type ReadError = Operation.Error<typeof rows.getOauth2CredentialProvider>

/** An update has no other errors. */
type WriteError = Operation.Error<typeof rows.createOauth2CredentialProvider>

// These operations cast requests and responses: TypeScript does not relate a kind to its operations.

export const get = <Kind extends keyof Providers>(
  { kind, name }: { readonly kind: Kind; readonly name: string }
): Effect.Effect<Providers[Kind], ReadError, ControlPlane> =>
  ControlPlane.use((plane) =>
    plane[`get${String.capitalize(kind)}CredentialProvider`]({ name }) as Effect.Effect<
      Providers[Kind],
      ReadError
    >
  )

const send = (operation: "create" | "update", kind: Definition["kind"], request: object) =>
  ControlPlane.use((plane): Effect.Effect<unknown, WriteError> =>
    plane[`${operation}${String.capitalize(kind)}CredentialProvider`](request as never)
  )

/** Replaces the whole configuration of a provider. An update has no tags. */
const replace = ({ kind, request: { tags: _tags, ...request } }: Definition) => send("update", kind, request)

/**
 * Compares a provider with its definition, and changes nothing. Returns `Missing`, or what differs. Secrets are not
 * among the values.
 */
export const compare = (definition: Definition): Effect.Effect<
  "Missing" | View.Difference,
  ReadError | View.SecretSourceSwitch,
  ControlPlane
> =>
  Effect.gen(function*() {
    const row: Rows.Any = rows[`create${String.capitalize(definition.kind)}CredentialProvider`]
    // Without the check, a plain string would not count as a secret, and its rotation would change nothing.
    yield* Effect.fromResult(Validation.check(row.request, row.name)(definition.request))
    return yield* View.compare(definition, yield* get(definition))
  }).pipe(Effect.catchTag("ResourceNotFoundException", () => Effect.succeed("Missing" as const)))

const update = (definition: Definition, found: View.Difference, rotateSecrets: boolean) => {
  const rotated = rotateSecrets ? found.notComparable.filter(View.isSecretPath) : []
  const changes = [...found.changes, ...rotated]
  const notComparable = found.notComparable.filter((name) => !rotated.includes(name))
  return changes.length === 0
    ? Effect.succeed<Ensured>({ outcome: "Unchanged", changes, notComparable })
    : Effect.as(replace(definition), { outcome: "Updated" as const, changes, notComparable })
}

/** Creates a provider, or updates it. `found` is the result of {@link compare}. */
export const apply = (definition: Definition, found: "Missing" | View.Difference, rotateSecrets: boolean) =>
  found !== "Missing"
    ? update(definition, found, rotateSecrets)
    : Effect.as(send("create", definition.kind, definition.request), {
      outcome: "Created" as const,
      changes: [],
      notComparable: []
    }).pipe(
      // Another process may have created the provider meanwhile. If it is still missing, the request is invalid.
      Effect.catchTag("ValidationException", (error) =>
        Effect.flatMap(
          compare(definition),
          (again) => again === "Missing" ? Effect.fail(error) : update(definition, again, rotateSecrets)
        ))
    )

export const ensure = (
  definition: Definition,
  options: {
    /** Whether to send the secrets even if nothing else differs. Default: false. */
    readonly rotateSecrets?: boolean | undefined
  } = {}
): Effect.Effect<
  Ensured,
  WriteError | View.SecretSourceSwitch,
  ControlPlane
> =>
  compare(definition).pipe(
    Effect.flatMap((found) => apply(definition, found, options.rotateSecrets ?? false)),
    Effect.withSpan("CredentialProvider.ensure")
  )

/** The service could not create, update or delete the provider. The service supplies `reason`. */
export class CredentialProviderFailed
  extends Schema.TaggedError<CredentialProviderFailed>()("CredentialProviderFailed", {
    name: Schema.String,
    status: Schema.String,
    reason: Schema.optional(Schema.String)
  })
{
  override get message(): string {
    return `Credential provider '${this.name}' is ${this.status}${this.reason === undefined ? "" : `: ${this.reason}`}`
  }
}

/** The provider was not ready when the schedule ended. `status` is the last one read. */
export class CredentialProviderTimedOut
  extends Schema.TaggedError<CredentialProviderTimedOut>()("CredentialProviderTimedOut", {
    name: Schema.String,
    status: Schema.String
  })
{
  override get message(): string {
    return `Credential provider '${this.name}' is still ${this.status}`
  }
}

const defaultSchedule: Schedule.Schedule<unknown> = Schedule.spaced("1 second").pipe(
  Schedule.upTo({ duration: "2 minutes" })
)

/**
 * Waits until a provider is `READY`. It fails with `CredentialProviderFailed` and the service's reason when the status
 * is `CREATE_FAILED`, `UPDATE_FAILED` or `DELETE_FAILED`, and with `CredentialProviderTimedOut` when the schedule ends.
 * Default: every second, for 2 minutes.
 *
 * A provider without a status is ready: API keys, payments, and OAuth2 providers of older accounts have none.
 */
export const awaitReady = <Kind extends keyof Providers>(
  target: {
    /** The kind of the provider. */
    readonly kind: Kind
    /** The name of the provider. */
    readonly name: string
  },
  schedule: Schedule.Schedule<unknown> = defaultSchedule
): Effect.Effect<
  Providers[Kind],
  ReadError | CredentialProviderFailed | CredentialProviderTimedOut,
  ControlPlane
> =>
  Effect.flatMap(
    get(target),
    (provider): Effect.Effect<Providers[Kind], CredentialProviderFailed | CredentialProviderTimedOut> => {
      // Only OAuth2 providers have these properties.
      const { failureReason: reason, status } = provider as Partial<Providers["oauth2"]>
      const { name } = target
      return status === undefined || status === "READY"
        ? Effect.succeed(provider)
        : status.endsWith("_FAILED")
        ? new CredentialProviderFailed({ name, status, reason })
        : new CredentialProviderTimedOut({ name, status })
    }
  ).pipe(Effect.retry({ schedule, while: (error) => error._tag === "CredentialProviderTimedOut" }))
