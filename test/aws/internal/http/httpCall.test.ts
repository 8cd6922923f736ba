import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { isIdentityError } from "effect-agentcore-identity/IdentityError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as FastCheck from "fast-check"
import { createHash } from "node:crypto"
import * as NodeCrypto from "node:crypto"
import { always } from "../../../../src/aws/internal/credentials.js"
import { makeServiceClock } from "../../../../src/aws/internal/http/httpCall.js"
import * as Adapter from "../../../../src/aws/internal/http/httpPlane.js"
import type { Response } from "../../../../src/aws/internal/http/httpTransport.js"
import { controlPlane, securityTokenService } from "../../../../src/aws/internal/http/planes.js"
import { nodeSha256 } from "../../../../src/internal/signature.js"
import type * as Rows from "../../../support/operation.js"
import { rounds } from "../../../support/rounds.js"
import * as Sts from "../../../support/sts.js"
import { assertNoSecrets, rendered } from "../../utils.js"

// The secrets are digests, so that no piece of them occurs in a word.
const secret = createHash("sha256").update("received").digest("base64url")
const sent = createHash("sha256").update("sent").digest("base64url")

/** The operations of a plane whose service returns one response. */
const makePlane = <const T extends Rows.Table>(plane: Adapter.Plane<T>, response: () => Response) => {
  const runtime: Adapter.Runtime = {
    transport: () => Effect.sync(response),
    sha256: nodeSha256(NodeCrypto),
    profile: Adapter.noProfile,
    region: Effect.succeedNone,
    credentials: Effect.succeed(always({ accessKeyId: "AKID", secretAccessKey: "secret" }))
  }
  return Effect.flatMap(
    Adapter.share({ region: "us-west-2", maxAttempts: 1 }, runtime),
    (shared) => Adapter.operations(plane, {}, shared)
  )
}

const string = FastCheck.oneof(
  FastCheck.string({ maxLength: 6 }),
  FastCheck.constantFrom(secret, secret.slice(0, 12), `"${secret}`, "null", "1750000000")
)

/** The exception's own members may be in an error. */
const key = FastCheck.oneof(
  FastCheck.constantFrom(
    "accessToken",
    "apiKey",
    "authorizationUrl",
    "sessionUri",
    "sessionStatus",
    "workloadAccessToken",
    "paymentTokenResponse",
    "coinbaseCdpTokenResponse",
    "bearerToken",
    "createdTime",
    "name",
    "tags",
    "__proto__",
    "toString",
    secret
  ),
  FastCheck.string({ maxLength: 3 })
)

const { value } = FastCheck.letrec((tie) => ({
  value: FastCheck.oneof(
    { maxDepth: 4 },
    string,
    FastCheck.constantFrom(null, true, false, 0, -1, 1e300, 1750000000.5),
    FastCheck.array(tie("value"), { maxLength: 3 }),
    FastCheck.dictionary(key, tie("value"), { maxKeys: 4 })
  )
}))

const whole = FastCheck.oneof(
  value.map((member) => JSON.stringify(member)),
  value.map((member) => `<html><body>${JSON.stringify(member)}</body></html>`),
  FastCheck.tuple(string, string).map(([token, time]) =>
    `<GetWebIdentityTokenResponse><GetWebIdentityTokenResult><WebIdentityToken>${token}</WebIdentityToken>`
    + `<Expiration>${time}</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`
  ),
  string
)

/** A body, as it is, cut off, or damaged. */
const body = FastCheck.tuple(whole, FastCheck.nat(), FastCheck.constantFrom("keep", "cut", "damage")).map(
  ([string, at, change]) => {
    const index = at % (string.length + 1)
    const start = string.slice(0, index)
    return change === "keep" ? string : change === "cut" ? start : `${start}\u0000{${string.slice(index)}`
  }
)

const response: FastCheck.Arbitrary<Response> = FastCheck.record({
  status: FastCheck.constantFrom(200, 200, 201, 204, 302, 400, 401, 403, 429, 500, 502, 503),
  headers: FastCheck.constantFrom<Response["headers"]>(
    {},
    { "x-amzn-errortype": "ValidationException" },
    { "x-amzn-errortype": "AccessDeniedException:http://internal.amazon.com/" },
    { "x-amzn-errortype": "" },
    { "x-amzn-requestid": "0f8fad5b-d9cb-469f-a165-70867728950e", date: "soon", "retry-after": "never" }
  ),
  body
})

describe("any response", () => {
  it("is decoded or an error of the package, which shows neither the response nor the request", async () => {
    let current: Response = { status: 200, headers: {}, body: "" }
    const respond = () => current
    const data = await Effect.runPromise(Effect.scoped(makePlane(Adapter.dataPlane, respond)))
    const control = await Effect.runPromise(Effect.scoped(makePlane(controlPlane, respond)))
    const sts = await Effect.runPromise(Effect.scoped(makePlane(securityTokenService, respond)))
    const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
      DataPlane.make(data).getResourceOauth2Token({
        workloadIdentityToken: Redacted.make(sent),
        resourceCredentialProviderName: "github",
        scopes: [],
        oauth2Flow: "M2M"
      }),
      DataPlane.make(data).getResourcePaymentToken({
        workloadIdentityToken: Redacted.make(sent),
        resourceCredentialProviderName: "payments",
        paymentTokenRequest: { coinbaseCdpTokenRequest: { requestMethod: "GET", requestPath: "/v1" } }
      }),
      ControlPlane.make(control).getWorkloadIdentity({ name: "agent" }),
      ControlPlane.make(control).deleteWorkloadIdentity({ name: "agent" }),
      Sts.make(sts).getWebIdentityToken({ audience: ["api"], signingAlgorithm: "ES384" })
    ]
    await FastCheck.assert(
      FastCheck.asyncProperty(response, FastCheck.constantFrom(...calls), async (given, call) => {
        current = given
        const exit = await Effect.runPromiseExit(call)
        if (Exit.isSuccess(exit)) return
        const [reason, ...others] = exit.cause.reasons
        assert(reason !== undefined && Cause.isFailReason(reason), Cause.pretty(exit.cause))
        assert.lengthOf(others, 0)
        const { error } = reason
        assert.isTrue(isIdentityError(error))
        assertNoSecrets(rendered(error), [secret, sent])
      }),
      { numRuns: rounds({ few: 300, full: 2000 }) }
    )
  })
})

const date = (time: number) => ({ date: new Date(time).toUTCString() })

const noon = Date.parse("2026-01-02T12:00:00Z")
const hour = 3_600_000

describe("the clock of the service", () => {
  it("follows the responses", () => {
    const clock = makeServiceClock()
    assert.strictEqual(clock.offset(), 0)
    clock.read({ headers: date(noon + hour), sent: noon - 10, received: noon, offset: 0 })
    assert.strictEqual(clock.offset(), hour)
    clock.read({ headers: date(noon), sent: noon - 10, received: noon, offset: hour })
    assert.strictEqual(clock.offset(), 0)
  })

  it("corrects a time that the service rejects, once", () => {
    const clock = makeServiceClock()
    const response = { headers: date(noon + hour), sent: noon, received: noon }
    assert.isTrue(clock.read({ ...response, offset: 0 }))
    assert.isFalse(clock.read({ ...response, offset: hour }), "the request was signed for that time")
    // Another call has corrected the clock during this one.
    assert.isTrue(clock.read({ ...response, offset: 0 }))
    assert.isFalse(makeServiceClock().read({ headers: date(noon + 200_000), sent: noon, received: noon, offset: 0 }))
  })

  it("ignores responses of a cache, late responses and invalid dates", () => {
    const clock = makeServiceClock()
    const response = { headers: date(noon + hour), sent: noon, received: noon, offset: 0 }
    clock.read({ ...response, headers: { ...response.headers, age: "7200" } })
    clock.read({ ...response, sent: noon - 1_000_000 })
    clock.read({ ...response, headers: {} })
    clock.read({ ...response, headers: { date: "soon" } })
    assert.strictEqual(clock.offset(), 0)
  })
})
