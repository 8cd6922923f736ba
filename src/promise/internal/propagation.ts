/** A middleware for clients of the AWS SDK that propagates the caller to the next hop. */
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as RuntimeHeaders from "../../internal/runtimeHeaders.js"

/** The used part of an AWS SDK client. The SDK's own client types are generic in the operations of one client. */
export interface AwsClient {
  /** The middleware of the client. */
  readonly middlewareStack: {
    /** Adds a middleware. */
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

/**
 * The operations that accept the header. Other operations of the client, such as operations of AgentCore Identity, do
 * not.
 */
const commands: ReadonlySet<string | undefined> = new Set([
  "InvokeAgentRuntimeCommand",
  "InvokeAgentRuntimeCommandCommand",
  "InvokeHarnessCommand"
])

/**
 * Adds the middleware. The step `build` runs before the request is signed, and once for all attempts. With priority
 * `high` it runs before the middleware of a single command, which therefore takes precedence.
 */
export const add = (client: AwsClient, caller: () => Promise<Option.Option<Redacted.Redacted>>): void =>
  client.middlewareStack.add(
    (next, { clientName, commandName }) =>
      clientName === "BedrockAgentCoreClient" && commands.has(commandName)
        ? async (args) => {
          const token = await caller()
          if (Option.isSome(token) && hasProperty(args.request, "headers") && isObject(args.request.headers)) {
            args.request.headers[RuntimeHeaders.identityWat] = Redacted.value(token.value)
          }
          return next(args)
        }
        : next,
    { step: "build", priority: "high", name: "agentCoreWorkloadAccessToken", override: true }
  )
