/** The Worker in workerd, the runtime of Cloudflare Workers. */
import { start } from "effect-agentcore-identity/promise/LocalIdentity"
import * as esbuild from "esbuild"
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from "jose"
import { parse } from "jsonc-parser"
import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import * as Project from "../../support/project.js"

// It has no types.
const { default: workerd } = createRequire(import.meta.url)("workerd") as { readonly default: string }

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

describe("the Worker", () => {
  it("acts in workerd for the user of each request, after their consent", async () => {
    const project = await Project.makeRecipe("cloudflare-workers", ["effect", "jose"])
    const policy = path("../policy.json")
    const local = await start({ setup: path("../setup.jsonc"), policy, authorizationServer: true })
    const keys = await generateKeyPair("ES256")
    const site = await Project.serve(async ({ headers, url = "" }, response) => {
      if (url === "/jwks") return void response.end(JSON.stringify({ keys: [await exportJWK(keys.publicKey)] }))
      if (url.startsWith("/consent")) return void response.end("Back")
      const { sub } = decodeJwt(headers.authorization?.replace("Bearer ", "") ?? "")
      response.end(JSON.stringify([url.split("/").at(-1), `for ${sub}`]))
    })
    await local.control.seed({
      workloadIdentities: [{ name: "my-agent", allowedResourceOauth2ReturnUrls: [`${site.url}/consent`] }]
    })

    await esbuild.build({
      absWorkingDir: project.folder,
      entryPoints: ["worker.ts"],
      outfile: join(project.folder, "worker.mjs"),
      bundle: true,
      format: "esm",
      conditions: ["workerd", "worker", "browser"],
      platform: "browser",
      minify: true
    })
    const { compatibility_date, vars } = parse(readFileSync(path("wrangler.jsonc"), "utf8"))
    const bindings = {
      ...vars,
      AWS_ACCESS_KEY_ID: local.environment["AWS_ACCESS_KEY_ID"],
      AWS_SECRET_ACCESS_KEY: local.environment["AWS_SECRET_ACCESS_KEY"],
      AGENTCORE_ENDPOINT: local.url,
      ISSUER: site.url,
      REPORTS_API: site.url,
      RETURN_URL: `${site.url}/consent`,
      CONSENT_KEY: "a key of this test"
    }
    const port = await Project.freePort()
    writeFileSync(
      join(project.folder, "worker.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "agent", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = ${JSON.stringify(compatibility_date)},
      bindings = [${
        Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`).join(", ")
      }]
    )),
    (name = "internet", network = (allow = ["private"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "agent")]
);
`
    )
    const worker = Project.start(project, [workerd, "serve", "--verbose", "worker.capnp"])
    try {
      const call = async (sub: string, path = "/reports/Sales", init: RequestInit = {}) => {
        const jwt = await new SignJWT({}).setProtectedHeader({ alg: "ES256" }).setIssuer(site.url).setSubject(sub).sign(
          keys.privateKey
        )
        return fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { authorization: `Bearer ${jwt}` } })
      }
      await Project.reachable(`http://127.0.0.1:${port}/`)
      assert.strictEqual((await fetch(`http://127.0.0.1:${port}/reports/Sales`)).status, 401)
      const complete = async (userName: string, completedBy: string, isForwarded = false) => {
        const response = await call(userName)
        assert.strictEqual(response.status, 403, worker.output())
        const { authorizationUrl, ticket } = await response.json() as Record<"authorizationUrl" | "ticket", string>
        const { searchParams } = new URL((await local.user(userName).approves(new URL(authorizationUrl))).url)
        searchParams.set("ticket", ticket)
        // The user who started a session knows all but its state, which came back in the browser that consented.
        if (isForwarded) searchParams.delete("state")
        return (await call(completedBy, "/consent", { method: "POST", body: searchParams })).status
      }
      assert.deepStrictEqual(
        await Promise.all([
          complete("alice", "alice"),
          complete("bob", "bob"),
          complete("carol", "alice"),
          complete("mallory", "mallory", true)
        ]),
        [204, 204, 403, 403]
      )
      const users = Array.from({ length: 10 }, (_, index) => index % 2 === 0 ? "alice" : "bob")
      const reports = await Promise.all(users.map(async (user) => (await call(user)).json()))
      assert.deepStrictEqual(reports, users.map((user) => ["Sales", `for ${user}`]))
    } finally {
      worker.kill("SIGTERM")
      await Promise.all([worker.ended, site.close(), local.stop()])
      project.remove()
    }
  })
})
