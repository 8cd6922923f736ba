import { assert, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { CreateOauth2CredentialProviderRequest } from "effect-agentcore-identity/Models"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  ask as requestToken,
  type Control,
  createWorkload,
  LocalBackend,
  type Scripted,
  type TokenRequest
} from "../support/localBackend.js"
import { secret } from "../support/utils.js"

export {
  ask as requestToken,
  complete,
  createWorkload,
  returnUrl,
  tokenFor as tokenOfUser
} from "../support/localBackend.js"
export { clear, same, secret } from "../support/utils.js"

/** Planes over a local backend, in process or over HTTP. */
export interface Subject {
  readonly name: string
  readonly layer: (
    oauth?: Scripted.Options,
    options?: Control.Options
  ) => Layer.Layer<Planes, unknown>
  /** Whether errors come from a server. */
  readonly remote: boolean
}

export type Planes = LocalBackend.Planes | LocalBackend.LocalBackend

/** Creates tests, each over its own backend. */
export const tester = (
  subject: Subject,
  { oauth, ...options }: Control.Options & { readonly oauth?: Scripted.Options } = {}
) =>
(name: string, body: () => Generator<Effect.Effect<unknown, unknown, Planes>, void, never>): void =>
  it.live(name, () => Effect.provide(Effect.gen(body), subject.layer(oauth, options)))

export const discoveryUrl = "https://issuer.example.com/.well-known/openid-configuration"

export const control = <A, E>(f: (plane: ControlPlane.ControlPlane["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(ControlPlane.ControlPlane, f)

export const data = <A, E>(f: (plane: DataPlane.DataPlane["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(DataPlane.DataPlane, f)

export const backend = <A, E>(f: (local: LocalBackend.LocalBackend["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(LocalBackend.LocalBackend, f)

/** A request of a program without types. */
export const untyped = <A>(request: unknown): A => request as A

export const customProvider = (
  name = "calendar",
  config: object = {}
): CreateOauth2CredentialProviderRequest =>
  untyped({
    name,
    credentialProviderVendor: "CustomOauth2",
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        oauthDiscovery: { discoveryUrl },
        clientId: `${name}-client`,
        clientSecret: secret("secret-of-the-client"),
        ...config
      }
    }
  })

export const createProvider = (name?: string, config?: object) =>
  control((plane) => plane.createOauth2CredentialProvider(customProvider(name, config)))

export const setUp = Effect.andThen(createWorkload(), createProvider())

export const jwt = (claims: object): Redacted.Redacted =>
  secret(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`)

export const tokenOfWorkload = (workloadName = "agent") =>
  Effect.map(
    data((plane) => plane.getWorkloadAccessToken({ workloadName })),
    (response) => response.workloadAccessToken
  )

export const tokenOfJwt = (userToken: Redacted.Redacted, workloadName = "agent") =>
  Effect.map(
    data((plane) => plane.getWorkloadAccessTokenForJwt({ workloadName, userToken })),
    (response) => response.workloadAccessToken
  )

export const requestConsent = (token: Redacted.Redacted, request?: TokenRequest) =>
  Effect.map(requestToken(token, request), (response) => {
    assert(response instanceof DataPlane.ConsentRequired, `not asked for consent: ${response._tag}`)
    return response
  })

export const issued = (accessToken: string) => new DataPlane.Issued({ accessToken: secret(accessToken) })

/** Opens the authorization URL. Returns the authorization request that the browser is redirected to. */
export const openPage = (sessionUri: Redacted.Redacted) =>
  Effect.map(backend((local) => local.authorize(sessionUri)), (response) => {
    assert(response._tag === "Redirect", `no redirect: ${response._tag}`)
    return new URL(Redacted.value(response.url))
  })

/** Follows the redirect from the authorization server to the callback. */
export const comeBack = (authorization: URL, response: Record<string, string>) => {
  const callback = new URL(authorization.searchParams.get("redirect_uri") ?? "")
  callback.search = String(new URLSearchParams({ ...response, state: authorization.searchParams.get("state") ?? "" }))
  return backend((local) => local.callback(callback.pathname.split("/").at(-1) ?? "", secret(callback.href)))
}

export const consentAs = (sessionUri: Redacted.Redacted, code: string) =>
  Effect.flatMap(openPage(sessionUri), (authorization) => comeBack(authorization, { code }))

export interface Rejection {
  readonly tag: string
  readonly operation: string
  readonly message: string
  readonly reason?: string
  readonly fieldList?: NonNullable<IdentityError.ValidationException["fieldList"]>
}

export const oauth2Rejection = (tag: string, message: string): Rejection => ({
  tag,
  operation: "GetResourceOauth2Token",
  message
})

/** Asserts the exact error of a call. */
export const rejects = <A, E extends { readonly _tag: string }, R>(
  subject: Subject,
  effect: Effect.Effect<A, E, R>,
  expected: Rejection
): Effect.Effect<void, A, R> =>
  Effect.map(Effect.flip(effect), (error) => {
    const { _tag, message, operation, requestId, ...rest } = {
      reason: undefined,
      fieldList: undefined,
      ...facts(error)
    }
    assert.deepStrictEqual({ tag: _tag, operation, message, ...rest }, {
      // The service model requires a reason.
      reason: expected.tag === "ValidationException" ? "FieldValidationFailed" : undefined,
      fieldList: undefined,
      ...expected
    })
    assert.strictEqual(requestId !== undefined, subject.remote)
  })

interface Facts {
  readonly _tag: string
  readonly message?: string
  readonly operation?: string
  readonly requestId?: string
  readonly reason?: string
  readonly fieldList?: NonNullable<IdentityError.ValidationException["fieldList"]>
}

const facts = (error: { readonly _tag: string }): Facts => {
  const { _tag, fieldList, message, operation, reason, requestId }: Facts = error
  return {
    _tag,
    ...(message === undefined ? {} : { message }),
    ...(operation === undefined ? {} : { operation }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(reason === undefined ? {} : { reason }),
    ...(fieldList === undefined ? {} : { fieldList: fieldList.map(({ message, name }) => ({ message, name })) })
  }
}
