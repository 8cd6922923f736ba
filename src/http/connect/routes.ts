/** The routes of `Connect`: HTTP requests in, views out. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as PubSub from "effect/PubSub"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as Consent from "../../Consent.js"
import * as Completion from "../../consentCallback/completion.js"
import { CredentialCache } from "../../CredentialCache.js"
import { DataPlane } from "../../DataPlane.js"
import { Identity } from "../../Identity.js"
import { deriveKey, parseSecret } from "../../internal/sealing.js"
import { PendingConsents } from "../../PendingConsents.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import * as App from "./app.js"
import * as FormGuard from "./formGuard.js"
import * as Links from "./links.js"
import { type Event, eventCount, type LinkOptions, type Options, type Service, type View } from "./model.js"
import { checkUser, invalid } from "./options.js"
import * as Pages from "./pages.js"
import * as Users from "./users.js"

export const makeService = (options: LinkOptions, links: Links.Links, stream: Stream.Stream<Event>): Service => ({
  workload: options.workload,
  users: options.users ?? "userId",
  nameOf: (subject) => Option.fromNullishOr(links.nameOf(subject)),
  credentialOf: (name) => Option.fromNullishOr(links.find(name)),
  link: (subject, { continue: address } = {}) =>
    Effect.suspend(() => {
      const name = links.nameOf(subject)
      if (name === undefined) return invalid("credential", "be one of the credentials of Connect")
      if (address === undefined) return Effect.succeed(links.link(name))
      const allowed = links.allowed(address)
      return Option.isSome(allowed)
        ? Effect.succeed(links.link(name, allowed.value))
        : invalid("continue", "be an address that the option continueTo allows")
    }),
  events: stream
})

export const makeLinks = (options: LinkOptions): Effect.Effect<Links.Links> =>
  // Options that cannot be right: no program can do anything about them while it runs.
  Effect.orDie(Effect.flatMap(Consent.ReturnUrl, (returnUrl) => Effect.fromResult(Links.make(options, returnUrl))))

const makeFormTokens = (formKey: Redacted.Redacted | undefined): Effect.Effect<FormGuard.FormTokens> =>
  (formKey === undefined
    ? Effect.sync(() => new Uint8Array(randomBytes(32)))
    : Effect.map(
      Effect.fromResult(parseSecret(Redacted.value(formKey), "The formKey of Connect")),
      (secret) => deriveKey(secret, "effect-agentcore-identity/http/Connect")
    )).pipe(Effect.mapError((message) => invalid("formKey", message)), Effect.orDie, Effect.map(FormGuard.make))

type Handler<E, R> = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  E,
  R | HttpServerRequest.HttpServerRequest | HttpServerRequest.ParsedSearchParams | HttpRouter.RouteContext
>

export interface Made<E, R> {
  readonly service: Service
  readonly paths: {
    readonly connections: HttpRouter.PathInput
    readonly link: HttpRouter.PathInput
    readonly returned: HttpRouter.PathInput
  }
  readonly connections: Handler<E, R>
  readonly link: Handler<E, R>
  readonly submit: Handler<E, R>
  readonly returned: Handler<E, R>
  /** Signals what processes that have ended did not signal. */
  readonly recover: Effect.Effect<void>
}

const wantsJson = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  /\bapplication\/json\b/i.test(headers["accept"] ?? "") && !/\btext\/html\b/i.test(headers["accept"] ?? "")

const labelsOf = ({ _tag, credential }: Pick<Event, "_tag" | "credential">): Record<string, string> => ({
  "agentcore.event": _tag,
  ...credential === undefined ? {} : { "agentcore.credential": credential }
})

const textOf = (value: string | ReadonlyArray<string> | undefined): string | undefined =>
  isString(value) ? value : undefined

export const make = <E, R, E2, R2>(
  options: Options<E, R, E2, R2>
): Effect.Effect<Made<E | E2, R | R2>, never, Identity | DataPlane | PendingConsents> =>
  Effect.gen(function*() {
    const { path, workload } = options
    const links = yield* makeLinks(options)
    const pubsub = yield* PubSub.sliding<Event>(1024)
    const dataPlane = yield* DataPlane
    const dependencies = {
      identity: yield* Identity,
      callerOf: Completion.callerOver(Option.some(dataPlane)),
      pending: yield* PendingConsents,
      signals: yield* Completion.signalsOfProgram
    }
    const app = App.make({
      ...dependencies,
      dataPlane,
      cache: yield* Effect.serviceOption(CredentialCache),
      returnUrl: yield* Consent.ReturnUrl
    }, {
      links,
      workload,
      users: options.users ?? "userId",
      revokeAt: options.revokeAt ?? {},
      describeUser: options.describeUser ?? Users.describe,
      formTokens: yield* makeFormTokens(options.formKey),
      emit: (event) =>
        Effect.flatMap(DateTime.now, (at) => PubSub.publish(pubsub, { ...event, at })).pipe(
          Effect.andThen(Metric.update(Metric.withAttributes(eventCount, labelsOf(event)), 1))
        )
    })

    const respond = (view: View) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        const own = options.respond === undefined ? Option.none() : yield* options.respond(view)
        if (Option.isNone(own)) return Pages.respond(view, wantsJson(request))
        return Object.entries(Pages.headersOf(view)).reduce(
          (response, [name, value]) =>
            Headers.has(response.headers, name) ? response : HttpServerResponse.setHeader(response, name, value),
          own.value
        )
      })

    const handle = <E3, R3>(
      run: (user: UserIdentifier, name: string) => Effect.Effect<View, E3, R3>,
      method: "GET" | "POST" = "GET"
    ) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        // The router sends HEAD to the GET route. A link preview must not use up a session.
        if (request.method !== method) return HttpServerResponse.empty({ status: 405, headers: { allow: method } })
        const { currentUser } = yield* Effect.orDie(
          Effect.fromResult(checkUser({ currentUser: yield* options.currentUser }))
        )
        const { name = "" } = yield* HttpRouter.params
        return yield* respond(yield* run(currentUser, name))
      })

    const returnPath: HttpRouter.PathInput = `${path}/return` as `/${string}`
    return {
      recover: Completion.recover(dependencies),
      service: makeService(options, links, Stream.fromPubSub(pubsub)),
      paths: { connections: path, link: `${path}/:name` as `/${string}`, returned: returnPath },
      connections: handle(app.connections),
      link: handle((user, name) =>
        Effect.flatMap(
          HttpServerRequest.ParsedSearchParams,
          (query) => app.link(user, name, textOf(query["continue"]))
        )
      ),
      submit: handle(app.submit, "POST"),
      returned: HttpMiddleware.withLoggerDisabled(handle((user) =>
        Effect.flatMap(HttpServerRequest.ParsedSearchParams, ({ session_id: sessionId }) =>
          app.returned(user, isString(sessionId) ? Redacted.make(sessionId) : undefined))
      ))
    }
  })
