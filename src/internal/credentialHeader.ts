/**
 * Puts a credential into a header of the requests of an HTTP client, for the allowed origins only. Each hop of a
 * redirect is checked separately. Responses and errors of the client do not contain the credential: each of the
 * first 1,000 objects in them is looked at.
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
 * sends a request, also a request of an inner `HttpClient.followRedirects`. It is the only such place in Effect.
 *
 * Effect does not read it under `Tracer.DisablePropagation`. So the request has no span for the same reason here.
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

/** An exit has far fewer objects, unless the program has put its own into it. */
const maxObjects = 1000

/** The requests and responses in a value: an error that was made of others, an `Option`, a collection. */
const messagesIn = (value: unknown, seen = new Set<unknown>()): ReadonlyArray<Request | Response> => {
  if (HttpClientRequest.isHttpClientRequest(value) || isResponse(value)) return [value]
  if (!Predicate.isObjectOrArray(value) || seen.has(value) || seen.size >= maxObjects) return []
  seen.add(value)
  const items: ReadonlyArray<unknown> = value instanceof Map || value instanceof Set ? [...value] : []
  const members = Reflect.ownKeys(value).map((name) => Reflect.getOwnPropertyDescriptor(value, name)?.value)
  return [...items, ...members].flatMap((member) => messagesIn(member, seen))
}

/** The value, or the errors and the defects. */
const valuesOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<unknown> =>
  Exit.isSuccess(exit)
    ? [exit.value]
    : exit.cause.reasons.map((reason) =>
      Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined
    )

/** Passes the exits of all spans on before their tracer sees them. An inner hop's span ends with its response. */
const onSpanEnd = (use: (exit: Exit.Exit<unknown, unknown>) => unknown) => (tracer: Tracer.Tracer): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = tracer.span(options)
      const end = span.end.bind(span)
      span.end = (time, exit) => {
        use(exit)
        end(time, exit)
      }
      return span
    },
    context: tracer.context
  })

/**
 * A client whose requests to allowed origins go through `hop`. All other requests stay as they are.
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
  const isAllowed = (request: Request): boolean => Option.exists(urlOf(request), allows)
  const isForeign = (request: Request): boolean => Option.exists(urlOf(request), (url) => !allows(url))
  const name = header.toLowerCase()
  const send = (request: Request) => withoutRedirects(postprocess(Effect.succeed(request)))

  const attempt = (request: Request): Attempt<E, R> => (value) => {
    const credential = Redacted.value(value)
    if (!fieldValue.test(credential)) {
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
      const mark = crypto.randomUUID()
      /** The requests that were sent with the credential, and have the mark again. */
      const checked = new WeakSet<Request>()
      const hasMark = ({ headers }: Request) => headers[name] === mark
      const hasCredential = ({ headers }: Request) => headers[name] === credential
      // `HttpClient.make` sends this very object, so it is changed and not copied.
      const check = (sent: Request): void => {
        if (!hasMark(sent) && !hasCredential(sent)) return
        if (!isAllowed(sent)) throw new Error(redirected)
        const follower = followerIn(Fiber.getCurrent()?.context ?? Context.empty())
        if (follower !== undefined) throw new Error(follows[follower])
        Object.assign(sent, { headers: Headers.set(sent.headers, name, credential) })
      }
      let isUnchecked = false
      /** Puts the mark back, with which inner clients make the next hop. Notes a request that was not checked. */
      const clean = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<Request> =>
        messagesIn(valuesOf(exit)).map((message) => {
          const sent = isResponse(message) ? message.request : message
          if (hasCredential(sent)) checked.add(Object.assign(sent, { headers: Headers.set(sent.headers, name, mark) }))
          isUnchecked ||= isResponse(message) && hasMark(sent) && !checked.has(sent)
          return sent
        })
      const finish = (exit: Exit.Exit<unknown, unknown>): void => {
        for (const sent of clean(exit).filter(hasMark)) {
          Object.assign(sent, { headers: Headers.remove(sent.headers, name) })
        }
      }
      const rejectUnchecked = Effect.suspend(() => isUnchecked ? Effect.die(new Error(unchecked)) : Effect.void)
      return send(HttpClientRequest.setHeader(request, name, mark)).pipe(
        Effect.updateService(Headers.CurrentRedactedNames, (names) => [...names, name]),
        checkEachRequest(check),
        Effect.updateService(Tracer.Tracer, onSpanEnd(clean)),
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
          isAllowed(request) ? hop(attempt(request), request) : send(request)
      ),
    preprocess
  )
}
