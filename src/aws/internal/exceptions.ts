/**
 * Which exceptions an operation has in the service model, by name.
 *
 * @since 0.1.0
 */
import {
  AccessDeniedException,
  ConcurrentModificationException,
  ConflictException,
  DecryptionFailure,
  EncryptionFailure,
  InternalServerException,
  JWTPayloadSizeExceededException,
  OutboundWebIdentityFederationDisabledException,
  ResourceLimitExceededException,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  SessionDurationEscalationException,
  ThrottlingException,
  UnauthorizedException,
  ValidationException
} from "../../IdentityError.js"
import type { ValidationExceptionField } from "../../IdentityError.js"

/**
 * What the service says with an exception. A class keeps the members that it has; only `ValidationException` has the last two.
 *
 * @internal
 */
export interface Said {
  readonly operation: string
  readonly message: string
  readonly requestId?: string | undefined
  readonly reason?: string | undefined
  readonly fieldList?: ReadonlyArray<ValidationExceptionField> | undefined
}

/**
 * The class of an exception by its name, for the names that an operation has.
 *
 * @internal
 */
export type Exceptions<E> = (name: string) => (new(said: Said) => E) | undefined

const exceptions = <Classes extends { readonly [name: string]: new(said: Said) => { readonly _tag: string } }>(
  classes: Classes
): Exceptions<InstanceType<Classes[keyof Classes]>> => {
  const byName = new Map(Object.entries(classes))
  // The values of `classes`, which `Object.entries` widens.
  return (name) => byName.get(name) as (new(said: Said) => InstanceType<Classes[keyof Classes]>) | undefined
}

const six = {
  ValidationException,
  UnauthorizedException,
  AccessDeniedException,
  ResourceNotFoundException,
  ThrottlingException,
  InternalServerException
}

/**
 * The six that every operation on an identity has.
 *
 * @internal
 */
export const common = exceptions(six)

/**
 * Those of the creation of a credential provider.
 *
 * @internal
 */
export const newProvider = exceptions({
  ...six,
  ConflictException,
  ServiceQuotaExceededException,
  ResourceLimitExceededException,
  EncryptionFailure,
  DecryptionFailure
})

/**
 * Those of the reading of a credential provider.
 *
 * @internal
 */
export const readProvider = exceptions({ ...six, DecryptionFailure })

/**
 * Those of the update of a credential provider.
 *
 * @internal
 */
export const changedProvider = exceptions({
  ...six,
  ConflictException,
  ServiceQuotaExceededException,
  EncryptionFailure,
  DecryptionFailure
})

/**
 * Those of changes that can collide with another one.
 *
 * @internal
 */
export const conflicting = exceptions({ ...six, ConflictException })

/**
 * Those of a change of the vault's key.
 *
 * @internal
 */
export const changedVault = exceptions({ ...six, ConcurrentModificationException })

const ofTags = {
  ValidationException,
  AccessDeniedException,
  ResourceNotFoundException,
  ThrottlingException,
  InternalServerException
}

/**
 * Those of reading and removing tags.
 *
 * @internal
 */
export const tags = exceptions(ofTags)

/**
 * Those of adding tags.
 *
 * @internal
 */
export const newTags = exceptions({ ...ofTags, ServiceQuotaExceededException })

/**
 * Those of the creation of a consent portal.
 *
 * @internal
 */
export const newPortal = exceptions({ ...six, ConflictException, ServiceQuotaExceededException })

/**
 * Those of the listing of consent portals.
 *
 * @internal
 */
export const portals = exceptions({
  ValidationException,
  UnauthorizedException,
  AccessDeniedException,
  ThrottlingException,
  InternalServerException
})

/**
 * Those of `GetWebIdentityToken`. STS calls the common ones by names of its own, those of the AWS Query protocol, and by the names
 * that newer services give them.
 *
 * @internal
 */
export const webIdentityToken = exceptions({
  OutboundWebIdentityFederationDisabledException,
  SessionDurationEscalationException,
  JWTPayloadSizeExceededException,
  ValidationError: ValidationException,
  ValidationException,
  AccessDenied: AccessDeniedException,
  AccessDeniedException,
  Throttling: ThrottlingException,
  ThrottlingException,
  InternalFailure: InternalServerException,
  InternalServerException
})
