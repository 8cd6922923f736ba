/** For the tests of the agents of frameworks: AgentCore Identity, an API of reports, and pages of an application. */
import { disposeDefaultRuntime, nodeConsentCallback } from "effect-agentcore-identity/promise/Identity"
import { start as startLocal } from "effect-agentcore-identity/promise/LocalIdentity"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

export const start = async () => {
  const tokens: Array<string> = []
  const consent = nodeConsentCallback({
    currentUser: ({ headers: { cookie = "" } }) => ({ userId: /user=(\w+)/.exec(cookie)?.[1] ?? "nobody" })
  })
  const server = createServer((request, response) => {
    const [, path = "", name = ""] = (request.url ?? "").split("?")[0]?.split("/") ?? []
    switch (path) {
      case "consent":
        void consent(request, response)
        return
      case "sign-in":
        response.setHeader("set-cookie", `user=${name}; Path=/`).end("Welcome")
        return
      case "reports": {
        const token = request.headers.authorization?.replace("Bearer ", "") ?? ""
        tokens.push(token)
        const { sub } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
        response.end(`${name} of ${sub}`)
        return
      }
      default:
        response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const returnUrl = `${origin}/consent`
  const local = await startLocal({
    authorizationServer: true,
    policy: fileURLToPath(new URL("policy.json", import.meta.url)),
    setup: {
      workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [returnUrl] }],
      oauth2CredentialProviders: [{
        name: "reports",
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
  const before = { ...process.env }
  Object.assign(process.env, local.environment, { RETURN_URL: returnUrl, REPORTS_API: `${origin}/reports` })
  return {
    tokens,
    /** A user who is signed in at the application consents. Returns the text of the last page. */
    consent: async (name: string, link: string) => {
      const user = local.user(name)
      await user.opens(`${origin}/sign-in/${name}`)
      return (await user.approves(link)).text
    },
    stop: async () => {
      process.env = before
      await disposeDefaultRuntime()
      await local.stop()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

/** The pieces of 8 characters of secrets that are in one of the texts. */
export const leaksOf = (texts: ReadonlyArray<string>, secrets: ReadonlyArray<string>): ReadonlyArray<string> =>
  secrets.flatMap((secret) => Array.from({ length: secret.length - 7 }, (_, start) => secret.slice(start, start + 8)))
    .filter((piece) => texts.some((text) => text.includes(piece)))

/** The secret part of AgentCore's authorization URL. */
export const secretOf = (link: string): string =>
  (new URL(link).searchParams.get("request_uri") ?? "").split(":").at(-1) ?? ""
