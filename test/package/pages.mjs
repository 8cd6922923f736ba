// The README and the guides. Tests follow all of them.
import { readFileSync } from "node:fs"

const root = new URL("../../", import.meta.url)

export const pages = [
  "README.md",
  ...["aws", "http", "local", "mcp", "persistence", "promise"].map((room) => `src/${room}/README.md`)
]

export const read = (path) => readFileSync(new URL(path, root), "utf8")

/** Every block of code of a page, with the comment on the line before it. */
export const blocksOf = (page) =>
  Array.from(
    read(page).matchAll(/^(?:<!-- (.+) -->\n)?```(\w+)\n([\s\S]*?)^```$/gm),
    ([, marker = "", language, code]) => ({ page, marker, language, code })
  )
