// node test/pictures/record.mjs: records what the pictures show. It writes `demo.txt`, the output of the demo, and
// screenshots of the pages, and draws the other pictures again. It needs Chromium: `$CHROMIUM_PATH`, or Debian's.
import * as DataPlane from "@aws-sdk/client-bedrock-agentcore"
import { execFileSync, spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { chromium } from "playwright-core"
import { buildCommand, buildModules } from "../support/build.mjs"
import { withPalette } from "./png.mjs"

// The SDK warns about the Node version of its next releases.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true"

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const command = await buildCommand()
const env = { PATH: process.env.PATH, NO_COLOR: "1" }

writeFileSync(path("demo.txt"), execFileSync(process.execPath, [command, "demo", "--auto-consent"], { env }))
execFileSync(process.execPath, [path("draw.mjs")])

/** Starts the local server with the set-up of the README, on its own ports, and returns its environment. */
const start = async () => {
  const args = ["local", "--authorization-server", "--config", path("../examples/setup.jsonc")]
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ["ignore", "pipe", "ignore"] })
  let output = ""
  for await (const data of child.stdout) {
    output += data
    if (output.endsWith("\n\n")) {
      const variables = output.matchAll(/^export (\w+)='?([^'\n]*)/gm)
      return { stop: () => child.kill(), ...Object.fromEntries([...variables].map(([, name, value]) => [name, value])) }
    }
  }
  throw new Error("The local server did not start: is port 4020 or 4021 in use?")
}

const load = async (module) => import(pathToFileURL(join(await buildModules(), `promise/${module}.js`)).href)

/** Starts an application with the page of connections, where Alice has connected one of two accounts. */
const startApplication = async () => {
  const [{ make }, { runWithContext }, LocalIdentity] = await Promise.all(
    ["Connect", "Identity", "LocalIdentity"].map(load)
  )
  const origin = "http://127.0.0.1:8766"
  const client = {
    oauthDiscovery: { discoveryUrl: { $env: "AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL" } },
    clientId: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_ID" },
    clientSecret: { $env: "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET" }
  }
  const local = await LocalIdentity.start({
    authorizationServer: true,
    setup: {
      workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [`${origin}/connect/return`] }],
      oauth2CredentialProviders: ["calendar", "files"].map((name) => ({
        name,
        credentialProviderVendor: "CustomOauth2",
        oauth2ProviderConfigInput: { customOauth2ProviderConfig: client }
      }))
    }
  })
  Object.assign(process.env, local.environment)
  const alice = { userId: "alice@example.com" }
  const credential = (providerName) => ({ providerName, scopes: ["read"], authFlow: "USER_FEDERATION" })
  const connect = make({
    path: "/connect",
    origin,
    workload: "my-agent",
    credentials: { calendar: credential("calendar"), files: credential("files") },
    accounts: { calendar: { account: () => Promise.resolve({ id: "1", label: "alice@example.com" }) } },
    appearance: {
      name: "Example Agent",
      credentials: {
        calendar: { label: "Google Calendar", vendor: "Google", description: "Reads the events of your day." },
        files: { label: "Box", vendor: "Box", description: "Reads the files that you name." }
      }
    },
    currentUser: () => alice
  })
  const pages = createServer(connect.node).listen(8766, "127.0.0.1")
  const user = local.user("alice")
  await runWithContext(
    { workload: connect.workload({ name: "my-agent", user: alice }) },
    connect.withAccessToken("calendar", { onLink: (link) => void user.approves(link) })(async () => {})
  )
  return {
    url: `${origin}/connect`,
    stop: async () => {
      pages.close()
      await connect.dispose()
      await local.stop()
    }
  }
}

const server = await start()
const application = await startApplication()
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-lcd-text"]
})

try {
  const identity = new DataPlane.BedrockAgentCore({
    region: "us-west-2",
    maxAttempts: 1,
    endpoint: server.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE,
    credentials: { accessKeyId: "local", secretAccessKey: "local" }
  })
  const caller = await identity.getWorkloadAccessTokenForUserId({ workloadName: "my-agent", userId: "alice" })
  const { authorizationUrl } = await identity.getResourceOauth2Token({
    workloadIdentityToken: caller.workloadAccessToken,
    resourceCredentialProviderName: "reports",
    scopes: ["reports:read"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: "http://127.0.0.1:8765/consent"
  })
  const takeScreenshot = async (page, name, colorScheme) =>
    writeFileSync(path(`${name}-${colorScheme}.png`), withPalette(await page.screenshot()))
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({
      bypassCSP: true,
      colorScheme,
      deviceScaleFactor: 1.25,
      viewport: { width: 480, height: 640 }
    })
    const screenshot = async (name, padding) => {
      // The shadow doubles the size of the file.
      await page.addStyleTag({ content: "main { box-shadow: none !important }" })
      const { height } = await page.locator("main").boundingBox()
      await page.setViewportSize({ width: page.viewportSize().width, height: Math.ceil(height) + padding })
      await takeScreenshot(page, name, colorScheme)
    }
    await page.goto(authorizationUrl)
    await page.getByLabel("User name").fill("alice")
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.getByRole("button", { name: "Allow" }).waitFor()
    await screenshot("consent-page", 40)
    await page.setViewportSize({ width: 620, height: 640 })
    await page.goto(application.url)
    await screenshot("connect", 40)
    await page.close()
  }

  // The console: a user who has to consent, an authorization server that rejects the agent, and a call that is
  // throttled.
  const act = (action, body) =>
    fetch(`${server.AWS_ENDPOINT_URL_BEDROCK_AGENTCORE}/_local/${action}`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.AGENTCORE_LOCAL_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body)
    })
  const ignore = () => undefined
  await act("reset", {})
  const { workloadAccessToken } = await identity.getWorkloadAccessTokenForUserId({
    workloadName: "my-agent",
    userId: "alice"
  })
  const getApiKey = () =>
    identity.getResourceApiKey({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: "weather"
    })
  const getToken = (flow) =>
    identity.getResourceOauth2Token({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: "reports",
      scopes: ["reports:read"],
      resourceOauth2ReturnUrl: "http://127.0.0.1:8765/consent",
      ...flow
    })
  await getApiKey()
  await act("faults", { operation: "GetResourceApiKey", exception: "ThrottlingException", count: 3 })
  await getApiKey().catch(ignore)
  await act("faults", { endpoint: "token", exception: "invalid_client", message: "unknown client", count: 1 })
  await getToken({ oauth2Flow: "M2M" }).catch(ignore)
  await getToken({ oauth2Flow: "M2M" })
  await act("clock", { advance: "5 minutes" })
  await getToken({ oauth2Flow: "USER_FEDERATION" })
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({
      colorScheme,
      deviceScaleFactor: 1.25,
      viewport: { width: 1100, height: 620 }
    })
    const { url } = await (await act("console", {})).json()
    await page.goto(url)
    await page.locator("summary").filter({ hasText: "invalid_client" }).waitFor()
    await page.locator(".connection.live").waitFor()
    await takeScreenshot(page, "console", colorScheme)
    await page.close()
  }
} finally {
  await browser.close()
  await application.stop()
  server.stop()
}
