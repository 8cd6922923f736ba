/** The service, the error and the signatures of a local server. `LocalIdentity` exports them. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

export interface SignatureOptions {
  /**
   * How the server checks the signature of a request (AWS Signature Version 4). Default: `presence`.
   *
   * - `presence`: a request must have a signature for the service `bedrock-agentcore` (`sts` at `POST /`), with
   *   credential, signed headers and signature. The server checks neither the signer, nor the time, nor the signature
   *   itself. Pages of other sites cannot set the header, so this keeps them out.
   * - `verify`: the signature must be valid for one of the `credentials`, and at most five minutes old
   * - `off`: signatures are not checked
   */
  readonly signatures?: "presence" | "verify" | "off" | undefined
  /** The access keys that `verify` accepts. Requests must send the `sessionToken` of temporary ones. Default: none. */
  readonly credentials?:
    | ReadonlyArray<{
      /** The id of the access key. */
      readonly accessKeyId: string
      /** The secret of the access key. */
      readonly secretAccessKey: Redacted.Redacted
      /** The session token of a temporary access key. */
      readonly sessionToken?: Redacted.Redacted | undefined
    }>
    | undefined
}

export class LocalServer extends Context.Service<LocalServer, {
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
}>()("effect-agentcore-identity/local/LocalServer") {}

export class LocalServerError extends Schema.TaggedError<LocalServerError>()("LocalServerError", {
  reason: Schema.Literals(["MissingPackage", "Listen", "RemoteHost", "MissingCredentials", "Store", "Setup"]),
  message: Schema.String,
  /** With `Listen`: the code of Node, as in `EADDRINUSE`. */
  code: Schema.optional(Schema.String)
}) {}
