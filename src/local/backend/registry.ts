/** The resources of the local backend's control plane. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as ControlPlane from "../../ControlPlane.js"
import type {
  AccessDeniedException,
  InternalServerException,
  ResourceNotFoundException,
  ValidationException
} from "../../IdentityError.js"
import type { AuthorizationServer } from "../oauth/contract.js"
import type { Credentials } from "./paymentTokens.js"
import * as ApiKeyProviders from "./registry/apiKeyProviders.js"
import * as ConsentPortals from "./registry/consentPortals.js"
import * as Oauth2Providers from "./registry/oauth2Providers.js"
import * as PaymentProviders from "./registry/paymentProviders.js"
import type { Dependencies } from "./registry/resource.js"
import * as ResourceTags from "./registry/resourceTags.js"
import * as TokenVault from "./registry/tokenVault.js"
import * as WorkloadIdentities from "./registry/workloadIdentities.js"

/** Resources that the data plane finds by name. */
type Find<A, E = never> = (name: string) => Effect.Effect<A, ResourceNotFoundException | InternalServerException | E>

export interface Registry {
  readonly controlPlane: ControlPlane.Operations
  readonly workload: Find<WorkloadIdentities.Workload>
  /** The workload that wants a workload access token. */
  readonly caller: (
    name: string
  ) => Effect.Effect<WorkloadIdentities.Workload, AccessDeniedException | ValidationException | InternalServerException>
  readonly oauth2Provider: Find<Oauth2Providers.Oauth2Provider, ValidationException | AccessDeniedException>
  readonly authorizationServer: (
    provider: Pick<Oauth2Providers.Oauth2Provider, "name" | "callbackId">
  ) => Effect.Effect<AuthorizationServer, Oauth2Providers.FindError>
  /** The names of the OAuth2 credential providers, by callback id. */
  readonly oauth2Names: Effect.Effect<ReadonlyMap<string, string>, InternalServerException>
  readonly apiKey: Find<Redacted.Redacted, AccessDeniedException>
  readonly paymentCredentials: Find<Credentials, AccessDeniedException>
}

export const make = Effect.fnUntraced(function*(dependencies: Dependencies): Effect.fn.Return<Registry> {
  const workloads = yield* WorkloadIdentities.table(dependencies)
  const oauth2 = yield* Oauth2Providers.table(dependencies)
  const apiKeys = yield* ApiKeyProviders.table(dependencies)
  const payments = yield* PaymentProviders.table(dependencies)
  const portals = yield* ConsentPortals.table(dependencies)
  const tokenVault = yield* TokenVault.operations(dependencies)
  const containers = yield* ResourceTags.containers(dependencies)
  const findProvider = Oauth2Providers.findProvider(dependencies, oauth2)
  return {
    controlPlane: {
      ...WorkloadIdentities.operations(dependencies, workloads),
      ...Oauth2Providers.operations(dependencies, oauth2, ConsentPortals.checkUnused(portals)),
      ...ApiKeyProviders.operations(dependencies, apiKeys),
      ...PaymentProviders.operations(dependencies, payments),
      ...tokenVault,
      ...ConsentPortals.operations(dependencies, portals, oauth2),
      ...ResourceTags.operations([workloads, oauth2, apiKeys, payments, portals, containers])
    },
    workload: workloads.find,
    caller: WorkloadIdentities.findCaller(dependencies, workloads),
    oauth2Provider: findProvider,
    authorizationServer: Oauth2Providers.findServer(findProvider),
    oauth2Names: Effect.map(oauth2.all, (all) => new Map(all.map(({ callbackId, name }) => [callbackId, name]))),
    apiKey: ApiKeyProviders.findApiKey(dependencies, apiKeys),
    paymentCredentials: PaymentProviders.findCredentials(dependencies, payments)
  }
})
