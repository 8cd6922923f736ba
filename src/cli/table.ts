/** Lists on standard output: a table for people, or JSON for programs. */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Printable from "../internal/printable.js"

export type Row = Readonly<Record<string, unknown>>

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text of a value in a table, on one line. */
export const cell = (value: unknown): string =>
  value === undefined || value === null
    ? "-"
    : typeof value === "string"
    ? Printable.escape(value)
    : Array.isArray(value)
    ? value.map(cell).join(" ")
    : isRow(value)
    ? Object.values(value).map(cell).join(" ")
    : String(value)

export const format = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>): string => {
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  return lines.map((line) => line.map((text, index) => text.padEnd(widths[index] ?? 0)).join("  ").trimEnd()).join("\n")
}

/** Prints a value as JSON, which `jq` and programs read. */
export const printJson = (value: unknown): Effect.Effect<void> => Console.log(JSON.stringify(value, null, 2))
