/** Requests and responses as JSON objects. Their member names differ by kind and vendor. */
import * as Redacted from "effect/Redacted"

export type Json = { readonly [member: string]: unknown }

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Redacted.isRedacted(value)

export const omitUndefined = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

/** The only member of a union of the service model. */
export const getUnionMember = (union: unknown): { readonly name: string; readonly value: Json } => {
  const [name = "", value] = Object.entries(isJson(union) ? omitUndefined(union) : {})[0] ?? []
  return { name, value: isJson(value) ? value : {} }
}
