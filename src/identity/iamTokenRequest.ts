/**
 * Validates the requests of `IamAccessToken`. Errors have the names of its API.
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

const Lifetime = OptionTypes.DurationInput.pipe(
  Schema.check(
    Constraint.check((duration) =>
      Duration.toSeconds(duration) >= 60 && Duration.toSeconds(duration) <= 3600 ? undefined : "be 1 to 60 minutes"
    ),
    Constraint.check((duration) =>
      Number.isInteger(Duration.toSeconds(duration)) ? undefined : "be a whole number of seconds"
    )
  )
)

const fields = {
  signingAlgorithm: Constraint.optional(Constraint.oneOf("ES384", "RS256")),
  duration: Constraint.optional(Lifetime),
  tags: Constraint.optional(Constraint.stringMap(Constraint.string(1, 128), Constraint.string(0, 256), 50))
}

/**
 * Makes a function that validates a request with more properties. There is one schema per type of `audience`, because a
 * union would report the issues of both.
 */
export const makeValidator = <Fields extends Schema.Struct.Fields>(more: Fields): Validate => {
  const withAudience = <A, I>(audience: Schema.Codec<A, I>): Validate =>
    makeFieldsValidator(() => ({ audience, ...fields, ...more }), operation)
  const validateString = withAudience(Audience)
  const validateList = withAudience(Constraint.items(Audience, 1, 10))
  const validateOther = withAudience(
    Constraint.guard("a string or a list of strings", (value) => isString(value) || Array.isArray(value))
  )
  return (request) => {
    const audience = isObject(request) ? request["audience"] : undefined
    return (isString(audience) ? validateString : Array.isArray(audience) ? validateList : validateOther)(request)
  }
}

export const iamAccessToken: Checks = {
  name: "IamAccessToken",
  validateRequest: makeSubjectValidator("IamAccessToken", makeValidator(intoField()), operation),
  validateDeclaration: makeValidator({})
}
