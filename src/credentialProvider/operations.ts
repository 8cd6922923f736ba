/** The operations of `CredentialProvider`. */
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import {
  ControlPlane,
  type CreateCredentialProviderError,
  type DeleteOauth2CredentialProviderError,
  type GetCredentialProviderError,
  type ListError,
  operations as rows,
  type StreamOptions,
  type UpdateCredentialProviderError
} from "../ControlPlane.js"
import {
  CredentialProviderFailed,
  CredentialProviderTimedOut,
  SecretSourceSwitch,
  WriteOnlyMembersMissing
} from "../CredentialProviderError.js"
import type { ValidationException } from "../IdentityError.js"
import { vendors } from "../models/internal/vendors.js"
import * as Validation from "../plane/validation.js"
import { apiKey as makeApiKey, encodePrivateKeyJwt, encodeSecret, isReference } from "./constructors.js"
import type { Changes, Definition, Ensured, Kind, Providers, Secret, Summaries, Target } from "./definitions.js"
import * as View from "./view.js"

type Requests = { readonly [D in Definition as D["kind"]]: D["request"] }

interface Operations<K extends Kind> {
  readonly get: (name: string) => Effect.Effect<Providers[K], GetCredentialProviderError>
  readonly stream: (options: StreamOptions | undefined) => Stream.Stream<Summaries[K], ListError>
  readonly delete: (name: string) => Effect.Effect<void, DeleteOauth2CredentialProviderError>
  readonly create: (request: Requests[K]) => Effect.Effect<unknown, CreateCredentialProviderError>
  /** Takes the request of a creation, and omits the tags, which an update does not have. */
  readonly replace: (request: Requests[K]) => Effect.Effect<unknown, UpdateCredentialProviderError>
}

const getOperations = <K extends Kind>(kind: K): Effect.Effect<Operations<K>, never, ControlPlane> =>
  Effect.map(ControlPlane, (plane) => {
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
    return operations[kind]
  })

export const get = <K extends Kind>({ kind, name }: Target<K>) =>
  Effect.flatMap(getOperations(kind), (operations) => operations.get(name))

export const stream = <K extends Kind>(kind: K, options?: StreamOptions) =>
  Stream.unwrap(Effect.map(getOperations(kind), (operations) => operations.stream(options)))

export const remove = ({ kind, name }: Target) =>
  Effect.flatMap(getOperations(kind), (operations) => operations.delete(name))

const create = ({ kind, request }: Pick<Definition, "kind" | "request">) =>
  Effect.flatMap(getOperations(kind), (operations) => operations.create(request))

/** Replaces the whole configuration of a provider. */
const replace = ({ kind, request }: Pick<Definition, "kind" | "request">) =>
  Effect.asVoid(Effect.flatMap(getOperations(kind), (operations) => operations.replace(request)))

const refuseRequest: { readonly [K in Kind]: (request: unknown) => ValidationException | undefined } = {
  oauth2: Validation.refuse(() => rows.createOauth2CredentialProvider.request, rows.createOauth2CredentialProvider),
  apiKey: Validation.refuse(() => rows.createApiKeyCredentialProvider.request, rows.createApiKeyCredentialProvider),
  payment: Validation.refuse(() => rows.createPaymentCredentialProvider.request, rows.createPaymentCredentialProvider)
}

// Without the check, a secret that is a plain string would be no secret, and its rotation would change nothing.
const compareExisting = (definition: Definition) =>
  Effect.flatMap(
    Effect.suspend(() => refuseRequest[definition.kind](definition.request) ?? get(definition)),
    (provider) =>
      View.compare(
        definition.name,
        View.fromDefinition(definition),
        View.fromProvider(provider)
      )
  )

/** `compare` with the values before and after. */
export const compareValues = (definition: Definition) =>
  Effect.catchTag(compareExisting(definition), "ResourceNotFoundException", () => Effect.succeed("Missing" as const))

export const compare = (definition: Definition) =>
  Effect.map(compareValues(definition), (difference) => {
    if (difference === "Missing") return difference
    const { changes, notComparable } = difference
    return { changes, notComparable }
  })

export const ensure = (
  definition: Definition,
  options: { readonly rotateSecrets?: boolean | undefined } = {}
) => {
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

/** The members that an update must repeat, and the service does not return: secrets, and Microsoft's tenant. */
const collectWriteOnlyMembers = <K extends Kind>(
  target: Target<K>,
  provider: Providers[K],
  changes: Changes[K]
): Effect.Effect<View.Json, SecretSourceSwitch | WriteOnlyMembersMissing> => {
  const { name } = target
  const changed: View.Json = "apiKey" in changes ? { apiKeySecret: changes.apiKey } : { ...changes }
  // A target with a request is a definition, which has its secrets.
  const defined = "request" in target ? View.getDefinedConfig(target as unknown as Definition) : {}
  const returned = View.fromProvider(provider).secrets
  const members: Array<View.Json> = []
  const missing: Array<string> = []
  for (const secret of View.secretNames) {
    const current = returned.get(secret)
    // The types of the changes say so.
    const to = changed[secret] as Secret | undefined
    if (to !== undefined) {
      const source = isReference(to) ? "EXTERNAL" : "MANAGED"
      if (current !== undefined && current.source !== source) {
        return Effect.fail(new SecretSourceSwitch({ name, from: current.source, to: source }))
      }
      members.push(encodeSecret(secret, to))
    } else if (current?.source === "EXTERNAL" && current.reference !== undefined) {
      members.push(encodeSecret(secret, current.reference))
    } else if (current !== undefined && Redacted.isRedacted(defined[secret])) {
      members.push({ [secret]: defined[secret] })
    } else if (current !== undefined) {
      missing.push(secret)
    }
  }
  const isMicrosoft = "credentialProviderVendor" in provider && provider.credentialProviderVendor === "MicrosoftOauth2"
  if (isMicrosoft && !("tenantId" in changes)) {
    if (defined["tenantId"] === undefined) missing.push("tenantId")
    else members.push({ tenantId: defined["tenantId"] })
  }
  return missing.length > 0
    ? Effect.fail(new WriteOnlyMembersMissing({ name, members: missing }))
    : Effect.succeed(Object.assign({}, ...members))
}

const omitSecrets = <A extends object>(changes: A): Partial<A> =>
  // A part of the properties.
  Record.filter(
    { ...changes } as View.Json,
    (value, name) => value !== undefined && !View.isSecretPath(name)
  ) as Partial<A>

/**
 * The request of an update: what the service returned, the changes, and what it does not return. The plane checks it.
 */
const updates: {
  readonly [K in Kind]: (provider: Providers[K], changes: Changes[K], writeOnly: View.Json) => object
} = {
  oauth2: ({ credentialProviderVendor, name, oauth2ProviderConfigOutput }, changes, writeOnly) => {
    const { discovery, metadata, onBehalfOf, privateKeyJwt, ...others } = omitSecrets(changes)
    const [member = "", config] = Object.entries(oauth2ProviderConfigOutput ?? {}).find(([, value]) => value) ?? []
    const isCustom = member === "customOauth2ProviderConfig"
    const { authorizationEndpoint, issuer, tokenEndpoint } = config?.oauthDiscovery?.authorizationServerMetadata ?? {}
    const needsEndpoints = Object.entries(vendors).some(([vendor, { needsEndpoints }]) =>
      vendor === credentialProviderVendor && needsEndpoints
    )
    return {
      name,
      credentialProviderVendor,
      oauth2ProviderConfigInput: {
        [member]: {
          ...isCustom ? config : { clientId: config?.clientId },
          ...needsEndpoints ? { issuer, authorizationEndpoint, tokenEndpoint } : {},
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
        ? {
          stripePrivyConfiguration: { appId: privy?.appId, authorizationId: privy?.authorizationId, ...others }
        }
        : { coinbaseCdpConfiguration: { apiKeyId: coinbase.apiKeyId, ...others } }
    }
  }
}

export const update = <K extends Kind>(target: Target<K>, changes: Changes[K]) =>
  Effect.gen(function*() {
    const provider = yield* get(target)
    const writeOnly = yield* collectWriteOnlyMembers(target, provider, changes)
    // The types do not join kind and request again.
    yield* replace({
      kind: target.kind,
      request: updates[target.kind](provider, changes, writeOnly)
    } as Pick<Definition, "kind" | "request">)
  })

export const awaitReady = <K extends Kind>(target: Target<K>, schedule: Schedule.Schedule<unknown>) =>
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
