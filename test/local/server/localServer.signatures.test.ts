import { Sha256 } from "@aws-crypto/sha256-js"
import { BedrockAgentCoreControlClient, CreateWorkloadIdentityCommand } from "@aws-sdk/client-bedrock-agentcore-control"
import { assert, describe, it } from "@effect/vitest"
import { SignatureV4 } from "@smithy/signature-v4"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import type { LocalServer } from "../../support/localBackend.js"
import * as Recorder from "../../support/recorder.js"
import * as Wire from "../../support/wire.js"
import { fails, server, succeeds, url } from "../../support/wire.js"

const secret = "5f1d9c-0e77ab-93d2c4-81f6b0"
const sessionToken = "8b2e7a-c41f05-6da390-27e8d1"
const keys = {
  plain: { accessKeyId: "AKIDPLAIN", secretAccessKey: Redacted.make(secret) },
  temporary: {
    accessKeyId: "AKIDTEMPORARY",
    secretAccessKey: Redacted.make(secret),
    sessionToken: Redacted.make(sessionToken)
  }
}

const verifying = server({ signatures: "verify", credentials: [keys.plain, keys.temporary] }).pipe(
  Layer.provide(Logger.layer([]))
)

interface Changes {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  readonly date?: Date
  readonly service?: string
  readonly path?: string
  readonly query?: Record<string, string | Array<string>>
  readonly body?: string
  /** Changes the signed request. */
  readonly change?: (request: {
    headers: Record<string, string>
    body: string
    path: string
  }) => void
  readonly checksum?: boolean
}

/** Sends a request that is changed after it was signed. */
const send = (changes: Changes = {}) =>
  Effect.gen(function*() {
    const base = new URL(yield* url)
    const body = changes.body ?? JSON.stringify({ name: "agent" })
    const path = changes.path ?? "/identities/CreateWorkloadIdentity"
    const signed = yield* Effect.promise(() =>
      new SignatureV4({
        service: changes.service ?? "bedrock-agentcore",
        region: "us-west-2",
        sha256: Sha256,
        applyChecksum: changes.checksum ?? true,
        credentials: {
          accessKeyId: changes.accessKeyId ?? "AKIDPLAIN",
          secretAccessKey: changes.secretAccessKey ?? secret,
          ...changes.sessionToken === undefined ? undefined : { sessionToken: changes.sessionToken }
        }
      }).sign({
        method: "POST",
        protocol: "http:",
        hostname: base.hostname,
        path,
        query: changes.query ?? {},
        headers: { host: base.host, "content-type": "application/json" },
        body
      }, { signingDate: changes.date ?? new Date() })
    )
    const request = { headers: { ...signed.headers }, body, path }
    changes.change?.(request)
    return yield* Wire.send(base.origin, {
      path: request.path + (changes.query === undefined ? "" : `?${new URLSearchParams(changes.query as never)}`),
      headers: request.headers,
      body: request.body
    })
  })

const minutes = (count: number) => new Date(Date.now() + count * 60_000)

describe("signatures", () => {
  it.live("are accepted when they are valid, of permanent and temporary keys", () =>
    Effect.gen(function*() {
      succeeds(yield* send(), 201)
      succeeds(yield* send({ body: JSON.stringify({ name: "second" }), checksum: false }), 201)
      succeeds(
        yield* send({ accessKeyId: "AKIDTEMPORARY", sessionToken, body: JSON.stringify({ name: "ünï ★" }) }).pipe(
          Effect.filterOrFail(({ status }) => status === 400),
          Effect.andThen(
            send({ accessKeyId: "AKIDTEMPORARY", sessionToken, body: JSON.stringify({ name: "third" }) })
          )
        ),
        201
      )
      for (const skew of [-4.5, 4.5]) {
        fails(yield* send({ date: minutes(skew) }), 400, "ValidationException")
      }
      fails(yield* send({ query: { b: "2", a: "ü +&=/" } }), 400, "ValidationException")
    }).pipe(Effect.provide(verifying)))

  it.live("are accepted when the AWS SDK makes them", () =>
    Effect.gen(function*() {
      const endpoint = yield* url
      const create = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
        Effect.tryPromise({
          try: async () => {
            const client = new BedrockAgentCoreControlClient({ endpoint, region: "eu-central-1", credentials })
            try {
              return await client.send(new CreateWorkloadIdentityCommand({ name: `of-${credentials.accessKeyId}` }))
            } finally {
              client.destroy()
            }
          },
          catch: (error) => (error as Error).name
        })
      for (
        const credentials of [
          { accessKeyId: "AKIDPLAIN", secretAccessKey: secret },
          { accessKeyId: "AKIDTEMPORARY", secretAccessKey: secret, sessionToken }
        ]
      ) {
        assert.strictEqual((yield* create(credentials)).name, `of-${credentials.accessKeyId}`)
      }
      const wrong = yield* Effect.flip(create({ accessKeyId: "AKIDPLAIN", secretAccessKey: "wrong" }))
      assert.strictEqual(wrong, "InvalidSignatureException")
      const unknown = yield* Effect.flip(create({ accessKeyId: "nobody", secretAccessKey: secret }))
      assert.strictEqual(unknown, "UnrecognizedClientException")
    }).pipe(Effect.provide(verifying)))

  it.live("are rejected when they are invalid, with the error names of AWS", () =>
    Effect.gen(function*() {
      const invalid: ReadonlyArray<readonly [what: string, changes: Changes]> = [
        ["another secret", { secretAccessKey: `${secret}x` }],
        ["another body", { change: (request) => request.body = JSON.stringify({ name: "other" }) }],
        ["another body, no hash", {
          checksum: false,
          change: (request) => request.body = JSON.stringify({ name: "other" })
        }],
        ["another path", { change: (request) => request.path = "/identities/GetWorkloadIdentity" }],
        ["another query", { change: (request) => request.path += "?a=1" }],
        ["another content type", {
          change: ({ headers }) => headers["content-type"] = "application/json; charset=utf-8"
        }],
        ["another host", { change: ({ headers }) => headers["host"] = "localhost" }],
        ["another hash", { change: ({ headers }) => headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD" }],
        ["a hash that is not signed", {
          checksum: false,
          change: ({ body, headers }) =>
            headers["x-amz-content-sha256"] = createHash("sha256").update(body).digest("hex")
        }],
        ["another time", {
          change: ({ headers }) =>
            headers["x-amz-date"] = headers["x-amz-date"]!.replace(
              /\d{4}Z$/,
              (text) => text === "0000Z" ? "0001Z" : "0000Z"
            )
        }],
        ["another region", {
          change: ({ headers }) =>
            headers["authorization"] = headers["authorization"]!.replace("us-west-2", "us-east-1")
        }],
        ["a signature of another length", { change: ({ headers }) => headers["authorization"] += "00" }],
        ["an unsigned host header", {
          change: ({ headers }) => headers["authorization"] = headers["authorization"]!.replace(";host;", ";")
        }],
        ["six minutes old", { date: minutes(-6) }],
        ["six minutes early", { date: minutes(6) }],
        ["another day in the scope", {
          change: ({ headers }) =>
            headers["authorization"] = headers["authorization"]!.replace(/\/\d{8}\//, "/20200101/")
        }]
      ]
      for (const [what, changes] of invalid) {
        const response = yield* send(changes)
        assert.strictEqual(response.headers["x-amzn-errortype"], "InvalidSignatureException", what)
        fails(response, 403, "InvalidSignatureException")
      }
      assert.match(
        String(fails(yield* send({ date: minutes(-6) }), 403, "InvalidSignatureException").message),
        /expired/
      )

      for (
        const changes of [
          { accessKeyId: "nobody" },
          { sessionToken },
          { accessKeyId: "AKIDTEMPORARY" },
          { accessKeyId: "AKIDTEMPORARY", sessionToken: "another" },
          { accessKeyId: "__proto__" }
        ]
      ) {
        fails(yield* send(changes), 403, "UnrecognizedClientException")
      }

      const { message } = fails(yield* send({ service: "s3" }), 403, "InvalidSignatureException")
      assert.strictEqual(message, "Credential should be scoped to correct service: 'bedrock-agentcore'.")
      fails(
        yield* send({ change: ({ headers }) => delete headers["authorization"] }),
        403,
        "MissingAuthenticationTokenException"
      )
      for (
        const change of [
          ({ headers }: { headers: Record<string, string> }) => delete headers["x-amz-date"],
          ({ headers }: { headers: Record<string, string> }) => headers["x-amz-date"] = "20269999T999999Z",
          ({ headers }: { headers: Record<string, string> }) => headers["x-amz-date"] = "yesterday",
          ({ headers }: { headers: Record<string, string> }) =>
            headers["authorization"] = headers["authorization"]!.replace(/, Signature=.*/, ""),
          ({ headers }: { headers: Record<string, string> }) =>
            headers["authorization"] = headers["authorization"]!.replace(/SignedHeaders=[^,]*, /, ""),
          ({ headers }: { headers: Record<string, string> }) =>
            headers["authorization"] = headers["authorization"]!.replace("HMAC", "ECDSA-P256")
        ]
      ) {
        fails(yield* send({ change }), 403, "IncompleteSignatureException")
      }
      // No request had an effect.
      succeeds(yield* send(), 201)
    }).pipe(Effect.provide(verifying)))

  it.live("are not required when they are off", () =>
    Effect.gen(function*() {
      const response = yield* Wire.call("/identities/CreateWorkloadIdentity", { name: "agent" }, { authorization: "" })
      succeeds(response, 201)
      const local = yield* LocalIdentity.LocalServer
      fails(
        yield* Wire.send(local.url, {
          path: "/identities/GetWorkloadIdentity",
          headers: { "content-type": "text/plain" }
        }),
        415,
        "UnsupportedMediaTypeException"
      )
    }).pipe(Effect.provide(server({ signatures: "off" }))))

  it.live("leave no secret in responses, logs and spans", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const responses: Array<string> = []
      yield* Effect.gen(function*() {
        for (
          const changes of [{}, { secretAccessKey: "wrong" }, { accessKeyId: "AKIDTEMPORARY", sessionToken }, {
            sessionToken
          }]
        ) {
          const response = yield* send(changes)
          responses.push(response.text, JSON.stringify(response.headers))
        }
        responses.push(JSON.stringify(yield* LocalIdentity.LocalServer))
      }).pipe(
        Effect.provide(server({ signatures: "verify", credentials: [keys.plain, keys.temporary] })),
        Effect.provide(recorder.layer)
      )
      Recorder.assertSecretFree([...responses, ...yield* recorder.everything], [secret, sessionToken])
    }))
})

describe("options of LocalServer", () => {
  const rejected = (options: LocalServer.Options) =>
    Effect.flip(Effect.scoped(Layer.build(server(options)))).pipe(
      Effect.map((error) => error._tag === "LocalServerError" ? error.reason : error._tag)
    )

  it.live("are rejected when they are invalid or unsafe", () =>
    Effect.gen(function*() {
      for (const host of ["0.0.0.0", "::", "192.0.2.1", "identity.example.com", "127.0.0.1.example.com"]) {
        assert.strictEqual(yield* rejected({ host }), "RemoteHost")
      }
      assert.strictEqual(yield* rejected({ signatures: "verify" }), "MissingCredentials")
      assert.strictEqual(yield* rejected({ signatures: "verify", credentials: [] }), "MissingCredentials")
      for (const empty of ["", undefined]) {
        // `Redacted.make(process.env.SECRET)` without the variable has no value, so everyone could sign.
        const credentials = [keys.plain, { accessKeyId: "AKIDEMPTY", secretAccessKey: Redacted.make(empty as string) }]
        assert.strictEqual(yield* rejected({ signatures: "verify", credentials }), "MissingCredentials")
      }
    }))

  it.live("log a warning when they allow other machines", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* Effect.scoped(Layer.build(server({ host: "0.0.0.0", allowRemote: true }))).pipe(
        Effect.provide(recorder.layer)
      )
      assert.isTrue(
        (yield* recorder.everything).some((line) => line.includes("listens on 0.0.0.0") && line.includes("WARN"))
      )
    }))
})
