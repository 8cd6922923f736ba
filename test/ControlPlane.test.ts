import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { ApiKeyCredentialProviderSummary } from "effect-agentcore-identity/Models"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as FastCheck from "fast-check"
import * as Recorder from "./support/recorder.js"

const control = <A, E>(f: (plane: ControlPlane.ControlPlane["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(ControlPlane.ControlPlane, f)

const callsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.andThen(effect, Effect.flatMap(ScriptedPlanes.ScriptedPlanes, ({ calls }) => calls))

const names = (count: number) => Array.from({ length: count }, (_, index) => `agent-${index}`)

/** A list whose tokens are page offsets. The last page has no token, or null. */
const listing = (all: ReadonlyArray<string>, end: null | undefined = undefined) =>
  ScriptedPlanes.layer({
    listWorkloadIdentities: ({ maxResults = 20, nextToken = "at-0" }) => {
      const start = Number(nextToken.slice(3))
      const stop = start + maxResults
      return Effect.succeed({
        workloadIdentities: all.slice(start, stop).map((name) => ({ name, workloadIdentityArn: `arn:aws:${name}` })),
        nextToken: stop < all.length ? `at-${stop}` : end
      })
    }
  })

type StreamOptions = Parameters<ControlPlane.ControlPlane["Service"]["streamWorkloadIdentities"]>[0]

const listed = (options?: StreamOptions) =>
  control((plane) => Stream.runCollect(Stream.map(plane.streamWorkloadIdentities(options), ({ name }) => name)))

describe("ControlPlane.make", () => {
  it.effect("checks requests of every operation before it calls the implementation", () =>
    Effect.gen(function*() {
      // Invalid for every operation: members of all operations, with a type that none accepts.
      const request = {
        name: 1,
        nextToken: 1,
        tokenVaultId: 1,
        resourceArn: 1,
        consentPortalIdentifier: 1
      }
      const plane = yield* ControlPlane.ControlPlane
      const calls = Object.entries(ControlPlane.operations).map(([method, { name }]) => ({ method, name }))
      for (const { method, name } of calls) {
        const call = plane[method as keyof Operation.Plane<typeof ControlPlane.operations>] as (
          request: unknown
        ) => Effect.Effect<unknown, unknown>
        const error = yield* Effect.flip(call(request))
        assert(error instanceof IdentityError.ValidationException, method)
        assert.strictEqual(error.operation, name)
        assert.isNotEmpty(error.fieldList)
      }
      assert.deepStrictEqual(yield* callsOf(Effect.void), [])
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))

  it.effect("creates a span for every call, and for the pages of a stream", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      yield* listed({ pageSize: 2 }).pipe(Effect.provide(listing(names(3))), Effect.provide(recorder.layer))
      const spans = yield* recorder.spans
      assert.deepStrictEqual(spans.map(({ name }) => name), [
        "ControlPlane.listWorkloadIdentities",
        "ControlPlane.listWorkloadIdentities"
      ])
      assert.strictEqual(spans[0]?.attributes.get("rpc.method"), "ListWorkloadIdentities")
    }))
})

describe("streams", () => {
  it.effect("return the whole list for every page size", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.integer({ min: 0, max: 50 }),
          FastCheck.option(FastCheck.integer({ min: 1, max: 20 }), { nil: undefined }),
          FastCheck.constantFrom(null, undefined),
          (count, pageSize, end) =>
            Effect.runPromise(
              Effect.map(
                Effect.provide(listed({ pageSize }), listing(names(count), end)),
                (all) => assert.deepStrictEqual(all, names(count))
              )
            )
        ),
        { numRuns: 50 }
      )
    ))

  it.effect("fetch a page when its first item is pulled", () =>
    Effect.gen(function*() {
      const take = (count: number) =>
        callsOf(
          control((plane) => Stream.runDrain(Stream.take(plane.streamWorkloadIdentities({ pageSize: 5 }), count)))
        ).pipe(Effect.provide(listing(names(20))))
      assert.lengthOf(yield* take(0), 0)
      assert.lengthOf(yield* take(1), 1)
      assert.lengthOf(yield* take(5), 1)
      assert.lengthOf(yield* take(6), 2)
      assert.lengthOf(yield* take(100), 4)
    }))

  it.effect("continue with a token of an earlier page", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.integer({ min: 1, max: 50 }),
          FastCheck.integer({ min: 1, max: 20 }),
          FastCheck.integer({ min: 1, max: 20 }),
          (count, first, pageSize) =>
            Effect.gen(function*() {
              const { nextToken, workloadIdentities } = yield* control((plane) =>
                plane.listWorkloadIdentities({ maxResults: first })
              )
              const seen = workloadIdentities.map(({ name }) => name)
              const rest = typeof nextToken === "string" ? yield* listed({ nextToken, pageSize }) : []
              assert.deepStrictEqual([...seen, ...rest], names(count))
            }).pipe(Effect.provide(listing(names(count))), Effect.runPromise)
        ),
        { numRuns: 50 }
      )
    ))

  it.effect("fail when a page fails, after the items before it", () =>
    Effect.gen(function*() {
      const fault = new IdentityError.ThrottlingException({ operation: "ListConsentPortals", message: "Rate exceeded" })
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const weather: ApiKeyCredentialProviderSummary = {
        name: "weather",
        credentialProviderArn: "arn:aws:weather",
        createdTime: DateTime.makeUnsafe(0),
        lastUpdatedTime: DateTime.makeUnsafe(0)
      }
      const plane = yield* ControlPlane.ControlPlane
      const faulty = ControlPlane.make({
        ...plane,
        listApiKeyCredentialProviders: ({ nextToken }) =>
          nextToken === undefined
            ? Effect.succeed({ credentialProviders: [weather], nextToken: "more" })
            : Effect.fail(fault)
      })
      const error = yield* faulty.streamApiKeyCredentialProviders().pipe(
        Stream.runForEach(({ name }) => Ref.update(seen, (all) => [...all, name])),
        Effect.flip
      )
      assert.strictEqual(error.message, fault.message)
      assert.deepStrictEqual(yield* Ref.get(seen), ["weather"])
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))

  it.effect("check the limits of their lists", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane.ControlPlane
      const streams: ReadonlyArray<
        readonly [stream: (options: StreamOptions) => Stream.Stream<unknown, unknown>, limit: number]
      > = [
        [plane.streamWorkloadIdentities, 20],
        [plane.streamOauth2CredentialProviders, 20],
        [plane.streamApiKeyCredentialProviders, 100],
        [plane.streamPaymentCredentialProviders, 20],
        [plane.streamConsentPortals, 100]
      ]
      for (const [stream, limit] of streams) {
        for (const pageSize of [0, limit + 1, 1.5]) {
          const error = yield* Effect.flip(Stream.runDrain(stream({ pageSize })))
          assert(error instanceof IdentityError.ValidationException)
          assert.deepStrictEqual(error.fieldList?.map(({ name }) => name), ["maxResults"])
        }
      }
      assert.deepStrictEqual(yield* callsOf(Effect.void), [])
    }).pipe(Effect.provide(ScriptedPlanes.layer({}))))
})

describe("ControlPlane.decorate", () => {
  it.effect("wraps every operation, and the pages of every stream", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<readonly [operation: string, request: unknown]>>([])
      const decorated = ControlPlane.decorate((operation, effect, request) =>
        Effect.andThen(Ref.update(seen, (all) => [...all, [operation, request] as const]), effect)
      )
      yield* Effect.gen(function*() {
        yield* control((plane) => plane.getWorkloadIdentity({ name: "agent" })).pipe(Effect.exit)
        assert.deepStrictEqual(yield* listed({ pageSize: 2 }), names(3))
      }).pipe(Effect.provide(Layer.provide(decorated, listing(names(3)))))
      assert.deepStrictEqual(yield* Ref.get(seen), [
        ["getWorkloadIdentity", { name: "agent" }],
        ["listWorkloadIdentities", { maxResults: 2 }],
        ["listWorkloadIdentities", { maxResults: 2, nextToken: "at-2" }]
      ])
    }))

  it.effect("gets the name that the plane generates for a workload identity", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const decorated = ControlPlane.decorate((_, effect, request) => {
        seen.push(request)
        return effect
      })
      const plane = ScriptedPlanes.layer({
        createWorkloadIdentity: ({ name }) => Effect.succeed({ name, workloadIdentityArn: `arn:aws:${name}` })
      })
      const name = yield* control((plane) => Effect.map(plane.createWorkloadIdentity({}), ({ name }) => name)).pipe(
        Effect.provide(Layer.provide(decorated, plane))
      )
      assert.match(name, /^workload-[0-9a-f]{8}$/)
      assert.deepStrictEqual(seen, [{ name }])
    }))

  it.effect("can inject faults, and replace responses of the plane", () =>
    Effect.gen(function*() {
      const fault = new IdentityError.ThrottlingException({ operation: "ListWorkloadIdentities", message: "Slow down" })
      const calls = yield* Ref.make(0)
      const decorated = ControlPlane.decorate((operation, effect) =>
        operation === "listWorkloadIdentities"
          ? Effect.flatMap(
            Ref.updateAndGet(calls, (count) => count + 1),
            (count) => count === 2 ? Effect.fail(fault) : effect
          )
          : effect
      )
      const error = yield* Effect.flip(listed({ pageSize: 1 })).pipe(
        Effect.provide(Layer.provide(decorated, listing(names(3))))
      )
      assert.strictEqual(error.message, "Slow down")
    }))
})
