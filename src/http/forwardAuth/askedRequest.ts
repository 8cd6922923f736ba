/**
 * The request that a proxy asks about. Its headers come from the configuration of the proxy, beside those of an agent
 * that may not be trusted. So every header that is unclear is an error.
 */
import * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"

type Headers = Readonly<Record<string, string | undefined>>

type HeaderForm = "X-Forwarded" | "X-Original"

/** The headers that only the other form has. */
const foreign: { readonly [K in HeaderForm]: ReadonlyArray<string> } = {
  "X-Forwarded": ["x-original-method", "x-original-url"],
  "X-Original": ["x-forwarded-method", "x-forwarded-uri"]
}

/** Whether HTTP, the route or a proxy uses a header itself. No credential can be in it. */
export const isReserved = (header: string): boolean =>
  /^(?:connection|content-.*|cache-control|date|expect|forwarded|host|keep-alive|link|location|proxy-.*|server|set-cookie|te|trailer|transfer-encoding|upgrade|vary|via|www-authenticate|x-(?:accel|agentcore|forwarded|original)-.*)$/i
    // nginx names the variables of both spellings alike.
    .test(header.replaceAll("_", "-"))

// Servers join the values of a repeated header with a comma and a space, which these do not match.
const method = /^[A-Z]+$/
const protocol = /^https?$/
const host = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const target = /^\/[!-~\x80-\xff]*$/
const absolute = /^(https?):\/\/([^/?]+)([/?][!-~\x80-\xff]*)?$/

const partsOf = (headers: Headers, form: HeaderForm) => {
  if (form === "X-Forwarded") {
    return {
      method: headers["x-forwarded-method"],
      protocol: headers["x-forwarded-proto"],
      host: headers["x-forwarded-host"],
      target: headers["x-forwarded-uri"]
    }
  }
  const [, protocol, host, rest = "/"] = absolute.exec(headers["x-original-url"] ?? "") ?? []
  return { method: headers["x-original-method"], protocol, host, target: rest.replace(/^\?/, "/?") }
}

/** The method and the origin of the request. Undefined if headers are missing, repeated or contradict each other. */
export const read = (
  headers: Headers,
  form: HeaderForm
): { readonly method: string; readonly url: URL } | undefined => {
  const parts = partsOf(headers, form)
  const isClear = foreign[form].every((name) => headers[name] === undefined)
    && method.test(parts.method ?? "") && protocol.test(parts.protocol ?? "") && host.test(parts.host ?? "")
    && target.test(parts.target ?? "")
  const url = isClear ? URL.parse(`${parts.protocol}://${parts.host}`) : null
  return url === null || parts.method === undefined ? undefined : { method: parts.method, url }
}

/** The secret of `Authorization: Bearer`. */
export const bearerOf = ({ authorization = "" }: Headers): Redacted.Redacted | undefined => {
  const [, bearer] = /^Bearer +([\w\-.~+/]+=*)$/i.exec(authorization) ?? []
  return bearer === undefined ? undefined : Redacted.make(bearer)
}

/** Names a credential to its proxy. The agent cannot make this name, because it does not know the credential. */
export const nameOf = (bearer: Redacted.Redacted, credential: Redacted.Redacted): string =>
  createHmac("sha256", Redacted.value(bearer)).update(Redacted.value(credential)).digest("base64url")

/** A response of the origin that the proxy reports. */
export interface Report {
  readonly status: number
  /** The name of the credential that the origin has rejected. */
  readonly credential: string
  /** The `WWW-Authenticate` header of the response. */
  readonly challenge: string
}

/** The report of a proxy: `X-AgentCore-Rejected` with a status and a name, and `X-AgentCore-Challenge`. */
export const reportOf = (headers: Headers): Report | undefined => {
  const [, status, credential = ""] = /^(\d{3}) ([\w-]{43})$/.exec(headers["x-agentcore-rejected"] ?? "") ?? []
  return status === undefined
    ? undefined
    : { status: Number(status), credential, challenge: headers["x-agentcore-challenge"] ?? "" }
}
