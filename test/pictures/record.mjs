// node test/pictures/record.mjs: records what the pictures show. It writes `demo.txt`, the output of the demo, and
// screenshots of the pages, and draws the other pictures again. It needs Chromium: `$CHROMIUM_PATH`, or Debian's.
import * as DataPlane from "@aws-sdk/client-bedrock-agentcore"
import { execFileSync, spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { chromium } from "playwright-core"
import { buildCommand } from "../support/build.mjs"
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

const server = await start()
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
  server.stop()
}
