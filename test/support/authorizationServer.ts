/** Shared by the tests of the authorization server and of services that use it. */
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as OAuth from "openid-client"
import * as Server from "./server.js"

/** `close` would wait for the connections that browsers open in advance. */
export const createServer = (): Http.Server => {
  const server = Http.createServer()
  const close = server.close.bind(server)
  server.close = (done) => {
    close(done).closeAllConnections()
    return server
  }
  return server
}

export const clientId = "agentcore"
export const clientSecret = Redacted.make("a-development-secret")
export const clientScopes = ["reports:read", "reports:write"]

/**
 * Starts an authorization server with one client, and the application of that client: every path under `/callback/`
 * shows a page.
 */
export const start = (options: AuthorizationServer.Options = {}) =>
  Effect.gen(function*() {
    const application = yield* Server.serve((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8")
      response.end("<!doctype html><html lang=en><title>Application</title><h1>Back at the application</h1></html>")
    })
    const server = yield* AuthorizationServer.make({
      ...options,
      clients: [
        {
          clientId,
          clientSecret,
          redirectUris: [`${application}/callback/*`],
          scopes: clientScopes,
          name: "Test agent"
        },
        ...options.clients ?? []
      ]
    })
    return { server, callbackUrl: `${application}/callback/${crypto.randomUUID()}` }
  })

export const discover = (
  server: AuthorizationServer.AuthorizationServer["Service"],
  secret: Redacted.Redacted = clientSecret,
  id: string = clientId
): Effect.Effect<OAuth.Configuration> =>
  Effect.promise(() =>
    OAuth.discovery(new URL(server.discoveryUrl), id, undefined, OAuth.ClientSecretBasic(Redacted.value(secret)), {
      execute: [OAuth.allowInsecureRequests]
    })
  )

/** The metadata of an authorization server, in place of a discovery URL. */
export const metadataOf = (issuer: string, tokenPath = "/token") => ({
  authorizationServerMetadata: {
    issuer,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}${tokenPath}`
  }
})

/** Returns the error of a rejected request. */
export const rejection = (request: () => Promise<unknown>): Effect.Effect<OAuth.ResponseBodyError> =>
  Effect.tryPromise({ try: request, catch: (error) => error }).pipe(
    Effect.flip,
    Effect.flatMap((error) =>
      error instanceof OAuth.ResponseBodyError
        ? Effect.succeed(error)
        : Effect.die(`not a response of the server: ${error}`)
    ),
    Effect.orDie
  )

export interface AuthorizationRequest {
  readonly url: Redacted.Redacted
  readonly verifier: string
  readonly state: string
}

export const authorizationRequest = (
  configuration: OAuth.Configuration,
  redirectUri: string,
  parameters: Record<string, string> = {}
): Effect.Effect<AuthorizationRequest> =>
  Effect.promise(async () => {
    const verifier = OAuth.randomPKCECodeVerifier()
    const state = OAuth.randomState()
    const url = OAuth.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: "openid reports:read offline_access",
      code_challenge: await OAuth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      ...parameters
    })
    return { url: Redacted.make(url.href), verifier, state }
  })

export const exchange = (
  configuration: OAuth.Configuration,
  request: AuthorizationRequest,
  callback: Redacted.Redacted
): Promise<OAuth.TokenEndpointResponse & OAuth.TokenEndpointResponseHelpers> =>
  OAuth.authorizationCodeGrant(configuration, new URL(Redacted.value(callback)), {
    pkceCodeVerifier: request.verifier,
    expectedState: request.state,
    idTokenExpected: true
  })
