/**
 * A credential provider as it is, and as it should be, in one form: comparable members by path, and secrets by where they are.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import type * as CredentialProvider from "../../CredentialProvider.js"

type Json = { readonly [member: string]: unknown }

/** @internal */
export type Source = "MANAGED" | "EXTERNAL"

/** @internal */
export interface SecretView {
  readonly source: string
  readonly reference?: { readonly secretId: string; readonly jsonKey: string | undefined } | undefined
}

/** @internal */
export interface View {
  /** A member as JSON, by its path: `oauthDiscovery.discoveryUrl`. */
  readonly members: ReadonlyMap<string, string>
  readonly secrets: ReadonlyMap<string, SecretView>
}

/**
 * The secrets of all configurations, under the names of the service model.
 *
 * @internal
 */
export const secretNames = [
  "clientSecret",
  "apiKeySecret",
  "walletSecret",
  "appSecret",
  "authorizationPrivateKey"
] as const

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Redacted.isRedacted(value)

const flatten = (value: Json, prefix = ""): ReadonlyArray<readonly [path: string, value: string]> =>
  Object.entries(value).flatMap(([name, member]) =>
    member === undefined || member === null || Redacted.isRedacted(member)
      ? []
      : isRecord(member)
      ? flatten(member, `${prefix}${name}.`)
      : [[`${prefix}${name}`, JSON.stringify(member)] as const]
  )

const isOfSecret = (path: string): boolean => secretNames.some((name) => path.startsWith(name))

// A request has the endpoints of a vendor's customer side by side, an answer as metadata of an authorization server.
const endpointPaths: { readonly [path: string]: string } = {
  issuer: "oauthDiscovery.authorizationServerMetadata.issuer",
  authorizationEndpoint: "oauthDiscovery.authorizationServerMetadata.authorizationEndpoint",
  tokenEndpoint: "oauthDiscovery.authorizationServerMetadata.tokenEndpoint"
}

const membersOf = (config: Json): ReadonlyMap<string, string> =>
  new Map(flatten(config).flatMap(([path, value]) => isOfSecret(path) ? [] : [[endpointPaths[path] ?? path, value]]))

/**
 * The one member of a union.
 *
 * @internal
 */
export const only = (union: unknown): Json => {
  const member = isRecord(union) ? Object.values(union).find((value) => value !== undefined) : undefined
  return isRecord(member) ? member : {}
}

const secretOf = (config: Json, name: string): SecretView | undefined => {
  const reference = config[`${name}Config`]
  return isRecord(reference)
    ? {
      source: "EXTERNAL",
      reference: { secretId: String(reference["secretId"]), jsonKey: String(reference["jsonKey"]) }
    }
    : Redacted.isRedacted(config[name])
    ? { source: "MANAGED" }
    : undefined
}

const toldSecret = (told: Json, name: string): SecretView | undefined => {
  const arn = told[`${name}Arn`]
  const source = told[`${name}Source`]
  const jsonKey = told[`${name}JsonKey`]
  return !isRecord(arn) && source === undefined ? undefined : {
    // Providers of the time before there were two sources.
    source: typeof source === "string" ? source : "MANAGED",
    reference: isRecord(arn) && typeof arn["secretArn"] === "string"
      ? { secretId: arn["secretArn"], jsonKey: typeof jsonKey === "string" ? jsonKey : undefined }
      : undefined
  }
}

const secretsBy = (find: (name: string) => SecretView | undefined): ReadonlyMap<string, SecretView> =>
  new Map(secretNames.flatMap((name) => {
    const secret = find(name)
    return secret === undefined ? [] : [[name, secret] as const]
  }))

/**
 * The configuration of a definition, with an API key under the name that other secrets have.
 *
 * @internal
 */
export const configOf = (definition: CredentialProvider.Definition): Json => {
  switch (definition.kind) {
    case "oauth2":
      return only(definition.request.oauth2ProviderConfigInput)
    case "payment":
      return only(definition.request.providerConfigurationInput)
    case "apiKey":
      return "apiKey" in definition.request
        ? { apiKeySecret: definition.request.apiKey }
        : { apiKeySecretConfig: definition.request.apiKeySecretConfig }
  }
}

/** @internal */
export const wanted = (definition: CredentialProvider.Definition): View => {
  const config = configOf(definition)
  const vendor = definition.kind === "apiKey" ? {} : {
    credentialProviderVendor: definition.request.credentialProviderVendor
  }
  return {
    members: membersOf({ ...vendor, ...config }),
    secrets: secretsBy((name) => secretOf(config, name))
  }
}

/** @internal */
export const told = <K extends CredentialProvider.Kind>(kind: K, provider: CredentialProvider.Providers[K]): View => {
  // Answers are JSON objects; which one it is was decided by the kind.
  const answer = provider as unknown as Json
  const config = kind === "oauth2"
    ? only(answer["oauth2ProviderConfigOutput"])
    : kind === "payment"
    ? only(answer["providerConfigurationOutput"])
    : {}
  const vendor = kind === "apiKey" ? {} : { credentialProviderVendor: answer["credentialProviderVendor"] }
  return {
    members: membersOf({ ...vendor, ...config }),
    secrets: secretsBy((name) => toldSecret({ ...answer, ...config }, name))
  }
}

/**
 * Whether a reference means the same secret: the service tells an ARN, whatever it was given.
 *
 * @internal
 */
export const sameReference = (a: SecretView, b: SecretView): boolean =>
  a.reference !== undefined && b.reference !== undefined
  && a.reference.jsonKey === b.reference.jsonKey
  && (a.reference.secretId === b.reference.secretId
    || (b.reference.secretId.split(":secret:")[1] ?? "").replace(/-[A-Za-z0-9]{6}$/, "") === a.reference.secretId)
