/** The error of a setting that is not valid. */
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"

export const invalidConfig = (source: string, message: string): Config.ConfigError =>
  new Config.ConfigError(new SourceError({ message: `${source}: ${message}` }))
