/** Public types of the local server, and its error. */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** An access key that may sign requests. */
export interface Credentials {
  /** The id of the access key. */
  readonly accessKeyId: string
  /** The secret of the access key. */
  readonly secretAccessKey: Redacted.Redacted
  /** The session token of temporary credentials. Requests have to send it. */
  readonly sessionToken?: Redacted.Redacted | undefined
}

/**
 * How the server checks the signature of a request (AWS Signature Version 4):
 *
 * - `presence`: the request has a signature for the service `bedrock-agentcore` (`sts` at `POST /`), with credential,
 *   signed headers and signature. The server does not check who signed it, when, or whether it is right. Pages of other sites cannot set the header, so this keeps them
 *   out.
 * - `verify`: the signature is right, by one of the `credentials`, and at most five minutes old
 * - `off`: not at all
 */
export type Signatures = "presence" | "verify" | "off"

export interface Service {
  /** The URL of the server on this machine, without a trailing slash. */
  readonly url: string
  /**
   * Environment variables that point AWS SDKs, the AWS CLI, and the AgentCore SDKs for Python and TypeScript to the
   * server: endpoints, region, and placeholder credentials. With `verify` the caller supplies the credentials.
   */
  readonly environment: Readonly<Record<string, string>>
  /**
   * The bearer token of the control at `/_local/`, new at each start. A program that has it can read every credential of
   * the server.
   */
  readonly controlToken: Redacted.Redacted
  /**
   * A new URL of the console, a page that acts on the server. It opens the console once, within a minute: its fragment holds a
   * one-time code.
   */
  readonly consoleUrl: Effect.Effect<Redacted.Redacted>
}

/**
 * Why the server did not start:
 *
 * - `MissingPackage`: a package is not installed: `@effect/platform-node`, or `@smithy/signature-v4` to verify
 *   signatures
 * - `Listen`: the port is taken, or the host is not one of this machine
 * - `RemoteHost`: the host is reachable by other machines, and `allowRemote` is not set
 * - `MissingCredentials`: `signatures` is `verify`, and there are no `credentials`
 * - `Store`: the content of the store cannot be used
 * - `Setup`: the option `setup` cannot be applied
 */
export class LocalServerError extends Schema.TaggedError<LocalServerError>()("LocalServerError", {
  reason: Schema.Literals(["MissingPackage", "Listen", "RemoteHost", "MissingCredentials", "Store", "Setup"]),
  message: Schema.String
}) {}
