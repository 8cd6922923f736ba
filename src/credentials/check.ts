/** Looks at what declared credentials need, before a user meets what is missing. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ReturnUrl } from "../Consent.js"
import type { ControlPlane, GetCredentialProviderError, WorkloadIdentityError } from "../ControlPlane.js"
import type { Kind, Providers } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/operations.js"
import * as View from "../credentialProvider/view.js"
import type { AccessDeniedException } from "../IdentityError.js"
import { get as getWorkload } from "../WorkloadIdentity.js"
import { type Credential, hasProvider, isOnBehalfOf, isUserCredential, type ProviderCredential } from "./credential.js"

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

/** AWS documentation: 20 calls a second of each operation of the control plane. */
const concurrency = 4

type Found<K extends Kind> =
  | { readonly _tag: "Found"; readonly provider: Providers[K] }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Denied"; readonly operation: string }

const denied = ({ operation }: AccessDeniedException) => Effect.succeed({ _tag: "Denied" as const, operation })

const find = <K extends Kind>(kind: K, name: string): Effect.Effect<Found<K>, CheckError, ControlPlane> =>
  Effect.map(CredentialProvider.get({ kind, name }), (provider): Found<K> => ({ _tag: "Found", provider })).pipe(
    Effect.catchTags({
      ResourceNotFoundException: () => Effect.succeed<Found<K>>({ _tag: "Missing" }),
      AccessDeniedException: denied
    })
  )

/** The errors of `check`. */
export type CheckError = Exclude<
  GetCredentialProviderError | WorkloadIdentityError,
  { readonly _tag: "AccessDeniedException" | "ResourceNotFoundException" }
>

const kinds: ReadonlyArray<Kind> = ["oauth2", "apiKey", "payment"]

const findOtherKind = (kind: Kind, name: string): Effect.Effect<Option.Option<Kind>, CheckError, ControlPlane> =>
  Effect.findFirst(
    kinds.filter((other) => other !== kind),
    (other) => Effect.map(find(other, name), ({ _tag }) => _tag === "Found")
  )

const hasExchange = (provider: Providers["oauth2"]): boolean => {
  const custom = provider.oauth2ProviderConfigOutput?.customOauth2ProviderConfig
  return custom === undefined || custom.onBehalfOfTokenExchangeConfig !== undefined
}

const checkProvider = (
  credential: ProviderCredential,
  kind: "oauth2" | "apiKey"
): Effect.Effect<ReadonlyArray<Problem>, CheckError, ControlPlane> =>
  Effect.gen(function*() {
    const names = { credential: credential.key, provider: credential.request.provider }
    const found: Found<Kind> = yield* find<Kind>(kind, names.provider)
    switch (found._tag) {
      case "Denied":
        return [
          new NotVisible({ credential: names.credential, name: names.provider, operation: found.operation })
        ]
      case "Missing":
        return Option.match(yield* findOtherKind(kind, names.provider), {
          onNone: () => [new ProviderNotFound({ ...names, kind })],
          onSome: (other) => [new ProviderOfOtherKind({ ...names, kind, found: other })]
        })
      case "Found": {
        // Only OAuth2 providers have these properties, and those of older accounts have none.
        const { failureReason, status = "READY" } = found.provider as Partial<Providers["oauth2"]>
        return [
          ...(status === "READY"
            ? []
            : [new ProviderNotReady({ ...names, status, reason: failureReason })]),
          ...(isOnBehalfOf(credential) && !hasExchange(found.provider as Providers["oauth2"])
            ? [new ExchangeNotConfigured(names)]
            : [])
        ]
      }
    }
  })

const checkWorkload = (
  list: ReadonlyArray<Credential>,
  workload: string
): Effect.Effect<ReadonlyArray<Problem>, CheckError, ControlPlane> =>
  Effect.gen(function*() {
    const programUrl = Option.getOrUndefined(yield* ReturnUrl)
    const users = list.filter(isUserCredential)
    const missing = users.flatMap(({ key, request }) =>
      (request.returnUrl ?? programUrl) === undefined ? [new ReturnUrlMissing({ credential: key })] : []
    )
    const found = yield* getWorkload(workload).pipe(
      Effect.map(({ allowedResourceOauth2ReturnUrls = [] }): ReadonlyArray<Problem> =>
        users.flatMap(({ key, request }) => {
          const returnUrl = request.returnUrl ?? programUrl
          return returnUrl === undefined || allowedResourceOauth2ReturnUrls.includes(returnUrl)
            ? []
            : [new ReturnUrlNotRegistered({ credential: key, workload, returnUrl })]
        })
      ),
      Effect.catchTags({
        ResourceNotFoundException: () => Effect.succeed([new WorkloadNotFound({ workload })]),
        AccessDeniedException: ({ operation }) =>
          Effect.succeed([new NotVisible({ credential: undefined, name: workload, operation })])
      })
    )
    return [...found, ...missing]
  })

export const check = (
  list: ReadonlyArray<Credential>,
  workload: string
): Effect.Effect<ReadonlyArray<Problem>, CheckError, ControlPlane> =>
  Effect.map(
    Effect.all([
      checkWorkload(list, workload),
      ...list.filter(hasProvider).map((credential) =>
        checkProvider(credential, credential.kind === "ApiKey" ? "apiKey" : "oauth2")
      )
    ], { concurrency }),
    (problems) => problems.flat()
  )

export const externalSecrets = (
  list: ReadonlyArray<Credential>
): Effect.Effect<{ readonly [provider: string]: string }, GetCredentialProviderError, ControlPlane> =>
  Effect.map(
    Effect.forEach(
      list.filter(hasProvider),
      ({ kind, request: { provider: name } }) => {
        const target: Kind = kind === "ApiKey" ? "apiKey" : "oauth2"
        return Effect.map(CredentialProvider.get<Kind>({ kind: target, name }), (provider) =>
          [...View.fromProvider(provider).secrets.values()].flatMap(({ reference, source }) =>
            source === "EXTERNAL" && reference !== undefined ? [[name, reference.secretId] as const] : []
          ))
      },
      { concurrency }
    ),
    (secrets) =>
      Object.fromEntries(secrets.flat())
  )
