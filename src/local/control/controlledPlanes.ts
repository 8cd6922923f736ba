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
import type * as Rows from "../../internal/plane/operation.js"
import { callOf, fromTable, layerDecorate } from "../../internal/plane/plane.js"
import type * as Operation from "../../Operation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import type { AuthorizationServer } from "../AuthorizationServer.js"
import type * as LocalBackend from "../backend/localBackend.js"
import type { ShiftedClock } from "./clock.js"
import type { CredentialProviderSummary, Resources } from "./controlModels.js"
import type { Faults } from "./faults.js"
import type { ReplaceableBackend } from "./replaceableBackend.js"
import type { Requests } from "./requestRecords.js"

type Decorator = <A, E>(method: string, effect: Effect.Effect<A, E>, request: unknown) => Effect.Effect<A, E>

export const make = (
  { current }: ReplaceableBackend,
  { clock, faults, requests }: {
    readonly clock: ShiftedClock
    readonly faults: Faults
    readonly requests: Requests
  }
): Layer.Layer<LocalBackend.Planes> => {
  const wrap = (operations: Rows.Table): Decorator => (method, effect, request) => {
    const operation = operations[method]?.name ?? method
    return requests.observe(
      operation,
      request,
      // A fault may raise any error, as a proxy in front of the service would.
      Effect.andThen(faults.onOperation(operation) as Effect.Effect<void>, clock.shift(effect))
    )
  }
  const layerOf = <I, S extends object>(
    tag: Context.Key<I, S>,
    operations: Rows.Table,
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
  const { operations, SecurityTokenService: Sts } = SecurityTokenService
  return Layer.mergeAll(
    layerOf(DataPlane.DataPlane, DataPlane.operations, DataPlane.decorate),
    layerOf(ControlPlane.ControlPlane, ControlPlane.operations, ControlPlane.decorate),
    layerOf(Sts, operations, (decorator) => layerDecorate(Sts, operations, decorator as never))
  )
}

const maxItems = 200

const takeItems = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.map(Stream.runCollect(Stream.take(stream, maxItems + 1)), (items) => ({
    items: items.slice(0, maxItems),
    more: items.length > maxItems
  }))

interface Provider {
  readonly name: string
  readonly credentialProviderVendor?: string | undefined
  readonly callbackUrl?: string | undefined
  readonly discoveryUrl?: string | undefined
  readonly issuer?: string | undefined
  readonly scopes?: ReadonlyArray<string> | undefined
}

const toSummary = (kind: CredentialProviderSummary["kind"]) => (provider: Provider): CredentialProviderSummary => ({
  name: provider.name,
  kind,
  vendor: Option.fromUndefinedOr(provider.credentialProviderVendor),
  discoveryUrl: Option.fromUndefinedOr(provider.discoveryUrl),
  issuer: Option.fromUndefinedOr(provider.issuer),
  callbackUrl: Option.fromUndefinedOr(provider.callbackUrl),
  scopes: Option.fromUndefinedOr(provider.scopes)
})

const describeServer = (
  provider: Effect.Success<ReturnType<Operation.Plane<typeof ControlPlane.operations>["getOauth2CredentialProvider"]>>,
  authorizationServer: AuthorizationServer["Service"] | undefined
) => {
  const [{ clientId = "", oauthDiscovery = {} } = {}] = Object.values(provider.oauth2ProviderConfigOutput ?? {})
  const { authorizationServerMetadata, discoveryUrl } = oauthDiscovery
  const issuer = authorizationServerMetadata?.issuer
  const isHere = URL.parse(discoveryUrl ?? issuer ?? "")?.origin === authorizationServer?.issuer
  const scopes = isHere ? authorizationServer?.findScopes(clientId) : undefined
  return { ...provider, discoveryUrl, issuer, scopes: scopes && Option.getOrUndefined(scopes) }
}

/** Reads each resource of a list, except those that are deleted meanwhile. */
const readEach = <A, E, B, E2 extends { readonly _tag: string }>(
  list: Stream.Stream<A, E>,
  read: (item: A) => Effect.Effect<B, E2>
): Stream.Stream<B, E | E2> =>
  Stream.flatMap(list, (item) =>
    Stream.catchIf(
      Stream.fromEffect(read(item)),
      ({ _tag }) => _tag === "ResourceNotFoundException",
      () => Stream.empty
    ))

export const listResources = (
  controlPlane: ControlPlane.ControlPlane["Service"],
  authorizationServer: AuthorizationServer["Service"] | undefined
): Effect.Effect<Omit<Resources, "offlineIssuer">, { readonly message: string }> =>
  Effect.all({
    workloadIdentities: takeItems(Stream.map(
      readEach(controlPlane.streamWorkloadIdentities(), ({ name }) => controlPlane.getWorkloadIdentity({ name })),
      ({ allowedResourceOauth2ReturnUrls = [], name }) => ({ name, allowedResourceOauth2ReturnUrls })
    )),
    credentialProviders: takeItems(
      readEach(controlPlane.streamOauth2CredentialProviders(), ({ name }) =>
        controlPlane.getOauth2CredentialProvider({ name })).pipe(
          Stream.map((provider) =>
            toSummary("OAuth2")(describeServer(provider, authorizationServer))
          ),
          Stream.concat(Stream.map(controlPlane.streamApiKeyCredentialProviders(), toSummary("API key"))),
          Stream.concat(Stream.map(controlPlane.streamPaymentCredentialProviders(), toSummary("Payment")))
        )
    )
  })
