/**
 * AgentCore Identity in this process: workload identities, credential providers, workload access tokens, the token
 * vault and consent sessions. It implements all planes, and reaches authorization servers only through `OAuthClient`.
 * `LocalIdentity` lists what AWS does not document.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tls from "node:tls"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import * as IamPolicy from "../../internal/iamPolicy.js"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import { codeOf } from "../../internal/messages.js"
import * as Constraint from "../../internal/models/constraint.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Plane from "../../internal/plane/plane.js"
import * as Validation from "../../internal/plane/validation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import * as SafeFile from "../internal/safeFile.js"
import { OAuthClient } from "../oauth/oauthClient.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"
import * as Authorization from "./authorization.js"
import * as Consent from "./consent.js"
import * as Operations from "./dataPlane.js"
import { makePlane } from "./failures.js"
import * as LocalIssuer from "./issuer.js"
import * as Registry from "./registry.js"
import * as Rejections from "./rejections.js"
import { Event } from "./session.js"
import * as SessionStore from "./sessionStore.js"
import * as Grants from "./userGrants.js"
import * as Vault from "./vault.js"
import * as WorkloadToken from "./workloadToken.js"

export type Settings = typeof LocalSettings.Type

export interface Options {
  /** The region in ARNs. Default: `us-west-2`. */
  readonly region?: string | undefined
  /** The account in ARNs. Default: `123456789012`. */
  readonly accountId?: string | undefined
  /**
   * The address for browsers. Authorization and callback URLs begin with it. Default: the address that the server
   * listens on, or `http://127.0.0.1:4020` without a server.
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
   * Replacements for Secrets Manager, KMS and the vendors' authorization servers. Default: none. The effect runs at
   * each use.
   */
  readonly settings?: Effect.Effect<Settings> | undefined
  /**
   * The IAM policy of the planes in this process, and in a local server of the access key `agent` with the secret
   * `agent`, which its environment then has. The control and other keys may do everything. Default: none, everything is
   * allowed. It tests a policy, and is not a security boundary.
   *
   * `Credentials.policy` makes one.
   * The server evaluates `Action`, `NotAction`, `Resource` and `NotResource` with `*` and `?`, and `Condition` with the
   * operators of strings, numbers, dates, ARNs and booleans. A policy with anything else is invalid.
   *
   * AWS's pages differ about the key of a resource's tags. The page about tagging has an example with
   * `bedrock-agentcore:ResourceTag`, which is invalid here. The service reference has `aws:ResourceTag`. The token
   * vault and the directory are authorized with the same condition, so they need the tag too.
   */
  readonly policy?: IamPolicy.Policy | undefined
}

export type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | SecurityTokenService.SecurityTokenService

/** A running backend. It implements the planes, and acts for browsers and for the users of pending consents. */
export class LocalBackend extends Context.Service<
  LocalBackend,
  ReturnType<typeof Consent.make> & ReturnType<typeof Grants.make> & {
    /** The issuer of the JWTs of `SecurityTokenService`. A local server publishes its `metadata` and `keySet`. */
    readonly issuer: LocalIssuer.LocalIssuer
  }
>()("effect-agentcore-identity/local/LocalBackend") {}

const string = Constraint.optional(Schema.String)

const duration = Constraint.optional(OptionType.DurationInput)

const optionFields = {
  region: string,
  accountId: string,
  publicUrl: string,
  sessionLifetime: duration,
  consentPortalDelay: duration,
  settings: Constraint.optional(OptionType.AnyEffect),
  policy: Constraint.optional(IamPolicy.Policy)
} satisfies { readonly [K in keyof Options]-?: unknown }

const checkOptions = Validation.makeCheck("LocalIdentity", () => optionFields)

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
 * A backend over the store in context, for example a vault file. A new backend over a store continues with its
 * workload identities, providers, users' tokens, consent sessions, and workload access tokens that have not expired. A
 * code exchange that was interrupted fails.
 */
export const layer = (options: Options = {}): Layer.Layer<
  LocalBackend | Planes,
  VaultStoreError,
  OAuthClient | VaultStore
> => Validation.makeLayer(checkOptions, options, makeLayer)

const makeLayer = (options: Options): ReturnType<typeof layer> =>
  Layer.effectContext(Effect.gen(function*() {
    const { account, publicUrl } = LocalIssuer.readLocation(options)
    const settings = Effect.tap(
      options.settings ?? Effect.succeed<Settings>({}),
      ({ certificateAuthorities: files = [] }) => trustAuthorities(files)
    )
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
              all.filter(([{ key }]) => Vault.readKey(key).workload === name),
              ([session]) => Effect.ignore(sessions.apply(session, Event.Expired())),
              { discard: true }
            )),
          vault.dropWorkload(name)
        ),
      dropOauth2Provider: vault.dropProvider
    })
    const dependencies = { client, publicUrl, registry, sessionLifetime, sessions, settings, vault, workloadTokens }
    const authorized = Authorization.make({
      account,
      settings,
      policy: options.policy,
      findWorkload: (token) => Effect.map(workloadTokens.open(token), (claims) => claims?.workload),
      findSession: (uri) =>
        Effect.map(sessions.byUri(uri), (session) =>
          session && { workload: Vault.readKey(session.key).workload, provider: session.provider.name }),
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
    return Context.make(LocalBackend, { issuer, ...Consent.make(dependencies), ...Grants.make(dependencies) }).pipe(
      Context.add(
        DataPlane.DataPlane,
        DataPlane.make(authorized(data, makePlane(data, Operations.make(dependencies))))
      ),
      Context.add(
        ControlPlane.ControlPlane,
        ControlPlane.make(authorized(control, makePlane(control, registry.controlPlane)))
      ),
      Context.add(
        SecurityTokenService.SecurityTokenService,
        Plane.make("SecurityTokenService", SecurityTokenService.operations, authorized(sts, issuer))
      )
    )
  }))
