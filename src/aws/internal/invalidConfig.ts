/**
 * The error of a setting that is not valid.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import { SourceError } from "effect/ConfigProvider"

/** @internal */
export const invalidConfig = (source: string, message: string): Config.ConfigError =>
  new Config.ConfigError(new SourceError({ message: `${source}: ${message}` }))
