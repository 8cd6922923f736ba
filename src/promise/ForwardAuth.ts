/**
 * Credentials for agents that never hold one: `http/ForwardAuth` without Effect, which describes the route and its
 * responses. {@link ForwardAuth} has the form `fetch` for `Request` and `Response`, and the form `node` for
 * `node:http`, Express and the like.
 *
 * @since 0.2.0
 * @example
 * import * as Connect from "effect-agentcore-identity/promise/Connect"
 * import * as ForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
 * import { createServer } from "node:http"
 *
 * // The application's own sign-in.
 * declare const userOf: (cookie: string | null) => Promise<string | undefined>
 *
 * const calendar = {
 *   providerName: "google",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   authFlow: "USER_FEDERATION" as const,
 *   callbackUrl: "https://app.example.com/connect/return"
 * }
 *
 * export const connect = Connect.make({
 *   path: "/connect",
 *   workload: "my-agent",
 *   credentials: { calendar },
 *   currentUser: async (request: Request) => {
 *     const userId = await userOf(request.headers.get("cookie"))
 *     return userId === undefined ? undefined : { userId }
 *   }
 * })
 *
 * const forwardAuth = ForwardAuth.make({
 *   workload: "my-agent",
 *   credentials: [
 *     { credential: calendar, origins: ["https://www.googleapis.com"] },
 *     { credential: { providerName: "weather" }, origins: ["https://api.weather.example.com"], header: "x-api-key" }
 *   ],
 *   connect
 * })
 *
 * // Only the proxy reaches this address.
 * createServer(forwardAuth.node).listen(4030, "127.0.0.1")
 *
 * // The program that starts a sandbox gives it the secret of a session.
 * export const start = async (userId: string) => (await forwardAuth.session({ userId })).token
 */
import type * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import type { DataPlane } from "../DataPlane.js"
import { Connect as HttpConnect } from "../http/Connect.js"
import type * as Http from "../http/ForwardAuth.js"
import * as Decide from "../http/forwardAuth/decide.js"
import * as Sessions from "../http/forwardAuth/sessions.js"
import type { AccessTokenOptions, ApiKeyOptions } from "../http/HttpClientCredentials.js"
import type * as Identity from "../Identity.js"
import { isDeclared } from "../internal/identity/declared.js"
import * as Validation from "../internal/plane/validation.js"
import { ConsentSignals } from "../PendingConsents.js"
import type * as Connect from "./Connect.js"
import type { ApiKeyWrapperConfig, OAuth2WrapperConfig, User } from "./Identity.js"
import { bind } from "./internal/callerContext.js"
import * as Config from "./internal/config.js"
import * as LazyRuntime from "./internal/lazyRuntime.js"
import * as Node from "./internal/nodePages.js"
import * as Stores from "./internal/stores.js"
import { toRedacted, toUserIdentifier } from "./internal/workload.js"

/**
 * The options of {@link make}: those of `http/ForwardAuth`, for programs without Effect.
 *
 * @since 0.2.0
 * @category models
 */
export type Options =
  & Pick<Http.Options, "trust" | "workload">
  & {
    /**
     * The credentials with their origins: a class of `AccessToken.Tag` or `ApiKey.Tag`, or a configuration of
     * `promise/Identity` without what belongs to a single call. An origin has one credential, and is https unless it is
     * a loopback host. A configuration that users connect has the `callbackUrl` that it has for `Connect`.
     */
    readonly credentials: Arr.NonEmptyReadonlyArray<
      | Pick<AccessTokenOptions, "maxScopes" | "origins" | "reauthenticate" | "stepUp"> & {
        readonly credential:
          | Identity.AccessTokenCredential
          | Omit<OAuth2WrapperConfig, "customState" | "forceAuthentication" | "onAuthUrl" | "workloadIdentityToken">
      }
      | Pick<ApiKeyOptions, "header" | "origins" | "prefix"> & {
        readonly credential: Identity.ApiKeyCredential | Omit<ApiKeyWrapperConfig, "workloadIdentityToken">
      }
    >
    /** As `caller` of `http/ForwardAuth`: the user of a secret, or `undefined`. Default: the user of a `session`. */
    readonly caller?: ((bearer: string) => User | null | undefined | Promise<User | null | undefined>) | undefined
  }
  & (
    | Pick<Connect.Options, "pendingConsents" | "runtime"> & {
      /** The services are those of `runtime`, and the store is `pendingConsents`. */
      readonly connect?: undefined
    }
    | {
      /**
       * The pages where users consent, as `make` of `promise/Connect` returns them. Credentials of the flow
       * `USER_FEDERATION` need them. The route uses their services and their store, so a token that `expect` of
       * `accounts` does not allow reaches no agent.
       */
      readonly connect: Connect.Connect<never, never>
      /** The services are those of `connect`. */
      readonly runtime?: undefined
      /** The store is that of `connect`. */
      readonly pendingConsents?: undefined
    }
  )

/**
 * The route and its sessions.
 *
 * @since 0.2.0
 * @category models
 */
export interface ForwardAuth extends AsyncDisposable {
  /** Responds to a proxy. It reads headers only, so mount it at any path. Rejects with the errors of `caller`. */
  readonly fetch: (request: Request) => Promise<Response>
  /** The same for `node:http`, Express and the like. Errors are handled as by `node` of `promise/Connect`. */
  readonly node: (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void>
  /**
   * Makes a session for a user. Give its secret to one sandbox. Rejects with `ValidationException` if the user, the
   * lifetime or an option of {@link make} is invalid, and with `ConsentStoreError` if the store fails.
   */
  readonly session: (user: User, options?: Parameters<Http.ForwardAuth["Service"]["session"]>[1]) => Promise<{
    /** The secret that the sandbox sends as `Authorization: Bearer`. */
    readonly token: string
    /** The time after which no credential is returned. */
    readonly expiresAt: Date
  }>
  /** Ends a session before it expires. */
  readonly revoke: (token: string) => Promise<void>
  /** Ends the connections to the stores. The next use makes new ones. Sessions in memory are lost. */
  readonly dispose: () => Promise<void>
}

const declare = (entry: Options["credentials"][number], index: number): Decide.Entry => {
  const { credential } = entry
  if (isDeclared(credential, "AccessToken") || isDeclared(credential, "ApiKey")) return entry as Decide.Entry
  const id = `effect-agentcore-identity/promise/ForwardAuth/${index}`
  const declared = "header" in entry
    ? ApiKey.Tag<unknown>()(id, { provider: (credential as ApiKeyWrapperConfig).providerName })
    : AccessToken.Tag<unknown>()(id, Config.toDeclaration(credential as OAuth2WrapperConfig))
  return { ...entry, credential: declared } as Decide.Entry
}

const invalid = (property: string, expected: string) => Validation.invalidProperty("ForwardAuth", property, expected)

type Services = DataPlane | ConsentSignals

/** Runs effects with the services of `connect`, or with services of its own. */
const makeRunner = (options: Options): {
  readonly run: <A>(effect: Effect.Effect<A, unknown, Services>) => Promise<A>
  readonly dispose: () => Promise<void>
} => {
  const { connect } = options
  if (connect === undefined) {
    const { context, dispose } = LazyRuntime.make(Stores.layerServices(options))
    return {
      run: (effect) => Effect.runPromise(Effect.flatMap(context, (context) => Effect.provideContext(effect, context))),
      dispose
    }
  }
  // A program in plain JavaScript can pass any object with a function `link`, whose tokens would not be checked.
  if (!Predicate.isFunction(connect["~run"])) throw invalid("connect", "be what make of promise/Connect returns")
  for (const property of ["runtime", "pendingConsents"] as const) {
    if (options[property] !== undefined) throw invalid(property, "not be given with connect, which has its own")
  }
  return { run: connect["~run"], dispose: async () => {} }
}

const toSettings = (
  { caller, trust, workload }: Options,
  credentials: Http.Options["credentials"]
): Omit<Http.Options<unknown>, "path"> => ({
  credentials,
  trust,
  workload,
  caller: caller
    && ((bearer) =>
      Effect.map(
        bind(caller)(Redacted.value(bearer)),
        (user) => Option.map(Option.fromNullishOr(user), toUserIdentifier)
      ))
})

/**
 * Makes the route. Throws a `ValidationException` if a credential is invalid. The first use connects to the store, and
 * rejects with `ValidationException` if another option is invalid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = (options: Options): ForwardAuth => {
  const [first, ...others] = options.credentials
  const settings = toSettings(options, [declare(first, 0), ...others.map((entry, index) => declare(entry, index + 1))])
  const { dispose, run } = makeRunner(options)
  const sessions = Effect.map(ConsentSignals, Sessions.make)
  let current: { readonly of: unknown; readonly decide: Effect.Success<typeof making> } | undefined
  const making = Decide.make(settings)
  const decider = Effect.gen(function*() {
    // After the services were disposed of, there are new ones, which need a new `decide`.
    const of = Option.getOrElse(yield* Effect.serviceOption(HttpConnect), () => ConsentSignals)
    return (current?.of === of ? current : current = { of, decide: yield* making }).decide
  })

  const decide = async (headers: Readonly<Record<string, string | undefined>>): Promise<Response> => {
    const { body, headers: open, secrets, status } = await run(Effect.flatMap(decider, (decide) => decide(headers)))
    const response = new Response(body === "" ? null : body, { status, headers: open })
    for (const [name, value] of Object.entries(secrets)) response.headers.set(name, Redacted.value(value))
    if (body !== "") response.headers.set("content-type", "application/json")
    return response
  }
  return {
    fetch: ({ headers }) => decide(Object.fromEntries(headers)),
    node: Node.makeListener(
      "ForwardAuth",
      (message) => Effect.runPromise(Effect.logError(message)),
      async (request: IncomingMessage, response: ServerResponse) => {
        const headers = Object.entries(request.headers).map(([name, value]) => [name, value && String(value)])
        await Node.send(await decide(Object.fromEntries(headers)), response)
      }
    ),
    session: async (user, sessionOptions) => {
      // A program makes a session before its first request: an invalid option fails here.
      const { expiresAt, token } = await run(
        Effect.andThen(
          decider,
          Effect.flatMap(sessions, ({ session }) => session(toUserIdentifier(user), sessionOptions))
        )
      )
      return { token: Redacted.value(token), expiresAt: DateTime.toDateUtc(expiresAt) }
    },
    revoke: (token) => run(Effect.flatMap(sessions, ({ revoke }) => revoke(toRedacted(token)))),
    dispose,
    [Symbol.asyncDispose]: dispose
  }
}
