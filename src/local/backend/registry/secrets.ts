/**
 * The secrets of a provider. A `MANAGED` secret is part of the request. An `EXTERNAL` one is a reference to Secrets
 * Manager, which the backend reads from its settings at each use.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { AccessDeniedException, ValidationException } from "../../../IdentityError.js"
import { SecretReference } from "../../../models/internal/names.js"
import * as Arn from "../arn.js"
import { invalid } from "../failures.js"
import { readSecret, type Settings } from "../settings.js"
import type { Dependencies } from "./resource.js"

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

type Reference = typeof SecretReference.Type

export const read = (
  settings: Settings,
  secret: Secret
): Effect.Effect<Redacted.Redacted, AccessDeniedException> =>
  secret.source === "MANAGED" ? Effect.succeed(secret.value) : readSecret(settings, secret.reference)

/** The ARN of an `EXTERNAL` secret. A reference is an ARN or a name. */
export const externalArn = (account: Arn.Account, secretId: string): string =>
  secretId.startsWith("arn:") ? secretId : Arn.externalSecret(account, secretId)

/** The live service does not change the source of a secret either. */
export const checkSource = (
  before: Source | undefined,
  after: Source | undefined,
  member: string
): Effect.Effect<void, ValidationException> =>
  before === undefined || after === undefined || before === after
    ? Effect.void
    : invalid(`The source of a secret cannot be changed from ${before} to ${after}`, member)

export interface SecretRequest {
  readonly kind: "apikey" | "payment"
  /** The secret's name in its ARN. */
  readonly arnName: string
  /** The paths of the members in the request. */
  readonly members: { readonly value: string; readonly source: string; readonly reference: string }
  readonly input: {
    readonly value?: Redacted.Redacted | undefined
    readonly source?: Source | undefined
    readonly reference?: Reference | undefined
  }
}

/** The secret of a request. A new `MANAGED` secret gets an ARN, and a replaced one keeps it. */
export const resolve = (
  { account }: Dependencies,
  { arnName, input: { reference, source = "MANAGED", value }, kind, members }: SecretRequest,
  before: Secret | undefined
): Effect.Effect<Secret, ValidationException> =>
  Effect.gen(function*() {
    yield* checkSource(before?.source, source, members.source)
    if (source === "MANAGED") {
      if (value === undefined) {
        return yield* invalid("Member must not be null for the secret source MANAGED", members.value)
      }
      return { source, arn: before?.arn ?? Arn.secret(account, kind, arnName), value }
    }
    if (reference === undefined) {
      return yield* invalid("Member must not be null for the secret source EXTERNAL", members.reference)
    }
    const isSame = before?.source === "EXTERNAL" && before.reference.secretId === reference.secretId
    return { source, arn: isSame ? before.arn : externalArn(account, reference.secretId), reference }
  })
