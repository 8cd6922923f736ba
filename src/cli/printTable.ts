/** Lists on stdout: a table for people, or JSON for programs. */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"
import * as Messages from "../internal/messages.js"

export type Row = Readonly<Record<string, unknown>>

/** Formats a value for a table, on one line. */
export const cell = (value: unknown): string => {
  if (value === undefined || value === null) return "-"
  if (typeof value === "string") return Messages.escape(value)
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

/** The columns of the terminal. Without a terminal, lines have any length. */
export const terminalWidth = (): number => process.stdout.isTTY && process.stdout.columns || Infinity

export const cut = (line: string, width: number): string => line.length > width ? `${line.slice(0, width - 1)}…` : line

/** Breaks a text into lines, between words where that is possible. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  if (text.length <= width) return [text]
  const limit = Math.max(width, 1)
  return text.match(new RegExp(`\\S.{0,${limit - 1}}(?=\\s|$)|\\S{1,${limit}}`, "g")) ?? []
}

export const printJson = (value: unknown): Effect.Effect<void> => Console.log(JSON.stringify(value, null, 2))
