/**
 * The check of the options of `IamAccessToken`, in the names of its API.
 *
 * @since 0.1.0
 */
import { isRecord, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Guards from "./guards.js"
import * as Validation from "./validation.js"

/**
 * The options of `IamAccessToken`. The plane checks the limits of STS.
 *
 * @internal
 */
export const refuseIamAccessTokenOptions: (options: unknown) => ValidationException | undefined = Validation.refuse(
  Schema.Struct({
    audience: Constraint.guard("a string or a list of strings", (value) => isString(value) || Array.isArray(value)),
    signingAlgorithm: Constraint.optional(Constraint.oneOf("ES384", "RS256")),
    duration: Constraint.optional(Guards.DurationInput),
    tags: Constraint.optional(Constraint.guard("an object of strings", isRecord)),
    into: Constraint.optional(Guards.Tag)
  }),
  { name: "GetWebIdentityToken" }
)
