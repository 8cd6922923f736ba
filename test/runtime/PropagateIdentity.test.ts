import { Sha256 } from "@aws-crypto/sha256-js"
import {
  BedrockAgentCoreClient,
  GetResourceApiKeyCommand,
  InvokeAgentRuntimeCommand,
  InvokeAgentRuntimeCommandCommand,
  InvokeHarnessCommand
} from "@aws-sdk/client-bedrock-agentcore"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { SignatureV4 } from "@smithy/signature-v4"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import { MissingWorkloadAccessToken } from "effect-agentcore-identity/IdentityError"
import * as PropagateIdentity from "effect-agentcore-identity/runtime/PropagateIdentity"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import { credentials } from "../aws/utils.js"
import * as Recorder from "../support/recorder.js"
import { resource, type Seen } from "../support/resource.js"
import { responses, scripted, secret } from "../support/utils.js"

const header = "x-amz-bedrock-agentcore-identity-wat"
const sentinel = "Zq7-sentinel-Kp3"
const watOf = (user: string) => `${sentinel}-of-${user}`

const as = (user: string) => Effect.provide(WorkloadAccessToken.layer(secret(watOf(user))))

const keys = {
  accessKeyId: credentials.accessKeyId,
  secretAccessKey: Redacted.value(credentials.secretAccessKey)
}

const client = (endpoint: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new BedrockAgentCoreClient({ region: "us-west-2", endpoint, credentials: keys })),
    (client) => Effect.sync(() => client.destroy())
  )

const agentRuntimeArn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/next-abc123"
const invoke = () => new InvokeAgentRuntimeCommand({ agentRuntimeArn, payload: new TextEncoder().encode("{}") })

const signedHeaders = ({ headers }: Seen): ReadonlyArray<string> =>
  /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1]?.split(";") ?? []

/** Computes the signature of a request with this value of the header. */
const signatureWith = (seen: Seen, wat: string) =>
  Effect.promise(async () => {
    const names = new Set(signedHeaders(seen))
    const time = seen.headers["x-amz-date"] as string
    const signed = await new SignatureV4({
      service: "bedrock-agentcore",
      region: "us-west-2",
      credentials: keys,
      sha256: Sha256,
      applyChecksum: false
    }).sign({
      method: seen.method,
      protocol: "http:",
      hostname: "127.0.0.1",
      path: seen.path,
      headers: Object.fromEntries(
        [...names].map((name) => [name, name === header ? wat : String(seen.headers[name])])
      ),
      body: seen.body
    }, {
      signingDate: new Date(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z")),
      signableHeaders: names,
      unsignableHeaders: new Set()
    })
    return signed.headers["authorization"]
  })

describe("command", () => {
  it.live("adds the token of the caller to the three invocations, and the signature covers it", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response) => response.end("{}"))
      const aws = yield* client(url)
      const send = Effect.gen(function*() {
        const commands = [
          yield* PropagateIdentity.command(invoke()),
          yield* PropagateIdentity.command(
            new InvokeAgentRuntimeCommandCommand({ agentRuntimeArn, body: { command: "ls" } })
          ),
          yield* PropagateIdentity.command(
            new InvokeHarnessCommand({ harnessArn: agentRuntimeArn, runtimeSessionId: "session", messages: [] })
          )
        ] as const
        yield* Effect.promise(() => aws.send(commands[0]))
        yield* Effect.promise(() => aws.send(commands[1]))
        yield* Effect.promise(() => aws.send(commands[2]))
      })
      yield* send.pipe(as("alice"))
      yield* send.pipe(as("bob"))
      assert.lengthOf(new Set(seen.map(({ path }) => path)), 3)
      assert.deepStrictEqual(
        seen.map(({ headers }) => headers[header]),
        ["alice", "alice", "alice", "bob", "bob", "bob"].map(watOf)
      )
      for (const one of seen) assert.include(signedHeaders(one), header)
    }))

  it.live("signs the value of the header", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response) => response.end("{}"))
      const aws = yield* client(url)
      const command = yield* PropagateIdentity.command(invoke()).pipe(as("alice"))
      yield* Effect.promise(() => aws.send(command))
      const one = seen[0] ?? assert.fail("nothing was sent")
      assert.strictEqual(yield* signatureWith(one, watOf("alice")), one.headers.authorization)
      assert.notStrictEqual(yield* signatureWith(one, watOf("mallory")), one.headers.authorization)
    }))

  it.live("keeps the token when the SDK retries, and adds it to no other command", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response, index) =>
        index === 0 ? response.writeHead(503).end("{}") : response.end("{}")
      )
      const aws = yield* client(url)
      const command = yield* PropagateIdentity.command(invoke()).pipe(as("alice"))
      yield* Effect.promise(() => aws.send(command))
      yield* Effect.promise(() => aws.send(invoke()))
      yield* Effect.promise(() =>
        aws.send(
          new GetResourceApiKeyCommand({ workloadIdentityToken: "other", resourceCredentialProviderName: "weather" })
        )
      )
      assert.deepStrictEqual(seen.map(({ headers }) => headers[header]), [
        watOf("alice"),
        watOf("alice"),
        undefined,
        undefined
      ])
    }))

  it.live("replaces the token when it propagates twice", () =>
    Effect.gen(function*() {
      const { seen, url } = yield* resource((_, response) => response.end("{}"))
      const aws = yield* client(url)
      const first = yield* PropagateIdentity.command(invoke()).pipe(as("alice"))
      const second = yield* PropagateIdentity.command(first).pipe(as("bob"))
      assert.strictEqual(second, first)
      yield* Effect.promise(() => aws.send(second))
      assert.deepStrictEqual(seen.map(({ text }) => text.split(sentinel).length - 1), [1])
      assert.strictEqual(seen[0]?.headers[header], watOf("bob"))
    }))

  it.effect("does not print the token", () =>
    Effect.gen(function*() {
      const command = yield* PropagateIdentity.command(invoke()).pipe(as("alice"))
      Recorder.assertSecretFree([JSON.stringify(command), inspect(command, { depth: 20, showHidden: true })], [
        sentinel
      ])
    }))

  it.effect("fails when the caller has no token", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(PropagateIdentity.command(invoke()))
      assert.strictEqual(error._tag, "MissingWorkloadAccessToken")
    }).pipe(Effect.provideService(WorkloadAccessToken.WorkloadAccessToken, {
      get: Effect.fail(new MissingWorkloadAccessToken({ message: "none" })),
      invalidate: () => Effect.void
    })))
})

class Gateway extends AccessToken.Tag<Gateway>()("test/Gateway", { provider: "gateway", flow: "M2M" }) {}

describe("httpClient", () => {
  for (const [name, layer] of [["fetch", FetchHttpClient.layer], ["undici", NodeHttpClient.layerUndici]] as const) {
    it.live(`over ${name}: sends the token of the caller to a gateway, and not to the target of a redirect`, () =>
      Effect.gen(function*() {
        const other = yield* resource((_, response) => response.end("ok"))
        const gateway = yield* resource(({ path }, response) =>
          path === "/away" ? response.writeHead(307, { location: other.url }).end() : response.end("ok")
        )
        const api = (yield* HttpClient.HttpClient).pipe(
          PropagateIdentity.httpClient({ origins: [gateway.url] }),
          HttpClientCredentials.withAccessToken(Gateway, { origins: [gateway.url] }),
          HttpClient.followRedirects()
        )
        const response = yield* api.post(`${gateway.url}/mcp`).pipe(as("alice"))
        assert.notProperty(response.request.headers, header)
        yield* api.post(`${gateway.url}/away`).pipe(as("bob"))
        yield* api.post(other.url).pipe(as("bob"))
        assert.deepStrictEqual(gateway.seen.map(({ headers }) => [headers[header], headers.authorization]), [
          [watOf("alice"), "Bearer gateway-token"],
          [watOf("bob"), "Bearer gateway-token"]
        ])
        assert.lengthOf(other.seen, 2)
        Recorder.assertSecretFree(other.seen.map(({ text }) => text), [sentinel, "gateway-token"])
      }).pipe(
        Effect.provide([scripted({ getResourceOauth2Token: () => responses.issued("gateway-token") }), layer])
      ))
  }

  it.effect("sends the token to the gateways of AgentCore by default, and to no look-alike", () =>
    Effect.gen(function*() {
      const sent: Array<string | undefined> = []
      const api = PropagateIdentity.httpClient(HttpClient.make((request) => {
        sent.push(request.headers[header])
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
      }))
      const gateways = [
        "https://tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
        "https://TOOLS-abc123.gateway.bedrock-agentcore.eu-central-1.amazonaws.com:443/mcp?a=b",
        "https://tools-abc123.gateway.bedrock-agentcore.us-gov-west-1.amazonaws.com/mcp"
      ]
      const others = [
        "http://tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
        "https://tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com:8443/mcp",
        "https://tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com.example.com/mcp",
        "https://example.com/tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com",
        "https://a.b.gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
        "https://gateway.bedrock-agentcore.us-west-2.amazonaws.com/mcp",
        "https://tools-abc123.gateway.bedrock-agentcore.us-west-2.evil.amazonaws.com/mcp",
        "https://tools-abc123.gateway.bedrock-agentcore.us-west-2.amazonaws.com@example.com/mcp",
        // Hosts of buckets with the name `x.gateway.bedrock-agentcore`.
        ...[
          "s3",
          "s3-us-west-2",
          "s3.us-west-2",
          "s3-accelerate",
          "s3-external-1",
          "s3-fips-us-gov-west-1",
          "s3-website-us-west-2",
          "s3.dualstack.us-west-2"
        ].map((end) => `https://x.gateway.bedrock-agentcore.${end}.amazonaws.com/mcp`),
        "https://bedrock-agentcore.us-west-2.amazonaws.com/identities/oauth2/token",
        "https://bedrock-agentcore-control.us-west-2.amazonaws.com/identities/CreateWorkloadIdentity"
      ]
      yield* Effect.forEach([...gateways, ...others], (url) => api.get(url)).pipe(as("alice"))
      assert.deepStrictEqual(sent, [...gateways.map(() => watOf("alice")), ...others.map(() => undefined)])
    }))
})
