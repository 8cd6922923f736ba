import { assert, describe, it } from "@effect/vitest"
import type * as Connect from "effect-agentcore-identity/http/Connect"
import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import { resource } from "../support/resource.js"

const token = Redacted.make("the-token")
const client = { clientId: "client:1", clientSecret: Redacted.make("secret/2") }

interface Received {
  readonly method: string | undefined
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

/** The vendors: a server of this machine with the documented responses, under the names of their hosts. */
const withVendors = <A, E>(
  responses: { readonly [request: string]: object | number },
  run: Effect.Effect<A, E, HttpClient.HttpClient>
) =>
  Effect.gen(function*() {
    const { seen, url } = yield* resource(({ method, path }, response) => {
      const found = responses[`${method} ${path.slice(1)}`] ?? 404
      if (typeof found === "number") response.writeHead(found).end()
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found))
    })
    const result = yield* run.pipe(
      Effect.result,
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(
        FetchHttpClient.Fetch,
        (input, init) => fetch(String(input).replace(/^https:\//, url), init)
      )
    )
    const received = seen.map(({ body, headers: { authorization }, method, path }): Received => ({
      method,
      url: path.slice(1),
      authorization,
      body
    }))
    return { received, result }
  }).pipe(Effect.scoped)

const bearer = "Bearer the-token"
const basic = `Basic ${Buffer.from("client%3A1:secret%2F2").toString("base64")}`
const discoveryUrl = "https://issuer.example.com/.well-known/openid-configuration"
const discovery = {
  "GET issuer.example.com/.well-known/openid-configuration": {
    issuer: "https://issuer.example.com",
    userinfo_endpoint: "https://issuer.example.com/me",
    revocation_endpoint: "https://issuer.example.com/revoke"
  }
}

// The responses are those of the vendors' documents, shortened. The table of the module names them.
const accounts: ReadonlyArray<readonly [string, typeof VendorAccount.microsoft, string, object, Connect.Account]> = [
  [
    "Google",
    VendorAccount.google,
    "GET openidconnect.googleapis.com/v1/userinfo",
    { sub: "110248495921238986420", name: "Alice", email: "alice@gmail.com", email_verified: true },
    { id: "110248495921238986420", label: "alice@gmail.com", verified: true }
  ],
  [
    "GitHub",
    VendorAccount.github(),
    "GET api.github.com/user",
    { login: "octocat", id: 1, node_id: "MDQ6VXNlcjE=", type: "User" },
    { id: "1", label: "octocat" }
  ],
  [
    "Microsoft",
    VendorAccount.microsoft,
    "GET graph.microsoft.com/v1.0/me",
    {
      "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
      displayName: "Adele Vance",
      mail: "AdeleV@contoso.com",
      userPrincipalName: "AdeleV@contoso.com",
      id: "87d349ed-44d7-43e1-9a83-5f2406dee5bd"
    },
    { id: "87d349ed-44d7-43e1-9a83-5f2406dee5bd", label: "AdeleV@contoso.com" }
  ],
  [
    "Slack",
    VendorAccount.slack,
    "GET slack.com/api/auth.test",
    {
      ok: true,
      url: "https://subarachnoid.slack.com/",
      team: "Subarachnoid Workspace",
      user: "grace",
      team_id: "T12345678",
      user_id: "W12345678"
    },
    { id: "T12345678/W12345678", label: "grace" }
  ],
  [
    "an OpenID provider",
    VendorAccount.openId({ discoveryUrl }),
    "GET issuer.example.com/me",
    { sub: "24400320", name: "Jane Doe", preferred_username: "j.doe", email: "" },
    { id: "24400320", label: "j.doe", verified: false }
  ]
]

describe("the account", () => {
  for (const [name, { account }, request, response, expected] of accounts) {
    it.live(`is read from the documented response: ${name}`, () =>
      Effect.gen(function*() {
        const { received, result } = yield* withVendors({ ...discovery, [request]: response }, account(token))
        assert.deepInclude(result, { success: expected })
        assert.deepInclude(received.at(-1), { url: request.replace("GET ", ""), authorization: bearer })
        for (const { authorization, url } of received.slice(0, -1)) {
          assert.isUndefined(authorization, url)
        }
        // `promise/Connect` passes a string.
        const { result: again } = yield* withVendors({ ...discovery, [request]: response }, account("the-token"))
        assert.deepInclude(again, { success: expected })
      }))

    it.live(`is not known without such a response, and the error has nothing of it: ${name}`, () =>
      Effect.gen(function*() {
        for (const body of [{}, { id: null, sub: {}, login: "x" }, ["the-token"], 500, 403]) {
          const { result } = yield* withVendors({ ...discovery, [request]: body }, account(token))
          assert.deepInclude(result, { _tag: "Failure" })
          assert.notInclude(JSON.stringify(result), "the-token")
        }
        const { result } = yield* withVendors({ ...discovery, [request]: 401 }, account(token))
        assert.deepInclude("failure" in result ? result.failure : {}, { _tag: "VendorError", status: 401 })
      }))
  }

  it.live("is asked for with a user agent, which GitHub requires and some clients do not send", () =>
    Effect.gen(function*() {
      const agents: Array<string | undefined> = []
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          agents.push(request.headers["user-agent"])
          return HttpClientResponse.fromWeb(request, Response.json({ id: 1, login: "octocat" }))
        })
      )
      yield* Effect.provideService(VendorAccount.github().account(token), HttpClient.HttpClient, client)
      assert.deepStrictEqual(agents, ["effect-agentcore-identity"])
    }))

  it.live("says whether an address is verified, and no name takes its place", () =>
    Effect.gen(function*() {
      const me = { sub: "1", email: "alice@example.com", preferred_username: "bob@example.com" }
      // Amazon Cognito sends strings.
      for (const email_verified of [true, "true", false, "false", "True", 1, [true], undefined]) {
        const claims = { ...me, email_verified }
        for (const vendor of [VendorAccount.google, VendorAccount.openId({ discoveryUrl })]) {
          const { result } = yield* withVendors({
            ...discovery,
            "GET openidconnect.googleapis.com/v1/userinfo": claims,
            "GET issuer.example.com/me": claims
          }, vendor.account(token))
          const verified = email_verified === true || email_verified === "true"
          assert.deepInclude(result, { success: { id: "1", label: "alice@example.com", verified } })
        }
      }
    }))

  it.live("has no id that JSON has rounded", () =>
    Effect.gen(function*() {
      for (const id of [2 ** 53, -(2 ** 53), 1.5, 1e300]) {
        const { result } = yield* withVendors(
          { "GET api.github.com/user": { id, login: "octocat" } },
          VendorAccount.github().account(token)
        )
        assert.deepInclude("failure" in result ? result.failure : {}, { reason: "Body" }, String(id))
      }
    }))

  it.live("is not revoked if the discovery document cannot be read", () =>
    Effect.gen(function*() {
      const [request = ""] = Object.keys(discovery)
      const { result } = yield* withVendors({ [request]: 401 }, VendorAccount.openId({ discoveryUrl }).account(token))
      const failure = "failure" in result ? result.failure : assert.fail("no failure")
      assert.deepInclude(failure, { _tag: "VendorError", reason: "Body" })
      assert.isUndefined(failure.status)
    }))

  it.live("of Slack needs the ids of its user and team", () =>
    Effect.gen(function*() {
      for (const body of [{ user: "grace" }, { user: "grace", user_id: "W1" }, { user: "grace", team_id: "T1" }]) {
        const { result } = yield* withVendors(
          { "GET slack.com/api/auth.test": { ok: true, ...body } },
          VendorAccount.slack.account(token)
        )
        assert.deepInclude("failure" in result ? result.failure : {}, { reason: "Body" })
      }
    }))

  it.live("has an error of Slack with the status 200", () =>
    Effect.gen(function*() {
      const statusFor = (error: string) =>
        Effect.map(
          withVendors({ "GET slack.com/api/auth.test": { ok: false, error } }, VendorAccount.slack.account(token)),
          ({ result }) => "failure" in result ? result.failure.status : assert.fail()
        )
      assert.strictEqual(yield* statusFor("token_revoked"), 401)
      assert.isUndefined(yield* statusFor("ratelimited"))
    }))

  it.effect("is not asked for in clear text", () =>
    Effect.gen(function*() {
      const vendor = VendorAccount.make({ url: "http://vendor.example.com/me", id: "id", label: "name" })
      const { result } = yield* withVendors({}, vendor.account(token))
      assert.deepInclude("failure" in result ? result.failure : {}, { reason: "Url", host: "vendor.example.com" })
    }))
})

describe("the grant", () => {
  it.live("ends as the vendors document it", () =>
    Effect.gen(function*() {
      const revocations: ReadonlyArray<readonly [typeof VendorAccount.google, string, object | number, object]> = [
        [VendorAccount.google, "POST oauth2.googleapis.com/revoke", 200, {
          authorization: undefined,
          body: "token=the-token&token_type_hint=access_token"
        }],
        [VendorAccount.github(client), "DELETE api.github.com/applications/client%3A1/grant", 204, {
          authorization: basic,
          body: "{\"access_token\":\"the-token\"}"
        }],
        [VendorAccount.slack, "GET slack.com/api/auth.revoke", { ok: true, revoked: true }, {
          authorization: bearer,
          body: ""
        }],
        [VendorAccount.openId({ discoveryUrl, client }), "POST issuer.example.com/revoke", 200, {
          authorization: basic,
          body: "token=the-token&token_type_hint=access_token"
        }],
        [
          VendorAccount.openId({ discoveryUrl, client: { clientId: "public" } }),
          "POST issuer.example.com/revoke",
          200,
          {
            authorization: undefined,
            body: "token=the-token&token_type_hint=access_token&client_id=public"
          }
        ]
      ]
      for (const [{ revoke }, request, response, expected] of revocations) {
        const { received, result } = yield* withVendors({ ...discovery, [request]: response }, revoke(token))
        assert.deepInclude(result, { _tag: "Success" }, request)
        const [method, url] = request.split(" ")
        assert.deepStrictEqual(received.at(-1), { method, url, ...expected } as Received)
        const { result: failed } = yield* withVendors({ ...discovery, [request]: 400 }, revoke(token))
        assert.deepInclude(failed, { _tag: "Failure" }, request)
      }
    }))

  it.live("does not end at a provider without a revocation endpoint", () =>
    Effect.gen(function*() {
      const { result } = yield* withVendors(
        { "GET issuer.example.com/.well-known/openid-configuration": { issuer: "https://issuer.example.com" } },
        VendorAccount.openId({ discoveryUrl }).revoke(token)
      )
      assert.deepInclude("failure" in result ? result.failure : {}, { reason: "NotSupported" })
    }))
})
