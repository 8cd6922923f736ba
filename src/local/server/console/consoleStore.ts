/** The state of the console, and the functions that change it. */
import { batch, computed, signal } from "@preact/signals"
import * as Wire from "./controlClient.js"

export const sections = {
  requests: "Requests",
  consents: "Consents",
  grants: "Grants",
  providers: "Providers",
  clock: "Clock",
  faults: "Faults",
  state: "State",
  environment: "Environment"
} as const

export type Section = keyof typeof sections

/** An action that needs a confirmation. */
interface Question {
  readonly title: string
  readonly text: string
  readonly label: string
  readonly run: () => void
}

/** The outcome of an action. The id differs, so a screen reader also reads a message with the same text. */
interface Message {
  readonly id: number
  readonly text: string
  readonly isProblem: boolean
}

/** Without a token: `closed`, `stale` after an invalid code in the address, and `rejected` after an invalid token. */
export type Connection = "connecting" | "live" | "lost" | "closed" | "stale" | "rejected"

export const token = signal<string>()
export const connection = signal<Connection>("connecting")
export const section = signal<Section>("requests")
export const message = signal<Message>()
export const question = signal<Question>()

/** The responses of the server. Undefined until they are read. */
export const data = {
  requests: signal<ReadonlyArray<Wire.RequestRecord>>(),
  consents: signal<ReadonlyArray<Wire.Consent>>(),
  grants: signal<ReadonlyArray<Wire.Grant>>(),
  resources: signal<Wire.Resources>(),
  clock: signal<Wire.Clock>(),
  faults: signal<ReadonlyArray<Wire.FaultStatus>>(),
  snapshots: signal<ReadonlyArray<Wire.Snapshot>>(),
  server: signal<Wire.Server>()
}

/** Requests that arrived while the list was paused, the newest first. */
export const held = signal<ReadonlyArray<Wire.RequestRecord>>()

/** The clock of the browser, and how far the clock of the server is ahead of it. Both in milliseconds. */
const browserNow = signal(Date.now())
const clockDifference = signal(0)

/** The time of the server, in milliseconds. It changes each second, and with each response. */
export const serverNow = computed(() => browserNow.value + clockDifference.value)

const show = (text: string, isProblem: boolean): void => {
  message.value = { id: performance.now(), text, isProblem }
}

export const report = (text: string): void => show(text, false)

export const complain = (text: string): void => show(text, true)

export const closeMessage = (): void => {
  message.value = undefined
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

/** Shows an error response. Without a response, the page already shows the state of the connection. */
const handleFailure = (error: unknown): void => {
  if (!(error instanceof Wire.ControlError)) return
  if (error.status !== 401) return complain(error.message)
  sessionStorage.removeItem(storageKey)
  batch(() => {
    token.value = undefined
    connection.value = "rejected"
  })
}

/** The paths that a section reads. Every page also shows the clock, and the numbers of faults and consents. */
const reads: { readonly [S in Section]?: ReadonlyArray<Wire.Read> } = {
  grants: ["grants"],
  providers: ["resources"],
  faults: ["server"],
  state: ["snapshots"],
  environment: ["server"]
}

const read = async (token: string, path: Wire.Read): Promise<object> => {
  const response = await Wire.read(token, path)
  if ("now" in response) clockDifference.value = Date.parse(response.now) - Date.now()
  // Other responses have the properties of `data`.
  return path === "clock" || path === "server" || path === "resources" ? { [path]: response } : response
}

const readAll = async (more: ReadonlySet<Wire.Read>): Promise<void> => {
  const currentToken = token.value
  if (currentToken === undefined) return
  const paths = new Set<Wire.Read>(["clock", "faults", "consents", ...reads[section.value] ?? [], ...more])
  if (held.value !== undefined) paths.delete("requests")
  try {
    const responses = await Promise.all(Array.from(paths, (path) => read(currentToken, path)))
    batch(() => {
      browserNow.value = Date.now()
      for (const [name, value] of responses.flatMap((response) => Object.entries(response))) {
        // The control responds with what `controlOperations` declares.
        if (Object.hasOwn(data, name)) data[name as keyof typeof data].value = value as never
      }
    })
  } catch (error) {
    handleFailure(error)
  }
}

let reading: Promise<void> = Promise.resolve()
let next: { readonly paths: Set<Wire.Read>; readonly done: Promise<void> } | undefined

/**
 * Reads what the section shows. Waits for the current read to end, because that read may have missed a change. `more`
 * has paths that the section does not read each time.
 */
const refresh = (...more: ReadonlyArray<Wire.Read>): Promise<void> => {
  if (next === undefined) {
    const paths = new Set<Wire.Read>()
    reading = reading.then(() => {
      next = undefined
      return readAll(paths)
    })
    next = { paths, done: reading }
  }
  for (const path of more) next.paths.add(path)
  return next.done
}

let refreshTimer: number | undefined
let refreshedAt = 0

/** Refreshes after requests, because they often change consents and grants. Reads at most once per second. */
const refreshSoon = (): void => {
  refreshTimer ??= window.setTimeout(() => {
    refreshTimer = undefined
    refreshedAt = Date.now()
    void refresh()
  }, Math.max(150, refreshedAt + 1000 - Date.now()))
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const maxRequests = 500

const prepend = (
  newer: ReadonlyArray<Wire.RequestRecord>,
  older: ReadonlyArray<Wire.RequestRecord> = []
): ReadonlyArray<Wire.RequestRecord> => {
  const ids = new Set(newer.map(({ id }) => id))
  return [...newer, ...older.filter(({ id }) => !ids.has(id))].slice(0, maxRequests)
}

/** The newest first. */
let arrived: Array<Wire.RequestRecord> = []

const takeArrived = (): void => {
  const list = held.value === undefined ? data.requests : held
  list.value = prepend(arrived, list.value)
  arrived = []
  refreshSoon()
}

/** Collects requests, so that the page is drawn at most ten times per second. */
const receive = (record: Wire.RequestRecord): void => {
  arrived.unshift(record)
  if (arrived.length === 1) window.setTimeout(takeArrived, 100)
}

export const togglePause = (): void =>
  batch(() => {
    if (held.value !== undefined) data.requests.value = prepend(held.value, data.requests.value)
    held.value = held.value === undefined ? [] : undefined
  })

// -----------------------------------------------------------------------------
// Actions
// -----------------------------------------------------------------------------

let isActing = false

/** Moves the focus to the heading if an action has removed the focused element. */
const keepFocus = (): void => {
  requestAnimationFrame(() => {
    const { activeElement } = document
    if (activeElement === null || activeElement === document.body) document.querySelector("h1")?.focus()
  })
}

/** Acts, refreshes the page, and reports the outcome. `onSuccess` returns what to report. */
export const act = <A extends Wire.Action>(
  path: A,
  body: Wire.Body<A>,
  onSuccess: (response: Wire.Done<A>) => string,
  more: ReadonlyArray<Wire.Read> = []
): void => {
  if (isActing || token.value === undefined) return
  isActing = true
  closeMessage()
  void Wire.act(token.value, path, body)
    .then(async (response) => {
      await refresh(...more)
      report(onSuccess(response))
    })
    .catch((error: unknown) =>
      error instanceof Wire.ControlError
        ? handleFailure(error)
        : complain("The server does not respond. Is it still running?")
    )
    .finally(() => {
      isActing = false
      keepFocus()
    })
}

export const ask = (next: Question): void => {
  question.value = next
}

export const closeQuestion = (isConfirmed: boolean): void => {
  const current = question.value
  question.value = undefined
  if (isConfirmed) current?.run()
}

// -----------------------------------------------------------------------------
// Connection
// -----------------------------------------------------------------------------

const storageKey = "agentcore-local-token"

let watching: AbortController | undefined

/** Watches the requests until the tab is hidden. Reconnects after a failure. */
const watch = async (): Promise<void> => {
  const controller = new AbortController()
  watching = controller
  for (let pause = 500; !controller.signal.aborted; pause = Math.min(pause * 2, 5000)) {
    if (token.value === undefined) return
    try {
      await Wire.listen(token.value, {
        signal: controller.signal,
        onOpen: () => {
          pause = 500
          connection.value = "live"
          void refresh("requests")
        },
        onRequest: receive
      })
    } catch (error) {
      // At the limit of readers this repeats until another reader leaves. The message is shown once.
      if (!(error instanceof Wire.ControlError) || message.value?.text !== error.message) handleFailure(error)
      if (token.value === undefined) return
    }
    if (controller.signal.aborted) return
    connection.value = "lost"
    await new Promise((resolve) => window.setTimeout(resolve, pause))
  }
}

export const connect = (newToken: string): void => {
  sessionStorage.setItem(storageKey, newToken)
  batch(() => {
    token.value = newToken
    connection.value = "connecting"
    closeMessage()
  })
  watching?.abort()
  void watch()
}

const follow = (): void => {
  const name = location.hash.slice(1)
  batch(() => {
    section.value = Object.hasOwn(sections, name) ? name as Section : "requests"
    closeMessage()
  })
  void refresh()
}

const connectFromAddress = async (): Promise<void> => {
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? undefined
  // The history of the browser keeps the code, but it works only once.
  if (code !== undefined) history.replaceState(null, "", `${location.pathname}#requests`)
  follow()
  const fresh = code === undefined
    ? undefined
    : await Wire.act(undefined, "console/token", { code }).catch(() => undefined)
  // Not a cookie: the browser would send it to every port of this host.
  const stored = fresh?.token ?? sessionStorage.getItem(storageKey)
  if (stored !== null) {
    if (stored !== token.value) connect(stored)
  } else if (code !== undefined || connection.value === "connecting") {
    connection.value = code === undefined ? "closed" : "stale"
  }
}

export const start = (): void => {
  window.addEventListener("hashchange", () => void connectFromAddress())
  // A hidden tab must not hold one of the few connections that a browser opens to a server.
  document.addEventListener("visibilitychange", () => {
    watching?.abort()
    if (!document.hidden) void watch()
  })
  window.addEventListener("focus", () => void refresh("requests"))
  window.setInterval(() => {
    if (!document.hidden && connection.value === "live") void refresh()
  }, 3000)
  window.setInterval(() => {
    browserNow.value = Date.now()
  }, 1000)
  void connectFromAddress()
}
