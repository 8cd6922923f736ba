/**
 * Keeps requests out of the spans of an HTTP server.
 *
 * @since 0.1.0
 */
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"

/**
 * Disables the span of more requests. The tracer runs outside all routes, so this layer belongs around the layer that
 * serves.
 *
 * @internal
 */
export const layerUntraced = (
  matches: (request: HttpServerRequest.HttpServerRequest) => boolean
): Layer.Layer<never> =>
  Layer.scopedDiscard(
    Effect.flatMap(FiberRef.get(HttpMiddleware.currentTracerDisabledWhen), (disabled) =>
      Effect.locallyScoped(
        HttpMiddleware.currentTracerDisabledWhen,
        (request) => matches(request) || disabled(request)
      ))
  )
