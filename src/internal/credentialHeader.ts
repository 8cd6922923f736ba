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
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { type Allows, urlOf } from "./origins.js"
import { isPlain } from "./validity.js"
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

const hasHalves = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): client is HttpClient.HttpClient.With<E, R> & Halves<E, R> =>
  Predicate.hasProperty(client, "preprocess") && Predicate.hasProperty(client, "postprocess")

// RFC 9110, section 5.1.
const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/

// RFC 9110, section 5.5, less what is not ASCII. Checked here because `fetch` quotes the value that it refuses.
const fieldValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

const misplaced = () =>
  new Cause.RuntimeException(
    "The client follows a redirect, with the credential, to an origin that is not allowed: HttpClient.followRedirects has to wrap the "
      + "client with credentials, not the other way round"
  )

/** Whether a request has the credential: it may have been changed on its way, and clients inside may send others. */
type Carries = (request: HttpClientRequest.HttpClientRequest) => boolean

const isForeign = (request: HttpClientRequest.HttpClientRequest, allows: Allows): boolean =>
  Option.exists(urlOf(request), (url) => !allows(url))

/**
 * A client that follows redirects inside takes the header along. The platform asks this reference at each request that it is about to
 * send: one with the credential to a foreign origin was not meant. (Where tracing is off it does not ask; then the last answer tells.)
 */
const guarded = (carries: Carries, allows: Allows) =>
  Effect.locallyWith(
    HttpClient.currentTracerDisabledWhen,
    (disabled) => (request: HttpClientRequest.HttpClientRequest) => {
      if (carries(request) && isForeign(request, allows)) throw misplaced()
      return disabled(request)
    }
  )

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
  if (!hasHalves(self)) {
    throw new Cause.IllegalArgumentException("The client is not one of @effect/platform, which HttpClient.make makes")
  }
  const { postprocess, preprocess } = self

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
    const carries: Carries = ({ headers }) => Option.contains(Headers.get(headers, header), Redacted.value(value))
    const injected = HttpClientRequest.setHeader(request, header, Redacted.value(value))
    return send(injected).pipe(
      Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, header]),
      guarded(carries, allows),
      Effect.mapErrorCause(cleaned(withoutInjected(carries, request))),
      Effect.flatMap((response) =>
        isForeign(response.request, allows)
          ? Effect.die(misplaced())
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

/** The failures and the defects of a cause, by this function. A failure stays one of its type. */
const cleaned = (clean: (value: unknown) => unknown) => <E>(cause: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error) => Cause.fail(clean(error) as E),
    onDie: (defect) => Cause.die(clean(defect)),
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

const isRequest = (value: unknown): value is HttpClientRequest.HttpClientRequest =>
  Predicate.hasProperty(value, HttpClientRequest.TypeId)

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  Predicate.hasProperty(value, HttpClientResponse.TypeId)

/** What names the request as it came in, in the place of what has the one that was sent; also in errors that were made of others. */
const withoutInjected = (
  carries: Carries,
  request: HttpClientRequest.HttpClientRequest
): (value: unknown) => unknown => {
  const seen = new Set<unknown>()
  const clean = (value: unknown): unknown => {
    if (isRequest(value)) return carries(value) ? request : value
    if (isResponse(value)) return carries(value.request) ? withRequest(value, request) : value
    if (HttpClientError.isHttpClientError(value) && carries(value.request)) {
      const cause = "cause" in value ? { cause: clean(value.cause) } : {}
      return value._tag === "RequestError"
        ? new HttpClientError.RequestError({ ...value, ...cause, request })
        : new HttpClientError.ResponseError({
          ...value,
          ...cause,
          request,
          response: withRequest(value.response, request)
        })
    }
    // An error of Effect has its members in a plain object, too.
    if (!(value instanceof Error || Array.isArray(value) || isPlain(value)) || seen.has(value)) return value
    seen.add(value)
    for (const name of Reflect.ownKeys(value)) {
      const property = Reflect.getOwnPropertyDescriptor(value, name)
      const cleaned = clean(property?.value)
      if (cleaned !== property?.value) Reflect.defineProperty(value, name, { ...property, value: cleaned })
    }
    return value
  }
  return clean
}
