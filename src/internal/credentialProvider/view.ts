/** Puts definitions and providers into one comparable form: members by path, and secrets by source. */
import * as Effect from "effect/Effect"
import { isNotUndefined } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Definition, Options } from "./definitions.js"

/** Requests and responses as JSON objects, because their member names differ by kind and vendor. */
export type Json = { readonly [member: string]: unknown }

export const omitUndefined: (value: Json) => Json = Record.filter(isNotUndefined)

const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Redacted.isRedacted(value)

/** Returns the value of the only member of a union of the service model. */
const getUnionValue = (union: unknown): Json => isJson(union) ? Object.values(union).find(isJson) ?? {} : {}

export interface SecretView {
  readonly source: string
  /** Only an `EXTERNAL` secret has a reference. */
  readonly reference?: Options.SecretReference | undefined
}

const secretNames: ReadonlyArray<string> = [
  "clientSecret",
  "apiKeySecret",
  "walletSecret",
  "appSecret",
  "authorizationPrivateKey"
]

/** Whether a path leads to a secret, its reference or its source. */
export const isSecretPath = (path: string): boolean => secretNames.some((name) => path.startsWith(name))

const flatten = (value: Json, prefix = ""): ReadonlyArray<readonly [path: string, value: unknown]> =>
  Object.entries(value).flatMap(([name, member]) =>
    member === undefined || member === null || Redacted.isRedacted(member)
      ? []
      : isJson(member)
      ? flatten(member, `${prefix}${name}.`)
      : [[`${prefix}${name}`, member] as const]
  )

/** A request has these as direct members. The service returns them as authorization server metadata. */
const endpoints: ReadonlyArray<string> = ["issuer", "authorizationEndpoint", "tokenEndpoint"]

const toReturnedPath = (path: string): string =>
  endpoints.includes(path) ? `oauthDiscovery.authorizationServerMetadata.${path}` : path

const makeView = (config: Json, viewSecret: (name: string) => SecretView | undefined) => ({
  /** The values of members by path, as in `oauthDiscovery.discoveryUrl`. */
  members: new Map<string, unknown>(
    flatten(config).flatMap(([path, value]) => isSecretPath(path) ? [] : [[toReturnedPath(path), value]])
  ),
  secrets: new Map(secretNames.flatMap((name) => {
    const secret = viewSecret(name)
    return secret === undefined ? [] : [[name, secret] as const]
  }))
})

const viewDefinedSecret = (config: Json, name: string): SecretView | undefined => {
  // The service model has references under these names.
  const reference = config[`${name}Config`] as Options.SecretReference | undefined
  return reference !== undefined
    ? { source: "EXTERNAL", reference }
    : Redacted.isRedacted(config[name])
    ? { source: "MANAGED" }
    : undefined
}

/** With these methods, a client authenticates with a JWT and has no secret. */
const jwtMethods: ReadonlyArray<unknown> = ["PRIVATE_KEY_JWT", "AWS_IAM_ID_TOKEN_JWT"]

/**
 * Whether a provider has a secret. The service model requires the ARN of every secret, so an ARN alone does not prove
 * that there is one, but a source does. Providers that are older than the choice of a source have no source.
 */
const hasSecret = (provider: Json, name: string): boolean =>
  provider[`${name}Source`] !== undefined
  || isJson(provider[`${name}Arn`]) && !jwtMethods.includes(provider["clientAuthenticationMethod"])
    && secretNames.every((secret) => provider[`${secret}Source`] === undefined)

const viewReturnedSecret = (provider: Json, name: string): SecretView | undefined => {
  const { [`${name}Arn`]: arn, [`${name}Source`]: source = "MANAGED", [`${name}JsonKey`]: jsonKey } = provider
  return !hasSecret(provider, name) ? undefined : {
    source: String(source),
    reference: source === "EXTERNAL" && isJson(arn) && jsonKey !== undefined
      ? { secretId: String(arn["secretArn"]), jsonKey: String(jsonKey) }
      : undefined
  }
}

// The service returns the ARN of a secret even if the request had its name. The ARN ends with the name, a hyphen and
// six random characters.
const isSameReference = (a: Options.SecretReference, b: Options.SecretReference): boolean =>
  a.jsonKey === b.jsonKey
  && (a.secretId === b.secretId
    || (b.secretId.split(":secret:")[1] ?? "").replace(/-[A-Za-z0-9]{6}$/, "") === a.secretId)

/** Returns the configuration of a definition. An API key gets the name `apiKeySecret`, like other secrets. */
const getDefinedConfig = ({ kind, request }: Definition): Json => {
  const { apiKey, apiKeySecretConfig, oauth2ProviderConfigInput, providerConfigurationInput }: Json = { ...request }
  return kind === "apiKey"
    ? { apiKeySecret: apiKey, apiKeySecretConfig }
    : getUnionValue(oauth2ProviderConfigInput ?? providerConfigurationInput)
}

export const fromDefinition = (definition: Definition) => {
  const config = getDefinedConfig(definition)
  const { credentialProviderVendor }: Json = { ...definition.request }
  return makeView({ credentialProviderVendor, ...config }, (name) => viewDefinedSecret(config, name))
}

export const fromProvider = (provider: object) => {
  // An API key has none of these members.
  const { credentialProviderVendor, oauth2ProviderConfigOutput, providerConfigurationOutput }: Json = { ...provider }
  const config = getUnionValue(oauth2ProviderConfigOutput ?? providerConfigurationOutput)
  const response = { ...provider, ...config }
  return makeView({ credentialProviderVendor, ...config }, (name) => viewReturnedSecret(response, name))
}

/**
 * A definition would switch the source of a secret, which the service cannot: it stores a secret (`MANAGED`), or reads
 * it from Secrets Manager (`EXTERNAL`). Delete and recreate the provider: this gives it a new callback URL.
 */
export class SecretSourceSwitch extends Schema.TaggedError<SecretSourceSwitch>()("SecretSourceSwitch", {
  name: Schema.String,
  from: Schema.String,
  to: Schema.String
}) {
  override get message(): string {
    return `The secret of credential provider '${this.name}' cannot be switched from ${this.from} to ${this.to}: `
      + "delete the provider and create it again"
  }
}

export interface Difference {
  readonly changes: ReadonlyArray<string>
  readonly notComparable: ReadonlyArray<string>
  /** The values of the members that differ, except of secrets. */
  readonly values: ReadonlyArray<{ readonly member: string; readonly before?: unknown; readonly after?: unknown }>
  readonly arn: string
}

export const compare = (
  definition: Definition,
  provider: { readonly credentialProviderArn: string }
): Effect.Effect<Difference, SecretSourceSwitch> => {
  const [defined, returned] = [fromDefinition(definition), fromProvider(provider)]
  const changes: Array<string> = []
  const notComparable: Array<string> = []
  const values: Array<Difference["values"][number]> = []
  for (const [member, after] of defined.members) {
    const before = returned.members.get(member)
    if (before === undefined) {
      notComparable.push(member)
    } else if (JSON.stringify(before) !== JSON.stringify(after)) {
      changes.push(member)
      values.push({ member, before, after })
    }
  }
  for (const [secret, { reference, source }] of defined.secrets) {
    const current = returned.secrets.get(secret)
    if (current !== undefined && current.source !== source) {
      return Effect.fail(new SecretSourceSwitch({ name: definition.name, from: current.source, to: source }))
    }
    if (reference === undefined || current === undefined) {
      notComparable.push(secret)
    } else if (current.reference === undefined || !isSameReference(reference, current.reference)) {
      changes.push(secret)
    }
  }
  return Effect.succeed({ changes, notComparable, values, arn: provider.credentialProviderArn })
}
