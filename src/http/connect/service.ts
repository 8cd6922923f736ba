/** The service of `Connect`, and its events. */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type * as Take from "effect/Take"
import { Identity } from "../../Identity.js"
import type * as Connections from "./connections.js"
import { Connect, type Event, eventCount, type LinkOptions } from "./connectTypes.js"
import * as Links from "./links.js"

export const make = (
  { users = "userId", workload }: LinkOptions,
  links: Links.Links,
  { accounts, checkKind, forUser }: Connections.Connections,
  { events, signals }: Pick<Connect["Service"], "events" | "signals">
): Connect["Service"] => ({
  workload,
  users,
  check: Effect.fnUntraced(function*(user, subject) {
    yield* checkKind("check", user)
    const name = links.nameOf(subject)
    const credential = name === undefined ? undefined : links.find(name)
    if (name === undefined || credential === undefined) return yield* Links.unknownCredential()
    return yield* (yield* forUser(user)).check(name, credential)
  }),
  connections: Effect.fnUntraced(function*(user) {
    yield* checkKind("connections", user)
    return yield* (yield* forUser(user)).list()
  }),
  disconnectAll: Effect.fnUntraced(function*(user) {
    yield* checkKind("disconnectAll", user)
    return yield* (yield* forUser(user)).disconnectAll
  }),
  identity: accounts.identity,
  review: accounts.review,
  nameOf: (subject) => Option.fromNullishOr(links.nameOf(subject)),
  credentialOf: (name) => Option.fromNullishOr(links.find(name)),
  link: (subject, { continue: address } = {}) =>
    Effect.suspend(() => {
      const name = links.nameOf(subject)
      if (name === undefined) return Links.unknownCredential()
      const allowed = links.allowed(address)
      return Option.isSome(allowed)
        ? Effect.succeed(links.link(name, allowed.value))
        : Links.invalid("continue", "be an address that the option continueTo allows")
    }),
  events,
  signals
})

export const toContext = (service: Connect["Service"]): Context.Context<Connect | Identity> =>
  Context.add(Context.make(Connect, service), Identity, service.identity)

/** The events, until `end`. A reader that is late still gets those that it has not read. */
export const makeEvents = Effect.gen(function*() {
  const pubsub = yield* PubSub.sliding<Take.Take<Event>>(1024)
  let isEnded = false
  return {
    publish: (event: Event) => PubSub.publish(pubsub, [event]),
    end: Effect.suspend(() => {
      isEnded = true
      return PubSub.publish(pubsub, Exit.void)
    }),
    events: Stream.unwrap(Effect.map(
      PubSub.subscribe(pubsub),
      // A reader that subscribes after the last message would wait forever.
      (subscription) => isEnded ? Stream.empty : Stream.flattenTake(Stream.fromSubscription(subscription))
    ))
  }
})

export const makeEmit =
  (publish: (event: Event) => Effect.Effect<unknown>) => (event: Omit<Event, "at">): Effect.Effect<void> =>
    Effect.gen(function*() {
      const { _tag, credential } = event
      yield* publish({ ...event, at: yield* DateTime.now })
      const labels = {
        "agentcore.event": _tag,
        ...credential === undefined ? {} : { "agentcore.credential": credential }
      }
      yield* Metric.update(Metric.withAttributes(eventCount, labels), 1)
    })
