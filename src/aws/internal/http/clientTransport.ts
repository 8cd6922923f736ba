/**
 * Sends requests by an `HttpClient`.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as RuntimeHeaders from "../../../internal/runtimeHeaders.js"
import { type Lost, type Request, timedOut, type Transport } from "./transport.js"

/** Headers with secrets. The platform hides only `authorization` of them, in spans and logs. */
const secretHeaders = ["x-amz-security-token", "x-amz-content-sha256", ...RuntimeHeaders.workloadAccessToken]

/** Node's code of an error, or of an error behind it. */
const codeOf = (error: unknown, depth = 0): string | undefined =>
  !hasProperty(error, "code") || !isString(error.code)
    ? hasProperty(error, "cause") && depth < 10 ? codeOf(error.cause, depth + 1) : undefined
    : error.code

const lost = (error: HttpClientError.HttpClientError): Lost => ({
  error: error.cause,
  code: codeOf(error.cause),
  response: error._tag === "ResponseError" ? error.response : undefined
})

const toClientRequest = ({ body, headers, method, origin, path }: Request): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as "POST")(`${origin}${path}`)
  return HttpClientRequest.setHeaders(
    // As bytes of no type: an error that prints its request would show a text, with the secrets in it.
    body === undefined ? request : HttpClientRequest.setBody(request, HttpBody.uint8Array(new TextEncoder().encode(body))),
    headers
  )
}

/** `fetch` that follows a redirect sends the signed headers to other origins. The program's own settings for `fetch` are kept. */
const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWithEffect((context: Context.Context<R>) =>
    Effect.provideService(self, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  )

/** @internal */
export const make = (client: HttpClient.HttpClient): Transport => (request, timeout) =>
  client.execute(toClientRequest(request)).pipe(
    Effect.flatMap((response) =>
      Effect.map(response.text, (body) => ({ status: response.status, headers: response.headers, body }))
    ),
    Effect.mapError(lost),
    Effect.interruptible,
    Effect.timeoutFail({ duration: timeout, onTimeout: () => timedOut }),
    withoutRedirects,
    Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...secretHeaders])
  )
