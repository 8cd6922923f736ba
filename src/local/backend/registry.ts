/**
 * What the control plane of the local backend keeps, resource by resource.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as ControlPlane from "../../ControlPlane.js"
import type { InternalServerException, ResourceNotFoundException, ValidationException } from "../../IdentityError.js"
import type { Credentials } from "./paymentTokens.js"
import * as ApiKeyProviders from "./registry/apiKeyProviders.js"
import * as ConsentPortals from "./registry/consentPortals.js"
import * as Oauth2Providers from "./registry/oauth2Providers.js"
import * as PaymentProviders from "./registry/paymentProviders.js"
import type { Surroundings } from "./registry/resource.js"
import * as ResourceTags from "./registry/resourceTags.js"
import * as TokenVault from "./registry/tokenVault.js"
import * as WorkloadIdentities from "./registry/workloadIdentities.js"

export type {
  /**
   * @since 0.1.0
   * @internal
   */
  Surroundings
} from "./registry/resource.js"

export type {
  /**
   * @since 0.1.0
   * @internal
   */
  Oauth2Provider
} from "./registry/oauth2Providers.js"

export type {
  /**
   * @since 0.1.0
   * @internal
   */
  Workload
} from "./registry/workloadIdentities.js"

/** What the data plane finds by a name. */
type Find<A, E = never> = (
  operation: string,
  name: string
) => Effect.Effect<A, ResourceNotFoundException | InternalServerException | E>

/** @internal */
export interface Registry {
  readonly controlPlane: ControlPlane.Operations
  readonly workload: Find<WorkloadIdentities.Workload>
  readonly oauth2Provider: Find<Oauth2Providers.Oauth2Provider, ValidationException>
  readonly apiKey: Find<Redacted.Redacted, ValidationException>
  readonly paymentCredentials: Find<Credentials, ValidationException>
}

/** @internal */
export const make = Effect.fnUntraced(function*(surroundings: Surroundings): Effect.fn.Return<Registry> {
  const workloads = yield* WorkloadIdentities.table(surroundings)
  const oauth2 = yield* Oauth2Providers.table(surroundings)
  const apiKeys = yield* ApiKeyProviders.table(surroundings)
  const payments = yield* PaymentProviders.table(surroundings)
  const portals = yield* ConsentPortals.table(surroundings)
  const tokenVault = yield* TokenVault.operations(surroundings)
  return {
    controlPlane: {
      ...WorkloadIdentities.operations(surroundings, workloads),
      ...Oauth2Providers.operations(surroundings, oauth2, ConsentPortals.unused(portals)),
      ...ApiKeyProviders.operations(surroundings, apiKeys),
      ...PaymentProviders.operations(surroundings, payments),
      ...tokenVault,
      ...ConsentPortals.operations(surroundings, portals, oauth2),
      ...ResourceTags.operations([workloads, oauth2, apiKeys, payments, portals])
    },
    workload: workloads.find,
    oauth2Provider: Oauth2Providers.provider(surroundings, oauth2),
    apiKey: ApiKeyProviders.apiKey(surroundings, apiKeys),
    paymentCredentials: PaymentProviders.credentials(surroundings, payments)
  }
})
