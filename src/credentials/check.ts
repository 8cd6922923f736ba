/** Checks that the control plane has what declared credentials need. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ReturnUrl } from "../Consent.js"
import { ControlPlane } from "../ControlPlane.js"
import type { Kind, Providers } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/providerOperations.js"
import * as View from "../credentialProvider/view.js"
import { type Credential, hasProvider, isOnBehalfOf, isUserCredential, type ProviderCredential } from "./credential.js"
import {
  ExchangeNotConfigured,
  NotVisible,
  type Problem,
  ProviderNotFound,
  ProviderNotReady,
  ProviderOfOtherKind,
  ReturnUrlMissing,
  ReturnUrlNotRegistered,
  WorkloadNotFound
} from "./problems.js"

/** AWS documentation: 20 calls per second of each operation of the control plane. */
const concurrency = 4

const kindOf = ({ kind }: ProviderCredential) => kind === "ApiKey" ? "apiKey" : "oauth2"

const kinds: ReadonlyArray<Kind> = ["oauth2", "apiKey", "payment"]

const findOtherKind = (kind: Kind, name: string) =>
  Effect.findFirst(
    kinds.filter((other) => other !== kind),
    (other) =>
      Effect.as(CredentialProvider.get({ kind: other, name }), true).pipe(
        Effect.catchTag(["AccessDeniedException", "ResourceNotFoundException"], () => Effect.succeed(false))
      )
  )

const checkProvider = (credential: ProviderCredential) => {
  const kind = kindOf(credential)
  const names = { credential: credential.key, provider: credential.request.provider }
  return CredentialProvider.get<Kind>({ kind, name: names.provider }).pipe(
    Effect.map((provider): ReadonlyArray<Problem> => {
      // Only OAuth2 providers have these properties. A provider in an older account has no status.
      const oauth2 = provider as Partial<Providers["oauth2"]>
      const { failureReason, status = "READY" } = oauth2
      const custom = oauth2.oauth2ProviderConfigOutput?.customOauth2ProviderConfig
      const lacksExchange = custom !== undefined && custom.onBehalfOfTokenExchangeConfig === undefined
      return [
        ...(status === "READY" ? [] : [new ProviderNotReady({ ...names, status, reason: failureReason })]),
        ...(isOnBehalfOf(credential) && lacksExchange ? [new ExchangeNotConfigured(names)] : [])
      ]
    }),
    Effect.catchTags({
      AccessDeniedException: ({ operation }) =>
        Effect.succeed([new NotVisible({ credential: names.credential, name: names.provider, operation })]),
      ResourceNotFoundException: () =>
        Effect.map(
          findOtherKind(kind, names.provider),
          Option.match({
            onNone: () => [new ProviderNotFound({ ...names, kind })],
            onSome: (found) => [new ProviderOfOtherKind({ ...names, kind, found })]
          })
        )
    })
  )
}

const checkWorkload = Effect.fnUntraced(function*(list: ReadonlyArray<Credential>, workload: string) {
  const programUrl = Option.getOrUndefined(yield* ReturnUrl)
  const urls = list.filter(isUserCredential).map(({ key, request }) => [key, request.returnUrl ?? programUrl] as const)
  const found = yield* ControlPlane.use((plane) => plane.getWorkloadIdentity({ name: workload })).pipe(
    Effect.map(({ allowedResourceOauth2ReturnUrls = [] }): ReadonlyArray<Problem> =>
      urls.flatMap(([credential, returnUrl]) =>
        returnUrl === undefined || allowedResourceOauth2ReturnUrls.includes(returnUrl)
          ? []
          : [new ReturnUrlNotRegistered({ credential, workload, returnUrl })]
      )
    ),
    Effect.catchTags({
      ResourceNotFoundException: () => Effect.succeed([new WorkloadNotFound({ workload })]),
      AccessDeniedException: ({ operation }) =>
        Effect.succeed([new NotVisible({ credential: undefined, name: workload, operation })])
    })
  )
  const missing = urls.filter(([, returnUrl]) => returnUrl === undefined)
  return [...found, ...missing.map(([credential]) => new ReturnUrlMissing({ credential }))]
})

export const check = (list: ReadonlyArray<Credential>, workload: string) =>
  Effect.map(
    Effect.all([checkWorkload(list, workload), ...list.filter(hasProvider).map(checkProvider)], { concurrency }),
    (problems) => problems.flat()
  )

export const externalSecrets = (list: ReadonlyArray<Credential>) =>
  Effect.map(
    Effect.forEach(list.filter(hasProvider), (credential) => {
      const name = credential.request.provider
      return Effect.map(CredentialProvider.get<Kind>({ kind: kindOf(credential), name }), (provider) =>
        [...View.fromProvider(provider).secrets.values()].flatMap(({ reference }) =>
          reference === undefined ? [] : [[name, reference.secretId] as const]
        ))
    }, { concurrency }),
    (secrets) =>
      Object.fromEntries(secrets.flat())
  )
