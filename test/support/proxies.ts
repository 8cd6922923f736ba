/** nginx and Caddy, with a configuration of `ForwardAuth`, in front of origins with a certificate of their own. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { spawn, type SpawnOptions } from "node:child_process"
import { once } from "node:events"
import { openSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import type * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Configuration from "../../src/http/forwardAuth/proxyConfiguration.js"
import * as Folder from "./folder.js"
import * as Server from "./server.js"
import * as Tools from "./tools.js"

export { Configuration }

const certificate = (name: string): string => fileURLToPath(new URL(`./certificates/${name}`, import.meta.url))

const authorities = certificate("ca.pem")

export const names = ["nginx", "Caddy"] as const

export type Name = typeof names[number]

/** Starts a process. Closing the scope ends it, and waits for its end. */
export const start = (path: string, args: ReadonlyArray<string>, options: SpawnOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(path, args, options)),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill("SIGTERM")
        await once(child, "exit")
      })
  )

const connect = (host: string, port: number) =>
  Effect.callback<void, Error>((resume) => {
    const socket = Net.connect({ host, port }, () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.on("error", (error) => resume(Effect.fail(error)))
  })

interface Proxy {
  readonly url: string
  /** All that the proxy has written: its logs, its output. */
  readonly written: () => string
}

const wrapNginx = (configuration: string, folder: string): string =>
  `daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
events {}
http {
  access_log ${folder}/access.log;
  # As an http block for other servers may have it.
  underscores_in_headers on;
  ignore_invalid_headers off;
${
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${folder}/${name};`).join(
      "\n"
    )
  }
${configuration}}
`

/** The access log of Caddy, and its log of errors. */
const wrapCaddy = (configuration: string, folder: string): string =>
  configuration
    .replace("{\n", `{\n\tauto_https off\n\tlog {\n\t\toutput file ${folder}/error.log\n\t}\n`)
    .replace(/^http:.*\{\n/m, (line) => `${line}\tlog {\n\t\toutput file ${folder}/access.log\n\t}\n`)

/** Starts a proxy with a configuration that was made for this address. */
export const run = (
  name: Name,
  configuration: string,
  { host = "127.0.0.1", port }: { readonly host?: string; readonly port: number }
): Effect.Effect<Proxy, never, Scope.Scope | Tools.Tools> =>
  Effect.gen(function*() {
    const path = yield* Tools.pathOf(name)
    const folder = yield* Folder.temporary
    const file = join(folder, "configuration")
    writeFileSync(file, name === "nginx" ? wrapNginx(configuration, folder) : wrapCaddy(configuration, folder))
    const args = name === "nginx" ? ["-p", folder, "-c", file] : ["run", "--config", file, "--adapter", "caddyfile"]
    const output = openSync(join(folder, "output.log"), "a")
    const child = yield* start(path, args, {
      env: { PATH: process.env["PATH"], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      stdio: ["ignore", output, output]
    })
    const written = () =>
      readdirSync(folder).filter((name) => name.endsWith(".log")).map((name) =>
        readFileSync(join(folder, name), "utf8")
      )
        .join("\n")
    yield* connect(host, port).pipe(
      Effect.retry({ schedule: Schedule.spaced("20 millis"), while: () => child.exitCode === null }),
      Effect.mapError(() => new Error(`${name} ended: ${written()}`)),
      Effect.orDie
    )
    return { url: `http://${host}:${port}`, written }
  })

/** Starts a proxy on a free port of an address. */
export const make = (
  name: Name,
  options: Pick<Configuration.ProxyOptions, "credentials" | "forwardAuth">,
  host = "127.0.0.1"
): Effect.Effect<Proxy, never, Scope.Scope | Tools.Tools> =>
  Effect.flatMap(Server.freePort, (port) => {
    const all = { ...options, listen: `${host}:${port}`, authorities }
    return run(name, name === "nginx" ? Configuration.nginx(all) : Configuration.caddy(all), { host, port })
  })

export interface Seen {
  readonly method: string
  readonly path: string
  /** As they were sent, names and values in turn. */
  readonly rawHeaders: ReadonlyArray<string>
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** An origin with a certificate of the test. nginx compares the names of a certificate, and no addresses. */
export const origin = (respond: (seen: Seen, response: Http.ServerResponse) => void) =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const key = readFileSync(certificate("server.key"))
    const options = { key, cert: readFileSync(certificate("server.pem")), maxHeaderSize: 2 ** 16 }
    const server = Https.createServer(options, (request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (piece) => (body += piece)).on("end", () => {
        const { headers, method = "", rawHeaders, url: path = "" } = request
        const one = { method, path, rawHeaders, headers, body }
        seen.push(one)
        respond(one, response)
      })
    })
    return { url: `https://localhost:${yield* Server.listen(server)}`, seen }
  })
