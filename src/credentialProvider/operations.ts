/** The operations of `CredentialProvider`, but for `update`. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  ControlPlane,
  type CreateCredentialProviderError,
  type DeleteOauth2CredentialProviderError,
  type GetCredentialProviderError,
  type ListError,
  type StreamOptions,
  type UpdateCredentialProviderError
} from "../ControlPlane.js"
import {
  CredentialProviderFailed,
  CredentialProviderTimedOut,
  type SecretSourceSwitch
} from "../CredentialProviderError.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import type { Definition, Ensured, Kind, Providers, Summaries, Target } from "./model.js"
import * as View from "./view.js"

// -----------------------------------------------------------------------------
// By kind
// -----------------------------------------------------------------------------

type Requests = { readonly [D in Definition as D["kind"]]: D["request"] }

interface Operations<K extends Kind> {
  readonly get: (name: string) => Effect.Effect<Providers[K], GetCredentialProviderError>
  readonly stream: (options: StreamOptions | undefined) => Stream.Stream<Summaries[K], ListError>
  readonly delete: (name: string) => Effect.Effect<void, DeleteOauth2CredentialProviderError>
  readonly create: (request: Requests[K]) => Effect.Effect<unknown, CreateCredentialProviderError>
  /** Takes the request of a creation, and omits the tags, which an update does not have. */
  readonly replace: (request: Requests[K]) => Effect.Effect<unknown, UpdateCredentialProviderError>
}

const refuseKind = Validation.refuse(
  () => Schema.Struct({ kind: Constraint.oneOf("oauth2", "apiKey", "payment") }),
  { name: "CredentialProvider" }
)

const getOperations = <K extends Kind>(
  kind: K
): Effect.Effect<Operations<K>, ValidationException, ControlPlane> =>
  Effect.flatMap(ControlPlane, (plane) => {
    const operations: { readonly [K in Kind]: Operations<K> } = {
      oauth2: {
        get: (name) => plane.getOauth2CredentialProvider({ name }),
        stream: (options) => plane.streamOauth2CredentialProviders(options),
        delete: (name) => plane.deleteOauth2CredentialProvider({ name }),
        create: (request) => plane.createOauth2CredentialProvider(request),
        replace: ({ tags: _tags, ...request }) => plane.updateOauth2CredentialProvider(request)
      },
      apiKey: {
        get: (name) => plane.getApiKeyCredentialProvider({ name }),
        stream: (options) => plane.streamApiKeyCredentialProviders(options),
        delete: (name) => plane.deleteApiKeyCredentialProvider({ name }),
        create: (request) => plane.createApiKeyCredentialProvider(request),
        replace: ({ tags: _tags, ...request }) => plane.updateApiKeyCredentialProvider(request)
      },
      payment: {
        get: (name) => plane.getPaymentCredentialProvider({ name }),
        stream: (options) => plane.streamPaymentCredentialProviders(options),
        delete: (name) => plane.deletePaymentCredentialProvider({ name }),
        create: (request) => plane.createPaymentCredentialProvider(request),
        replace: ({ tags: _tags, ...request }) => plane.updatePaymentCredentialProvider(request)
      }
    }
    return refuseKind({ kind }) ?? Effect.succeed(operations[kind])
  })

export const get = <K extends Kind>(
  { kind, name }: Target<K>
): Effect.Effect<Providers[K], GetCredentialProviderError, ControlPlane> =>
  Effect.flatMap(getOperations(kind), (operations) => operations.get(name))

export const stream = <K extends Kind>(
  kind: K,
  options?: StreamOptions
): Stream.Stream<Summaries[K], ListError, ControlPlane> =>
  Stream.unwrap(Effect.map(getOperations(kind), (operations) => operations.stream(options)))

export const remove = (
  { kind, name }: Target
): Effect.Effect<void, DeleteOauth2CredentialProviderError, ControlPlane> =>
  Effect.flatMap(getOperations(kind), (operations) => operations.delete(name))

const create = (
  { kind, request }: Pick<Definition, "kind" | "request">
): Effect.Effect<unknown, CreateCredentialProviderError, ControlPlane> =>
  Effect.flatMap(getOperations(kind), (operations) => operations.create(request))

/** Replaces the whole configuration of a provider. */
export const replace = (
  { kind, request }: Pick<Definition, "kind" | "request">
): Effect.Effect<void, UpdateCredentialProviderError, ControlPlane> =>
  Effect.asVoid(Effect.flatMap(getOperations(kind), (operations) => operations.replace(request)))

// -----------------------------------------------------------------------------
// Ensure
// -----------------------------------------------------------------------------

const compareExisting = (
  definition: Definition
): Effect.Effect<View.Difference, GetCredentialProviderError | SecretSourceSwitch, ControlPlane> =>
  Effect.flatMap(get(definition), (provider) =>
    View.compare(
      definition.name,
      View.fromDefinition(definition),
      View.fromProvider(definition.kind, provider)
    ))

/** `compare` with the values before and after. */
export const compareValues = (
  definition: Definition
): Effect.Effect<"Missing" | View.Difference, GetCredentialProviderError | SecretSourceSwitch, ControlPlane> =>
  Effect.catchTag(compareExisting(definition), "ResourceNotFoundException", () => Effect.succeed("Missing" as const))

export const compare = (
  definition: Definition
): Effect.Effect<
  "Missing" | Omit<Ensured, "outcome">,
  GetCredentialProviderError | SecretSourceSwitch,
  ControlPlane
> =>
  Effect.map(compareValues(definition), (difference) => {
    if (difference === "Missing") return difference
    const { changes, notComparable } = difference
    return { changes, notComparable }
  })

export const ensure = (
  definition: Definition,
  options: { readonly rotateSecrets?: boolean | undefined } = {}
): Effect.Effect<
  Ensured,
  CreateCredentialProviderError | UpdateCredentialProviderError | SecretSourceSwitch,
  ControlPlane
> => {
  const rotated = options.rotateSecrets !== true ? [] : [...View.fromDefinition(definition).secrets].flatMap(
    ([name, { source }]) => source === "MANAGED" ? [name] : []
  )
  const updateExisting = Effect.flatMap(compareExisting(definition), (difference) => {
    const changes = [...difference.changes, ...rotated]
    const notComparable = difference.notComparable.filter((name) => !rotated.includes(name))
    return changes.length === 0
      ? Effect.succeed<Ensured>({ outcome: "Unchanged", changes, notComparable })
      : Effect.as(replace(definition), { outcome: "Updated" as const, changes, notComparable })
  })
  const created: Ensured = { outcome: "Created", changes: [], notComparable: [] }
  return Effect.catchTag(updateExisting, "ResourceNotFoundException", () =>
    Effect.as(create(definition), created).pipe(
      // Another process may have created the provider meanwhile. If it is still missing, the request is invalid.
      Effect.catchTag("ValidationException", (error) =>
        Effect.catchTag(updateExisting, "ResourceNotFoundException", () => Effect.fail(error)))
    )).pipe(Effect.withSpan("CredentialProvider.ensure"))
}

// -----------------------------------------------------------------------------
// Await
// -----------------------------------------------------------------------------

export const awaitReady = <K extends Kind>(
  target: Target<K>,
  schedule: Schedule.Schedule<unknown>
): Effect.Effect<
  Providers[K],
  GetCredentialProviderError | CredentialProviderFailed | CredentialProviderTimedOut,
  ControlPlane
> =>
  Effect.flatMap(
    get(target),
    (provider): Effect.Effect<Providers[K], CredentialProviderFailed | CredentialProviderTimedOut> => {
      // Only OAuth2 providers have these members.
      const { failureReason, status } = provider as Partial<Providers["oauth2"]>
      return status === undefined || status === "READY"
        ? Effect.succeed(provider)
        : status.endsWith("_FAILED")
        ? Effect.fail(new CredentialProviderFailed({ name: target.name, status, reason: failureReason }))
        : Effect.fail(new CredentialProviderTimedOut({ name: target.name, status }))
    }
  ).pipe(Effect.retry({ schedule, while: (error) => error._tag === "CredentialProviderTimedOut" }))
