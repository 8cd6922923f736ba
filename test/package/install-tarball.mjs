// The packed tarball, installed by npm in an empty folder, starts and serves, by the line of the README.
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "agentcore-identity-install-"))
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

try {
  const [{ filename }] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root))
  npm(["init", "--yes"], folder)
  npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, filename)], folder)

  const [line] = /^eval .* &\)"$/m.exec(readFileSync(join(root, "README.md"), "utf8")) ?? []
  if (line === undefined) {
    throw new Error("The README does not say how the local server is started")
  }
  const script = `${line.replace(" &)", " --port 0 --authorization-server-port 0 &)")}
trap 'kill "$AGENTCORE_LOCAL_PID"' EXIT
node --eval 'fetch(process.env.BEDROCK_AGENTCORE_DP_ENDPOINT + "/health").then(({ status }) => console.log(status))'`
  const status = execFileSync("bash", ["--norc", "-c", script], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 30_000
  })
  if (status !== "200\n") {
    throw new Error(`GET /health: ${status}`)
  }
  console.log("The tarball, installed by npm, starts and serves.")
} finally {
  rmSync(folder, { recursive: true, force: true })
}
