/**
 * Asks a user for consent inside of an MCP tool call. A tool that needs a credential of the user only requests it. If
 * the user has to consent, the client gets a link of `http/Connect` in the form that it knows:
 *
 * | client | form |
 * | --- | --- |
 * | revision 2026-07-28, with URL elicitation | `input_required` with an elicitation of mode `url` |
 * | revision 2025-11-25, with URL elicitation | the JSON-RPC error `-32042` with `data.elicitations` |
 * | any other | a tool result with `isError`, whose text has the link |
 *
 * The link never expires, and has no user and no secret. `Connect` checks who opens it: a user who opens the link of
 * another one connects their own account.
 *
 * {@link toolkit} serves tools of Effect. For servers of `@modelcontextprotocol/sdk` and
 * `@modelcontextprotocol/server`, see `promise/Mcp`.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
 * import * as Identity from "effect-agentcore-identity/Identity"
 * import { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
 * import * as ConsentElicitation from "effect-agentcore-identity/mcp/ConsentElicitation"
 * import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
 * import * as McpProtocol from "effect/ai/McpProtocol"
 * import * as McpServer from "effect/ai/McpServer"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as HttpRouter from "effect/http/HttpRouter"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const Tools = Toolkit.make(Tool.make("list_events", {
 *   success: Schema.String,
 *   failure: RequiresUserConsent,
 *   // The caller of each request.
 *   dependencies: [WorkloadAccessToken.WorkloadAccessToken]
 * }))
 *
 * const handlers = Tools.toLayer(Effect.gen(function*() {
 *   const identity = yield* Identity.Identity
 *   return {
 *     list_events: () =>
 *       identity.getAccessToken(Calendar).pipe(
 *         Effect.as("09:00 Breakfast"),
 *         Effect.catchIf((error) => error._tag !== "RequiresUserConsent", Effect.die)
 *       )
 *   }
 * }))
 *
 * const server = HttpRouter.serve(
 *   McpServer.layerHttp({
 *     name: "calendar",
 *     version: "1.0.0",
 *     path: "/mcp",
 *     protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
 *     registrations: ConsentElicitation.toolkit(Tools).pipe(Layer.provide(handlers))
 *   }).pipe(Layer.provide(RequestContext.layer))
 * ).pipe(
 *   Layer.provide(RequestContext.layerRedaction),
 *   // The pages can be in another process.
 *   Layer.provide(Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload: "my-agent" }))
 * )
 */
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { isTagged } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { randomUUID } from "node:crypto"
import * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import { Connect } from "../http/Connect.js"
import * as Denials from "../http/connect/denials.js"
import { RequiresUserConsent } from "../IdentityError.js"
import { pollUntil } from "../internal/pollBudget.js"
import * as Redactor from "../internal/redactor.js"
import { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as Rendering from "./consentElicitation/render.js"

/** The JSON-RPC error that a call ends with. Only a middleware can choose the code, not a tool. */
class Rejection extends Context.Service<Rejection, { error?: McpSchema.McpErrorBase }>()(
  "effect-agentcore-identity/mcp/ConsentElicitation/Rejection"
) {}

const rejecting = McpServer.middleware((effect) =>
  Effect.suspend(() => {
    const rejection: Rejection["Service"] = {}
    return Effect.flatMap(
      Effect.provideService(effect, Rejection, rejection),
      (success) => rejection.error === undefined ? Effect.succeed(success) : Effect.fail(rejection.error)
    )
  })
)

type Registration = Parameters<McpServer.McpServer["Service"]["addTool"]>[0]

interface Asking {
  readonly connect: Connect["Service"]
  /** Returns the reason if the user of a call has denied since they were asked. */
  readonly takeDenial: Effect.Success<ReturnType<typeof Denials.make>>
  readonly wait: Duration.Input
}

const nameOf = ({ connect }: Asking, session: ConsentSession): string =>
  Option.getOrElse(connect.nameOf(session), () => session.provider)

interface Found {
  /** The session of the consent that the tool needs. */
  needed?: ConsentSession
  isDenied?: boolean
}

/** The default handler of a call. It waits for the consent after `accept`, and else fails and notes the session. */
const makeHandler = (
  asking: Asking,
  actionOf: (session: ConsentSession) => ReturnType<typeof Rendering.actionOf>,
  found: Found
): Consent.WaitingHandler<RequiresUserConsent> => {
  const ask = (session: ConsentSession) =>
    Effect.suspend(() => {
      found.needed = session
      return new RequiresUserConsent({ session })
    })
  const checkDenial = (session: ConsentSession) =>
    Effect.gen(function*() {
      const caller = yield* Effect.serviceOption(WorkloadAccessToken)
      const denial = yield* asking.takeDenial(session, Option.getOrUndefined(caller)?.user)
      found.isDenied = Option.isSome(denial)
      if (found.isDenied) return yield* ask(session)
    })
  return {
    ownPage: true,
    show: (session) =>
      Effect.andThen(checkDenial(session), actionOf(session) === "accept" ? Effect.void : ask(session)),
    // Requests the token every 2 seconds, within the polling budget, until the time is over.
    wait: Effect.fnUntraced(function*({ request, session, shown }) {
      yield* shown
      const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(asking.wait)
      const schedule = Schedule.spaced("2 seconds")
      const poll = Effect.andThen(checkDenial(session), request)
      const token = yield* pollUntil({ schedule, input: () => undefined, deadline, poll })
      return Option.isSome(token) ? token.value : yield* ask(session)
    })
  }
}

/** Asks the client for the consent, in the form that it knows. */
const render = (asking: Asking, session: ConsentSession, client: Rendering.Client) =>
  Effect.gen(function*() {
    const link = yield* Effect.option(
      Effect.tapError(asking.connect.link(session), (error) => Effect.logError(error.message))
    )
    if (Option.isNone(link)) {
      return new McpSchema.CallToolResult(Rendering.toolError(new RequiresUserConsent({ session }).message))
    }
    const { provider } = session
    const consent = { provider, link: link.value, name: nameOf(asking, session), elicitationId: randomUUID() }
    const rendered = Rendering.render(consent, client)
    switch (rendered._tag) {
      case "InputRequired":
        return new McpSchema.InputRequired({ inputRequests: rendered.result.inputRequests })
      case "UrlElicitationRequired": {
        const rejection = yield* Effect.serviceOption(Rejection)
        if (Option.isSome(rejection)) rejection.value.error = new McpSchema.McpErrorBase(rendered.error)
        return new McpSchema.CallToolResult(Rendering.toolError(rendered.error.message))
      }
      case "Text":
        return new McpSchema.CallToolResult(rendered.result)
    }
  })

const makeHandle = (asking: Asking, handle: Registration["handle"]): Registration["handle"] => (payload) =>
  Effect.gen(function*() {
    const { clientCapabilities, inputResponses, protocolVersion } = yield* McpSchema.McpRequestContext
    const actionOf = (session: ConsentSession) => Rendering.actionOf(inputResponses, nameOf(asking, session))
    const found: Found = {}
    const handler = makeHandler(asking, actionOf, found)
    const result = yield* Effect.provideService(handle(payload), Consent.Handler, handler)
    if (isTagged(result, "InputRequired") || result.isError !== true) return result
    const { isDenied, needed } = found
    if (needed === undefined) {
      // The request had its own handler.
      return Redactor.hasSession(result)
        ? new McpSchema.CallToolResult(Rendering.toolError(Redactor.sessionMessage))
        : result
    }
    return isDenied === true || actionOf(needed) === "decline"
      ? new McpSchema.CallToolResult(Rendering.declined)
      : yield* render(asking, needed, { protocolVersion, capabilities: clientCapabilities })
  })

/** The `McpServer` in context, whose tools ask for consent. */
const layerAsking = (wait: Duration.Input) =>
  Layer.effect(
    McpServer.McpServer,
    Effect.gen(function*() {
      const server = yield* McpServer.McpServer
      const connect = yield* Connect
      const takeDenial = yield* Denials.make(connect)
      return McpServer.McpServer.of({
        ...server,
        addTool: (registration) =>
          server.addTool({ ...registration, handle: makeHandle({ connect, takeDenial, wait }, registration.handle) })
      })
    })
  )

/**
 * Registers a `Toolkit` with the `McpServer` in context, as `McpServer.toolkit` does. If a tool requests a credential
 * with the default consent handler, and the user has to consent, the client asks in its own form.
 *
 * - On a retry after `accept`, the tool waits a few seconds for the consent. Without it, the client gets the same link
 *   again. A retry after `decline` or `cancel` ends with "The user did not consent."
 * - So does, once, a call after a denial at the vendor. It is noticed if `WorkloadAccessToken` knows its `user`, and a
 *   `ConsentSignals` in context reaches the process with the pages.
 * - Each call runs with the `WorkloadAccessToken` of its own request, such as that of `RequestContext.layer`. Two
 *   people can share a session of MCP.
 * - A tool may return a result without the consent. A request with its own `consent` is not affected.
 *
 * The encoded form of an error has its session in clear. A failure that contains one becomes "The user has to connect
 * an account first." A tool with such a failure must not be used without this function.
 *
 * @since 0.2.0
 * @category layers
 */
export const toolkit = <Tools extends Record<string, Tool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>,
  { wait = "10 seconds" }: {
    /**
     * How long a retry after `accept` waits for the consent. Clients send `accept` as soon as the link is open, and the
     * official one repeats a call up to ten times. Default: 10 seconds.
     */
    readonly wait?: Duration.Input | undefined
  } = {}
): Layer.Layer<
  never,
  never,
  McpServer.ToolkitRequirements<Tools> | Connect | McpServer.McpRequest.From<"Requires", WorkloadAccessToken>
> => McpServer.toolkit(toolkit).pipe(Layer.provide(rejecting.layer), Layer.provide(layerAsking(wait)))
