/**
 * AgentCore Identity over HTTP: the wire protocol of both planes (REST-JSON 1, one port), STS at `POST /`, the pages of
 * a user's consent, the control at `/_local/`, the console, `GET /health`, and an access log at the level Debug.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomBytes, randomUUID } from "node:crypto"
import * as Constraint from "../../internal/models/constraint.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import * as ServerSpans from "../../internal/serverSpans.js"
import { agentKey } from "../backend/authorization.js"
import { unrestrictedKey } from "../backend/callContext.js"
import type * as LocalBackend from "../backend/localBackend.js"
import * as Control from "../control/control.js"
import * as Requests from "../control/requestRecords.js"
import { LocalControl } from "../LocalControl.js"
import type { OAuthClient } from "../oauth/oauthClient.js"
import type { VaultStore } from "../vault/vaultStore.js"
import * as ConsoleRoutes from "./consoleRoutes.js"
import * as ControlRoutes from "./controlRoutes.js"
import type * as Dispatch from "./dispatch.js"
import { respondToAll, serveDocument } from "./dispatch.js"
import { headers } from "./errors.js"
import * as Listen from "./listen.js"
import * as LiveEvents from "./liveEvents.js"
import * as NodeServer from "./nodeServer.js"
import * as Routes from "./protocolRoutes.js"
import * as RequestLog from "./requestLog.js"
import { LocalServer, LocalServerError, type SignatureOptions } from "./serverModels.js"
import * as Signature from "./verifySignature.js"

export interface Options extends Control.Options, SignatureOptions {
  /**
   * More host names of the server, next to `localhost` and IP addresses: `identity` in a network of containers, for
   * instance. Requests for any other name are rejected, because of DNS rebinding.
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
  /** A name or address of this machine. Default: `127.0.0.1`. Any but a loopback one needs `allowRemote`. */
  readonly host?: string | undefined
  /** Allows a host that other machines can reach. Default: false. */
  readonly allowRemote?: boolean | undefined
  /** Default: a free port. */
  readonly port?: number | undefined
  /**
   * More variables for programs that use the server, such as the issuer of an authorization server. Variables with
   * secrets belong in `secretEnvironment`.
   */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Variables with secrets. Only the console shows them. Default: none. */
  readonly secretEnvironment?: Readonly<Record<string, Redacted.Redacted>> | undefined
}

// The backend checks its own options.
const rejectOptions = Validation.makeCheck("LocalIdentity", () => ({
  signatures: Constraint.optional(Schema.Literals(["presence", "verify", "off"])),
  allowedHosts: Constraint.optional(Schema.Array(Schema.String)),
  host: Constraint.optional(Schema.String),
  allowRemote: Constraint.optional(Schema.Boolean),
  port: Constraint.optional(OptionType.Port)
}))

/** For supervisors. */
const respondHealth = Effect.sync(() =>
  HttpServerResponse.jsonUnsafe({ status: "ok" }, { headers: { "x-amzn-requestid": randomUUID(), ...headers } })
)

const makeEnvironment = (
  url: string,
  { environment, policy, region = "us-west-2", signatures }: Options
): LocalServer["Service"]["environment"] => {
  const key = policy === undefined ? unrestrictedKey : agentKey
  return {
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: url,
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: url,
    AWS_ENDPOINT_URL_STS: url,
    BEDROCK_AGENTCORE_DP_ENDPOINT: url,
    BEDROCK_AGENTCORE_CP_ENDPOINT: url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...signatures === "verify" ? undefined : { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: key },
    // SDKs would also sign a session token of the shell.
    ...policy === undefined ? undefined : { AWS_SESSION_TOKEN: "" },
    AWS_EC2_METADATA_DISABLED: "true",
    ...environment
  }
}

/**
 * Starts a server on a port of this machine, with its own backend over the store in context. The layer also provides
 * the planes, in process. It needs the package `@effect/platform-node`, which it loads when it is built.
 */
export const layer = (options: Options = {}): Layer.Layer<
  LocalServer | LocalControl | LocalBackend.LocalBackend | LocalBackend.Planes,
  LocalServerError,
  OAuthClient | VaultStore
> => {
  const { allowRemote, allowedHosts, host, port, signatures } = options
  return Validation.makeLayer(
    () => rejectOptions({ allowRemote, allowedHosts, host, port, signatures }),
    options,
    makeLayer
  )
}

const makeLayer = (options: Options): ReturnType<typeof layer> =>
  Layer.unwrap(Effect.gen(function*() {
    const { allowRemote, allowedHosts, credentials, environment: _, port, signatures, ...rest } = options
    const { host = "127.0.0.1", secretEnvironment = {}, ...backend } = rest
    const { node, server, url } = yield* Listen.listen({ host, port, allowRemote, signatures, credentials })
    const publicUrl = options.publicUrl ?? url
    const publicHost = URL.parse(publicUrl)?.hostname
    const requests = yield* Requests.make
    const settings: Dispatch.Settings = {
      allowedHosts: [host, publicHost ?? host, ...allowedHosts ?? []],
      signatures: Signature.make(signatures, credentials, options.policy !== undefined),
      access: RequestLog.recordAccess(requests)
    }
    const codes = yield* ConsoleRoutes.makeConsoleCodes
    const self: LocalServer["Service"] = {
      url,
      environment: makeEnvironment(url, options),
      controlToken: Redacted.make(randomBytes(32).toString("base64url")),
      consoleUrl: Effect.map(codes.issue, (code) => Redacted.make(`${url}${ConsoleRoutes.path}#code=${code}`))
    }
    const serve = Effect.gen(function*() {
      const control = yield* LocalControl
      // The router of `HttpRouter.layer` would be shared with other servers of the program.
      const router = yield* HttpRouter.make
      yield* Routes.add(router, settings)
      yield* router.add("GET", "/health", serveDocument("health", settings, respondHealth))
      yield* ConsoleRoutes.add(router, settings)
      const events = LiveEvents.make(requests)
      yield* ControlRoutes.add(router, settings, { codes, control, secretEnvironment, server: self }, events)
      yield* ServerSpans.disableUnusedSpans(node.serve(server, respondToAll(router.asHttpEffect(), settings)))
      // Runs before the backend is released, so that earlier requests get their responses. Live events never end.
      yield* Effect.addFinalizer(() => Effect.andThen(events.end, NodeServer.stop(node.server)))
      return self
    })
    return Layer.effect(LocalServer, serve).pipe(
      Layer.provide(Routes.layerRedaction),
      Layer.provideMerge(Layer.provide(
        Control.layer({ ...backend, publicUrl }),
        Layer.succeed(Requests.SharedRequests, requests)
      )),
      Layer.catch((error) =>
        Layer.unwrap<Layer.Success<ReturnType<typeof layer>>, never, never, LocalServerError, never>(Effect.fail(
          new LocalServerError({
            reason: error._tag === "VaultStoreError" ? "Store" : "Setup",
            message: error.message
          })
        ))
      )
    )
  }))
