import { assert, describe, it } from "@effect/vitest"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as Layer from "effect/Layer"
import * as Recorder from "../../support/recorder.js"
import * as Wire from "../../support/wire.js"
import {
  apiKey,
  askApiKey,
  call,
  consent,
  fails,
  oauth2,
  server,
  setUp,
  url,
  workloadToken
} from "../../support/wire.js"

describe("secrets of LocalServer", () => {
  const sentinel = (name: string) => `${name}-7f3c9a1e5b2d8f40`

  it.live("are in no response, log line or span when a handler has a defect, and the log has the request id", () =>
    Effect.gen(function*() {
      const secrets = [sentinel("defect"), sentinel("token"), sentinel("session"), sentinel("wat"), "0f0f0f0f"]
      const broken = [
        Effect.die(new TypeError(`cannot read ${secrets[0]}`)),
        Effect.die(new Error(`${secrets[0]}\n    at line (two:1:1)`)),
        Effect.die(secrets[0]),
        Effect.die({ token: secrets[0] }),
        Effect.interrupt,
        // An invalid response. Its encoding throws an error that quotes it.
        Effect.succeed({ apiKey: secrets[0] }) as unknown as Effect.Effect<
          Operation.Response<typeof DataPlane.operations.getResourceApiKey>
        >
      ]
      for (const result of broken) {
        const recorder = yield* Recorder.make
        const response = yield* askApiKey(secrets[1], {
          "x-amz-security-token": sentinel("session"),
          "x-amz-bedrock-agentcore-identity-wat": sentinel("wat")
        }).pipe(Effect.provide(apiKey(result)), Effect.provide(recorder.layer))
        fails(response, 500, "InternalServerException")
        const everything = yield* recorder.everything
        Recorder.assertSecretFree([...everything, response.text, JSON.stringify(response.headers)], secrets)
        const requestId = String(response.headers["x-amzn-requestid"])
        assert.isTrue(everything.some((line) => line.includes(requestId) && line.includes("GetResourceApiKey failed")))
        assert.include((yield* recorder.spans).map((span) => span.name), "POST")
      }
    }))

  it.live("are in no response, log line or span when requests, bodies or addresses are invalid", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const secrets = [
        sentinel("apikey"),
        sentinel("client"),
        sentinel("jwt"),
        sentinel("wat"),
        sentinel("session"),
        sentinel("customstate"),
        sentinel("code"),
        sentinel("authstate"),
        sentinel("broken")
      ]
      const responses: Array<Wire.Response> = []
      const keep = <E, R>(effect: Effect.Effect<Wire.Response, E, R>) =>
        Effect.tap(effect, (response) => Effect.sync(() => responses.push(response)))
      const found: Array<string> = []
      yield* Effect.gen(function*() {
        const base = yield* url
        yield* setUp
        const bad = "not a name!"
        yield* keep(call("/identities/CreateApiKeyCredentialProvider", { name: bad, apiKey: sentinel("apikey") }))
        yield* keep(
          call("/identities/CreateApiKeyCredentialProvider", { name: "n", apiKey: { nested: sentinel("apikey") } })
        )
        yield* keep(call(
          "/identities/CreateOauth2CredentialProvider",
          Wire.customProvider(bad, {
            oauthDiscovery: {},
            clientId: 1,
            clientSecret: sentinel("client").repeat(100)
          })
        ))
        yield* keep(
          call("/identities/GetWorkloadAccessTokenForJWT", { workloadName: "agent", userToken: sentinel("jwt") })
        )
        yield* keep(
          call("/identities/GetWorkloadAccessTokenForJWT", {
            workloadName: "agent",
            userToken: `${sentinel("jwt")}.a.b`
          })
        )
        yield* keep(oauth2(sentinel("wat")))
        yield* keep(
          oauth2(yield* workloadToken("alice"), {
            customState: sentinel("customstate"),
            sessionUri: sentinel("session")
          })
        )
        yield* keep(call("/identities/CompleteResourceTokenAuth", {
          sessionUri: `urn:ietf:params:oauth:request_uri:${sentinel("session")}`,
          userIdentifier: { userToken: `${sentinel("jwt")}.a.b` }
        }))
        for (const body of [`{"apiKey":"${sentinel("broken")}`, `${sentinel("broken")}`, `["${sentinel("broken")}"]`]) {
          yield* keep(call("/identities/CreateApiKeyCredentialProvider", body))
        }

        const { authorizationUrl, back, sessionUri } = yield* consent({ customState: sentinel("customstate") })
        found.push(sessionUri.slice("urn:ietf:params:oauth:request_uri:".length))
        yield* Wire.page(back({ code: sentinel("code") }))
        yield* keep(Wire.page(back({ code: sentinel("code") })))
        yield* keep(Wire.page(authorizationUrl))
        const addresses = [
          `/identities/oauth2/authorize?request_uri=${sentinel("session")}`,
          `/identities/oauth2/authorize/?request_uri=${sentinel("session")}`,
          `/IDENTITIES/oauth2/%61uthorize?request_uri=${sentinel("session")}`,
          `/identities/oauth2/callback/${sentinel("session")}?code=${sentinel("code")}&state=${sentinel("authstate")}`,
          `/%zz?code=${sentinel("code")}`,
          `//identities/oauth2/callback/x?code=${sentinel("code")}`,
          `/identities/api-key?request_uri=${sentinel("session")}`
        ]
        for (const path of addresses) {
          yield* keep(Wire.send(base, { method: "GET", path }))
          yield* keep(Wire.operation(base, path, { apiKey: sentinel("apikey") }))
        }
        yield* keep(call("/identities/api-key", {}, { "x-amz-security-token": sentinel("session") }))
      }).pipe(
        Effect.provide(server()),
        // By default the platform records no header.
        Effect.provide(Layer.succeed(HttpMiddleware.TracerHeaderFilter, () => true)),
        Effect.provide(recorder.layer)
      )

      const spans = yield* recorder.spans
      assert.isTrue(spans.some((span) => span.attributes.get("http.route") === "/identities/api-key"))
      assert.isTrue(
        spans.some((span) => span.attributes.get("http.request.header.x-amz-security-token") === "<redacted>")
      )
      assert.isFalse(spans.some((span) => String(span.attributes.get("url.full")).includes("authorize")))
      Recorder.assertSecretFree(
        [...yield* recorder.everything, ...responses.flatMap(({ headers, text }) => [text, JSON.stringify(headers)])],
        [...secrets, ...found]
      )
    }))
})
