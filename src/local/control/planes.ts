/**
 * The planes of the current backend, and the names of its resources. Each call is recorded, may meet a fault, and runs
 * by the clock.
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

export const make = (
  { current }: Generations,
  { clock, faults, requests }: {
    readonly clock: ShiftedClock
    readonly faults: Faults
    readonly requests: Requests
  }
): Layer.Layer<LocalBackend.Planes> => {
  const wrap = <A, E>(operation: string, request: unknown, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    requests.observe(
      operation,
      request,
      // A fault can be any error, as that of a proxy before the service.
      Effect.flatMap(
        faults.onOperation(operation) as Effect.Effect<Failure | undefined>,
        (failedChange) => Effect.provideService(clock.shift(effect), FailedChange, failedChange)
      )
    )
  const delegate = <I, S extends object>(tag: Context.Key<I, S>, table: Operation.Table): Layer.Layer<I> => {
    const read = Effect.map(current, (context) => Context.getUnsafe(context as Context.Context<I>, tag))
    const plane = fromTable(
      table,
      (_, method) => (request) => Effect.flatMap(read, (plane) => callOf(plane, method)(request) as never)
    )
    // The plane has the operations of its table. The decorator adds the streams.
    return Layer.succeed(tag, plane as never)
  }
  return Layer.mergeAll(
    Layer.provide(
      DataPlane.decorate((method, effect, request) => wrap(DataPlane.operations[method].name, request, effect)),
      delegate(DataPlane.DataPlane, DataPlane.operations)
    ),
    Layer.provide(
      ControlPlane.decorate((method, effect, request) => wrap(ControlPlane.operations[method].name, request, effect)),
      delegate(ControlPlane.ControlPlane, ControlPlane.operations)
    ),
    Layer.provide(
      SecurityTokenService.decorate((method, effect, request) =>
        wrap(SecurityTokenService.operations[method].name, request, effect)
      ),
      delegate(SecurityTokenService.SecurityTokenService, SecurityTokenService.operations)
    )
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
