/** The checks of what a program passes to `Connect`. */
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as CredentialTag from "../../identity/credentialTag.js"
import type { ValidationException } from "../../IdentityError.js"
import * as Constraint from "../../models/internal/constraint.js"
import { WorkloadName } from "../../models/internal/names.js"
import * as Guards from "../../plane/optionTypes.js"
import * as Validation from "../../plane/validation.js"
import { UserIdentifier } from "../../UserIdentifier.js"
import type { ConnectCredentials } from "./model.js"

const isCredentials = (value: unknown): value is ConnectCredentials =>
  isObject(value) && Object.keys(value).length > 0
  && Object.entries(value).every(([name, credential]) =>
    /^[A-Za-z0-9][\w-]{0,63}$/.test(name) && name !== "return"
    && CredentialTag.isDeclared(credential, "AccessToken") && isObject(credential.request)
    && credential.request["flow"] === "USER_FEDERATION"
  )

const linkFields = {
  path: Constraint.guard(
    "a path without parameters, as in '/connect'",
    (value): value is HttpRouter.PathInput => isString(value) && /^(\/[\w.~-]+)+$/.test(value)
  ),
  credentials: Constraint.guard(
    "declared credentials of the flow USER_FEDERATION by name (letters, digits, - and _; not 'return')",
    isCredentials
  ),
  workload: WorkloadName,
  origin: Constraint.optional(Schema.String),
  users: Constraint.optional(Constraint.oneOf("userId", "jwt")),
  continueTo: Constraint.optional(Schema.Array(Schema.String))
}

export const refuseLinkOptions = Validation.refuse(() => Schema.Struct(linkFields), { name: "Connect.layerLinks" })

export const refuseOptions = Validation.refuse(
  () =>
    Schema.Struct({
      ...linkFields,
      currentUser: Constraint.guard("an Effect of the user who is signed in", Effect.isEffect),
      describeUser: Constraint.optional(Guards.AnyFunction),
      respond: Constraint.optional(Guards.AnyFunction),
      revokeAt: Constraint.optional(Constraint.guard("addresses by name", isObject)),
      formKey: Constraint.optional(Constraint.guard("a Redacted key", Redacted.isRedacted))
    }),
  { name: "Connect.layer" }
)

export const checkUser = Validation.validate(Schema.Struct({ currentUser: UserIdentifier }), "Connect.layer")

export const refuseHandler = Validation.refuse(
  () =>
    Schema.Struct({
      user: UserIdentifier,
      show: Guards.AnyFunction,
      continue: Constraint.optional(Schema.String),
      wait: Constraint.optional(Guards.DurationInput),
      probe: Constraint.optional(Constraint.guard("a Schedule", Schedule.isSchedule))
    }),
  { name: "Connect.handler" }
)

/** What no schema says. */
export const invalid = (member: string, text: string): ValidationException =>
  Validation.validationException([{ path: [member], constraint: `${Constraint.prefix} ${text}` }], "Connect")
