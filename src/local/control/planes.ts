/**
 * The planes of the current backend, and the names of its resources. Each call is recorded, can fail by a fault, and
 * uses the shifted clock.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import type * as Operation from "../../Operation.js"
import { callOf, fromTable } from "../../plane/make.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { FailedChange, type Failure } from "../backend/callContext.js"
import type * as LocalBackend from "../LocalBackend.js"
import type { ShiftedClock } from "./clock.js"
import type { Faults } from "./faults.js"
import type { Generations } from "./generations.js"
import type { Requests } from "./requests.js"
import type { CredentialProviderSummary, Excerpt, Resources } from "./statuses.js"

type Decorator = <A, E>(method: string, effect: Effect.Effect<A, E>, request: unknown) => Effect.Effect<A, E>

export const make = (
  { current }: Generations,
  { clock, faults, requests }: {
    readonly clock: ShiftedClock
    readonly faults: Faults
    readonly requests: Requests
  }
): Layer.Layer<LocalBackend.Planes> => {
  const wrap = (operations: Operation.Table): Decorator => (method, effect, request) => {
    const operation = operations[method]?.name ?? method
    return requests.observe(
      operation,
      request,
      // A fault may raise any error, as a proxy in front of the service would.
      Effect.flatMap(
        faults.onOperation(operation) as Effect.Effect<Failure | undefined>,
        (failedChange) => Effect.provideService(clock.shift(effect), FailedChange, failedChange)
      )
    )
  }
  const layerOf = <I, S extends object>(
    tag: Context.Key<I, S>,
    operations: Operation.Table,
    decorate: (decorator: Decorator) => Layer.Layer<I, never, I>
  ): Layer.Layer<I> => {
    const read = Effect.map(current, (context) => Context.getUnsafe(context as Context.Context<I>, tag))
    const plane = fromTable(
      operations,
      (_, method) => (request) => Effect.flatMap(read, (plane) => callOf(plane, method)(request) as never)
    )
    return Layer.provide(
      decorate(wrap(operations)),
      // The plane has the operations of its table. The decorator adds the streams.
      Layer.succeed(tag, plane as never)
    )
  }
  return Layer.mergeAll(
    layerOf(DataPlane.DataPlane, DataPlane.operations, DataPlane.decorate),
    layerOf(ControlPlane.ControlPlane, ControlPlane.operations, ControlPlane.decorate),
    layerOf(SecurityTokenService.SecurityTokenService, SecurityTokenService.operations, SecurityTokenService.decorate)
  )
}

const maxItems = 200

const takeItems = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Excerpt<A>, E> =>
  Effect.map(Stream.runCollect(Stream.take(stream, maxItems + 1)), (items) => ({
    items: items.slice(0, maxItems),
    more: items.length > maxItems
  }))

const toSummary = (kind: CredentialProviderSummary["kind"]) =>
(
  provider: { readonly name: string; readonly credentialProviderVendor?: string | undefined }
): CredentialProviderSummary => ({
  name: provider.name,
  kind,
  vendor: Option.fromUndefinedOr(provider.credentialProviderVendor)
})

/** Lists the resources of a backend. */
export const listResources = (
  controlPlane: ControlPlane.Service
): Effect.Effect<Resources, { readonly message: string }> =>
  Effect.all({
    workloadIdentities: takeItems(Stream.map(controlPlane.streamWorkloadIdentities(), ({ name }) => ({ name }))),
    credentialProviders: takeItems(
      Stream.map(controlPlane.streamOauth2CredentialProviders(), toSummary("OAuth2")).pipe(
        Stream.concat(Stream.map(controlPlane.streamApiKeyCredentialProviders(), toSummary("API key"))),
        Stream.concat(Stream.map(controlPlane.streamPaymentCredentialProviders(), toSummary("Payment")))
      )
    )
  })
