import { assert, describe } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Recorder from "../support/recorder.js"
import * as Chromium from "./chromium.js"

const environment = LocalServer.layer({ region: "eu-central-1" }).pipe(
  Layer.provide(OAuthClient.layerScripted()),
  Layer.provide(Logger.layer([]))
)

const clientSecret = "9c41e07ab2d8f365-client"
const apiKey = "5d20f7c89be1436a-key"
const hostile = "<script>alert(1)</script>"

const picture = (tab: Chromium.Tab, name: string) =>
  process.env["AGENTCORE_SCREENSHOTS"] === undefined
    ? Effect.void
    : Effect.promise(() =>
      tab.page.screenshot({ path: `${process.env["AGENTCORE_SCREENSHOTS"]}/${name}.png`, fullPage: true })
    )

/** Creates an agent with providers, and consent sessions in several states. Returns the secrets among them. */
const fill = Effect.gen(function*() {
  const controlPlane = yield* ControlPlane.ControlPlane
  const dataPlane = yield* DataPlane.DataPlane
  const backend = yield* LocalBackend.LocalBackend
  const returnUrl = "https://agent.example.com/consent"
  for (const name of ["travel-agent", "report-writer", `a-name-that-is-as-long-as-names-get-${"x".repeat(219)}`]) {
    yield* controlPlane.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [returnUrl] })
  }
  yield* controlPlane.createOauth2CredentialProvider({
    name: "calendar",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
        clientId: "agent",
        clientSecret: Redacted.make(clientSecret)
      }
    }
  })
  yield* controlPlane.createApiKeyCredentialProvider({ name: "weather", apiKey: Redacted.make(apiKey) })
  const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessTokenForUserId({
    workloadName: "travel-agent",
    userId: `alice ${hostile}`
  })
  const secrets = [clientSecret, apiKey, Redacted.value(workloadAccessToken)]
  const open = Effect.fn(function*(scopes: ReadonlyArray<string> = ["read"]) {
    const answer = yield* dataPlane.getResourceOauth2Token({
      workloadIdentityToken: workloadAccessToken,
      resourceCredentialProviderName: "calendar",
      scopes,
      oauth2Flow: "USER_FEDERATION",
      resourceOauth2ReturnUrl: returnUrl
    })
    if (answer._tag !== "ConsentRequired") return yield* Effect.die(new Error("no consent was asked for"))
    // The prefix is the same in every URI.
    secrets.push(Redacted.value(answer.sessionUri).slice("urn:ietf:params:oauth:request_uri:".length))
    return answer.sessionUri
  })
  const sent = yield* open()
  yield* backend.authorize(sent)
  yield* backend.deny(yield* open())
  yield* backend.expire(yield* open())
  yield* open()
  yield* backend.approve(yield* open())
  yield* open(["read", "write"])
  return secrets
})

describe("the status page, in Chromium", () => {
  Chromium.browserTest("explains the next steps on a new server", () =>
    Effect.gen(function*() {
      const { url } = yield* LocalServer.LocalServer
      const tab = yield* Chromium.open()
      yield* Effect.promise(() => tab.page.goto(url))
      yield* picture(tab, "status-empty-light")
      const text = yield* Effect.promise(() => tab.page.getByRole("main").innerText())
      for (const fact of [url, "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "CreateWorkloadIdentity", "eu-central-1"]) {
        assert.include(text, fact)
      }
      yield* Effect.promise(() => tab.page.getByRole("link", { name: `${url}/health` }).click())
      assert.include(yield* Effect.promise(() => tab.page.content()), "ok")
      assert.deepStrictEqual(tab.foreignRequests, [])
    }).pipe(Effect.provide(environment)))

  Chromium.browserTest("shows names and states, no secrets, on any screen", () =>
    Effect.gen(function*() {
      const { environment, url } = yield* LocalServer.LocalServer
      const secrets = yield* fill
      for (
        const [name, options] of Object.entries({
          "status-desktop-light": {},
          "status-desktop-dark": { colorScheme: "dark" as const },
          "status-phone-dark": { colorScheme: "dark" as const, viewport: { width: 390, height: 844 } },
          "status-phone-light": { viewport: { width: 320, height: 640 } }
        })
      ) {
        yield* Effect.scoped(Effect.gen(function*() {
          const tab = yield* Chromium.open(options)
          yield* Effect.promise(() => tab.page.goto(url))
          yield* picture(tab, name)
          const overflow = yield* Effect.promise(() =>
            tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
          )
          assert.strictEqual(overflow, 0, name)
          assert.deepStrictEqual(tab.foreignRequests, [])
          assert.deepStrictEqual(tab.complaints, [])
          Recorder.assertSecretFree([yield* Effect.promise(() => tab.page.content())], secrets)
        }))
      }
      const tab = yield* Chromium.open()
      const { page } = tab
      yield* Effect.promise(() => page.goto(url))
      const rows = yield* Effect.promise(() => page.getByRole("row").allInnerTexts())
      const has = (...cells: ReadonlyArray<string>) =>
        assert.isTrue(rows.some((row) => cells.every((cell) => row.includes(cell))), `${cells}: ${rows.join("\n")}`)
      has("calendar", "OAuth2", "CustomOauth2")
      has("weather", "API key")
      has("calendar", "travel-agent", "waiting for the user to open the page")
      has("calendar", "travel-agent", "at the authorization server")
      has("calendar", "travel-agent", "refused by the user")
      has("calendar", "travel-agent", "expired")
      has("calendar", "travel-agent", "completed")
      has(
        "calendar",
        "travel-agent",
        "waiting for the user to open the page. A grant exists for other scopes."
      )
      // One click selects all lines.
      yield* Effect.promise(() => page.getByLabel("Shell commands").click())
      const selected = yield* Effect.promise(() => page.evaluate("getSelection().toString().trim()"))
      assert.strictEqual(
        selected,
        Object.entries(environment).map(([name, value]) => `export ${name}=${value}`).join("\n")
      )
    }).pipe(Effect.provide(environment)))

  Chromium.browserTest("is not readable by other sites, or under another host name", () =>
    Effect.gen(function*() {
      const { url } = yield* LocalServer.LocalServer
      const tab = yield* Chromium.open()
      const answer = yield* Effect.promise(() => tab.page.goto(url.replace("127.0.0.1", Chromium.otherSite)))
      assert.strictEqual(answer?.status(), 403)
      assert.include(yield* Effect.promise(() => tab.page.getByRole("main").innerText()), "Unknown host")
      const read = yield* Effect.promise(() =>
        tab.page.evaluate(`fetch(${JSON.stringify(url)}).then(() => "read", () => "refused")`)
      )
      assert.strictEqual(read, "refused")
    }).pipe(Effect.provide(environment)))
})
