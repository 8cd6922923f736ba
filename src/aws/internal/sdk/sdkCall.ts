/** The calls of a client of the AWS SDK, and their target. */
import * as Effect from "effect/Effect"
import { hasProperty, isFunction, isString } from "effect/Predicate"
import { fromReader, type NodeStream, readNode } from "../../../internal/boundedBody.js"
import { withTimeLimit } from "../../../internal/boundedFetch.js"
import type { Encoded } from "../../../internal/models/constraint.js"
import type * as Rows from "../../../internal/plane/operation.js"
import type * as Operation from "../../../Operation.js"
import * as Failure from "../failure.js"
import type { Client, EnvironmentProfile, Target } from "../operationCall.js"

// -----------------------------------------------------------------------------
// Commands
// -----------------------------------------------------------------------------

/** A middleware that sees each response of a command, also of attempts that the SDK repeats. */
type ResponseMiddleware = <Args extends object, Result extends { readonly response: unknown }>(
  next: (args: Args) => Promise<Result>
) => (args: Args) => Promise<Result>

/** The common part of all commands. The types of the SDK have no name for it. */
interface Command {
  readonly middlewareStack: {
    readonly add: (
      middleware: ResponseMiddleware,
      options: { readonly name: string; readonly step: "deserialize"; readonly priority: "high" | "low" }
    ) => void
  }
}

/** The types of the SDK have mutable arrays. */
type Mutable<A> = A extends ReadonlyArray<infer Item> ? Array<Mutable<Item>>
  : A extends object ? { -readonly [K in keyof A]: Mutable<A[K]> }
  : A

/** The commands of the SDK for a table: `<AWS name>Command`. Each takes the encoded request of its operation. */
export type Commands<T> = {
  readonly [K in keyof T as T[K] extends Rows.Any ? `${T[K]["name"]}Command` : never]: new(
    input: Mutable<Encoded<Operation.Request<T[K]>>>
  ) => Command
}

/** A client of the SDK, with its commands by name. */
export interface Connection extends Failure.Exceptions {
  readonly commands: object
  readonly send: (command: Command, options: { readonly abortSignal: AbortSignal }) => Promise<unknown>
  readonly config: unknown
}

export const connect = <Sdk extends object>(
  commands: Sdk,
  client: { readonly config: unknown; readonly send: (command: never, options: never) => Promise<unknown> },
  ServiceException: abstract new(...args: never) => Error
): Connection & { readonly commands: Sdk } => ({
  commands,
  config: client.config,
  // `Commands` has commands of this client only.
  send: (command, options) => client.send(command as never, options as never),
  isOwn: (error) => error instanceof ServiceException
})

// -----------------------------------------------------------------------------
// Target
// -----------------------------------------------------------------------------

/** The configuration of a client. The SDK has no type for what its clients share. */
type Config = Readonly<Record<string, unknown>>

/** The properties of a configuration are values, or functions that search for them. A search can fail. */
const read = async (config: Config, name: string): Promise<unknown> => {
  try {
    const value = config[name]
    return typeof value === "function" ? await value() : value
  } catch {
    return undefined
  }
}

const nonEmpty = (value: unknown): string | undefined => isString(value) && value !== "" ? value : undefined

/** Returns host and port alone: a path or a query can have secrets in it. */
const hostOf = (endpoint: unknown): string | undefined => {
  const { hostname, port, url }: Config = Object(endpoint)
  if (url instanceof URL) return nonEmpty(url.host)
  return nonEmpty(hostname) && `${String(hostname)}${port ? `:${String(port)}` : ""}`
}

/** The endpoint of the service in the region, by the rules of the SDK. */
const regional = async (config: Config, Region: string | undefined): Promise<unknown> => {
  const provider = config["endpointProvider"]
  if (Region === undefined || typeof provider !== "function") return undefined
  const parameters = {
    Region,
    UseFIPS: await read(config, "useFipsEndpoint"),
    UseDualStack: await read(config, "useDualstackEndpoint"),
    UseGlobalEndpoint: await read(config, "useGlobalEndpoint")
  }
  return await read({ endpoint: () => provider(parameters, {}) }, "endpoint")
}

/** Milliseconds. A search of the program's configuration may never end. */
const searchLimit = 1000

const readTarget = (config: Config): Effect.Effect<Target> =>
  Effect.promise(() =>
    withTimeLimit(searchLimit, undefined, async (): Promise<Target> => {
      const region = nonEmpty(await read(config, "region"))
      const endpoint = (await read(config, "endpoint")) ?? (await regional(config, region))
      return { region, host: hostOf(endpoint), profile: nonEmpty(await read(config, "profile")) }
    }).catch(() => ({}))
  )

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

/** The class of a response depends on the request handler. The program may have one of its own. */
interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | undefined>>
  body?: unknown
}

const isNodeStream = (body: unknown): body is NodeStream =>
  hasProperty(body, "on") && isFunction(body.on) && hasProperty(body, "destroy") && isFunction(body.destroy)

const isWebStream = (body: unknown): body is ReadableStream<Uint8Array> =>
  hasProperty(body, "getReader") && isFunction(body.getReader)

const readWebStream = async (body: ReadableStream<Uint8Array>): Promise<Uint8Array> => {
  const reader = body.getReader()
  try {
    return await fromReader(reader, Failure.maxBytes)
  } catch (error) {
    // Closes the connection.
    reader.cancel(error).catch(() => {})
    throw error
  }
}

/** Reads a stream. The SDK reads any other body. */
const readBody = async (body: unknown): Promise<unknown> => {
  if (isNodeStream(body)) return readNode(body, Failure.maxBytes)
  return isWebStream(body) ? readWebStream(body) : body
}

/** Reads the body of a response, up to the limit. The SDK has none: a body of gigabytes would end the process. */
const collect = async (response: Response): Promise<void> => {
  try {
    response.body = await readBody(response.body)
  } catch (error) {
    throw Object.assign(error instanceof Error ? error : new Error("aborted"), {
      $metadata: { httpStatusCode: response.statusCode, requestId: Failure.requestIdOf(response.headers) }
    })
  }
}

/** Adds the middleware to the command, so that a client of the program does not change. */
const sendCommand = async (
  { commands, send }: Connection,
  name: string,
  encoded: unknown,
  abortSignal: AbortSignal
) => {
  // The commands are `Commands` of the operation's table.
  const Command: new(input: unknown) => Command = Reflect.get(commands, `${name}Command`)
  const command = new Command(encoded)
  let isThrottled = false
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      // The SDK has no type for the response.
      const response = result.response as Response
      // The SDK repeats a throttled attempt, and reports it only if it is the last one.
      isThrottled ||= response.statusCode === 429
      await collect(response)
      return result
    },
    { name: "effectAgentcoreIdentityResponse", step: "deserialize", priority: "low" }
  )
  const value = await send(command, { abortSignal })
  return { value, $metadata: hasProperty(value, "$metadata") ? value.$metadata : undefined, isThrottled }
}

/** `timeout` is in milliseconds. `environment` is `undefined` if the program gave the credentials. */
export const makeClient = (
  connection: Connection,
  timeout: number,
  environment: EnvironmentProfile | undefined
): Client => ({
  send: (row, request, encoded) =>
    Effect.tryPromise({
      // The limit includes a search for credentials, which ignores the signal.
      try: (interruption) =>
        withTimeLimit(timeout, interruption, (abortSignal) => sendCommand(connection, row.name, encoded, abortSignal)),
      catch: (error) => Failure.fromRejection(connection, row, error, request)
    }),
  target: Effect.gen(function*() {
    const target = yield* readTarget(Object(connection.config))
    return { ...target, profile: environment && (target.profile ?? (yield* environment)) }
  })
})
