/**
 * A pending authorization: the data to show the consent page, and to ask for the token later, in this process or in
 * another one.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
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

const damaged = (message: string): Either.Either<never, ParseResult.ParseIssue> =>
  Either.left(new ParseResult.Type(Schema.Unknown.ast, undefined, message))

/**
 * An issue without values: the issues of a schema quote them, and half of a session is secret. It names members of the
 * class only, because the name of another member can be damaged text too.
 */
const withoutValues = (issue: ParseResult.ParseIssue): Either.Either<never, ParseResult.ParseIssue> => {
  const names = ParseResult.ArrayFormatter.formatIssueSync(issue).map(({ path: [name = ""] }) =>
    Object.hasOwn(ConsentSession.fields, name) ? String(name) : name === "" ? "the whole" : "an unknown member"
  )
  return damaged(`The consent session is damaged: ${Arr.dedupe(names).join(", ")}`)
}

/**
 * A session that waits for the user's consent. `sessionUri`, `authorizationUrl` and `customState` are `Redacted`,
 * because anyone with the URL can consent in the user's place.
 *
 * To pass a session to another process, encode it with the schema and decode it there. The encoded form contains the
 * secrets in clear: store it like a credential. {@link FromJson} has it as text. The error of a damaged session names its
 * members and has no values.
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
}, [
  // Also the error of a value that is not a session, as of an encoded one, would quote it.
  { message: () => "Expected a ConsentSession" },
  { decodingFallback: withoutValues }
]) {}

/**
 * A session as JSON. Like the session itself, the error of a damaged text has no values. The error of
 * `Schema.parseJson(ConsentSession)` would quote a text that is not JSON.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import * as ConsentSession from "effect-agentcore-identity/ConsentSession"
 * import * as Schema from "effect/Schema"
 *
 * const save = Schema.encode(ConsentSession.FromJson)
 *
 * const load = Schema.decode(ConsentSession.FromJson)
 */
export const FromJson: Schema.Schema<ConsentSession, string> = Schema.parseJson(ConsentSession).annotations({
  decodingFallback: (issue) =>
    issue._tag === "Transformation" && issue.kind === "Type"
      ? Either.left(issue.issue)
      : damaged("The consent session is damaged: it is not JSON")
})
