/** The policies that the pages of the recipes print. */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Program from "./cli.js"

const examples = fileURLToPath(new URL("../examples", import.meta.url))

/** The one command of a page that prints its policy. */
export const commandOf = (recipe: string): string => {
  const page = readFileSync(`${examples}/${recipe}/README.md`, "utf8")
  const [command, ...others] = page.match(/npx agentcore-identity policy [^`]+ > policy\.json/g) ?? []
  if (command === undefined || others.length > 0) {
    throw new Error(`${recipe}: expected one command that prints a policy`)
  }
  return command
}

/**
 * Runs the command, for the account and the region of a local server. Recipes without a setup file share one. `users`
 * is for another process of the recipe.
 */
export const print = async (recipe: string, users?: string): Promise<string> => {
  await Program.build()
  const args = commandOf(recipe).replace(/(?<=--users )\w+/, (own) => users ?? own).split(" ").slice(2, -2)
  const cwd = existsSync(`${examples}/${recipe}/setup.jsonc`) ? `${examples}/${recipe}` : examples
  const { code, stderr, stdout } = await Effect.runPromise(
    Program.run([...args, "--account", "123456789012"], { AWS_REGION: "us-west-2" }, { cwd })
  )
  if (code !== 0) throw new Error(stderr)
  return stdout
}
