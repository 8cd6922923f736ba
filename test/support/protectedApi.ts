import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import * as ProtectedApi from "../../src/cli/protectedApi.js"

export type Options = ProtectedApi.Options

/** Runs the API of the demo on its own port, and returns its URL. */
export const serve = (options: Options, middleware: HttpMiddleware.HttpMiddleware = identity) =>
  Layer.build(
    HttpRouter.serve(ProtectedApi.layer(options), { disableLogger: true, disableListenLog: true, middleware }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
    )
  ).pipe(
    Effect.flatMap((context) => Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), context)),
    Effect.orDie
  )
