/**
 * An authorization that waits for its user: everything that is needed to show the consent page, and to ask for the token
 * again later, in this process or in another one.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./models/internal/constraint.js"

/**
 * How a token is obtained, by AWS's own names: `M2M` for the agent itself (client credentials), `USER_FEDERATION` for a
 * user who consents (authorization code), `ON_BEHALF_OF_TOKEN_EXCHANGE` for a user whose JWT the agent holds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Flow: Schema.Literal<["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"]> = Constraint.oneOf(
  "USER_FEDERATION",
  "M2M",
  "ON_BEHALF_OF_TOKEN_EXCHANGE"
)

/**
 * @since 0.1.0
 * @category models
 */
export type Flow = typeof Flow.Type

/**
 * A session that waits for its user's consent. `sessionUri`, `authorizationUrl` and `customState` are `Redacted`: whoever
 * has the URL can give consent in the user's place. To hand a session to another process, encode it with the schema (the
 * encoded form holds the secrets in clear), keep it as you keep a credential, and decode it there.
 *
 * `expiresAt` is the end of the 10 minutes that the AWS documentation gives an authorization URL, counted from its arrival:
 * the service itself sends no expiry.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * // What a function writes to its own store, to go on when the user has consented.
 * const save = (session: ConsentSession.ConsentSession) => Schema.encode(ConsentSession.ConsentSession)(session)
 *
 * const load = (stored: typeof ConsentSession.ConsentSession.Encoded) =>
 *   Effect.map(Schema.decode(ConsentSession.ConsentSession)(stored), (session) => session.provider)
 */
export class ConsentSession extends Schema.Class<ConsentSession>("effect-agentcore-identity/ConsentSession")({
  provider: Schema.String,
  flow: Flow,
  scopes: Schema.Array(Schema.String),
  resources: Constraint.optional(Schema.Array(Schema.String)),
  audiences: Constraint.optional(Schema.Array(Schema.String)),
  returnUrl: Constraint.optional(Schema.String),
  customState: Constraint.optional(Schema.Redacted(Schema.String)),
  customParameters: Constraint.optional(Schema.Record({ key: Schema.String, value: Schema.String })),
  sessionUri: Schema.Redacted(Schema.String),
  authorizationUrl: Schema.Redacted(Schema.String),
  expiresAt: Schema.DateTimeUtc
}) {}
