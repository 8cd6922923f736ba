/**
 * Propagates the caller's workload access token to the next agent or gateway, which then acts for the same user.
 * Invocations and requests to gateways carry the token; operations of AgentCore Identity never do.
 *
 * @since 0.2.0
 */
import type {
  InvokeAgentRuntimeCommand,
  InvokeAgentRuntimeCommandCommand,
  InvokeHarnessCommand
} from "@aws-sdk/client-bedrock-agentcore"
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Redacted from "effect/Redacted"
import { inject } from "../internal/credentialHeader.js"
import * as Origins from "../internal/origins.js"
import { identityWat } from "../internal/requestHeaders.js"
import { WorkloadAccessToken, type WorkloadAccessTokenError } from "../WorkloadAccessToken.js"

/** The commands that can carry an identity. */
type InvokeCommand = InvokeAgentRuntimeCommand | InvokeAgentRuntimeCommandCommand | InvokeHarnessCommand

/** The common type of the three middleware stacks: a union of them is not callable. Each request has headers. */
interface BuildStep {
  readonly add: (
    middleware: <Arguments extends { readonly request: { readonly headers: Record<string, string> } }, Output>(
      next: (args: Arguments) => Promise<Output>
    ) => (args: Arguments) => Promise<Output>,
    options: { readonly name: string; readonly step: "build"; readonly override: true }
  ) => void
}

/**
 * Adds the caller's workload access token to one command of the AWS SDK, as a signed header. The token belongs to this
 * instance, so make a new command for each invocation.
 *
 * @since 0.2.0
 * @category combinators
 * @example
 * import { BedrockAgentCoreClient, InvokeAgentRuntimeCommand } from "@aws-sdk/client-bedrock-agentcore"
 * import * as PropagateIdentity from "effect-agentcore-identity/runtime/PropagateIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const ask = (client: BedrockAgentCoreClient, agentRuntimeArn: string, question: string) =>
 *   Effect.gen(function*() {
 *     const command = yield* PropagateIdentity.command(
 *       new InvokeAgentRuntimeCommand({ agentRuntimeArn, payload: JSON.stringify({ prompt: question }) })
 *     )
 *     return yield* Effect.tryPromise((abortSignal) => client.send(command, { abortSignal }))
 *   })
 */
export const command = <Command extends InvokeCommand>(
  command: Command
): Effect.Effect<Command, WorkloadAccessTokenError, WorkloadAccessToken> =>
  Effect.flatMap(WorkloadAccessToken, ({ get }) =>
    Effect.map(get, (token) => {
      // `build` is the step before signing. A second propagation replaces the first.
      const stack = command.middlewareStack as BuildStep
      stack.add(
        (next) => (args) => {
          args.request.headers[identityWat] = Redacted.value(token)
          return next(args)
        },
        { name: "effectAgentcoreIdentityPropagation", step: "build", override: true }
      )
      return command
    }))

/**
 * Options of {@link httpClient}.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options {
  /** Scheme, host and port of each gateway. Default: the hosts that AgentCore gives to gateways. */
  readonly origins?: Arr.NonEmptyReadonlyArray<string> | undefined
  /** Allows plain http to hosts other than loopback. The token is then readable on the network. Default: false. */
  readonly allowInsecureOrigins?: boolean | undefined
}

type PropagationError = WorkloadAccessTokenError | HttpClientError.HttpClientError

/**
 * `https://<gateway id>.gateway.bedrock-agentcore.<region>.amazonaws.com`. With `s3` or `s3-us-west-2` as the region,
 * it would be the host of a bucket, which anyone can create.
 */
const gateway = /^https:\/\/[\w-]+\.gateway\.bedrock-agentcore\.[a-z]{2}(?:-[a-z]+)+-\d+\.amazonaws\.com$/

/**
 * Adds the caller's workload access token to the requests of an `HttpClient` to AgentCore gateways. These are the https
 * hosts `*.gateway.bedrock-agentcore.<region>.amazonaws.com`, or the `origins` instead. The hosts include gateways of
 * other accounts: if URLs come from outside, set `origins` to your own gateways.
 *
 * The gateway's own authorization uses the header `Authorization`. See `http/HttpClientCredentials` for it, and for
 * redirects. Invalid `origins` are a programming mistake, and throw at once.
 *
 * @since 0.2.0
 * @category combinators
 */
export const httpClient: {
  /** Adds the caller's workload access token to the requests of an `HttpClient` to AgentCore gateways. */
  (
    options?: Options
  ): <E, R>(
    self: HttpClient.HttpClient.With<E, R>
  ) => HttpClient.HttpClient.With<E | PropagationError, R | WorkloadAccessToken>
  /** Adds the caller's workload access token to the requests of an `HttpClient` to AgentCore gateways. */
  <E, R>(
    self: HttpClient.HttpClient.With<E, R>,
    options?: Options
  ): HttpClient.HttpClient.With<E | PropagationError, R | WorkloadAccessToken>
} = dual(
  (args) => HttpClient.isHttpClient(args[0]),
  <E, R>(self: HttpClient.HttpClient.With<E, R>, { allowInsecureOrigins, origins }: Options = {}) =>
    inject(self, {
      header: identityWat,
      allows: origins === undefined
        ? (url) => gateway.test(url.origin)
        : Origins.allowList(origins, allowInsecureOrigins),
      hop: (attempt) => Effect.flatMap(WorkloadAccessToken, ({ get }) => Effect.flatMap(get, attempt))
    })
)
