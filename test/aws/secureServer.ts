import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import type * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Folder from "../support/folder.js"

export const execute = (file: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) =>
  Effect.promise(() => promisify(execFile)(file, args, { env }))

/** A server with its own certificate, which responds with an API key. `ca` is the file of the certificate. */
export const secureServer = Effect.gen(function*() {
  const folder = yield* Folder.temporary
  const [key, ca] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
  yield* execute("openssl", ["req", "-x509", ...newKey, ...names, "-days", "1", "-out", ca])
  const requests: Array<Http.IncomingMessage> = []
  const server = Https.createServer({ key: readFileSync(key), cert: readFileSync(ca) }, (request, response) => {
    requests.push(request)
    request.resume().on(
      "end",
      () => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ apiKey: "key" }))
    )
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.sync(() => server.close().closeAllConnections())
  )
  // A TCP server's address is never a pipe's name.
  return { ca, requests, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` }
})
