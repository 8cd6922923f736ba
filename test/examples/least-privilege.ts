import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"

class Reports extends AccessToken.Tag<Reports>()("app/Reports", { provider: "reports", flow: "M2M" }) {}

const policy = Credentials.policy([Reports], {
  workload: "my-agent",
  account: "123456789012",
  region: "us-west-2",
  users: "none"
})

// The agent may do what the policy allows. `LocalControl` may do everything, such as `seed`.
export const restricted = LocalIdentity.layer({ policy })
