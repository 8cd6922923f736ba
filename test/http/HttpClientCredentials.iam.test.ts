import { assert, describe, it } from "@effect/vitest"
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { clients, reject, resource } from "../support/resource.js"
import { secret } from "../support/utils.js"

class Reports extends IamAccessToken.Tag<Reports>()("test/Reports", { audience: "https://reports.example.com" }) {}

/** Tokens `jwt-0`, `jwt-1`, …, which expire in an hour. */
const numbered = ScriptedPlanes.layer({
  getWebIdentityToken: (_, index) =>
    Effect.map(DateTime.now, (now) => ({
      webIdentityToken: secret(`jwt-${index}`),
      expiration: DateTime.add(now, { hours: 1 })
    }))
})

const cached = CredentialCache.layerSecurityTokenService.pipe(
  Layer.provideMerge(CredentialCache.layer()),
  Layer.provideMerge(numbered)
)

/** Accepts one token. */
const accepting = (token: string) =>
  resource(({ headers }, response) =>
    headers.authorization === `Bearer ${token}` ? response.end("ok") : reject(response, 401)
  )

for (const [name, client] of clients) {
  describe(`withIamAccessToken over ${name}`, () => {
    it.live("sends the token to the allowed origins only", () =>
      Effect.gen(function*() {
        const mine = yield* accepting("jwt-0")
        const other = yield* resource((_, response) => response.end("ok"))
        const api = HttpClientCredentials.withIamAccessToken(yield* HttpClient.HttpClient, Reports, {
          origins: [mine.url]
        })
        const response = yield* api.get(mine.url)
        assert.strictEqual(yield* response.text, "ok")
        assert.notProperty(response.request.headers, "authorization")
        yield* api.get(other.url)
        assert.isUndefined(other.seen[0]?.headers.authorization)
      }).pipe(Effect.provide([numbered, client])))

    it.live("obtains another token after a 401, also with a cache, and repeats the request once", () =>
      Effect.gen(function*() {
        const { seen, url } = yield* accepting("jwt-1")
        const api = (yield* HttpClient.HttpClient).pipe(
          HttpClientCredentials.withIamAccessToken(Reports, { origins: [url] })
        )
        assert.strictEqual(yield* Effect.flatMap(api.get(url), ({ text }) => text), "ok")
        assert.strictEqual(yield* Effect.flatMap(api.get(url), ({ text }) => text), "ok")
        assert.deepStrictEqual(seen.map(({ headers }) => headers.authorization), [
          "Bearer jwt-0",
          "Bearer jwt-1",
          "Bearer jwt-1"
        ])
      }).pipe(Effect.provide([cached, client])))
  })
}

describe("withIamAccessToken", () => {
  const [[, client]] = clients as [(typeof clients)[number]]

  it.live("fails with the name of the operation when the second token is rejected too", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* accepting("none")
      const api = HttpClientCredentials.withIamAccessToken(yield* HttpClient.HttpClient, Reports, { origins: [url] })
      const error = yield* Effect.flip(api.get(url))
      assert(error._tag === "CredentialRejected", error._tag)
      assert.deepInclude({ ...error }, {
        provider: "sts:GetWebIdentityToken",
        reason: "StillRejected",
        status: 401
      })
      assert.lengthOf(seen, 2)
    }).pipe(Effect.provide([numbered, client])))
})
