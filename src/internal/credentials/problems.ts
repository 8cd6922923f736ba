/** The problems that `Credentials.check` finds. */
import type { Definition } from "../credentialProvider/definitions.js"
import { suggest } from "../models/violation.js"

type OfProvider = { readonly provider: string }

type OfKind = OfProvider & { readonly kind: Definition["kind"] }

type Suggested = { readonly suggestion?: string | undefined }

/** The properties of each problem, in addition to those of all problems. */
type Properties = {
  readonly ProviderNotFound: OfKind & Suggested
  readonly ProviderOfOtherKind: OfKind & { readonly found: Definition["kind"] }
  readonly ProviderNotReady: OfProvider & { readonly status: string; readonly reason: string | undefined }
  readonly ExchangeNotConfigured: OfProvider
  readonly WorkloadNotFound: Suggested & { readonly workload: string }
  readonly ReturnUrlMissing: {}
  readonly ReturnUrlNotRegistered: { readonly workload: string; readonly returnUrl: string }
  readonly NotVisible: { readonly name: string; readonly operation: string }
}

type Named = {
  /** The name of the declaration. Undefined for a problem of the workload identity. */
  readonly credential: string | undefined
}

/**
 * A problem that `check` finds.
 *
 * - `ProviderNotFound`: no credential provider has this name. `suggestion` is the name that was probably meant.
 * - `ProviderOfOtherKind`: the provider with this name has the kind `found`, but the credential needs `kind`.
 * - `ProviderNotReady`: the provider exists, but cannot be used now. The service supplies `reason`.
 * - `ExchangeNotConfigured`: the provider has no configuration for token exchange, which the flow
 *   `ON_BEHALF_OF_TOKEN_EXCHANGE` needs. Only `CustomOauth2` providers are checked, because AWS configures the other
 *   vendors itself.
 * - `WorkloadNotFound`: no workload identity has this name. `suggestion` is the name that was probably meant.
 * - `ReturnUrlMissing`: a `USER_FEDERATION` credential has no return URL, and `Consent.ReturnUrl` is not set either.
 * - `ReturnUrlNotRegistered`: the return URL of a credential is not registered on the workload identity.
 * - `NotVisible`: the caller may not call `operation`, so it cannot read the provider or the workload identity `name`.
 *   This need not be a mistake: a program that only obtains credentials does not need the permission.
 */
export type Problem = {
  readonly [T in keyof Properties]: Properties[T] & Named & {
    readonly _tag: T
    /** What is wrong and what to do. */
    readonly detail: string
    /** The name of the credential, and `detail`. */
    readonly message: string
  }
}[keyof Properties]

const kinds: { readonly [K in Definition["kind"]]: readonly [article: string, label: string, use: string] } = {
  oauth2: ["an", "OAuth2 credential provider", "Declare it with AccessToken.Tag"],
  apiKey: ["an", "API-key credential provider", "Declare it with ApiKey.Tag"],
  payment: ["a", "payment credential provider", "Obtain its tokens with Identity.getPaymentToken"]
}

const details: { readonly [T in keyof Properties]: (problem: Properties[T] & Named) => string } = {
  ProviderNotFound: ({ kind, provider, suggestion }) =>
    `there is no ${
      kinds[kind][1]
    } '${provider}'. Create it, in code with CredentialProvider.ensure or from a file with `
    + `\`npx agentcore-identity setup apply\`, or correct the name${suggest(suggestion)}`,
  ProviderOfOtherKind: ({ found, kind, provider }) => {
    const [article, label, use] = kinds[found]
    return `'${provider}' is ${article} ${label}, but the credential needs ${
      kinds[kind].slice(0, 2).join(" ")
    }. ${use}, `
      + "or name another provider"
  },
  ProviderNotReady: ({ provider, reason, status }) =>
    `the credential provider '${provider}' is ${status}${reason === undefined ? "" : ` (${reason})`}. ${
      status.endsWith("FAILED")
        ? "Correct what the reason names, then update the provider"
        : "Wait for it with CredentialProvider.awaitReady"
    }`,
  ExchangeNotConfigured: ({ provider }) =>
    `the credential provider '${provider}' is not configured for ON_BEHALF_OF_TOKEN_EXCHANGE. Give it an `
    + "onBehalfOfTokenExchangeConfig, in code as `onBehalfOf` of CredentialProvider.custom",
  WorkloadNotFound: ({ suggestion, workload }) =>
    `There is no workload identity '${workload}'. Create it, in code with WorkloadIdentity.ensure or from a file with `
    + `\`npx agentcore-identity setup apply\`, or correct the name${suggest(suggestion)}`,
  ReturnUrlMissing: () =>
    "the flow USER_FEDERATION needs a return URL. Declare it as returnUrl, or set Consent.ReturnUrl for the program, and "
    + "register it on the workload identity",
  ReturnUrlNotRegistered: ({ returnUrl, workload }) =>
    `the return URL '${returnUrl}' is not registered on the workload identity '${workload}'. Register it, in code with `
    + "WorkloadIdentity.ensure or in the setup file as one of allowedResourceOauth2ReturnUrls",
  NotVisible: ({ credential, name, operation }) =>
    `${credential === undefined ? "The workload identity" : "the credential provider"} '${name}' could not be read. `
    + `Check it with other AWS credentials, or allow the caller bedrock-agentcore:${operation}`
}

export const make = <T extends keyof Properties>(
  _tag: T,
  credential: string | undefined,
  properties: Properties[T]
): Problem => {
  const detail = details[_tag]({ ...properties, credential })
  const message = credential === undefined ? detail : `${credential}: ${detail}`
  // The cast relates the tag to its properties.
  return { ...properties, _tag, credential, detail, message } as unknown as Problem
}
