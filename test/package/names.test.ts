// The command has one name wherever people read it. Under the name of the package, npx does not find it in the clone.
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Commands } from "../support/cli.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

const files = execFileSync("git", ["ls-files", "src", "test", ".github", "*.md"], { cwd: root, encoding: "utf8" })
  .trim().split("\n")
  .filter((file) => /\.(md|tsx?|m?js|jsonc?|ya?ml|txt|svg|py)$/.test(file) && file !== "test/package/names.test.ts")

const commands = Commands.make(() => {}).commands.map((command) => command.name())

/** Without `npx`: after `npm install --global`, a shell that waits for the end of stdout, and names of tests. */
const isIntended = (file: string, before: string): boolean =>
  file.includes("credential-command/") || /CMD $|\.bin\/$|describe\(".*$|words\("$|health, "$/.test(before)

describe("the command", () => {
  it("is npx agentcore-identity in all output and pages", () => {
    const command = new RegExp(`(?<![\\w!:])agentcore-identity\\s+(?:${commands.join("|")}|--[a-z])`, "g")
    const others = files.flatMap((file) => {
      const text = readFileSync(`${root}${file}`, "utf8")
      return [...text.matchAll(command), ...text.matchAll(/npx\s+effect-agentcore-identity/g)].flatMap(
        ({ 0: found, index }) => {
          const before = text.slice(text.lastIndexOf("\n", index) + 1, index)
          return before.endsWith("npx ") || isIntended(file, before) ? [] : [`${file}: ${before}${found}`]
        }
      )
    })
    assert.deepStrictEqual(others, [])
  })
})
