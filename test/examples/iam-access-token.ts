import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// Every run obtains a JWT for one service outside AWS, which trusts the issuer of the account.
export const program = IamAccessToken.IamAccessToken.pipe(
  Effect.map((token) => ({ authorization: `Bearer ${Redacted.value(token)}` })),
  IamAccessToken.withIamAccessToken({
    audience: "https://warehouse.example.com",
    duration: "10 minutes",
    tags: { team: "billing" }
  })
)
