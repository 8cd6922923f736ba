/**
 * Clients of the AWS SDK that are loaded and made at their first call: a program loads only the SDK packages that it calls.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

export interface Options<Sdk, A, E> {
  readonly load: Effect.Effect<Sdk, E>
  readonly make: (sdk: Sdk) => { readonly value: A; readonly destroy: () => void }
}

/**
 * The inner effect makes the client at its first run. The client is destroyed with the scope.
 *
 * Interrupting the first caller neither delays nor fails the others: each waits for the SDK itself, which Node loads once, and the first
 * caller after that makes the client. The next caller tries again after a load that failed.
 */
export const make = <Sdk, A, E>(
  options: Options<Sdk, A, E>
): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let made: Effect.Effect<A> | undefined
    const first = Effect.flatMap(options.load, (sdk) =>
      Effect.suspend(() => {
        if (made !== undefined) return made
        const { destroy, value } = options.make(sdk)
        made = Effect.succeed(value)
        return Effect.andThen(Scope.addFinalizer(scope, Effect.sync(destroy)), made)
      }).pipe(Effect.uninterruptible))
    return Effect.suspend(() => made ?? first)
  })
