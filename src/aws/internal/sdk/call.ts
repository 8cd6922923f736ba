/** One call of an operation over a client of the AWS SDK, derived from the operation's row. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TransportError, type UnknownServiceError } from "../../../IdentityError.js"
import { withTimeLimit } from "../../../internal/timeLimit.js"
import type * as Operation from "../../../Operation.js"
import * as Failure from "../failure.js"
import * as Target from "../target.js"

/** The common part of all commands. The types of the SDK have no name for it. */
export interface Command {
  readonly input: object
  readonly middlewareStack: {
    readonly add: (
      middleware: () => (args: { readonly request: unknown }) => Promise<{ readonly response: unknown }>,
      options: { readonly name: string; readonly step: "deserialize"; readonly priority: "low" }
    ) => void
  }
}

/** The types of the SDK have mutable arrays. */
type Mutable<A> = A extends ReadonlyArray<infer Item> ? Array<Mutable<Item>>
  : A extends object ? { -readonly [K in keyof A]: Mutable<A[K]> }
  : A

/**
 * The commands that the SDK has to have for a table: `<AWS name>Command`, each of which takes the encoded request of its operation.
 */
export type Commands<T> = {
  readonly [K in keyof T as T[K] extends Operation.Any ? `${T[K]["name"]}Command` : never]: new(
    input: Mutable<Operation.Encoded<Operation.Request<T[K]>>>
  ) => Command
}

/** A client of the SDK, with its commands by name. */
export interface Connection extends Failure.Exceptions {
  readonly commands: object
  readonly send: (command: Command, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>
  /** The configuration of the client. */
  readonly config: unknown
  /** Undefined if the program gave the credentials. */
  readonly profile?: Target.EnvironmentProfile | undefined
}

/**
 * Sends a request. Retries are the SDK's. The time limit and interruption abort the request in flight. `timeout` in
 * milliseconds.
 */
export const call = <Request, Response, E>(
  connection: Connection,
  operation: Operation.Operation<string, Request, Response, E>,
  request: Request,
  timeout: number
): Effect.Effect<Response, E | UnknownServiceError | TransportError> =>
  Effect.tryPromise({
    try: (interruption) =>
      // Bounds a search for credentials too, which does not react to the signal.
      withTimeLimit(timeout, interruption, (abortSignal) => {
        // The commands are `Commands` of the operation's table.
        const Command: new(input: unknown) => Command = Reflect.get(connection.commands, `${operation.name}Command`)
        return connection.send(new Command(operation.encode(request)), { abortSignal })
      }),
    catch: (error) => Failure.fromRejection(connection, operation.errors, error, request)
  }).pipe(
    Effect.flatMap((output) =>
      Option.match(Failure.decodeSafely(operation.response.decode, output), {
        onNone: () => Effect.fail(Failure.undecodable(output)),
        onSome: Effect.succeed
      })
    ),
    Effect.catch((error): Effect.Effect<never, E | UnknownServiceError | TransportError> =>
      error instanceof TransportError
        ? Target.addTo(error, connection.config, connection.profile)
        : Effect.fail(error)
    )
  )
