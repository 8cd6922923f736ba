// The packed tarball, installed by npm in an empty folder, starts and serves: what `npx effect-agentcore-identity local` does.
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "agentcore-identity-install-"))
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

const environmentOf = async (child) => {
  const environment = {}
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "") {
      return environment
    }
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? []
    environment[name] = value
  }
  throw new Error("the server ended before it was ready")
}

try {
  const [{ filename }] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root))
  npm(["init", "--yes"], folder)
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, filename)], folder)

  const child = spawn(join(folder, "node_modules", ".bin", "agentcore-identity"), ["local", "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  try {
    const { BEDROCK_AGENTCORE_DP_ENDPOINT: url } = await environmentOf(child)
    const response = await fetch(`${url}/health`)
    if (response.status !== 200) {
      throw new Error(`GET /health: ${response.status}`)
    }
  } finally {
    child.kill("SIGTERM")
  }
  await ended
  console.log("The tarball, installed by npm, starts and serves.")
} finally {
  rmSync(folder, { recursive: true, force: true })
}
