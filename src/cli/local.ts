/**
 * `agentcore-identity local`: AgentCore Identity on this machine, for programs in any language.
 *
 * Standard output has the environment that points them at it, as `export NAME=value` lines and one blank line, and nothing else:
 * `eval "$(agentcore-identity local &)"` sets it up, and `kill "$AGENTCORE_LOCAL_PID"` ends it. All else goes to standard error.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import * as IdentitySetup from "../IdentitySetup.js"
import type * as AuthorizationServer from "../local/AuthorizationServer.js"
import * as LocalServer from "../local/LocalServer.js"
import * as OAuthClient from "../local/OAuthClient.js"
import * as VaultFile from "../local/VaultFile.js"
import * as VaultStore from "../local/VaultStore.js"
import * as Output from "./output.js"

/** @internal */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly authorizationServer: boolean
  readonly authorizationServerPort: Option.Option<number>
  readonly authorizationServerScope: ReadonlyArray<string>
  readonly config: Option.Option<string>
  readonly vault: Option.Option<string>
  readonly signatures: LocalServer.Signatures
  readonly allowedHost: ReadonlyArray<string>
  readonly publicUrl: Option.Option<string>
  readonly allowRemote: boolean
  readonly account: Option.Option<string>
  readonly region: Option.Option<string>
}

/** @internal */
export class CannotReadFile extends Data.TaggedError("CannotReadFile")<{ readonly message: string }> {}

/** @internal */
export class CannotListen extends Data.TaggedError("CannotListen")<{ readonly message: string }> {}

const portInUse = (flag: string) => (error: { readonly reason: string; readonly message: string }) =>
  error.reason === "Listen" && error.message.includes("EADDRINUSE")
    ? new CannotListen({ message: `${error.message}: the port is in use, choose another one with ${flag}` })
    : undefined

const random = Effect.sync(() => Redacted.make(randomBytes(32).toString("base64url")))

// -----------------------------------------------------------------------------
// The development authorization server
// -----------------------------------------------------------------------------

const clientId = "agentcore"

const secretVariable = "AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"

/** The scopes of `agentcore`, beside those of the command line. */
const commonScopes = ["profile:read", "reports:read", "reports:write", "profile", "email", "read", "write"]

interface RunningAuthorizationServer {
  readonly service: AuthorizationServer.Service
  readonly clientSecret: Redacted.Redacted
}

/** From the environment; else the one in the vault, so that providers in the vault go on to work; else a new one. */
const clientSecretOf: Effect.Effect<Redacted.Redacted, VaultStore.VaultStoreError, VaultStore.VaultStore> = Effect.gen(
  function*() {
    const given = yield* Effect.option(Config.redacted(secretVariable))
    if (Option.isSome(given)) return given.value
    const secrets = (yield* VaultStore.VaultStore).collection("command-line", Schema.Redacted(Schema.String))
    const stored = yield* secrets.get(secretVariable)
    if (Option.isSome(stored)) return stored.value
    const secret = yield* random
    yield* secrets.put(secretVariable, secret)
    return secret
  }
)

const startAuthorizationServer = ({ authorizationServerPort, host, port }: Settings) =>
  Effect.gen(function*() {
    const { make } = yield* Effect.promise(() => import("../local/AuthorizationServer.js"))
    const service = yield* make({
      // Browsers are sent to it: it needs an address that they can go to.
      host: host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host,
      port: Option.getOrElse(authorizationServerPort, () => port === 0 ? 0 : port + 1)
    }).pipe(Effect.mapError((error) => portInUse("--authorization-server-port")(error) ?? error))
    const running: RunningAuthorizationServer = { service, clientSecret: yield* clientSecretOf }
    return running
  })

const registerClient = (
  { clientSecret, service }: RunningAuthorizationServer,
  urls: ReadonlyArray<string>,
  scopes: ReadonlyArray<string>
) =>
  service.registerClient({
    clientId,
    clientSecret,
    name: "AgentCore Identity on this machine",
    redirectUris: [...new Set(urls)].map((url) => `${url}/identities/oauth2/callback/*`),
    scopes: [...new Set([...commonScopes, ...scopes])]
  })

const oauthEnvironment = ({ clientSecret, service }: RunningAuthorizationServer): Output.Environment => ({
  AGENTCORE_LOCAL_OAUTH_ISSUER: service.issuer,
  AGENTCORE_LOCAL_OAUTH_CLIENT_ID: clientId,
  [secretVariable]: Redacted.value(clientSecret)
})

// -----------------------------------------------------------------------------
// Configuration
// -----------------------------------------------------------------------------

/** References in the file find what this program exports, too. */
const readSetup = (file: string, exported: Output.Environment) =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (error) =>
      new CannotReadFile({
        message: `Cannot read ${file}: ${error instanceof Error && "code" in error ? String(error.code) : "unreadable"}`
      })
  }).pipe(
    Effect.flatMap((text) => IdentitySetup.parse(text, { file })),
    Effect.withConfigProvider(
      ConfigProvider.orElse(
        ConfigProvider.fromMap(new Map(Object.entries(exported))),
        () => ConfigProvider.fromEnv()
      )
    )
  )

const applySetup = (setup: IdentitySetup.IdentitySetup) =>
  // A vault may have the secrets of another day.
  Effect.flatMap(IdentitySetup.apply(setup, { rotateSecrets: true }), (changes) =>
    Effect.forEach(
      changes.filter(({ action }) => action !== "unchanged"),
      ({ action, kind, name }) => Effect.logInfo(`${kind}: '${name}' ${action}d`),
      { discard: true }
    ))

// -----------------------------------------------------------------------------
// Signatures
// -----------------------------------------------------------------------------

interface Signing {
  readonly credentials: ReadonlyArray<LocalServer.Credentials>
  /** What a caller needs who was not the one to choose the credentials. */
  readonly environment: Output.Environment
}

const givenCredentials = Config.all({
  accessKeyId: Config.string("AGENTCORE_LOCAL_ACCESS_KEY_ID"),
  secretAccessKey: Config.redacted("AGENTCORE_LOCAL_SECRET_ACCESS_KEY"),
  sessionToken: Config.withDefault(Config.redacted("AGENTCORE_LOCAL_SESSION_TOKEN"), undefined)
})

/** `verify` knows the credentials of the environment, or makes some up. */
const signing = (signatures: LocalServer.Signatures): Effect.Effect<Signing> =>
  signatures !== "verify"
    ? Effect.succeed({ credentials: [], environment: {} })
    : Effect.matchEffect(givenCredentials, {
      onSuccess: (credentials) => Effect.succeed({ credentials: [credentials], environment: {} }),
      onFailure: () =>
        Effect.map(random, (secretAccessKey) => {
          const accessKeyId = `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`
          return {
            credentials: [{ accessKeyId, secretAccessKey }],
            environment: {
              AWS_ACCESS_KEY_ID: accessKeyId,
              AWS_SECRET_ACCESS_KEY: Redacted.value(secretAccessKey),
              // One of the shell's would be signed as well.
              AWS_SESSION_TOKEN: ""
            }
          }
        })
    })

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

const storeOf = Option.match({
  onNone: () => VaultStore.layerMemory,
  onSome: (path: string) => VaultFile.layerConfig({ path })
})

const start = (settings: Settings) =>
  Effect.gen(function*() {
    const { credentials, environment: signingEnvironment } = yield* signing(settings.signatures)
    const authorizationServer = settings.authorizationServer
      ? Option.some(yield* startAuthorizationServer(settings))
      : Option.none()
    const oauth = Option.match(authorizationServer, { onNone: () => ({}), onSome: oauthEnvironment })
    const setup = Option.isSome(settings.config) ? yield* readSetup(settings.config.value, oauth) : {}

    const context = yield* Layer.build(LocalServer.layerStore({
      host: settings.host,
      port: settings.port,
      allowRemote: settings.allowRemote,
      allowedHosts: settings.allowedHost,
      signatures: settings.signatures,
      credentials,
      publicUrl: Option.getOrUndefined(settings.publicUrl),
      accountId: Option.getOrUndefined(settings.account),
      region: Option.getOrUndefined(settings.region),
      settings: setup.local
    })).pipe(
      Effect.provide(OAuthClient.layer),
      Effect.mapError((error) => error._tag === "LocalServerError" ? portInUse("--port")(error) ?? error : error)
    )
    const server = Context.get(context, LocalServer.LocalServer)
    if (Option.isSome(authorizationServer)) {
      yield* registerClient(
        authorizationServer.value,
        [server.url, ...Option.toArray(settings.publicUrl)],
        settings.authorizationServerScope
      )
    }
    yield* Effect.provide(applySetup(setup), context)

    yield* Effect.logInfo(`AgentCore Identity is ready at ${server.url}`).pipe(
      Effect.annotateLogs({
        signatures: settings.signatures,
        vault: Option.getOrElse(settings.vault, () => "in memory"),
        ...Option.match(authorizationServer, {
          onNone: () => ({}),
          onSome: ({ service }) => ({ authorizationServer: service.issuer })
        })
      })
    )
    yield* Output.print({
      ...server.environment,
      ...signingEnvironment,
      ...oauth,
      AGENTCORE_LOCAL_PID: String(process.pid)
    })
  })

/**
 * Runs until it is interrupted.
 *
 * @internal
 */
export const run = (settings: Settings) =>
  Effect.zipRight(start(settings), Effect.never).pipe(
    Effect.scoped,
    Effect.provide(storeOf(settings.vault))
  )
