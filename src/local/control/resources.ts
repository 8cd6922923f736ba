/** Lists the resources of a backend. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as ControlPlane from "../../ControlPlane.js"
import type { CredentialProviderSummary, Excerpt, Resources } from "./contract.js"

const maxItems = 200

const takeItems = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Excerpt<A>, E> =>
  Effect.map(Stream.runCollect(Stream.take(stream, maxItems + 1)), (items) => ({
    items: items.slice(0, maxItems),
    more: items.length > maxItems
  }))

type Errors = Stream.Error<
  ReturnType<
    ControlPlane.Service[
      | "streamWorkloadIdentities"
      | "streamOauth2CredentialProviders"
      | "streamApiKeyCredentialProviders"
      | "streamPaymentCredentialProviders"
    ]
  >
>

export const list = (controlPlane: ControlPlane.Service): Effect.Effect<Resources, Errors> => {
  const oauth2 = Stream.map(
    controlPlane.streamOauth2CredentialProviders(),
    ({ credentialProviderVendor, name }): CredentialProviderSummary => ({
      name,
      kind: "OAuth2",
      vendor: Option.some(credentialProviderVendor)
    })
  )
  const apiKeys = Stream.map(
    controlPlane.streamApiKeyCredentialProviders(),
    ({ name }): CredentialProviderSummary => ({ name, kind: "API key", vendor: Option.none() })
  )
  const payments = Stream.map(
    controlPlane.streamPaymentCredentialProviders(),
    ({ credentialProviderVendor, name }): CredentialProviderSummary => ({
      name,
      kind: "Payment",
      vendor: Option.some(credentialProviderVendor)
    })
  )
  return Effect.all({
    workloadIdentities: takeItems(Stream.map(controlPlane.streamWorkloadIdentities(), ({ name }) => ({ name }))),
    credentialProviders: takeItems(oauth2.pipe(Stream.concat(apiKeys), Stream.concat(payments)))
  })
}
