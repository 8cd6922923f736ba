/** boto3 as a client of the local server. */
import { assert, describe } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Child from "../support/child.js"
import * as World from "../support/localWorld.js"
import * as Python from "../support/python.js"
import { pythonTest } from "../support/python.js"
import * as Tools from "../support/tools.js"
import * as Wire from "../support/wire.js"

const run = Python.run(new URL("boto3.child.py", import.meta.url))

const environment = Effect.map(LocalIdentity.LocalServer, (server) => server.environment)

const operation = "GetResourceApiKey"

/** The class, the status and the message of an error in boto3. */
const assertError = (value: unknown, name: string, status: number, message?: string) => {
  const { requestId, ...rest } = value as Record<string, unknown>
  assert.match(String(requestId), Wire.uuid)
  assert.deepStrictEqual(
    { ...rest, message: message ?? rest["message"] },
    { class: name, code: name, caught: true, status, message: message ?? rest["message"] }
  )
}

const caller = {
  status: 200,
  UserId: "AROALOCALAGENTCOREIDS:local",
  Account: "123456789012",
  Arn: "arn:aws:sts::123456789012:assumed-role/agentcore-identity-local/local"
}

describe("boto3", () => {
  pythonTest(
    "manages workload identities: timestamps, pages, tags with long ARNs, responses without a body",
    () =>
      Effect.gen(function*() {
        const responses = yield* run("workloadIdentities", yield* environment)
        const name = "w".repeat(255)
        const arn =
          `arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/${name}`
        const { requestId, ...created } = responses["created"] as Record<string, unknown>
        assert.match(String(requestId), Wire.uuid)
        assert.deepStrictEqual(created, {
          status: 201,
          name,
          workloadIdentityArn: arn,
          allowedResourceOauth2ReturnUrls: ["https://agent.example.com/"]
        })
        const read = responses["read"] as Record<string, unknown>
        assert.isTrue(Math.abs(Number(read["createdTime"]) - Date.now() / 1000) < 60)
        assert.strictEqual(responses["updated"], 200)

        assert.strictEqual((responses["tagged"] as Record<string, unknown>)["status"], 204)
        assert.deepStrictEqual(responses["tags"], { team: "Z=r@ch 1", "cost centre": "a/b=c@d", empty: "" })
        assert.strictEqual((responses["untagged"] as Record<string, unknown>)["status"], 204)
        assert.deepStrictEqual(responses["tagsLeft"], { team: "Z=r@ch 1" })

        assert.deepStrictEqual(responses["pages"], [10, 10, 6])
        const many = Array.from({ length: 25 }, (_, number) => `many-${String(number).padStart(2, "0")}`)
        assert.deepStrictEqual(responses["names"], [...many, name])

        assertError(responses["exists"], "ValidationException", 400)
        assert.strictEqual((responses["deleted"] as Record<string, unknown>)["status"], 204)
        assertError(responses["gone"], "ResourceNotFoundException", 404)
        assertError(
          responses["unknown"],
          "AccessDeniedException",
          403,
          "Workload Identity does not belong to caller account"
        )
      }).pipe(Effect.provide(Wire.server()))
  )

  pythonTest(
    "raises the exceptions of the service with its messages, and rejects the token of an expired JWT",
    () =>
      Effect.gen(function*() {
        const responses = yield* run("rejections", yield* environment)
        const linked = "WorkloadIdentity is linked to a service and cannot"
        assertError(responses["linked"], "ValidationException", 400, `${linked} retrieve an access token by the caller`)
        assertError(
          responses["linkedUser"],
          "ValidationException",
          400,
          `${linked} retrieve an access token by the caller`
        )
        assertError(responses["undeletable"], "ValidationException", 400, `${linked} be deleted by the caller`)
        const id = "arn:aws:secretsmanager:us-west-2:123456789012:secret:keys-a1b2c3"
        assertError(responses["denied"], "AccessDeniedException", 403, `Access denied when retrieving secret '${id}'`)
        assertError(responses["expired"], "UnauthorizedException", 401, "Workload access token is invalid or expired")
      }).pipe(
        Effect.provide(Wire.server({
          settings: { serviceLinked: ["runtime-a1"] }
        }))
      )
  )

  pythonTest(
    "obtains an API key and a machine's token, and gets the authorization URL of a user",
    () =>
      Effect.gen(function*() {
        const returnUrl = "app:/consent"
        yield* World.setUp([returnUrl])
        const responses = yield* run("tokens", yield* environment, { returnUrl })
        assert.strictEqual(responses["apiKey"], "key-of-the-weather")
        const claims = World.claimsOf(Redacted.make(String(responses["machine"])))
        assert.strictEqual(claims.sub, "calendar-client")
        assert.strictEqual(claims.scope, "reports:read")
        assert.includeMembers(responses["asked"] as Array<string>, ["authorizationUrl", "sessionUri"])
        assertError(responses["unauthorized"], "UnauthorizedException", 401)
      }).pipe(Effect.provide(World.layer))
  )

  pythonTest(
    "gets the caller's identity, and builds redirect URIs from the URL of a consent portal",
    () =>
      Effect.gen(function*() {
        const responses = yield* run("caller", yield* environment, {
          discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration"
        })
        const { requestId, ...identity } = responses["identity"] as Record<string, unknown>
        assert.match(String(requestId), Wire.uuid)
        assert.deepStrictEqual(identity, caller)
        assert.isTrue(responses["portalArn"])
        const portalUrl = "https://gateway-0123456789.consent-portal.bedrock-agentcore.us-west-2.amazonaws.com"
        assert.deepStrictEqual(responses["portal"], [
          "ACTIVE",
          `${portalUrl}/callback`,
          `${portalUrl}/connect/callback`
        ])
      }).pipe(Effect.provide(Wire.server({ consentPortalDelay: 0 })))
  )

  pythonTest("has a class for every error", () =>
    Effect.gen(function*() {
      const message = "what AWS says"
      const errors: ReadonlyArray<readonly [DataPlane.DataPlaneError, status: number]> = [
        [new IdentityError.ValidationException({ operation, message }), 400],
        [new IdentityError.UnauthorizedException({ operation, message }), 401],
        [new IdentityError.AccessDeniedException({ operation, message }), 403],
        [new IdentityError.ResourceNotFoundException({ operation, message }), 404],
        [new IdentityError.ThrottlingException({ operation, message }), 429],
        [new IdentityError.InternalServerException({ operation, message }), 500]
      ]
      const byName = new Map<string, DataPlane.DataPlaneError>(errors.map(([error]) => [error._tag, error]))
      const planes = Layer.merge(
        Layer.mock(DataPlane.DataPlane, {
          getResourceApiKey: ({ resourceCredentialProviderName }) =>
            byName.get(resourceCredentialProviderName) ?? Effect.die(new Error("not asked for"))
        }),
        Layer.mock(ControlPlane.ControlPlane, {})
      )
      yield* Effect.gen(function*() {
        const url = yield* Wire.base
        const responses = yield* run("errors", {
          AWS_ENDPOINT_URL: url,
          AWS_DEFAULT_REGION: "us-west-2",
          AWS_ACCESS_KEY_ID: "local",
          AWS_SECRET_ACCESS_KEY: "local",
          AWS_MAX_ATTEMPTS: "1"
        }, { errors: [...byName.keys()] })
        for (const [error, status] of errors) {
          assertError(responses[error._tag], error._tag, status, message)
        }
      }).pipe(Effect.provide(Wire.over(planes)))
    }))

  pythonTest(
    "signs requests that the server verifies, and is rejected when the key is another one",
    () =>
      Effect.gen(function*() {
        const keyId = "AKIAIOSFODNN7EXAMPLE"
        const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        const temporary = { accessKeyId: "ASIAIOSFODNN7EXAMPLE", sessionToken: Redacted.make("token/of+session==") }
        yield* Effect.gen(function*() {
          const server = yield* environment
          const own = yield* run("signed", { ...server, AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret }, {
            keyId
          })
          assert.strictEqual(own["signed"], 201)
          assert.deepStrictEqual(own["signedTags"], { a: "b" })
          assert.strictEqual(own["signedUntag"], 204)
          const forged = own["forged"] as Record<string, unknown>
          assert.deepInclude(forged, { code: "InvalidSignatureException", status: 403 })
          const session = yield* run("errors", {
            ...server,
            AWS_ACCESS_KEY_ID: temporary.accessKeyId,
            AWS_SECRET_ACCESS_KEY: secret,
            AWS_SESSION_TOKEN: Redacted.value(temporary.sessionToken)
          }, { errors: ["none"] })
          // The request reached the operation.
          assertError(session["none"], "UnauthorizedException", 401)
        }).pipe(Effect.provide(Wire.server({
          signatures: "verify",
          credentials: [
            { accessKeyId: keyId, secretAccessKey: Redacted.make(secret) },
            { ...temporary, secretAccessKey: Redacted.make(secret) }
          ]
        })))
      })
  )
})

describe("the AWS CLI", () => {
  Tools.testWith("the AWS CLI")("prints the caller's identity", () =>
    Effect.gen(function*() {
      const cli = yield* Tools.pathOf("the AWS CLI")
      const { status: _, ...expected } = caller
      const { environment } = yield* LocalIdentity.LocalServer
      const args = ["sts", "get-caller-identity", "--output", "json"]
      const child = yield* Child.start(args, { HOME: "/nonexistent", ...environment }, cli)
      assert.strictEqual(yield* child.ended, 0, child.output())
      assert.deepStrictEqual(JSON.parse(child.output()), expected)
    }).pipe(Effect.provide(Wire.server())))
})
