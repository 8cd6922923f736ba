/**
 * Names and URLs that both planes use, with the limits of the AWS service model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./constraint.js"

/** @internal */
export const WorkloadName = Constraint.text(3, 255, /^[A-Za-z0-9_.-]+$/)

/** @internal */
export const ProviderName = Constraint.text(1, 128, /^[a-zA-Z0-9\-_]+$/)

/**
 * Custom schemes are legal: mobile and desktop applications come back through them.
 *
 * @internal
 */
export const ReturnUrl = Constraint.text(1, 2048, /^\w+:(\/?\/?)[^\s]+$/)

/** @internal */
export const TagKey = Constraint.text(1, 128)

/** @internal */
export const Tags = Constraint.textMap(TagKey, Constraint.text(0, 256), 50)

/**
 * Not checked by pattern: the model and the documentation disagree.
 *
 * @internal
 */
export const Arn = Constraint.text(1, 2048)

/** @internal */
export const SecretReference = Schema.Struct({ secretId: Constraint.text(1, 2048), jsonKey: Constraint.text(1, 64) })

/** @internal */
export const SecretArn = Schema.Struct({ secretArn: Schema.String })

/** @internal */
export const SecretSource = Constraint.openEnum<"MANAGED" | "EXTERNAL">()
