/** A workload as the caller: its token is obtained, and renewed. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { DataPlane } from "../../DataPlane.js"
import type * as DataPlanes from "../../DataPlane.js"
import { refuseWorkloadOptions } from "../../identity/identityRequest.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"
import { toUserIdentifier, type User } from "./user.js"

export interface Options {
  /** The name of the workload identity, 3 to 255 characters. */
  readonly name: string
  /** The user that the workload acts for. Default: none, for the workload's own credentials. */
  readonly user?: User | undefined
  /**
   * The age at which the token is renewed, in milliseconds or as in `"10 minutes"`. Default: 10 minutes, because AWS
   * documents no lifetime.
   */
  readonly renewAfter?: Duration.Input | undefined
}

export interface Workload {
  /** The name of the workload identity. */
  readonly name: string
  /** The user that the workload acts for. A JWT is `Redacted`. */
  readonly user: UserIdentifier | undefined
  /**
   * Returns the workload access token. The first call obtains it, and a call after `renewAfter` or `invalidate` renews
   * it. Concurrent calls share one request. Rejects with a `DataPlaneError`, such as `AccessDeniedException` for an
   * unknown name.
   */
  readonly getToken: () => Promise<string>
  /** Marks a token that a service has refused. The next `getToken` renews it. */
  readonly invalidate: (stale: string) => Promise<void>
}

/** Throws the `ValidationException` of invalid options. */
export const make = <R>(
  options: Options,
  { dataPlane, settle }: {
    readonly dataPlane: Effect.Effect<DataPlanes.Service, unknown, R>
    readonly settle: <A>(effect: Effect.Effect<A, unknown, R>) => Promise<A>
  }
): Workload => {
  const refused = refuseWorkloadOptions(options)
  if (refused !== undefined) throw refused
  const { name, renewAfter, user: given } = options
  const user = given === undefined
    ? undefined
    : Result.getOrThrowWith(toUserIdentifier(given, "user"), (error) => error)
  // A runtime that was disposed of has another data plane afterwards.
  let current: { readonly dataPlane: DataPlanes.Service; readonly service: WorkloadAccessToken.Service } | undefined
  const service = Effect.flatMap(dataPlane, (dataPlane) =>
    current?.dataPlane === dataPlane
      ? Effect.succeed(current.service)
      : WorkloadAccessToken.makeWorkload({ name, user, renewAfter }).pipe(
        Effect.provideService(DataPlane, dataPlane),
        Effect.tap((service) =>
          Effect.sync(() => {
            current = { dataPlane, service }
          })
        )
      ))
  return {
    name,
    user,
    getToken: async () => Redacted.value(await settle(Effect.flatMap(service, ({ get }) => get))),
    invalidate: async (stale) => current && settle(current.service.invalidate(Redacted.make(stale)))
  }
}
