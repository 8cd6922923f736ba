/** The consents that the functions of one runtime wait for, and the page that the browser returns to. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Consent from "../../Consent.js"
import type { ConsentSession } from "../../ConsentSession.js"
import type * as Identity from "../../Identity.js"
import * as Completion from "../../internal/consentCallback/completion.js"
import * as Page from "../../internal/consentPages.js"
import { accessTokenOperation } from "../../internal/identity/requests.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals } from "../../internal/pendingConsents/store.js"
import * as Validation from "../../internal/plane/validation.js"
import * as PendingConsents from "../../PendingConsents.js"
import * as TokenPoller from "../../TokenPoller.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { OAuth2WrapperConfig } from "./config.js"
import * as Node from "./nodePages.js"
import { checkUser, type Runtime, serviceOr, type User } from "./workload.js"

type Wait = Parameters<NonNullable<OAuth2WrapperConfig["poll"]>>[0]

/** A poller of a program. It fails with the errors of the program too, which the type of a poller does not have. */
export const toPoller =
  (poll: (wait: Wait) => Effect.Effect<unknown, unknown>): TokenPoller.TokenPoller =>
  <E, R>(wait: {
    readonly session: ConsentSession
    readonly poll: Effect.Effect<Option.Option<Redacted.Redacted>, E, R>
  }) =>
    Effect.flatMap(Effect.context<R>(), (context) => {
      const controller = new AbortController()
      const { signal } = controller
      const ask = Effect.map(wait.poll, (token) => Option.getOrUndefined(Option.map(token, Redacted.value)))
      return poll({
        session: wait.session,
        poll: () => Effect.runPromiseWith(context)(ask, { signal }),
        signal
      }).pipe(
        Effect.ensuring(Effect.sync(() => controller.abort())),
        Effect.mapError((error) => error as E),
        Effect.filterOrFail(
          isString,
          () => Validation.invalidProperty(accessTokenOperation, "poll", "return the token")
        ),
        Effect.map((token) => Redacted.make(token))
      )
    })

export type Consents = ReturnType<typeof make>

export const make = () => {
  let isServed = false
  let memory: Context.Context<PendingConsents.PendingConsents | ConsentSignals> | undefined
  const inMemory = Effect.suspend(() =>
    memory === undefined
      ? Effect.map(Effect.scoped(Layer.build(PendingConsents.layerMemory)), (context) => memory ??= context)
      : Effect.succeed(memory)
  )
  /** Returns the service in context, by default one in memory. */
  const orInMemory = <I extends PendingConsents.PendingConsents | ConsentSignals, S>(
    tag: Context.Key<I, S>
  ) => serviceOr(tag, Effect.map(inMemory, Context.get(tag)))
  const pending = orInMemory(PendingConsents.PendingConsents)
  const signals = orInMemory(ConsentSignals)
  return {
    signals,
    pending,
    visits: Completion.makeVisits(),
    /** Notes that a page of this process needs the sessions of all calls. */
    serve: (): void => {
      isServed = true
    },
    /** Stores the sessions of a call for the page after consent. Without a known user there may be no page. */
    register: (user: UserIdentifier | undefined) => <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      user === undefined && !isServed
        ? call
        : Effect.flatMap(pending, (store) => Effect.provideService(call, PendingConsents.PendingConsents, store)),
    /** The options of a call, which waits until the page completes its session. Default: the handler of the runtime. */
    options: (
      show: Consent.Handler<unknown> | undefined,
      poll: TokenPoller.TokenPoller | undefined
    ): Effect.Effect<Identity.ConsentOptions<unknown>> =>
      Effect.map(Consent.Handler, (byDefault): Identity.ConsentOptions<unknown> => ({
        consent: show ?? byDefault,
        poll: (wait) =>
          Effect.flatMap(
            Effect.zip(poll === undefined ? TokenPoller.TokenPoller : Effect.succeed(poll), signals),
            ([base, signals]) => Signals.poller(signals, base)(wait)
          )
      }))
  }
}

type Outcome = { readonly _tag: "Completed" | "Denied" | "NotUsable" | "Failed" | "NotSignedIn" }

interface PageOptions<in Req> {
  readonly currentUser: (request: Req) => User | null | undefined | Promise<User | null | undefined>
  readonly respond?: ((outcome: Outcome, request: Req) => Response | Promise<Response>) | undefined
}

export interface Dependencies<R> extends Runtime<R> {
  readonly consents: Consents
}

const visit = async <R>(
  { consents, dataPlane, identity, settle }: Dependencies<R>,
  signedIn: ReturnType<PageOptions<never>["currentUser"]>,
  url: string
): Promise<Outcome> => {
  const user = await signedIn
  if (user === undefined || user === null) return { _tag: "NotSignedIn" }
  return settle(Effect.gen(function*() {
    const checked = yield* checkUser(user, "currentUser")
    const dependencies = {
      identity: yield* identity,
      callerOf: Completion.makeCallerOf(Option.some(yield* dataPlane)),
      claim: (yield* consents.pending).claim,
      signals: yield* consents.signals,
      visits: consents.visits
    }
    const { _tag } = yield* Completion.complete(dependencies, Completion.visitOf(url), checked)
    return { _tag }
  }))
}

const respondTo = async <R, Req>(
  dependencies: Dependencies<R>,
  { currentUser, respond }: PageOptions<Req>,
  request: Req,
  { acceptLanguage, method, url }: {
    readonly method: string | undefined
    readonly url: string
    readonly acceptLanguage: string | null | undefined
  }
): Promise<Response> => {
  // A link preview completes no session.
  if (method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } })
  const outcome = await visit(dependencies, currentUser(request), url)
  if (respond === undefined) {
    const { body, ...plain } = Page.render(outcome._tag, acceptLanguage)
    return new Response(body, plain)
  }
  const response = await respond(outcome, request)
  if (response.headers.has("referrer-policy")) return response
  // Without it, the next request from a page of the application would send the session in its `Referer`. The headers of
  // a redirect cannot be changed.
  const headers = new Headers(response.headers)
  headers.set("referrer-policy", "no-referrer")
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

export const makeFetch = <R>(dependencies: Dependencies<R>) => (options: PageOptions<Request>) => {
  dependencies.consents.serve()
  return (request: Request): Promise<Response> =>
    respondTo(dependencies, options, request, {
      method: request.method,
      url: request.url,
      acceptLanguage: request.headers.get("accept-language")
    })
}

export const makeNode = <R>(dependencies: Dependencies<R>) =>
<Req extends IncomingMessage>(
  options: PageOptions<Req>
): (request: Req, response: ServerResponse, next?: (error: unknown) => void) => Promise<void> => {
  dependencies.consents.serve()
  return Node.makeListener(
    "The page after consent",
    (message) => dependencies.settle(Effect.logError(message)),
    async (request, response) => {
      const { headers, method, url = "" } = request
      const { "accept-language": acceptLanguage } = headers
      await Node.send(await respondTo(dependencies, options, request, { method, url, acceptLanguage }), response)
    }
  )
}
