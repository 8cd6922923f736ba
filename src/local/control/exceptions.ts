/** The exceptions of all operations, and their HTTP statuses. */
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import type { TransportError, UnknownServiceError } from "../../IdentityError.js"
import type * as Rows from "../../internal/plane/operation.js"
import type * as Operation from "../../Operation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"

const tables = [DataPlane.operations, ControlPlane.operations, SecurityTokenService.operations] as const

const rows: ReadonlyArray<Rows.Any> = tables.flatMap((table) => Object.values<Rows.Any>(table))

type Row<T> = T[keyof T]

export type PlaneError = Operation.Error<
  Row<typeof DataPlane.operations> | Row<typeof ControlPlane.operations> | Row<typeof SecurityTokenService.operations>
>

type Exception = Exclude<PlaneError, UnknownServiceError | TransportError>

export const statusOf: { readonly [Name in Exception["_tag"]]: number } = {
  ValidationException: 400,
  UnauthorizedException: 401,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  ThrottlingException: 429,
  InternalServerException: 500,
  ConflictException: 409,
  ConcurrentModificationException: 409,
  ServiceQuotaExceededException: 402,
  ResourceLimitExceededException: 400,
  EncryptionFailure: 400,
  DecryptionFailure: 400,
  OutboundWebIdentityFederationDisabledException: 403,
  SessionDurationEscalationException: 403,
  JWTPayloadSizeExceededException: 400
}

export const operationNames: ReadonlySet<string> = new Set(rows.map(({ name }) => name))

export const classes: ReadonlyMap<string, Rows.ExceptionClass<unknown>> = new Map(
  rows.flatMap(({ errors }) => errors.map((exception) => [exception._tag, exception] as const))
)

export const isException = (name: string): name is Exception["_tag"] => Object.hasOwn(statusOf, name)
