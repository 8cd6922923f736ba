/**
 * AgentCore Identity in this process: workload identities, credential providers, workload access tokens, the token vault
 * and consent sessions, in memory or in a vault file. It serves all planes; authorization servers are reached through `OAuthClient` only.
 *
 * What AWS leaves undocumented is an option, or is said at the place: a workload access token lives for 60 minutes, custom
 * state comes back as `state`, `USER_FEDERATION` needs a workload access token of a user, and tokens on behalf of a user are not
 * kept: each call asks the authorization server. Users' JWTs are checked by `OAuthClient`, with the keys that their issuers
 * publish.
 *
 * Quotas are those of the AWS documentation: 11,000 workload identities (beyond it a `ValidationException`, since the operation has
 * no other), 50 credential providers of each kind, 50 tags. An OAuth2 credential provider that a consent portal uses cannot be
 * deleted: which conflict AWS means is a guess. Consent portals have no gateway behind them, and nothing answers at their URL.
 *
 * Payment tokens are real ones, made as the vendors' public documentation has it, and sent nowhere. What of the provider's secrets
 * is no key of the vendor is a `ValidationException` that says so. For Stripe Privy AWS does not document the method that is signed, nor
 * the signature's life: here `POST`, and 30 minutes, as in the vendor's own SDK.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import type { LocalSettings } from "../internal/identitySetup/localSettings.js"
import * as SecurityTokenService from "../SecurityTokenService.js"
import * as Browser from "./backend/consent.js"
import * as Operations from "./backend/dataPlane.js"
import * as LocalIssuer from "./backend/issuer.js"
import * as Registry from "./backend/registry.js"
import * as Sessions from "./backend/session.js"
import * as SessionServer from "./backend/sessionServer.js"
import * as SessionStore from "./backend/sessionStore.js"
import { layerMemory, Store, type StoreError } from "./backend/store.js"
import * as Vault from "./backend/vault.js"
import * as WorkloadToken from "./backend/workloadToken.js"
import { OAuthClient } from "./OAuthClient.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** For ARNs. Default: `us-west-2`. */
  readonly region?: string | undefined
  /** For ARNs. Default: `123456789012`. */
  readonly accountId?: string | undefined
  /** Where browsers reach this backend: the start of authorization and callback URLs. Default: `http://127.0.0.1:4020`. */
  readonly publicUrl?: string | undefined
  /** In whole seconds. Default: 60 minutes, a guess: AWS does not document it. */
  readonly workloadAccessTokenLifetime?: Duration.DurationInput | undefined
  /** How long an authorization URL and its session live. Default: 10 minutes (AWS documentation). */
  readonly sessionLifetime?: Duration.DurationInput | undefined
  /** The parameter of the return URL that carries the custom state. Default: `state`, a guess: AWS does not document it. */
  readonly customStateParameter?: string | undefined
  /** How long a consent portal is `CREATING`, `UPDATING` or `DELETING`. Default: 1 second, a guess: AWS does not document it. */
  readonly consentPortalDelay?: Duration.DurationInput | undefined
  /** What stands for the parts of AWS and of the internet that are not here. Default: nothing. */
  readonly settings?: Settings | undefined
}

/**
 * - `secrets`: in the place of Secrets Manager, for references (`EXTERNAL`): by secret id and key of its JSON
 * - `vendorEndpoints`: authorization servers in the place of the vendors' own. Clients authenticate there by
 *   CLIENT_SECRET_BASIC.
 * - `kmsKeys`: in the place of KMS, by key ARN: a private key in PEM, or a JWK as JSON
 * - `inboundIssuers`: the issuers whose JWTs name users. Default: every issuer that can be discovered, by https, or by http on a
 *   loopback host. Users of one issuer are never those of another.
 * - `inboundJwt`: `verify` (default) asks the issuer for its keys; `decode` believes every JWT that has not expired
 *
 * @since 0.1.0
 * @category models
 */
export type Settings = LocalSettings

/**
 * What the layers provide beside the backend itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

/**
 * What a browser gets that opens an authorization URL, or comes back from the authorization server.
 *
 * - `Redirect`: go there
 * - `Refused`: consent was refused
 * - `Rejected`: the authorization server answered with something else than a code
 * - `Unavailable`: the authorization server cannot be reached or used; the session goes on, the page may be opened again
 * - `Expired`: the session's time is over
 * - `Replayed`: the session has been through this before, or has ended
 * - `Unknown`: there is no such session, or it is not one of this callback
 *
 * @since 0.1.0
 * @category models
 */
export type BrowserAnswer = Data.TaggedEnum<{
  Redirect: { readonly url: Redacted.Redacted }
  Refused: { readonly provider: string }
  Rejected: { readonly provider: string }
  Unavailable: { readonly provider: string }
  Expired: {}
  Replayed: {}
  Unknown: {}
}>

/**
 * How far a consent session is, without what could be used to go on with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsentStatus {
  readonly provider: string
  readonly workload: string
  readonly state:
    | "Pending"
    | "Authorizing"
    | "Authorized"
    | "Completing"
    | "Completed"
    | "Refused"
    | "Rejected"
    | "Expired"
    | "ExchangeFailed"
  readonly openedAt: DateTime.Utc
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const BrowserAnswer: Data.TaggedEnum.Constructor<BrowserAnswer> = Data.taggedEnum<BrowserAnswer>()

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

const explanations = {
  Unknown: "there is no such session",
  Finished: "it has ended already",
  Expired: "its time is over",
  Failed: "the authorization server gave no code, or no token for it"
}

/**
 * A session that `approve`, `deny` or `expire` cannot be done to.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionError extends Schema.TaggedError<SessionError>("effect-agentcore-identity/local/SessionError")(
  "SessionError",
  {
    action: Schema.Literal("approve", "deny", "expire"),
    reason: Schema.Literal("Unknown", "Finished", "Expired", "Failed")
  }
) {
  override get message(): string {
    return `Cannot ${this.action} the session: ${explanations[this.reason]}`
  }
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/**
 * What the planes do not have: the browser's side of a consent, and the hand of a test.
 *
 * @since 0.1.0
 * @category services
 */
export interface Service {
  /**
   * The issuer of the JWTs that stand for those of AWS (`SecurityTokenService`). It is the backend's `publicUrl`, where a
   * server has to publish `metadata` and `keySet`.
   */
  readonly issuer: Pick<LocalIssuer.LocalIssuer, "metadata" | "keySet">
  /**
   * `GET /identities/oauth2/authorize?request_uri=…`: sends the browser to the authorization server. May be repeated until
   * the user has consented.
   */
  readonly authorize: (requestUri: Redacted.Redacted) => Effect.Effect<BrowserAnswer>
  /**
   * `GET /identities/oauth2/callback/<id>?…`: takes the authorization server's answer, once, and sends the browser on to the
   * return URL with `session_id` and the custom state. Only the query of the URL is looked at.
   */
  readonly callback: (callbackId: string, callbackUrl: Redacted.Redacted) => Effect.Effect<BrowserAnswer>
  /**
   * Consents in the user's place, and completes the session for the user who opened it. It makes the authorization server's
   * answer itself, which only `OAuthClient.layerScripted` takes: any other server ends the session as failed.
   */
  readonly approve: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /**
   * Refuses consent in the user's place: the next poll says failed.
   */
  readonly deny: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /**
   * Ends the session as if its time were over.
   */
  readonly expire: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /**
   * The consent sessions there are, the newest first: also ended ones, for as long as they are remembered.
   */
  readonly consents: Effect.Effect<ReadonlyArray<ConsentStatus>>
}

/**
 * @since 0.1.0
 * @category services
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as DataPlane from "effect-agentcore-identity/DataPlane"
 * import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * // A user's token from the first call to the last, without HTTP.
 * const program = Effect.gen(function*() {
 *   const controlPlane = yield* ControlPlane.ControlPlane
 *   const dataPlane = yield* DataPlane.DataPlane
 *   const backend = yield* LocalBackend.LocalBackend
 *   const returnUrl = "https://agent.example.com/consent"
 *   yield* controlPlane.createWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
 *   yield* controlPlane.createOauth2CredentialProvider({
 *     name: "calendar",
 *     credentialProviderVendor: "CustomOauth2",
 *     oauth2ProviderConfigInput: {
 *       customOauth2ProviderConfig: {
 *         oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
 *         clientId: "agent",
 *         clientSecret: Redacted.make("for the script")
 *       }
 *     }
 *   })
 *   const { workloadAccessToken } = yield* dataPlane.getWorkloadAccessTokenForUserId({
 *     workloadName: "agent",
 *     userId: "alice"
 *   })
 *   const ask = dataPlane.getResourceOauth2Token({
 *     workloadIdentityToken: workloadAccessToken,
 *     resourceCredentialProviderName: "calendar",
 *     scopes: ["read"],
 *     oauth2Flow: "USER_FEDERATION",
 *     resourceOauth2ReturnUrl: returnUrl
 *   })
 *   const first = yield* ask
 *   if (first._tag === "ConsentRequired") yield* backend.approve(first.sessionUri)
 *   return (yield* ask)._tag
 * })
 *
 * const planes = LocalBackend.layer().pipe(Layer.provide(OAuthClient.layerScripted()))
 *
 * Effect.runPromise(Effect.provide(program, planes)).then(console.log) // Issued
 */
export class LocalBackend
  extends Context.Tag("effect-agentcore-identity/local/LocalBackend")<LocalBackend, Service>()
{}

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * A backend over the store in context: `VaultFile.layer`, from which the backend goes on where the last one ended. Workload
 * identities, providers, tokens of users, and workload access tokens until they expire are there again; consent sessions too, but
 * for exchanges of a code that were under way: these have failed.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStore = (
  options: Options = {}
): Layer.Layer<
  LocalBackend | Planes,
  StoreError,
  OAuthClient | Store
> =>
  Layer.scopedContext(Effect.gen(function*() {
    const publicUrl = (options.publicUrl ?? "http://127.0.0.1:4020").replace(/\/+$/, "")
    const account = { region: options.region ?? "us-west-2", accountId: options.accountId ?? "123456789012" }
    const settings = options.settings ?? {}
    const issuer = yield* LocalIssuer.make(publicUrl, account)
    const workloadTokens = yield* WorkloadToken.make(
      Duration.decode(options.workloadAccessTokenLifetime ?? "60 minutes")
    )
    const vault = yield* Vault.make
    const sessionLifetime = Duration.toMillis(options.sessionLifetime ?? "10 minutes")
    const sessions = yield* SessionStore.make(sessionLifetime)
    const registry = yield* Registry.make({
      account,
      publicUrl,
      settings,
      awsToken: issuer.tokenFor,
      store: yield* Store,
      consentPortalDelay: Duration.toMillis(options.consentPortalDelay ?? "1 second"),
      // A session of the workload that was must not end in a token of the one that comes after it.
      dropWorkload: (name) =>
        Effect.zipRight(
          Effect.flatMap(sessions.all, (all) =>
            Effect.forEach(
              all.filter(([{ key }]) => Vault.workloadOf(key) === name),
              ([session]) => Effect.ignore(sessions.apply(session, Sessions.Event.Expired())),
              { discard: true }
            )),
          vault.dropWorkload(name)
        ),
      dropOauth2Provider: vault.dropProvider
    })
    const client = yield* OAuthClient
    const serverOf = SessionServer.find(registry)
    const operations = Operations.make({
      client,
      publicUrl,
      registry,
      serverOf,
      sessions,
      settings,
      vault,
      workloadTokens
    })
    const browser = Browser.make({
      client,
      serverOf,
      sessions,
      customStateParameter: options.customStateParameter ?? "state"
    })

    const answer = (method: string, effect: Effect.Effect<Browser.Answer>): Effect.Effect<BrowserAnswer> =>
      Effect.withSpan(effect, `LocalBackend.${method}`, { captureStackTrace: false })

    /** What a test does to a session, in the steps that a browser and an application take. */
    const act = (
      action: SessionError["action"],
      sessionUri: Redacted.Redacted,
      steps: (session: SessionStore.Session) => Effect.Effect<void, SessionError["reason"]>
    ): Effect.Effect<void, SessionError> =>
      Effect.flatMap(
        sessions.byUri(sessionUri),
        Option.match({ onNone: () => Effect.fail("Unknown" as const), onSome: steps })
      ).pipe(
        Effect.mapError((reason) => new SessionError({ action, reason })),
        Effect.withSpan(`LocalBackend.${action}`, { captureStackTrace: false })
      )

    return Context.mergeAll(
      Context.make(DataPlane.DataPlane, DataPlane.make(operations.dataPlane)),
      Context.make(ControlPlane.ControlPlane, ControlPlane.make(registry.controlPlane)),
      Context.make(SecurityTokenService.SecurityTokenService, SecurityTokenService.make(issuer)),
      Context.make(
        LocalBackend,
        LocalBackend.of({
          issuer,
          authorize: (requestUri) => answer("authorize", browser.authorize(requestUri)),
          callback: (callbackId, callbackUrl) => answer("callback", browser.callback(callbackId, callbackUrl)),
          approve: (sessionUri) =>
            act("approve", sessionUri, (session) =>
              Effect.zipRight(
                browser.answerAs(session, { code: "approved" }),
                Effect.mapError(
                  operations.complete(session, session.artifact),
                  (error) =>
                    error === "Expired" || error === "Finished" ? error : error === "Replayed" ? "Finished" : "Failed"
                )
              )),
          deny: (sessionUri) =>
            act("deny", sessionUri, (session) => browser.answerAs(session, { error: "access_denied" })),
          expire: (sessionUri) => act("expire", sessionUri, browser.expire),
          consents: Effect.map(sessions.all, (all) =>
            all.map(([session, state]): ConsentStatus => ({
              provider: session.provider.name,
              workload: Vault.workloadOf(session.key),
              state: state._tag === "Failed" ? state.reason : state._tag,
              openedAt: DateTime.unsafeMake(session.expiresAt - sessionLifetime)
            })).reverse())
        })
      )
    )
  }))

/**
 * A backend of its own, empty at first, behind all planes. Everything it holds goes with the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<LocalBackend | Planes, never, OAuthClient> =>
  // What is kept in this process does not fail to be kept.
  Layer.orDie(Layer.provide(layerStore(options), layerMemory))
