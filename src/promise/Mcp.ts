/**
 * Consent in servers and clients of MCP, without Effect. This module loads no package of MCP.
 *
 * {@link forSdk} and {@link forServer} ask a user for consent inside of a tool call, as `mcp/ConsentElicitation` does.
 * A tool that needs a credential of the user only obtains it, for example with `withAccessToken` of `promise/Identity`
 * and without `onAuthUrl`. If it rejects with `RequiresUserConsent`, the client gets a link in the form that it knows.
 *
 * {@link retryingGateway} calls tools of AgentCore Gateway that need a user's consent, over the clients and revisions
 * of MCP that `mcp/GatewayConsent` describes.
 *
 * @since 0.2.0
 * @example
 * import * as Mcp from "effect-agentcore-identity/promise/Mcp"
 * import { runWithContext, withAccessToken } from "effect-agentcore-identity/promise/Identity"
 *
 * declare const mcp: {
 *   // import { McpServer, inputRequired, UrlElicitationRequiredError } from "@modelcontextprotocol/server"
 *   readonly options: Omit<Parameters<typeof Mcp.forServer<object, object>>[0], "link">
 *   readonly registerTool: (name: string, callback: (context: never) => Promise<unknown>) => void
 * }
 *
 * const listEvents = withAccessToken({ providerName: "google", scopes: ["calendar"], authFlow: "USER_FEDERATION" })(
 *   async (token: string) => ({ content: [{ type: "text", text: token === "" ? "none" : "09:00 Breakfast" }] })
 * )
 *
 * // `{ server, inputRequired, UrlElicitationRequiredError, link }`
 * const asking = Mcp.forServer({
 *   ...mcp.options,
 *   link: (error) => `https://app.example.com/connect/${error.provider}`
 * })
 *
 * mcp.registerTool(
 *   "list_events",
 *   asking(({ http }: { readonly http?: { readonly req?: Request } }) =>
 *     runWithContext(
 *       { workloadAccessToken: http?.req?.headers.get("WorkloadAccessToken") ?? undefined },
 *       () => listEvents()
 *     )
 *   )
 * )
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { randomUUID } from "node:crypto"
import { isIdentityError, type RequiresUserConsent } from "../IdentityError.js"
import * as Validation from "../internal/plane/validation.js"
import * as Rendering from "../mcp/consentElicitation/render.js"
import type { GatewayConsent } from "../mcp/gatewayConsent/protocol.js"
import * as Gateway from "../mcp/gatewayConsent/protocol.js"
import { bind } from "./internal/callerContext.js"

export {
  /** @since 0.2.0 */
  GatewayConsent
} from "../mcp/gatewayConsent/protocol.js"

/**
 * The options of {@link forSdk}, which {@link forServer} takes too.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** The class of this name, from the package of the server. */
  readonly UrlElicitationRequiredError: new(
    elicitations: Array<{
      readonly mode: "url"
      readonly elicitationId: string
      readonly url: string
      /** What the client shows to its user. */
      readonly message: string
    }>,
    message?: string
  ) => object
  /** The `McpServer` of the tools. It knows the client of its session. */
  readonly server: {
    /** The server of the protocol. */
    readonly server: {
      /** Returns the capabilities that the client of the session declared. */
      readonly getClientCapabilities: () =>
        | {
          /** Absent if the client cannot ask its user. */
          readonly elicitation?: {
            /** Present if the client can show forms. */
            readonly form?: unknown
            /** Present if the client can show links. */
            readonly url?: unknown
          } | undefined
        }
        | undefined
      /** Returns the protocol revision of the session. */
      readonly getNegotiatedProtocolVersion?: () => string | undefined
    }
  }
  /**
   * Returns the link where the user connects the credential, such as that of `Connect` for the session of the error. It
   * must not be AgentCore's own URL: anyone who opens that one can consent in the user's place.
   */
  readonly link: (error: RequiresUserConsent) => string | Promise<string>
}

/** The result of a tool that failed. A model reads it. */
type ToolError = {
  readonly isError: true
  readonly content: [{ readonly type: "text"; readonly text: string }]
}

/** Wraps the callback of a tool. The wrapped callback also returns results that ask for consent. */
type Wrapper<Result> = <Args extends Array<unknown>, A>(
  tool: (...args: Args) => A | Promise<A>
) => (...args: Args) => Promise<A | ToolError | Result>

/**
 * Options of {@link retryingGateway}.
 *
 * @since 0.2.0
 * @category models
 */
export interface GatewayOptions extends Pick<Gateway.Options, "hosts"> {
  /**
   * Shows the link to the user, and waits until the user is done. A rejection ends the call. With `complete`, the page
   * at the return URL must check that the signed-in user is the one who was asked, as `mcp/GatewayConsent` explains.
   */
  readonly show: (consent: GatewayConsent) => unknown
  /**
   * Completes the authorization if the return URL is the application's own, with `completeAuthorization` and the same
   * identifier that called the gateway. Default: it is completed elsewhere, for example by the page at the return URL.
   */
  readonly complete?: ((sessionUri: Redacted.Redacted) => unknown) | undefined
}

// -----------------------------------------------------------------------------
// Implementation
// -----------------------------------------------------------------------------

type InputRequired = Extract<Rendering.Rendered, { readonly _tag: "InputRequired" }>["result"]

const isConsentNeeded = (error: unknown): error is RequiresUserConsent =>
  isIdentityError(error) && error._tag === "RequiresUserConsent"

/** `withAccessToken` of `promise/Connect` rejects with it once after the user has denied. */
const isDenied = (error: unknown): boolean =>
  isIdentityError(error) && error._tag === "AuthorizationFailed"
  && (error.reason === "Denied" || error.reason === "Failed")

/** A user may have several credentials of one provider, which differ in their scopes. */
const nameOf = ({ provider, session }: RequiresUserConsent) => [provider, ...session.scopes].join(" ")

/** Whether the user can connect at the URL, and no other person in their place. */
const isLink = (url: string, { session }: RequiresUserConsent) =>
  /^https?:$/.test(URL.parse(url)?.protocol ?? "")
  // The last part of the session's URN needs no encoding, so it is the same in any URL with AgentCore's own.
  && !url.includes(Redacted.value(session.sessionUri).split(":").at(-1)!)

const linkOf = (error: RequiresUserConsent, link: (error: RequiresUserConsent) => Effect.Effect<string, unknown>) =>
  Effect.filterOrFail(
    link(error),
    (url) => isLink(url, error),
    () =>
      Validation.invalidProperty("ConsentElicitation", "link", "return a link of Connect, and not AgentCore's own URL")
  )

/** A property of a property of a value in any shape. */
const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce((value, name) => hasProperty(value, name) ? value[name] : undefined, value)

const wrap = <Result>(
  options: Options,
  clientOf: (context: unknown) => Rendering.Client,
  require: (result: InputRequired) => Result,
  wait: Duration.Input = "10 seconds"
): Wrapper<Result> =>
(tool) =>
(...args) => {
  const context = args.at(-1)
  const actionOf = (error: RequiresUserConsent) =>
    Rendering.actionOf(at(context, "mcpReq", "inputResponses"), nameOf(error))
  const run = bind(() => tool(...args))
  const link = bind(options.link)
  // Both packages have the signal of the request in the callback's context. It aborts when the client disconnects.
  const signal = at(context, "mcpReq", "signal") ?? at(context, "signal")
  return Effect.suspend(run).pipe(
    Effect.retry({
      while: (error) => isConsentNeeded(error) && actionOf(error) === "accept",
      schedule: Schedule.upTo(Schedule.spaced(Duration.min(Duration.seconds(2), Duration.fromInputUnsafe(wait))), {
        duration: wait
      })
    }),
    Effect.catchIf(isConsentNeeded, (error) =>
      actionOf(error) === "decline"
        ? Effect.succeed(Rendering.declined)
        : Effect.flatMap(linkOf(error, link), (link): Effect.Effect<ToolError | Result, unknown> => {
          const consent = { provider: error.provider, link, name: nameOf(error), elicitationId: randomUUID() }
          const rendered = Rendering.render(consent, clientOf(context))
          switch (rendered._tag) {
            case "InputRequired":
              return Effect.succeed(require(rendered.result))
            case "UrlElicitationRequired": {
              const { data, message } = rendered.error
              return Effect.fail(new options.UrlElicitationRequiredError([...data.elicitations], message))
            }
            case "Text":
              return Effect.succeed(rendered.result)
          }
        })),
    Effect.catchIf(isDenied, () => Effect.succeed(Rendering.declined)),
    (effect) => Effect.runPromise(effect, { signal: signal instanceof AbortSignal ? signal : undefined })
  )
}

/**
 * Makes a function that wraps callbacks of `registerTool` of `@modelcontextprotocol/sdk` 1.x. If the callback rejects
 * with `RequiresUserConsent`, a client of revision 2025-11-25 that declares URL elicitation gets the error `-32042`
 * with the link, and calls again. Any other client gets text with the link. All other errors pass through.
 *
 * The SDK knows the capabilities of a client only in a session. Without one, clients get text.
 *
 * @since 0.2.0
 * @category functions
 */
export const forSdk = (options: Options): Wrapper<never> =>
  wrap(
    options,
    // A client that declares URL elicitation knows the revision that has it.
    () => ({ protocolVersion: "2025-11-25", capabilities: options.server.server.getClientCapabilities() }),
    // This revision has no such result.
    (result) => result as never
  )

/**
 * Makes a function that wraps callbacks of `registerTool` of `@modelcontextprotocol/server` 2.x. If the callback
 * rejects with `RequiresUserConsent`, a client of revision 2026-07-28 that declares URL elicitation gets
 * `input_required` with the link, and calls again. Other clients get what {@link forSdk} sends them. By
 * default `createMcpHandler` serves clients of revision 2025-11-25 without a session, so with text.
 *
 * On a retry after `accept`, the callback runs again every 2 seconds until the user has consented, for up to `wait`. A
 * retry after `decline` or `cancel` ends with "The user did not consent." So does a retry after a denial at the vendor,
 * once, if the callback obtains the token with `withAccessToken` of `promise/Connect`, for a user that its context
 * knows: after up to 8 seconds, when the pages notice the denial. The wait ends if the client disconnects.
 *
 * @since 0.2.0
 * @category functions
 */
export const forServer = <Request, Result>(
  options: Options & {
    /** The function of this name, from `@modelcontextprotocol/server`. */
    readonly inputRequired: {
      (spec: { inputRequests: { [name: string]: Request } }): Result
      elicitUrl(params: { message: string; url: string }): Request
    }
    /** How long a retry after `accept` waits for the consent: milliseconds, or as in the default `"10 seconds"`. */
    readonly wait?: Duration.Input | undefined
  }
): Wrapper<Result> => {
  const { inputRequired, server: { server }, wait } = options
  return wrap(
    options,
    (context) => {
      const envelope = (name: string) => at(context, "mcpReq", "envelope", `io.modelcontextprotocol/${name}`)
      return {
        protocolVersion: (envelope("protocolVersion") ?? server.getNegotiatedProtocolVersion?.()) as string,
        capabilities:
          (envelope("clientCapabilities") ?? server.getClientCapabilities()) as Rendering.Client["capabilities"]
      }
    },
    ({ inputRequests }) =>
      inputRequired({
        inputRequests: Object.fromEntries(
          Object.entries(inputRequests).map(([name, { params: { message, url } }]) => [
            name,
            inputRequired.elicitUrl({ message, url })
          ])
        )
      }),
    wait
  )
}

/**
 * Runs a call of a tool. If its error or its result asks for consent, shows the link once, completes the authorization,
 * and repeats the call once, as `retrying` of `mcp/GatewayConsent` does, with its errors.
 *
 * @since 0.2.0
 * @category functions
 * @example
 * import { completeAuthorization } from "effect-agentcore-identity/promise/Identity"
 * import * as Mcp from "effect-agentcore-identity/promise/Mcp"
 * import * as Redacted from "effect/Redacted"
 *
 * // The `Client` of an MCP SDK.
 * declare const client: { readonly callTool: (params: { readonly name: string }) => Promise<object> }
 * // Your application: shows the link to this user, and waits until the user's browser is back at the return URL.
 * declare const visit: (url: string) => Promise<void>
 *
 * // The gateway starts the authorization for this JWT. A newer one of the same user cannot complete it.
 * const listEvents = (jwt: string) =>
 *   Mcp.retryingGateway(() => client.callTool({ name: "calendar___list_events" }), {
 *     show: ({ url }) => visit(Redacted.value(url)),
 *     complete: (sessionUri) => completeAuthorization({ sessionUri, user: { userToken: jwt } })
 *   })
 */
export const retryingGateway = <A>(
  call: () => A | PromiseLike<A>,
  { complete, hosts, show }: GatewayOptions
): Promise<A> =>
  Effect.runPromise(Gateway.retrying(
    bind(() => call()),
    { hosts, show: bind(show), complete: complete && bind(complete) }
  ))
