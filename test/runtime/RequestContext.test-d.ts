import * as RequestContext from "effect-agentcore-identity/runtime/RequestContext"
import type { WorkloadAccessToken } from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import type * as Headers from "effect/http/Headers"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import { describe, expectTypeOf, test } from "vitest"

class Database extends Context.Service<Database, { readonly name: string }>()("Database") {}

interface QueryFailed {
  readonly _tag: "QueryFailed"
}

type Needs = RequestContext.RequestContext | WorkloadAccessToken | Database

/** What the handlers of a layer require for each request. */
type Required<L extends Layer.Any> = HttpRouter.Request.Only<"Requires", Layer.Services<L>>

/** What a layer requires once. */
type Services<L extends Layer.Any> = HttpRouter.Request.Without<Layer.Services<L>>

declare const handler: Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  QueryFailed,
  Needs | HttpServerRequest.HttpServerRequest
>
declare const response: Effect.Effect<void, never, Needs>
declare const job: Effect.Effect<number, QueryFailed, Needs>
declare const context: RequestContext.RequestContext["Service"]

/** The header members of the types of `@types/aws-lambda`. */
interface ApiGatewayEvent {
  headers: { [name: string]: string | undefined }
  multiValueHeaders: { [name: string]: Array<string> | undefined }
  httpMethod: string
}
interface ApiGatewayEventV2 {
  version: string
  headers: { [name: string]: string | undefined }
  isBase64Encoded: boolean
}
interface LoadBalancerEvent {
  headers?: { [name: string]: string | undefined } | undefined
  multiValueHeaders?: { [name: string]: Array<string> | undefined } | undefined
  path: string
}
interface QueueEvent {
  Records: Array<{ messageId: string }>
}

describe("fromHeaders", () => {
  test("accepts headers and every object that has them", () => {
    expectTypeOf<
      | IncomingHttpHeaders
      | IncomingMessage
      | globalThis.Headers
      | globalThis.Request
      | Headers.Headers
      | HttpServerRequest.HttpServerRequest
      | Record<string, string>
      | Map<string, string>
      | ApiGatewayEvent
      | ApiGatewayEventV2
      | LoadBalancerEvent
    >().toExtend<Parameters<typeof RequestContext.fromHeaders>[0]>()
    expectTypeOf<QueueEvent>().not.toExtend<Parameters<typeof RequestContext.fromHeaders>[0]>()
    expectTypeOf<string>().not.toExtend<Parameters<typeof RequestContext.fromHeaders>[0]>()
  })

  test("cannot fail", () => {
    expectTypeOf(RequestContext.fromHeaders({})).toEqualTypeOf<
      Effect.Effect<RequestContext.RequestContext["Service"]>
    >()
  })
})

describe("what a request provides", () => {
  test("leaves the requirements and the errors of an effect", () => {
    expectTypeOf(RequestContext.provide(job, context)).toEqualTypeOf<Effect.Effect<number, QueryFailed, Database>>()
    expectTypeOf(job.pipe(RequestContext.provide(context))).toEqualTypeOf<
      Effect.Effect<number, QueryFailed, Database>
    >()
  })

  test("leaves the requirements and the errors of an app", () => {
    expectTypeOf(RequestContext.middleware(handler)).toEqualTypeOf<
      Effect.Effect<HttpServerResponse.HttpServerResponse, QueryFailed, Database | HttpServerRequest.HttpServerRequest>
    >()
    expectTypeOf(HttpServer.serve(handler, RequestContext.middleware)).toEqualTypeOf<
      Layer.Layer<never, never, HttpServer.HttpServer | Database>
    >()
  })

  test("leaves the requirements of a route, and only those of the routes it is provided to", () => {
    const route = HttpRouter.add("GET", "/", handler)
    expectTypeOf<Required<typeof route>>().toEqualTypeOf<Needs>()
    const provided = route.pipe(Layer.provide(RequestContext.layer))
    expectTypeOf<Required<typeof provided>>().toEqualTypeOf<Database>()
  })

  test("leaves the requirements of the handlers of an HttpApi", () => {
    const endpoint = HttpApiEndpoint.get("call", "/")
    const bareApi = HttpApi.make("agent").add(HttpApiGroup.make("runtime").add(endpoint))
    const bare = HttpApiBuilder.group(bareApi, "runtime", (handlers) => handlers.handle("call", () => response))
    expectTypeOf<Required<typeof bare>>().toEqualTypeOf<Needs>()

    const api = HttpApi.make("agent").add(
      HttpApiGroup.make("runtime").add(endpoint).middleware(RequestContext.HttpApiMiddleware)
    )
    const group = HttpApiBuilder.group(api, "runtime", (handlers) => handlers.handle("call", () => response))
    expectTypeOf<Required<typeof group>>().toEqualTypeOf<Database>()
    expectTypeOf<Services<typeof group>>().toEqualTypeOf<RequestContext.HttpApiMiddleware>()
    const provided = group.pipe(Layer.provide(RequestContext.layerHttpApi))
    expectTypeOf<Required<typeof provided>>().toEqualTypeOf<Database>()
    expectTypeOf<Services<typeof provided>>().toEqualTypeOf<never>()
  })
})

describe("layers", () => {
  test("around the server require nothing but the caller of a fallback", () => {
    expectTypeOf(RequestContext.layerRedaction).toEqualTypeOf<Layer.Layer<never>>()
    expectTypeOf<Layer.Services<typeof RequestContext.layerFallback>>().toEqualTypeOf<WorkloadAccessToken>()
  })
})
