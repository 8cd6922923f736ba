import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import { DataPlane } from "effect-agentcore-identity/DataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import { SecurityTokenService } from "effect-agentcore-identity/SecurityTokenService"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Folder from "../support/folder.js"
import { variables } from "../support/utils.js"
import {
  adapters,
  both,
  credentials,
  failure,
  json,
  operations,
  type Options,
  raw,
  type Server,
  server
} from "./utils.js"

const messageOf = (error: { readonly _tag: string }): string => {
  assert(error instanceof Config.ConfigError)
  assert.instanceOf(error.cause, ConfigProvider.SourceError)
  return String(error)
}

/** The endpoint of a call, and the region that it is signed for. */
const endpointAndRegion = (options: AwsPlanes.HttpOptions, env: Record<string, string> = {}) =>
  Effect.gen(function*() {
    const called: Array<string | undefined> = []
    const client = HttpClient.make((request, url) => {
      called.push(url.href.replace("/identities/GetWorkloadAccessToken", ""))
      called.push(request.headers["authorization"]?.split("/")[2])
      return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ workloadAccessToken: "token" })))
    })
    yield* Effect.flatMap(DataPlane, (plane) => plane.getWorkloadAccessToken({ workloadName: "agent" })).pipe(
      Effect.provide(AwsPlanes.layerHttp({ credentials, ...options })),
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provide(variables(env))
    )
    return called
  })

describe("region", () => {
  const region = (option?: string, variables?: Record<string, string>) =>
    Effect.map(
      endpointAndRegion({ region: option, endpoint: "https://example.com" }, variables),
      ([, region]) => region
    )

  it.effect("is the option, AWS_REGION, or us-west-2", () =>
    Effect.gen(function*() {
      const variables = { AWS_REGION: "eu-north-1", AWS_DEFAULT_REGION: "ap-east-1" }
      assert.strictEqual(yield* region("us-east-1", variables), "us-east-1")
      assert.strictEqual(yield* region(undefined, variables), "eu-north-1")
      assert.strictEqual(yield* region(undefined, { AWS_REGION: "", AWS_DEFAULT_REGION: "ap-east-1" }), "us-west-2")
    }))

  it.effect("rejects an invalid region, and names its source", () =>
    Effect.gen(function*() {
      for (const bad of ["", "US-WEST-2", "us west 2", "evil.example.com/", "-", "a".repeat(64), "us-west-2\n"]) {
        assert.include(messageOf(yield* failure(region(bad))), "Expected an AWS region")
      }
      assert.include(messageOf(yield* failure(region(undefined, { AWS_REGION: "not a region" }))), "AWS_REGION")
    }))
})

describe("endpoint", () => {
  const data = (option?: string, allowInsecureEndpoint = false, env?: Record<string, string>) =>
    Effect.map(endpointAndRegion({ endpoint: option, allowInsecureEndpoint }, env), ([endpoint]) => endpoint)

  const configured = (env: Record<string, string>, option?: string) => data(option, false, env)

  it.effect("is the option, our variable, AWS's variable for the service, or AWS's variable for all services", () =>
    Effect.gen(function*() {
      const all: Record<string, string> = {
        BEDROCK_AGENTCORE_DP_ENDPOINT: "https://ours.example",
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: "https://service.example",
        AWS_ENDPOINT_URL: "https://all.example"
      }
      assert.strictEqual(yield* configured(all, "https://option.example"), "https://option.example")
      assert.strictEqual(yield* configured(all), "https://ours.example")
      all["BEDROCK_AGENTCORE_DP_ENDPOINT"] = ""
      assert.strictEqual(yield* configured(all), "https://service.example")
      delete all["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"]
      assert.strictEqual(yield* configured(all), "https://all.example")
      all["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
      assert.strictEqual(yield* configured(all), "https://bedrock-agentcore.us-west-2.amazonaws.com")
      assert.strictEqual(yield* data(), "https://bedrock-agentcore.us-west-2.amazonaws.com")
    }))

  it.effect("allows http for loopback hosts only, unless the option is set", () =>
    Effect.gen(function*() {
      for (const host of ["127.0.0.1", "127.8.9.1:80", "localhost:4020", "[::1]:4020"]) {
        yield* data(`http://${host}`)
      }
      for (
        const host of ["example.com", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]", "0.0.0.0"]
      ) {
        assert.include(messageOf(yield* failure(data(`http://${host}`))), "https")
        yield* data(`http://${host}`, true)
        yield* data(`https://${host}`)
      }
    }))

  it.effect("drops a trailing slash, and keeps a path", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* data("https://example.com/"), "https://example.com")
      assert.strictEqual(yield* data("http://127.0.0.1:4020/base//"), "http://127.0.0.1:4020/base")
    }))

  it.effect("rejects an invalid endpoint, names its source, and does not repeat it", () =>
    Effect.gen(function*() {
      for (
        const bad of [
          "hunter22",
          "ftp://hunter22",
          "https://me:hunter22@example.com",
          "https://example.com?k=hunter22",
          "https://example.com#hunter22",
          "file:///hunter22"
        ]
      ) {
        for (
          const name of ["BEDROCK_AGENTCORE_DP_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "AWS_ENDPOINT_URL"]
        ) {
          const message = messageOf(yield* failure(configured({ [name]: bad })))
          assert.include(message, name)
          assert.notInclude(message, "hunter22")
        }
        assert.include(messageOf(yield* failure(data(bad, true))), "endpoint")
      }
    }))
})

describe.each(adapters)("$name", ({ layer, name }) => {
  const hasProfile = name !== "AwsPlanes.layerHttp by fetch"

  // The SDK reads the environment, and the files that the environment names.
  const before = { ...process.env }
  const clear = () => {
    for (const name of Object.keys(process.env).filter((name) => /^(AWS|BEDROCK)_(?!SDK_JS_)/.test(name))) {
      delete process.env[name]
    }
  }
  let directory = ""
  beforeEach(() => {
    directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "aws-profile-"))
    clear()
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: Path.join(directory, "config"),
      AWS_SHARED_CREDENTIALS_FILE: Path.join(directory, "credentials")
    })
  })
  afterEach(() => {
    Fs.rmSync(directory, { recursive: true })
    clear()
    Object.assign(process.env, before)
  })

  const profile = (text: string) => Fs.writeFileSync(Path.join(directory, "config"), text)

  /** The region and the endpoint of one call of each plane. */
  const called = (options: Options, env: Record<string, string>) =>
    Effect.gen(function*() {
      const all = yield* both
      const [, getToken] = operations[0]!
      const [, getIdentity] = operations[8]!
      yield* getToken(all)
      yield* getIdentity(all)
    }).pipe(Effect.provide(layer({ maxAttempts: 1, ...options }).pipe(Layer.provide(variables(env)))))

  const responding = server((response, { path }) => {
    const [, , body] = operations.find(([name]) => path.endsWith(name))!
    json(200, body)(response, { method: "", path, headers: {}, body: "" })
  })

  const regionsOf = (http: Server) => http.seen.map(({ headers }) => headers.authorization?.split("/")[2])

  if (hasProfile) {
    it.live("uses region and endpoint_url of the AWS profile", () =>
      Effect.gen(function*() {
        const http = yield* responding
        profile(`[profile agent]\nregion = eu-central-2\nendpoint_url = ${http.url}\n`)
        process.env["AWS_PROFILE"] = "agent"
        yield* called({ credentials }, { AWS_REGION: "" })
        assert.deepStrictEqual(regionsOf(http), ["eu-central-2", "eu-central-2"])
      }))

    it.live("rejects an invalid region of the AWS profile", () =>
      Effect.gen(function*() {
        profile("[default]\nregion = PROFILE-REGION\n")
        messageOf(yield* failure(called({ credentials }, {})))
      }))
  }

  it.live("falls back to us-west-2", () =>
    Effect.gen(function*() {
      const http = yield* responding
      yield* called({ credentials, endpoint: http.url, region: undefined }, {})
      assert.deepStrictEqual(regionsOf(http), ["us-west-2", "us-west-2"])
    }))

  it.live("prefers the plane's region, then the option, then AWS_REGION, then the profile", () =>
    Effect.gen(function*() {
      const http = yield* responding
      profile("[default]\nregion = eu-central-2\n")
      const variables = { AWS_REGION: "eu-south-1" }
      yield* called({ credentials, endpoint: http.url }, variables)
      yield* called({ credentials, endpoint: http.url, region: "eu-west-3" }, variables)
      yield* called(
        { credentials, endpoint: http.url, region: "eu-west-3", controlPlane: { region: "sa-east-1" } },
        variables
      )
      assert.deepStrictEqual(regionsOf(http), [
        "eu-south-1",
        "eu-south-1",
        "eu-west-3",
        "eu-west-3",
        "eu-west-3",
        "sa-east-1"
      ])
    }))

  it.live("reads the endpoint variable of each plane", () =>
    Effect.gen(function*() {
      const one = yield* responding
      const two = yield* responding
      yield* called({ credentials }, {
        BEDROCK_AGENTCORE_DP_ENDPOINT: one.url,
        BEDROCK_AGENTCORE_CP_ENDPOINT: `${two.url}/`
      })
      yield* called({ credentials }, {
        AWS_ENDPOINT_URL_BEDROCK_AGENTCORE: `${one.url}/base/`,
        AWS_ENDPOINT_URL: two.url
      })
      assert.deepStrictEqual(one.seen.map(({ path }) => path), [
        "/identities/GetWorkloadAccessToken",
        "/base/identities/GetWorkloadAccessToken"
      ])
      assert.deepStrictEqual(two.seen.map(({ path }) => path), [
        "/identities/GetWorkloadIdentity",
        "/identities/GetWorkloadIdentity"
      ])
    }))

  describe("of STS", () => {
    const call = (options: Options, env: Record<string, string>) =>
      Effect.flatMap(
        SecurityTokenService,
        (sts) => sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
      ).pipe(Effect.provide(layer({ maxAttempts: 1, credentials, ...options }).pipe(Layer.provide(variables(env)))))

    const issuing = server(raw(
      200,
      "<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>token</WebIdentityToken>"
        + "<Expiration>2026-01-02T03:04:05Z</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
    ))

    it.live("reads the endpoint from the option, its own variable, that of all services, and the profile", () =>
      Effect.gen(function*() {
        const http = yield* issuing
        const profiled = yield* issuing
        profile(`[default]\nendpoint_url = ${profiled.url}\n`)
        const nobody = "http://127.0.0.1:1"
        yield* call({ endpoint: http.url }, { AWS_ENDPOINT_URL_STS: nobody, AWS_ENDPOINT_URL: nobody })
        yield* call({}, { AWS_ENDPOINT_URL_STS: http.url, AWS_ENDPOINT_URL: nobody })
        yield* call({}, { AWS_ENDPOINT_URL: http.url })
        yield* call({ endpoint: nobody, sts: { endpoint: http.url } }, {})
        assert.lengthOf(http.seen, 4)
        assert.lengthOf(profiled.seen, 0)
        if (hasProfile) {
          yield* call({}, {})
          assert.deepStrictEqual(profiled.seen.map(({ path }) => path), ["/"])
        }
      }))

    it.live("reads the region from its own configuration, the option, AWS_REGION, and the profile", () =>
      Effect.gen(function*() {
        const http = yield* issuing
        profile("[default]\nregion = eu-central-2\n")
        const options = { endpoint: http.url }
        yield* call({ ...options, region: "eu-south-1", sts: { region: "sa-east-1" } }, { AWS_REGION: "eu-north-1" })
        yield* call({ ...options, region: "eu-south-1" }, { AWS_REGION: "eu-north-1" })
        yield* call(options, { AWS_REGION: "eu-north-1" })
        yield* call(options, {})
        const last = hasProfile ? "eu-central-2" : "us-west-2"
        assert.deepStrictEqual(regionsOf(http), ["sa-east-1", "eu-south-1", "eu-north-1", last])
      }))
  })

  it.live("reads the SDK's own variables of the environment", () =>
    Effect.gen(function*() {
      const http = yield* responding
      process.env["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] = http.url
      process.env["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"] = http.url
      process.env["AWS_REGION"] = "eu-north-1"
      process.env["AWS_ACCESS_KEY_ID"] = "AKIDENV"
      process.env["AWS_SECRET_ACCESS_KEY"] = "secret"
      const all = yield* Effect.provide(both, layer({ maxAttempts: 1 }))
      yield* operations[0]![1](all)
      yield* operations[8]![1](all)
      assert.deepStrictEqual(regionsOf(http), ["eu-north-1", "eu-north-1"])
      assert.match(http.seen[0]!.headers.authorization ?? "", /AKIDENV/)
    }))

  it.effect("rejects static credentials that are not Redacted, and does not repeat them", () =>
    Effect.gen(function*() {
      const bad: ReadonlyArray<readonly [option: string, credentials: object]> = [
        ["secretAccessKey", { ...credentials, secretAccessKey: "plain-secret-access-key" }],
        ["secretAccessKey", { accessKeyId: "AKIDEXAMPLE" }],
        ["sessionToken", { ...credentials, sessionToken: "plain-session-token" }],
        ["accessKeyId", { ...credentials, accessKeyId: undefined }]
      ]
      for (const [option, given] of bad) {
        // A program in plain JavaScript can pass them.
        const options: Options = { region: "us-west-2", credentials: given as Options["credentials"] }
        for (const built of [layer(options), AwsDataPlane.layer(options), AwsDataPlane.layerHttpNode(options)]) {
          const message = messageOf(yield* failure(Layer.build(built)))
          assert.include(message, `Expected ${option} to be`)
          assert.notInclude(message, "plain-")
        }
      }
    }).pipe(Effect.scoped))

  it.effect("names the second copy of effect that has made a secret", () =>
    Effect.gen(function*() {
      // It has the methods of a `Redacted`, and no value in this copy.
      const foreign: Redacted.Redacted = Object.create(Object.getPrototypeOf(Redacted.make("")))
      const options: Options = { region: "us-west-2", credentials: { ...credentials, secretAccessKey: foreign } }
      for (const built of [layer(options), AwsDataPlane.layer(options), AwsDataPlane.layerHttpNode(options)]) {
        assert.include(messageOf(yield* failure(Layer.build(built))), "two copies of effect (npm ls effect)")
      }
      const plane = Context.get(yield* Layer.build(layer({ region: "us-west-2", credentials })), DataPlane)
      const { message } = yield* Effect.flip(
        plane.getResourceApiKey({ workloadIdentityToken: foreign, resourceCredentialProviderName: "weather" })
      )
      assert.include(message, "'workloadIdentityToken' failed to satisfy constraint: Member must be a Redacted")
      assert.include(message, "two copies of effect (npm ls effect)")
    }).pipe(Effect.scoped))

  it.effect("rejects an invalid number of attempts", () =>
    Effect.gen(function*() {
      for (const bad of ["3", Number.NaN, Infinity, 0, -1, 1.5]) {
        // A program in plain JavaScript can pass them.
        const options: Options = { region: "us-west-2", maxAttempts: bad as number }
        for (const built of [layer(options), AwsDataPlane.layer(options), AwsDataPlane.layerHttpNode(options)]) {
          assert.include(
            messageOf(yield* failure(Layer.build(built))),
            "maxAttempts: Expected a whole number above zero"
          )
        }
      }
    }).pipe(Effect.scoped))

  it.effect("rejects an unknown option, so that no call is sent to another endpoint", () =>
    Effect.gen(function*() {
      // A program in plain JavaScript can pass them.
      const options = { region: "us-west-2", endpont: "http://127.0.0.1:4020" } as Options
      for (const built of [layer(options), AwsDataPlane.layer(options), AwsDataPlane.layerHttpNode(options)]) {
        assert.include(messageOf(yield* failure(Layer.build(built))), "endpont: Expected a known option")
      }
      const own = { region: "us-west-2", dataPlane: options }
      assert.include(messageOf(yield* failure(Layer.build(AwsPlanes.layerHttpNode(own)))), "endpont")
    }).pipe(Effect.scoped))

  it.live("rejects an invalid region or endpoint of any source", () =>
    Effect.gen(function*() {
      const bad: ReadonlyArray<readonly [Options, Record<string, string>]> = [
        [{ region: "bad region" }, {}],
        [{ dataPlane: { region: "bad region" } }, {}],
        [{ controlPlane: { endpoint: "http://example.com" } }, {}],
        [{ endpoint: "http://example.com" }, {}],
        [{}, { AWS_REGION: "bad region" }],
        [{}, { BEDROCK_AGENTCORE_CP_ENDPOINT: "example.com" }],
        [{}, { AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL: "http://example.com" }],
        [{ sts: { region: "bad region" } }, {}],
        [{}, { AWS_ENDPOINT_URL_STS: "http://example.com" }]
      ]
      for (const [options, env] of bad) {
        messageOf(yield* failure(Layer.build(Layer.provide(layer(options), variables(env)))))
      }
      yield* Layer.build(layer({ endpoint: "http://example.com", allowInsecureEndpoint: true }))
    }))

  it.live("fails a call with a TransportError when there are no credentials", () =>
    Effect.gen(function*() {
      const http = yield* responding
      const error = yield* failure(called({ endpoint: http.url }, {}))
      assert(error instanceof TransportError)
      assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
      assert.include(error.message, "AWS_ACCESS_KEY_ID")
      assert.lengthOf(http.seen, 0)
    }))
})

describe("the AWS SDK", () => {
  it.live("reads the region from the profile of one plane", () =>
    Effect.gen(function*() {
      const http = yield* server(raw(400, ""))
      const directory = yield* Folder.temporary
      const config = Path.join(directory, "config")
      Fs.writeFileSync(config, "[default]\nregion = eu-central-2\n[profile sts]\nregion = eu-west-3\n")
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.env["AWS_CONFIG_FILE"] = config
        }),
        () =>
          Effect.sync(() => {
            delete process.env["AWS_CONFIG_FILE"]
          })
      )
      yield* Effect.flatMap(
        SecurityTokenService,
        (sts) => sts.getWebIdentityToken({ audience: ["https://api.example.com"], signingAlgorithm: "ES384" })
      ).pipe(
        Effect.exit,
        Effect.provide(AwsPlanes.layer({ endpoint: http.url, maxAttempts: 1, credentials, sts: { profile: "sts" } })),
        Effect.provide(variables())
      )
      assert.include(http.seen[0]?.headers.authorization, "/eu-west-3/sts/")
    }))
})
