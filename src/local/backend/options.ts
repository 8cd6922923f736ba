/**
 * The types of the options of the local backend, which the local server has too.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Guards from "../../internal/guards.js"
import { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import * as Constraint from "../../models/internal/constraint.js"

const text = Constraint.optional(Schema.String)

const duration = Constraint.optional(Guards.DurationInput)

/** @internal */
export const fields = {
  region: text,
  accountId: text,
  publicUrl: text,
  workloadAccessTokenLifetime: duration,
  sessionLifetime: duration,
  customStateParameter: text,
  consentPortalDelay: duration,
  settings: Constraint.optional(Schema.Union([Schema.toType(LocalSettings), Guards.AnyEffect]))
}
