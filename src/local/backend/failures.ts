/** The exceptions of the local backend's operations. */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Rows from "../../internal/plane/operation.js"
import { callOf, fromTable } from "../../internal/plane/plane.js"
import type * as Operation from "../../Operation.js"
import type { VaultStoreError } from "../vault/vaultStore.js"

/** An exception without its operation. {@link makePlane} adds that. `Tag` is the name of the exception. */
export interface Exception<out Tag extends string>
  extends Cause.YieldableError, Omit<Rows.ExceptionMembers, "operation">
{
  readonly _tag: Tag
  readonly message: string
}

export type Invalid = Exception<"ValidationException">

type Tag<Row> = Extract<Operation.Error<Row>, { readonly _tag: string }>["_tag"]

/** The operations of a table, which fail with exceptions without their operation. */
export type Operations<T> = {
  readonly [K in keyof T]: (
    request: Operation.Request<T[K]>
  ) => Effect.Effect<Operation.Response<T[K]>, Exception<Tag<T[K]>>>
}

const makeMethod = <T>(operations: Operations<T>) =>
<Request, Response, E>(
  { errors, name }: Operation.Operation<string, Request, Response, E>,
  method: string
): (request: Request) => Effect.Effect<Response, E> => {
  // The operations have a method for each row, whose exceptions the row has.
  const call = callOf(operations, method) as (request: Request) => Effect.Effect<Response, Exception<string>>
  return (request) =>
    Effect.mapError(call(request), ({ _tag, fieldList, message, reason }) => {
      const Class = errors.find((Class) => Class._tag === _tag) as Rows.ExceptionClass<E>
      return new Class({ operation: name, message, reason, fieldList })
    })
}

export const makePlane = <const T extends Rows.Table>(table: T, operations: Operations<T>): Operation.Plane<T> =>
  fromTable(table, makeMethod(operations))

export const raise = <Tag extends string>(
  _tag: Tag,
  message: string,
  more: Pick<Rows.ExceptionMembers, "reason" | "fieldList"> = {}
): Exception<Tag> => new Data.Error({ _tag, message, ...more }) as Exception<Tag>

/** The service model requires a reason, and has no reason for a request that is invalid as a whole. */
export const invalid = (message: string, field?: string): Invalid =>
  raise("ValidationException", message, {
    reason: "FieldValidationFailed",
    ...(field === undefined ? {} : { fieldList: [{ name: field, message }] })
  })

export const notFound = (message: string) => raise("ResourceNotFoundException", message)

/** The message is a guess. */
export const vendorChanged = (before: string, after: string): Invalid =>
  invalid(`The vendor cannot be changed from ${before} to ${after}`, "credentialProviderVendor")

export const conflict = (message: string) => raise("ConflictException", message)

export const quotaExceeded = (message: string) => raise("ServiceQuotaExceededException", message)

export const logStoreError = ({ message }: VaultStoreError): Effect.Effect<void> =>
  Effect.logError(`The store of the local backend failed: ${message}`)

const isStoreError = (error: unknown): error is VaultStoreError => Predicate.isTagged(error, "VaultStoreError")

/** Logs the store's message. The caller learns only that the store failed. */
export const mapStoreError = <A, E = never>(effect: Effect.Effect<A, E | VaultStoreError>) =>
  Effect.catchIf(effect, isStoreError, (error) =>
    Effect.andThen(
      logStoreError(error),
      raise("InternalServerException", "The store of the local backend failed")
    ))
