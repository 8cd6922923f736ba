/** Checks the requests of `IamAccessToken` by the members of `GetWebIdentityToken`. */
import * as Duration from "effect/Duration"
import { isObject, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import { GetWebIdentityTokenRequest, operations } from "../SecurityTokenService.js"
import { type Checks, intoField, makeSubjectCheck } from "./credentialTag.js"

const { name: operation } = operations.getWebIdentityToken

const Lifetime = Validation.DurationInput.pipe(
  Schema.check(
    Constraint.check((duration) =>
      Duration.toSeconds(duration) >= 60 && Duration.toSeconds(duration) <= 3600 ? undefined : "be 1 to 60 minutes"
    ),
    Constraint.check((duration) =>
      Number.isInteger(Duration.toSeconds(duration)) ? undefined : "be a whole number of seconds"
    )
  )
)

const makeCheck = (more: Schema.Struct.Fields): Validation.Check => {
  const { audience, signingAlgorithm, tags } = GetWebIdentityTokenRequest.fields
  const check = Validation.makeCheck(operation, () => ({
    audience,
    signingAlgorithm: Constraint.optional(signingAlgorithm),
    duration: Constraint.optional(Lifetime),
    tags,
    ...more
  }))
  return (request) =>
    check(
      isObject(request) && isString(request["audience"]) ? { ...request, audience: [request["audience"]] } : request
    )
}

export const iamAccessToken: Checks = {
  name: "IamAccessToken",
  checkRequest: makeSubjectCheck("IamAccessToken", operation, makeCheck(intoField())),
  checkDeclaration: makeCheck({})
}
