/**
 * One operation of a plane over a client of the AWS SDK.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TransportError, UnknownServiceError } from "../../IdentityError.js"
import type { Operation } from "../../internal/operation.js"
import type { Exceptions } from "./exceptions.js"
import * as Failure from "./failure.js"

/**
 * What all commands of a client have in common: the types of the SDK have no name for it that `send` would take.
 *
 * @internal
 */
export interface Command<Input> {
  readonly input: Input
}

/**
 * How a plane calls: `send` is the client's, `isOwn` recognizes the exceptions of its service. `Inputs` are those of the
 * client's own commands, so that no other client's command fits.
 *
 * @internal
 */
export interface Caller<Inputs> {
  readonly send: (command: Command<Inputs>, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>
  readonly isOwn: (error: unknown) => boolean
}

/**
 * An operation by its row, its SDK command, and the exceptions that it has in the service model. Retries are the SDK's;
 * interruption aborts the request in flight.
 *
 * @internal
 */
export const caller = <Inputs>({ isOwn, send }: Caller<Inputs>) =>
<Request, Response, Input extends Inputs, E>(
  operation: Operation<Request, Response>,
  AwsCommand: new(input: Input) => Command<Input>,
  exceptions: Exceptions<E>
): (request: Request) => Effect.Effect<Response, E | UnknownServiceError | TransportError> => {
  const { decode } = operation.response
  const failure = Failure.failureOf(operation.name, exceptions, isOwn)
  return (request) =>
    Effect.tryPromise({
      try: (abortSignal) =>
        // The row encodes by the same service model that the SDK's type comes from (compared in the type tests).
        send(new AwsCommand(operation.request.encode(request) as Input), { abortSignal }),
      catch: (error) => failure(error, request)
    }).pipe(
      Effect.flatMap((output) =>
        Option.match(Failure.decodeSafely(decode, output), {
          onNone: () => Effect.fail(Failure.undecodable(operation.name, output)),
          onSome: Effect.succeed
        })
      )
    )
}
