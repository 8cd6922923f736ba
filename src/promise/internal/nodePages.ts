/** Pages for servers of Node, over `Request` and `Response`. */
import * as Data from "effect/Data"
import { isObject, isString } from "effect/Predicate"
import type { IncomingMessage, ServerResponse } from "node:http"
import { ReadableStream as NodeReadableStream } from "node:stream/web"
import { ValidationException } from "../../IdentityError.js"
import { tagOf } from "../../internal/messages.js"

export class BodyAlreadyRead extends Data.TaggedError("BodyAlreadyRead") {
  override get message(): string {
    return "the body of the form was already read: put the pages before the middleware that reads bodies. Or let it "
      + "read a clone of a Request, and set request.body of a request of Node, as express.urlencoded() does"
  }
}

/** Makes a listener. Errors go to `next`. Without it, as in a server of Node, the log has the name of the error. */
export const makeListener = <
  Req extends IncomingMessage,
  Res extends ServerResponse,
  Next extends (error: unknown) => void
>(
  page: string,
  log: (message: string) => Promise<void>,
  handle: (request: Req, response: Res, next: Next | undefined) => Promise<void>
) =>
async (request: Req, response: Res, next?: Next): Promise<void> => {
  try {
    await handle(request, response, next)
  } catch (error) {
    if (next !== undefined) return next(error)
    // Other messages, such as those of the service, may quote the request.
    const isOwn = error instanceof ValidationException && error.requestId === undefined
    const reason = isOwn || error instanceof BodyAlreadyRead ? error.message : tagOf(error)
    await log(`${page} failed: ${reason}`)
    if (response.headersSent) response.destroy()
    else response.writeHead(500).end()
  }
}

/** The properties that frameworks and their middlewares add to a request. */
interface FrameworkRequest extends IncomingMessage {
  /** The URL before a router of Express removed the path that it is mounted at. */
  readonly originalUrl?: unknown
  readonly body?: unknown
}

/** The path and the query. The host is not parsed, because it can be invalid. */
export const pathOf = ({ originalUrl, url = "/" }: FrameworkRequest): string => {
  const path = (isString(originalUrl) ? originalUrl : url).replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, "")
  return path.startsWith("/") ? path : `/${path}`
}

/** The fields of a form that a middleware has parsed. A list is a field that occurs several times. */
const encodeForm = (fields: object): URLSearchParams =>
  new URLSearchParams(
    Object.entries(fields).flatMap(([name, values]: readonly [string, unknown]) =>
      (Array.isArray(values) ? values : [values]).filter(isString).map((value) => [name, value])
    )
  )

/** Returns `undefined` if a middleware has read the body, and left no fields. */
const bodyOf = (request: FrameworkRequest): BodyInit | undefined => {
  // Reads nothing before the page does, so that Node discards a body that no one reads.
  // The types of the DOM lack `from`. The class is the same.
  if (!request.readableDidRead) return NodeReadableStream.from(request) as ReadableStream<Uint8Array>
  const { body, headers } = request
  if (isString(body)) return body
  if (body instanceof Uint8Array) return new Uint8Array(body)
  // Any JSON, such as a list: the page rejects what is not its form.
  if (body !== undefined && /^application\/json\b/i.test(headers["content-type"] ?? "")) return JSON.stringify(body)
  return isObject(body) ? encodeForm(body) : undefined
}

/** The request of a form has no body if a middleware has read it. */
export const toRequest = (request: FrameworkRequest): Request => {
  const { method = "GET" } = request
  const headers = new Headers()
  for (const [name, values] of Object.entries(request.headers)) {
    // HTTP/2 has its own headers, which begin with a colon. The body may have another length now.
    if (values === undefined || name.startsWith(":")) continue
    for (const value of [values].flat()) headers.append(name, value)
  }
  if (request.readableDidRead) headers.delete("content-length")
  return new Request(`http://localhost${pathOf(request)}`, {
    method,
    headers,
    ...method === "GET" || method === "HEAD" ? undefined : { body: bodyOf(request) ?? null, duplex: "half" }
  })
}

/** Sends a response. Cookies that a middleware has set stay. Responses of HTTP/2 lack `setHeaders`. */
export const send = async (result: Response, response: ServerResponse): Promise<void> => {
  const body = new Uint8Array(await result.arrayBuffer())
  for (const [name, value] of result.headers) {
    if (name === "set-cookie") response.appendHeader(name, value)
    else response.setHeader(name, value)
  }
  // The page did not read the body to its end. Node would keep this connection for seconds.
  const { complete, destroyed, httpVersionMajor } = response.req
  if (destroyed && !complete && httpVersionMajor === 1) response.setHeader("connection", "close")
  response.writeHead(result.status).end(body)
}
