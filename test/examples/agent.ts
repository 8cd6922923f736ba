import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// What the agent does with a token. It requires the token by a tag, and does not know its source.
const useToken = Effect.map(
  AccessToken.AccessToken,
  (token) => `a token of ${Redacted.value(token).length} characters`
)

// Every run obtains a token. The combinator removes the tag from the requirements.
export const agent = useToken.pipe(
  AccessToken.withAccessToken({ provider: "reports", flow: "M2M", scopes: ["reports:read"] })
)

// The caller: the agent's workload identity, here without a user.
export const caller = WorkloadAccessToken.layerWorkload({ name: "my-agent" })
