/** The wire protocols of AWS: REST-JSON 1 of AgentCore Identity, and AWS Query of STS. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import { parseHttpDate } from "../../../internal/dates.js"
import { dropNulls } from "../../../internal/models/plainData.js"
import type * as Rows from "../../../internal/plane/operation.js"
import { escapeUri } from "../../../internal/signature.js"
import { type Exceptions, stsExceptionNames } from "../failure.js"
import type { Response } from "./httpTransport.js"

export interface Message {
  readonly method: string
  /** Percent-encoded, without the path of the endpoint. */
  readonly path: string
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** An exception on the wire. Its members may have any type. */
interface Exception {
  readonly name: unknown
  readonly message: unknown
  readonly reason?: unknown
  readonly fieldList?: unknown
}

export interface Protocol extends Pick<Exceptions, "exceptionNames"> {
  /** `request` is encoded. */
  readonly encode: (row: Rows.Any, request: unknown) => Message
  /** Decodes the output of a successful call. Throws for an invalid body. */
  readonly decode: (row: Rows.Any, body: string) => unknown
  /** Decodes the exception of a rejected call. Throws for an invalid body. */
  readonly decodeException: (response: Response) => Exception
}

export const queryString = (query: Message["query"]): string =>
  Object.entries(query).flatMap(([name, values]) => values.map((value) => `${escapeUri(name)}=${escapeUri(value)}`))
    .join("&")

/** Parses a time in any form that JavaScript knows. Returns milliseconds since the epoch. */
export const parseTime = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : Option.getOrUndefined(Option.map(parseHttpDate(value), DateTime.toEpochMillis))

export const parseDate = (value: string): Date | undefined =>
  Option.getOrUndefined(Option.map(parseHttpDate(value), DateTime.toDate))

// -----------------------------------------------------------------------------
// REST-JSON
// -----------------------------------------------------------------------------

const contentType = { "content-type": "application/json" }

const listOf = (value: unknown): ReadonlyArray<string> =>
  (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined).map(String)

/** Encodes an operation with members in its path. Without a body, all other members are in the query. */
const encodeAddressed = ({ method, path }: Rows.Any, request: object): Message => {
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
  // Few responses contain null.
  return body.includes("null") ? dropNulls(value) : value
}

/** `com.amazonaws.bedrockagentcore#ValidationException:http://internal.amazon.com/` */
const nameOf = (code: unknown): string | undefined =>
  typeof code === "string" ? code.split(",")[0]?.split(":")[0]?.split("#").at(-1) : undefined

const findMember = (value: unknown, ...names: ReadonlyArray<string>): unknown => {
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
      name: nameOf(headers["x-amzn-errortype"] ?? findMember(value, "code", "__type")),
      message: findMember(value, "message", "Message"),
      reason: findMember(value, "reason"),
      fieldList: findMember(value, "fieldList")
    }
  }
}

// -----------------------------------------------------------------------------
// XML
// -----------------------------------------------------------------------------

// The parser of the AWS SDK needs a `DOMParser` outside of Node, which edge runtimes do not have. Responses of STS are
// lists of strings, so elements are found by their names.

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

const unescape = (content: string): string =>
  content.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10_ffff ? String.fromCodePoint(point) : whole
  })

const invalidXml = (): never => {
  // The document is not quoted, because it may have secrets in it.
  throw new SyntaxError("The document is not the expected XML")
}

/** Returns the content of an element. Throws if there is no such element. */
const contentOf = (xml: string, name: string): string => {
  const start = xml.search(new RegExp(`<${name}[\\s>]`))
  const end = xml.lastIndexOf(`</${name}>`)
  return start < 0 || end < start ? invalidXml() : xml.slice(xml.indexOf(">", start) + 1, end)
}

/** Throws if the elements are not nested, as in the HTML of a proxy. */
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

// Requests are forms, responses are XML. Member names start with a capital on the wire.

const capitalize = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const uncapitalize = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

/** The parameters of a value. A map becomes a list of keys and values. An empty list has no parameters. */
const parameters = (name: string, value: unknown): ReadonlyArray<readonly [name: string, value: string]> => {
  if (value === undefined) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => parameters(`${name}.member.${index + 1}`, item))
  if (!isObject(value)) return [[name, String(value)]]
  return Object.entries(value).flatMap(([key, item], index) => [
    ...parameters(`${name}.member.${index + 1}.Key`, key),
    ...parameters(`${name}.member.${index + 1}.Value`, item)
  ])
}

export const encodeForm = (action: string, request: object): string =>
  new URLSearchParams([
    ["Action", action],
    ["Version", "2011-06-15"],
    ...Object.entries(request).flatMap(([name, value]) =>
      parameters(capitalize(name), value).map(([name, value]) => [name, value])
    )
  ]).toString()

export const formHeaders = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }

/** Timestamps are ISO 8601 strings. No other member looks like one. */
const decodeString = (value: string): string | Date =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) ? parseDate(value) ?? value : value

/** The strings of the elements without children, at any depth, by the names of this package. */
const membersOf = (xml: string): { readonly [name: string]: string | Date } =>
  Object.fromEntries(
    [...xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, name = "", content = ""]) => [
      uncapitalize(name),
      decodeString(unescape(content))
    ])
  )

export const decodeResult = (action: string, body: string): { readonly [name: string]: string | Date } =>
  membersOf(contentOf(contentOf(body, `${action}Response`), `${action}Result`))

export const awsQuery: Protocol = {
  encode: ({ name, path }: Rows.Any, request) => ({
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
