/** The models and the error of `LocalServer`, which exports all of them. */
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** An access key that may sign requests. */
export interface Credentials {
  /** The id of the access key. */
  readonly accessKeyId: string
  /** The secret of the access key. */
  readonly secretAccessKey: Redacted.Redacted
  /** The session token of temporary credentials. Requests must send it. */
  readonly sessionToken?: Redacted.Redacted | undefined
}

/**
 * How the server checks the signature of a request (AWS Signature Version 4):
 *
 * - `presence`: a request must have a signature for the service `bedrock-agentcore` (`sts` at `POST /`), with
 *   credential, signed headers and signature. The server checks neither the signer, nor the time, nor the signature
 *   itself. Pages of other sites cannot set the header, so this keeps them out.
 * - `verify`: the signature must be valid for one of the `credentials`, and at most five minutes old
 * - `off`: signatures are not checked
 */
export type Signatures = "presence" | "verify" | "off"

/** The server's URL, and the environment that points SDKs to it. */
export interface Service {
  /** The URL of the server on this machine, without a trailing slash. */
  readonly url: string
  /**
   * Environment variables that point AWS SDKs, the AWS CLI, and the AgentCore SDKs for Python and TypeScript to the
   * server: endpoints, region, and placeholder credentials. With `verify` the caller supplies the credentials.
   */
  readonly environment: Readonly<Record<string, string>>
  /**
   * The bearer token of the control at `/_local/`, new at each start. A program that has it can read every credential
   * of the server.
   */
  readonly controlToken: Redacted.Redacted
  /**
   * A new URL of the console, a page that acts on the server. It opens the console once, within a minute: its fragment
   * holds a one-time code.
   */
  readonly consoleUrl: Effect.Effect<Redacted.Redacted>
}

/**
 * Why the server did not start:
 *
 * - `MissingPackage`: the package `@effect/platform-node` is not installed
 * - `Listen`: the port is in use, or the host is not one of this machine
 * - `RemoteHost`: the host is reachable by other machines, and `allowRemote` is not set
 * - `MissingCredentials`: `signatures` is `verify`, and there are no `credentials`, or one without a secret
 * - `Store`: the content of the store cannot be used
 * - `Setup`: the option `setup` cannot be applied
 */
export class LocalServerError extends Schema.TaggedError<LocalServerError>()("LocalServerError", {
  reason: Schema.Literals(["MissingPackage", "Listen", "RemoteHost", "MissingCredentials", "Store", "Setup"]),
  message: Schema.String,
  /** With `Listen`: the code of Node, as in `EADDRINUSE`. */
  code: Schema.optional(Schema.String)
}) {}
