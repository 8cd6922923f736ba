/**
 * The operation `update` of `CredentialProvider`. AWS replaces the whole configuration: this reads it first, and sends it back
 * with the changes.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ControlPlane, GetCredentialProviderError, UpdateCredentialProviderError } from "../ControlPlane.js"
import { SecretSourceSwitch, WriteOnlyMembersMissing } from "../CredentialProviderError.js"
import { vendors } from "../models/internal/vendors.js"
import * as Definitions from "./definitions.js"
import { getUnionMember, isJson, type Json, omitUndefined } from "./json.js"
import type { Changes, Definition, Kind, Secret, Target } from "./model.js"
import { get, replace } from "./operations.js"
import * as View from "./view.js"

const isSecret = (value: unknown): value is Secret =>
  Redacted.isRedacted(value) || (isJson(value) && "secretId" in value)

/** The members that an update must repeat, and the service does not return: secrets, and Microsoft's tenant. */
const collectWriteOnlyMembers = (options: {
  readonly name: string
  readonly vendor: unknown
  readonly changes: Json
  /** The configuration of a definition, which has its secrets. */
  readonly defined: Json
  readonly returned: View.View
}): Effect.Effect<Json, SecretSourceSwitch | WriteOnlyMembersMissing> => {
  const { changes, defined, name, returned, vendor } = options
  const members: Array<Json> = []
  const missing: Array<string> = []
  for (const secret of View.secretNames) {
    const current = returned.secrets.get(secret)
    const changed = changes[secret]
    if (isSecret(changed)) {
      const to = Redacted.isRedacted(changed) ? "MANAGED" : "EXTERNAL"
      if (current !== undefined && current.source !== to) {
        return Effect.fail(new SecretSourceSwitch({ name, from: current.source, to }))
      }
      members.push(Definitions.encodeSecret(secret, changed))
    } else if (current?.source === "EXTERNAL" && current.reference !== undefined) {
      members.push(Definitions.encodeSecret(secret, current.reference))
    } else if (current !== undefined && Redacted.isRedacted(defined[secret])) {
      members.push({ [secret]: defined[secret] })
    } else if (current !== undefined) {
      missing.push(secret)
    }
  }
  if (vendor === "MicrosoftOauth2" && !("tenantId" in changes)) {
    if (defined["tenantId"] === undefined) {
      missing.push("tenantId")
    } else {
      members.push({ tenantId: defined["tenantId"] })
    }
  }
  return missing.length > 0
    ? Effect.fail(new WriteOnlyMembersMissing({ name, members: missing }))
    : Effect.succeed(Object.assign({}, ...members))
}

const mustNameEndpoints = (vendor: unknown): boolean =>
  Object.entries(vendors).some(([name, { needsEndpoints }]) => name === vendor && needsEndpoints)

/** The returned configuration, without secrets, in the form of a request. */
const toRequestConfig = (kind: Kind, vendor: unknown, config: Json): Json => {
  if (kind === "oauth2" && vendor !== "CustomOauth2") {
    const { authorizationEndpoint, issuer, tokenEndpoint } = getUnionMember(config["oauthDiscovery"]).value
    return {
      clientId: config["clientId"],
      ...(mustNameEndpoints(vendor) ? { issuer, authorizationEndpoint, tokenEndpoint } : {})
    }
  }
  return Object.fromEntries(Object.entries(config).filter(([name]) => !View.isSecretPath(name)))
}

const encodeMetadata = (config: Json, metadata: Json): Json =>
  "oauthDiscovery" in config ? { oauthDiscovery: { authorizationServerMetadata: metadata } } : metadata

const applyChanges = (config: Json, changes: Json): Json => {
  const { discovery, metadata, onBehalfOf, privateKeyJwt, ...others } = changes
  return omitUndefined({
    ...config,
    ...omitUndefined(Object.fromEntries(Object.entries(others).filter(([name]) => !View.secretNames.includes(name)))),
    ...(discovery === undefined ? {} : { oauthDiscovery: { discoveryUrl: discovery } }),
    ...(isJson(metadata) ? encodeMetadata(config, metadata) : {}),
    ...(isJson(privateKeyJwt)
      ? { privateKeyJwtConfig: omitUndefined(Definitions.encodePrivateKeyJwt(privateKeyJwt)) }
      : {}),
    ...(onBehalfOf === undefined ? {} : { onBehalfOfTokenExchangeConfig: onBehalfOf })
  })
}

export const update = <K extends Kind>(
  target: Target<K>,
  changes: Changes[K]
): Effect.Effect<
  void,
  GetCredentialProviderError | UpdateCredentialProviderError | SecretSourceSwitch | WriteOnlyMembersMissing,
  ControlPlane
> =>
  Effect.gen(function*() {
    const { kind, name } = target
    const provider = yield* get(target)
    // Member names differ by kind and vendor, so changes and response are read as JSON objects.
    const response = provider as unknown as Json
    const { apiKey, ...others } = changes as Json & { readonly apiKey?: Secret }
    const vendor = response["credentialProviderVendor"]
    const writeOnly = yield* collectWriteOnlyMembers({
      name,
      vendor,
      changes: apiKey === undefined ? others : { apiKeySecret: apiKey },
      // A target with a request is a definition.
      defined: "request" in target ? View.getDefinedConfig(target as unknown as Definition) : {},
      returned: View.fromProvider(kind, provider)
    })
    if (apiKey !== undefined) {
      return yield* replace(Definitions.apiKey({ name, apiKey }))
    }
    const returned = View.getReturnedConfig(kind, response)
    const config = { ...applyChanges(toRequestConfig(kind, vendor, returned.value), others), ...writeOnly }
    yield* replace({
      kind,
      // The plane checks the request against its schema before it sends anything.
      request: {
        name,
        credentialProviderVendor: vendor,
        [kind === "oauth2" ? "oauth2ProviderConfigInput" : "providerConfigurationInput"]: { [returned.name]: config }
      }
    } as unknown as Definition)
  })
