/**
 * Where the modules of the local backend find their settings. They are defined outside of it: a configuration file has them too.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"

/**
 * What a record of the settings has under a name that comes with a request. A name that every object has, like `constructor`,
 * is none of them.
 *
 * @internal
 */
export const entryOf = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** @internal */
export const externalSecret = (
  secrets: LocalSettings["secrets"],
  { jsonKey, secretId }: { readonly secretId: string; readonly jsonKey: string }
): Redacted.Redacted | undefined => entryOf(entryOf(secrets, secretId), jsonKey)

/** @internal */
export const missingSecret =
  "The local backend reads EXTERNAL secrets from its settings, and this one is not in there: add its id and key to `secrets`"
