/**
 * The settings of the local backend, and the secrets and keys in them. Settings are read at each use, because they can
 * change while the backend runs.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { AccessDeniedException } from "../../IdentityError.js"
import type { LocalSettings } from "../../identitySetup/localSettings.js"
import type { SecretReference } from "../../models/internal/names.js"
import { explain } from "./callContext.js"

export type Settings = Effect.Effect<LocalSettings>

/** The entry of a record under a name of a request. Inherited names like `constructor` are not entries. */
const findEntry = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** The service's message does not contain the reason, so the log has it. */
const refuse = (message: string, advice: string) =>
  Effect.logWarning(`${message}: ${advice}`).pipe(
    Effect.andThen(explain(advice)),
    Effect.andThen(new AccessDeniedException({ message }))
  )

/**
 * The secret behind an `EXTERNAL` reference. The live service reads it with the rights of the caller, when it is used
 * and not when the provider is created. It fails with this message, which goes on with the caller's ARN.
 */
export const readSecret = (
  settings: Settings,
  { jsonKey, secretId }: typeof SecretReference.Type
): Effect.Effect<Redacted.Redacted, AccessDeniedException> =>
  Effect.flatMap(settings, ({ secrets }) => {
    const secret = findEntry(findEntry(secrets, secretId), jsonKey)
    return secret === undefined
      ? refuse(
        `Access denied when retrieving secret '${secretId}'`,
        `add the secret and its key '${jsonKey}' to the settings, as \`secrets\``
      )
      : Effect.succeed(secret)
  })

/** The private key of a KMS key. The message of the live service is not known. */
export const readKmsKey = (
  settings: Settings,
  keyArn: string
): Effect.Effect<Redacted.Redacted, AccessDeniedException> =>
  Effect.flatMap(settings, ({ kmsKeys }) => {
    const key = findEntry(kmsKeys, keyArn)
    return key === undefined
      ? refuse(
        `Access denied when signing with KMS key '${keyArn}'`,
        "add a private key for this ARN to the settings, as `kmsKeys`"
      )
      : Effect.succeed(key)
  })
