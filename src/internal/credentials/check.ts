/** Checks that the control plane has what declared credentials need. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { ReturnUrl } from "../../Consent.js"
import { ControlPlane } from "../../ControlPlane.js"
import type { GetOauth2CredentialProviderResponse } from "../../Models.js"
import { noParameters } from "../credentialProvider/constructors.js"
import type { Definition } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/providerOperations.js"
import * as View from "../credentialProvider/view.js"
import { closestName } from "../models/violation.js"
import { type Credential, hasProvider, isOnBehalfOf, isUserCredential, type ProviderCredential } from "./credential.js"
import type { ProviderAccess } from "./policy.js"
import * as Problems from "./problems.js"
import type { Problem } from "./problems.js"

/** AWS documentation: 20 calls per second of each operation of the control plane. */
const concurrency = 4

const kindOf = ({ kind }: ProviderCredential) => kind === "ApiKey" ? "apiKey" : "oauth2"

const kinds: ReadonlyArray<Definition["kind"]> = ["oauth2", "apiKey", "payment"]

const findOtherKind = (kind: Definition["kind"], name: string) =>
  Effect.findFirst(
    kinds.filter((other) => other !== kind),
    (other) =>
      Effect.as(CredentialProvider.get({ kind: other, name }), true).pipe(
        Effect.catchTag(["AccessDeniedException", "ResourceNotFoundException"], () => Effect.succeed(false))
      )
  )

const suggest = <E, R>(name: string, all: Stream.Stream<{ readonly name: string }, E, R>) =>
  Effect.map(Effect.orElseSucceed(Stream.runCollect(all), () => []), (found) => {
    const suggestion = closestName(name, found.map(({ name }) => name))
    return suggestion === undefined ? {} : { suggestion }
  })

const explainMissing = Effect.fnUntraced(function*(credential: ProviderCredential) {
  const names = { kind: kindOf(credential), provider: credential.request.provider } as const
  const found = yield* findOtherKind(names.kind, names.provider)
  if (Option.isSome(found)) {
    return [Problems.make("ProviderOfOtherKind", credential.key, { ...names, found: found.value })]
  }
  const plane = yield* ControlPlane
  const more = yield* names.kind === "apiKey"
    ? suggest(names.provider, plane.streamApiKeyCredentialProviders())
    : suggest(names.provider, plane.streamOauth2CredentialProviders())
  return [Problems.make("ProviderNotFound", credential.key, { ...names, ...more })]
})

const checkProvider = (credential: ProviderCredential) => {
  const { key, request: { provider: name } } = credential
  return CredentialProvider.get({ kind: kindOf(credential), name }).pipe(
    Effect.map((provider): ReadonlyArray<Problem> => {
      // Only OAuth2 providers have these properties. A provider in an older account has no status.
      const { failureReason: reason, oauth2ProviderConfigOutput, status = "READY" } = provider as Partial<
        GetOauth2CredentialProviderResponse
      >
      const custom = oauth2ProviderConfigOutput?.customOauth2ProviderConfig
      const lacksExchange = custom !== undefined && custom.onBehalfOfTokenExchangeConfig === undefined
      return [
        ...status === "READY" ? [] : [Problems.make("ProviderNotReady", key, { provider: name, status, reason })],
        ...isOnBehalfOf(credential) && lacksExchange
          ? [Problems.make("ExchangeNotConfigured", key, { provider: name })]
          : []
      ]
    }),
    Effect.catchTags({
      AccessDeniedException: ({ operation }) => Effect.succeed([Problems.make("NotVisible", key, { name, operation })]),
      ResourceNotFoundException: () => explainMissing(credential)
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
          : [Problems.make("ReturnUrlNotRegistered", credential, { workload, returnUrl })]
      )
    ),
    Effect.catchTags({
      ResourceNotFoundException: () =>
        ControlPlane.use((plane) => suggest(workload, plane.streamWorkloadIdentities())).pipe(
          Effect.map((more) => [Problems.make("WorkloadNotFound", undefined, { workload, ...more })])
        ),
      AccessDeniedException: ({ operation }) =>
        Effect.succeed([Problems.make("NotVisible", undefined, { name: workload, operation })])
    })
  )
  const missing = urls.filter(([, returnUrl]) => returnUrl === undefined)
  return [...found, ...missing.map(([credential]) => Problems.make("ReturnUrlMissing", credential, {}))]
})

export const check = (list: ReadonlyArray<Credential>, workload: string) =>
  Effect.map(
    Effect.all([checkWorkload(list, workload), ...list.filter(hasProvider).map(checkProvider)], { concurrency }),
    (problems) => problems.flat()
  )

const exchange = "onBehalfOfTokenExchangeConfig.tokenExchangeGrantTypeConfig"

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

const findSecretArn = (provider: object): string | undefined =>
  Object.values(provider).flatMap((member) => hasProperty(member, "secretArn") ? [String(member.secretArn)] : [])[0]

/**
 * Reads what the policy has to know about the providers. `exact` also has the ARNs of the secrets that AgentCore
 * stores. `unread` names the providers that could not be read.
 */
export const readAccess = (list: ReadonlyArray<Credential>) =>
  Effect.map(
    Effect.forEach(list.filter(hasProvider), (credential) => {
      const kind = kindOf(credential)
      const name = credential.request.provider
      return CredentialProvider.get({ kind, name }).pipe(
        Effect.map((provider) => {
          const access = toAccess(View.fromProvider(provider))
          return { kind, name, access, exact: { ...access, secret: access.secret ?? findSecretArn(provider) } }
        }),
        // `check` reports a missing provider.
        Effect.catchTag("ResourceNotFoundException", () => Effect.succeed({ kind, name, access: {}, exact: {} })),
        Effect.orElseSucceed(() => ({ kind, name, access: undefined, exact: undefined }))
      )
    }, { concurrency }),
    (all) => {
      const collect = (key: "access" | "exact") => {
        const ofKind = (kind: Definition["kind"]) =>
          Object.fromEntries<ProviderAccess>(
            all.flatMap(({ name, ...one }) => one.kind === kind && one[key] ? [[name, one[key]]] : [])
          )
        return { oauth2: ofKind("oauth2"), apiKey: ofKind("apiKey") }
      }
      const unread = Arr.dedupe(all.flatMap(({ access, name }) => access === undefined ? [name] : []))
      return { providers: collect("access"), exact: collect("exact"), unread }
    }
  )
