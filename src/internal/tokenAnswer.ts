/**
 * The one reading of the answer to GetResourceOauth2Token, both ways: used by the AWS adapter and by the local server. Written out
 * and not a schema: this answer is read for every access token, and a schema takes 100 µs of a call of 1 ms for it (`npm run bench`).
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { ConsentRequired, Failed, InProgress, Issued, type TokenAnswer } from "../DataPlane.js"
import type { Operation } from "./operation.js"

type Wire = {
  readonly [
    Member in "accessToken" | "authorizationUrl" | "sessionUri" | "sessionStatus"
  ]?: string | undefined
}

const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string"

const isWire = (output: unknown): output is Wire =>
  Predicate.isRecord(output)
  && isText(output["accessToken"])
  && isText(output["authorizationUrl"])
  && isText(output["sessionUri"])
  && isText(output["sessionStatus"])

// Both carry the same URI; the model makes the member optional.
const sessionUriOf = (sessionUri: string | undefined, authorizationUrl: string): string | undefined =>
  sessionUri
    ?? (URL.canParse(authorizationUrl) ? new URL(authorizationUrl).searchParams.get("request_uri") : undefined)
    ?? undefined

// The members are what they have to be: to check them again costs more than to make the answer.
const checked = true

const fromWire = ({ accessToken, authorizationUrl, sessionStatus, sessionUri }: Wire): TokenAnswer | undefined => {
  if (accessToken !== undefined) {
    return new Issued({ accessToken: Redacted.make(accessToken) }, checked)
  }
  if (sessionStatus === "FAILED") {
    return new Failed()
  }
  if (authorizationUrl === undefined) {
    return new InProgress()
  }
  const uri = sessionUriOf(sessionUri, authorizationUrl)
  return uri === undefined ? undefined : new ConsentRequired({
    authorizationUrl: Redacted.make(authorizationUrl),
    sessionUri: Redacted.make(uri)
  }, checked)
}

const toWire = (answer: TokenAnswer): Wire => {
  switch (answer._tag) {
    case "Issued":
      return { accessToken: Redacted.value(answer.accessToken) }
    case "ConsentRequired":
      return {
        authorizationUrl: Redacted.value(answer.authorizationUrl),
        sessionUri: Redacted.value(answer.sessionUri),
        sessionStatus: "IN_PROGRESS"
      }
    case "InProgress":
      return { sessionStatus: "IN_PROGRESS" }
    case "Failed":
      return { sessionStatus: "FAILED" }
  }
}

/**
 * An unknown status is a session in progress. None for what is no answer, and for an authorization URL without a session: nothing
 * could be asked with it.
 *
 * @internal
 */
export const tokenAnswer: Operation<never, TokenAnswer>["response"] = {
  decode: (output) => isWire(output) ? Option.fromNullable(fromWire(output)) : Option.none(),
  encode: toWire
}
