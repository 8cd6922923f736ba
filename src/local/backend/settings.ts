/**
 * Lookups in the settings of the local backend.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"

/**
 * The entry of a record under a name of a request. Inherited names like `constructor` are not entries.
 *
 * @internal
 */
export const findEntry = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** @internal */
export const findExternalSecret = (
  secrets: LocalSettings["secrets"],
  { jsonKey, secretId }: { readonly secretId: string; readonly jsonKey: string }
): Redacted.Redacted | undefined => findEntry(findEntry(secrets, secretId), jsonKey)

/** @internal */
export const missingSecret =
  "The local backend reads EXTERNAL secrets from its settings, and this one is not in there: add its id and key to `secrets`"
