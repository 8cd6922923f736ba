import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

class Github extends AccessToken.Tag<Github>()("app/Github", {
  provider: "github",
  flow: "USER_FEDERATION",
  scopes: ["repo"]
}) {}

// Any other client. `rejected` recognizes the error that means a rejected token.
export class OctokitError extends Data.TaggedError("OctokitError")<{ readonly status: number }> {}

export const listIssues = (
  octokit: (token: Redacted.Redacted) => Effect.Effect<ReadonlyArray<string>, OctokitError>
) => AccessToken.use(Github, octokit, { rejected: (error) => error.status === 401 })
