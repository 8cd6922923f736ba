// The claims of `.github/SECURITY.md`, and what the workflow publishes.
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { parse } from "yaml"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

describe("SECURITY.md", () => {
  const rows = read(".github/SECURITY.md").split("\n").filter((line) => line.includes(" `test/"))
  const claims = rows.flatMap((row) => [...row.matchAll(/`(test\/[^`]+\.test\.ts)`: (.+?)(?= \|$)/g)])

  it("has a test for every claim", () => {
    assert.isAbove(claims.length, 20)
    assert.lengthOf(claims, rows.filter((row) => row.startsWith("|")).length)
  })

  it.each(claims.map(([, file = "", title = ""]) => [file, title] as const))("%s: %s", (file, title) => {
    assert.include(read(file), JSON.stringify(title))
  })
})

describe("a release", () => {
  it("publishes with provenance, from the workflow alone", () => {
    const { jobs } = parse(read(".github/workflows/ci.yml"))
    assert.strictEqual(JSON.parse(read("package.json")).publishConfig.provenance, true)
    assert.strictEqual(jobs.publish.needs, "all")
    assert.strictEqual(jobs.publish.permissions["id-token"], "write")
    assert.match(jobs.publish.if, /workflow_dispatch.* && inputs\.publish && /)
    const publishing = Object.entries(jobs).filter(([, job]) => JSON.stringify(job).includes("npm publish"))
    assert.deepStrictEqual(publishing.map(([name]) => name), ["publish"])
    assert.strictEqual(jobs.publish.steps.at(-1).run, "npm publish && npm publish ./agentcore-identity")
  })
})
