/**
 * A pending authorization: the data to show the consent page, and to ask for the token later, in this process or in
 * another one.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/models/constraint.js"

/**
 * The OAuth2 flow, by its AWS name.
 *
 * @since 0.2.0
 * @category schemas
 */
export const Flow = Schema.Literals(["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"])

/**
 * The OAuth2 flow, as `AccessTokenDeclaration` of `Identity` explains it.
 *
 * @since 0.2.0
 * @category models
 */
export type Flow = typeof Flow.Type

/**
 * A session that waits for the user's consent. `sessionUri`, `authorizationUrl` and `customState` are `Redacted`,
 * because anyone with the URL can consent in the user's place.
 *
 * To pass a session to another process, encode it with the schema and decode it there. The encoded form contains the
 * secrets in clear: store it like a credential. `Schema.fromJsonString(ConsentSession)` has it as a string. The error
 * of a damaged session names its properties and has no values.
 *
 * `expiresAt` is 10 minutes after the arrival of the authorization URL, its lifetime in the AWS documentation. The
 * service sends no expiry.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * // A function writes this to its own store, and continues when the user has consented.
 * const save = (session: ConsentSession.ConsentSession) => Schema.encodeEffect(ConsentSession.ConsentSession)(session)
 *
 * const load = (stored: typeof ConsentSession.ConsentSession.Encoded) =>
 *   Effect.map(Schema.decodeEffect(ConsentSession.ConsentSession)(stored), (session) => session.provider)
 */
export class ConsentSession extends Schema.Class<ConsentSession>("effect-agentcore-identity/ConsentSession")({
  /** The name of the OAuth2 credential provider. */
  provider: Schema.String,
  /** The OAuth2 flow: whose access it is, and how the token is obtained. */
  flow: Flow,
  /** The scopes that were requested. */
  scopes: Schema.Array(Schema.String),
  /** Resource indicators (RFC 8707). */
  resources: Constraint.optional(Schema.Array(Schema.String)),
  /** The services that the token is for (RFC 8693). */
  audiences: Constraint.optional(Schema.Array(Schema.String)),
  /** Where the browser goes after consent. */
  returnUrl: Constraint.optional(Schema.String),
  /** State of the application. The return URL carries it back. */
  customState: Constraint.optional(Schema.RedactedFromValue(Schema.String)),
  /** Further parameters of the authorization request. */
  customParameters: Constraint.optional(Schema.Record(Schema.String, Schema.String)),
  /** The name of the session, which every poll sends. */
  sessionUri: Schema.RedactedFromValue(Schema.String),
  /** The page where the user consents. */
  authorizationUrl: Schema.RedactedFromValue(Schema.String),
  /** When the authorization URL expires. */
  expiresAt: Schema.DateTimeUtcFromString
}) {}
