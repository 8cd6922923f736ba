/**
 * Sends requests by an `HttpClient`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Tracer from "effect/Tracer"
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
  error: Redacted.make(error.cause),
  code: codeOf(error.cause),
  // The response of the error has the request in it, with its secrets.
  response: error.response === undefined
    ? undefined
    : { status: error.response.status, headers: error.response.headers }
})

const toClientRequest = ({ body, headers, method, origin, path }: Request): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as "POST")(`${origin}${path}`)
  return HttpClientRequest.setHeaders(
    // As bytes of no type: an error that prints its request would show a text, with the secrets in it.
    body === undefined
      ? request
      : HttpClientRequest.setBody(request, HttpBody.uint8Array(new TextEncoder().encode(body))),
    headers
  )
}

/** `fetch` that follows a redirect sends the signed headers to other origins. The program's own settings for `fetch` are kept. */
const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.provideService(self, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  )

/**
 * The client's span, with the attributes of the platform's. The platform's own span is not used: it ends with the whole request and response,
 * and a tracer that prints them shows their secrets.
 */
const inSpan = <A, E, R>(
  request: HttpClientRequest.HttpClientRequest,
  send: (span: Tracer.Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Headers.CurrentRedactedNames,
    (names) =>
      Effect.useSpan(`http.client ${request.method}`, { kind: "client" }, (span) => {
        const url = new URL(request.url)
        span.attribute("http.request.method", request.method)
        span.attribute("server.address", url.origin)
        if (url.port !== "") span.attribute("server.port", Number(url.port))
        span.attribute("url.full", url.href)
        span.attribute("url.path", url.pathname)
        span.attribute("url.scheme", url.protocol.slice(0, -1))
        if (url.search !== "") span.attribute("url.query", url.search.slice(1))
        const headers = Headers.redact(request.headers, [...names, ...secretHeaders])
        for (const [name, value] of Object.entries(headers)) {
          span.attribute(`http.request.header.${name}`, String(value))
        }
        return Effect.withParentSpan(send(span), span)
      })
  )

/** @internal */
export const make = (client: HttpClient.HttpClient): Transport => (request, timeout) => {
  const sent = toClientRequest(request)
  return inSpan(sent, (span) =>
    client.execute(sent).pipe(
      Effect.flatMap((response) => {
        span.attribute("http.response.status_code", response.status)
        return Effect.map(
          response.text,
          // The span ends with it.
          (body) => Redacted.make({ status: response.status, headers: response.headers, body })
        )
      }),
      Effect.mapError(lost),
      Effect.interruptible,
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(timedOut) }),
      withoutRedirects,
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, ...secretHeaders])
    )).pipe(Effect.map(Redacted.value))
}
