/**
 * Puts a secret into a header of the requests of an HTTP client: separately for each hop of a redirect, and for the
 * allowed origins only. Responses and errors of the client do not contain it.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { isPlain } from "../models/internal/plainData.js"
import { type Allows, urlOf } from "./origins.js"
import { withRequest } from "./withRequest.js"

/** Sends the request of one hop with this value of the header. */
export type Attempt<E, R> = (
  value: Redacted.Redacted
) => Effect.Effect<HttpClientResponse.HttpClientResponse, E | HttpClientError.HttpClientError, R>

export interface Options<E, R, E2, R2> {
  readonly header: string
  readonly allows: Allows
  /** One hop: obtains the secret, sends the request, and handles a refusal. */
  readonly hop: (
    attempt: Attempt<E, R>,
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E2, R2>
}

// RFC 9110, section 5.1.
const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/

// RFC 9110, section 5.5, ASCII only. Checked here because the error of `fetch` quotes an invalid value.
const fieldValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

const makeRedirectDefect = () =>
  new Error(
    "The client follows a redirect, with the credential, to an origin that is not allowed: HttpClient.followRedirects has to wrap the "
      + "client with credentials, not the other way round"
  )

const makeUncheckedDefect = () =>
  new Error(
    "The origins of the requests of this client cannot be checked, so it gets no credential: HttpClient.TracerDisabledWhen and "
      + "Tracer.DisablePropagation have to be set around the client with credentials, not the other way round, and HttpClient.make has to make "
      + "the innermost client"
  )

/**
 * Whether a request has the credential or its placeholder. Inner clients may change the request, and may send others.
 */
type Carries = (request: HttpClientRequest.HttpClientRequest) => boolean

const isForeign = (request: HttpClientRequest.HttpClientRequest, allows: Allows): boolean =>
  Option.exists(urlOf(request), (url) => !allows(url))

/** The credential of one attempt. */
interface Credential {
  readonly header: string
  readonly value: Redacted.Redacted
  /** The header's value until the request is checked. No client sends a header with a line break inside. */
  readonly placeholder: string
}

const carriesOf = ({ header, placeholder, value }: Credential): Carries => ({ headers }) =>
  Option.exists(Headers.get(headers, header), (found) => found === placeholder || found === Redacted.value(value))

/**
 * Puts the credential into a request that is about to be sent. `HttpClient.make` sends this very object, so it is
 * changed and not copied.
 */
const putCredential = (
  request: HttpClientRequest.HttpClientRequest,
  { header, value }: Credential
): HttpClientRequest.HttpClientRequest =>
  Object.assign(request, { headers: Headers.set(request.headers, header, Redacted.value(value)) })

/**
 * Runs `self` with `check` before each request that it sends. `HttpClient.make` reads this reference right before it
 * sends a request, also a request of an inner `HttpClient.followRedirects`. It is the only such place of the platform.
 *
 * The platform does not read it under `Tracer.DisablePropagation`. So the request has no span for the same reason here.
 */
const checkEachRequest =
  (check: (request: HttpClientRequest.HttpClientRequest) => void) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Tracer.DisablePropagation, (isDisabled) =>
      self.pipe(
        Effect.updateService(
          HttpClient.TracerDisabledWhen,
          (disabled) => (request: HttpClientRequest.HttpClientRequest) => {
            check(request)
            return isDisabled || disabled(request)
          }
        ),
        Effect.provideService(Tracer.DisablePropagation, false)
      ))

// A client refuses the placeholder like any header value with a line break. Each client has its own error for it.
const isInvalidHeader = (error: unknown): boolean =>
  error instanceof Error && (
    /invalid.*header|header.*invalid/is.test(error.message) || isInvalidHeader(error.cause)
  )

const hasInvalidHeader = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) =>
    Cause.isFailReason(reason)
      ? isInvalidHeader(reason.error)
      : Cause.isDieReason(reason) && isInvalidHeader(reason.defect)
  )

// By default `fetch` follows redirects and sends custom headers to other origins. A program that set `redirect:
// "error"` keeps it.
const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) => {
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
 */
export const inject = <E, R, E2, R2>(
  self: HttpClient.HttpClient.With<E, R>,
  { allows, header, hop }: Options<E, R, E2, R2>
): HttpClient.HttpClient.With<E | E2, R | R2> => {
  if (!fieldName.test(header)) {
    throw new Cause.IllegalArgumentError("header is not the name of a header, as in x-api-key")
  }
  // A program in plain JavaScript can pass anything.
  if (!Predicate.hasProperty(self, "postprocess") || !Predicate.isFunction(self.postprocess)) {
    throw new Cause.IllegalArgumentError("The client is not a client of effect/http: make it with HttpClient.make")
  }
  const { postprocess, preprocess } = self

  const send = (request: HttpClientRequest.HttpClientRequest) => withoutRedirects(postprocess(Effect.succeed(request)))

  const attempt = (request: HttpClientRequest.HttpClientRequest): Attempt<E, R> => (value) => {
    if (!fieldValue.test(Redacted.value(value))) {
      return Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.EncodeError({
            request,
            description: `the credential has characters that the header '${header}' cannot carry`
          })
        })
      )
    }
    return Effect.suspend(() => {
      const credential = { header, value, placeholder: `unchecked\n${crypto.randomUUID()}` }
      const carries = carriesOf(credential)
      let isChecked = false
      const check = (sent: HttpClientRequest.HttpClientRequest) => {
        isChecked = true
        if (!carries(sent)) return
        if (!Option.exists(urlOf(sent), allows)) throw makeRedirectDefect()
        putCredential(sent, credential)
      }
      return send(HttpClientRequest.setHeader(request, header, credential.placeholder)).pipe(
        Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, header]),
        checkEachRequest(check),
        Effect.catchCause((cause) =>
          Effect.failCause(
            !isChecked && hasInvalidHeader(cause)
              ? Cause.die(makeUncheckedDefect())
              : mapCause(replaceRequest(carries, request))(cause)
          )
        ),
        Effect.flatMap((response) =>
          isForeign(response.request, allows)
            ? Effect.die(makeRedirectDefect())
            : !isChecked && carries(response.request)
            ? Effect.die(makeUncheckedDefect())
            : Effect.succeed(withRequest(response, request))
        )
      )
    })
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
  Cause.fromReasons(cause.reasons.map((reason) =>
    Cause.isFailReason(reason)
      ? Cause.makeFailReason(f(reason.error) as E)
      : Cause.isDieReason(reason)
      ? Cause.makeDieReason(f(reason.defect))
      : reason
  ))

const isRequest = (value: unknown): value is HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.isHttpClientRequest(value)

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
    if (!isContainer(value) || seen.has(value)) return false
    seen.add(value)
    return propertiesOf(value).some(([, property]) => contains(property.value, seen))
  }

  const replace = (value: unknown): unknown => {
    if (!contains(value, new Set())) return value
    if (isRequest(value)) return request
    if (isResponse(value)) return withRequest(value, request)
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
