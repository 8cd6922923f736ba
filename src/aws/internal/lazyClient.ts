/**
 * Clients of the AWS SDK that are loaded and made when they are first needed: a program loads what it calls.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

/** @internal */
export interface Options<Sdk, Operations> {
  readonly load: () => Promise<Sdk>
  readonly make: (sdk: Sdk) => {
    readonly operations: Operations
    readonly destroy: () => void
  }
}

/**
 * The operations of a client, which is made at the first run of the inner effect and destroyed with the scope.
 *
 * Interrupting the first caller neither holds up nor fails the others: each waits for the SDK itself, which Node loads once, and the
 * first one there makes the client. A load that failed is tried again by the next caller.
 *
 * @internal
 */
export const make = <Sdk, Operations>(
  options: Options<Sdk, Operations>
): Effect.Effect<Effect.Effect<Operations>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    let made: Effect.Effect<Operations> | undefined
    const first = Effect.flatMap(Effect.promise(options.load), (sdk) =>
      Effect.suspend(() => {
        if (made !== undefined) return made
        const { destroy, operations } = options.make(sdk)
        made = Effect.succeed(operations)
        return Effect.zipRight(Scope.addFinalizer(scope, Effect.sync(destroy)), made)
      }).pipe(Effect.uninterruptible))
    return Effect.suspend(() => made ?? first)
  })

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

/**
 * Operations that are there before their client is.
 *
 * @internal
 */
export const operations = <Operations>(
  rows: { readonly [K in keyof Operations]: unknown },
  client: Effect.Effect<Operations>
): Operations => {
  const calls: Record<string, Call> = {}
  for (const method in rows) {
    // Each member of `Operations` is a call; TypeScript cannot say so of an unknown `Operations`.
    calls[method] = (request) => Effect.flatMap(client, (operations) => (operations[method] as Call)(request))
  }
  return calls as Operations
}
