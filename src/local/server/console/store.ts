/** What the console shows, and how it changes. */
import { call, exchange, listen, Refused } from "./api.js"
import type {
  Change,
  Clock,
  Consent,
  FaultStatus,
  Grant,
  Refusal,
  RequestRecord,
  Resources,
  Server,
  Snapshot
} from "./wire.js"

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

/** An action that waits for a second decision. */
export interface Question {
  readonly title: string
  readonly text: string
  readonly label: string
  readonly run: () => void
}

/** What an action did, or why it did not. Each one is new to a screen reader, also with the same text. */
export interface Message {
  readonly id: number
  readonly text: string
  readonly isProblem: boolean
}

export interface State {
  readonly token: string | undefined
  /** Without a token: `closed`, `stale` after an address whose code is not valid, `refused` after a token that is not valid. */
  readonly connection: "connecting" | "live" | "lost" | "closed" | "stale" | "refused"
  readonly section: Section
  readonly message: Message | undefined
  readonly question: Question | undefined

  readonly requests: ReadonlyArray<RequestRecord> | undefined
  /** Requests that came while the list was paused, the newest first. */
  readonly held: ReadonlyArray<RequestRecord> | undefined
  readonly filter: string
  readonly failuresOnly: boolean
  readonly open: ReadonlySet<string>

  readonly consents: ReadonlyArray<Consent> | undefined
  readonly grants: ReadonlyArray<Grant> | undefined
  readonly resources: Resources | undefined
  readonly refusals: ReadonlyArray<Refusal> | undefined
  readonly clock: Clock | undefined
  /** The clock of the server minus that of the browser, in milliseconds. */
  readonly clockDifference: number
  readonly faults: ReadonlyArray<FaultStatus> | undefined
  readonly faultTarget: "operation" | "endpoint"
  readonly snapshots: ReadonlyArray<Snapshot> | undefined
  readonly changes: ReadonlyArray<Change> | undefined
  readonly exported: { readonly url: string; readonly key: string } | undefined
  readonly server: Server | undefined
  readonly format: string
  readonly secretsShown: boolean
}

let state: State = {
  token: undefined,
  connection: "connecting",
  section: "requests",
  message: undefined,
  question: undefined,
  requests: undefined,
  held: undefined,
  filter: "",
  failuresOnly: false,
  open: new Set(),
  consents: undefined,
  grants: undefined,
  resources: undefined,
  refusals: undefined,
  clock: undefined,
  clockDifference: 0,
  faults: undefined,
  faultTarget: "operation",
  snapshots: undefined,
  changes: undefined,
  exported: undefined,
  server: undefined,
  format: "bash",
  secretsShown: false
}

let draw: (state: State) => void = () => {}
let isDrawing = false

/** Many changes in one frame are drawn once. */
const scheduleDraw = (): void => {
  if (isDrawing) return
  isDrawing = true
  requestAnimationFrame(() => {
    isDrawing = false
    draw(state)
  })
}

export const set = (change: Partial<State>): void => {
  state = { ...state, ...change }
  scheduleDraw()
}

let messages = 0

const say = (text: string, isProblem: boolean): void => {
  messages += 1
  set({ message: { id: messages, text, isProblem } })
}

export const report = (text: string): void => say(text, false)

export const complain = (text: string): void => say(text, true)

export const closeMessage = (): void => set({ message: undefined })

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

const isAbsent = (error: unknown): boolean => !(error instanceof Refused)

const messageOf = (error: unknown): string =>
  isAbsent(error) ? "The server does not answer. Is it still running?" : (error as Refused).message

const refuseToken = (): void => {
  sessionStorage.removeItem(storageKey)
  set({ token: undefined, connection: "refused" })
}

const handleFailure = (error: unknown): void => {
  if (error instanceof Refused && error.status === 401) return refuseToken()
  // The state of the connection is shown already.
  if (!isAbsent(error)) complain(messageOf(error))
}

/** What each section reads. Every page shows the clock, and how many faults and consents there are. */
const reads: Readonly<Record<Section, ReadonlyArray<string>>> = {
  requests: [],
  consents: [],
  grants: ["grants"],
  providers: ["resources", "refusals"],
  clock: [],
  faults: ["server"],
  state: ["snapshots"],
  environment: ["server"]
}

const read = async (token: string, path: string): Promise<Partial<State>> => {
  const answer = await call(token, path)
  // The members of lists have the names of the state.
  if (path !== "clock") return path === "server" || path === "resources" ? { [path]: answer } : answer
  const clock = answer as Clock
  return { clock, clockDifference: Date.parse(clock.now) - Date.now() }
}

const readAll = async (more: ReadonlySet<string>): Promise<void> => {
  const { held, section, token } = state
  if (token === undefined) return
  const paths = new Set(["clock", "faults", "consents", ...reads[section], ...more])
  if (held !== undefined) paths.delete("requests")
  try {
    set(Object.assign({}, ...await Promise.all(Array.from(paths, (path) => read(token, path)))))
  } catch (error) {
    handleFailure(error)
  }
}

let reading: Promise<void> = Promise.resolve()
let next: { readonly paths: Set<string>; readonly done: Promise<void> } | undefined

/**
 * Reads what the section shows, after the reading that has begun: that one may have missed a change. `more` are paths that
 * the section does not read each time.
 */
export const refresh = (...more: ReadonlyArray<string>): Promise<void> => {
  if (next === undefined) {
    const paths = new Set<string>()
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

/** A request often changes consents and grants. A program that sends many causes one reading a second. */
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
  newer: ReadonlyArray<RequestRecord>,
  older: ReadonlyArray<RequestRecord> = []
): ReadonlyArray<RequestRecord> => {
  const ids = new Set(newer.map(({ id }) => id))
  return [...newer, ...older.filter(({ id }) => !ids.has(id))].slice(0, maxRequests)
}

/** The newest first. */
let arrived: Array<RequestRecord> = []

const takeArrived = (): void => {
  set(
    state.held === undefined
      ? { requests: prepend(arrived, state.requests) }
      : { held: prepend(arrived, state.held) }
  )
  arrived = []
  refreshSoon()
}

/** A program that sends many requests has them drawn ten times a second. */
const receive = (record: RequestRecord): void => {
  arrived.unshift(record)
  if (arrived.length === 1) window.setTimeout(takeArrived, 100)
}

export const togglePause = (): void =>
  set(
    state.held === undefined
      ? { held: [] }
      : { held: undefined, requests: prepend(state.held, state.requests) }
  )

export const setOpen = (id: string, isOpen: boolean): void => {
  if (state.open.has(id) === isOpen) return
  const open = new Set(state.open)
  if (isOpen) open.add(id)
  else open.delete(id)
  set({ open })
}

// -----------------------------------------------------------------------------
// Actions
// -----------------------------------------------------------------------------

let isActing = false

/** A control that an action removed cannot keep the focus. */
const keepFocus = (): void => {
  requestAnimationFrame(() => {
    const { activeElement } = document
    if (activeElement === null || activeElement === document.body) document.querySelector("h1")?.focus()
  })
}

/** Acts, reads the effect, and reports it. Returns the answer, or undefined after a failure. */
export const act = async (
  path: string,
  body: object,
  toReport: (answer: Readonly<Record<string, unknown>>) => string,
  more: ReadonlyArray<string> = []
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const { token } = state
  if (isActing || token === undefined) return undefined
  isActing = true
  closeMessage()
  try {
    const answer = await call(token, path, body) as Readonly<Record<string, unknown>>
    await refresh(...more)
    report(toReport(answer))
    return answer
  } catch (error) {
    if (error instanceof Refused && error.status === 401) refuseToken()
    else complain(messageOf(error))
    return undefined
  } finally {
    isActing = false
    keepFocus()
  }
}

export const answerQuestion = (isConfirmed: boolean): void => {
  const { question } = state
  set({ question: undefined })
  if (isConfirmed) question?.run()
}

// -----------------------------------------------------------------------------
// Connection
// -----------------------------------------------------------------------------

const storageKey = "agentcore-local-token"

let watching: AbortController | undefined

const wait = (milliseconds: number) => new Promise((resolve) => window.setTimeout(resolve, milliseconds))

/** Watches the requests until the tab is hidden, and connects again after a failure. */
const watch = async (): Promise<void> => {
  const controller = new AbortController()
  watching = controller
  for (let pause = 500; !controller.signal.aborted; pause = Math.min(pause * 2, 5000)) {
    const { token } = state
    if (token === undefined) return
    try {
      await listen(token, {
        signal: controller.signal,
        onOpen: () => {
          pause = 500
          set({ connection: "live" })
          void refresh("requests")
        },
        onRequest: receive
      })
    } catch (error) {
      if (error instanceof Refused) {
        if (error.status === 401) return refuseToken()
        // Too many readers: another one may leave.
        if (state.message?.text !== error.message) complain(error.message)
      }
    }
    if (controller.signal.aborted) return
    set({ connection: "lost" })
    await wait(pause)
  }
}

export const connect = (token: string): void => {
  sessionStorage.setItem(storageKey, token)
  set({ token, connection: "connecting", message: undefined })
  watching?.abort()
  void watch()
}

const isSection = (name: string): name is Section => Object.hasOwn(sections, name)

/** Follows the address, whose fragment names the section. */
const follow = (): void => {
  const name = location.hash.slice(1)
  set({ section: isSection(name) ? name : "requests", message: undefined })
  void refresh()
}

/** Takes the code of the address away. The history of the browser keeps it, but it is used. */
const takeCode = (): string | undefined => {
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? undefined
  if (code !== undefined) history.replaceState(null, "", `${location.pathname}#requests`)
  return code
}

const connectFromAddress = async (): Promise<void> => {
  const code = takeCode()
  follow()
  const fresh = code === undefined ? undefined : await exchange(code).catch(() => undefined)
  // Not a cookie: the browser would send it to every port of this host.
  const token = fresh ?? sessionStorage.getItem(storageKey)
  if (token !== null) {
    if (token !== state.token) connect(token)
  } else if (code !== undefined || state.connection === "connecting") {
    set({ connection: code === undefined ? "closed" : "stale" })
  }
}

export const start = (onChange: (state: State) => void): void => {
  draw = onChange
  window.addEventListener("hashchange", () => void connectFromAddress())
  // Others act on the server too, and a server has a limited number of connections from one browser.
  document.addEventListener("visibilitychange", () => {
    watching?.abort()
    if (!document.hidden) void watch()
  })
  window.addEventListener("focus", () => void refresh("requests"))
  window.setInterval(() => {
    if (!document.hidden && state.connection === "live") void refresh()
  }, 3000)
  // Other sections than this one show ages in seconds.
  window.setInterval(() => state.section === "requests" ? undefined : scheduleDraw(), 1000)
  void connectFromAddress()
  scheduleDraw()
}
