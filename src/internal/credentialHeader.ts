/**
 * Puts a secret into a header of the requests of an HTTP client: separately for each hop of a redirect, and for the
 * allowed origins only. Responses and errors of the client do not contain it.
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
  /** One hop: obtains the secret, sends the request, and handles a refusal. */
  readonly hop: (
    attempt: Attempt<E, R>,
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E2, R2>
}

/**
 * The two parts of every client of the platform. The public interface omits them. `HttpClient.transform` uses them, but
 * it cannot change the request of a hop.
 */
interface HttpClientInternals<E, R> {
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
  readonly postprocess: HttpClient.HttpClient.Postprocess<E, R>
}

const hasInternals = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): client is HttpClient.HttpClient.With<E, R> & HttpClientInternals<E, R> =>
  Predicate.hasProperty(client, "preprocess") && Predicate.hasProperty(client, "postprocess")

// RFC 9110, section 5.1.
const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/

// RFC 9110, section 5.5, ASCII only. Checked here because the error of `fetch` quotes an invalid value.
const fieldValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

const makeRedirectDefect = () =>
  new Cause.RuntimeException(
    "The client follows a redirect, with the credential, to an origin that is not allowed: HttpClient.followRedirects has to wrap the "
      + "client with credentials, not the other way round"
  )

/** Whether a request carries the credential: inner clients may change the request, and may send others. */
type Carries = (request: HttpClientRequest.HttpClientRequest) => boolean

const isForeign = (request: HttpClientRequest.HttpClientRequest, allows: Allows): boolean =>
  Option.exists(urlOf(request), (url) => !allows(url))

/**
 * An inner client that follows redirects sends the header to the next origin. The platform reads this reference before
 * it sends a request, so a request that would carry the credential to a foreign origin ends here. With tracing off the
 * platform does not read it, and only the final response shows the redirect.
 */
const guardRedirects = (carries: Carries, allows: Allows) =>
  Effect.locallyWith(
    HttpClient.currentTracerDisabledWhen,
    (disabled) => (request: HttpClientRequest.HttpClientRequest) => {
      if (carries(request) && isForeign(request, allows)) throw makeRedirectDefect()
      return disabled(request)
    }
  )

// By default `fetch` follows redirects and sends custom headers to other origins. A program that set `redirect:
// "error"` keeps it.
const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWithEffect((context: Context.Context<never>) => {
    const init = Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit))
    return Effect.provideService(self, FetchHttpClient.RequestInit, {
      ...init,
      redirect: init?.redirect === "error" ? "error" : "manual"
    })
  })

/**
 * A client whose requests to allowed origins go through `hop`. All other requests stay as they are.
 *
 * Its responses and errors have the original request, without the header.
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
  if (!hasInternals(self)) {
    throw new Cause.IllegalArgumentException(
      "The client is not a client of @effect/platform: make it with HttpClient.make"
    )
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
      guardRedirects(carries, allows),
      Effect.mapErrorCause(mapCause(replaceRequest(carries, request))),
      Effect.flatMap((response) =>
        isForeign(response.request, allows)
          ? Effect.die(makeRedirectDefect())
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

/** Maps the failures and the defects of a cause. `f` keeps the type of a failure. */
const mapCause = (f: (value: unknown) => unknown) => <E>(cause: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error) => Cause.fail(f(error) as E),
    onDie: (defect) => Cause.die(f(defect)),
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

const isRequest = (value: unknown): value is HttpClientRequest.HttpClientRequest =>
  Predicate.hasProperty(value, HttpClientRequest.TypeId)

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  Predicate.hasProperty(value, HttpClientResponse.TypeId)

/** Values that can contain a request. An error of Effect has its members in a plain object, too. */
const isContainer = (value: unknown): value is object =>
  value instanceof Error || Array.isArray(value) || isPlain(value)

const propertiesOf = (value: object): ReadonlyArray<readonly [name: PropertyKey, property: PropertyDescriptor]> =>
  Reflect.ownKeys(value).flatMap((name) => {
    const property = Reflect.getOwnPropertyDescriptor(value, name)
    return property === undefined ? [] : [[name, property]]
  })

/** An object of the same class, without its properties. An error needs the internal slot that only `Error` gives. */
const emptyCopy = (value: object): object =>
  Array.isArray(value)
    ? []
    : value instanceof Error
    ? Object.setPrototypeOf(new Error(), Object.getPrototypeOf(value))
    : Object.create(Object.getPrototypeOf(value))

/**
 * Replaces the sent request by the original one, also in errors that were made of other errors. Errors that contain the
 * sent request are copied, because they belong to their libraries; all others keep their identity.
 */
const replaceRequest = (
  carries: Carries,
  request: HttpClientRequest.HttpClientRequest
): (value: unknown) => unknown => {
  const copies = new Map<object, object>()

  const contains = (value: unknown, seen: Set<unknown>): boolean => {
    if (isRequest(value)) return carries(value)
    if (isResponse(value)) return carries(value.request)
    if (HttpClientError.isHttpClientError(value) && carries(value.request)) return true
    if (!isContainer(value) || seen.has(value)) return false
    seen.add(value)
    return propertiesOf(value).some(([, property]) => contains(property.value, seen))
  }

  const replace = (value: unknown): unknown => {
    if (!contains(value, new Set())) return value
    if (isRequest(value)) return request
    if (isResponse(value)) return withRequest(value, request)
    if (HttpClientError.isHttpClientError(value) && carries(value.request)) {
      const cause = "cause" in value ? { cause: replace(value.cause) } : {}
      return value._tag === "RequestError"
        ? new HttpClientError.RequestError({ ...value, ...cause, request })
        : new HttpClientError.ResponseError({
          ...value,
          ...cause,
          request,
          response: withRequest(value.response, request)
        })
    }
    return isContainer(value) ? copies.get(value) ?? copy(value) : value
  }

  const copy = (value: object): object => {
    const result = emptyCopy(value)
    // Before its properties: an error may contain itself.
    copies.set(value, result)
    for (const [name, property] of propertiesOf(value)) {
      Object.defineProperty(
        result,
        name,
        "value" in property ? { ...property, value: replace(property.value) } : property
      )
    }
    if (value instanceof Error) {
      // In newer engines `stack` is an accessor, and reads the copy's own stack.
      Object.defineProperty(result, "stack", { value: value.stack, writable: true, configurable: true })
    }
    return result
  }

  return replace
}
