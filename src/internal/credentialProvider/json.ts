/**
 * Requests and responses as JSON objects. Their member names differ by kind and vendor.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"

/** @internal */
export type Json = { readonly [member: string]: unknown }

/** @internal */
export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Redacted.isRedacted(value)

/** @internal */
export const omitUndefined = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))

/**
 * The only member of a union of the service model.
 *
 * @internal
 */
export const getUnionMember = (union: unknown): { readonly name: string; readonly value: Json } => {
  const [name = "", value] = Object.entries(isJson(union) ? omitUndefined(union) : {})[0] ?? []
  return { name, value: isJson(value) ? value : {} }
}
