import * as Effect from "effect/Effect"
import * as Http from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
}

export interface Request {
  readonly method?: string | undefined
  readonly path: string
  readonly headers?: Http.OutgoingHttpHeaders | undefined
  readonly body?: string | Buffer | undefined
}

/** A request as it is, without anything that a client adds. */
export const send = (url: string, request: Request): Effect.Effect<Answer> =>
  Effect.async<Answer>((resume, signal) => {
    const { hostname, port } = new URL(url)
    const outgoing = Http.request({
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      signal,
      agent: false,
      method: request.method ?? "POST",
      path: request.path,
      headers: request.headers
    }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", (error) => resume(Effect.die(error)))
      response.on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString("utf8")
        })))
    })
    outgoing.on("error", (error) => resume(Effect.die(error)))
    outgoing.end(request.body)
  })

export const authorization =
  "AWS4-HMAC-SHA256 Credential=local/20260101/us-west-2/bedrock-agentcore/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0f0f0f0f"

/** What botocore sends for an operation: no `x-amz-content-sha256`. */
export const operation = (
  url: string,
  path: string,
  input: unknown,
  headers: Http.OutgoingHttpHeaders = {}
): Effect.Effect<Answer> =>
  send(url, {
    path,
    body: typeof input === "string" || Buffer.isBuffer(input) ? input : JSON.stringify(input),
    headers: {
      "content-type": "application/json",
      "user-agent": "Boto3/1.43.67 md/Botocore#1.43.67 lang/python#3.13.5",
      "x-amz-date": "20260101T000000Z",
      authorization,
      ...headers
    }
  })

/** The answer to a page, for a browser that does not follow redirects. */
export const page = (url: string, method = "GET"): Effect.Effect<Answer> => {
  const { pathname, search } = new URL(url)
  return send(url, { method, path: `${pathname}${search}` })
}
