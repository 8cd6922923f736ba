/**
 * The one reading of the answer to GetResourceOauth2Token, both ways: used by the AWS adapter and by the local server.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ConsentRequired, Failed, InProgress, Issued, type TokenAnswer } from "../DataPlane.js"

/** @internal */
export const Wire = Schema.Struct({
  accessToken: Schema.optional(Schema.Redacted(Schema.String)),
  authorizationUrl: Schema.optional(Schema.Redacted(Schema.String)),
  sessionUri: Schema.optional(Schema.Redacted(Schema.String)),
  sessionStatus: Schema.optional(Schema.String)
})

// Both carry the same URI; the model makes the member optional.
const sessionUriOf = (wire: typeof Wire.Type): Option.Option<Redacted.Redacted> =>
  wire.sessionUri !== undefined ? Option.some(wire.sessionUri) : Option.fromNullable(wire.authorizationUrl).pipe(
    Option.map(Redacted.value),
    Option.filter(URL.canParse),
    Option.flatMapNullable((url) => new URL(url).searchParams.get("request_uri")),
    Option.map(Redacted.make)
  )

/**
 * An unknown status is a session in progress. None for an authorization URL without a session: nothing could be asked with it.
 *
 * @internal
 */
export const fromWire = (wire: typeof Wire.Type): Option.Option<TokenAnswer> => {
  const { accessToken, authorizationUrl, sessionStatus } = wire
  return accessToken !== undefined
    ? Option.some(new Issued({ accessToken }))
    : sessionStatus === "FAILED"
    ? Option.some(new Failed())
    : authorizationUrl !== undefined
    ? Option.map(sessionUriOf(wire), (sessionUri) => new ConsentRequired({ authorizationUrl, sessionUri }))
    : Option.some(new InProgress())
}

/** @internal */
export const toWire = (answer: TokenAnswer): typeof Wire.Type => {
  switch (answer._tag) {
    case "Issued":
      return { accessToken: answer.accessToken }
    case "ConsentRequired":
      return {
        authorizationUrl: answer.authorizationUrl,
        sessionUri: answer.sessionUri,
        sessionStatus: "IN_PROGRESS"
      }
    case "InProgress":
      return { sessionStatus: "IN_PROGRESS" }
    case "Failed":
      return { sessionStatus: "FAILED" }
  }
}
