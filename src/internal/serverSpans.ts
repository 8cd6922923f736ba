/** Keeps requests out of the spans of an HTTP server. */
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"

/**
 * Disables the spans of matching requests. Provide it to the layer of the server, whose tracer runs outside all routes.
 */
export const layerUntraced = (matches: (request: HttpServerRequest.HttpServerRequest) => boolean): Layer.Layer<never> =>
  Layer.effect(HttpMiddleware.TracerDisabledWhen)(
    Effect.map(HttpMiddleware.TracerDisabledWhen, (disabled) => (request) => matches(request) || disabled(request))
  )

/**
 * Runs an effect without spans unless the program has its own tracer: nothing reads those of Effect's default tracer.
 */
export const disableUnusedSpans = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.tracer, (tracer) =>
    tracer !== Tracer.nativeTracer
      ? self
      : Effect.withTracerEnabled(Effect.provideService(self, HttpMiddleware.TracerDisabledWhen, () => true), false))
