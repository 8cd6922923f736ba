/**
 * Puts a secret into a header of the requests of a client: anew for each hop of a redirect, for the origins that it is meant for,
 * and nowhere that it could be read from afterwards.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type Allows, urlOf } from "./origins.js"
import { withRequest } from "./withRequest.js"

/**
 * Sends the request of one hop with this value of the header.
 *
 * @internal
 */
export type Attempt<E, R> = (
  value: Redacted.Redacted
) => Effect.Effect<HttpClientResponse.HttpClientResponse, E | HttpClientError.RequestError, R>

/** @internal */
export interface Options<E, R, E2, R2> {
  readonly header: string
  readonly allows: Allows
  /** One hop: obtains the secret, sends, and recovers. */
  readonly hop: (
    attempt: Attempt<E, R>,
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E2, R2>
}

/**
 * The two halves of every client that the platform makes. Its interface does not name them, and `HttpClient.transform`, which uses
 * them, does not let the request of a hop be changed.
 */
interface Halves<E, R> {
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
  readonly postprocess: HttpClient.HttpClient.Postprocess<E, R>
}

// RFC 9110, section 5.1.
const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/

// RFC 9110, section 5.5, less what is not ASCII. Checked here because `fetch` quotes the value that it refuses.
const fieldValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

// `fetch` follows redirects by itself: it takes custom headers along to other origins, and comes back without the credential. Whoever
// wants errors instead of redirects still gets them.
const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWithEffect((context: Context.Context<never>) => {
    const init = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
    return Effect.provideService(self, FetchHttpClient.RequestInit, {
      ...init,
      redirect: init?.redirect === "error" ? "error" : "manual"
    })
  })

/**
 * A client whose requests to allowed origins go through `hop`; all others go out as they are.
 *
 * What comes out, responses and errors alike, has the request as it came in: without the header.
 *
 * @internal
 */
export const inject = <E, R, E2, R2>(
  self: HttpClient.HttpClient.With<E, R>,
  { allows, header, hop }: Options<E, R, E2, R2>
): HttpClient.HttpClient.With<E | E2, R | R2> => {
  if (!fieldName.test(header)) {
    throw new Cause.IllegalArgumentException("header is not the name of a header, as in x-api-key")
  }
  // Every client has them: see `Halves`.
  const { postprocess, preprocess } = self as unknown as Halves<E, R>

  const send = (request: HttpClientRequest.HttpClientRequest) => withoutRedirects(postprocess(Effect.succeed(request)))

  const attempt = (request: HttpClientRequest.HttpClientRequest): Attempt<E, R> => (value) => {
    if (!fieldValue.test(Redacted.value(value))) {
      return Effect.fail(
        new HttpClientError.RequestError({
          request,
          reason: "Encode",
          description: `the credential has characters that the header '${header}' cannot carry`
        })
      )
    }
    const injected = HttpClientRequest.setHeader(request, header, Redacted.value(value))
    return send(injected).pipe(
      Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, header]),
      Effect.mapError((error) => withoutInjected(error, request)),
      Effect.flatMap((response) =>
        Option.exists(urlOf(response.request), (url) => !allows(url))
          ? Effect.dieMessage(
            "A redirect took the credential to an origin that is not allowed: HttpClient.followRedirects has to wrap the client with "
              + "credentials, not the other way round"
          )
          : Effect.succeed(withRequest(response, request))
      )
    )
  }

  return HttpClient.makeWith(
    (requests: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>) =>
      Effect.flatMap(
        requests,
        (request): Effect.Effect<HttpClientResponse.HttpClientResponse, E | E2, R | R2> =>
          Option.exists(urlOf(request), allows)
            ? hop(attempt(request), request)
            : send(request)
      ),
    preprocess
  )
}

const withoutInjected = <E>(error: E, request: HttpClientRequest.HttpClientRequest): E => {
  if (!HttpClientError.isHttpClientError(error)) return error
  // The same class again, which E has as a member.
  return (error._tag === "RequestError"
    ? new HttpClientError.RequestError({ ...error, request })
    : new HttpClientError.ResponseError({
      ...error,
      request,
      response: withRequest(error.response, request)
    })) as E & HttpClientError.HttpClientError
}
