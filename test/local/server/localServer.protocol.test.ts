/** The server as the AWS SDK sees it: errors, retries, decoded responses and pages. */
import * as Data from "@aws-sdk/client-bedrock-agentcore"
import * as Control from "@aws-sdk/client-bedrock-agentcore-control"
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { backend } from "../../support/localBackend.js"
import * as Wire from "../../support/wire.js"

const settings = (endpoint: string, maxAttempts: number) => ({
  endpoint,
  region: "us-west-2",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
  maxAttempts
})

interface Clients {
  readonly control: Control.BedrockAgentCoreControl
  readonly data: Data.BedrockAgentCore
}

const clients = (endpoint: string, maxAttempts = 1): Effect.Effect<Clients, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => ({
      control: new Control.BedrockAgentCoreControl(settings(endpoint, maxAttempts)),
      data: new Data.BedrockAgentCore(settings(endpoint, maxAttempts))
    })),
    ({ control, data }) =>
      Effect.sync(() => {
        control.destroy()
        data.destroy()
      })
  )

const response = <A>(call: () => Promise<A>): Effect.Effect<A> => Effect.promise(call)

/** The error that a call throws. */
const thrown = (call: () => Promise<unknown>): Effect.Effect<unknown> =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error })).pipe(Effect.orDie)

const message = "what AWS says"
const operation = "any"

/** The errors of both clients, and their statuses in the service model. */
const errors = [
  [new IdentityError.ValidationException({ operation, message }), 400],
  [new IdentityError.UnauthorizedException({ operation, message }), 401],
  [new IdentityError.AccessDeniedException({ operation, message }), 403],
  [new IdentityError.ResourceNotFoundException({ operation, message }), 404],
  [new IdentityError.ThrottlingException({ operation, message }), 429],
  [new IdentityError.InternalServerException({ operation, message }), 500]
] as const

const controlErrors = [
  [new IdentityError.ConflictException({ operation, message }), 409],
  [new IdentityError.ServiceQuotaExceededException({ operation, message }), 402],
  [new IdentityError.ResourceLimitExceededException({ operation, message }), 400],
  [new IdentityError.EncryptionFailure({ operation, message }), 400],
  [new IdentityError.DecryptionFailure({ operation, message }), 400]
] as const

/** The error for which a call was made. */
const named = <Entry extends readonly [error: { readonly _tag: string }, status: number]>(
  all: ReadonlyArray<Entry>,
  name: string
): Effect.Effect<never, Entry[0]> => {
  const found = all.find(([error]) => error._tag === name)
  return found === undefined ? Effect.die(new Error(`no error ${name}`)) : Effect.fail(found[0])
}

const failing = Layer.merge(
  Layer.mock(DataPlane.DataPlane, {
    getResourceApiKey: ({ resourceCredentialProviderName }) => named(errors, resourceCredentialProviderName)
  }),
  Layer.mock(ControlPlane.ControlPlane, {
    createApiKeyCredentialProvider: ({ name }) => named([...errors, ...controlErrors], name),
    setTokenVaultCmk: () => Effect.fail(new IdentityError.ConcurrentModificationException({ operation, message }))
  })
)

describe("errors of the AWS SDK", () => {
  const check = (error: unknown, module: object, base: unknown, name: string, status: number) => {
    const Class = Object.entries(module).find(([key]) => key === name)?.[1]
    assert.isFunction(Class, name)
    assert(error instanceof Class, `${name}: ${error}`)
    assert(typeof base === "function" && error instanceof base)
    assert(
      error instanceof Control.BedrockAgentCoreControlServiceException
        || error instanceof Data.BedrockAgentCoreServiceException
    )
    assert.strictEqual(error.name, name)
    assert.strictEqual(error.message, message)
    assert.strictEqual(error.$metadata.httpStatusCode, status)
    assert.match(String(error.$metadata.requestId), Wire.uuid)
    assert.strictEqual(error.$fault, status >= 500 ? "server" : "client")
  }

  it.live("are instances of their classes, in both packages", () =>
    Effect.gen(function*() {
      const { control, data } = yield* clients(yield* Wire.base)
      for (const [{ _tag: name }, status] of errors) {
        const error = yield* thrown(() =>
          data.getResourceApiKey({ workloadIdentityToken: "any", resourceCredentialProviderName: name })
        )
        check(error, Data, Data.BedrockAgentCoreServiceException, name, status)
      }
      for (const [{ _tag: name }, status] of [...errors, ...controlErrors]) {
        const error = yield* thrown(() => control.createApiKeyCredentialProvider({ name, apiKey: "key" }))
        check(error, Control, Control.BedrockAgentCoreControlServiceException, name, status)
      }
      const error = yield* thrown(() =>
        control.setTokenVaultCMK({ tokenVaultId: "default", kmsConfiguration: { keyType: "ServiceManagedKey" } })
      )
      check(error, Control, Control.BedrockAgentCoreControlServiceException, "ConcurrentModificationException", 409)
    }).pipe(Effect.provide(Wire.over(failing))))
})

describe("retries of the AWS SDK", () => {
  /** The data plane first responds with these errors. */
  const faults = (
    failures: Ref.Ref<ReadonlyArray<IdentityError.ThrottlingException | IdentityError.InternalServerException>>,
    calls: Ref.Ref<number>
  ) =>
    DataPlane.decorate((_, effect) =>
      Effect.flatMap(
        Effect.andThen(
          Ref.update(calls, (count) => count + 1),
          Ref.modify(failures, ([first, ...rest]) => [first, rest] as const)
        ),
        (failure) => failure === undefined ? effect : Effect.fail(failure)
      )
    ).pipe(
      Layer.provideMerge(backend())
    )

  it.live("succeed after a 500 and a 429, and stop after three attempts", () =>
    Effect.gen(function*() {
      const throttled = new IdentityError.ThrottlingException({ operation, message })
      const down = new IdentityError.InternalServerException({ operation, message })
      const failures = yield* Ref.make<ReadonlyArray<typeof throttled | typeof down>>([])
      const calls = yield* Ref.make(0)
      yield* Effect.gen(function*() {
        const { control, data } = yield* clients(yield* Wire.base, 3)
        yield* response(() => control.createWorkloadIdentity({ name: "agent" }))
        const token = response(() => data.getWorkloadAccessToken({ workloadName: "agent" }))

        yield* Ref.set(failures, [down, throttled])
        const { $metadata, workloadAccessToken } = yield* token
        assert.isString(workloadAccessToken)
        assert.strictEqual($metadata.attempts, 3)
        assert.strictEqual(yield* Ref.getAndSet(calls, 0), 3)

        yield* Ref.set(failures, [down, down, down, down])
        const error = yield* thrown(() => data.getWorkloadAccessToken({ workloadName: "agent" }))
        assert(error instanceof Data.InternalServerException)
        assert.strictEqual(error.$metadata.attempts, 3)
        assert.strictEqual(yield* Ref.getAndSet(calls, 0), 3)

        // A permanent error is not retried.
        yield* Ref.set(failures, [])
        const rejected = yield* thrown(() => data.getWorkloadAccessToken({ workloadName: "nobody" }))
        assert(rejected instanceof Data.AccessDeniedException)
        assert.strictEqual(yield* Ref.get(calls), 1)
      }).pipe(Effect.provide(Wire.over(faults(failures, calls))))
    }))
})

describe("responses to the AWS SDK", () => {
  it.live("have dates, and no body when the operation returns nothing", () =>
    Effect.gen(function*() {
      const { control } = yield* clients(yield* Wire.url)
      const before = Date.now()
      const created = yield* response(() => control.createWorkloadIdentity({ name: "agent" }))
      assert.strictEqual(created.$metadata.httpStatusCode, 201)
      const read = yield* response(() => control.getWorkloadIdentity({ name: "agent" }))
      for (const time of [read.createdTime, read.lastUpdatedTime]) {
        assert(time instanceof Date)
        assert.isTrue(time.getTime() >= before && time.getTime() <= Date.now(), "to the millisecond")
      }
      yield* response(() => control.createApiKeyCredentialProvider({ name: "weather", apiKey: "key" }))

      const deletions = [
        yield* response(() => control.deleteWorkloadIdentity({ name: "agent" })),
        yield* response(() => control.deleteApiKeyCredentialProvider({ name: "weather" }))
      ]
      for (const { $metadata, ...members } of deletions) {
        assert.strictEqual($metadata.httpStatusCode, 204)
        assert.match(String($metadata.requestId), Wire.uuid)
        assert.deepStrictEqual(members, {})
      }
      const raw = yield* Wire.call("/identities/DeleteWorkloadIdentity", { name: "agent" })
      assert.include([204, 404], raw.status)
      yield* response(() => control.createWorkloadIdentity({ name: "agent" }))
      const empty = yield* Wire.call("/identities/DeleteWorkloadIdentity", { name: "agent" })
      assert.strictEqual(empty.status, 204)
      assert.strictEqual(empty.text, "")
      assert.isUndefined(empty.headers["content-type"])
      assert.isUndefined(empty.headers["content-length"])
    }).pipe(Effect.provide(Wire.server())))
})
