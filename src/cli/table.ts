/** Lists on stdout: a table for people, or JSON for programs. */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Printable from "../internal/printable.js"

export type Row = Readonly<Record<string, unknown>>

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Formats a value for a table, on one line. */
export const cell = (value: unknown): string => {
  if (value === undefined || value === null) return "-"
  if (typeof value === "string") return Printable.escape(value)
  return typeof value === "object" ? Object.values(value).map(cell).join(" ") : String(value)
}

/** Returns the rows as lines with aligned columns. */
export const align = (rows: ReadonlyArray<ReadonlyArray<unknown>>, gap = "  "): ReadonlyArray<string> => {
  const cells = rows.map((row) => row.map(cell))
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  return cells.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(gap).trimEnd())
}

export const format = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>): string =>
  align([columns, ...rows.map((row) => columns.map((column) => row[column]))]).join("\n")

/** Prints a value as JSON. */
export const printJson = (value: unknown): Effect.Effect<void> => Console.log(JSON.stringify(value, null, 2))
