import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// The credential, declared once: a tag for the token, which carries the request that obtains it.
class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "M2M",
  scopes: ["reports:read"]
}) {}

// What the agent does with a token. It requires the token by its tag, and does not know its source.
const useToken = Effect.map(Reports, (token) => `a token of ${Redacted.value(token).length} characters`)

// Every run obtains a token. The combinator removes the tag from the requirements.
export const agent = useToken.pipe(AccessToken.withAccessToken(Reports))

// The caller: the agent's workload identity, here without a user.
export const caller = WorkloadAccessToken.layerWorkload({ name: "my-agent" })
