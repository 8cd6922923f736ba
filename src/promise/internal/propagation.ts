/**
 * The header that tells the next hop who is calling, added by a middleware of a client of the AWS SDK.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import { hasProperty, isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as RuntimeHeaders from "../../internal/runtimeHeaders.js"

/**
 * What is used of an AWS SDK client. Any client has it; its own types are generic in the operations of that client.
 *
 * @internal
 */
export interface Client {
  readonly middlewareStack: {
    add(
      middleware: <Args extends { readonly request: unknown }, Output>(
        next: (args: Args) => Promise<Output>,
        context: { readonly clientName?: string; readonly commandName?: string }
      ) => (args: Args) => Promise<Output>,
      options: {
        readonly step: "build"
        readonly priority: "high"
        readonly name: string
        readonly override: true
      }
    ): void
  }
}

/** The operations that take the header. No other one of the client does, those of AgentCore Identity least of all. */
const commands: ReadonlySet<string | undefined> = new Set([
  "InvokeAgentRuntimeCommand",
  "InvokeAgentRuntimeCommandCommand",
  "InvokeHarnessCommand"
])

/**
 * Adds the middleware. The step `build` comes before the request is signed, and once for all attempts; with priority `high` it is
 * before what a single command adds to its own stack, which therefore wins.
 *
 * @internal
 */
export const add = (client: Client, caller: () => Promise<Option.Option<Redacted.Redacted>>): void =>
  client.middlewareStack.add(
    (next, { clientName, commandName }) =>
      clientName === "BedrockAgentCoreClient" && commands.has(commandName)
        ? async (args) => {
          const token = await caller()
          if (Option.isSome(token) && hasProperty(args.request, "headers") && isRecord(args.request.headers)) {
            args.request.headers[RuntimeHeaders.identityWat] = Redacted.value(token.value)
          }
          return next(args)
        }
        : next,
    { step: "build", priority: "high", name: "agentCoreWorkloadAccessToken", override: true }
  )
