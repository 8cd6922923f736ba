/** The runtime of the adapter over an `HttpClient`, with the environment as configuration. */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import { isFunction } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Tracer from "effect/Tracer"
import { BodyTooLarge } from "../../../internal/boundedBody.js"
import * as BoundedStream from "../../../internal/boundedStream.js"
import { withoutRedirects } from "../../../internal/origins.js"
import * as RequestHeaders from "../../../internal/requestHeaders.js"
import { nodeSha256, type Sha256 } from "../../../internal/signature.js"
import type { HttpOptions } from "../../AwsPlanes.js"
import * as Credentials from "../credentials.js"
import { maxBytes } from "../failure.js"
import { readSetting } from "../planeSettings.js"
import { makeDataPlane as makeHttpDataPlane, noProfile, type Runtime } from "./httpPlane.js"
import { connectionClosed, type Lost, type Request, timedOut, toLost, type Transport } from "./httpTransport.js"

/** Headers with secrets. Of these, Effect redacts only `authorization` in spans and logs. */
const secretHeaders = ["x-amz-security-token", "x-amz-content-sha256", ...RequestHeaders.workloadAccessTokenHeaders]

/** Returns status and headers alone, because the response of an error contains its request, with the secrets. */
const beginningOf = ({ headers, status }: HttpClientResponse.HttpClientResponse): Lost["response"] => ({
  status,
  headers
})

const fromClientError = ({ cause, response }: HttpClientError.HttpClientError): Lost =>
  toLost(cause, response && beginningOf(response))

const toClientRequest = ({ body, headers, method, origin, path }: Request): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method as "POST")(`${origin}${path}`)
  return HttpClientRequest.setHeaders(
    // Bytes, because an error that prints its request would print a string body, with the secrets.
    body === undefined
      ? request
      : HttpClientRequest.setBody(request, HttpBody.uint8Array(new TextEncoder().encode(body))),
    headers
  )
}

/**
 * A client span with the attributes of Effect's own. Effect's span ends with the whole request and response, and a
 * tracer that prints them would show their secrets.
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
        return Effect.withParentSpan(send(span), span, { captureStackTrace: false })
      })
  )

const readStream = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, Lost> =>
  BoundedStream.read(response.stream, maxBytes).pipe(
    Effect.catch((error) =>
      error.reason._tag === "EmptyBodyError" ? Effect.succeed(new Uint8Array()) : Effect.fail(fromClientError(error))
    ),
    Effect.flatMap((body) =>
      body === undefined
        ? Effect.fail(toLost(new BodyTooLarge({ limit: maxBytes }), beginningOf(response)))
        : Effect.succeed(new TextDecoder().decode(body))
    ),
    // If the program's client has read the body, `fetch` cannot read it again, but `HttpClientResponse` has kept it.
    Effect.catchDefect(() => Effect.mapError(response.text, fromClientError))
  )

/** Reads the decompressed body. Only a body without `content-length`, or with an encoding, may exceed the limit. */
const readText = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, Lost> => {
  // The client over `node:http` returns a response that changes the protocol. Interrupting the read of its body
  // closes the connection.
  if (response.status === 101) {
    return Effect.andThen(Effect.raceFirst(Effect.ignore(response.text), Effect.void), Effect.fail(connectionClosed()))
  }
  const { "content-encoding": encoding, "content-length": length, "transfer-encoding": transfer } = response.headers
  return encoding === undefined && transfer === undefined && Number(length) <= maxBytes
    ? Effect.mapError(response.text, fromClientError)
    : readStream(response)
}

const makeTransport = (client: HttpClient.HttpClient): Transport => (request, timeout) => {
  const sent = toClientRequest(request)
  return inSpan(sent, (span) =>
    Effect.mapError(client.execute(sent), fromClientError).pipe(
      Effect.flatMap((response) => {
        span.attribute("http.response.status_code", response.status)
        return Effect.map(
          readText(response),
          // The span's exit contains this value.
          (body) => Redacted.make({ status: response.status, headers: response.headers, body })
        )
      }),
      Effect.interruptible,
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(timedOut) }),
      withoutRedirects,
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, ...secretHeaders])
    )).pipe(Effect.map(Redacted.value))
}

const encode = (data: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(data)

const algorithm = { name: "HMAC", hash: "SHA-256" }

const toBytes = (promise: () => Promise<ArrayBuffer>): Effect.Effect<Uint8Array> =>
  Effect.map(Effect.promise(promise), (buffer) => new Uint8Array(buffer))

/** The hash of Web Crypto, which every runtime has. */
export const webSha256: Sha256 = {
  hash: (data) => Effect.map(toBytes(() => crypto.subtle.digest("SHA-256", encode(data))), Hex.encode),
  hmac: (secret) =>
    Effect.promise(async () => {
      const bytes = typeof secret === "string" ? encode(secret) : new Uint8Array(secret)
      const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"])
      const mac = (data: string) => toBytes(() => crypto.subtle.sign(algorithm, key, encode(data)))
      return { bytes: mac, hex: (data) => Effect.map(mac(data), Hex.encode) }
    })
}

/** Prefers the hash of Node, which is faster. */
const findSha256 = (): Sha256 => {
  const crypto = globalThis.process?.getBuiltinModule?.("node:crypto")
  // Other runtimes have a part of the module.
  return isFunction(crypto?.hash) && isFunction(crypto.createSecretKey) ? nodeSha256(crypto) : webSha256
}

export const runtime: Effect.Effect<Runtime, never, HttpClient.HttpClient> = Effect.map(
  HttpClient.HttpClient,
  (client) => ({
    transport: makeTransport(client),
    sha256: findSha256(),
    profile: noProfile,
    region: Effect.succeedNone,
    credentials: Effect.map(
      Effect.all([
        readSetting("AWS_ACCESS_KEY_ID"),
        readSetting("AWS_SECRET_ACCESS_KEY"),
        readSetting("AWS_SESSION_TOKEN")
      ]),
      (values) => Credentials.fromVariables(...values) ?? Credentials.nothing
    )
  })
)

export const makeDataPlane = (options: HttpOptions) =>
  Effect.flatMap(runtime, (runtime) => makeHttpDataPlane(options, runtime))
