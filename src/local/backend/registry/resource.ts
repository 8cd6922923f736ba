/** The common parts of the control plane's resources. */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ServiceQuotaExceededException, ValidationException } from "../../../IdentityError.js"
import type { Service as OAuthClient } from "../../oauth/contract.js"
import type { Service as VaultStore, VaultStoreError } from "../../VaultStore.js"
import type { Environment } from "../authorizationServers.js"
import { invalid, quotaExceeded } from "../failures.js"

export interface Dependencies extends Environment {
  readonly client: OAuthClient
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly store: VaultStore
  /** The time that a consent portal takes for a change. Milliseconds. */
  readonly consentPortalDelay: number
  /** Drops the tokens and sessions of a workload that is being deleted. */
  readonly dropWorkload: (name: string) => Effect.Effect<void, VaultStoreError>
  /** Drops the tokens of a provider that is being deleted. */
  readonly dropOauth2Provider: (callbackId: string) => Effect.Effect<void, VaultStoreError>
}

export type Tags = Readonly<Record<string, string>>

/** AWS reserves these keys, in every service. */
export const checkTags = (tags: Tags): Effect.Effect<void, ValidationException> =>
  Object.keys(tags).some((key) => /^aws:/i.test(key))
    ? invalid("Member must not have a key that begins with aws: AWS reserves the prefix", "tags")
    : Effect.void

/** The stored fields of every resource. A resource without tags has empty `tags`. */
export const resourceFields = {
  name: Schema.String,
  tags: Schema.Record(Schema.String, Schema.String),
  createdTime: Schema.DateTimeUtcFromString,
  lastUpdatedTime: Schema.DateTimeUtcFromString
}

export interface Resource {
  readonly name: string
  readonly tags: Tags
  readonly createdTime: DateTime.Utc
  readonly lastUpdatedTime: DateTime.Utc
}

/** AWS documentation: 50 providers of each kind. */
const providerLimit = 50

export const providerQuota = {
  limit: providerLimit,
  exceeded: (): ServiceQuotaExceededException =>
    quotaExceeded(`An account cannot have more than ${providerLimit} credential providers of a kind`)
}
