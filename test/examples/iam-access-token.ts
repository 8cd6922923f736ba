import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", {
  audience: "https://warehouse.example.com",
  duration: "10 minutes",
  tags: { team: "billing" }
}) {}

// Every run obtains a JWT for one service outside AWS, which trusts the issuer of the account.
export const program = Warehouse.pipe(
  Effect.map((token) => ({ authorization: `Bearer ${Redacted.value(token)}` })),
  IamAccessToken.withIamAccessToken(Warehouse)
)
