/** The types of the options of the local backend, which the local server has too. */
import * as Schema from "effect/Schema"
import { LocalSettings } from "../../identitySetup/localSettings.js"
import * as Constraint from "../../models/internal/constraint.js"
import * as Guards from "../../plane/optionTypes.js"

const text = Constraint.optional(Schema.String)

const duration = Constraint.optional(Guards.DurationInput)

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
