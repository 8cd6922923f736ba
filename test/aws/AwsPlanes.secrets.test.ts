import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { createHash } from "node:crypto"
import { inspect } from "node:util"
import {
  adapters,
  assertNoSecrets,
  both,
  credentials,
  failure,
  json,
  type Planes,
  raw,
  rendered,
  type Respond,
  server
} from "./utils.js"

// The secrets are digests, so that no piece of them occurs in a word.
const secret = (name: string) => createHash("sha256").update(name).digest("base64url")
const secrets = {
  token: secret("token"),
  session: secret("session"),
  state: secret("state"),
  jwt: `${secret("header")}.${secret("payload")}.${secret("signature")}`,
  body: JSON.stringify({ "account number": secret("body") }),
  clientSecret: secret("client"),
  apiKey: secret("key"),
  received: secret("received"),
  secretAccessKey: Redacted.value(credentials.secretAccessKey),
  sessionToken: Redacted.value(credentials.sessionToken!)
}
const r = (name: keyof typeof secrets) => Redacted.make(secrets[name])
const session = Redacted.make(`urn:ietf:params:oauth:request_uri:${secrets.session}`)

const calls: ReadonlyArray<(planes: Planes) => Effect.Effect<unknown, unknown>> = [
  ({ data }) => data.getWorkloadAccessTokenForJwt({ workloadName: "agent", userToken: r("jwt") }),
  ({ data }) =>
    data.getResourceOauth2Token({
      workloadIdentityToken: r("token"),
      resourceCredentialProviderName: "github",
      scopes: ["repo"],
      oauth2Flow: "USER_FEDERATION",
      sessionUri: session,
      customState: r("state")
    }),
  ({ data }) =>
    data.getResourcePaymentToken({
      workloadIdentityToken: r("token"),
      resourceCredentialProviderName: "payments",
      paymentTokenRequest: {
        stripePrivyTokenRequest: { requestPath: "/pay", requestBody: r("body"), includeAuthorizationSignature: true }
      }
    }),
  ({ data }) => data.completeResourceTokenAuth({ userIdentifier: { userToken: r("jwt") }, sessionUri: session }),
  ({ control }) =>
    control.createOauth2CredentialProvider({
      name: "github",
      credentialProviderVendor: "GithubOauth2",
      oauth2ProviderConfigInput: {
        githubOauth2ProviderConfig: { clientId: "client", clientSecret: r("clientSecret") }
      }
    }),
  ({ control }) => control.createApiKeyCredentialProvider({ name: "weather", apiKey: r("apiKey") })
]

/** Responses that quote everything that the server knows. */
const echoing = (status: number, name: string): Respond => (response, seen) => {
  const quoted = Object.values(secrets).filter((one) => seen.body.includes(one))
  const everything = `Value '${seen.body}' of ${encodeURIComponent(seen.body)}, `
    + `'POST\nx-amz-security-token:${String(seen.headers["x-amz-security-token"])}\n' at `
    + quoted.map((one) => `${one.slice(3, 30)}...`).join(" ")
  json(status, {
    message: everything,
    reason: seen.body,
    fieldList: [{ name: seen.body, message: everything }]
  }, { "x-amzn-errortype": name, "x-amzn-requestid": quoted.join("-") })(response, seen)
}

/** Bodies that end in the middle of a secret. */
const broken: ReadonlyArray<Respond> = [
  raw(200, `{"accessToken":"${secrets.received}`),
  raw(200, `{"accessToken":"ok","x":${secrets.received}}`),
  raw(200, `${secrets.received}`),
  raw(200, JSON.stringify([secrets.received])),
  raw(
    200,
    JSON.stringify({
      accessToken: { [secrets.received]: secrets.received },
      workloadAccessToken: [secrets.received],
      paymentTokenResponse: { [secrets.received]: secrets.received },
      credentialProviderArn: secrets.received
    }),
    { "x-amzn-requestid": secrets.received }
  ),
  raw(502, `<html>${secrets.received}</html>`, { "x-amzn-requestid": secrets.received }),
  raw(400, `{"message":"${secrets.received}`, { "x-amzn-errortype": "ValidationException" }),
  (response) => {
    response.writeHead(200, { "content-length": "10000" })
    response.write(`{"accessToken":"${secrets.received}`, () => response.socket?.destroy())
  },
  (response) => response.socket?.end(`HTTP/9.9 ${secrets.received}\r\n\r\n`)
]

/** A tracer and a logger that record everything. */
const recorded = () => {
  const out: Array<string> = []
  const keep = (value: unknown) => out.push(inspect(value, { depth: 10, showHidden: true }))
  const tracer = Tracer.make({
    span: ({ annotations, kind, links, name, parent, startTime }) => ({
      _tag: "Span",
      name,
      spanId: "span",
      traceId: "trace",
      parent,
      annotations,
      status: { _tag: "Started", startTime },
      attributes: new Map(),
      links,
      sampled: true,
      kind,
      end: (_, exit) => {
        keep(exit)
        if (Exit.isFailure(exit)) {
          out.push(Cause.pretty(exit.cause))
        }
      },
      attribute: (key, value) => keep([key, value]),
      event: (event, _, attributes) => keep([event, attributes]),
      addLinks: () => {}
    })
  })
  const logger = Logger.make(({ cause, fiber, message }) => {
    keep([message, fiber.getRef(References.CurrentLogAnnotations), cause])
    out.push(Cause.pretty(cause))
  })
  const layer = Layer.mergeAll(
    Layer.succeed(Tracer.Tracer, tracer),
    Logger.layer([logger]),
    Layer.succeed(References.MinimumLogLevel, "All")
  )
  return { out, layer }
}

describe.each(adapters)("secrets over $name", ({ planes }) => {
  const searched = (responses: ReadonlyArray<Respond>) =>
    Effect.gen(function*() {
      const http = yield* server(json(200, {}))
      const all = yield* Effect.provide(both, planes(http.url))
      const { layer, out } = recorded()
      let failed = 0
      for (const respond of responses) {
        http.respond = respond
        for (const call of calls) {
          const exit = yield* call(all).pipe(
            Effect.tapCause((cause) => Effect.logError("it failed", cause)),
            Effect.exit,
            Effect.provide(layer)
          )
          const error = Option.getOrUndefined(Exit.getCause(exit).pipe(Option.flatMap(Cause.findErrorOption)))
          failed += error === undefined ? 0 : 1
          assertNoSecrets(error === undefined ? "" : rendered(error), Object.values(secrets))
          if (Exit.isFailure(exit)) {
            out.push(
              Cause.pretty(exit.cause),
              inspect(exit, { depth: 10, showHidden: true })
            )
          }
        }
      }
      assert.isAbove(out.length, failed)
      assertNoSecrets(out.join("\n"), Object.values(secrets))
      return failed
    })

  it.live("redacts the secrets of the request in a message that quotes it", () =>
    Effect.gen(function*() {
      const names = [
        "ValidationException",
        "AccessDeniedException",
        "InternalServerException",
        "InvalidSignatureException"
      ]
      const failed = yield* searched(names.map((name) => echoing(400, name)))
      assert.strictEqual(failed, names.length * calls.length)
    }))

  it.live("shows nothing of an invalid body", () =>
    Effect.gen(function*() {
      // Two operations ignore the members that are wrong in the first responses.
      assert.isAbove(yield* searched(broken), broken.length * (calls.length - 2))
    }))

  it.live("sends the sentinels unredacted, so the other tests are real", () =>
    Effect.gen(function*() {
      const http = yield* server(json(400, {}, { "x-amzn-errortype": "ValidationException" }))
      const all = yield* Effect.provide(both, planes(http.url))
      for (const call of calls) {
        yield* failure(call(all))
      }
      const sent = http.seen.map(({ body }) => body).join("\n")
      for (const name of ["token", "session", "state", "jwt", "clientSecret", "apiKey"] as const) {
        assert.include(sent, secrets[name])
      }
    }))
})
