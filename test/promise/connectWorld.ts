/** An application without Effect: a server of Node with the pages of `promise/Connect`, over real servers. */
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import type * as PromiseIdentity from "effect-agentcore-identity/promise/Identity"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { type IncomingMessage, type ServerResponse } from "node:http"
import * as Calendar from "../support/calendar.js"
import * as World from "../support/connectWorld.js"
import * as Server from "../support/server.js"

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** The cookie is the id of the user. */
export const currentUser = ({ headers }: IncomingMessage): PromiseIdentity.User | undefined => {
  const userId = /user=(\w+)/.exec(headers.cookie ?? "")?.[1]
  return userId === undefined ? undefined : { userId }
}

/** A server of Node on a free port. A path `/sign-in/user=NAME` signs in a user. */
export const listen = Effect.gen(function*() {
  let listener: Listener = (_, response) => response.writeHead(404).end()
  const url = yield* Server.serve((request, response) => {
    const cookie = /^\/sign-in\/(.*)/.exec(request.url ?? "")?.[1]
    return cookie === undefined
      ? listener(request, response)
      : response.writeHead(200, { "set-cookie": `${World.kept.get(cookie) ?? decodeURIComponent(cookie)}; Path=/` })
        .end("Welcome")
  })
  return {
    url,
    // The helpers of the tests read its address only.
    service: HttpServer.make({
      serve: () => Effect.void,
      address: Result.getOrThrow(NetAddress.inetAddressFromIpString("127.0.0.1", Number(new URL(url).port)))
    }),
    use: (next: Listener) => {
      listener = next
    }
  }
})

const scopes = ["openid", "calendar:read", "offline_access"]

/** The credentials, as configurations without Effect. */
export const credentials = {
  calendar: { providerName: "calendar", scopes, authFlow: "USER_FEDERATION" },
  mail: { providerName: "calendar", scopes: ["openid", "mail:send"], authFlow: "USER_FEDERATION" }
} satisfies { readonly [name: string]: Connect.Credential }

type Options = Partial<Connect.Options<"calendar" | "mail", IncomingMessage>>

/** The application. Its listener is `connect.node`, until the test sets another one. */
export const application = (options: Options = {}) =>
  Effect.gen(function*() {
    const server = yield* listen
    yield* Calendar.setUp({
      clientId: "connect-client",
      clientName: "Connect agent",
      workloads: [World.workload],
      returnUrls: [`${server.url}/connect/return`],
      scopes: ["calendar:read", "mail:send"]
    })
    const context = yield* Effect.context<DataPlane.DataPlane>()
    const connect = yield* Effect.acquireRelease(
      Effect.sync(() =>
        Connect.make({
          path: "/connect",
          origin: server.url,
          workload: World.workload,
          credentials,
          currentUser,
          continueTo: [`${server.url}/chat/`],
          runtime: Context.add(context, Identity.Identity, Effect.runSync(Effect.provide(Identity.make, context))),
          ...options
        })
      ),
      (connect) => Effect.promise(connect.dispose)
    )
    server.use((request, response) => connect.node(request, response))
    return {
      ...server,
      connect,
      as: (userId: string) => ({ workload: connect.workload({ name: World.workload, user: { userId } }) })
    }
  })

/** Runs a test with an application over the local server. */
export const inApplication = <A, E, R>(
  run: (app: Effect.Success<ReturnType<typeof application>>) => Generator<Effect.Effect<unknown, E, R>, A, never>,
  options?: Options
) =>
  Effect.flatMap(
    application(options),
    (app) => Effect.provideService(Effect.gen(() => run(app)), HttpServer.HttpServer, app.service)
  ).pipe(Effect.timeout("30 seconds"), Effect.provide(World.servers))
