/** Users, and workloads that act for them. */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { DataPlane } from "../../DataPlane.js"
import type * as DataPlanes from "../../DataPlane.js"
import type * as Identity from "../../Identity.js"
import type { ValidationException } from "../../IdentityError.js"
import { checkWorkload } from "../../internal/identity/requests.js"
import * as Constraint from "../../internal/models/constraint.js"
import * as Validation from "../../internal/plane/validation.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import * as WorkloadAccessToken from "../../WorkloadAccessToken.js"

/** A user, by id or by JWT. AWS stores the tokens of ids and JWTs separately. */
export type User =
  | {
    /** An opaque id that the application vouches for, 1 to 128 characters. AWS recommends the form `provider+user`. */
    readonly userId: string
    /** A user has an id or a JWT. */
    readonly userToken?: never
  }
  | {
    /** The user's own JWT, 1 to 131072 characters. */
    readonly userToken: string | Redacted.Redacted
    /** A user has an id or a JWT. */
    readonly userId?: never
  }

/** Returns the service in context, or else the result of `orElse`. */
export const serviceOr = <I, S, E, R>(tag: Context.Key<I, S>, orElse: Effect.Effect<S, E, R>): Effect.Effect<S, E, R> =>
  Effect.flatMap(Effect.serviceOption(tag), Option.match({ onNone: () => orElse, onSome: Effect.succeed }))

export const toRedacted = (secret: string | Redacted.Redacted): Redacted.Redacted =>
  Redacted.isRedacted(secret) ? secret : Redacted.make(secret)

/** Converts the user without a check: a program in JavaScript can pass any value. */
export const toUserIdentifier = (user: User): UserIdentifier =>
  typeof user === "object" && user !== null && typeof user.userToken === "string"
    ? { ...user, userToken: Redacted.make(user.userToken) }
    // Only the JWT can be a string. TypeScript does not narrow the union by the type of a property.
    : user as UserIdentifier

const checkUsers = Validation.makeCheck(
  "",
  () => ({ user: Constraint.optional(UserIdentifier), currentUser: Constraint.optional(UserIdentifier) })
)

/** Checks a user. The error names `source`, the property or function that the user came from. It contains no value. */
export const checkUser = (
  user: User,
  source: "user" | "currentUser"
): Effect.Effect<UserIdentifier, ValidationException> => {
  const identifier = toUserIdentifier(user)
  return checkUsers({ [source]: identifier ?? null }) ?? Effect.succeed(identifier)
}

/** A caller: a workload, for itself or for a user. See `workload`. */
export interface Workload {
  /** The name of the workload identity. */
  readonly name: string
  /** The user that the workload acts for. A JWT is `Redacted`. */
  readonly user: UserIdentifier | undefined
  /**
   * Returns the workload access token. The first call obtains it, and a call after `renewAfter` or `invalidate` renews
   * it. Concurrent calls share one request. Rejects with a `DataPlaneError`.
   */
  readonly getToken: () => Promise<string>
  /** Marks a token that a service has rejected. The next `getToken` renews it. */
  readonly invalidate: (stale: string) => Promise<void>
}

/** The services of a runtime. `settle` runs an effect, and rejects with its error. */
export interface Runtime<R> {
  readonly identity: Effect.Effect<Identity.Identity["Service"], unknown, R>
  readonly dataPlane: Effect.Effect<DataPlanes.DataPlane["Service"], unknown, R>
  readonly settle: <A>(effect: Effect.Effect<A, unknown, R>) => Promise<A>
}

/** A caller whose token comes from a service. */
export const toWorkload = <R>(
  caller: Pick<Workload, "name" | "user">,
  service: Effect.Effect<WorkloadAccessToken.WorkloadAccessToken["Service"], unknown, R>,
  settle: Runtime<R>["settle"]
): Workload => ({
  ...caller,
  getToken: async () => Redacted.value(await settle(Effect.flatMap(service, ({ get }) => get))),
  invalidate: (stale) => settle(Effect.flatMap(service, ({ invalidate }) => invalidate(Redacted.make(stale))))
})

/** Throws the `ValidationException` of invalid options. */
export const make = <R>(
  options: Pick<Workload, "name"> & {
    readonly user?: User | undefined
    readonly renewAfter?: Duration.Input | undefined
  },
  { dataPlane, settle }: Pick<Runtime<R>, "dataPlane" | "settle">
): Workload => {
  const { name, renewAfter } = options
  const user = options.user && toUserIdentifier(options.user)
  const invalid = checkWorkload({ ...options, user })
  if (invalid !== undefined) throw invalid
  // After `disposeDefaultRuntime`, the default runtime has another data plane.
  let current: {
    readonly dataPlane: DataPlanes.DataPlane["Service"]
    readonly service: WorkloadAccessToken.WorkloadAccessToken["Service"]
  } | undefined
  const service = Effect.flatMap(dataPlane, (dataPlane) =>
    current?.dataPlane === dataPlane
      ? Effect.succeed(current.service)
      : WorkloadAccessToken.makeWorkload({ name, user, renewAfter }).pipe(
        Effect.provideService(DataPlane, dataPlane),
        Effect.map((service) => (current = { dataPlane, service }).service)
      ))
  return toWorkload({ name, user }, service, settle)
}
