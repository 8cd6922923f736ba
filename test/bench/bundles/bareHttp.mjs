// What Effect and the signature cost: one request, without what the package is for (settings, retries, time limits,
// typed errors, telemetry).
import { SignatureV4 } from "@smithy/signature-v4"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { bareRequest, checkRequest } from "./bareRequest.mjs"

const { createHash, createHmac } = process.getBuiltinModule("node:crypto")
const http = process.getBuiltinModule("node:http")

class Plane extends Context.Service()("Plane") {}

class Sha256 {
  constructor(secret) {
    this.make = () => secret === undefined ? createHash("sha256") : createHmac("sha256", secret)
    this.reset()
  }
  update(data) {
    this.hash.update(data)
  }
  async digest() {
    return this.hash.digest()
  }
  reset() {
    this.hash = this.make()
  }
}

const path = "/identities/oauth2/token"

const post = (url, headers, body, agent) =>
  Effect.callback((resume) => {
    const { hostname, port } = url
    const request = http.request({ hostname, port, path, method: "POST", headers, agent }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (chunk) => {
        text += chunk
      })
      response.on("end", () => resume(Effect.succeed(JSON.parse(text))))
    })
    request.on("error", (error) => resume(Effect.fail(error)))
    request.end(body)
  })

const layer = Layer.effect(
  Plane,
  Effect.gen(function*() {
    const region = yield* Config.String("AWS_REGION")
    const accessKeyId = yield* Config.String("AWS_ACCESS_KEY_ID")
    const secretAccessKey = yield* Config.String("AWS_SECRET_ACCESS_KEY")
    const url = new URL(yield* Config.String("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"))
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new http.Agent({ keepAlive: true })),
      (agent) => Effect.sync(() => agent.destroy())
    )
    const signer = new SignatureV4({
      service: "bedrock-agentcore",
      region,
      credentials: { accessKeyId, secretAccessKey },
      sha256: Sha256
    })
    return {
      getToken: (request) =>
        Effect.gen(function*() {
          const { workloadIdentityToken, ...rest } = yield* checkRequest(request)
          const body = JSON.stringify({ ...rest, workloadIdentityToken: Redacted.value(workloadIdentityToken) })
          const signed = yield* Effect.promise(() =>
            signer.sign({
              method: "POST",
              protocol: "https:",
              hostname: url.host,
              path,
              query: {},
              headers: { host: url.host, "content-type": "application/json" },
              body
            })
          )
          return (yield* post(url, signed.headers, body, agent)).accessToken
        }).pipe(Effect.withSpan("getToken"))
    }
  })
)

const runtime = ManagedRuntime.make(layer)

export const obtain = () => runtime.runPromise(Effect.flatMap(Plane, ({ getToken }) => getToken(bareRequest)))
