/** Calls the control of the server that served this page. */
import type { Action, Body, Done, Found, Read } from "../controlOperations.js"

export type { Action, Body, Done, Read } from "../controlOperations.js"

export type RequestRecord = Found<"requests">["requests"][number]

export type Consent = Found<"consents">["consents"][number]

export type Grant = Found<"grants">["grants"][number]

export type Resources = Found<"resources">

export type Clock = Found<"clock">

export type Snapshot = Found<"snapshots">["snapshots"][number]

export type FaultStatus = Found<"faults">["faults"][number]

export type Server = Found<"server">

/** An error response of the server. The message says why. */
export class ControlError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The path `console/token` needs no token. */
const send = async (token: string | undefined, path: string, init: RequestInit = {}): Promise<Response> => {
  const response = await fetch(`/_local/${path}`, {
    ...init,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? undefined : { authorization: `Bearer ${token}` })
    },
    cache: "no-store"
  })
  if (response.ok) return response
  const { message } = await response.json().catch(() => undefined) ?? {}
  throw new ControlError(response.status, message ?? `The server responded with the status ${response.status}`)
}

export const read = async <R extends Read>(token: string, path: R): Promise<Found<R>> =>
  (await send(token, path)).json()

export const act = async <A extends Action>(
  token: string | undefined,
  path: A,
  body: Body<A>
): Promise<Done<A>> => (await send(token, path, { method: "POST", body: JSON.stringify(body) })).json()

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
    // The first bytes arrive once the server sends events.
    if (!isOpen) options.onOpen()
    isOpen = true
    const lines = (rest + next.value).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      if (line.startsWith("data: ")) options.onRequest(JSON.parse(line.slice("data: ".length)))
    }
  }
}
