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

const asking =
  ({ connect, takeDenial, wait }: Asking, handle: Registration["handle"]): Registration["handle"] => (payload) =>
    Effect.gen(function*() {
      const { clientCapabilities, inputResponses, protocolVersion } = yield* McpSchema.McpRequestContext
      const nameOf = (session: ConsentSession) => Option.getOrElse(connect.nameOf(session), () => session.provider)
      const actionOf = (session: ConsentSession) => Rendering.actionOf(inputResponses, nameOf(session))
      let needed: ConsentSession | undefined
      let isDenied = false
      const ask = (session: ConsentSession) =>
        Effect.suspend(() => {
          needed = session
          return new RequiresUserConsent({ session })
        })
      const checkDenial = (session: ConsentSession) =>
        Effect.gen(function*() {
          const caller = yield* Effect.serviceOption(WorkloadAccessToken)
          const denial = yield* takeDenial(session, Option.getOrUndefined(caller)?.user)
          isDenied = Option.isSome(denial)
          if (isDenied) return yield* ask(session)
        })
      const handler: Consent.WaitingHandler<RequiresUserConsent> = {
        show: (session) =>
          Effect.andThen(checkDenial(session), actionOf(session) === "accept" ? Effect.void : ask(session)),
        // Requests the token every 2 seconds, within the polling budget, until the time is over.
        wait: Effect.fnUntraced(function*({ request, session, shown }) {
          yield* shown
          const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(wait)
          const schedule = Schedule.spaced("2 seconds")
          const poll = Effect.andThen(checkDenial(session), request)
          const token = yield* pollUntil({ schedule, input: () => undefined, deadline, poll })
          return Option.isSome(token) ? token.value : yield* ask(session)
        })
      }
      const result = yield* Effect.provideService(handle(payload), Consent.Handler, handler)
      if (isTagged(result, "InputRequired") || result.isError !== true) return result
      if (needed === undefined) {
        // The request had its own handler.
        return Redactor.hasSession(result)
          ? new McpSchema.CallToolResult(Rendering.toolError(Redactor.sessionMessage))
          : result
      }

      const session: ConsentSession = needed
      if (isDenied || actionOf(session) === "decline") return new McpSchema.CallToolResult(Rendering.declined)
      const link = yield* Effect.option(
        Effect.tapError(connect.link(session), (error) => Effect.logError(error.message))
      )
      if (Option.isNone(link)) {
        return new McpSchema.CallToolResult(Rendering.toolError(new RequiresUserConsent({ session }).message))
      }
      const rendered = Rendering.render(
        { provider: session.provider, link: link.value, name: nameOf(session), elicitationId: randomUUID() },
        { protocolVersion, capabilities: clientCapabilities }
      )
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
          server.addTool({ ...registration, handle: asking({ connect, takeDenial, wait }, registration.handle) })
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
