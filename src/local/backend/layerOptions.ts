/** The options of the layers of the backend: their types, which the local server has too, and defaults. */
import * as Schema from "effect/Schema"
import { LocalSettings } from "../../identitySetup/localSettings.js"
import * as Constraint from "../../models/internal/constraint.js"
import * as OptionTypes from "../../plane/optionTypes.js"
import type { Account } from "./arn.js"

const text = Constraint.optional(Schema.String)

const duration = Constraint.optional(OptionTypes.DurationInput)

export const fields = {
  region: text,
  accountId: text,
  publicUrl: text,
  workloadAccessTokenLifetime: duration,
  sessionLifetime: duration,
  customStateParameter: text,
  consentPortalDelay: duration,
  settings: Constraint.optional(Schema.Union([Schema.toType(LocalSettings), OptionTypes.AnyEffect]))
}

export const readLocation = (options: {
  readonly publicUrl?: string | undefined
  readonly region?: string | undefined
  readonly accountId?: string | undefined
}): { readonly publicUrl: string; readonly account: Account } => ({
  publicUrl: (options.publicUrl ?? "http://127.0.0.1:4020").replace(/\/+$/, ""),
  account: { region: options.region ?? "us-west-2", accountId: options.accountId ?? "123456789012" }
})
