/** What the wire protocols of AWS have in common here. */
import type * as Operation from "../../../Operation.js"
import type { Response } from "./transport.js"

export interface Message {
  readonly method: string
  /** Percent-encoded, without the path of the endpoint. */
  readonly path: string
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** An exception as it is on the wire. Its members may be of any type. */
export interface Exception {
  readonly name: unknown
  readonly message: unknown
  readonly reason?: unknown
  readonly fieldList?: unknown
}

export interface Protocol {
  /** `request` is encoded. */
  readonly encode: (row: Operation.Any, request: unknown) => Message
  /** The output of a successful call. Throws for a body that is not of the protocol. */
  readonly decode: (row: Operation.Any, body: string) => unknown
  /** The exception of a refused call. Throws for a body that is not of the protocol. */
  readonly decodeException: (response: Response) => Exception
  /** The usual names of exceptions, by the names of the protocol. */
  readonly exceptionNames?: Readonly<Record<string, string>>
}

/** Percent-encodes all but the unreserved characters of RFC 3986, as signatures need it. */
export const escapeUri = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )

export const queryString = (query: Message["query"]): string =>
  Object.entries(query).flatMap(([name, values]) => values.map((value) => `${escapeUri(name)}=${escapeUri(value)}`))
    .join("&")
