/** What several commands of `agentcore-identity` share: parsers of values, options, and texts of the help. */
import { type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings"
import * as Effect from "effect/Effect"
import { isLifetime, type Lifetime } from "../internal/lifetime.js"
import type { Level } from "./logging.js"
import type { Run } from "./run.js"
import { type Selected, Selection } from "./stateFile.js"

/** Loads a command when it runs, so that the server starts without the demo. */
export const load = <A>(module: () => Promise<A>): Effect.Effect<A> => Effect.promise(module)

export const collect = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ...previous,
  value
]

/** Several words in one flag, separated by spaces or commas. */
export const collectWords = (value: string, previous: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ...previous,
  ...value.split(/[\s,]+/).filter((word) => word !== "")
]

export const parseNumber = (text: string): number => {
  const number = Number(text)
  if (text.trim() !== "" && Number.isFinite(number)) return number
  throw new InvalidArgumentError("It is a number.")
}

export const parsePort = (text: string): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.")
}

export const parseLifetime = (text: string): Lifetime => {
  if (isLifetime(text)) return text
  throw new InvalidArgumentError("A lifetime is a whole number and a unit, such as '90 seconds' or '5 minutes'.")
}

export const repeatable = <F extends string>(flags: F, description: string) =>
  new Option(flags, `${description}; repeatable`).argParser<ReadonlyArray<string>>(collect)

export const regionVariable = ["AWS_REGION", "the region, where --region is not given"] as const

export const setupFile = "A JSON or JSONC file: workload identities, credential providers, tags"

export const endpointVariable = [
  "BEDROCK_AGENTCORE_CP_ENDPOINT, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL",
  "the endpoint"
] as const

export const selectPort = () => new Option("--port <port>", "The server on this port").argParser(parsePort)

export const selectPid = () => new Option("--pid <pid>", "The server with this process id").argParser(parseNumber)

/** The variables that name the server to control. */
export const controlledBy = [
  [
    "AGENTCORE_LOCAL_TOKEN, AWS_ENDPOINT_URL_BEDROCK_AGENTCORE",
    "the server, without --port and --pid (default: the only one that runs)"
  ]
] as const

/** How an action runs a function of a module for the server that {@link selectPort} and {@link selectPid} name. */
export const onSelected = <Module>(run: Run, module: () => Promise<Module>, defaultLevel: Level) =>
(
  command: CommandUnknownOpts,
  use: (module: Module) => Effect.Effect<unknown, unknown>
): void => {
  // The options have parsed their values, and the root checks the level. Below 'local', its own '--port' gets the value.
  const { logLevel = defaultLevel, pid, port } = command.optsWithGlobals() as Selected & {
    readonly logLevel?: Level
  }
  run(Effect.provideService(Effect.flatMap(load(module), use), Selection, { pid, port }), { level: logLevel })
}
