/** Renewal of a credential that a resource has rejected. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isFunction } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import { Rejected } from "./rejectedCredential.js"

export interface Options {
  /** Whether to use `forceAuthentication` if the request without it returns the same credential. The user may have to consent. */
  readonly reauthenticate: boolean
}

/**
 * Obtains a credential in the place of a rejected one. None: every request returned the rejected one.
 *
 * The first request has no `forceAuthentication`: the vault may have refreshed the token, or another fiber may have re-authenticated. The
 * user is not asked in these cases.
 */
export const renewCredential = <E, R>(
  obtain: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E, R>,
  rejected: Redacted.Redacted,
  options: Options
): Effect.Effect<Option.Option<Redacted.Redacted>, E, R> => {
  const request = (forceAuthentication: boolean) =>
    obtain(forceAuthentication).pipe(
      Effect.provideService(Rejected, Option.some(rejected)),
      Effect.map(Option.liftPredicate((fresh) => Redacted.value(fresh) !== Redacted.value(rejected)))
    )
  return Effect.flatMap(
    request(false),
    (fresh) => Option.isNone(fresh) && options.reauthenticate ? request(true) : Effect.succeed(fresh)
  )
}

/** The check of the arguments of `use`: the function, and the options. */
export type RefuseUse = (f: unknown, options: unknown) => ValidationException | undefined

/** The check of `rejected` and of further options. */
export const makeRefuseUse = (more: () => Schema.Struct.Fields, row: { readonly name: string }): RefuseUse => {
  const refuseFunction = Validation.refuse(
    () => Schema.Struct({ f: Constraint.guard("a function, with the options after it", isFunction) }),
    row
  )
  const refuseOptions = Validation.refuse(
    // The fields of this function need no context.
    () =>
      Schema.Struct({ rejected: Constraint.guard("a function", isFunction), ...more() }) as unknown as Schema.Codec<
        unknown
      >,
    row
  )
  return (f, options) => refuseFunction({ f }) ?? refuseOptions(options)
}

export interface UseOptions<in E> extends Options {
  readonly rejected: (error: E) => boolean
}

/**
 * Runs `f` with a credential. If the resource rejects it, runs `f` once more with a new one. Without another credential
 * it fails with the first error.
 */
export const useCredential = <A, E, R, E1, R1>(
  obtain: Effect.Effect<Redacted.Redacted, E1, R1>,
  renew: (forceAuthentication: boolean) => Effect.Effect<Redacted.Redacted, E1, R1>,
  f: (credential: Redacted.Redacted) => Effect.Effect<A, E, R>,
  { reauthenticate, rejected }: UseOptions<E>
): Effect.Effect<A, E | E1, R | R1> =>
  Effect.flatMap(obtain, (first) =>
    Effect.catchIf(f(first), rejected, (error) =>
      Effect.flatMap(
        renewCredential(renew, first, { reauthenticate }),
        Option.match({ onNone: () => Effect.fail(error), onSome: f })
      )))
