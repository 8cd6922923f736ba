/** The server as the `Dockerfile` runs it: an unprivileged user, on all addresses. */
import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import { execFile, execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Server } from "node:net"
import { networkInterfaces } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import * as Program from "../support/cli.js"
import * as Tools from "../support/tools.js"
import * as Wire from "../support/wire.js"

beforeAll(Program.build)

const dockerfile = readFileSync(new URL("Dockerfile", import.meta.url), "utf8")

/** A folder that every user can read, with the command and a home. */
const install = Effect.gen(function*() {
  const folder = yield* Program.temporary
  chmodSync(folder, 0o755)
  cpSync(dirname(Program.file), join(folder, "bin"), { recursive: true })
  const home = join(folder, "home")
  mkdirSync(home)
  chmodSync(home, 0o777)
  return { command: join(folder, "bin", "agentcore-identity.js"), home }
})

// Root switches to an unprivileged user. Every other user is one already.
const asNobody = process.getuid?.() === 0
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : []

describe("the server in a container", () => {
  it.live("runs without privileges, is healthy, and has one issuer for browsers and itself", () =>
    Effect.gen(function*() {
      const { command, home } = yield* install
      const [, health = ""] = /^HEALTHCHECK .*CMD (.*)$/m.exec(dockerfile) ?? []
      const [, words = "[]"] = /^CMD (.*)$/m.exec(dockerfile) ?? []
      const [, ...args] = JSON.parse(words) as ReadonlyArray<string>
      assert.strictEqual(health, "agentcore-identity status")
      assert.match(dockerfile, /^USER node$/m)

      const env = { HOME: home, PATH: process.env["PATH"] ?? "" }
      const run = (...args: ReadonlyArray<string>) => {
        const [executable = "", ...rest] = [...asNobody, process.execPath, command, ...args]
        return Effect.promise(() => promisify(execFile)(executable, rest, { env }))
      }
      yield* Effect.acquireUseRelease(
        Effect.sync(() => {
          const [executable = "", ...rest] = [...asNobody, process.execPath, command, ...args, "--port", "0"]
          return execFile(executable, rest, { env })
        }),
        (child) =>
          Effect.gen(function*() {
            yield* Effect.promise(() => new Promise((resolve) => child.stdout?.once("data", resolve)))
            // The exit code reports the health.
            const [{ pid, url }] = JSON.parse((yield* run("status", "--json")).stdout)
            if (asNobody.length > 0) {
              assert.include(execFileSync("ps", ["-o", "uid=", "-p", String(pid)], { encoding: "utf8" }), "65534")
            }
            const variables = Object.fromEntries(
              (yield* run("env", "--shell", "dotenv")).stdout.trim().split("\n").map((line) => line.split("=", 2))
            )
            const issuer = variables["AGENTCORE_LOCAL_OAUTH_ISSUER"]
            assert.strictEqual(new URL(issuer).hostname, "127.0.0.1")

            // A published port comes from another address, with the host name of the browser.
            const address = Object.values(networkInterfaces()).flat()
              .find((one) => one?.family === "IPv4" && !one.internal)?.address ?? "127.0.0.1"
            for (const [own, path] of [[url, "/health"], [issuer, "/.well-known/openid-configuration"]] as const) {
              const response = yield* Wire.send(`http://${address}:${new URL(own).port}`, {
                method: "GET",
                path,
                headers: { host: new URL(own).host }
              })
              assert.strictEqual(response.status, 200)
              if (own === issuer) assert.strictEqual(JSON.parse(response.text).issuer, issuer)
            }

            // The server reaches the issuer under the name that the browser has.
            const call = (path: string, input: object) =>
              Effect.map(Wire.operation(url, `/identities/${path}`, input), ({ text }) => JSON.parse(text))
            const returnUrl = `${url}/health`
            yield* call("CreateWorkloadIdentity", { name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] })
            yield* call(
              "CreateOauth2CredentialProvider",
              Wire.customProvider("calendar", {
                oauthDiscovery: { discoveryUrl: variables["AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL"] },
                clientId: variables["AGENTCORE_LOCAL_OAUTH_CLIENT_ID"],
                clientSecret: variables["AGENTCORE_LOCAL_OAUTH_CLIENT_SECRET"]
              })
            )
            const { workloadAccessToken } = yield* call("GetWorkloadAccessTokenForUserId", {
              workloadName: "agent",
              userId: "alice"
            })
            const request = {
              workloadIdentityToken: workloadAccessToken,
              resourceCredentialProviderName: "calendar",
              scopes: ["openid"],
              oauth2Flow: "USER_FEDERATION",
              resourceOauth2ReturnUrl: returnUrl
            }
            const { authorizationUrl, sessionUri } = yield* call("oauth2/token", request)
            const alice = yield* TestUser.make("alice")
            assert.strictEqual((yield* alice.approves(String(authorizationUrl))).status, 200)
            yield* call("CompleteResourceTokenAuth", { sessionUri, userIdentifier: { userId: "alice" } })
            assert.isString((yield* call("oauth2/token", { ...request, sessionUri })).accessToken)

            // As `docker stop` does.
            assert.include((yield* run("stop")).stdout, "Stopped")
          }),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
    }))
})

describe("a generic container", () => {
  /** What Docker does with `--read-only --tmpfs /tmp`, without Docker. */
  const readOnly = (unshare: string, folder: string) => [
    unshare,
    "--mount",
    "sh",
    "-ec",
    `mount --bind ${folder} /mnt; mount -t tmpfs tmpfs /tmp; mount -o remount,bind,ro /; cd /; exec "$@"`,
    "sh"
  ]

  Tools.testWith("network namespaces")("of the guide serves the tests of any language", () =>
    Effect.gen(function*() {
      const { command } = yield* install
      const folder = dirname(dirname(command))
      copyFileSync(new URL("../examples/setup.jsonc", import.meta.url), join(folder, "setup.jsonc"))
      const program = [...asNobody, process.execPath, "/mnt/bin/agentcore-identity.js"]
      const [, directory = ""] = /^ENV XDG_RUNTIME_DIR=(.*)$/m.exec(dockerfile) ?? []
      assert.strictEqual(directory, "/tmp")
      const env = { XDG_RUNTIME_DIR: directory, PATH: process.env["PATH"] ?? "" }
      const [, words = "[]"] = /^CMD (.*)$/m.exec(dockerfile) ?? []
      const [, ...args] = JSON.parse(words) as ReadonlyArray<string>
      const [executable = "", ...rest] = [
        ...readOnly(yield* Tools.pathOf("network namespaces"), folder),
        ...program,
        ...args,
        "--port",
        "0",
        "--config",
        "/mnt/setup.jsonc"
      ]
      const container = yield* Effect.acquireRelease(
        Effect.sync(() => execFile(executable, rest, { env })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => new Promise((resolve) => container.stdout?.once("data", resolve)))
      /** As `docker exec` does. */
      const exec = (...args: ReadonlyArray<string>) =>
        Effect.promise(() =>
          promisify(execFile)("nsenter", ["--target", String(container.pid), "--mount", ...program, ...args], { env })
        )
      // The health check.
      const [{ url }] = JSON.parse((yield* exec("status", "--json")).stdout)

      // The mapped port. Its connections come from another address.
      const address = Object.values(networkInterfaces()).flat()
        .find((one) => one?.family === "IPv4" && !one.internal)?.address ?? "127.0.0.1"
      const mapped = yield* Effect.acquireRelease(
        Effect.promise(() =>
          new Promise<Server>((resolve) => {
            const server = createServer((from) => {
              const to = connect({ host: address, port: Number(new URL(url).port) })
              from.pipe(to).pipe(from)
              for (const socket of [from, to]) socket.on("error", () => from.destroy(to.destroy().errored ?? undefined))
            }).listen(0, "127.0.0.1", () => resolve(server))
          })
        ),
        (server) => Effect.sync(() => server.close())
      )
      const { port } = mapped.address() as AddressInfo

      // The variables of the guide.
      const guide = readFileSync(new URL("../../src/local/README.md", import.meta.url), "utf8")
      const variable = (name: string) => new RegExp(`${name}=([\\w-]+)`).exec(guide)?.[1] ?? ""
      const identity = new BedrockAgentCore({
        endpoint: `http://localhost:${port}`,
        region: variable("AWS_REGION"),
        credentials: {
          accessKeyId: variable("AWS_ACCESS_KEY_ID"),
          secretAccessKey: variable("AWS_SECRET_ACCESS_KEY")
        }
      })
      const caller = yield* Effect.promise(() =>
        identity.getWorkloadAccessTokenForUserId({ workloadName: "my-agent", userId: "alice" })
      )
      const token = Effect.promise(() =>
        identity.getResourceOauth2Token({
          workloadIdentityToken: caller.workloadAccessToken,
          resourceCredentialProviderName: "reports",
          scopes: ["openid", "reports:read"],
          oauth2Flow: "USER_FEDERATION",
          resourceOauth2ReturnUrl: "http://127.0.0.1:8765/consent"
        })
      )
      assert.isString((yield* token).authorizationUrl)
      const approve = "local consents approve"
      assert.include(guide, `\`${approve}\``)
      yield* exec(...approve.split(" "))
      assert.isString((yield* token).accessToken)
      yield* exec("stop")
    }))
})
