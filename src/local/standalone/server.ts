/**
 * A local server that stands alone, perhaps with an authorization server: what the command `agentcore-identity local` and
 * `promise/LocalIdentity` run.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { IdentitySetup } from "../../IdentitySetup.js"
import type { AuthorizationServerError } from "../AuthorizationServer.js"
import * as LocalControl from "../LocalControl.js"
import * as LocalServer from "../LocalServer.js"
import * as OAuthClient from "../OAuthClient.js"
import type { VaultStore, VaultStoreError } from "../VaultStore.js"
import * as AuthorizationServer from "./authorizationServer.js"

export type Environment = AuthorizationServer.Environment

export interface AuthorizationServerOptions {
  /** Default: a free one. */
  readonly port?: number | undefined
  /** More scopes of the client `agentcore`. */
  readonly scopes?: ReadonlyArray<string> | undefined
  /** More APIs that tokens can be for. */
  readonly audiences?: ReadonlyArray<string> | undefined
  /** Redirect URIs of an application that signs in users with the client. */
  readonly redirectUris?: ReadonlyArray<string> | undefined
  /** More issuers whose JWTs it exchanges, beside itself and the local STS. */
  readonly trustedIssuers?: ReadonlyArray<string> | undefined
}

export interface Options<E>
  extends Omit<LocalServer.Options, "authorizationServer" | "environment" | "setup" | "settings">
{
  readonly authorizationServer: AuthorizationServerOptions | undefined
  /** Reads the setup. Its references can name the variables of the authorization server. */
  readonly load: (variables: Environment) => Effect.Effect<
    { readonly setup?: IdentitySetup | undefined; readonly settings?: LocalServer.Options["settings"] },
    E
  >
}

export interface Running {
  readonly server: LocalServer.Service
  readonly control: LocalControl.Service
  readonly authorizationServer: Option.Option<AuthorizationServer.Running>
  /** The variables for programs that use it, with its secrets and the token of its control. */
  readonly environment: Environment
}

/** Starts it, over the store in context. It runs until the end of the scope. */
export const start = <E>(
  { authorizationServer: options, load, ...serverOptions }: Options<E>
): Effect.Effect<
  Running,
  E | AuthorizationServerError | LocalServer.LocalServerError | VaultStoreError,
  Scope.Scope | VaultStore
> =>
  Effect.gen(function*() {
    const { allowRemote = false, allowedHosts = [], host: given = "127.0.0.1", publicUrl } = serverOptions
    // The server refuses these, when it starts later.
    const host = !allowRemote && (given === "0.0.0.0" || given === "::") ? "127.0.0.1" : given
    const authorizationServer = options === undefined
      ? Option.none()
      : Option.some(yield* AuthorizationServer.start({ ...options, host, allowedHosts }))
    const oauth = Option.match(authorizationServer, {
      onNone: () => ({ environment: {}, secrets: {} }),
      onSome: AuthorizationServer.toEnvironment
    })
    const secretEnvironment = {
      ...serverOptions.secretEnvironment,
      ...Record.map(oauth.secrets, (value) => Redacted.make(value))
    }
    const { settings, setup } = yield* load({ ...oauth.environment, ...oauth.secrets })
    const context = yield* Layer.build(LocalServer.layerStore({
      ...serverOptions,
      setup,
      settings,
      authorizationServer: Option.getOrUndefined(Option.map(authorizationServer, ({ service }) => service)),
      environment: oauth.environment,
      secretEnvironment
    })).pipe(Effect.provide(OAuthClient.layer))
    const server = Context.get(context, LocalServer.LocalServer)
    if (Option.isSome(authorizationServer)) {
      yield* AuthorizationServer.registerClient(authorizationServer.value, {
        urls: [server.url, ...(publicUrl === undefined ? [] : [publicUrl])],
        redirectUris: options?.redirectUris ?? [],
        scopes: options?.scopes ?? []
      })
      yield* AuthorizationServer.trustSts(authorizationServer.value, { url: server.url, publicUrl })
    }
    return {
      server,
      control: Context.get(context, LocalControl.LocalControl),
      authorizationServer,
      environment: {
        ...server.environment,
        ...Record.map(secretEnvironment, Redacted.value),
        AGENTCORE_LOCAL_TOKEN: Redacted.value(server.controlToken)
      }
    }
  })
