/** The protocol of STS: AWS Query, a form in and XML out. Members have capitals on the wire. */
import { isObject } from "effect/Predicate"
import type * as Operation from "../../../Operation.js"
import { exceptionNames } from "../stsExceptions.js"
import type { Protocol } from "./protocol.js"
import { parseDate } from "./time.js"
import * as Xml from "./xml.js"

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
export const form = (action: string, request: object): string =>
  new URLSearchParams([
    ["Action", action],
    ["Version", "2011-06-15"],
    ...Object.entries(request).flatMap(([name, value]) =>
      parameters(capitalize(name), value).map(([name, value]) => [name, value])
    )
  ]).toString()

export const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }

/** A timestamp of the protocol is a text of ISO 8601. No other member looks like one. */
const decodeText = (text: string): string | Date =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? parseDate(text) ?? text : text

/** The members of an element, by the names of this package. */
export const decodeMembers = (element: unknown): { readonly [name: string]: unknown } =>
  isObject(element)
    ? Object.fromEntries(
      Object.entries(element).map(([name, value]) => [
        uncapitalize(name),
        typeof value === "string" ? decodeText(value) : value
      ])
    )
    : {}

const child = (element: Xml.Element | undefined, name: string): Xml.Element | undefined =>
  typeof element === "object" && Object.hasOwn(element, name) ? element[name] : undefined

/** The result of an operation. */
export const decodeResult = (action: string, body: string): { readonly [name: string]: unknown } =>
  decodeMembers(child(child(Xml.parse(body), `${action}Response`), `${action}Result`))

export const query: Protocol = {
  encode: ({ name, path }: Operation.Any, request) => ({
    method: "POST",
    path,
    query: {},
    headers,
    // Requests are objects.
    body: form(name, request as object)
  }),
  decode: ({ name }, body) => decodeResult(name, body),
  decodeException: ({ body }) => {
    const error = body === "" ? undefined : child(child(Xml.parse(body), "ErrorResponse"), "Error")
    const name = child(error, "Code")
    if (name !== undefined && typeof name !== "string") throw new SyntaxError("The name of the exception is not a text")
    return { name, message: child(error, "Message") }
  },
  exceptionNames
}
