/**
 * The secrets of a provider: given with the request (`MANAGED`), or by reference to Secrets Manager (`EXTERNAL`), for which
 * the backend's settings stand in.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../../../IdentityError.js"
import type { LocalSettings } from "../../../internal/identitySetup/localSettings.js"
import { SecretReference } from "../../../models/internal/names.js"
import * as Arn from "../arn.js"
import { externalSecret, missingSecret } from "../settings.js"
import { invalid, type Surroundings } from "./resource.js"

/** @internal */
export const Secret = Schema.Union(
  Schema.Struct({ source: Schema.Literal("MANAGED"), arn: Schema.String, value: Schema.Redacted(Schema.String) }),
  Schema.Struct({ source: Schema.Literal("EXTERNAL"), arn: Schema.String, reference: SecretReference })
)

/** @internal */
export type Secret = typeof Secret.Type

/** @internal */
export type Source = Secret["source"]

type Reference = typeof SecretReference.Type

const lookUp = (
  operation: string,
  settings: LocalSettings,
  reference: Reference,
  member: string
): Effect.Effect<Redacted.Redacted, ValidationException> =>
  Effect.suspend(() => {
    const secret = externalSecret(settings.secrets, reference)
    return secret === undefined ? invalid(operation, missingSecret, member) : Effect.succeed(secret)
  })

/** @internal */
export const valueOf = (
  operation: string,
  settings: LocalSettings,
  secret: Secret,
  member: string
): Effect.Effect<Redacted.Redacted, ValidationException> =>
  secret.source === "MANAGED" ? Effect.succeed(secret.value) : lookUp(operation, settings, secret.reference, member)

/**
 * The ARN of a secret that is kept elsewhere. A reference is by ARN or by name.
 *
 * @internal
 */
export const externalArn = (account: Arn.Account, secretId: string): string =>
  secretId.startsWith("arn:") ? secretId : Arn.externalSecret(account, secretId)

/**
 * From one source to the other there is no way, as with the live service.
 *
 * @internal
 */
export const unswitched = (
  operation: string,
  before: Source | undefined,
  after: Source | undefined,
  member: string
): Effect.Effect<void, ValidationException> =>
  before === undefined || after === undefined || before === after
    ? Effect.void
    : invalid(operation, `The source of a secret cannot be changed from ${before} to ${after}`, member)

/** @internal */
export interface Given {
  readonly kind: "apikey" | "payment"
  /** What the secret is called in its ARN. */
  readonly provider: string
  /** The names of the members, from the request on. */
  readonly members: { readonly value: string; readonly source: string; readonly reference: string }
  readonly given: {
    readonly value?: Redacted.Redacted | undefined
    readonly source?: Source | undefined
    readonly reference?: Reference | undefined
  }
}

/**
 * The secret of a request. A new `MANAGED` one gets an ARN, a replaced one keeps it. A reference that leads nowhere is
 * refused at once, not at the first token.
 *
 * @internal
 */
export const resolve = (
  { account, settings }: Surroundings,
  operation: string,
  { given: { reference, source = "MANAGED", value }, kind, members, provider }: Given,
  before: Secret | undefined
): Effect.Effect<Secret, ValidationException> =>
  Effect.gen(function*() {
    yield* unswitched(operation, before?.source, source, members.source)
    if (source === "MANAGED") {
      if (value === undefined) {
        return yield* invalid(operation, "Member must not be null for the secret source MANAGED", members.value)
      }
      return { source, arn: before?.arn ?? Arn.secret(account, kind, provider), value }
    }
    if (reference === undefined) {
      return yield* invalid(operation, "Member must not be null for the secret source EXTERNAL", members.reference)
    }
    yield* lookUp(operation, settings, reference, members.reference)
    const isSame = before?.source === "EXTERNAL" && before.reference.secretId === reference.secretId
    return { source, arn: isSame ? before.arn : externalArn(account, reference.secretId), reference }
  })
