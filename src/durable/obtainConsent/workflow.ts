/** The workflow of `ObtainConsent` and its models. */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Workflow from "effect/workflow/Workflow"
import type { AccessTokenCredential } from "../../Identity.js"
import type { UserIdentifier } from "../../UserIdentifier.js"

/**
 * The part of a wait that a database stores. It contains no secret: the engine would store a token, a URL or a JWT as
 * plain text, even in a `Schema.Redacted`.
 */
export const Payload = Schema.Struct({
  workload: Schema.String,
  userId: Schema.String,
  /** The name that `Connect` has for the credential. */
  credential: Schema.String,
  /** Executions with equal payloads are one execution with one stored result. */
  episode: Schema.String
})

export type Payload = typeof Payload.Type

/**
 * - `Granted`: the user has consented during the wait
 * - `AlreadyGranted`: the user had consented before, and was not invited
 */
const Outcome = Schema.Literals(["Granted", "AlreadyGranted"])

export type Outcome = typeof Outcome.Type

/** A consent that is needed. */
export interface Request {
  /** The user whose consent is needed. It has an id, because a JWT would expire during the wait. */
  readonly user: Extract<UserIdentifier, { readonly userId: string }>
  /** One of the credentials of `Connect`. */
  readonly credential: AccessTokenCredential<"USER_FEDERATION">
  /**
   * Distinguishes the waits of a user for a credential, so that they are asked again after a revocation. For example,
   * the id of the user's task.
   */
  readonly episode: string
}

const explanations = {
  Expired: "the user did not consent in time. Ask again with another episode",
  InvitationFailed: "the invitation could not be sent",
  StillRequired:
    "the user has consented, and AgentCore still requires consent. The grant may have been revoked, or the request "
    + "of the credential differs from the one of Connect",
  Unavailable: "AgentCore rejected the request, or AgentCore or the store of consents failed",
  UnknownCredential: "Connect of the runner has no credential of this name. Add it to its credentials"
}

/**
 * The credential cannot be used.
 *
 * - `Expired`: the user did not consent before the end of the patience
 * - `InvitationFailed`: the application could not send the first invitation
 * - `Unavailable`: AgentCore rejected the request, or AgentCore or the store of consents failed for ten minutes.
 *   `error` is the tag of the error.
 * - `UnknownCredential`: `Connect` of the runner has no credential of this name
 * - `StillRequired`: only of `orAsk`. The user has consented, and AgentCore still requires consent.
 */
export class ConsentNotObtained extends Schema.TaggedError<ConsentNotObtained>()("ConsentNotObtained", {
  /** The name that `Connect` has for the credential. */
  credential: Schema.String,
  reason: Schema.Literals(Struct.keys(explanations)),
  /** The tag of an error. Its message is not stored. */
  error: Schema.optional(Schema.String)
}) {
  override get message(): string {
    const { credential, error, reason } = this
    return `No consent for '${credential}': ${explanations[reason]}${error === undefined ? "" : ` (${error})`}`
  }
}

/**
 * The workflow, for example to poll or to interrupt an execution. Its name and the names of its steps are in databases.
 */
export const workflow: Workflow.Workflow<
  "effect-agentcore-identity/ObtainConsent",
  typeof Payload,
  typeof Outcome,
  typeof ConsentNotObtained
> = Workflow.make("effect-agentcore-identity/ObtainConsent", {
  payload: Payload,
  success: Outcome,
  error: ConsentNotObtained,
  idempotencyKey: ({ credential, episode, userId, workload }) => JSON.stringify([workload, userId, credential, episode])
})
  // The activities catch all defects. A defect is one of the engine, whose database failed: the execution runs again.
  .annotate(Workflow.CaptureDefects, false)
