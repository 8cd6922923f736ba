/**
 * What the resources of the control plane have in common: their fields, how they fail, and how the store's failures are told.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  ConflictException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type { Account } from "../arn.js"
import type { Environment } from "../authorizationServers.js"
import type { Service as Store, StoreError } from "../store.js"

// -----------------------------------------------------------------------------
// Surroundings
// -----------------------------------------------------------------------------

/** @internal */
export interface Surroundings extends Environment {
  readonly account: Account
  /** Without a slash at the end. */
  readonly publicUrl: string
  readonly store: Store
  /** How long a consent portal takes for a change. Milliseconds. */
  readonly consentPortalDelay: number
  /** What has to go with a resource that is deleted. */
  readonly dropWorkload: (name: string) => Effect.Effect<void, StoreError>
  readonly dropOauth2Provider: (callbackId: string) => Effect.Effect<void, StoreError>
}

// -----------------------------------------------------------------------------
// Resources
// -----------------------------------------------------------------------------

/** @internal */
export type Tags = Readonly<Record<string, string>>

/**
 * What every resource is stored with. `tags` are empty rather than absent.
 *
 * @internal
 */
export const resourceFields = {
  name: Schema.String,
  tags: Schema.Record({ key: Schema.String, value: Schema.String }),
  createdTime: Schema.DateTimeUtc,
  lastUpdatedTime: Schema.DateTimeUtc
}

/** @internal */
export interface Resource {
  readonly name: string
  readonly tags: Tags
  readonly createdTime: DateTime.Utc
  readonly lastUpdatedTime: DateTime.Utc
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/** @internal */
export const invalid = (operation: string, message: string, field?: string): ValidationException =>
  new ValidationException({
    operation,
    message,
    ...(field === undefined ? {} : { reason: "FieldValidationFailed", fieldList: [{ name: field, message }] })
  })

/** @internal */
export const notFound = (operation: string, what: string, name: string): ResourceNotFoundException =>
  new ResourceNotFoundException({ operation, message: `${what} with name '${name}' not found` })

/** @internal */
export const providerExists = (operation: string, name: string): ValidationException =>
  invalid(operation, `Credential provider with name: ${name} already exists`)

/** AWS documentation: 50 providers of each kind. */
const providerLimit = 50

/** @internal */
export const providerQuota = {
  limit: providerLimit,
  exceeded: (operation: string): ServiceQuotaExceededException =>
    quotaExceeded(operation, `An account cannot have more than ${providerLimit} credential providers of a kind`)
}

/** @internal */
export const conflict = (operation: string, message: string): ConflictException =>
  new ConflictException({ operation, message })

/** @internal */
export const quotaExceeded = (operation: string, message: string): ServiceQuotaExceededException =>
  new ServiceQuotaExceededException({ operation, message })

/**
 * A store that fails is the service's failure: the caller learns that it was, the log learns how.
 *
 * @internal
 */
export const stored = <A>(
  operation: string,
  effect: Effect.Effect<A, StoreError>
): Effect.Effect<A, InternalServerException> =>
  Effect.catchAll(effect, ({ reason }) =>
    Effect.zipRight(
      Effect.annotateLogs(Effect.logError(`The store of the local backend failed: ${reason}`), { operation }),
      new InternalServerException({ operation, message: "The store of the local backend failed" })
    ))
