import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import type { Request, Response } from "../../../../src/aws/internal/http/httpTransport.js"
import * as NodeCredentials from "../../../../src/aws/internal/http/nodeCredentials.js"

const given = {
  AccessKeyId: "AKID",
  SecretAccessKey: "secret",
  Token: "session",
  Expiration: "2026-01-02T03:04:05Z"
}

const found = { status: 200, headers: {}, body: JSON.stringify(given) }

const search = (
  options: Partial<NodeCredentials.ContainerOptions>,
  respond: (count: number) => Response | undefined = () => found
) => {
  const sent: Array<Request> = []
  const source = NodeCredentials.fromContainer({
    relative: undefined,
    full: undefined,
    readToken: Effect.succeed(undefined),
    transport: (request) =>
      Effect.suspend(() => {
        sent.push(request)
        const response = respond(sent.length)
        return response === undefined
          ? Effect.fail({ error: Redacted.make(new Error("lost")), code: "ECONNREFUSED", response: undefined })
          : Effect.succeed(response)
      }),
    ...options
  })
  return { sent, source }
}

describe("the credentials of a container", () => {
  it.effect("are read from its endpoint, with the current token", () =>
    Effect.gen(function*() {
      let token = 0
      const { sent, source } = search({
        relative: "/v2/credentials?id=1",
        full: "https://ignored.example",
        readToken: Effect.sync(() => `token-${++token}`)
      })
      assert.deepStrictEqual(yield* source, {
        accessKeyId: "AKID",
        secretAccessKey: "secret",
        sessionToken: "session",
        expiration: new Date("2026-01-02T03:04:05Z")
      })
      yield* source
      assert.deepStrictEqual(
        sent.map(({ headers, origin, path }) => [origin + path, headers["authorization"]]),
        [1, 2].map((number) => ["http://169.254.170.2/v2/credentials?id=1", `token-${number}`])
      )
    }))

  it.effect("are read from this machine or by https only, because the token would be readable on the network", () =>
    Effect.gen(function*() {
      for (
        const full of [
          "https://credentials.example/v1",
          "http://127.0.0.1:8080/v1",
          "http://localhost/v1",
          "http://[::1]/v1",
          "http://169.254.170.2/v1",
          "http://169.254.170.23/v1",
          "http://[fd00:ec2::23]/v1"
        ]
      ) {
        yield* search({ full }).source
      }
      for (
        const full of [
          "http://credentials.example/v1",
          "http://169.254.169.254/v1",
          "http://127.0.0.1.example.com/v1",
          "http://10.0.0.1/v1",
          "file:///v1",
          "not a url",
          ""
        ]
      ) {
        const { sent, source } = search({ full })
        const error = yield* Effect.flip(source)
        assert.deepInclude({ ...error }, { kind: "credentials", code: "CredentialsProviderError" })
        assert.lengthOf(sent, 0)
      }
    }))

  it.effect("are requested up to four times, a second apart", () =>
    Effect.gen(function*() {
      const responses = [undefined, { ...found, status: 500 }, { ...found, body: "{" }, found]
      const { sent, source } = search({ relative: "/v1" }, (count) => responses[count - 1])
      const fiber = yield* Effect.forkChild(source)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).accessKeyId, "AKID")
      assert.lengthOf(sent, 4)

      const rejected = search({ relative: "/v1" }, () => ({ ...found, status: 403 }))
      const failing = yield* Effect.forkChild(Effect.flip(rejected.source))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(failing)).kind, "credentials")
      assert.lengthOf(rejected.sent, 4)
    }))

  it.effect("are rejected when they are incomplete", () =>
    Effect.gen(function*() {
      for (const name of Object.keys(given)) {
        for (const value of [undefined, 1, null, ...(name === "Expiration" ? ["soon"] : [])]) {
          const { source } = search({ relative: "/v1" }, () => ({
            ...found,
            body: JSON.stringify({ ...given, [name]: value })
          }))
          const fiber = yield* Effect.forkChild(Effect.flip(source))
          yield* TestClock.adjust("3 seconds")
          assert.strictEqual((yield* Fiber.join(fiber)).kind, "credentials", `${name}: ${value}`)
        }
      }
    }))
})
