/** Sessions, and their secrets, as text or as values. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { type ConsentSession, FromJson } from "../../ConsentSession.js"
import { ValidationException } from "../../IdentityError.js"
import { leavesOf } from "../../models/internal/issues.js"

export const toRedacted = (secret: string | Redacted.Redacted): Redacted.Redacted =>
  Redacted.isRedacted(secret) ? secret : Redacted.make(secret)

export const toSession = (session: ConsentSession | string): Effect.Effect<ConsentSession, ValidationException> =>
  typeof session === "string"
    ? Effect.mapError(
      Schema.decodeEffect(FromJson)(session),
      // The messages of this schema have no values.
      ({ issue }) =>
        new ValidationException({
          message: leavesOf(issue).map(({ message }) => message).join("; ")
        })
    )
    : Effect.succeed(session)
