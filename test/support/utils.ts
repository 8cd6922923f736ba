import { assert, vi } from "@effect/vitest"
import { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Identity from "effect-agentcore-identity/Identity"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as States from "./states.js"

/** Replaces secrets with their values, because assertions cannot compare `Redacted` values. */
export const clear = (value: unknown): unknown =>
  Redacted.isRedacted(value)
    ? { redacted: Redacted.value(value) }
    : DateTime.isDateTime(value)
    ? { time: DateTime.toEpochMillis(value) }
    : Array.isArray(value)
    ? value.map(clear)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, property]) => [name, clear(property)]))
    : value

/** Asserts deep equality, secrets included. */
export const same = (actual: unknown, expected: unknown): void => assert.deepStrictEqual(clear(actual), clear(expected))

export const secret = (value: string): Redacted.Redacted => Redacted.make(value)

/** The configuration: these variables, and none of the machine that runs the tests. */
export const variables = (env: Readonly<Record<string, string>> = {}) =>
  ConfigProvider.layer(ConfigProvider.fromEnv({ env }))

/** The package is not installed, until the test ends. */
export const withoutPackage = (module: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      vi.doMock(module, () => {
        throw new Error(`Cannot find package '${module}'`)
      })
    ),
    () => Effect.sync(() => vi.doUnmock(module))
  )

/** The milliseconds that a processor has worked for this process, whatever else the machine does meanwhile. */
export const cpuTime = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

export const sessionUri = "urn:ietf:params:oauth:request_uri:session-1"

export const authorizationUrl = `https://identity.example.com/identities/oauth2/authorize?request_uri=${
  encodeURIComponent(sessionUri)
}`

/** The session of a request for no scopes. */
export const sessionUntil = (expiresAt: number | string | DateTime.Utc) =>
  new ConsentSession({
    provider: "google",
    flow: "USER_FEDERATION",
    scopes: [],
    sessionUri: secret(sessionUri),
    authorizationUrl: secret(authorizationUrl),
    expiresAt: DateTime.makeUnsafe(expiresAt)
  })

/** The responses to a token request. */
export const responses = {
  issued: (token = "access-token"): Effect.Effect<DataPlane.TokenResponse> =>
    Effect.succeed(new DataPlane.Issued({ accessToken: secret(token) })),
  consent: Effect.succeed<DataPlane.TokenResponse>(
    new DataPlane.ConsentRequired({ authorizationUrl: secret(authorizationUrl), sessionUri: secret(sessionUri) })
  ),
  inProgress: Effect.succeed<DataPlane.TokenResponse>(new DataPlane.InProgress()),
  failed: Effect.succeed<DataPlane.TokenResponse>(new DataPlane.Failed())
}

const operation = "GetResourceOauth2Token"

export const failures = {
  throttling: Effect.fail(new IdentityError.ThrottlingException({ operation, message: "Rate exceeded" })),
  internal: Effect.fail(new IdentityError.InternalServerException({ operation, message: "Internal error" })),
  unauthorized: Effect.fail(new IdentityError.UnauthorizedException({ operation, message: "Token expired" })),
  denied: Effect.fail(new IdentityError.AccessDeniedException({ operation, message: "Not allowed" })),
  /** The sentence of IAM. */
  deniedByIam: Effect.fail(
    new IdentityError.AccessDeniedException({
      operation,
      message: "User: arn:aws:sts::123456789012:assumed-role/agent/agent is not authorized to perform: "
        + "bedrock-agentcore:CompleteResourceTokenAuth on resource: arn:aws:bedrock-agentcore:us-west-2:123456789012:"
        + "token-vault/default because no identity-based policy allows the "
        + "bedrock-agentcore:CompleteResourceTokenAuth action"
    })
  ),
  /** The AWS credentials are wrong. */
  unsigned: Effect.fail(
    new IdentityError.UnknownServiceError({
      operation,
      message: "The security token included in the request is invalid.",
      code: "UnrecognizedClientException",
      status: 403
    })
  ),
  lost: Effect.fail(new IdentityError.TransportError({ operation, kind: "connection", code: "ECONNRESET" })),
  timeout: Effect.fail(new IdentityError.TransportError({ operation, kind: "timeout" })),
  badGateway: Effect.fail(new IdentityError.TransportError({ operation, kind: "undecodable", status: 502 })),
  unavailable: Effect.fail(
    new IdentityError.UnknownServiceError({
      operation,
      message: "Unavailable",
      code: "ServiceUnavailable",
      status: 503
    })
  )
}

/** `Identity` over scripted planes, for a caller with a workload access token. */
export const scripted = (script: ScriptedPlanes.Script) =>
  Identity.layer.pipe(
    Layer.provideMerge(States.layer),
    Layer.provideMerge(ScriptedPlanes.layer(script)),
    Layer.merge(WorkloadAccessToken.layer(secret("workload-token")))
  )

/** Lets all fibers run until they wait, then moves the clock. */
export const settleAndAdjust = (duration: Duration.Input): Effect.Effect<void> =>
  Effect.andThen(
    Effect.repeat(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))), { times: 10 }),
    TestClock.adjust(duration)
  )
