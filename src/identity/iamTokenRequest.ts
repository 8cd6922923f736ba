/**
 * The checks of the requests of `IamAccessToken`, in the names of its API.
 *
 * The limits are those of `GetWebIdentityToken` in the service model of STS.
 */
import * as Duration from "effect/Duration"
import { isObject, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Constraint from "../models/internal/constraint.js"
import * as OptionTypes from "../plane/optionTypes.js"
import { type Checks, intoField, makeFieldsValidator, makeSubjectValidator, type Validate } from "./credentialTag.js"

export const operation = { name: "GetWebIdentityToken" }

const Audience = Constraint.string(1, 1000)

const seconds = (duration: Duration.Input): number => Duration.toSeconds(duration)

const Lifetime = OptionTypes.DurationInput.pipe(
  Schema.check(
    Schema.makeFilter((duration) =>
      seconds(duration) >= 60 && seconds(duration) <= 3600 ? undefined : `${Constraint.prefix} be 1 to 60 minutes`
    ),
    Schema.makeFilter((duration) =>
      Number.isInteger(seconds(duration)) ? undefined : `${Constraint.prefix} be a whole number of seconds`
    )
  )
)

const fields = {
  signingAlgorithm: Constraint.optional(Constraint.oneOf("ES384", "RS256")),
  duration: Constraint.optional(Lifetime),
  tags: Constraint.optional(Constraint.stringMap(Constraint.string(1, 128), Constraint.string(0, 256), 50))
}

/**
 * Validates a request with further properties. There is one schema per type of `audience`: a union would report both.
 */
export const makeValidator = <Fields extends Schema.Struct.Fields>(more: Fields): Validate => {
  const withAudience = <A, I>(audience: Schema.Codec<A, I>): Validate =>
    makeFieldsValidator(() => ({ audience, ...fields, ...more }), operation)
  const refuseString = withAudience(Audience)
  const refuseList = withAudience(Constraint.items(Audience, 1, 10))
  const refuseOther = withAudience(
    Constraint.guard("a string or a list of strings", (value) => isString(value) || Array.isArray(value))
  )
  return (request) => {
    const audience = isObject(request) ? request["audience"] : undefined
    return (isString(audience) ? refuseString : Array.isArray(audience) ? refuseList : refuseOther)(request)
  }
}

export const iamAccessToken: Checks = {
  name: "IamAccessToken",
  validateRequest: makeSubjectValidator("IamAccessToken", makeValidator(intoField()), operation),
  validateDeclaration: makeValidator({})
}
