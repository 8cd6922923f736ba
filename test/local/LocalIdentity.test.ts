import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as CredentialProvider from "effect-agentcore-identity/CredentialProvider"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import * as Folder from "../support/folder.js"
import * as World from "../support/localWorld.js"
import * as Server from "../support/server.js"

describe("offline", () => {
  const offline = LocalIdentity.layer({ authorizationServer: true, offline: true })
  const client = { clientId: "my-client", clientSecret: Redacted.make("sentinel-client-secret") }
  const returnUrl = "http://127.0.0.1:8765/consent"
  const tokenOf = (provider: string) =>
    Effect.flatMap(
      Identity.Identity,
      (identity) => identity.getAccessToken({ provider, flow: "M2M", scopes: ["repo"] })
    )

  it.live("stands in for vendors and for other authorization servers, without a registered client", () =>
    Effect.gen(function*() {
      const { issuer } = yield* AuthorizationServer.AuthorizationServer
      yield* WorkloadIdentity.ensure({ name: "agent", returnUrls: [returnUrl] })
      const discovery = "https://issuer.example.com/.well-known/openid-configuration"
      yield* CredentialProvider.ensure(CredentialProvider.github({ name: "github", ...client }))
      yield* CredentialProvider.ensure(CredentialProvider.google({ name: "google", ...client }))
      yield* CredentialProvider.ensure(CredentialProvider.custom({ name: "own", discovery, ...client }))
      for (const provider of ["github", "google", "own"]) {
        const { client_id, iss } = World.claimsOf(yield* tokenOf(provider))
        assert.deepStrictEqual({ client_id, iss }, { client_id: "my-client", iss: issuer })
      }
      const identity = yield* Identity.Identity
      const request = { provider: "github", flow: "USER_FEDERATION", scopes: ["repo"], returnUrl } as const
      const error = yield* Effect.flip(identity.getAccessToken(request))
      assert(error._tag === "RequiresUserConsent")
      const { approves } = yield* TestUser.make("alice")
      const dataPlane = yield* DataPlane.DataPlane
      // Nothing listens at the return URL.
      yield* Effect.ignore(approves(error.authorizationUrl))
      yield* dataPlane.completeResourceTokenAuth({
        sessionUri: error.session.sessionUri,
        userIdentifier: { userId: "alice" }
      })
      assert.strictEqual(World.claimsOf(yield* identity.getAccessToken(request)).sub, "alice")
    }).pipe(World.as("agent", "alice"), Effect.provide(offline)))

  it.live("lets a user leave the account of their browser, if the credential asks which one", () =>
    Effect.gen(function*() {
      yield* WorkloadIdentity.ensure({ name: "agent", returnUrls: [returnUrl] })
      yield* CredentialProvider.ensure(CredentialProvider.google({ name: "google", ...client }))
      const identity = yield* Identity.Identity
      const dataPlane = yield* DataPlane.DataPlane
      const browser = yield* TestUser.make("private")
      const connectAs = (account: string, customParameters?: { readonly [name: string]: string }) =>
        Effect.gen(function*() {
          const scopes = ["openid"]
          const request = { provider: "google", flow: "USER_FEDERATION", scopes, returnUrl, customParameters } as const
          const error = yield* Effect.flip(identity.getAccessToken({ ...request, forceAuthentication: true }))
          assert(error._tag === "RequiresUserConsent")
          yield* Effect.ignore(browser.as(account).approves(error.authorizationUrl))
          yield* dataPlane.completeResourceTokenAuth({
            sessionUri: error.session.sessionUri,
            userIdentifier: { userId: "alice" }
          })
          return World.claimsOf(yield* identity.getAccessToken(request)).sub
        })
      assert.strictEqual(yield* connectAs("private"), "private")
      assert.strictEqual(yield* connectAs("work"), "private")
      assert.strictEqual(yield* connectAs("work", { prompt: "select_account" }), "work")
    }).pipe(World.as("agent", "alice"), Effect.provide(offline)))

  it.live("needs no other option in JavaScript", () =>
    Effect.gen(function*() {
      const { issuer } = yield* AuthorizationServer.AuthorizationServer
      yield* WorkloadIdentity.ensure({ name: "agent" })
      yield* CredentialProvider.ensure(CredentialProvider.github({ name: "github", ...client }))
      assert.strictEqual(World.claimsOf(yield* tokenOf("github")).iss, issuer)
    }).pipe(
      World.as("agent"),
      Effect.provide(
        LocalIdentity.layer({ offline: true } as { readonly offline: true; readonly authorizationServer: true })
      )
    ))

  it.live("fails with the names of options, not of flags", () =>
    Effect.gen(function*() {
      const errorOf = (
        options: LocalIdentity.Options & { readonly authorizationServer: true | { readonly port: number } }
      ) => Effect.flip(Effect.scoped(Layer.build(LocalIdentity.layer(options))))
      const remote = yield* errorOf({ authorizationServer: true, host: "0.0.0.0" })
      assert.strictEqual(remote._tag, "LocalServerError")
      assert.include(remote.message, "Set allowRemote to allow that.")
      const url = yield* Server.serve((_, response) => response.end())
      const port = Number(new URL(url).port)
      const used = yield* errorOf({ authorizationServer: { port } })
      assert.strictEqual(used._tag, "AuthorizationServerError")
      const both = [remote, used, yield* errorOf({ authorizationServer: true, port })]
      for (const { message } of both) assert.notInclude(message, "--")
    }))
})

describe("the option vault", () => {
  it.live("keeps everything for the next process, and rejects another key", () =>
    Effect.gen(function*() {
      const path = join(yield* Folder.temporary, "agentcore.vault")
      const key = Redacted.make(Buffer.alloc(32, 7).toString("base64url"))
      const over = Effect.provide(LocalIdentity.layerPlanes({ vault: { path, key } }))
      yield* over(WorkloadIdentity.ensure({ name: "agent" }))
      const plane = ControlPlane.ControlPlane.use((plane) => plane.getWorkloadIdentity({ name: "agent" }))
      assert.strictEqual((yield* over(plane)).name, "agent")
      const other = { path, key: Redacted.make(Buffer.alloc(32, 8).toString("base64url")) }
      const error = yield* Effect.flip(Effect.scoped(Layer.build(LocalIdentity.layer({ vault: other }))))
      assert.strictEqual(error.reason, "Store")
      assert.include(error.message, path)
    }))
})
