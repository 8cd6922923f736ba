import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as WorkloadIdentity from "effect-agentcore-identity/WorkloadIdentity"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"

const local = LocalIdentity.layerTest()

const url = (n: number) => `https://agent.example.com/${n}`

/** Runs an effect, and skips its waits. */
const hurry = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const urlsOf = (name: string) =>
  Effect.map(
    ControlPlane.ControlPlane.use((plane) => plane.getWorkloadIdentity({ name })),
    (identity) => [...identity.allowedResourceOauth2ReturnUrls ?? []].sort()
  )

describe("WorkloadIdentity", () => {
  it.effect("is created with return URLs and tags", () =>
    Effect.gen(function*() {
      const tags = { team: "agents" }
      const created = yield* WorkloadIdentity.ensure({ name: "agent-1", returnUrls: [url(1)], tags })
      const plane = yield* ControlPlane.ControlPlane
      assert.deepStrictEqual(yield* urlsOf("agent-1"), [url(1)])
      const { workloadIdentityArn: resourceArn } = created
      assert.deepStrictEqual(yield* plane.listTagsForResource({ resourceArn }), { tags })
    }).pipe(Effect.provide(local)))

  it.effect("gets a name if it has none", () =>
    Effect.gen(function*() {
      const { name } = yield* WorkloadIdentity.ensure({})
      assert.match(name, /^workload-[0-9a-f]{8}$/)
      const other = yield* WorkloadIdentity.ensure({ returnUrls: [url(1)] })
      assert.notStrictEqual(other.name, name)
      assert.deepStrictEqual(yield* urlsOf(other.name), [url(1)])
    }).pipe(Effect.provide(local)))

  it.effect("ensure changes nothing the second time, and never removes a URL", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          // An identity has at most five URLs.
          FastCheck.uniqueArray(FastCheck.nat(4)),
          FastCheck.uniqueArray(FastCheck.nat(4)),
          (before, expected) =>
            Effect.gen(function*() {
              yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: before.map(url) })
              const ensure = hurry(WorkloadIdentity.ensure({ name: "my-agent", returnUrls: expected.map(url) }))
              yield* ensure
              const once = yield* urlsOf("my-agent")
              yield* ensure
              assert.deepStrictEqual(yield* urlsOf("my-agent"), once)
              assert.deepStrictEqual(once, [...new Set([...before, ...expected])].map(url).sort())
            }).pipe(Effect.provide(local), Effect.provide(TestClock.layer()), Effect.runPromise)
        ),
        { numRuns: 50 }
      )
    ))

  it.effect("neither writes nor waits when no URL is missing", () =>
    Effect.gen(function*() {
      yield* WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(1)] })
      const writes = yield* Ref.make(0)
      const counted = Layer.provide(
        ControlPlane.decorate((operation, effect) =>
          operation === "updateWorkloadIdentity" ? Effect.andThen(Ref.update(writes, (n) => n + 1), effect) : effect
        ),
        Layer.succeed(ControlPlane.ControlPlane, yield* ControlPlane.ControlPlane)
      )
      yield* Effect.provide(WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(1)] }), counted)
      assert.strictEqual(yield* Ref.get(writes), 0)
    }).pipe(Effect.provide(local)))

  it.effect("20 concurrent fibers create one identity with all URLs", () =>
    Effect.gen(function*() {
      yield* hurry(Effect.forEach(
        Array.from({ length: 20 }, (_, n) => n),
        (n) => WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(n % 5)] }),
        { concurrency: "unbounded" }
      ))
      assert.lengthOf(yield* urlsOf("my-agent"), 5)
    }).pipe(Effect.provide(local)))

  it.effect("writes again when another process overwrites the change", () =>
    Effect.gen(function*() {
      // Another writer, which read before this write, restores the old URLs three times.
      const overwrites = yield* Ref.make(3)
      const contended = Layer.provide(
        ControlPlane.decorate((operation, effect) =>
          operation !== "updateWorkloadIdentity" ? effect : Effect.gen(function*() {
            const result = yield* effect
            if ((yield* Ref.getAndUpdate(overwrites, (n) => n - 1)) > 0) {
              yield* Effect.orDie(plane.updateWorkloadIdentity({
                name: "my-agent",
                allowedResourceOauth2ReturnUrls: [url(7)]
              }))
            }
            return result
          })
        ),
        Layer.effect(ControlPlane.ControlPlane, ControlPlane.ControlPlane)
      )
      const plane = yield* ControlPlane.ControlPlane
      yield* WorkloadIdentity.ensure({ name: "my-agent" })
      yield* hurry(Effect.provide(WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(1)] }), contended))
      assert.deepStrictEqual(yield* urlsOf("my-agent"), [url(1), url(7)])
      assert.isAtMost(yield* Ref.get(overwrites), 0)
    }).pipe(Effect.provide(local)))

  it.effect("fails when other writers never stop", () =>
    Effect.gen(function*() {
      const now = DateTime.makeUnsafe(0)
      const identity = { name: "my-agent", workloadIdentityArn: "arn", createdTime: now, lastUpdatedTime: now }
      const error = yield* hurry(Effect.flip(WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(1)] }))).pipe(
        Effect.provide(ScriptedPlanes.layer({
          getWorkloadIdentity: () => Effect.succeed(identity),
          updateWorkloadIdentity: () => Effect.succeed(identity)
        }))
      )
      assert.strictEqual(error._tag, "ReturnUrlsContended")
    }))

  it.effect("accepts an identity that another process created meanwhile, and reports other validation errors", () =>
    Effect.gen(function*() {
      const operation = "CreateWorkloadIdentity"
      const exists = new IdentityError.ValidationException({ operation, message: "already exists" })
      const missing = new IdentityError.ResourceNotFoundException({ operation, message: "not found" })
      const now = DateTime.makeUnsafe(0)
      const identity = {
        name: "my-agent",
        workloadIdentityArn: "arn",
        allowedResourceOauth2ReturnUrls: [url(1)],
        createdTime: now,
        lastUpdatedTime: now
      }
      const ensure = WorkloadIdentity.ensure({ name: "my-agent", returnUrls: [url(1)] })
      const found = yield* Effect.provide(
        ensure,
        ScriptedPlanes.layer({
          getWorkloadIdentity: [Effect.fail(missing), Effect.succeed(identity), Effect.succeed(identity)],
          createWorkloadIdentity: [Effect.fail(exists)]
        })
      )
      assert.strictEqual(found.workloadIdentityArn, "arn")
      const error = yield* Effect.provide(
        Effect.flip(ensure),
        ScriptedPlanes.layer({
          getWorkloadIdentity: () => Effect.fail(missing),
          createWorkloadIdentity: [Effect.fail(exists)]
        })
      )
      assert.strictEqual(error._tag, "ValidationException")
    }))
})
