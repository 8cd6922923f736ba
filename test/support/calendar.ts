/**
 * Sets up users' tokens for an agent: a client at the authorization server, workload identities, and the provider
 * `calendar`.
 */
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createProvider } from "./localBackend.js"

interface Options {
  readonly clientId?: string
  /** The name of the client on the page where users consent. */
  readonly clientName?: string
  readonly scopes?: ReadonlyArray<string>
  readonly workloads: ReadonlyArray<string>
  readonly returnUrls?: ReadonlyArray<string>
}

export const setUp = (
  { clientId = "calendar-client", clientName, returnUrls = [], scopes = ["profile:read", "reports:read"], workloads }:
    Options
) =>
  Effect.gen(function*() {
    const { url } = yield* LocalIdentity.LocalServer
    const controlPlane = yield* ControlPlane.ControlPlane
    const authorizationServer = yield* AuthorizationServer.AuthorizationServer
    const clientSecret = Redacted.make("a-development-secret")
    yield* authorizationServer.registerClient({
      clientId,
      clientSecret,
      name: clientName,
      redirectUris: [`${url}/identities/oauth2/callback/*`],
      scopes
    })
    for (const name of workloads) {
      yield* controlPlane.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: returnUrls })
    }
    const { discoveryUrl } = authorizationServer
    yield* createProvider("calendar", { oauthDiscovery: { discoveryUrl }, clientId, clientSecret })
  })
