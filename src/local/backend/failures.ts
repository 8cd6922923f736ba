/** The exceptions of the local backend's operations. The planes add the name of the operation. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import {
  ConflictException,
  InternalServerException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException
} from "../../IdentityError.js"
import type { VaultStoreError } from "../VaultStore.js"

/** The service model requires a reason, and has no reason for a request that is invalid as a whole. */
export const invalid = (message: string, field?: string): ValidationException =>
  new ValidationException({
    message,
    reason: "FieldValidationFailed",
    ...(field === undefined ? {} : { fieldList: [{ name: field, message }] })
  })

export const notFound = (message: string): ResourceNotFoundException => new ResourceNotFoundException({ message })

/** The message is a guess. */
export const vendorChanged = (before: string, after: string): ValidationException =>
  invalid(`The vendor cannot be changed from ${before} to ${after}`, "credentialProviderVendor")

export const conflict = (message: string): ConflictException => new ConflictException({ message })

export const quotaExceeded = (message: string): ServiceQuotaExceededException =>
  new ServiceQuotaExceededException({ message })

export const logStoreError = ({ message }: VaultStoreError): Effect.Effect<void> =>
  Effect.logError(`The store of the local backend failed: ${message}`)

const isStoreError = (error: unknown): error is VaultStoreError => Predicate.isTagged(error, "VaultStoreError")

/** Logs the store's message. The caller learns only that the store failed. */
export const mapStoreError = <A, E = never>(effect: Effect.Effect<A, E | VaultStoreError>) =>
  Effect.catchIf(effect, isStoreError, (error) =>
    Effect.andThen(
      logStoreError(error),
      new InternalServerException({ message: "The store of the local backend failed" })
    ))
