// The usage that the README and the functions of the official SDK document, with the import of this package.
import { BedrockAgentCoreClient, InvokeAgentRuntimeCommand } from "@aws-sdk/client-bedrock-agentcore"

import type { ApiKeyWrapperConfig, OAuth2WrapperConfig } from "effect-agentcore-identity/promise/Identity"
import { withAccessToken, withApiKey, withWAT, withWatPropagation } from "effect-agentcore-identity/promise/Identity"

import type { RequestContext } from "bedrock-agentcore/runtime"

const api = process.env["API_URL"] ?? ""

/** Wrapped when the module loads. The caller is the caller of the handled request. */
const weather: ApiKeyWrapperConfig = { providerName: "weather" }
const forecast = withApiKey(weather)(async (city: string, apiKey: string) => {
  const response = await fetch(`${api}/forecast?city=${city}`, { headers: { "x-api-key": apiKey } })
  return { city, status: response.status }
})

const calendar: OAuth2WrapperConfig = {
  providerName: "calendar",
  scopes: ["read"],
  authFlow: "USER_FEDERATION",
  onAuthUrl: (url) => {
    throw new Error(`nobody is here to open ${url}`)
  }
}
calendar.customParameters = { access_type: "offline" }
const events = withAccessToken(calendar)(async (input: { maxResults?: number }, token: string) => {
  const response = await fetch(`${api}/events?max=${input.maxResults ?? 10}`, {
    headers: { Authorization: `Bearer ${token}` }
  })
  return response.ok
})

const callGateway = withWAT(async (query: string, wat: string) =>
  fetch(`${api}/mcp`, {
    method: "POST",
    headers: { "X-Amz-Bedrock-AgentCore-Identity-WAT": wat },
    body: JSON.stringify({ query })
  })
)

const client = new BedrockAgentCoreClient({ region: "us-west-2", endpoint: api })
withWatPropagation(client)

/** Wrapped in the handler, for the token in the request. */
export const handle = async (request: unknown, context: RequestContext) => {
  const report = withAccessToken({
    workloadIdentityToken: context.workloadAccessToken!,
    providerName: "calendar",
    scopes: ["reports"],
    authFlow: "M2M"
  })(async (query: string, token: string) => ({ query, token: token.split(".")[0] }))

  const search = withApiKey({ workloadIdentityToken: context.workloadAccessToken ?? "", providerName: "weather" })(
    (async (query: string, apiKey: string) => `${query} with a key of ${apiKey.length}`) as (
      ...args: [...Array<unknown>, string]
    ) => Promise<unknown>
  )

  await callGateway("what is the weather?")
  await client.send(new InvokeAgentRuntimeCommand({ agentRuntimeArn: "arn:other-agent", payload: "{}" }))
  return {
    request,
    forecast: await forecast("Zurich"),
    report: await report("sales"),
    search: await search("news")
  }
}

/** A handler that streams. */
export async function* stream(_request: unknown, _context: RequestContext) {
  yield { event: "message", data: { events: await events({ maxResults: 3 }) } }
  yield { event: "message", data: { forecast: await forecast("Zurich") } }
}
