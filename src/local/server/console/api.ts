/** Calls the control of the server that served this page. */
import type { Plain } from "../../control/nativeValue.js"
import type * as LocalBackend from "../../LocalBackend.js"
import type * as LocalControl from "../../LocalControl.js"

type Json<A> = Plain<A, string>

export type RequestRecord = Json<LocalControl.RequestRecord>

export type Consent = Json<LocalBackend.ConsentStatus>

export type Grant = Json<LocalBackend.GrantStatus>

export type User = Json<LocalBackend.VaultUser>

export type Refusal = Json<LocalBackend.Refusal>

export type Resources = Json<LocalControl.Resources>

export type Clock = Json<LocalControl.ClockState>

export type Snapshot = Json<LocalControl.Snapshot>

export type FaultStatus = Json<Omit<LocalControl.FaultStatus, "fault">> & {
  readonly fault: Json<Omit<LocalControl.Fault, "delay">> & { readonly delay?: string | number }
}

export interface Change {
  readonly action: string
  readonly kind: string
  readonly name: string
}

export interface Server {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: ReadonlyArray<string>
  readonly operations: ReadonlyArray<string>
  readonly exceptions: ReadonlyArray<string>
}

/** The server answered, and did not do it. The message says why. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const toRefused = async (response: Response): Promise<Refused> => {
  const answer: unknown = await response.json().catch(() => undefined)
  const message = typeof answer === "object" && answer !== null && "message" in answer ? String(answer.message) : ""
  return new Refused(
    response.status,
    message === "" ? `The server answered with the status ${response.status}` : message
  )
}

const send = async (token: string, path: string, init: RequestInit = {}): Promise<Response> => {
  const response = await fetch(`/_local/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    cache: "no-store"
  })
  if (!response.ok) throw await toRefused(response)
  return response
}

/** Exchanges the code of an address for the token. */
export const exchange = async (code: string): Promise<string> => {
  const response = await fetch("/_local/console/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code })
  })
  if (!response.ok) throw await toRefused(response)
  const { token } = await response.json() as { readonly token: string }
  return token
}

/** Reads, or acts if there is a body. */
export const call = async (token: string, path: string, body?: object): Promise<object> => {
  const response = await send(token, path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
  // The control responds with JSON objects only.
  return await response.json() as object
}

/** Reports the requests from now on, until the connection ends. `EventSource` cannot send the token. */
export const listen = async (
  token: string,
  options: { readonly signal: AbortSignal; readonly onOpen: () => void; readonly onRequest: (r: RequestRecord) => void }
): Promise<void> => {
  const { body } = await send(token, "events", { signal: options.signal })
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  let isOpen = false
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    // The first bytes come when the server has begun to watch.
    if (!isOpen) options.onOpen()
    isOpen = true
    const lines = (rest + next.value).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      if (line.startsWith("data: ")) options.onRequest(JSON.parse(line.slice("data: ".length)))
    }
  }
}
