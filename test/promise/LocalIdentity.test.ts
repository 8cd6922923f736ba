/** The local server without Effect: every action of its control, and its test users. */
import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import type * as LocalIdentity from "effect-agentcore-identity/promise/LocalIdentity"
import { decodeJwt } from "jose"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"

const $env = (name: string) => ({ $env: `AGENTCORE_LOCAL_OAUTH_${name}` })

const returnUrl = "http://127.0.0.1:9/consent"

const setup: Exclude<LocalIdentity.Options["setup"], string | undefined> = {
  workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl, "app:/back"] }],
  apiKeyCredentialProviders: [{ name: "weather", apiKey: "sentinel-weather-key" }],
  oauth2CredentialProviders: [{
    name: "calendar",
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl: $env("DISCOVERY_URL") },
        clientId: $env("CLIENT_ID"),
        clientSecret: $env("CLIENT_SECRET")
      }
    }
  }]
}

let local: LocalIdentity.LocalIdentityWithUsers
let agent: BedrockAgentCore

beforeAll(async () => {
  local = await start({ setup, authorizationServer: true })
  agent = new BedrockAgentCore({
    endpoint: local.url,
    region: "us-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1
  })
})

afterAll(() => local.stop())

beforeEach(() => local.control.reset())

const tokenFor = async () => {
  const { workloadAccessToken } = await agent.getWorkloadAccessTokenForUserId({
    workloadName: "agent",
    userId: "alice"
  })
  return workloadAccessToken
}

const key = async (name = "weather", token?: string) => {
  const { apiKey } = await agent.getResourceApiKey({
    workloadIdentityToken: token ?? await tokenFor(),
    resourceCredentialProviderName: name
  })
  return apiKey
}

const ask = async (more: { readonly sessionUri?: string; readonly forceAuthentication?: boolean } = {}) =>
  agent.getResourceOauth2Token({
    workloadIdentityToken: await tokenFor(),
    resourceCredentialProviderName: "calendar",
    scopes: ["openid", "profile:read", "offline_access"],
    oauth2Flow: "USER_FEDERATION",
    resourceOauth2ReturnUrl: returnUrl,
    ...more
  })

const rejection = (promise: Promise<unknown>): Promise<{ readonly name: string; readonly message: string }> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error instanceof Error ? error : assert.fail(String(error))
  )

const consent = async () => {
  await ask()
  const [session] = await local.control.consents.list()
  await local.control.consents.approve(session?.id ?? "")
  return (await ask()).accessToken ?? assert.fail("no token")
}

describe("the control of LocalIdentity", () => {
  it("resets and seeds", async () => {
    const { control } = local
    const changes = await control.seed({ apiKeyCredentialProviders: [{ name: "news", apiKey: "sentinel-news-key" }] })
    assert.deepStrictEqual(changes, [{ action: "create", kind: "apiKeyCredentialProviders", name: "news" }])
    assert.strictEqual(await key("news"), "sentinel-news-key")
    const { credentialProviders } = await control.resources()
    assert.isTrue(credentialProviders.items.some(({ kind, name }) => kind === "API key" && name === "news"))
    await control.reset()
    assert.strictEqual((await rejection(key("news"))).name, "ResourceNotFoundException")
    assert.strictEqual(await key(), "sentinel-weather-key")
    const invalid = await rejection(control.seed({ workloadIdentities: [{ name: "?sentinel" }] }))
    assert.include(invalid.message, "workloadIdentities[0].name")
    assert.notInclude(invalid.message, "sentinel")
  })

  it("moves the clock", async () => {
    const { clock } = local.control
    const token = await tokenFor()
    assert.strictEqual((await clock.advance("61 minutes")).offset, 61 * 60_000)
    assert.strictEqual((await rejection(key("weather", token))).name, "UnauthorizedException")
    const { now } = await clock.set(new Date(Date.now() + 3_600_000))
    assert.closeTo(now.getTime(), Date.now() + 3_600_000, 60_000)
    assert.strictEqual((await clock.reset()).offset, 0)
    assert.strictEqual((await clock.state()).offset, 0)
    assert.include((await rejection(clock.set(new Date("never")))).message, "not a valid Date")
  })

  it("injects faults, and reports the requests", async () => {
    const { events, faults, requests } = local.control
    const added = await faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException", count: 1 })
    assert.strictEqual(added.remaining, 1)
    const iterator = events()[Symbol.asyncIterator]()
    const next = iterator.next()
    assert.strictEqual((await rejection(key())).name, "ThrottlingException")
    assert.strictEqual((await next).value.operation, "GetWorkloadAccessTokenForUserId")
    await iterator.return?.()
    assert.strictEqual(await key(), "sentinel-weather-key")
    const records = await requests()
    assert.deepStrictEqual(records.map(({ error, operation, status }) => [operation, status, error?.name]), [
      ["GetResourceApiKey", 200, undefined],
      ["GetWorkloadAccessTokenForUserId", 200, undefined],
      ["GetResourceApiKey", 429, "ThrottlingException"],
      ["GetWorkloadAccessTokenForUserId", 200, undefined]
    ])
    assert.instanceOf(records[0]?.at, Date)
    assert.notInclude(JSON.stringify(records), "sentinel")
  })

  it("acts on consents by URI, and on grants", async () => {
    const { consents, grants } = local.control
    const { sessionUri = "" } = await ask()
    await consents.deny(sessionUri)
    assert.strictEqual((await ask({ sessionUri })).sessionStatus, "FAILED")
    assert.strictEqual(decodeJwt(await consent()).sub, "alice")
    const [grant] = await grants.list()
    assert.deepStrictEqual(grant?.user, { userId: "alice" })
    await grants.forget(grant?.id ?? "")
    assert.lengthOf(await grants.list(), 0)
    assert.strictEqual((await rejection(grants.forget("none"))).name, "GrantError")
  })

  it("has users who act on the pages", async () => {
    const alice = local.user("alice")
    const link = async () => (await ask()).authorizationUrl ?? assert.fail("no link")
    // This test has no application, so nothing responds at the return URL.
    assert.include((await alice.denies(await link())).text, "denied")
    await ask()
    const { authorizationUrl, list } = local.control.consents
    const [newest] = await list()
    assert.include((await alice.denies(await authorizationUrl(newest?.id ?? ""))).text, "denied")
    const page = await rejection(alice.approves(new URL(await link())))
    assert.include(page.message, returnUrl)
    assert.strictEqual(page.name, "TestUserError")
    const lateReturn = await rejection(
      alice.returnsAfter(() => local.control.clock.advance("1 minute"))(await link())
    )
    assert.include(lateReturn.message, returnUrl)
    assert.strictEqual((await local.control.clock.state()).offset, 60_000)
    const bob = local.user("bob")
    assert.include((await rejection(alice.forwardsLinkTo(bob)(await link()))).message, returnUrl)
    assert.strictEqual((await alice.opens(`${local.url}/health`)).status, 200)
    assert.strictEqual(await local.user("nobody").revokes(), 0)
    await consent()
    assert.strictEqual(await alice.revokes(), 1)
  })
})

describe("a link that is not a web URL", () => {
  it("rejects with the reason, also for values that are not of the type", async () => {
    const alice = local.user("alice")
    for (const link of [undefined, null, 7, {}, { authorizationUrl: undefined }, "", "alice"]) {
      for (const act of [alice.approves, alice.denies, alice.opens, alice.clicksTwice] as ReadonlyArray<unknown>) {
        const error = await rejection((act as (link: unknown) => Promise<unknown>)(link))
        assert.strictEqual(error.name, "TestUserError")
        assert.propertyVal(error, "reason", "InvalidUrl")
        assert.include(error.message, "an invalid URL")
      }
    }
  })
})

describe("accessTokenLifetime", () => {
  const github = {
    workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] }],
    oauth2CredentialProviders: [{
      name: "github",
      credentialProviderVendor: "GithubOauth2",
      oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "my-client", clientSecret: "a secret" } }
    }]
  } as const

  /** Alice consents, and the next request is a day later. */
  const nextDay = async (options: Parameters<typeof start>[0]) => {
    await using offline = await start({ setup: github, offline: true, ...options })
    const credentials = { accessKeyId: "local", secretAccessKey: "local" }
    const client = new BedrockAgentCore({ endpoint: offline.url, region: "us-west-2", credentials })
    const request = async () => {
      const { workloadAccessToken } = await client.getWorkloadAccessTokenForUserId({
        workloadName: "agent",
        userId: "alice"
      })
      return client.getResourceOauth2Token({
        workloadIdentityToken: workloadAccessToken,
        resourceCredentialProviderName: "github",
        scopes: ["repo"],
        oauth2Flow: "USER_FEDERATION",
        resourceOauth2ReturnUrl: returnUrl
      })
    }
    const { sessionUri = "" } = await request()
    await offline.control.consents.approve(sessionUri, { userName: "alice" })
    const { accessToken = "" } = await request()
    assert.strictEqual(decodeJwt(accessToken).sub, "alice")
    await offline.control.clock.advance("1 day")
    const later = await request()
    client.destroy()
    return later.accessToken === accessToken ? "the same token" : later.authorizationUrl === undefined ? "" : "a link"
  }

  it("imitates a vendor whose tokens do not expire", async () => {
    assert.strictEqual(await nextDay({}), "a link")
    assert.strictEqual(await nextDay({ authorizationServer: { accessTokenLifetime: "3650 days" } }), "the same token")
  })

  it("rejects a value that is not a duration", async () => {
    for (const accessTokenLifetime of ["for ever", 0, {}]) {
      const error = await rejection(start({ offline: true, authorizationServer: { accessTokenLifetime } as object }))
      assert.strictEqual(error.name, "AuthorizationServerError")
      assert.include(error.message, "accessTokenLifetime must be a finite duration greater than zero")
    }
  })
})

describe("LocalIdentity.start", () => {
  it("has the environment of the command, and frees its port", async () => {
    const { AGENTCORE_LOCAL_OAUTH_ISSUER: issuer, AGENTCORE_LOCAL_TOKEN: token } = local.environment
    assert.strictEqual(issuer, local.issuer)
    const reset = await fetch(`${local.url}/_local/clock`, { headers: { authorization: `Bearer ${token}` } })
    assert.strictEqual(reset.status, 200)

    vi.stubEnv("AWS_PROFILE", "of the shell")
    let url = ""
    {
      await using other = await start({ accountId: "000011112222" })
      ;({ url } = other)
      vi.unstubAllEnvs()
      assert.strictEqual(other.environment["AWS_PROFILE"], "")
      assert.notProperty(other, "user")
      assert.notProperty(other.environment, "AGENTCORE_LOCAL_OAUTH_ISSUER")
      const control = new BedrockAgentCoreControl({
        endpoint: url,
        region: "us-west-2",
        credentials: { accessKeyId: "local", secretAccessKey: "local" }
      })
      const { workloadIdentityArn } = await control.createWorkloadIdentity({ name: "mine" })
      assert.include(workloadIdentityArn, "000011112222")
      control.destroy()
      const events = other.control.events()[Symbol.asyncIterator]()
      const next = events.next()
      await Promise.all([other.stop(), other.stop()])
      // The server ends its live events.
      assert.isTrue((await next).done)
    }
    assert.instanceOf(await fetch(url).catch((error: unknown) => error), Error)
  })

  it("rejects invalid options, and leaves nothing behind", async () => {
    const invalid = await rejection(start({ setup: { workloadIdentities: [{ name: "?sentinel" }] } }))
    assert.strictEqual(invalid.name, "SetupParseError")
    assert.include(invalid.message, "workloadIdentities[0].name")
    assert.notInclude(invalid.message, "sentinel")
    assert.include(
      (await rejection(start({ setup: "none.jsonc" }))).message,
      "Cannot read none.jsonc: it or its directory does not exist (ENOENT)"
    )
    assert.strictEqual((await rejection(start({ host: "0.0.0.0" }))).name, "LocalServerError")
    const misspelled = await rejection(start({ authorisationServer: true } as object))
    assert.include(misspelled.message, "'authorisationServer'")
    assert.include(misspelled.message, "did you mean 'authorizationServer'?")
    assert.include((await rejection(start({ logLevel: "warn" as never }))).message, "did you mean 'warning'?")

    const taken = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => taken.once("listening", resolve))
    const { port } = taken.address() as AddressInfo
    const reason = await rejection(start({ port, authorizationServer: true }))
    assert.include(reason.message, "EADDRINUSE")
    taken.close()
  })
})

describe("a policy", () => {
  const Statement = ["GetWorkloadAccessTokenForUserId"].map((action) => ({
    Effect: "Allow" as const,
    Action: `bedrock-agentcore:${action}`,
    Resource: "*"
  }))

  it("is evaluated in the account and the region that it is for", async () => {
    const Resource = ["eu-west-1", "eu-west-1"].map((region) =>
      `arn:aws:bedrock-agentcore:${region}:111122223333:workload-identity-directory/default*`
    )
    const { Action, Effect } = Statement[0] ?? assert.fail()
    const policy = { Statement: { Action, Effect, Resource } }
    const call = async (options: Parameters<typeof start>[0]) => {
      await using restricted = await start({ ...options, setup: { ...setup, oauth2CredentialProviders: [] } })
      const { environment, url } = restricted
      const {
        AWS_ACCESS_KEY_ID: accessKeyId = "",
        AWS_REGION: region = "",
        AWS_SECRET_ACCESS_KEY: secretAccessKey = ""
      } = environment
      const credentials = { accessKeyId, secretAccessKey }
      const client = new BedrockAgentCore({ endpoint: url, region, credentials, maxAttempts: 1 })
      await client.getWorkloadAccessTokenForUserId({ workloadName: "agent", userId: "alice" })
    }
    await call({ policy })
    const { message } = await rejection(call({ policy, accountId: "444455556666" }))
    assert.include(message, "arn:aws:bedrock-agentcore:eu-west-1:444455556666:workload-identity-directory/default")
    const two = {
      Statement: { Action, Effect, Resource: [...Resource, "arn:aws:bedrock-agentcore:us-east-1:111122223333:*"] }
    }
    assert.include(
      (await rejection(call({ policy: two }))).message,
      "arn:aws:bedrock-agentcore:us-west-2:111122223333:"
    )
  })

  it("is rejected if it has what is not evaluated", async () => {
    const { message } = await rejection(start({ policy: { Statement: { ...Statement[0], Principal: "*" } as never } }))
    assert.include(message, "policy:1:")
    assert.include(message, "Statement.Principal: is not one of the known properties")
  })
})
