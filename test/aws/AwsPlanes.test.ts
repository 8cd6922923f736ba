import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { assert, describe, it } from "@effect/vitest"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import { SecurityTokenService } from "effect-agentcore-identity/SecurityTokenService"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Struct from "effect/Struct"
import * as FastCheck from "fast-check"
import * as Recorder from "../support/recorder.js"
import { valid } from "../support/requests.js"
import { variables } from "../support/utils.js"
import {
  adapters,
  both,
  credentials,
  failure,
  getApiKey,
  interruptedInFlight,
  json,
  noVariables,
  operations,
  type Planes,
  planes as sdkPlanes,
  requestId,
  type Server,
  server,
  sessionUri,
  token
} from "./utils.js"

const getWebIdentityToken = Effect.flatMap(
  SecurityTokenService,
  (sts) => sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
)

describe.each(adapters)("$name", ({ planes }) => {
  it.live("has the request id of AWS on the span of a call, of a success and of a failure", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      const first = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
      const http = yield* server((response, seen) =>
        http.seen.length === 1
          ? json(200, { apiKey: "key" }, { "x-amzn-requestid": first })(response, seen)
          : json(400, { message: "no" }, { "x-amzn-requestid": requestId, "x-amzn-errortype": "ValidationException" })(
            response,
            seen
          )
      )
      yield* Effect.andThen(getApiKey, failure(getApiKey)).pipe(
        Effect.provide(planes(http.url)),
        Effect.provide(recorder.layer)
      )
      const spans = (yield* recorder.spans).filter(({ name }) => name === "DataPlane.getResourceApiKey")
      assert.deepStrictEqual(spans.map(({ attributes }) => attributes.get("aws.request_id")), [first, requestId])
    }))

  describe("requests", () => {
    it.live("sends every operation to its path, signed", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, {}))
        const all = yield* Effect.provide(both, planes(http.url))
        for (const [name, call, body, [method, path] = ["POST", `/identities/${name}`]] of operations) {
          http.respond = json(200, body)
          yield* call(all)
          const seen = http.seen[http.seen.length - 1]!
          assert.deepStrictEqual([seen.method, seen.path], [method, path])
          if (method === "POST") assert.strictEqual(seen.headers["content-type"], "application/json")
          assert.match(
            seen.headers.authorization ?? "",
            /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/bedrock-agentcore\/aws4_request/
          )
          assert.strictEqual(seen.headers["x-amz-security-token"], Redacted.value(credentials.sessionToken!))
        }
        const rows = [...Object.values(DataPlane.operations), ...Object.values(ControlPlane.operations)]
        assert.sameMembers(operations.map(([name]) => name), rows.map(({ name }) => name))
      }))

    const sent = (http: Server) => JSON.parse(http.seen[http.seen.length - 1]!.body)

    it.live("omits absent and undefined members, and sends false and empty lists", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, {}))
        const { data } = yield* Effect.provide(both, planes(http.url))
        const base = {
          workloadIdentityToken: Redacted.make(token),
          resourceCredentialProviderName: "github",
          oauth2Flow: "USER_FEDERATION",
          scopes: []
        } as const
        yield* data.getResourceOauth2Token({ ...base, sessionUri: undefined, resources: undefined })
        assert.deepStrictEqual(sent(http), { ...base, workloadIdentityToken: token })
        yield* data.getResourceOauth2Token({
          ...base,
          forceAuthentication: false,
          sessionUri: Redacted.make(sessionUri),
          customState: Redacted.make("state"),
          customParameters: { access_type: "offline" }
        })
        assert.deepStrictEqual(sent(http), {
          ...base,
          workloadIdentityToken: token,
          forceAuthentication: false,
          sessionUri,
          customState: "state",
          customParameters: { access_type: "offline" }
        })
      }))

    it.live("does not send a request that breaks a limit", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, {}))
        const { data } = yield* Effect.provide(both, planes(http.url))
        const error = yield* failure(data.getWorkloadAccessToken({ workloadName: "a" }))
        assert.strictEqual(error._tag, "ValidationException")
        assert.lengthOf(http.seen, 0)
      }))

    const revealed = (value: unknown): unknown =>
      Redacted.isRedacted(value)
        ? Redacted.value(value)
        : Array.isArray(value)
        ? value.map(revealed)
        : typeof value === "object" && value !== null
        ? Object.fromEntries(
          Object.entries(value).filter(([, property]) => property !== undefined).map((
            [name, property]
          ) => [name, revealed(property)])
        )
        : value

    /** The request arrives unchanged, with its secrets in clear and without its undefined properties. */
    const arrives = <A>(
      schema: { readonly ast: AST.AST },
      body: unknown,
      call: (planes: Planes) => (request: A) => Effect.Effect<unknown, unknown>
    ) =>
      Effect.gen(function*() {
        const http = yield* server(json(200, body))
        const all = yield* Effect.provide(both, planes(http.url))
        // The schema and the method accept the same requests. Their types have no `clientToken`, which the SDK drops.
        const requests = valid(schema as Schema.Codec<unknown, unknown>).map((request) =>
          Struct.omit(request as { readonly clientToken?: string }, ["clientToken"]) as A
        )
        yield* Effect.promise(() =>
          FastCheck.assert(
            FastCheck.asyncProperty(requests, async (request) => {
              await Effect.runPromise(call(all)(request))
              assert.deepStrictEqual(sent(http), revealed(request))
            }),
            { numRuns: 30 }
          )
        )
      })

    const bodyOf = (name: string) => operations.find(([operation]) => operation === name)![2]

    it.live("sends any GetResourceOauth2Token unchanged", () =>
      arrives(DataPlane.operations.getResourceOauth2Token.request, {}, ({ data }) => data.getResourceOauth2Token))

    it.live("sends any CompleteResourceTokenAuth unchanged", () =>
      arrives(
        DataPlane.operations.completeResourceTokenAuth.request,
        {},
        ({ data }) => data.completeResourceTokenAuth
      ))

    it.live("sends any GetResourcePaymentToken unchanged", () =>
      arrives(
        DataPlane.operations.getResourcePaymentToken.request,
        bodyOf("GetResourcePaymentToken"),
        ({ data }) => data.getResourcePaymentToken
      ))

    for (const [method, row] of Object.entries(ControlPlane.operations)) {
      // Those are in the URL, not in the body.
      if (!/^(un)?tag|^listTags/.test(method)) {
        it.live(`any ${row.name} arrives as it is`, () =>
          arrives(
            // The row and the method of one name have the same request.
            row.request,
            bodyOf(row.name),
            ({ control }) =>
              control[method as keyof Operation.Plane<typeof ControlPlane.operations>] as (
                request: unknown
              ) => Effect.Effect<unknown, unknown>
          ))
      }
    }
  })

  describe("responses", () => {
    it.live("reads a token response as a closed union", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, {}))
        const { data } = yield* Effect.provide(both, planes(http.url))
        const ask = (body: unknown) => {
          http.respond = json(200, body)
          return data.getResourceOauth2Token({
            workloadIdentityToken: Redacted.make(token),
            resourceCredentialProviderName: "github",
            scopes: ["repo"],
            oauth2Flow: "USER_FEDERATION"
          })
        }
        const authorizationUrl = `https://example.com/authorize?request_uri=${encodeURIComponent(sessionUri)}`
        assert.deepStrictEqual(
          yield* ask({ accessToken: "access", sessionStatus: "FAILED", unknown: 1 }),
          new DataPlane.Issued({ accessToken: Redacted.make("access") })
        )
        assert.deepStrictEqual(
          yield* ask({ authorizationUrl, sessionUri, sessionStatus: "IN_PROGRESS" }),
          new DataPlane.ConsentRequired({
            authorizationUrl: Redacted.make(authorizationUrl),
            sessionUri: Redacted.make(sessionUri)
          })
        )
        assert.deepStrictEqual(yield* ask({ sessionStatus: "FAILED", authorizationUrl }), new DataPlane.Failed())
        assert.deepStrictEqual(yield* ask({ sessionStatus: "SOMETHING_NEW" }), new DataPlane.InProgress())
        assert.deepStrictEqual(yield* ask({}), new DataPlane.InProgress())
      }))

    it.live("reads timestamps with their fraction, and ignores unknown members", () =>
      Effect.gen(function*() {
        const http = yield* server(json(200, { ...bodyAsRecord("GetWorkloadIdentity"), unknown: { a: 1 } }))
        const { control } = yield* Effect.provide(both, planes(http.url))
        const identity = yield* control.getWorkloadIdentity({ name: "agent" })
        assert.strictEqual(DateTime.toEpochMillis(identity.createdTime), 1750000000500)
        assert.notProperty(identity, "unknown")
      }))

    const bodyAsRecord = (name: string): Record<string, unknown> =>
      Object.fromEntries(Object.entries(operations.find(([operation]) => operation === name)![2] ?? {}))

    it.live("accepts an empty body of CompleteResourceTokenAuth", () =>
      Effect.gen(function*() {
        const http = yield* server((response) => response.writeHead(200).end())
        const { data } = yield* Effect.provide(both, planes(http.url))
        const respond = yield* data.completeResourceTokenAuth({
          userIdentifier: { userId: "alice" },
          sessionUri: Redacted.make(sessionUri)
        })
        assert.isUndefined(respond)
      }))
  })

  describe("interruption", () => {
    it.live("aborts the request in flight, and exits as interrupted", () =>
      Effect.gen(function*() {
        const exit = yield* interruptedInFlight(getApiKey, (url) => planes(url, { maxAttempts: 3 }))
        assert(Exit.isFailure(exit))
        assert.isTrue(Cause.hasInterruptsOnly(exit.cause))
      }))
    it.live("aborts while the response is being read", () =>
      Effect.gen(function*() {
        const exit = yield* interruptedInFlight(getApiKey, planes, (response, begun) => {
          response.writeHead(200, { "content-length": "100" })
          response.write("{\"apiKey\":", begun)
        })
        assert.isTrue(Exit.hasInterrupts(exit))
      }))
  })
})

describe("clients", () => {
  it.live("are destroyed with the layer if they were made", () =>
    Effect.gen(function*() {
      const destroyed: Array<string> = []
      const handler = (name: string) => ({
        handle: () => Promise.reject(new Error("not called")),
        destroy: () => void destroyed.push(name),
        metadata: { handlerProtocol: "http/1.1" },
        updateHttpClientConfig: () => {},
        httpHandlerConfigs: () => ({})
      })
      const layer = sdkPlanes("http://127.0.0.1:1", {
        dataPlane: { requestHandler: handler("data") },
        controlPlane: { requestHandler: handler("control") },
        sts: { requestHandler: handler("sts") }
      })
      yield* Effect.scoped(Layer.build(layer))
      assert.deepStrictEqual(destroyed, [])
      yield* Effect.gen(function*() {
        const all = yield* both
        yield* Effect.exit(operations[0]![1](all))
        yield* Effect.exit(operations[8]![1](all))
        assert.deepStrictEqual(destroyed, [])
      }).pipe(Effect.provide(layer))
      assert.sameMembers(destroyed, ["data", "control"])
      yield* Effect.exit(Effect.provide(getWebIdentityToken, layer))
      assert.sameMembers(destroyed, ["data", "control", "sts"])
    }))

  it.live("a given client is used unchanged, and not destroyed", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const client = new BedrockAgentCoreClient({
        region: "eu-central-1",
        endpoint: http.url,
        credentials: { accessKeyId: "AKIDOTHER", secretAccessKey: "secret" }
      })
      let destroyed = 0
      const destroy = client.destroy.bind(client)
      client.destroy = () => void destroyed++
      const layer = AwsPlanes.layer({ dataPlane: { client } }).pipe(Layer.provide(noVariables))
      yield* Effect.provide(getApiKey, layer)
      assert.strictEqual(destroyed, 0)
      assert.match(http.seen[0]!.headers.authorization ?? "", /AKIDOTHER\/\d{8}\/eu-central-1/)
      http.respond = json(400, { message: "no" }, { "x-amzn-errortype": "ValidationException" })
      assert.strictEqual((yield* Effect.provide(failure(getApiKey), layer))._tag, "ValidationException")
      destroy()
    }))

  it.live("layerConfig reads options from configuration", () =>
    Effect.gen(function*() {
      const http = yield* server(json(200, { apiKey: "key" }))
      const layer = AwsPlanes.layerConfig({
        region: Config.String("AGENT_REGION"),
        endpoint: Config.String("AGENT_ENDPOINT"),
        credentials: Config.all({
          accessKeyId: Config.String("AGENT_KEY"),
          secretAccessKey: Config.Redacted("AGENT_SECRET")
        })
      }).pipe(Layer.provide(variables({
        AGENT_REGION: "ap-southeast-2",
        AGENT_ENDPOINT: http.url,
        AGENT_KEY: "AKIDCONFIG",
        AGENT_SECRET: "secret"
      })))
      yield* Effect.provide(getApiKey, layer)
      assert.match(http.seen[0]!.headers.authorization ?? "", /AKIDCONFIG\/\d{8}\/ap-southeast-2/)
      const error = yield* failure(
        Layer.build(AwsPlanes.layerConfig({ region: Config.String("X") }).pipe(Layer.provide(noVariables)))
      )
      assert.include(String(error), "X")
    }))
})
