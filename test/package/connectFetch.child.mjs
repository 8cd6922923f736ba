// The pages of `Connect` in `Bun.serve` or `Deno.serve`, and an agent whose user connects there. Prints what it got.
import * as Connect from "effect-agentcore-identity/promise/Connect"
import { start } from "effect-agentcore-identity/promise/LocalIdentity"

const { Bun, Deno } = globalThis
const address = { hostname: "127.0.0.1", port: Number(process.env.PORT) }
const origin = `http://${address.hostname}:${address.port}`

await using local = await start({
  authorizationServer: true,
  setup: {
    workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [`${origin}/connect/return`] }],
    oauth2CredentialProviders: [{
      name: "calendar",
      credentialProviderVendor: "CustomOauth2",
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          oauthDiscovery: { discoveryUrl: { $env: "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL" } },
          clientId: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_ID" },
          clientSecret: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET" }
        }
      }
    }]
  }
})
Object.assign(process.env, local.environment)

await using connect = Connect.make({
  path: "/connect",
  origin,
  workload: "my-agent",
  credentials: { calendar: { providerName: "calendar", scopes: ["openid", "read"], authFlow: "USER_FEDERATION" } },
  currentUser: () => ({ userId: "alice" })
})
const server = Bun === undefined
  ? Deno.serve({ ...address, onListen: () => {} }, (request) => connect.fetch(request))
  : Bun.serve({ ...address, fetch: (request) => connect.fetch(request) })

const pages = []
const whoAmI = connect.withAccessToken("calendar", {
  onLink: (link) => void local.user("alice").approves(link).then((page) => pages.push(page))
})(async (token) => {
  const response = await fetch(`${local.issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
  return response.json()
})

const alice = { userId: "alice" }
const { sub } = await connect.runAs(alice, () => whoAmI())
const [{ state }] = await connect.status(alice)
console.log(`The token is for ${sub}, and the page says: ${state}`)
await (Bun === undefined ? server.shutdown() : server.stop())
