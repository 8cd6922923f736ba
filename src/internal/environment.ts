/** Reads settings when a layer is built. Effect's default `ConfigProvider` would miss variables that are set later. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/** Reads a configuration from the program's `ConfigProvider`, by default from the environment as it is now. */
export const readConfig = <A>(config: Config.Config<A>): Effect.Effect<A, Config.ConfigError> =>
  Effect.flatMap(ConfigProvider.ConfigProvider, (provider) => {
    const isDefault = provider === Context.get(Context.empty(), ConfigProvider.ConfigProvider)
    return config.parse(isDefault ? ConfigProvider.fromEnv() : provider)
  })

/** Reads one variable in the same way, if it is set. */
export const readVariable = <A>(
  make: (name: string) => Config.Config<A>,
  name: string
): Effect.Effect<Option.Option<A>, Config.ConfigError> => readConfig(Config.option(make(name)))
