/**
 * The shape of a request for a user's token. The live service stores a token under all of it: `customParameters` too,
 * and not `customState`, which belongs to one request (seen live, reported in
 * https://github.com/aws-samples/sample-autonomous-cloud-coding-agents/pull/831).
 *
 * Scopes, resources and audiences are sets: OAuth gives no meaning to their order.
 */
import * as Schema from "effect/Schema"
import { isSameSet } from "../../internal/isSameSet.js"
import type { RequestPart } from "./model.js"

const Names = Schema.Array(Schema.String)

/** The access that a request asks for. */
export const Access = Schema.Struct({
  scopes: Names,
  resources: Schema.optional(Names),
  audiences: Schema.optional(Names)
})

export type Access = typeof Access.Type

export const RequestShape = Schema.Struct({
  ...Access.fields,
  // Earlier versions stored grants without them.
  customParameters: Schema.optional(Schema.Record(Schema.String, Schema.String))
})

export type RequestShape = typeof RequestShape.Type

export const RequestParts: Schema.Codec<ReadonlyArray<RequestPart>> = Schema.Array(
  Schema.Literals(["scopes", "resources", "audiences", "customParameters"])
)

const isSameRecord = (
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {}
): boolean => {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}

/**
 * The parts that differ. None for two requests that the same grant serves. A list without items, or a record without
 * entries, is like an absent one.
 */
export const differences = (a: RequestShape, b: RequestShape): ReadonlyArray<RequestPart> => {
  const parts: ReadonlyArray<readonly [RequestPart, boolean]> = [
    ["scopes", isSameSet(a.scopes ?? [], b.scopes ?? [])],
    ["resources", isSameSet(a.resources ?? [], b.resources ?? [])],
    ["audiences", isSameSet(a.audiences ?? [], b.audiences ?? [])],
    ["customParameters", isSameRecord(a.customParameters, b.customParameters)]
  ]
  return parts.flatMap(([part, isSame]) => isSame ? [] : [part])
}

export const isSame = (a: RequestShape, b: RequestShape): boolean => differences(a, b).length === 0
