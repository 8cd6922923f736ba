/** Redis as a place for sealed consents. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { BackingError, type ConsentBacking } from "./consentBacking.js"
import type { Connection } from "./redis.js"

// -----------------------------------------------------------------------------
// Scripts
// -----------------------------------------------------------------------------

// Redis runs a script as one step. The keys of a session: under the current key of the options, then under the previous ones.

const open = `
for _, key in ipairs(KEYS) do
  if redis.call('HEXISTS', key, 'claimed') == 1 then return end
end
redis.call('DEL', unpack(KEYS))
redis.call('HSET', KEYS[1], 'sealed', ARGV[1], 'expiresAt', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
`

// The last key has the names of the sessions that are claimed and not settled, by their end.
const claim = `
for index = 1, #KEYS - 1 do
  local key = KEYS[index]
  local entry = redis.call('HMGET', key, 'sealed', 'expiresAt', 'claimed')
  if entry[1] then
    if entry[3] then return {'AlreadyClaimed'} end
    if tonumber(entry[2]) <= tonumber(ARGV[1]) then return {'Expired'} end
    redis.call('HSET', key, 'claimed', '1')
    local unsettled, left = KEYS[#KEYS], redis.call('PTTL', key)
    redis.call('ZREMRANGEBYSCORE', unsettled, '-inf', ARGV[1])
    redis.call('ZADD', unsettled, ARGV[1] + left, ARGV[index + 1])
    if redis.call('PTTL', unsettled) < left then redis.call('PEXPIRE', unsettled, left) end
    return {'Claimed', index, entry[1]}
  end
end
return {'Unknown'}
`

const settle = `
for index = 1, #KEYS - 1 do
  if redis.call('HEXISTS', KEYS[index], 'claimed') == 1 then redis.call('HSET', KEYS[index], 'sealed', '') end
  redis.call('ZREM', KEYS[#KEYS], ARGV[index])
end
`

// The registrations of a topic leave together, when the last one has expired.
const register = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
`

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

/** A server that is gone is noticed in this time, and one second more. */
const pingInterval = "30 seconds"

const subscribe = (
  { command, redis }: Connection,
  channel: string,
  onMessage: (message: string) => void
): Effect.Effect<void, never, Scope.Scope> =>
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

// -----------------------------------------------------------------------------
// Constructor
// -----------------------------------------------------------------------------

/** `connectSubscriber` makes a second connection, because one that has subscribed sends no other commands. */
export const make = (
  { command }: Connection,
  connectSubscriber: Effect.Effect<Connection, never, Scope.Scope>,
  prefix: string
): ConsentBacking => {
  const run = <A>(send: Parameters<typeof command<A>>[0]) =>
    Effect.mapError(command(send), (reason) => new BackingError({ reason }))
  const sessionKey = (name: string): string => `${prefix}:session:${name}`
  const waitsKey = (name: string): string => `${prefix}:waits:${name}`
  const unsettledKey = `${prefix}:unsettled`
  return {
    open: ({ expiresAt, keptUntil, names, sealed }) =>
      Effect.asVoid(
        run((redis) => redis.eval(open, names.length, ...names.map(sessionKey), sealed, expiresAt, keptUntil))
      ),
    claim: (names, now) =>
      Effect.flatMap(
        run((redis) => redis.eval(claim, names.length + 1, ...names.map(sessionKey), unsettledKey, now, ...names)),
        (answer) => {
          const [outcome, index, sealed] = Array.isArray(answer) ? answer : []
          switch (outcome) {
            case "Unknown":
            case "AlreadyClaimed":
            case "Expired":
              return Effect.succeed(outcome)
          }
          const name = names[Number(index) - 1]
          return name === undefined
            ? new BackingError({ reason: "Redis returned something else" })
            : Effect.succeed({ name, sealed: String(sealed) })
        }
      ),
    settle: (names) =>
      Effect.asVoid(
        run((redis) => redis.eval(settle, names.length + 1, ...names.map(sessionKey), unsettledKey, ...names))
      ),
    unsettled: (now, names) =>
      Effect.gen(function*() {
        const found = names ?? (yield* run((redis) => redis.zrangebyscore(unsettledKey, now, "+inf")))
        const entries = yield* Effect.forEach(found, (name) =>
          Effect.map(
            run((redis) => redis.hmget(sessionKey(name), "sealed", "claimed")),
            ([sealed, claimed]) => sealed && claimed ? [{ name, sealed }] : []
          ))
        return entries.flat()
      }),
    register: ({ execution, expiresAt, now, sealed, topic }) =>
      expiresAt <= now
        ? Effect.void
        : Effect.asVoid(run((redis) => redis.eval(register, 1, waitsKey(topic), execution, sealed, expiresAt - now))),
    unregister: (topics, executions) =>
      Effect.forEach(topics, (topic) => run((redis) => redis.hdel(waitsKey(topic), ...executions)), { discard: true }),
    registrations: (topics) =>
      Effect.map(
        Effect.forEach(topics, (topic) =>
          Effect.map(
            run((redis) => redis.hgetall(waitsKey(topic))),
            (fields) => Object.entries(fields).map(([execution, sealed]) => ({ topic, execution, sealed }))
          )),
        (lists) => lists.flat()
      ),
    publish: (message) => Effect.asVoid(run((redis) => redis.publish(prefix, message))),
    subscribe: (onMessage) =>
      Effect.flatMap(connectSubscriber, (connection) => subscribe(connection, prefix, onMessage))
  }
}
