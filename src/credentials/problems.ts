/** The problems that `Credentials.check` finds, and its errors. `Credentials` exports all of them. */
import * as Data from "effect/Data"
import type { GetCredentialProviderError } from "../ControlPlane.js"
import type { Kind } from "../credentialProvider/definitions.js"
import { suggest } from "../models/internal/violation.js"

const kinds: { readonly [K in Kind]: { readonly label: string; readonly use: string } } = {
  oauth2: { label: "OAuth2 credential provider", use: "Declare it with AccessToken.Tag" },
  apiKey: { label: "API-key credential provider", use: "Declare it with ApiKey.Tag" },
  payment: { label: "payment credential provider", use: "Obtain its tokens with PaymentToken" }
}

const an = (label: string): string => `${/^[AO]/.test(label) ? "an" : "a"} ${label}`

export interface OfCredential {
  /** The name of the declaration. */
  readonly credential: string
}

export interface OfProvider extends OfCredential {
  /** The name of the credential provider. */
  readonly provider: string
}

interface Suggested {
  readonly suggestion?: string | undefined
}

export interface OfKind extends OfProvider {
  /** The kind that the credential needs. */
  readonly kind: Kind
}

/** No credential provider has this name. `suggestion` is the name that was probably meant. */
export class ProviderNotFound extends Data.TaggedClass("ProviderNotFound")<OfKind & Suggested> {
  get message(): string {
    return `${this.credential}: there is no ${kinds[this.kind].label} '${this.provider}'. Create it, in code with `
      + "CredentialProvider.ensure or from a file with `npx agentcore-identity setup apply`, or correct the name"
      + suggest(this.suggestion)
  }
}

/** The credential provider with this name does not have the kind that the credential needs. */
export class ProviderOfOtherKind extends Data.TaggedClass("ProviderOfOtherKind")<OfKind & { readonly found: Kind }> {
  get message(): string {
    const { label, use } = kinds[this.found]
    return `${this.credential}: '${this.provider}' is ${an(label)}, but the credential needs ${
      an(kinds[this.kind].label)
    }. ${use}, or name another provider`
  }
}

/** The credential provider exists, but cannot be used now. The service supplies `reason`. */
export class ProviderNotReady extends Data.TaggedClass("ProviderNotReady")<
  OfProvider & { readonly status: string; readonly reason: string | undefined }
> {
  get message(): string {
    const { credential, provider, reason, status } = this
    const next = status.endsWith("FAILED")
      ? "Correct what the reason names, then update the provider"
      : "Wait for it with CredentialProvider.awaitReady"
    const cause = reason === undefined ? "" : ` (${reason})`
    return `${credential}: the credential provider '${provider}' is ${status}${cause}. ${next}`
  }
}

/**
 * The credential provider has no configuration for token exchange, which the flow `ON_BEHALF_OF_TOKEN_EXCHANGE` needs.
 * Only `CustomOauth2` providers are checked, because AWS configures the other vendors itself.
 */
export class ExchangeNotConfigured extends Data.TaggedClass("ExchangeNotConfigured")<OfProvider> {
  get message(): string {
    return `${this.credential}: the credential provider '${this.provider}' is not configured for ON_BEHALF_OF_TOKEN_EXCHANGE. `
      + "Give it an onBehalfOfTokenExchangeConfig, in code as `onBehalfOf` of CredentialProvider.custom"
  }
}

/** No workload identity has this name. `suggestion` is the name that was probably meant. */
export class WorkloadNotFound extends Data.TaggedClass("WorkloadNotFound")<Suggested & { readonly workload: string }> {
  get message(): string {
    return `There is no workload identity '${this.workload}'. Create it, in code with WorkloadIdentity.ensure or from a file `
      + `with \`npx agentcore-identity setup apply\`, or correct the name${suggest(this.suggestion)}`
  }
}

/** A `USER_FEDERATION` credential has no return URL, and `Consent.ReturnUrl` is not set either. */
export class ReturnUrlMissing extends Data.TaggedClass("ReturnUrlMissing")<OfCredential> {
  get message(): string {
    return `${this.credential}: the flow USER_FEDERATION needs a return URL. Declare it as returnUrl, or set Consent.ReturnUrl `
      + "for the program, and register it on the workload identity"
  }
}

/** The return URL of a credential is not registered on the workload identity. */
export class ReturnUrlNotRegistered extends Data.TaggedClass("ReturnUrlNotRegistered")<
  OfCredential & { readonly workload: string; readonly returnUrl: string }
> {
  get message(): string {
    return `${this.credential}: the return URL '${this.returnUrl}' is not registered on the workload identity '${this.workload}'. `
      + "Register it, in code with WorkloadIdentity.addReturnUrls or in the setup file as one of allowedResourceOauth2ReturnUrls"
  }
}

/**
 * The caller lacks the permission to read something. This need not be a mistake: a program that only obtains
 * credentials does not need the permission.
 */
export class NotVisible extends Data.TaggedClass("NotVisible")<{
  /** The name of the declaration. Undefined for the workload identity. */
  readonly credential: string | undefined
  /** The name of the provider, or of the workload identity. */
  readonly name: string
  /** The AWS operation that the caller may not call. */
  readonly operation: string
}> {
  get message(): string {
    const what = this.credential === undefined
      ? `The workload identity '${this.name}'`
      : `${this.credential}: the credential provider '${this.name}'`
    return `${what} could not be read. Check it with other AWS credentials, or allow the caller bedrock-agentcore:${this.operation}`
  }
}

/** A problem that `check` finds. Its `message` says what is wrong and what to do. */
export type Problem =
  | ProviderNotFound
  | ProviderOfOtherKind
  | ProviderNotReady
  | ExchangeNotConfigured
  | WorkloadNotFound
  | ReturnUrlMissing
  | ReturnUrlNotRegistered
  | NotVisible

/**
 * The errors of `check`: those of the control plane, except `AccessDeniedException` and `ResourceNotFoundException`,
 * which `check` returns as problems.
 */
export type CheckError = Exclude<
  GetCredentialProviderError,
  { readonly _tag: "AccessDeniedException" | "ResourceNotFoundException" }
>
