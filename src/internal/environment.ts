/** Reads settings when a layer is built. Effect's default `ConfigProvider` would miss variables that are set later. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/** Uses the provider of the program, or `current` instead of Effect's default. */
const parse = <A>(
  config: Config.Config<A>,
  current: () => ConfigProvider.ConfigProvider
): Effect.Effect<A, Config.ConfigError> =>
  Effect.flatMap(
    ConfigProvider.ConfigProvider,
    (provider) =>
      config.parse(provider === Context.get(Context.empty(), ConfigProvider.ConfigProvider) ? current() : provider)
  )

/** Reads a configuration from the program's `ConfigProvider`, by default from the environment as it is now. */
export const readConfig = <A>(config: Config.Config<A>): Effect.Effect<A, Config.ConfigError> =>
  parse(config, () => ConfigProvider.fromEnv())

/** Reads one variable in the same way, if it is set. A provider of one variable is faster than one of all. */
export const readVariable = <A>(
  make: (name: string) => Config.Config<A>,
  name: string
): Effect.Effect<Option.Option<A>, Config.ConfigError> =>
  parse(
    Config.option(make(name)),
    // Runtimes other than Node may not have `process`.
    () => ConfigProvider.fromEnvRecord({ [name]: globalThis.process?.env?.[name] })
  )
