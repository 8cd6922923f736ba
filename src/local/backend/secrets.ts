/**
 * The secrets and keys of providers. A `MANAGED` secret is part of the request. An `EXTERNAL` one is a reference to
 * Secrets Manager, whose value is in the settings. They are read at each use, because they can change.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import { SecretReference } from "../../internal/models/resource.js"
import * as Arn from "./arn.js"
import { checkSecret, checkSigning } from "./authorization.js"
import { explain } from "./callContext.js"
import { type Exception, type Invalid, invalid, raise } from "./failures.js"

export type Settings = Effect.Effect<LocalSettings>

/** Finds the entry with a name from a request. Inherited names like `constructor` are not entries. */
const findEntry = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined

/** Finds a value in the settings. The advice goes to the log, because the service's message does not contain it. */
const find = (
  settings: Settings,
  read: (settings: LocalSettings) => Redacted.Redacted | undefined,
  message: string,
  advice: string
): Effect.Effect<Redacted.Redacted, Exception<"AccessDeniedException">> =>
  Effect.gen(function*() {
    const found = read(yield* settings)
    if (found !== undefined) return found
    yield* Effect.logWarning(`${message}: ${advice}`)
    yield* explain(advice)
    return yield* raise("AccessDeniedException", message)
  })

/**
 * Reads the secret of an `EXTERNAL` reference. The live service reads it with the caller's permissions when it is used,
 * not when the provider is created. The service's message also contains the caller's ARN.
 */
export const readExternal = (settings: Settings, { jsonKey, secretId }: typeof SecretReference.Type) =>
  find(
    settings,
    ({ secrets }) => findEntry(findEntry(secrets, secretId), jsonKey),
    `Access denied when retrieving secret '${secretId}'`,
    `add the secret and its key '${jsonKey}' to the settings, as \`secrets\``
  )

/** Reads the private key of a KMS key. The message of the live service is not known. */
export const readKmsKey = (settings: Settings, keyArn: string) => {
  const message = `Access denied when signing with KMS key '${keyArn}'`
  return Effect.andThen(
    Effect.flatMap(settings, ({ kmsSign }) => kmsSign === "ignore" ? Effect.void : checkSigning(keyArn, message)),
    find(
      settings,
      ({ kmsKeys }) => findEntry(kmsKeys, keyArn),
      message,
      "add a private key for this ARN to the settings, as `kmsKeys`"
    )
  )
}

export const Secret = Schema.Union([
  Schema.Struct({
    source: Schema.Literal("MANAGED"),
    arn: Schema.String,
    value: Schema.RedactedFromValue(Schema.String)
  }),
  Schema.Struct({ source: Schema.Literal("EXTERNAL"), arn: Schema.String, reference: SecretReference })
])

export type Secret = typeof Secret.Type

type Source = Secret["source"]

export const read = (
  settings: Settings,
  secret: Secret
): Effect.Effect<Redacted.Redacted, Exception<"AccessDeniedException">> =>
  Effect.andThen(
    checkSecret(secret.arn),
    secret.source === "MANAGED" ? Effect.succeed(secret.value) : readExternal(settings, secret.reference)
  )

/** Like the live service, the backend does not change the source of a secret. */
export const checkSource = (before: Source | undefined, after: Source, path: string) =>
  before === undefined || before === after
    ? Effect.void
    : invalid(`The source of a secret cannot be changed from ${before} to ${after}`, `${path}Source`)

/** Makes the stored secret of a request. A new `MANAGED` secret gets an ARN. A replacement keeps the ARN. */
export const resolve = Effect.fnUntraced(function*(
  account: Arn.Account,
  { arnName, kind, path, reference, source = "MANAGED", value }: {
    /** The kind of the provider in the secret's name, such as `apikey`. */
    readonly kind: string
    /** The rest of the secret's name. */
    readonly arnName: string
    /** The path of the secret in the request. */
    readonly path: string
    readonly value?: Redacted.Redacted | undefined
    readonly source?: Source | undefined
    readonly reference?: typeof SecretReference.Type | undefined
  },
  before: Secret | undefined
): Effect.fn.Return<Secret, Invalid> {
  yield* checkSource(before?.source, source, path)
  if (source === "MANAGED") {
    if (value === undefined) return yield* invalid("Member must not be null for the secret source MANAGED", path)
    return { source, arn: before?.arn ?? Arn.secret(account, kind, arnName), value }
  }
  if (reference === undefined) {
    return yield* invalid("Member must not be null for the secret source EXTERNAL", `${path}Config`)
  }
  const isSame = before?.source === "EXTERNAL" && before.reference.secretId === reference.secretId
  return { source, arn: isSame ? before.arn : Arn.externalSecret(account, reference.secretId), reference }
})

/** Makes the members of a response about a secret. The service model requires an ARN, even if there is no secret. */
export const describe = <const N extends string>(
  name: N,
  secretArn: string,
  secret: { readonly source: Source; readonly reference?: typeof SecretReference.Type } | undefined
) =>
  ({
    [`${name}Arn`]: { secretArn },
    ...(secret === undefined ? {} : { [`${name}Source`]: secret.source }),
    ...(secret?.reference === undefined ? {} : { [`${name}JsonKey`]: secret.reference.jsonKey })
    // Computed names have type `string`.
  }) as
    & { readonly [K in `${N}Arn`]: { readonly secretArn: string } }
    & { readonly [K in `${N}Source` | `${N}JsonKey`]?: string }

/** Finds the ARNs of the secrets that AgentCore stores, in what {@link describe} returns. */
export const findManaged = (described: object): ReadonlyArray<string> =>
  Object.entries(described).flatMap(([name, value]) =>
    typeof value !== "object" || value === null
      ? []
      : Reflect.get(described, name.replace(/Arn$/, "Source")) === "MANAGED"
      ? [String(value.secretArn)]
      : findManaged(value)
  )
