import { runWithContext, withAccessToken } from "effect-agentcore-identity/promise/Identity"

// The token is the last argument, as with `bedrock-agentcore/identity`.
const listReports = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read"],
  authFlow: "M2M"
})(async (api: string, token: string) => {
  const response = await fetch(`${api}/reports`, { headers: { authorization: `Bearer ${token}` } })
  return response.status
})

// One line in a handler of any framework sets the caller of the request.
export const handler = (api: string, workloadAccessToken: string | undefined): Promise<number> =>
  runWithContext({ workloadAccessToken }, () => listReports(api))
