/**
 * A pending authorization: the data to show the consent page, and to ask for the token later, in this process or in
 * another one.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./models/internal/constraint.js"

/**
 * The OAuth2 flow, by its AWS name:
 *
 * - `M2M`: for the agent itself (client credentials)
 * - `USER_FEDERATION`: for a user who consents (authorization code)
 * - `ON_BEHALF_OF_TOKEN_EXCHANGE`: for a user whose JWT the agent has
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
 * The OAuth2 flow.
 *
 * @since 0.1.0
 * @category models
 */
export type Flow = typeof Flow.Type

/**
 * A session that waits for the user's consent. `sessionUri`, `authorizationUrl` and `customState` are `Redacted`,
 * because anyone with the URL can consent in the user's place.
 *
 * To pass a session to another process, encode it with the schema and decode it there. The encoded form contains the
 * secrets in clear: store it like a credential.
 *
 * `expiresAt` is 10 minutes after the arrival of the authorization URL, its lifetime in the AWS documentation. The
 * service sends no expiry.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * // A function writes this to its own store, and continues when the user has consented.
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
