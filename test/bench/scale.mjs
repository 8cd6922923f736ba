// A model of many processes whose users have not consented yet, under one quota of AWS. It has events instead of
// fibers, because a million real waits would need 15 GB. The rate of polls is the code of the package.
//
// A wait polls `interval` after its last poll: `Connect.handler` has come to 5 minutes. The polls of a process are sent
// in the order in which they are due, within its budget. A call that AWS throttles is repeated as the AWS SDK does, and
// the process learns of each throttled attempt when its response arrives. AWS documents its quota, and no burst: here
// it is a bucket of one second. Times are in milliseconds.

/** A generator of uniform random numbers (mulberry32), so that each run has the same result. */
const makeRandom = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

/** A binary heap of items by `time`. */
const makeHeap = (items = []) => {
  const swap = (a, b) => ([items[a], items[b]] = [items[b], items[a]])
  return {
    first: () => items[0],
    add: (item) => {
      items.push(item)
      for (let at = items.length - 1; at > 0;) {
        const parent = (at - 1) >> 1
        if (items[parent].time <= items[at].time) return
        swap(at, parent)
        at = parent
      }
    },
    take: () => {
      const [first] = items
      const last = items.pop()
      if (items.length === 0) return first
      items[0] = last
      for (let at = 0;;) {
        let least = at
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < items.length && items[child].time < items[least].time) least = child
        }
        if (least === at) return first
        swap(at, least)
        at = least
      }
    }
  }
}

/** A bucket of tokens. `rate` is in tokens a second, times are in milliseconds. */
const makeBucket = (capacity, rate) => {
  let tokens = capacity
  let filledAt = 0
  const fill = (now) => {
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 1000) * rate(now))
    filledAt = now
  }
  return {
    take: (now) => {
      fill(now)
      if (tokens < 1 - 1e-9) return false
      tokens--
      return true
    },
    /** Milliseconds until there is a token. */
    wait: (now) => {
      fill(now)
      return Math.max(0, ((1 - tokens) / rate(now)) * 1000)
    }
  }
}

const percentile = (values, part) => values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN

const maxAttempts = 3

/** A random time with this mean. */
const exponential = (random, mean) => -Math.log(1 - random()) * mean

/** A process with its waits, in the order in which they are due. */
const makeProcess = ({ budget: { burst, limit, makeRate }, interval, processes, users }, random) => {
  const count = Math.ceil(users / processes)
  const list = Array.from({ length: count }, (_, user) => ({ time: ((user + random()) * interval) / count }))
  const rate = makeRate(limit)
  return { rate, bucket: makeBucket(Math.max(1, (limit * burst) / 1000), rate.at), list, due: makeHeap([...list]) }
}

/** Runs the model until `end`, and counts from `begin` on. */
export const simulate = (options) => {
  const { begin = 0, consentsPerMinute, end, hasSignals, interval, latency, ordinary, processes, quota } = options
  const random = makeRandom(options.seed ?? 1)
  const events = makeHeap()
  const at = (time, run) => events.add({ time, run })
  const aws = makeBucket(quota, () => quota)
  const counts = { polls: 0, ordinary: 0, throttled: 0, consents: 0 }
  const delays = []
  const all = Array.from({ length: processes }, () => makeProcess(options, random))
  const count = (now, name) => now >= begin && counts[name]++

  /** Sends a call. `done` gets whether it succeeded at last. */
  const call = (process, now, isOrdinary, done, attempt = 1) => {
    const isThrottled = !aws.take(now)
    count(now, isOrdinary ? "ordinary" : "polls")
    if (isOrdinary && isThrottled) count(now, "throttled")
    at(now + latency, (now) => {
      if (isThrottled) process.rate.halve(now)
      if (!isThrottled || attempt === maxAttempts) return done(now, !isThrottled)
      at(now + random() * 1000 * 2 ** (attempt - 1), (now) => call(process, now, isOrdinary, done, attempt + 1))
    })
  }

  const wait = (process, user, now) => process.due.add(Object.assign(user, { time: now + interval }))

  /** The flow requests the token, after a signal or a poll that has found it: at most three times. */
  const finish = (process, user, now, request = 1) => {
    if (user.isDone && request === 1) return
    user.isDone = true
    call(process, now, true, (now, isOk) => {
      if (isOk && user.consentedAt >= begin) delays.push(now - user.consentedAt)
      if (isOk) return
      if (request < 3) return at(now + 1000 * request, (now) => finish(process, user, now, request + 1))
      user.isDone = false
      wait(process, user, now)
    })
  }

  const poll = (process) => (now) => {
    const user = process.due.first()
    const delay = user === undefined ? 1000 : Math.max(user.time - now, process.bucket.wait(now))
    // The rate changes meanwhile.
    if (delay > 0) return at(now + Math.min(Math.ceil(delay), 1000), poll(process))
    process.due.take()
    if (!user.isDone) {
      process.bucket.take(now)
      call(
        process,
        now,
        false,
        (now, isOk) => isOk && user.consentedAt !== undefined ? finish(process, user, now) : wait(process, user, now)
      )
    }
    return at(now, poll(process))
  }

  /** A user presses the button, which opens a session, and consents. Another user takes the place. */
  const consent = (now) => {
    at(now + exponential(random, 60_000 / consentsPerMinute), consent)
    const process = all[Math.floor(random() * processes)]
    const place = Math.floor(random() * process.list.length)
    const user = process.list[place]
    call(process, now, true, () => {})
    count(now, "consents")
    user.consentedAt = now
    process.list[place] = {}
    wait(process, process.list[place], now)
    if (hasSignals) at(now + 10, (now) => finish(process, user, now))
  }

  const another = (now) => {
    at(now + exponential(random, 1000 / ordinary), another)
    call(all[Math.floor(random() * processes)], now, true, () => {})
  }

  for (const process of all) at(random() * 1000, poll(process))
  if (consentsPerMinute > 0) at(0, consent)
  if (ordinary > 0) at(0, another)
  for (let next = events.take(); next.time < end; next = events.take()) next.run(next.time)

  const seconds = (end - begin) / 1000
  return {
    polls: counts.polls / seconds,
    ordinary: counts.ordinary / seconds,
    throttled: (100 * counts.throttled) / counts.ordinary,
    found: (100 * delays.length) / counts.consents,
    median: percentile(delays, 0.5) / 1000,
    p99: percentile(delays, 0.99) / 1000
  }
}

/** An account for an hour, after all of its processes have started at once. The measured waits calibrate the model. */
export const measureScale = (budget, { linkWaits, waits }) => {
  const one = { processes: 1, users: waits.waits, interval: 5000, latency: waits.alone.median }
  const idle = { quota: 1e9, ordinary: 0, consentsPerMinute: 0, begin: 10_000, end: 60_000 }
  const fleet = { processes: 100, users: 1_000_000, interval: 300_000, latency: 100 + linkWaits.callback.median }
  const account = { budget, ...fleet, quota: 200, ordinary: 60, consentsPerMinute: 2000, end: 3_600_000 }
  return {
    real: { waits: waits.waits, polls: waits.polls, heap: linkWaits.heap },
    model: { polls: simulate({ budget, ...one, ...idle }).polls },
    shared: simulate({ ...account, hasSignals: true }),
    unshared: simulate({ ...account, hasSignals: false })
  }
}
