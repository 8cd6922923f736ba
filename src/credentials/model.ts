/** The models of `Credentials`. The public module exports all of them. */
import * as Data from "effect/Data"
import type { Kind } from "../credentialProvider/definitions.js"
import type { IamAccessTokenCredential } from "../IamAccessToken.js"
import type { AccessTokenCredential, AccessTokenError, ApiKeyCredential } from "../Identity.js"
import type { UserIdentifier } from "../UserIdentifier.js"

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

/** A declared credential of any kind: a class of `AccessToken.Tag`, `ApiKey.Tag` or `IamAccessToken.Tag`. */
export type Credential = AccessTokenCredential | ApiKeyCredential | IamAccessTokenCredential

/** A declared access token that a user grants. */
export type UserCredential = AccessTokenCredential<"USER_FEDERATION">

// -----------------------------------------------------------------------------
// Problems
// -----------------------------------------------------------------------------

const labels: { readonly [K in Kind]: string } = {
  oauth2: "OAuth2 credential provider",
  apiKey: "API-key credential provider",
  payment: "payment credential provider"
}

const an = (label: string): string => `${/^[AO]/.test(label) ? "an" : "a"} ${label}`

/** There is no credential provider of this name. */
export class ProviderNotFound extends Data.TaggedClass("ProviderNotFound")<{
  /** The name of the declaration. */
  readonly credential: string
  readonly provider: string
  /** The kind that the credential needs. */
  readonly kind: Kind
}> {
  get message(): string {
    return `${this.credential}: there is no ${labels[this.kind]} '${this.provider}'. Create it, in code with `
      + "CredentialProvider.ensure or from a file with `agentcore-identity setup apply`, or correct the name"
  }
}

/** The credential provider of this name is of another kind than the credential needs. */
export class ProviderOfOtherKind extends Data.TaggedClass("ProviderOfOtherKind")<{
  /** The name of the declaration. */
  readonly credential: string
  readonly provider: string
  /** The kind that the credential needs. */
  readonly kind: Kind
  readonly found: Kind
}> {
  get message(): string {
    const declare = this.found === "apiKey"
      ? "Declare it with ApiKey.Tag"
      : this.found === "oauth2"
      ? "Declare it with AccessToken.Tag"
      : "Obtain its tokens with PaymentToken"
    return `${this.credential}: '${this.provider}' is ${an(labels[this.found])}, and the credential needs ${
      an(labels[this.kind])
    }. ${declare}, or name another provider`
  }
}

/** The credential provider exists, and cannot be used now. The service supplies `reason`. */
export class ProviderNotReady extends Data.TaggedClass("ProviderNotReady")<{
  /** The name of the declaration. */
  readonly credential: string
  readonly provider: string
  readonly status: string
  readonly reason: string | undefined
}> {
  get message(): string {
    return `${this.credential}: the credential provider '${this.provider}' is ${this.status}${
      this.reason === undefined ? "" : ` (${this.reason})`
    }. ${
      this.status.endsWith("FAILED")
        ? "Correct what the reason names, and update the provider"
        : "Wait for it with CredentialProvider.awaitReady"
    }`
  }
}

/**
 * The credential provider has no configuration for the exchange of tokens, which the flow
 * `ON_BEHALF_OF_TOKEN_EXCHANGE` needs. Found for `CustomOauth2` alone: AWS configures the vendors itself.
 */
export class ExchangeNotConfigured extends Data.TaggedClass("ExchangeNotConfigured")<{
  /** The name of the declaration. */
  readonly credential: string
  readonly provider: string
}> {
  get message(): string {
    return `${this.credential}: the credential provider '${this.provider}' is not configured for ON_BEHALF_OF_TOKEN_EXCHANGE. `
      + "Give it an onBehalfOfTokenExchangeConfig, in code as `onBehalfOf` of CredentialProvider.custom"
  }
}

/** There is no workload identity of this name. */
export class WorkloadNotFound extends Data.TaggedClass("WorkloadNotFound")<{ readonly workload: string }> {
  get message(): string {
    return `There is no workload identity '${this.workload}'. Create it, in code with WorkloadIdentity.ensure or from a file `
      + "with `agentcore-identity setup apply`, or correct the name"
  }
}

/** A credential that a user grants has no return URL, and neither has the program as `Consent.ReturnUrl`. */
export class ReturnUrlMissing extends Data.TaggedClass("ReturnUrlMissing")<{
  /** The name of the declaration. */
  readonly credential: string
}> {
  get message(): string {
    return `${this.credential}: the flow USER_FEDERATION needs a return URL. Declare it as returnUrl, or set Consent.ReturnUrl `
      + "for the program, and register it on the workload identity"
  }
}

/** The return URL of a credential is not registered on the workload identity. */
export class ReturnUrlNotRegistered extends Data.TaggedClass("ReturnUrlNotRegistered")<{
  /** The name of the declaration. */
  readonly credential: string
  readonly workload: string
  readonly returnUrl: string
}> {
  get message(): string {
    return `${this.credential}: the return URL '${this.returnUrl}' is not registered on the workload identity '${this.workload}'. `
      + "Register it, in code with WorkloadIdentity.addReturnUrls or in the setup file as one of allowedResourceOauth2ReturnUrls"
  }
}

/**
 * The caller's rights do not let it look at something. That is no mistake of the set-up: a program that only obtains
 * credentials does not need these rights.
 */
export class NotVisible extends Data.TaggedClass("NotVisible")<{
  /** The name of the declaration. None for the workload identity. */
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
    return `${what} could not be looked at. Check it with other credentials, or allow the caller bedrock-agentcore:${this.operation}`
  }
}

/** What `check` finds. `message` says what is wrong and what to do. */
export type Problem =
  | ProviderNotFound
  | ProviderOfOtherKind
  | ProviderNotReady
  | ExchangeNotConfigured
  | WorkloadNotFound
  | ReturnUrlMissing
  | ReturnUrlNotRegistered
  | NotVisible

// -----------------------------------------------------------------------------
// Policies
// -----------------------------------------------------------------------------

/** A statement of an IAM policy. */
export interface Statement {
  /** Letters and digits, unique in the policy. */
  readonly Sid: string
  readonly Effect: "Allow"
  readonly Action: ReadonlyArray<string>
  readonly Resource: ReadonlyArray<string>
  readonly Condition?: {
    readonly [operator: string]: { readonly [key: string]: string | ReadonlyArray<string> }
  }
}

/** An IAM policy. `JSON.stringify` makes the document. */
export interface Policy {
  readonly Version: "2012-10-17"
  readonly Statement: ReadonlyArray<Statement>
}

/** The options of `policy`. */
export interface PolicyOptions {
  /** The name of the workload identity. */
  readonly workload: string
  /** The AWS account, 12 digits. */
  readonly account: string
  /** The AWS region, as in `us-west-2`. */
  readonly region: string
  /**
   * How the program names its users to AgentCore:
   *
   * - `jwt`: by their JWTs. The program can act for a user only while it has a JWT of them.
   * - `userId`: by ids. The program can act for any user, whose id it only has to name.
   * - `none`: it acts for no user.
   */
  readonly users: "jwt" | "userId" | "none"
  /**
   * The secrets of providers that the program's account owner keeps in Secrets Manager (`EXTERNAL`): name or ARN of the
   * secret, by name of the provider. `externalSecrets` reads them. Default: AgentCore stores all secrets (`MANAGED`).
   */
  readonly secrets?: { readonly [provider: string]: string } | undefined
}

// -----------------------------------------------------------------------------
// Status
// -----------------------------------------------------------------------------

/** The caller of a run: the workload identity and the user that the workload access token was obtained for. */
export interface Caller {
  /** The name of the workload identity. */
  readonly name: string
  /** The user, by id or by JWT. */
  readonly user: UserIdentifier
}

/**
 * Whether the current user has granted a credential.
 *
 * - `Granted`: AgentCore holds a token, or can refresh it. It does not notice a revocation at the vendor.
 * - `NotGranted`: the user would have to consent
 * - `Unknown`: it could not be found out; `error` says why
 */
export type Status =
  | { readonly _tag: "Granted"; readonly credential: UserCredential }
  | { readonly _tag: "NotGranted"; readonly credential: UserCredential }
  | { readonly _tag: "Unknown"; readonly credential: UserCredential; readonly error: AccessTokenError }
