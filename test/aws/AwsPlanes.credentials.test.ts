/** The credentials that `layerHttpNode` finds at the services that issue them. */
import { assert, describe, it } from "@effect/vitest"
import * as AwsDataPlane from "effect-agentcore-identity/aws/AwsDataPlane"
import { TransportError } from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as FaultyServer from "../support/faultyServer.js"
import * as Folder from "../support/folder.js"
import {
  assertNoSecrets,
  environment,
  failure,
  getApiKey,
  json,
  raw,
  rendered,
  type Respond,
  type Seen,
  server
} from "./utils.js"

const service = server(json(200, { apiKey: "key" }))

/** The access key and the session token of calls. */
const keysOf = (seen: ReadonlyArray<Seen>) =>
  seen.map(({ headers }) => [
    /Credential=(\w+)\//.exec(headers.authorization ?? "")?.[1],
    headers["x-amz-security-token"]
  ])

const fileWith = (content: string) =>
  Effect.map(Folder.temporary, (folder) => {
    const file = Path.join(folder, "token")
    Fs.writeFileSync(file, content)
    return file
  })

const AWS_ROLE_ARN = "arn:aws:iam::123456789012:role/agent"

const soon = () => new Date(Date.now() + 3_600_000).toISOString()

const temporary = (name: string): Respond => (response, seen) =>
  json(200, {
    Code: "Success",
    AccessKeyId: `AKID${name}`,
    SecretAccessKey: "secret",
    Token: `session-${name}`,
    Expiration: soon()
  })(response, seen)

const twice = (endpoint: string) =>
  Effect.repeat(getApiKey, { times: 1 }).pipe(Effect.provide(AwsDataPlane.layerHttpNode({ endpoint })))

const errorOf = (endpoint: string) =>
  Effect.map(failure(Effect.provide(getApiKey, AwsDataPlane.layerHttpNode({ endpoint, maxAttempts: 1 }))), (error) => {
    assert(error instanceof TransportError, error._tag)
    return error
  })

describe("credentials of layerHttpNode", () => {
  it.live("are found in the environment, as in Lambda", () =>
    Effect.gen(function*() {
      yield* environment({
        AWS_ACCESS_KEY_ID: "AKIDENV",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_SESSION_TOKEN: "session"
      })
      const http = yield* service
      yield* twice(http.url)
      assert.deepStrictEqual(keysOf(http.seen), [["AKIDENV", "session"], ["AKIDENV", "session"]])
    }))

  it.live("are found at the endpoint of a container, as in ECS and EKS Pod Identity", () =>
    Effect.gen(function*() {
      const file = yield* fileWith("container-token")
      const endpoint = yield* server(temporary("CONTAINER"))
      yield* environment({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint.url}/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file
      })
      const http = yield* service
      yield* twice(http.url)
      assert.deepStrictEqual(keysOf(http.seen), [
        ["AKIDCONTAINER", "session-CONTAINER"],
        ["AKIDCONTAINER", "session-CONTAINER"]
      ])
      assert.deepStrictEqual(endpoint.seen.map(({ headers, path }) => [path, headers.authorization]), [
        ["/credentials", "container-token"]
      ])
    }))

  it.live("are found for a web identity token, as in EKS, which is read again", () =>
    Effect.gen(function*() {
      const file = yield* fileWith("web-identity-token-1\n")
      let seconds = 5
      const sts = yield* server((response, seen) => {
        const expiration = new Date(Date.now() + seconds * 1000).toISOString()
        return raw(
          200,
          "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            + "<AccessKeyId>AKIDWEB</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>"
            + `<Expiration>${expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>`
            + "</AssumeRoleWithWebIdentityResponse>"
        )(response, seen)
      })
      yield* environment({
        AWS_WEB_IDENTITY_TOKEN_FILE: file,
        AWS_ROLE_ARN,
        AWS_ROLE_SESSION_NAME: "agent",
        AWS_ENDPOINT_URL_STS: sts.url
      })
      const http = yield* service
      yield* Effect.gen(function*() {
        yield* getApiKey
        Fs.writeFileSync(file, "web-identity-token-2")
        seconds = 3600
        // The first credentials expire too soon to be used.
        yield* getApiKey
        yield* getApiKey
      }).pipe(Effect.provide(AwsDataPlane.layerHttpNode({ endpoint: http.url })))
      assert.deepStrictEqual(keysOf(http.seen)[0], ["AKIDWEB", "session"])
      assert.deepStrictEqual(
        sts.seen.map(({ body, headers }) => [Object.fromEntries(new URLSearchParams(body)), headers.authorization]),
        [1, 2].map((number) => [{
          Action: "AssumeRoleWithWebIdentity",
          Version: "2011-06-15",
          RoleArn: "arn:aws:iam::123456789012:role/agent",
          RoleSessionName: "agent",
          WebIdentityToken: `web-identity-token-${number}`
        }, undefined])
      )
    }))

  it.live("are found at the instance, as in EC2 and AgentCore Runtime", () =>
    Effect.gen(function*() {
      const metadata = yield* server((response, seen) =>
        seen.method === "PUT"
          ? raw(200, "metadata-token")(response, seen)
          : seen.path.endsWith("/agent-role")
          ? temporary("INSTANCE")(response, seen)
          : raw(200, "agent-role")(response, seen)
      )
      yield* environment({ AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url })
      const http = yield* service
      yield* twice(http.url)
      assert.deepStrictEqual(keysOf(http.seen), [
        ["AKIDINSTANCE", "session-INSTANCE"],
        ["AKIDINSTANCE", "session-INSTANCE"]
      ])
      // Version 2 of the metadata service.
      assert.deepStrictEqual(metadata.seen.map(({ method }) => method), ["PUT", "GET", "GET"])
      assert.strictEqual(metadata.seen[2]?.headers["x-aws-ec2-metadata-token"], "metadata-token")
    }))

  it.live("are found in a profile by the chain of the AWS SDK, before those of the environment", () =>
    Effect.gen(function*() {
      const file = yield* fileWith("[agent]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n")
      yield* environment({
        AWS_SHARED_CREDENTIALS_FILE: file,
        AWS_PROFILE: "agent",
        AWS_WEB_IDENTITY_TOKEN_FILE: "/nonexistent/token",
        AWS_ROLE_ARN
      })
      const http = yield* service
      yield* twice(http.url)
      assert.deepStrictEqual(keysOf(http.seen), [["AKIDPROFILE", undefined], ["AKIDPROFILE", undefined]])
    }))
})

describe("missing credentials of layerHttpNode", () => {
  it.live("are an error with advice", () =>
    Effect.gen(function*() {
      yield* environment({ AWS_EC2_METADATA_DISABLED: "true" })
      const http = yield* service
      const error = yield* errorOf(http.url)
      assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
      assert.notProperty(error, "host")
      assert.include(error.message, "AWS_ACCESS_KEY_ID")
      assert.lengthOf(http.seen, 0)
    }))

  it.live("are an error with the profile when it does not exist", () =>
    Effect.gen(function*() {
      yield* environment({ AWS_PROFILE: "missing", AWS_EC2_METADATA_DISABLED: "true" })
      const error = yield* Effect.flatMap(service, ({ url }) => errorOf(url))
      assert.include(error.message, "no usable AWS credentials were found for profile 'missing'")
    }))

  it.live("are an error with the exception's name, and without the token, when STS rejects the token", () =>
    Effect.gen(function*() {
      const token = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"
      const file = yield* fileWith(token)
      const responses = [
        [
          raw(
            400,
            `<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>${token}</Message></Error></ErrorResponse>`
          ),
          "InvalidIdentityToken"
        ],
        [raw(502, `<html>${token}`), "CredentialsProviderError"],
        [raw(200, `<html>${token}`), "CredentialsProviderError"],
        [raw(200, "<AssumeRoleWithWebIdentityResponse/>"), "CredentialsProviderError"]
      ] as const
      for (const [respond, code] of responses) {
        yield* Effect.scoped(Effect.gen(function*() {
          const sts = yield* server(respond)
          yield* environment({
            AWS_WEB_IDENTITY_TOKEN_FILE: file,
            AWS_ROLE_ARN,
            AWS_ENDPOINT_URL_STS: sts.url
          })
          const error = yield* errorOf("http://127.0.0.1:1")
          assert.deepInclude({ ...error }, { kind: "credentials", code })
          assertNoSecrets(rendered(error), [token])
        }))
      }
      yield* environment({
        AWS_WEB_IDENTITY_TOKEN_FILE: `${file}-missing`,
        AWS_ROLE_ARN
      })
      assert.deepInclude({ ...yield* errorOf("http://127.0.0.1:1") }, { kind: "credentials" })
    }))

  it.live("are an error when the response of STS is too large, and its connection is closed", () =>
    Effect.gen(function*() {
      const file = yield* fileWith("token")
      const sts = yield* FaultyServer.start(() => "larger than it says")
      yield* environment({
        AWS_WEB_IDENTITY_TOKEN_FILE: file,
        AWS_ROLE_ARN,
        AWS_ENDPOINT_URL_STS: sts.url
      })
      assert.deepInclude({ ...yield* errorOf("http://127.0.0.1:1") }, { kind: "credentials" })
      yield* sts.idle
      assert.lengthOf(sts.paths, 1)
    }).pipe(Effect.timeout("10 seconds")))
})
