/** The policies that the recipes name. The tests of each recipe run under its policy. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import * as RecipePolicy from "../support/recipePolicy.js"

const examples = fileURLToPath(new URL("../examples/", import.meta.url))

/** The policies that are files, because tests in the package use them. */
const files = {
  "ai-sdk": "policy.json",
  "cloudflare-workers": "policy.json",
  express: "express/policy.json",
  hono: "hono/policy.json",
  lambda: "policy.json",
  langgraph: "policy.json",
  mcp: "hono/policy.json",
  next: "next/policy.json",
  strands: "policy.json"
}

describe("the page of a recipe", () => {
  const recipes = readdirSync(examples, { withFileTypes: true }).flatMap((entry) =>
    // It has a role for each of its commands. Its own test runs both under their policies.
    entry.isDirectory() && entry.name !== "credential-command" ? [entry.name] : []
  )
  it.each(recipes)("%s has one command for its policy, and no list of actions", (recipe) => {
    RecipePolicy.commandOf(recipe)
    assert.notMatch(readFileSync(`${examples}${recipe}/README.md`, "utf8"), /(bedrock-agentcore|secretsmanager):[A-Z]/)
  })

  it.each(Object.entries(files))("%s prints %s", async (recipe, file) => {
    const printed = await RecipePolicy.print(recipe)
    if (process.env["UPDATE_POLICIES"] === "1") writeFileSync(`${examples}${file}`, printed)
    assert.strictEqual(readFileSync(`${examples}${file}`, "utf8"), printed)
  })
})
