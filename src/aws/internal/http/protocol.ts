/** The wire protocols of AWS: REST-JSON 1 of AgentCore Identity, and AWS Query of STS. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as HttpDate from "../../../internal/httpDate.js"
import { dropNulls } from "../../../models/internal/plainData.js"
import type * as Operation from "../../../Operation.js"
import { type Exceptions, stsExceptionNames } from "../failure.js"
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

export interface Protocol extends Pick<Exceptions, "exceptionNames"> {
  /** `request` is encoded. */
  readonly encode: (row: Operation.Any, request: unknown) => Message
  /** The output of a successful call. Throws for a body that is not of the protocol. */
  readonly decode: (row: Operation.Any, body: string) => unknown
  /** The exception of a refused call. Throws for a body that is not of the protocol. */
  readonly decodeException: (response: Response) => Exception
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

// -----------------------------------------------------------------------------
// Times
// -----------------------------------------------------------------------------

/** A time in any form that JavaScript reads, in milliseconds since the epoch. */
export const parseTime = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(Option.map(HttpDate.parse(text), DateTime.toEpochMillis))

/** Milliseconds since the epoch as the AWS SDK has them. */
export const toDate = (time: number): Date => DateTime.toDate(DateTime.makeUnsafe(time))

export const parseDate = (text: string): Date | undefined => {
  const time = parseTime(text)
  return time === undefined ? undefined : toDate(time)
}

// -----------------------------------------------------------------------------
// REST-JSON
// -----------------------------------------------------------------------------

const contentType = { "content-type": "application/json" }

const listOf = (value: unknown): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined).map(String)

/** An operation with members in its path. Without a body, all others are in the query. */
const encodeAddressed = ({ method, path }: Operation.Any, request: object): Message => {
  const members = new Map(Object.entries(request).filter(([, value]) => value !== undefined))
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = escapeUri(String(members.get(name)))
    members.delete(name)
    return value
  })
  return method === "POST"
    ? { method, path: address, query: {}, headers: contentType, body: JSON.stringify(Object.fromEntries(members)) }
    : {
      method,
      path: address,
      query: Object.fromEntries([...members].map(([name, value]) => [name, listOf(value)])),
      headers: {},
      body: undefined
    }
}

const parse = (body: string): unknown => {
  const value: unknown = body === "" ? {} : JSON.parse(body)
  // A property is null in few responses.
  return body.includes("null") ? dropNulls(value) : value
}

/** `com.amazonaws.bedrockagentcore#ValidationException:http://internal.amazon.com/` */
const nameOf = (code: unknown): string | undefined =>
  typeof code === "string" ? code.split(",")[0]?.split(":")[0]?.split("#").at(-1) : undefined

const member = (value: unknown, ...names: ReadonlyArray<string>): unknown => {
  const name = names.find((name) => hasProperty(value, name) && value[name] !== undefined)
  return name === undefined ? undefined : Reflect.get(Object(value), name)
}

export const restJson: Protocol = {
  encode: (row, request) =>
    row.method === "POST" && !row.path.includes("{")
      ? { method: "POST", path: row.path, query: {}, headers: contentType, body: JSON.stringify(request) }
      // Requests are objects.
      : encodeAddressed(row, request as object),
  decode: (_, body) => parse(body),
  decodeException: ({ body, headers }) => {
    const value = parse(body)
    return {
      name: nameOf(headers["x-amzn-errortype"] ?? member(value, "code", "__type")),
      message: member(value, "message", "Message"),
      reason: member(value, "reason"),
      fieldList: member(value, "fieldList")
    }
  }
}

// -----------------------------------------------------------------------------
// XML
// -----------------------------------------------------------------------------

// The parser of the AWS SDK is not used: without Node it needs a `DOMParser`, which edge runtimes do not have. Responses
// of STS are lists of strings, so the elements that the adapter reads are found by their names.

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

const unescape = (text: string): string =>
  text.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10_ffff ? String.fromCodePoint(point) : whole
  })

const invalidXml = (): never => {
  // The document is not quoted, because it may have secrets in it.
  throw new SyntaxError("The document is not the expected XML")
}

/** Returns the content of an element. Throws when there is none. */
const contentOf = (xml: string, name: string): string => {
  const start = xml.search(new RegExp(`<${name}[\\s>]`))
  const end = xml.lastIndexOf(`</${name}>`)
  return start < 0 || end < start ? invalidXml() : xml.slice(xml.indexOf(">", start) + 1, end)
}

/** Throws for a document whose elements are not nested, as the HTML of a proxy. */
const checkNesting = (xml: string): void => {
  const open: Array<string | undefined> = []
  for (const [, closing, name, empty] of xml.matchAll(/<(\/?)([\w.:-]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing === "/" && open.pop() !== name) invalidXml()
    if (closing === "" && empty === "") open.push(name)
  }
  if (open.length > 0 || !xml.trimStart().startsWith("<") || !xml.trimEnd().endsWith(">")) invalidXml()
}

// -----------------------------------------------------------------------------
// AWS Query
// -----------------------------------------------------------------------------

// A form in, and XML out. Members have capitals on the wire.

const capitalize = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const uncapitalize = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** The parameters of a value. A map is a list of keys and values. An empty list has no parameter. */
const parameters = (name: string, value: unknown): ReadonlyArray<readonly [name: string, value: string]> =>
  value === undefined
    ? []
    : Array.isArray(value)
    ? value.flatMap((item, index) => parameters(`${name}.member.${index + 1}`, item))
    : isObject(value)
    ? Object.entries(value).flatMap(([key, item], index) => [
      ...parameters(`${name}.member.${index + 1}.Key`, key),
      ...parameters(`${name}.member.${index + 1}.Value`, item)
    ])
    : [[name, String(value)]]

/** The body of a request. */
export const encodeForm = (action: string, request: object): string =>
  new URLSearchParams([
    ["Action", action],
    ["Version", "2011-06-15"],
    ...Object.entries(request).flatMap(([name, value]) =>
      parameters(capitalize(name), value).map(([name, value]) => [name, value])
    )
  ]).toString()

export const formHeaders = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }

/** A timestamp of the protocol is a string of ISO 8601. No other member looks like one. */
const decodeText = (text: string): string | Date =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? parseDate(text) ?? text : text

/** The elements that contain a string, by the names of this package, at any depth. */
const membersOf = (xml: string): { readonly [name: string]: string | Date } =>
  Object.fromEntries(
    [...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name = "", text = ""]) => [
      uncapitalize(name),
      decodeText(unescape(text))
    ])
  )

/** The result of an operation. */
export const decodeResult = (action: string, body: string): { readonly [name: string]: string | Date } =>
  membersOf(contentOf(contentOf(body, `${action}Response`), `${action}Result`))

export const awsQuery: Protocol = {
  encode: ({ name, path }: Operation.Any, request) => ({
    method: "POST",
    path,
    query: {},
    headers: formHeaders,
    // Requests are objects.
    body: encodeForm(name, request as object)
  }),
  decode: ({ name }, body) => decodeResult(name, body),
  decodeException: ({ body }) => {
    if (body !== "") checkNesting(body)
    if (!body.includes("<ErrorResponse")) return { name: undefined, message: undefined }
    const error = contentOf(contentOf(body, "ErrorResponse"), "Error")
    const { code = invalidXml(), message } = membersOf(error)
    return { name: code, message }
  },
  exceptionNames: stsExceptionNames
}
