import { assert } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Asserts that no file of a folder contains 8 consecutive bytes of a secret. It reads each file once: those of a
 * database are large.
 */
export const assertFilesSecretFree = (folder: string, secrets: ReadonlyArray<string>): void => {
  const pieces = new Map<number, Array<Buffer>>()
  for (const secret of secrets) {
    for (let start = 0; start + 8 <= secret.length; start++) {
      const piece = Buffer.from(secret.slice(start, start + 8))
      const beginning = piece.readUInt32BE(0)
      pieces.set(beginning, [...pieces.get(beginning) ?? [], piece])
    }
  }
  let files = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    files++
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    let window = 0
    for (let end = 0; end < content.length; end++) {
      window = ((window << 8) | content[end]!) >>> 0
      const start = end - 3
      const found = pieces.get(window)?.find((piece) => start >= 0 && content.subarray(start, start + 8).equals(piece))
      if (found !== undefined) assert.fail(`'${found.toString()}' of a secret is in ${path}`)
    }
  }
  assert.isAbove(files, 0)
}
