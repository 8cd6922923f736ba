/** Looks at what declared credentials need, before a user meets what is missing. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ReturnUrl } from "../Consent.js"
import type { ControlPlane, GetCredentialProviderError, WorkloadIdentityError } from "../ControlPlane.js"
import type { Kind, Providers } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/operations.js"
import * as View from "../credentialProvider/view.js"
import type { AccessDeniedException } from "../IdentityError.js"
import { get as getWorkload } from "../WorkloadIdentity.js"
import * as List from "./list.js"
import * as Model from "./model.js"

/** AWS documentation: 20 calls a second of each operation of the control plane. */
const concurrency = 4

// -----------------------------------------------------------------------------
// Providers
// -----------------------------------------------------------------------------

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
  credential: List.ProviderCredential,
  kind: "oauth2" | "apiKey"
): Effect.Effect<ReadonlyArray<Model.Problem>, CheckError, ControlPlane> =>
  Effect.gen(function*() {
    const names = { credential: credential.key, provider: credential.request.provider }
    const found: Found<Kind> = yield* find<Kind>(kind, names.provider)
    switch (found._tag) {
      case "Denied":
        return [
          new Model.NotVisible({ credential: names.credential, name: names.provider, operation: found.operation })
        ]
      case "Missing":
        return Option.match(yield* findOtherKind(kind, names.provider), {
          onNone: () => [new Model.ProviderNotFound({ ...names, kind })],
          onSome: (other) => [new Model.ProviderOfOtherKind({ ...names, kind, found: other })]
        })
      case "Found": {
        // Only OAuth2 providers have these members, and those of older accounts have none.
        const { failureReason, status = "READY" } = found.provider as Partial<Providers["oauth2"]>
        return [
          ...(status === "READY"
            ? []
            : [new Model.ProviderNotReady({ ...names, status, reason: failureReason })]),
          ...(List.isOnBehalfOf(credential) && !hasExchange(found.provider as Providers["oauth2"])
            ? [new Model.ExchangeNotConfigured(names)]
            : [])
        ]
      }
    }
  })

// -----------------------------------------------------------------------------
// Workload
// -----------------------------------------------------------------------------

const checkWorkload = (
  list: ReadonlyArray<Model.Credential>,
  workload: string
): Effect.Effect<ReadonlyArray<Model.Problem>, CheckError, ControlPlane> =>
  Effect.gen(function*() {
    const programUrl = Option.getOrUndefined(yield* ReturnUrl)
    const users = list.filter(List.isUserCredential)
    const missing = users.flatMap(({ key, request }) =>
      (request.returnUrl ?? programUrl) === undefined ? [new Model.ReturnUrlMissing({ credential: key })] : []
    )
    const found = yield* getWorkload(workload).pipe(
      Effect.map(({ allowedResourceOauth2ReturnUrls = [] }): ReadonlyArray<Model.Problem> =>
        users.flatMap(({ key, request }) => {
          const returnUrl = request.returnUrl ?? programUrl
          return returnUrl === undefined || allowedResourceOauth2ReturnUrls.includes(returnUrl)
            ? []
            : [new Model.ReturnUrlNotRegistered({ credential: key, workload, returnUrl })]
        })
      ),
      Effect.catchTags({
        ResourceNotFoundException: () => Effect.succeed([new Model.WorkloadNotFound({ workload })]),
        AccessDeniedException: ({ operation }) =>
          Effect.succeed([new Model.NotVisible({ credential: undefined, name: workload, operation })])
      })
    )
    return [...found, ...missing]
  })

export const check = (
  list: ReadonlyArray<Model.Credential>,
  workload: string
): Effect.Effect<ReadonlyArray<Model.Problem>, CheckError, ControlPlane> =>
  Effect.map(
    Effect.all([
      checkWorkload(list, workload),
      ...list.filter(List.hasProvider).map((credential) =>
        checkProvider(credential, credential.kind === "ApiKey" ? "apiKey" : "oauth2")
      )
    ], { concurrency }),
    (problems) => problems.flat()
  )

// -----------------------------------------------------------------------------
// Secrets
// -----------------------------------------------------------------------------

export const externalSecrets = (
  list: ReadonlyArray<Model.Credential>
): Effect.Effect<{ readonly [provider: string]: string }, GetCredentialProviderError, ControlPlane> =>
  Effect.map(
    Effect.forEach(
      list.filter(List.hasProvider),
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
