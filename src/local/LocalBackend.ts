/**
 * AgentCore Identity in this process: workload identities, credential providers, workload access tokens, the token
 * vault and consent sessions, in memory or in a vault file. It implements all planes, and reaches authorization servers
 * only through `OAuthClient`.
 *
 * AWS does not document all behaviour. The rest is an option here, or it is this:
 *
 * - A workload access token expires after 60 minutes. A token that was made of a user's JWT expires with the JWT, if
 *   that is earlier. The lifetime is a guess, and so is the parameter of the return URL with the custom state, `state`.
 * - A grant serves the requests of one shape: the same scopes, resources and audiences in any order, and the same
 *   custom parameters. `forceAuthentication` drops the grant of its shape.
 * - A poll in another shape than its session's fails.
 * - Secrets and keys by reference are read at each request for a credential, even if the vault contains a token. A
 *   secret or key that is not in the settings is an `AccessDeniedException`. For KMS keys its message is a guess.
 * - `USER_FEDERATION` needs a workload access token of a user.
 * - Tokens on behalf of a user are not stored, so each call sends a request to the authorization server. The vendor
 *   `OktaOauth2` runs the flow only if the settings enable it.
 * - The grant type `TOKEN_EXCHANGE` needs its configuration. An update cannot change the vendor. The messages are
 *   guesses.
 * - An update checks the discovery URL, as a creation does. An update without `privateKeyJwtConfig` keeps the previous
 *   one.
 * - A provider of a seed or a setup may have a KMS key of another region.
 * - The deletion of an OAuth2 credential provider fails with a conflict if a consent portal uses it.
 * - The IdP of a consent portal has to issue JWTs: it is a provider of the vendor `CustomOauth2`, `MicrosoftOauth2`, or
 *   of a vendor whose endpoints the request names. AWS documents some of the rejected vendors. Its scopes include
 *   `openid`, also at creation.
 * - A consent portal is rejected if its role belongs to another account, or is not one of the roles in the settings.
 *   The message is that of AgentCore Runtime, a guess.
 * - A tag key that begins with `aws:` is rejected.
 * - IAM policies: a request for a list needs the action on all resources of its type, such as
 *   `token-vault/default/oauth2credentialprovider/*`. AWS documents no order of authorization
 *   and other checks.
 * - `GetCallerIdentity` names one role, in a session with the name of the access key.
 * - The creation of a workload identity has no exception for a quota. Beyond the quota the backend raises a
 *   `ValidationException`.
 * - Stripe Privy: the signed method is `POST`, and the signature expires after 30 minutes, as in the vendor's own SDK.
 *
 * Quotas are those of the AWS documentation: 11,000 workload identities, 50 credential providers of each kind, 50 tags.
 * `OAuthClient` checks users' JWTs with the keys that their issuers publish. Consent portals have no gateway. Their
 * URLs have the form of AWS, but no server responds there.
 *
 * AWS does not pass on the errors of authorization servers, and neither does this backend. It logs them as warnings,
 * with `error` and `error_description`.
 *
 * Payment tokens are real: they are made as the vendors document them. They are not sent to the vendors. If a
 * provider's secret is not a key of the vendor, the backend raises a `ValidationException`.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Tls from "node:tls"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import { LocalSettings } from "../identitySetup/localSettings.js"
import * as IamPolicy from "../internal/iamPolicy.js"
import { codeOf } from "../internal/messages.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import * as SecurityTokenService from "../SecurityTokenService.js"
import * as Authorization from "./backend/authorization.js"
import type {
  BrowserResponse,
  ConsentStatus,
  GrantError,
  GrantStatus,
  Issuer,
  RevocationOutcome,
  SessionError
} from "./backend/backendModels.js"
import * as Consent from "./backend/consent.js"
import * as Operations from "./backend/dataPlane.js"
import { makePlane } from "./backend/failures.js"
import * as LocalIssuer from "./backend/issuer.js"
import * as Registry from "./backend/registry.js"
import * as Rejections from "./backend/rejections.js"
import { Event } from "./backend/session.js"
import * as SessionStore from "./backend/sessionStore.js"
import * as Grants from "./backend/userGrants.js"
import * as Vault from "./backend/vault.js"
import * as WorkloadToken from "./backend/workloadToken.js"
import * as SafeFile from "./internal/safeFile.js"
import { OAuthClient } from "./OAuthClient.js"
import { layerMemory, VaultStore, type VaultStoreError } from "./VaultStore.js"

/**
 * @since 0.2.0
 */
export * from "./backend/backendModels.js"

export type {
  /**
   * Replacements for the parts of AWS and of the internet that the backend cannot reach.
   *
   * @since 0.2.0
   * @category models
   */
  LocalSettings as Settings
} from "../identitySetup/localSettings.js"

export type {
  /**
   * An identity-based IAM policy, in the form of AWS. `Credentials.policy` makes one. Evaluated are `Action`,
   * `NotAction`, `Resource` and `NotResource` with `*` and `?`, and `Condition` with the operators of strings, numbers,
   * dates, ARNs and booleans. A policy with anything else is invalid.
   *
   * AWS's pages differ about the key of a resource's tags. The page about tagging has an example with
   * `bedrock-agentcore:ResourceTag`, which is invalid here. The service reference has `aws:ResourceTag`. The token
   * vault and the directory are authorized with the same condition, so they need the tag too.
   *
   * @since 0.2.0
   * @category models
   */
  Policy
} from "../internal/iamPolicy.js"

/**
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The region in ARNs. Default: `us-west-2`. */
  readonly region?: string | undefined
  /** The account in ARNs. Default: `123456789012`. */
  readonly accountId?: string | undefined
  /**
   * The address of this backend for browsers. Authorization and callback URLs begin with it. Default:
   * `http://127.0.0.1:4020`.
   */
  readonly publicUrl?: string | undefined
  /** The lifetime of an authorization URL and its session. Default: 10 minutes (AWS documentation). */
  readonly sessionLifetime?: Duration.Input | undefined
  /**
   * How long a consent portal is `CREATING`, `UPDATING` or `DELETING`. Default: 1 second, a guess, because AWS does not
   * document it.
   */
  readonly consentPortalDelay?: Duration.Input | undefined
  /**
   * Replacements for Secrets Manager, KMS and the vendors' authorization servers. Default: none. An effect runs at each
   * use, so that a program can add secrets and keys while the backend runs.
   */
  readonly settings?: LocalSettings | Effect.Effect<LocalSettings> | undefined
  /**
   * The IAM policy of the planes in this process, and in a local server of the access key `agent` with the secret
   * `agent`, which its environment then has. The control and other keys may do everything. Default: none, everything is
   * allowed. It tests a policy, and is not a security boundary.
   */
  readonly policy?: IamPolicy.Policy | undefined
}

/**
 * The planes that the layers provide, in addition to the backend itself.
 *
 * @since 0.2.0
 * @category models
 */
export type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

/**
 * A running backend. It implements the planes, and acts for the users of pending consents.
 *
 * @since 0.2.0
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
export class LocalBackend extends Context.Service<LocalBackend, {
  /**
   * The issuer of the JWTs of `SecurityTokenService`. Its identifier is the backend's `publicUrl`. A local server
   * publishes `metadata` and `keySet` there.
   */
  readonly issuer: Issuer
  /**
   * `GET /identities/oauth2/authorize?request_uri=…`: redirects the browser to the authorization server. It can be
   * repeated until the user has consented.
   */
  readonly authorize: (requestUri: Redacted.Redacted) => Effect.Effect<BrowserResponse>
  /**
   * `GET /identities/oauth2/callback/<id>?…`: accepts the authorization response, once, and redirects the browser to
   * the return URL with `session_id` and the custom state. It reads only the query of the URL.
   */
  readonly callback: (callbackId: string, callbackUrl: Redacted.Redacted) => Effect.Effect<BrowserResponse>
  /**
   * Consents in place of the user, and completes the session for the user who opened it. The code is made up. Only
   * `OAuthClient.layerScripted` accepts it. With any other server the session fails.
   */
  readonly approve: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /** Denies consent in place of the user. The next poll returns `Failed`. */
  readonly deny: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /** Expires the session. */
  readonly expire: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /** Completes the session in place of the application, for the user who opened it. The user must have consented. */
  readonly complete: (sessionUri: Redacted.Redacted) => Effect.Effect<void, SessionError>
  /** Returns the session URI of a {@link ConsentStatus} by its `id`. */
  readonly findSession: (id: string) => Effect.Effect<Option.Option<Redacted.Redacted>>
  /** The consent sessions, the newest first. An ended session is listed until a day after its expiry. */
  readonly consents: Effect.Effect<ReadonlyArray<ConsentStatus>>
  /** The grants of users. */
  readonly grants: Effect.Effect<ReadonlyArray<GrantStatus>, VaultStoreError>
  /** Expires the access token of a grant. The next request refreshes it, or requires the user's consent. */
  readonly expireGrant: (id: string) => Effect.Effect<void, GrantError>
  /**
   * Revokes the refresh token at the authorization server, or the access token if there is no refresh token. The vault
   * keeps the grant, as AWS does, until its next refresh fails. If the server revokes no access tokens, the vault
   * removes the grant.
   */
  readonly revokeGrant: (id: string) => Effect.Effect<RevocationOutcome, GrantError>
  /** Removes a grant from the vault. The next request requires the user's consent. */
  readonly forgetGrant: (id: string) => Effect.Effect<void, GrantError>
}>()("effect-agentcore-identity/local/LocalBackend") {}

const string = Constraint.optional(Schema.String)

const duration = Constraint.optional(Validation.DurationInput)

const optionFields = {
  region: string,
  accountId: string,
  publicUrl: string,
  sessionLifetime: duration,
  consentPortalDelay: duration,
  settings: Constraint.optional(Schema.Union([Schema.toType(LocalSettings), Validation.AnyEffect])),
  policy: Constraint.optional(IamPolicy.Policy)
} satisfies { readonly [K in keyof Options]-?: unknown }

const checkOptions = Validation.makeCheck("LocalBackend.layer", () => optionFields)

/** The files that were read, also those that failed. A file is read once, because it seldom changes. */
const knownAuthorities = new Set<string>()

/**
 * Trusts the certificates in PEM files. `fetch` of Node has no option for them, so the whole process trusts them, as
 * with `NODE_EXTRA_CA_CERTS`. A file that cannot be used is logged, and then requests fail.
 */
const trustAuthorities = (files: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(files.filter((file) => !knownAuthorities.has(file)), (file) =>
    Effect.gen(function*() {
      knownAuthorities.add(file)
      const { bytes } = yield* SafeFile.read(file, { follow: true })
      yield* Effect.try({
        try: () => Tls.setDefaultCACertificates([...Tls.getCACertificates("default"), bytes.toString()]),
        catch: (cause) => ({ message: codeOf(cause) })
      })
    }).pipe(
      Effect.catch(({ message }) =>
        Effect.logWarning(`The file ${file} of certificateAuthorities cannot be used: ${message}`)
      )
    ), { discard: true })

/**
 * A backend over the store in context, for example `VaultFile.layer`. A new backend over a store continues with its
 * workload identities, providers, users' tokens, consent sessions, and workload access tokens that have not expired. A
 * code exchange that was interrupted fails.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerStore = (options: Options = {}): Layer.Layer<
  LocalBackend | Planes,
  VaultStoreError,
  OAuthClient | VaultStore
> => Validation.makeLayer(checkOptions, options, makeLayer)

const makeLayer = (options: Options): ReturnType<typeof layerStore> =>
  Layer.effectContext(Effect.gen(function*() {
    const { account, publicUrl } = LocalIssuer.readLocation(options)
    const given = Effect.isEffect(options.settings) ? options.settings : Effect.succeed(options.settings ?? {})
    const settings = Effect.tap(given, ({ certificateAuthorities: files = [] }) => trustAuthorities(files))
    const issuer = yield* Effect.flatMap(
      LocalIssuer.SharedIssuer,
      Option.match({ onNone: () => LocalIssuer.make(publicUrl, account), onSome: Effect.succeed })
    )
    const workloadTokens = yield* WorkloadToken.make(
      Effect.map(settings, (current) => Duration.fromInputUnsafe(current.workloadAccessTokenLifetime ?? "60 minutes"))
    )
    const client = Rejections.observe(yield* OAuthClient)
    const vault = yield* Effect.provideService(Vault.make, OAuthClient, client)
    const sessionLifetime = Duration.toMillis(options.sessionLifetime ?? Constraint.sessionLifetime)
    const sessions = yield* SessionStore.make(sessionLifetime)
    const registry = yield* Registry.make({
      account,
      client,
      publicUrl,
      settings,
      awsToken: (audience) =>
        Effect.andThen(Authorization.checkWebIdentity(account, audience), issuer.makeToken(audience)),
      store: yield* VaultStore,
      consentPortalDelay: Duration.toMillis(options.consentPortalDelay ?? "1 second"),
      // A session must not issue a token for a later workload with the same name.
      dropWorkload: (name) =>
        Effect.andThen(
          Effect.flatMap(sessions.all, (all) =>
            Effect.forEach(
              all.filter(([{ key }]) => Vault.readWorkload(key) === name),
              ([session]) => Effect.ignore(sessions.apply(session, Event.Expired())),
              { discard: true }
            )),
          vault.dropWorkload(name)
        ),
      dropOauth2Provider: vault.dropProvider
    })
    const parts = { client, publicUrl, registry, sessionLifetime, sessions, settings, vault, workloadTokens }
    const { complete, dataPlane } = Operations.make(parts)
    const authorized = Authorization.make({
      account,
      settings,
      policy: options.policy,
      findWorkload: (token) => Effect.map(workloadTokens.open(token), (claims) => claims?.workload),
      findSession: (uri) =>
        Effect.map(sessions.byUri(uri), (session) =>
          session && { workload: Vault.readWorkload(session.key), provider: session.provider.name }),
      findTags: (resourceArn) =>
        Effect.match(registry.controlPlane.listTagsForResource({ resourceArn }), {
          onFailure: () => ({}),
          onSuccess: ({ tags = {} }) =>
            tags
        })
    })
    const { operations: data } = DataPlane
    const { operations: control } = ControlPlane
    const { operations: sts } = SecurityTokenService
    return Context.make(LocalBackend, { issuer, ...Consent.make(parts, complete), ...Grants.make(parts) }).pipe(
      Context.add(DataPlane.DataPlane, DataPlane.make(authorized(data, makePlane(data, dataPlane)))),
      Context.add(
        ControlPlane.ControlPlane,
        ControlPlane.make(authorized(control, makePlane(control, registry.controlPlane)))
      ),
      Context.add(
        SecurityTokenService.SecurityTokenService,
        Validation.make("SecurityTokenService", SecurityTokenService.operations, authorized(sts, issuer))
      )
    )
  }))

/**
 * A backend in memory. It is empty at first, and its contents are dropped with the layer.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<LocalBackend | Planes, never, OAuthClient> =>
  // The store in memory does not fail.
  Layer.orDie(Layer.provide(layerStore(options), Layer.fresh(layerMemory)))
