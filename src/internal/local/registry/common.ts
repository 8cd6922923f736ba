/**
 * What the resources of the control plane have in common: how they fail, and how the store's failures are told.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import {
  ConflictException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../../IdentityError.js"
import type { StoreError } from "../store.js"

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
export const stored = <A, E, R>(
  operation: string,
  effect: Effect.Effect<A, E | StoreError, R>
): Effect.Effect<A, Exclude<E, StoreError> | InternalServerException, R> =>
  Effect.catchIf(effect, isStoreError, ({ reason }) =>
    Effect.zipRight(
      Effect.logError(`The store of the local backend failed: ${reason}`).pipe(Effect.annotateLogs({ operation })),
      new InternalServerException({ operation, message: "The store of the local backend failed" })
    ))

const isStoreError = (error: unknown): error is StoreError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "StoreError"

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

/** @internal */
export const newResource = (name: string, tags: Tags | undefined): Effect.Effect<Resource> =>
  Effect.map(DateTime.now, (now) => ({ name, tags: tags ?? {}, createdTime: now, lastUpdatedTime: now }))

/** @internal */
export const orNotFound = <A>(
  found: Option.Option<A>,
  operation: string,
  what: string,
  name: string
): Effect.Effect<A, ResourceNotFoundException> => Effect.mapError(found, () => notFound(operation, what, name))
