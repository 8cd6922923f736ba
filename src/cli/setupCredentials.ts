/** The credentials of a setup file, and the IAM policy of those who run `setup apply` with it. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { Flow } from "../ConsentSession.js"
import type * as Credentials from "../Credentials.js"
import * as IdentitySetup from "../IdentitySetup.js"
import * as Check from "../internal/credentials/check.js"
import { allow, makeArns, makePolicy, type ProviderAccess, unique } from "../internal/credentials/policy.js"
import { didYouMean } from "../internal/models/violation.js"
import { readText } from "../local/internal/safeFile.js"
import * as Flags from "./credentialFlags.js"

export const isSetupFile = (file: string): boolean => /\.jsonc?$/.test(file)

/** Stands for a variable that is not set. It is a valid secret, URL and client id, and not a valid name or ARN. */
const placeholder = "https://unset.invalid/.well-known/openid-configuration"

/** Reads a setup. Only names and references need their variables. */
export const read = Effect.fnUntraced(function*(file: string) {
  const parse = IdentitySetup.parse(yield* readText(file), { file })
  const variables = ConfigProvider.orElse(
    yield* ConfigProvider.ConfigProvider,
    ConfigProvider.make(() => Effect.succeed(ConfigProvider.makeValue(placeholder)))
  )
  const setup = yield* Effect.provideService(parse, ConfigProvider.ConfigProvider, variables).pipe(
    // The error names the variable.
    Effect.catch(() => parse)
  )
  const providers = accessOf(setup)
  if (JSON.stringify(providers).includes(placeholder)) yield* parse
  return { file, setup, providers, hasPayments: (setup.paymentCredentialProviders ?? []).length > 0 }
})

export type Setup = Effect.Success<ReturnType<typeof read>>

const accessOf = ({ apiKeyCredentialProviders = [], oauth2CredentialProviders = [] }: IdentitySetup.IdentitySetup) => {
  const read = (kind: "oauth2" | "apiKey", requests: ReadonlyArray<{ readonly name: string }>) =>
    Object.fromEntries<ProviderAccess>(
      requests.map((request) => [request.name, Check.toAccess(Check.viewDefinition(kind, request))] as const)
    )
  return { oauth2: read("oauth2", oauth2CredentialProviders), apiKey: read("apiKey", apiKeyCredentialProviders) }
}

/** The flows that AgentCore has for a provider. */
const flowsOf = (
  request: NonNullable<IdentitySetup.IdentitySetup["oauth2CredentialProviders"]>[number],
  onBehalfOfVendors: ReadonlyArray<string> = []
): ReadonlyArray<Flow> => {
  const exchanges = ["MicrosoftOauth2", ...onBehalfOfVendors].includes(request.credentialProviderVendor)
    || [...Check.viewDefinition("oauth2", request).members.keys()].some((path) =>
      path.startsWith("onBehalfOfTokenExchangeConfig")
    )
  return ["USER_FEDERATION", "M2M", ...exchanges ? ["ON_BEHALF_OF_TOKEN_EXCHANGE" as const] : []]
}

/** Declares the credentials of a setup: one for each provider and flow. */
export const declare = ({ setup }: Setup, flows: ReadonlyArray<Flow> | undefined) =>
  Flags.declare((): ReadonlyArray<Credentials.Credential> => {
    const returnUrl = (setup.workloadIdentities ?? []).flatMap((one) => one.allowedResourceOauth2ReturnUrls ?? [])[0]
    return [
      ...(setup.oauth2CredentialProviders ?? []).flatMap((request) =>
        (flows ?? flowsOf(request, setup.local?.onBehalfOfVendors)).map((flow) =>
          AccessToken.Tag<unknown>()(`${request.name} (${flow})`, {
            provider: request.name,
            flow,
            ...flow === "USER_FEDERATION" ? { returnUrl } : {}
          })
        )
      ),
      ...(setup.apiKeyCredentialProviders ?? []).map(({ name }) => ApiKey.Tag<unknown>()(name, { provider: name }))
    ]
  })

/** The workload identity of a setup. AgentCore Runtime completes a name that ends in `*`. */
export const findWorkload = ({ file, setup: { workloadIdentities = [] } }: Setup, name: string | undefined) => {
  const names = workloadIdentities.map(({ name }) => name)
  if (name === undefined) return Flags.onlyWorkload(names, false)
  return names.includes(name) || name.endsWith("*")
    ? Effect.succeed(name)
    : new Flags.MissingCaller({ message: `${file} has no workload identity '${name}'${didYouMean(name, names)}` })
}

// -----------------------------------------------------------------------------
// The policy of those who run `setup apply`
// -----------------------------------------------------------------------------

type Arns = ReturnType<typeof makeArns>

/** The kinds of resources in a setup, each with its resources. */
const kindsOf = (setup: IdentitySetup.IdentitySetup, arns: Arns) => {
  const provider = (name: string, kind: string) => ({
    name: `${name}CredentialProvider`,
    parent: arns.vault,
    arnOf: (name: string) => arns.provider(kind, name)
  })
  return [
    { name: "WorkloadIdentity", parent: arns.directory, arnOf: arns.workload, all: setup.workloadIdentities },
    { ...provider("Oauth2", "oauth2"), all: setup.oauth2CredentialProviders },
    { ...provider("ApiKey", "apikey"), all: setup.apiKeyCredentialProviders },
    { ...provider("Payment", "payment"), all: setup.paymentCredentialProviders }
  ].flatMap(({ all = [], ...kind }) => all.length === 0 ? [] : [{ ...kind, all }])
}

/** The secrets that AgentCore stores, or stored before an update that takes the secret of a client away. */
const secretsOf = ({ providers, setup }: Setup, arns: Arns): ReadonlyArray<string> => {
  const managed = (kind: string, access: { readonly [name: string]: ProviderAccess }) =>
    Object.entries(access).flatMap(([name, { secret }]) =>
      typeof secret === "string" ? [] : arns.managedSecrets(kind, name)
    )
  return unique([
    ...managed("oauth2", providers.oauth2),
    ...managed("apikey", providers.apiKey),
    // The names have the vendor and the part.
    ...(setup.paymentCredentialProviders ?? []).map(({ name }) =>
      arns.secret(`bedrock-agentcore-identity!default/payment/*/${name}-????????/*`)
    )
  ])
}

/**
 * Makes the policy. AWS's service reference lists neither `CreateTokenVault` nor the actions of Secrets Manager. The
 * statements follow what the live service checks, as several projects reported.
 */
export const makeAdministratorPolicy = (
  setup: Setup,
  place: { readonly account: string; readonly region: string }
): Credentials.Policy => {
  const arns = makeArns(place)
  const kinds = kindsOf(setup.setup, arns)
  const isTagged = (tags: object | undefined) => Object.keys({ ...setup.setup.tags, ...tags }).length > 0
  return makePolicy([
    ...kinds.flatMap(({ all, arnOf, name, parent }) => [
      allow(`Create${name}`, [`bedrock-agentcore:Create${name}`], [parent, arnOf("*")]),
      allow(name, [`bedrock-agentcore:Get${name}`, `bedrock-agentcore:Update${name}`], [
        parent,
        ...all.map(({ name }) => arnOf(name))
      ])
    ]),
    allow(
      "CreateTokenVault",
      ["bedrock-agentcore:CreateTokenVault"],
      kinds.some(({ parent }) => parent === arns.vault) ? [arns.vault] : []
    ),
    allow(
      "ProviderSecrets",
      ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:PutSecretValue"],
      secretsOf(setup, arns)
    ),
    allow(
      "Tags",
      ["bedrock-agentcore:ListTagsForResource", "bedrock-agentcore:TagResource"],
      kinds.flatMap(({ all, arnOf }) => all.filter(({ tags }) => isTagged(tags)).map(({ name }) => arnOf(name)))
    )
  ])
}
