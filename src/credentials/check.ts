/** Checks that the control plane has what declared credentials need. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { ReturnUrl } from "../Consent.js"
import { ControlPlane } from "../ControlPlane.js"
import { noParameters } from "../credentialProvider/constructors.js"
import type { Definition, Kind, Providers } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/providerOperations.js"
import * as View from "../credentialProvider/view.js"
import { closestName } from "../models/internal/violation.js"
import { type Credential, hasProvider, isOnBehalfOf, isUserCredential, type ProviderCredential } from "./credential.js"
import type { ProviderAccess } from "./policy.js"
import {
  ExchangeNotConfigured,
  NotVisible,
  type OfKind,
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

/** The name that is probably meant. */
const suggest = <E, R>(name: string, all: Stream.Stream<{ readonly name: string }, E, R>) =>
  Effect.map(Effect.orElseSucceed(Stream.runCollect(all), () => []), (found) => {
    const suggestion = closestName(name, found.map(({ name }) => name))
    return suggestion === undefined ? {} : { suggestion }
  })

/** Why there is no provider of this kind. */
const explainMissing = Effect.fnUntraced(function*(names: OfKind) {
  const found = yield* findOtherKind(names.kind, names.provider)
  if (Option.isSome(found)) return [new ProviderOfOtherKind({ ...names, found: found.value })]
  const plane = yield* ControlPlane
  const more = yield* names.kind === "apiKey"
    ? suggest(names.provider, plane.streamApiKeyCredentialProviders())
    : suggest(names.provider, plane.streamOauth2CredentialProviders())
  return [new ProviderNotFound({ ...names, ...more })]
})

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
      ResourceNotFoundException: () => explainMissing({ ...names, kind })
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
      ResourceNotFoundException: () =>
        ControlPlane.use((plane) => suggest(workload, plane.streamWorkloadIdentities())).pipe(
          Effect.map((more) => [new WorkloadNotFound({ workload, ...more })])
        ),
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

const exchange = "onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig"

/** Views the definition of a provider in a setup. */
export const viewDefinition = (kind: "oauth2" | "apiKey", request: { readonly name: string }) =>
  // The kind belongs to the request, which the types do not show.
  View.fromDefinition({ kind, name: request.name, request, authorizationParameters: noParameters } as Definition)

type View = ReturnType<typeof View.fromProvider>

/** What the policy has to know about an OAuth2 or API-key provider. */
export const toAccess = ({ members, secrets }: View): ProviderAccess => {
  const secret = [...secrets.values()][0]
  const methods = ["clientAuthenticationMethod", `${exchange}.actorTokenContent`].map((path) => members.get(path))
  const key = members.get("privateKeyJwtConfig.privateKeySource.kmsKeySource.kmsKeyArn")
  return {
    secret: secret === undefined ? false : secret.reference?.secretId,
    awsJwt: methods.includes("AWS_IAM_ID_TOKEN_JWT"),
    signingKey: isString(key) ? key : undefined
  }
}

const secretArnsOf = (provider: object): ReadonlyArray<string> =>
  Object.values(provider).flatMap((member) => hasProperty(member, "secretArn") ? [String(member.secretArn)] : [])

/**
 * Reads what the policy has to know about the providers. `unread` names those that could not be read, and `secretArns`
 * are the secrets of the others.
 */
export const readAccess = (list: ReadonlyArray<Credential>) =>
  Effect.map(
    Effect.forEach(list.filter(hasProvider), (credential) => {
      const kind = kindOf(credential)
      const name = credential.request.provider
      return CredentialProvider.get<Kind>({ kind, name }).pipe(
        Effect.map((provider) => ({
          kind,
          name,
          access: toAccess(View.fromProvider(provider)),
          secretArns: secretArnsOf(provider)
        })),
        // `check` reports a missing provider.
        Effect.catchTag("ResourceNotFoundException", () => Effect.succeed({ kind, name, access: {}, secretArns: [] })),
        Effect.orElseSucceed(() => ({ kind, name, access: undefined, secretArns: [] }))
      )
    }, { concurrency }),
    (all) => {
      const read = (kind: Kind) =>
        Object.fromEntries<ProviderAccess>(
          all.flatMap((one) => one.kind !== kind || one.access === undefined ? [] : [[one.name, one.access]])
        )
      return {
        providers: { oauth2: read("oauth2"), apiKey: read("apiKey") },
        secretArns: all.flatMap(({ secretArns }) => secretArns),
        unread: [...new Set(all.flatMap(({ access, name }) => access === undefined ? [name] : []))]
      }
    }
  )
