/** Pending consents in Redis. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { PendingConsentsError, type RedisOptions } from "../ConsentStore.js"
import { type ConsentBacking, makeKeys, makeServices } from "./consentStore.js"
import * as Redis from "./redis.js"

// Redis runs a script as one step. A session has one name for each key of the options, the current one first.

const open = `
redis.call('DEL', unpack(KEYS))
redis.call('SET', KEYS[1], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
`

// The registrations of a topic are deleted together, after the last one has expired.
const register = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
`

/** The process notices a lost server within this time and one second. */
const pingInterval = "30 seconds"

const subscribe = ({ command, redis }: Redis.Connection, channel: string, onMessage: (message: string) => void) =>
  Effect.gen(function*() {
    const runFork = Effect.runForkWith(yield* Effect.context())
    const subscribed = Effect.catch(
      command((redis) => redis.subscribe(channel)),
      (reason) => Effect.logDebug(`The subscription at Redis failed: ${reason}`)
    )
    redis.on("message", (_, message) => onMessage(message))
    redis.on("ready", () => void runFork(subscribed))
    if (redis.status === "ready") yield* subscribed
    yield* Effect.ignore(command((redis) => redis.ping())).pipe(
      Effect.schedule(Schedule.spaced(pingInterval)),
      Effect.forkScoped
    )
  })

/** `connectSubscriber` makes a second connection, because a subscribed one sends no other commands. */
const makeBacking = (
  { command }: Redis.Connection,
  connectSubscriber: Effect.Effect<Redis.Connection, never, Scope.Scope>,
  prefix: string
): ConsentBacking => {
  const sessionKey = (name: string): string => `${prefix}:session:${name}`
  const waitsKey = (name: string): string => `${prefix}:waits:${name}`
  const run = (script: string, keys: ReadonlyArray<string>, ...args: ReadonlyArray<string | number>) =>
    command((redis) => redis.eval(script, keys.length, ...keys, ...args))
  return {
    open: ({ keptUntil, names, sealed }) => run(open, names.map(sessionKey), sealed, keptUntil),
    find: (names) =>
      Effect.map(
        command((redis) => redis.mget(names.map(sessionKey))),
        (values) =>
          names.flatMap((name, index) => {
            const sealed = values[index]
            return sealed ? [{ name, sealed }] : []
          })[0]
      ),
    register: ({ execution, expiresAt, now, sealed, topic }) =>
      run(register, [waitsKey(topic)], execution, sealed, expiresAt - now),
    unregister: (topics, executions) =>
      Effect.map(
        Effect.forEach(topics, (topic) => command((redis) => redis.hdel(waitsKey(topic), ...executions))),
        (removed) => removed.some((count) => count > 0)
      ),
    registrations: (topics) =>
      Effect.map(
        Effect.forEach(topics, (topic) =>
          Effect.map(
            command((redis) => redis.hgetall(waitsKey(topic))),
            (fields) => Object.entries(fields).map(([execution, sealed]) => ({ topic, execution, sealed }))
          )),
        (lists) => lists.flat()
      ),
    publish: (message) => command((redis) => redis.publish(prefix, message)),
    subscribe: (onMessage) =>
      Effect.flatMap(connectSubscriber, (connection) => subscribe(connection, prefix, onMessage))
  }
}

export const make = (options: RedisOptions) =>
  Effect.gen(function*() {
    const keys = yield* makeKeys(options)
    const connect = Effect.mapError(
      Redis.connect("The store of consents", options),
      (failure) => new PendingConsentsError(failure)
    )
    // The second connection has the options of the first one, so it does not fail.
    const backing = makeBacking(yield* connect, Effect.orDie(connect), options.storeId ?? "agentcore-consents")
    return yield* makeServices(keys, backing)
  })
