import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// For a service outside of AWS that trusts the account's issuer: no secret is stored anywhere.
export const program = IamAccessToken.IamAccessToken.pipe(
  Effect.map((token) => ({ authorization: `Bearer ${Redacted.value(token)}` })),
  IamAccessToken.withIamAccessToken({
    audience: "https://warehouse.example.com",
    duration: "10 minutes",
    tags: { team: "billing" }
  }),
  Effect.catchTag("OutboundWebIdentityFederationDisabledException", ({ message }) => Effect.dieMessage(message))
)
