import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// Obtained at every run, for one service outside of AWS that trusts the account's issuer.
export const program = IamAccessToken.IamAccessToken.pipe(
  Effect.map((token) => ({ authorization: `Bearer ${Redacted.value(token)}` })),
  IamAccessToken.withIamAccessToken({
    audience: "https://warehouse.example.com",
    duration: "10 minutes",
    tags: { team: "billing" }
  })
)
