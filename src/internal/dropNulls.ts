/** Null in the JSON of AWS. */
import { isPlain } from "./isPlain.js"

/** A member that is null is absent, as to every server and client of the protocol. An item that is null stays. */
export const dropNulls = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(dropNulls)
    : isPlain(value)
    ? Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => member === null ? [] : [[name, dropNulls(member)]])
    )
    : value
