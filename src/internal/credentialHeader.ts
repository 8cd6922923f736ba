/**
 * Puts a credential into a header of the requests of an HTTP client, for the allowed origins only. Each hop of a
 * redirect is checked separately. Responses, errors and spans of the client do not contain the credential.
 *
 * Inner clients can follow redirects and copy headers. So a request carries a mark instead of the credential, until it
 * is about to be sent and its origin is known. A request that is sent without this check has no credential.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { type Allows, followerIn, urlOf, withoutRedirects } from "./origins.js"

type Request = HttpClientRequest.HttpClientRequest
type Response = HttpClientResponse.HttpClientResponse

/** Sends the request of one hop with this value of the header. */
export type Attempt<E, R> = (
  value: Redacted.Redacted
) => Effect.Effect<Response, E | HttpClientError.HttpClientError, R>

interface Options<E, R, E2, R2> {
  readonly header: string
  readonly allows: Allows
  /** One hop: obtains the credential, sends the request, and handles a rejection. */
  readonly hop: (attempt: Attempt<E, R>, request: Request) => Effect.Effect<Response, E2, R2>
}

// RFC 9110, section 5.1.
export const fieldName = /^[!#$%&'*+\-.^_`|~\w]+$/

// RFC 9110, section 5.5, ASCII only. Checked here because the error of `fetch` quotes an invalid value.
export const fieldValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

// The messages of defects: the program has put its clients into the wrong order.

const redirected = "The client follows a redirect, with the credential, to an origin that is not allowed: "
  + "HttpClient.followRedirects has to wrap the client with credentials, not the other way round"

const follows = {
  fetch: "fetch would follow redirects with the credential: provide FetchHttpClient.RequestInit around the "
    + "client with credentials, not inside, or with redirect: \"manual\"",
  undici: "undici would follow redirects with the credential: provide NodeHttpClient.UndiciOptions around the "
    + "client with credentials, not inside, or with maxRedirections: 0"
}

const unchecked = "The origins of the requests of this client cannot be checked, so it gets no credential: "
  + "HttpClient.TracerDisabledWhen and Tracer.DisablePropagation have to be set around the client with credentials, not "
  + "the other way round, and HttpClient.make has to make the innermost client"

/**
 * Runs `self` with `check` before each request that it sends. `HttpClient.make` reads this reference right before it
 * sends a request, also a request of an inner `HttpClient.followRedirects`. It is the only such place in Effect. Effect
 * does not read it under `Tracer.DisablePropagation`, so here the request has no span instead.
 */
export const checkEachRequest = (check: (request: Request) => void) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Tracer.DisablePropagation, (isDisabled) =>
    self.pipe(
      Effect.updateService(HttpClient.TracerDisabledWhen, (disabled) => (request: Request) => {
        check(request)
        return isDisabled || disabled(request)
      }),
      Effect.provideService(Tracer.DisablePropagation, false)
    ))

const isResponse = (value: unknown): value is Response => Predicate.hasProperty(value, HttpClientResponse.TypeId)

/** The value, or the errors and the defects. */
const valuesOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<unknown> =>
  Exit.isSuccess(exit)
    ? [exit.value]
    : exit.cause.reasons.map((reason) =>
      Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    )

const membersOf = (value: object): ReadonlyArray<unknown> => [
  ...value instanceof Map || value instanceof Set ? [...value] : [],
  ...Reflect.ownKeys(value).map((name) => Reflect.getOwnPropertyDescriptor(value, name)?.value)
]

/** The value of a span can be a service of the program. An error is searched completely. */
const maxObjectsOfValue = 1000

/** The requests and responses in an exit: an error that was made of others, an `Option`, a collection. */
const messagesIn = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<Request | Response> => {
  const maxObjects = Exit.isSuccess(exit) ? maxObjectsOfValue : Infinity
  const messages: Array<Request | Response> = []
  const reached = new Set(valuesOf(exit).filter(Predicate.isObjectOrArray))
  // The set grows during the iteration.
  for (const value of reached) {
    if (HttpClientRequest.isHttpClientRequest(value) || isResponse(value)) {
      messages.push(value)
    } else if (!ArrayBuffer.isView(value)) {
      for (const member of membersOf(value)) {
        if (Predicate.isObjectOrArray(member) && reached.size < maxObjects) reached.add(member)
      }
    }
  }
  return messages
}

/** Runs `onEnd` before the tracer sees the exit of a span, and its result after that. `onStart` runs when it begins. */
const onSpanEnd = <A>(
  onStart: (kind: Tracer.SpanKind) => A,
  onEnd: (started: A, exit: Exit.Exit<unknown, unknown>, kind: Tracer.SpanKind) => () => void
) =>
(tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const started = onStart(options.kind)
      const span = tracer.span(options)
      const end = span.end.bind(span)
      span.end = (time, exit) => {
        const afterEnd = onEnd(started, exit, options.kind)
        end(time, exit)
        afterEnd()
      }
      return span
    },
    context: tracer.context
  })

interface Header {
  readonly name: string
  readonly credential: string
  readonly isAllowed: (request: Request) => boolean
}

/**
 * The header of the requests of one attempt: `mark` until a request is checked, the credential while it is sent, and
 * `mark` again after that, because an inner client makes its next hop from it.
 *
 * `HttpClient.make` sends the very object that it checks, or a copy with the headers of a trace. So the checked ones
 * are known, and the copies are in the exit of the span that the trace headers name.
 */
const makeHeader = ({ credential, isAllowed, name }: Header) => {
  const mark: string = crypto.randomUUID()
  const checked: Array<{ readonly request: Request; readonly fiber: Fiber.Fiber<unknown, unknown> | undefined }> = []
  /** The index of the last request that a fiber checked. */
  const lastChecked = new WeakMap<Fiber.Fiber<unknown, unknown>, number>()
  /** The requests that were sent with the credential, and have the mark again. */
  const marked = new WeakSet<Request>()
  let isUnchecked = false
  const hasMark = ({ headers }: Request) => headers[name] === mark
  const hasCredential = ({ headers }: Request) => headers[name] === credential
  const set = (request: Request, value: string) =>
    Object.assign(request, { headers: Headers.set(request.headers, name, value) })
  const putMark = (request: Request): void => {
    marked.add(set(request, mark))
  }

  const check = (request: Request): void => {
    if (!hasMark(request) && !hasCredential(request)) return
    if (!isAllowed(request)) throw new Error(redirected)
    const fiber = Fiber.getCurrent()
    const follower = followerIn(fiber?.context ?? Context.empty())
    if (follower !== undefined) throw new Error(follows[follower])
    if (fiber !== undefined) lastChecked.set(fiber, checked.length)
    checked.push({ request: set(request, credential), fiber })
  }

  /**
   * Cleans the requests in an exit, and those that were checked since: they were sent, if this is their fiber, or their
   * fiber has ended. A request that another fiber is sending keeps its credential.
   */
  const clean = (since: number, exit: Exit.Exit<unknown, unknown>) => {
    const current = Fiber.getCurrent()
    const sent = checked.slice(since).flatMap(({ fiber, request }) =>
      fiber === current || fiber?.pollUnsafe() !== undefined ? [request] : []
    )
    const found = messagesIn(exit).map((message) => {
      const request = isResponse(message) ? message.request : message
      isUnchecked ||= isResponse(message) && hasMark(request) && !marked.has(request)
      return request
    })
    const all = [...sent, ...found]
    const cleaned = all.filter(hasCredential)
    cleaned.forEach(putMark)
    return { all, cleaned }
  }

  /** The span of a request begins after its check, and inner clients make the next hop from what was checked. */
  const startOf = (kind: Tracer.SpanKind): number => {
    const current = kind === "client" ? Fiber.getCurrent() : undefined
    return current === undefined ? checked.length : lastChecked.get(current) ?? checked.length
  }

  /**
   * A span in which no request was checked, and that is not the one of a request, is part of sending: its transport
   * returns the request from a function with a span. So the request has its credential again after that.
   */
  const cleanSpan = (since: number, exit: Exit.Exit<unknown, unknown>, kind: Tracer.SpanKind) => {
    const isSending = kind !== "client" && checked.length === since
    const { cleaned } = clean(since, exit)
    return () => {
      const fiber = Fiber.getCurrent()
      if (isSending) checked.push(...cleaned.map((request) => ({ request: set(request, credential), fiber })))
    }
  }

  return {
    mark,
    check,
    cleanSpans: onSpanEnd(startOf, cleanSpan),
    finish: (exit: Exit.Exit<unknown, unknown>): void => {
      for (const request of clean(0, exit).all.filter(hasMark)) {
        Object.assign(request, { headers: Headers.remove(request.headers, name) })
      }
    },
    /** A request was sent without a check. */
    rejectUnchecked: Effect.suspend(() => isUnchecked ? Effect.die(new Error(unchecked)) : Effect.void)
  }
}

const encodeError = (request: Request, header: string) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.EncodeError({
      request,
      description: `the credential has characters that the header '${header}' cannot carry`
    })
  })

/** A client whose requests to allowed origins go through `hop`. All other requests stay as they are. */
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
  const isAllowed = (request: Request): boolean => Option.exists(urlOf(request), allows)
  const isForeign = (request: Request): boolean => Option.exists(urlOf(request), (url) => !allows(url))
  const name = header.toLowerCase()
  const send = (request: Effect.Effect<Request>) => withoutRedirects(postprocess(request))

  const attempt = (request: Request): Attempt<E, R> => (value) => {
    const credential = Redacted.value(value)
    if (!fieldValue.test(credential)) return Effect.fail(encodeError(request, header))
    return Effect.suspend(() => {
      const { check, cleanSpans, finish, mark, rejectUnchecked } = makeHeader({ name, credential, isAllowed })
      // An inner client can run it several times, also concurrently: each gets a request of its own.
      return send(Effect.sync(() => HttpClientRequest.setHeader(request, name, mark))).pipe(
        Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, name]),
        checkEachRequest(check),
        Effect.updateService(Tracer.Tracer, cleanSpans),
        Effect.onExit((exit) => Effect.sync(() => finish(exit))),
        Effect.catchCause((cause) => Effect.andThen(rejectUnchecked, Effect.failCause(cause))),
        Effect.tap(rejectUnchecked),
        // Effect drops `Authorization` from the redirect to another origin, so `check` does not see it.
        Effect.tap(({ request }) => isForeign(request) ? Effect.die(new Error(redirected)) : Effect.void)
      )
    })
  }

  return HttpClient.makeWith(
    (requests: Effect.Effect<Request, E, R>) =>
      Effect.flatMap(
        requests,
        (request): Effect.Effect<Response, E | E2, R | R2> =>
          isAllowed(request) ? hop(attempt(request), request) : send(Effect.succeed(request))
      ),
    preprocess
  )
}
