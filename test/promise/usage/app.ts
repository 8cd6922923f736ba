/** The server of the official SDK, for one scope. */
import { BedrockAgentCoreApp, type Handler } from "bedrock-agentcore/runtime"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"

export interface App {
  /** One invocation, as AgentCore Runtime sends it. Returns the response text. */
  readonly invoke: (options: {
    readonly workloadAccessToken: string
    readonly callbackUrl?: string
    readonly accept?: string
  }) => Promise<string>
}

export const serve = (process: Handler) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const app = new BedrockAgentCoreApp({ invocationHandler: { process }, config: { logging: { enabled: false } } })
        // The app has no public way to read its port or to stop it.
        const { _app: fastify } = app as unknown as {
          readonly _app: { readonly server: Server; readonly close: () => Promise<void> }
        }
        app.run({ port: 0, host: "127.0.0.1" })
        await once(fastify.server, "listening")
        return fastify
      }),
      (fastify) => Effect.promise(() => fastify.close())
    ),
    ({ server }): App => ({
      invoke: async ({ accept = "application/json", callbackUrl, workloadAccessToken }) => {
        // A server that listens on a port has an address of this kind.
        const { port } = server.address() as AddressInfo
        const response = await fetch(`http://127.0.0.1:${port}/invocations`, {
          method: "POST",
          headers: {
            accept,
            "content-type": "application/json",
            "x-amzn-bedrock-agentcore-runtime-session-id": "session",
            workloadaccesstoken: workloadAccessToken,
            ...(callbackUrl === undefined ? {} : { oauth2callbackurl: callbackUrl })
          },
          body: JSON.stringify({ prompt: "hello" })
        })
        return response.text()
      }
    })
  )
