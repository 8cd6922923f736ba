/**
 * The operations of `CredentialProvider`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as ControlPlane from "../../ControlPlane.js"
import type * as CredentialProvider from "../../CredentialProvider.js"
import {
  CredentialProviderFailed,
  CredentialProviderTimedOut,
  MustBeGivenAgain,
  SecretSourceSwitch
} from "../../CredentialProviderError.js"
import * as Define from "./definitions.js"
import * as View from "./view.js"

type Kind = CredentialProvider.Kind
type Providers = CredentialProvider.Providers

// -----------------------------------------------------------------------------
// By kind
// -----------------------------------------------------------------------------

/** @internal */
export const get = <K extends Kind>(
  { kind, name }: CredentialProvider.Target<K>
): Effect.Effect<Providers[K], ControlPlane.GetCredentialProviderError, ControlPlane.ControlPlane> =>
  Effect.flatMap(ControlPlane.ControlPlane, (plane) => {
    const read: { readonly [K in Kind]: () => Effect.Effect<Providers[K], ControlPlane.GetCredentialProviderError> } = {
      oauth2: () => plane.getOauth2CredentialProvider({ name }),
      apiKey: () => plane.getApiKeyCredentialProvider({ name }),
      payment: () => plane.getPaymentCredentialProvider({ name })
    }
    return read[kind]()
  })

/** @internal */
export const stream = <K extends Kind>(
  kind: K,
  options?: ControlPlane.StreamOptions
): Stream.Stream<CredentialProvider.Summaries[K], ControlPlane.ListError, ControlPlane.ControlPlane> =>
  Stream.unwrap(Effect.map(ControlPlane.ControlPlane, (plane) => {
    const list: {
      readonly [K in Kind]: () => Stream.Stream<CredentialProvider.Summaries[K], ControlPlane.ListError>
    } = {
      oauth2: () => plane.streamOauth2CredentialProviders(options),
      apiKey: () => plane.streamApiKeyCredentialProviders(options),
      payment: () => plane.streamPaymentCredentialProviders(options)
    }
    return list[kind]()
  }))

/** @internal */
export const remove = (
  { kind, name }: CredentialProvider.Target
): Effect.Effect<void, ControlPlane.DeleteOauth2CredentialProviderError, ControlPlane.ControlPlane> =>
  Effect.flatMap(ControlPlane.ControlPlane, (plane) => {
    switch (kind) {
      case "oauth2":
        return plane.deleteOauth2CredentialProvider({ name })
      case "apiKey":
        return plane.deleteApiKeyCredentialProvider({ name })
      case "payment":
        return plane.deletePaymentCredentialProvider({ name })
    }
  })

const create = (
  definition: CredentialProvider.Definition
): Effect.Effect<unknown, ControlPlane.CreateCredentialProviderError, ControlPlane.ControlPlane> =>
  Effect.flatMap(
    ControlPlane.ControlPlane,
    (plane): Effect.Effect<unknown, ControlPlane.CreateCredentialProviderError> => {
      switch (definition.kind) {
        case "oauth2":
          return plane.createOauth2CredentialProvider(definition.request)
        case "apiKey":
          return plane.createApiKeyCredentialProvider(definition.request)
        case "payment":
          return plane.createPaymentCredentialProvider(definition.request)
      }
    }
  )

// A creation's request is an update's, but for the tags, which the schema of an update leaves out.
const replace = (
  definition: CredentialProvider.Definition
): Effect.Effect<void, ControlPlane.UpdateCredentialProviderError, ControlPlane.ControlPlane> =>
  Effect.asVoid(Effect.flatMap(
    ControlPlane.ControlPlane,
    (plane): Effect.Effect<unknown, ControlPlane.UpdateCredentialProviderError> => {
      switch (definition.kind) {
        case "oauth2":
          return plane.updateOauth2CredentialProvider(definition.request)
        case "apiKey":
          return plane.updateApiKeyCredentialProvider(definition.request)
        case "payment":
          return plane.updatePaymentCredentialProvider(definition.request)
      }
    }
  ))

// -----------------------------------------------------------------------------
// Ensure
// -----------------------------------------------------------------------------

type Difference = Omit<CredentialProvider.Ensured, "outcome">

const difference = (
  name: string,
  wanted: View.View,
  told: View.View
): Effect.Effect<Difference, SecretSourceSwitch> => {
  const changes: Array<string> = []
  const notComparable: Array<string> = []
  for (const [path, value] of wanted.members) {
    const current = told.members.get(path)
    if (current === undefined) {
      notComparable.push(path)
    } else if (current !== value) {
      changes.push(path)
    }
  }
  for (const [secret, view] of wanted.secrets) {
    const current = told.secrets.get(secret)
    if (current !== undefined && current.source !== view.source) {
      return Effect.fail(new SecretSourceSwitch({ name, from: current.source, to: view.source }))
    }
    if (view.source === "MANAGED" || current === undefined) {
      notComparable.push(secret)
    } else if (!View.sameReference(view, current)) {
      changes.push(secret)
    }
  }
  return Effect.succeed({ changes, notComparable })
}

const compareTold = (definition: CredentialProvider.Definition) =>
  Effect.flatMap(
    get(definition),
    (provider) => difference(definition.name, View.wanted(definition), View.told(definition.kind, provider))
  )

/** @internal */
export const compare = (
  definition: CredentialProvider.Definition
): Effect.Effect<
  "Missing" | Difference,
  ControlPlane.GetCredentialProviderError | SecretSourceSwitch,
  ControlPlane.ControlPlane
> => Effect.catchTag(compareTold(definition), "ResourceNotFoundException", () => Effect.succeed("Missing" as const))

/** @internal */
export const ensure = (
  definition: CredentialProvider.Definition,
  options: { readonly rotateSecrets?: boolean | undefined } = {}
): Effect.Effect<
  CredentialProvider.Ensured,
  ControlPlane.CreateCredentialProviderError | ControlPlane.UpdateCredentialProviderError | SecretSourceSwitch,
  ControlPlane.ControlPlane
> => {
  const secrets = [...View.wanted(definition).secrets].flatMap(([name, { source }]) =>
    source === "MANAGED" ? [name] : []
  )
  const bringUpToDate = Effect.flatMap(compareTold(definition), ({ changes, notComparable }) => {
    const rotated = options.rotateSecrets === true ? secrets : []
    const all = [...changes, ...rotated]
    return all.length === 0
      ? Effect.succeed<CredentialProvider.Ensured>({ outcome: "Unchanged", changes, notComparable })
      : Effect.as(replace(definition), {
        outcome: "Updated" as const,
        changes: all,
        notComparable: notComparable.filter((name) => !rotated.includes(name))
      })
  })
  const created: CredentialProvider.Ensured = { outcome: "Created", changes: [], notComparable: [] }
  return Effect.catchTag(bringUpToDate, "ResourceNotFoundException", () =>
    Effect.as(create(definition), created).pipe(
      // Somebody else was quicker, or the request is invalid: then the provider is still not there.
      Effect.catchTag("ValidationException", (error) =>
        Effect.catchTag(bringUpToDate, "ResourceNotFoundException", () => Effect.fail(error)))
    ))
}

// -----------------------------------------------------------------------------
// Update
// -----------------------------------------------------------------------------

type Json = { readonly [member: string]: unknown }

const withoutUndefined = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

const endpointVendors = new Set([
  "OktaOauth2",
  "Auth0Oauth2",
  "CognitoOauth2",
  "OneLoginOauth2",
  "PingOneOauth2",
  "CyberArkOauth2",
  "FusionAuthOauth2"
])

/** What was told of a configuration, as a request has it. Secrets are not in it. */
const toldConfig = (kind: Kind, provider: Json): Json => {
  const config = kind === "oauth2"
    ? View.only(provider["oauth2ProviderConfigOutput"])
    : View.only(provider["providerConfigurationOutput"])
  const vendor = provider["credentialProviderVendor"]
  if (kind === "oauth2" && vendor !== "CustomOauth2") {
    const { issuer, authorizationEndpoint, tokenEndpoint } = View.only(config["oauthDiscovery"])
    return withoutUndefined({
      clientId: config["clientId"],
      ...(endpointVendors.has(String(vendor)) ? { issuer, authorizationEndpoint, tokenEndpoint } : {})
    })
  }
  return withoutUndefined(Object.fromEntries(
    Object.entries(config).filter(([name]) => !View.secretNames.some((secret) => name.startsWith(secret)))
  ))
}

const changedConfig = (kind: Kind, config: Json, changes: Json): Json => {
  const { discovery, metadata, onBehalfOf, ...others } = changes
  const plain = Object.entries(others).filter(([name, value]) =>
    value !== undefined && !(View.secretNames as ReadonlyArray<string>).includes(name)
  )
  return {
    ...config,
    ...Object.fromEntries(plain),
    ...(kind === "oauth2" && discovery !== undefined ? { oauthDiscovery: { discoveryUrl: discovery } } : {}),
    ...(kind === "oauth2" && metadata !== undefined
      ? "oauthDiscovery" in config ? { oauthDiscovery: { authorizationServerMetadata: metadata } } : metadata as Json
      : {}),
    ...(onBehalfOf === undefined ? {} : { onBehalfOfTokenExchangeConfig: onBehalfOf })
  }
}

const isSecret = (value: unknown): value is CredentialProvider.Secret =>
  Redacted.isRedacted(value) || (typeof value === "object" && value !== null && "secretId" in value)

/** @internal */
export const update = <K extends Kind>(
  target: CredentialProvider.Target<K>,
  changes: CredentialProvider.Changes[K]
): Effect.Effect<
  void,
  | ControlPlane.GetCredentialProviderError
  | ControlPlane.UpdateCredentialProviderError
  | SecretSourceSwitch
  | MustBeGivenAgain,
  ControlPlane.ControlPlane
> =>
  Effect.gen(function*() {
    const { kind, name } = target
    const answer = yield* get(target)
    const told = View.told(kind, answer)
    // Read by member names, which differ by kind and vendor.
    const provider = answer as unknown as Json
    const given: Json = kind === "apiKey"
      ? { apiKeySecret: (changes as CredentialProvider.Changes["apiKey"]).apiKey }
      : changes as Json
    // A definition as target brings the secrets that it was made with.
    const known: Json = "request" in target ? View.configOf(target as unknown as CredentialProvider.Definition) : {}

    const missing: Array<string> = []
    const secrets: Array<Json> = []
    for (const [secret, { reference, source }] of told.secrets) {
      const changed = given[secret]
      const remembered = known[secret]
      if (isSecret(changed)) {
        const to = Redacted.isRedacted(changed) ? "MANAGED" : "EXTERNAL"
        if (to !== source) {
          return yield* new SecretSourceSwitch({ name, from: source, to })
        }
        secrets.push(Define.secret(secret, changed))
      } else if (source === "EXTERNAL" && reference?.jsonKey !== undefined) {
        secrets.push(Define.secret(secret, { secretId: reference.secretId, jsonKey: reference.jsonKey }))
      } else if (Redacted.isRedacted(remembered)) {
        secrets.push({ [secret]: remembered })
      } else {
        missing.push(secret)
      }
    }
    for (const secret of View.secretNames) {
      const added = given[secret]
      if (isSecret(added) && !told.secrets.has(secret)) {
        secrets.push(Define.secret(secret, added))
      }
    }
    const vendor = provider["credentialProviderVendor"]
    if (vendor === "MicrosoftOauth2" && !("tenantId" in given)) {
      const tenantId = known["tenantId"]
      if (tenantId === undefined) {
        missing.push("tenantId")
      } else {
        secrets.push({ tenantId })
      }
    }
    if (missing.length > 0) {
      return yield* new MustBeGivenAgain({ name, members: missing })
    }

    const config = Object.assign({}, changedConfig(kind, toldConfig(kind, provider), given), ...secrets)
    const union = kind === "oauth2" ? provider["oauth2ProviderConfigOutput"] : provider["providerConfigurationOutput"]
    const member = Object.keys(withoutUndefined((union ?? {}) as Json))[0] ?? ""
    const request = kind === "apiKey"
      ? { name, ...Define.apiKeySecret((changes as CredentialProvider.Changes["apiKey"]).apiKey) }
      : {
        name,
        credentialProviderVendor: vendor,
        [kind === "oauth2" ? "oauth2ProviderConfigInput" : "providerConfigurationInput"]: { [member]: config }
      }
    // The plane checks it by the schema of the request before anything is sent.
    yield* replace({ kind, name, request } as unknown as CredentialProvider.Definition)
  })

// -----------------------------------------------------------------------------
// Await
// -----------------------------------------------------------------------------

const failedStatus = /_FAILED$/

/** @internal */
export const awaitReady = <K extends Kind>(
  target: CredentialProvider.Target<K>,
  schedule: Schedule.Schedule<unknown>
): Effect.Effect<
  Providers[K],
  ControlPlane.GetCredentialProviderError | CredentialProviderFailed | CredentialProviderTimedOut,
  ControlPlane.ControlPlane
> =>
  Effect.flatMap(
    get(target),
    (provider): Effect.Effect<Providers[K], CredentialProviderFailed | CredentialProviderTimedOut> => {
      // Only OAuth2 providers have these members.
      const { failureReason, status } = provider as Partial<Providers["oauth2"]>
      return status === undefined || status === "READY"
        ? Effect.succeed(provider)
        : failedStatus.test(status)
        ? Effect.fail(new CredentialProviderFailed({ name: target.name, status, reason: failureReason }))
        : Effect.fail(new CredentialProviderTimedOut({ name: target.name, status }))
    }
  ).pipe(Effect.retry({ schedule, while: (error) => error._tag === "CredentialProviderTimedOut" }))
