/** The operations of `CredentialProvider`. */
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import {
  ControlPlane,
  type CreateCredentialProviderError,
  type DeleteOauth2CredentialProviderError,
  type GetCredentialProviderError,
  operations as rows,
  type ResourceError,
  type UpdateCredentialProviderError
} from "../ControlPlane.js"
import {
  CredentialProviderFailed,
  CredentialProviderTimedOut,
  SecretSourceSwitch,
  WriteOnlyMembersMissing
} from "../CredentialProviderError.js"
import { vendors } from "../models/internal/vendors.js"
import type * as Operation from "../Operation.js"
import type { StreamOptions } from "../Operation.js"
import * as Validation from "../plane/validation.js"
import { apiKey as makeApiKey, encodePrivateKeyJwt, encodeSecret, isReference } from "./constructors.js"
import type { Changes, Definition, Ensured, Kind, Providers, Secret, Summaries, Target } from "./definitions.js"
import * as View from "./view.js"

/** The part of the names of operations that stands for a kind. */
const names: { readonly [K in Kind]: "Oauth2" | "ApiKey" | "Payment" } = {
  oauth2: "Oauth2",
  apiKey: "ApiKey",
  payment: "Payment"
}

type CreateRequest = Pick<Definition, "kind" | "request">

// These operations cast requests and responses: TypeScript does not relate a kind to its operations.

/** Reads a provider. */
export const get = <K extends Kind>(
  { kind, name }: Target<K>
): Effect.Effect<Providers[K], GetCredentialProviderError, ControlPlane> =>
  ControlPlane.use((plane) =>
    plane[`get${names[kind]}CredentialProvider`]({ name }) as Effect.Effect<Providers[K], GetCredentialProviderError>
  )

/** Streams all providers of a kind. */
export const stream = <K extends Kind>(
  kind: K,
  options?: StreamOptions
): Stream.Stream<Summaries[K], ResourceError, ControlPlane> =>
  Stream.unwrap(
    Effect.map(ControlPlane, (plane) =>
      plane[`stream${names[kind]}CredentialProviders`](options) as Stream.Stream<Summaries[K], ResourceError>)
  )

/** Deletes a provider. */
export const remove = (
  { kind, name }: Target
): Effect.Effect<void, DeleteOauth2CredentialProviderError, ControlPlane> =>
  ControlPlane.use((plane) => plane[`delete${names[kind]}CredentialProvider`]({ name }))

const create = ({ kind, request }: CreateRequest) =>
  ControlPlane.use((plane): Effect.Effect<unknown, CreateCredentialProviderError> =>
    plane[`create${names[kind]}CredentialProvider`](request as never)
  )

/** Replaces the whole configuration of a provider. An update has no tags. */
const replace = ({ kind, request: { tags: _tags, ...request } }: CreateRequest) =>
  ControlPlane.use((plane): Effect.Effect<unknown, UpdateCredentialProviderError> =>
    plane[`update${names[kind]}CredentialProvider`](request as never)
  )

// Without the check, a plain string would not count as a secret, and its rotation would change nothing.
const compareExisting = (definition: Definition) =>
  Effect.gen(function*() {
    const row: Operation.Any = rows[`create${names[definition.kind]}CredentialProvider`]
    yield* Effect.fromResult(Validation.validate(row.request, row.name)(definition.request))
    const provider = yield* get(definition)
    return { ...yield* View.compare(definition, provider), arn: provider.credentialProviderArn }
  })

/** `compare` with the values before and after, and the provider's ARN. */
export const compareValues = (definition: Definition) =>
  Effect.catchTag(compareExisting(definition), "ResourceNotFoundException", () => Effect.succeed("Missing" as const))

/**
 * Compares a provider with its definition, and changes nothing. Returns `Missing`, or the names of the members that
 * differ.
 */
export const compare = (definition: Definition): Effect.Effect<
  "Missing" | Omit<Ensured, "outcome">,
  GetCredentialProviderError | SecretSourceSwitch,
  ControlPlane
> =>
  compareExisting(definition).pipe(
    Effect.map(({ changes, notComparable }) => ({ changes, notComparable })),
    Effect.catchTag("ResourceNotFoundException", () => Effect.succeed("Missing" as const))
  )

export const ensure = (
  definition: Definition,
  options: {
    /** Whether to send the secrets even if nothing else differs. Default: false. */
    readonly rotateSecrets?: boolean | undefined
  } = {}
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

/** Collects what an update must repeat, but the service does not return: secrets, and Microsoft's tenant. */
const collectWriteOnly = <K extends Kind>(
  target: Target<K>,
  provider: Providers[K],
  changes: Changes[K]
): Effect.Effect<View.Json, SecretSourceSwitch | WriteOnlyMembersMissing> => {
  const { name } = target
  const changed: View.Json = "apiKey" in changes ? { apiKeySecret: changes.apiKey } : { ...changes }
  // A target with a request is a definition, which has its secrets.
  const defined = "request" in target ? View.getDefinedConfig(target as unknown as Definition) : {}
  const returned = View.fromProvider(provider).secrets
  const collected: Record<string, unknown> = {}
  const missing: Array<string> = []
  for (const secret of View.secretNames) {
    const current = returned.get(secret)
    // `Changes` and the definition have secrets under these names.
    const change = changed[secret] as Secret | undefined
    const to = change !== undefined && isReference(change) ? "EXTERNAL" : "MANAGED"
    if (change !== undefined && current !== undefined && current.source !== to) {
      return Effect.fail(new SecretSourceSwitch({ name, from: current.source, to }))
    }
    const value = change ?? (current && (current.reference ?? defined[secret] as Secret | undefined))
    if (value !== undefined) Object.assign(collected, encodeSecret(secret, value))
    else if (current !== undefined) missing.push(secret)
  }
  const isMicrosoft = "credentialProviderVendor" in provider && provider.credentialProviderVendor === "MicrosoftOauth2"
  if (isMicrosoft && !("tenantId" in changes)) {
    if (defined["tenantId"] === undefined) missing.push("tenantId")
    else collected["tenantId"] = defined["tenantId"]
  }
  return missing.length > 0
    ? Effect.fail(new WriteOnlyMembersMissing({ name, members: missing }))
    : Effect.succeed(collected)
}

const omitSecrets = (changes: object): View.Json =>
  Record.filter({ ...changes } as View.Json, (value, name) => value !== undefined && !View.isSecretPath(name))

/**
 * For each kind, makes the request of an update from the provider, the changes, and the result of `collectWriteOnly`.
 */
const updates: {
  readonly [K in Kind]: (provider: Providers[K], changes: Changes[K], writeOnly: View.Json) => object
} = {
  oauth2: ({ credentialProviderVendor, name, oauth2ProviderConfigOutput }, changes, writeOnly) => {
    const { discovery, metadata, onBehalfOf, privateKeyJwt, ...others } = omitSecrets(changes) as Changes["oauth2"]
    const [member = "", config] = Object.entries(oauth2ProviderConfigOutput ?? {}).find(([, value]) => value) ?? []
    const isCustom = member === "customOauth2ProviderConfig"
    const { authorizationEndpoint, issuer, tokenEndpoint } = config?.oauthDiscovery?.authorizationServerMetadata ?? {}
    const vendor = Object.entries(vendors).find(([name]) => name === credentialProviderVendor)?.[1]
    return {
      name,
      credentialProviderVendor,
      oauth2ProviderConfigInput: {
        [member]: {
          ...isCustom ? config : { clientId: config?.clientId },
          ...vendor?.needsEndpoints ? { issuer, authorizationEndpoint, tokenEndpoint } : {},
          ...others,
          ...discovery === undefined ? {} : { oauthDiscovery: { discoveryUrl: discovery } },
          ...isCustom && metadata ? { oauthDiscovery: { authorizationServerMetadata: metadata } } : metadata,
          ...privateKeyJwt && { privateKeyJwtConfig: encodePrivateKeyJwt(privateKeyJwt) },
          ...onBehalfOf && { onBehalfOfTokenExchangeConfig: onBehalfOf },
          ...writeOnly
        }
      }
    }
  },
  apiKey: ({ name }, { apiKey }) => makeApiKey({ name, apiKey }).request,
  payment: ({ credentialProviderVendor, name, providerConfigurationOutput }, changes, writeOnly) => {
    const { coinbaseCdpConfiguration: coinbase, stripePrivyConfiguration: privy } = providerConfigurationOutput
    const others = { ...omitSecrets(changes), ...writeOnly }
    return {
      name,
      credentialProviderVendor,
      providerConfigurationInput: coinbase === undefined
        ? { stripePrivyConfiguration: { appId: privy?.appId, authorizationId: privy?.authorizationId, ...others } }
        : { coinbaseCdpConfiguration: { apiKeyId: coinbase.apiKeyId, ...others } }
    }
  }
}

/**
 * Changes some members of a provider. AWS replaces the whole configuration, so `update` reads the provider first, and
 * sends it back with the changes.
 *
 * The changes must contain the members that the service does not return: a `MANAGED` secret, and Microsoft's tenant. If
 * the target is a definition, `update` takes them from it. Otherwise it fails with `WriteOnlyMembersMissing`.
 */
export const update = <K extends Kind>(target: Target<K>, changes: Changes[K]): Effect.Effect<
  void,
  GetCredentialProviderError | UpdateCredentialProviderError | SecretSourceSwitch | WriteOnlyMembersMissing,
  ControlPlane
> =>
  Effect.gen(function*() {
    const provider = yield* get(target)
    const writeOnly = yield* collectWriteOnly(target, provider, changes)
    const request = updates[target.kind](provider, changes, writeOnly)
    // The plane checks that the request is one of this kind.
    yield* replace({ kind: target.kind, request } as CreateRequest)
  })

/** Every second, for 2 minutes. */
export const defaultSchedule: Schedule.Schedule<unknown> = Schedule.spaced("1 second").pipe(
  Schedule.upTo({ duration: "2 minutes" })
)

/**
 * Waits until a provider is `READY`. It fails with `CredentialProviderFailed` and the service's reason when the status
 * is `CREATE_FAILED`, `UPDATE_FAILED` or `DELETE_FAILED`, and with `CredentialProviderTimedOut` when the schedule ends.
 *
 * A provider without a status is ready: API keys, payments, and OAuth2 providers of older accounts have none.
 */
export const awaitReady = <K extends Kind>(
  target: Target<K>,
  schedule: Schedule.Schedule<unknown> = defaultSchedule
): Effect.Effect<
  Providers[K],
  GetCredentialProviderError | CredentialProviderFailed | CredentialProviderTimedOut,
  ControlPlane
> =>
  Effect.flatMap(
    get(target),
    (provider): Effect.Effect<Providers[K], CredentialProviderFailed | CredentialProviderTimedOut> => {
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
