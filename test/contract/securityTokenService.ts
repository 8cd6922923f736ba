import { assert, describe } from "@effect/vitest"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Jose from "jose"
import { LocalBackend } from "../support/localBackend.js"
import { rejects, same, type Subject, tester } from "./utils.js"

const isoOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "")

const audience = "https://api.example.com"

const requestToken = (
  request: Partial<Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>> = {}
) =>
  Effect.flatMap(
    SecurityTokenService.SecurityTokenService,
    (sts) => sts.getWebIdentityToken({ audience: [audience], signingAlgorithm: "ES384", ...request })
  )

/** Verifies a token with the published keys of the issuer, as a resource server does. */
const verified = (
  { webIdentityToken }: Operation.Response<typeof SecurityTokenService.operations.getWebIdentityToken>
) =>
  Effect.gen(function*() {
    const { issuer } = yield* LocalBackend.LocalBackend
    const keys = yield* issuer.keySet
    return yield* Effect.promise(() =>
      Jose.jwtVerify(Redacted.value(webIdentityToken), Jose.createLocalJWKSet(keys), {
        issuer: String(issuer.metadata["issuer"]),
        audience
      })
    )
  })

const tags = (count: number, value = "") =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`.padEnd(128, "k"), value]))

const violation =
  /^\d validation errors? detected: Value (?:null |'[^']*' )?at '([^']*)' failed to satisfy constraint: Member must (.*)$/

const audiences = (count: number) => Array.from({ length: count }, (_, index) => `${audience}/${index}`)

/** Local JWTs instead of AWS-signed ones. */
export const securityTokenService = (subject: Subject): void => {
  const test = tester(subject)

  test("the caller is the local role, in a session with the name of the access key", function*() {
    const sts = yield* SecurityTokenService.SecurityTokenService
    // The access key of the clients is `local`, too.
    same(yield* sts.getCallerIdentity({}), {
      account: "123456789012",
      arn: "arn:aws:sts::123456789012:assumed-role/agentcore-identity-local/local",
      userId: "AROALOCALAGENTCOREIDS:local"
    })
  })

  describe("web identity tokens", () => {
    for (const signingAlgorithm of ["ES384", "RS256"] as const) {
      test(`name the caller, and are verified by the issuer's keys (${signingAlgorithm})`, function*() {
        const now = yield* Clock.currentTimeMillis
        const response = yield* requestToken({ signingAlgorithm, tags: { "job é": "a+b é", empty: "" } })
        const { payload, protectedHeader } = yield* verified(response)
        assert.strictEqual(protectedHeader.alg, signingAlgorithm)
        assert.match(payload.sub ?? "", /^arn:aws:iam::123456789012:role\/./)
        assert.strictEqual(payload.aud, audience)
        assert.strictEqual((payload.exp ?? 0) - (payload.iat ?? 0), 300)
        assert.strictEqual(DateTime.toEpochMillis(response.expiration), (payload.exp ?? 0) * 1000)
        assert.isAtMost(Math.abs((payload.iat ?? 0) * 1000 - now), 10_000)
        assert.deepStrictEqual(payload["https://sts.amazonaws.com/"], {
          aws_account: "123456789012",
          source_region: "us-west-2",
          principal_id: payload.sub,
          original_session_exp: isoOf((payload.iat ?? 0) + 3600),
          request_tags: { "job é": "a+b é", empty: "" }
        })
      })
    }

    test("have several audiences, and the requested duration", function*() {
      const many = [audience, ...audiences(9)]
      for (const durationSeconds of [60, 3600]) {
        const { payload } = yield* verified(yield* requestToken({ audience: many, durationSeconds, tags: {} }))
        assert.deepStrictEqual(payload.aud, many)
        assert.strictEqual((payload.exp ?? 0) - (payload.iat ?? 0), durationSeconds)
        assert.notProperty(payload["https://sts.amazonaws.com/"], "request_tags")
      }
    })

    test("are unique", function*() {
      const tokens = yield* Effect.all(Array.from({ length: 10 }, () => requestToken()), { concurrency: 10 })
      assert.lengthOf(new Set(tokens.map(({ webIdentityToken }) => Redacted.value(webIdentityToken))), 10)
    })

    test("are rejected when they would be too large", function*() {
      yield* rejects(subject, requestToken({ tags: tags(50, "v".repeat(256)) }), {
        tag: "JWTPayloadSizeExceededException",
        operation: "GetWebIdentityToken",
        message: "JWT payload exceeds maximum allowed size"
      })
    })

    test("have the limits of the service model", function*() {
      const requests: ReadonlyArray<
        readonly [
          request: Partial<Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>>,
          field: RegExp,
          expected: string
        ]
      > = [
        [{ audience: [] }, /^audience$/, ""],
        [{ audience: audiences(11) }, /^audience$/, "have length less than or equal to 10"],
        [{ audience: [""] }, /^audience(\.0)?$/, "have length greater than or equal to 1"],
        [{ audience: ["a".repeat(1001)] }, /^audience(\.0)?$/, "have length less than or equal to 1000"],
        [{ durationSeconds: 59 }, /^durationSeconds$/, "have value greater than or equal to 60"],
        [{ durationSeconds: 3601 }, /^durationSeconds$/, "have value less than or equal to 3600"],
        [{ tags: { key: "v".repeat(257) } }, /^tags\.(key|1\.member\.value)$/, "have length less than or equal to 256"],
        [{ tags: { "": "value" } }, /^tags\.(|1\.member\.key)$/, ""],
        [{ tags: tags(51) }, /^tags$/, ""]
      ]
      for (const [request, field, expected] of requests) {
        const error = yield* Effect.flip(requestToken(request))
        assert.strictEqual(error._tag, "ValidationException")
        const [, name, constraint] = violation.exec(error.message) ?? []
        assert.match(name ?? error.message, field)
        assert.include(constraint, expected)
      }
      yield* requestToken({ audience: ["a", "a".repeat(1000)], tags: tags(50) })
    })
  })
}
