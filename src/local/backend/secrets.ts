/**
 * The secrets and keys of providers. A `MANAGED` secret is part of the request. An `EXTERNAL` one is a reference to
 * Secrets Manager. The settings have the values of references, and are read at each use: they can change while the
 * backend runs.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { AccessDeniedException, type ValidationException } from "../../IdentityError.js"
import type { LocalSettings } from "../../identitySetup/localSettings.js"
import { SecretReference } from "../../models/internal/names.js"
import * as Arn from "./arn.js"
import { explain } from "./callContext.js"
import { invalid } from "./failures.js"

export type Settings = Effect.Effect<LocalSettings>

/** The entry of a record under a name of a request. Inherited names like `constructor` are not entries. */
const findEntry = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** Finds a value in the settings. The service's message does not contain the advice, so the log has it. */
const find = (
  settings: Settings,
  read: (settings: LocalSettings) => Redacted.Redacted | undefined,
  message: string,
  advice: string
): Effect.Effect<Redacted.Redacted, AccessDeniedException> =>
  Effect.flatMap(settings, (current) => {
    const found = read(current)
    return found !== undefined ? Effect.succeed(found) : Effect.logWarning(`${message}: ${advice}`).pipe(
      Effect.andThen(explain(advice)),
      Effect.andThen(new AccessDeniedException({ message }))
    )
  })

/**
 * The secret behind an `EXTERNAL` reference. The live service reads it with the rights of the caller, when it is used
 * and not when the provider is created. It fails with this message, which goes on with the caller's ARN.
 */
export const readExternal = (settings: Settings, { jsonKey, secretId }: typeof SecretReference.Type) =>
  find(
    settings,
    ({ secrets }) => findEntry(findEntry(secrets, secretId), jsonKey),
    `Access denied when retrieving secret '${secretId}'`,
    `add the secret and its key '${jsonKey}' to the settings, as \`secrets\``
  )

/** The private key of a KMS key. The message of the live service is not known. */
export const readKmsKey = (settings: Settings, keyArn: string) =>
  find(
    settings,
    ({ kmsKeys }) => findEntry(kmsKeys, keyArn),
    `Access denied when signing with KMS key '${keyArn}'`,
    "add a private key for this ARN to the settings, as `kmsKeys`"
  )

export const Secret = Schema.Union([
  Schema.Struct({
    source: Schema.Literal("MANAGED"),
    arn: Schema.String,
    value: Schema.RedactedFromValue(Schema.String)
  }),
  Schema.Struct({ source: Schema.Literal("EXTERNAL"), arn: Schema.String, reference: SecretReference })
])

export type Secret = typeof Secret.Type

export type Source = Secret["source"]

export const read = (settings: Settings, secret: Secret): Effect.Effect<Redacted.Redacted, AccessDeniedException> =>
  secret.source === "MANAGED" ? Effect.succeed(secret.value) : readExternal(settings, secret.reference)

/** The live service does not change the source of a secret either. */
export const checkSource = (
  before: Source | undefined,
  after: Source,
  path: string
): Effect.Effect<void, ValidationException> =>
  before === undefined || before === after
    ? Effect.void
    : invalid(`The source of a secret cannot be changed from ${before} to ${after}`, `${path}Source`)

export interface SecretRequest {
  readonly kind: Arn.ProviderKind
  /** The secret's name in its ARN. */
  readonly arnName: string
  /** The path of the secret in the request. */
  readonly path: string
  /** The path of its value. Default: `path`. */
  readonly valuePath?: string
  readonly value?: Redacted.Redacted | undefined
  readonly source?: Source | undefined
  readonly reference?: typeof SecretReference.Type | undefined
}

/** The secret of a request. A new `MANAGED` secret gets an ARN, and a replaced one keeps it. */
export const resolve = (
  account: Arn.Account,
  { arnName, kind, path, reference, source = "MANAGED", value, valuePath = path }: SecretRequest,
  before: Secret | undefined
): Effect.Effect<Secret, ValidationException> =>
  Effect.gen(function*() {
    yield* checkSource(before?.source, source, path)
    if (source === "MANAGED") {
      if (value === undefined) {
        return yield* invalid("Member must not be null for the secret source MANAGED", valuePath)
      }
      return { source, arn: before?.arn ?? Arn.secret(account, kind, arnName), value }
    }
    if (reference === undefined) {
      return yield* invalid("Member must not be null for the secret source EXTERNAL", `${path}Config`)
    }
    const isSame = before?.source === "EXTERNAL" && before.reference.secretId === reference.secretId
    return { source, arn: isSame ? before.arn : Arn.externalSecret(account, reference.secretId), reference }
  })
