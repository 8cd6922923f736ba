/** A `Toolkit` over `McpServer` whose tools ask for consent in the form of the client. */
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
import * as Consent from "../../Consent.js"
import type { ConsentSession } from "../../ConsentSession.js"
import { Connect } from "../../http/Connect.js"
import * as Denials from "../../http/connect/denials.js"
import { RequiresUserConsent } from "../../IdentityError.js"
import { pollUntil } from "../../internal/rateLimiter.js"
import * as Redactor from "../../internal/redactor.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import * as Rendering from "./render.js"

/**
 * The JSON-RPC error that a call ends with. A tool cannot fail with an error of its own code, only a middleware around
 * it can.
 */
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

/** Returns the reason if the user of a call has denied since they were asked. */
type TakeDenial = Effect.Success<ReturnType<typeof Denials.make>>

interface Asking {
  readonly connect: Connect["Service"]
  readonly takeDenial: TakeDenial
  readonly wait: Duration.Input
}

const nameOf = ({ connect }: Asking, session: ConsentSession): string =>
  Option.getOrElse(connect.nameOf(session), () => session.provider)

/** What a call finds out about its user. */
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

export const toolkit = <Tools extends Record<string, Tool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>,
  { wait = "10 seconds" }: { readonly wait?: Duration.Input | undefined } = {}
): Layer.Layer<
  never,
  never,
  McpServer.ToolkitRequirements<Tools> | Connect | McpServer.McpRequest.From<"Requires", WorkloadAccessToken>
> => McpServer.toolkit(toolkit).pipe(Layer.provide(rejecting.layer), Layer.provide(layerAsking(wait)))
