/** Valid and faulty issuers of users' JWTs. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import type * as Http from "node:http"
import * as Server from "./server.js"

interface Key {
  readonly privateKey: CryptoKey
  readonly jwk: Jose.JWK
  readonly alg: string
}

export const makeKey = (alg: string, extra: Jose.JWK | Record<string, string> = {}): Effect.Effect<Key> =>
  Effect.promise(async () => {
    const { privateKey, publicKey } = await Jose.generateKeyPair(alg)
    return { privateKey, alg, jwk: { ...await Jose.exportJWK(publicKey), ...extra } }
  })

export type Routes = Record<string, (url: string, response: Http.ServerResponse) => unknown>

export const json = (body: (url: string) => unknown) => (url: string, response: Http.ServerResponse) =>
  response.setHeader("content-type", "application/json").end(JSON.stringify(body(url)))

/** An issuer with these keys. `requests` lists the paths of its requests. */
export const issuerOf = (keys: () => ReadonlyArray<Jose.JWK>, change: Routes = {}) =>
  Effect.gen(function*() {
    const requests: Array<string> = []
    const routes: Routes = {
      "/.well-known/openid-configuration": json((url) => ({ issuer: url, jwks_uri: `${url}/keys` })),
      "/keys": json(() => ({ keys: keys() })),
      ...change
    }
    const issuer: string = yield* Server.serve((request, response) => {
      requests.push(request.url ?? "")
      const respond = routes[request.url ?? ""]
      if (respond === undefined) response.writeHead(404).end()
      else respond(issuer, response)
    })
    return { issuer, requests }
  })

export const sign = (
  issuer: string,
  { alg, jwk, privateKey }: Key,
  claims: Jose.JWTPayload = {},
  header: Partial<Jose.JWTHeaderParameters> = {}
) =>
  Effect.map(
    Effect.promise(() => {
      const { kid } = jwk
      return new Jose.SignJWT({ iss: issuer, sub: "alice", ...claims })
        .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }), ...header })
        .sign(privateKey)
    }),
    Redacted.make
  )
