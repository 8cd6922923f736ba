/** The sessions of sandboxes. A store has the digest of a session's secret, and its user. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hash, randomBytes } from "node:crypto"
import type { ValidationException } from "../../IdentityError.js"
import type { ConsentStoreError } from "../../internal/consentStoreError.js"
import * as Constraint from "../../internal/models/constraint.js"
import type * as Signals from "../../internal/pendingConsents/signals.js"
import type { ConsentSignals } from "../../internal/pendingConsents/store.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import { UserIdentifier } from "../../UserIdentifier.js"

/** The sessions of sandboxes. `ForwardAuth.layer` provides it with the route. */
export class ForwardAuth extends Context.Service<ForwardAuth, {
  /**
   * Makes a session for a user. Give its secret to one sandbox. It is random, and the store has only its digest. All
   * routes with the same store accept it. Fails with `ConsentStoreError` if the store does, and with
   * `ValidationException` if the user or the lifetime is invalid.
   */
  readonly session: (user: UserIdentifier, options?: {
    /** How long the session is valid. Default: 1 hour. */
    readonly lifetime?: Duration.Input | undefined
  }) => Effect.Effect<{
    /** The secret that the sandbox sends as `Authorization: Bearer`. */
    readonly token: Redacted.Redacted
    /** The time after which no credential is returned. */
    readonly expiresAt: DateTime.Utc
  }, ConsentStoreError | ValidationException>
  /** Ends a session before it expires. The next request with it has the status 401. */
  readonly revoke: (token: Redacted.Redacted) => Effect.Effect<void, ConsentStoreError>
}>()("effect-agentcore-identity/http/ForwardAuth") {}

const User = Schema.fromJsonString(UserIdentifier)
const encode = Schema.encodeSync(User)
const decode = Schema.decodeOption(User)

const check = Validation.makeCheck("ForwardAuth.session", () => ({
  user: UserIdentifier,
  lifetime: Constraint.optional(OptionType.DurationInput)
}))

const topicOf = (token: Redacted.Redacted): Signals.Topic => ({
  _tag: "Bearer",
  name: Redacted.make(hash("sha256", Redacted.value(token), "base64url"))
})

export const make = (signals: ConsentSignals["Service"]): ForwardAuth["Service"] => ({
  session: (user, { lifetime = "1 hour" } = {}) =>
    Effect.gen(function*() {
      const invalid = check({ user, lifetime })
      if (invalid !== undefined) return yield* invalid
      const millis = Duration.toMillis(Duration.fromInputUnsafe(lifetime))
      const expiresAt = Option.getOrUndefined(DateTime.make((yield* Clock.currentTimeMillis) + millis))
      if (millis < 1 || expiresAt === undefined) {
        return yield* Validation.invalidProperty(
          "ForwardAuth.session",
          "lifetime",
          "be 1 millisecond or more, and finite"
        )
      }
      const token = Redacted.make(randomBytes(32).toString("base64url"))
      yield* signals.register({ topic: topicOf(token), execution: encode(user), expiresAt })
      return { token, expiresAt }
    }),
  revoke: (token) =>
    Effect.flatMap(
      signals.registrations(topicOf(token)),
      Effect.forEach((user) => signals.unregister(topicOf(token), user), { discard: true })
    )
})

/** The user of a session. `None` if it has expired, was revoked, or is unknown. */
export const userOf = (
  signals: ConsentSignals["Service"],
  token: Redacted.Redacted
): Effect.Effect<Option.Option<UserIdentifier>, ConsentStoreError> =>
  Effect.map(signals.registrations(topicOf(token)), ([user]) => user === undefined ? Option.none() : decode(user))
