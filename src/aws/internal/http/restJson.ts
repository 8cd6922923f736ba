/** The protocol of AgentCore Identity: REST-JSON 1. */
import { hasProperty } from "effect/Predicate"
import { dropNulls } from "../../../models/internal/plainData.js"
import type * as Operation from "../../../Operation.js"
import { escapeUri, type Message, type Protocol } from "./protocol.js"

const contentType = { "content-type": "application/json" }

const texts = (value: unknown): ReadonlyArray<string> =>
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
      query: Object.fromEntries([...members].map(([name, value]) => [name, texts(value)])),
      headers: {},
      body: undefined
    }
}

const parse = (body: string): unknown => {
  const value: unknown = body === "" ? {} : JSON.parse(body)
  // A member is null in few answers.
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
