/** The caller of an operation, as STS names it. */
import * as Context from "effect/Context"

/**
 * The session of the caller's role. The local server sets it to the access key that signed the request. A call in this process has the default.
 */
export const CallerSession = Context.Reference(
  "effect-agentcore-identity/local/CallerSession",
  { defaultValue: () => "local" }
)

/** The name of a session has these characters in IAM. A key id with others names no session. */
export const isSessionName = (name: string): boolean => /^[\w+=,.@-]{2,64}$/.test(name)
