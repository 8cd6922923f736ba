/**
 * Layers in layers. Effect builds a layer once for all nested calls of `Effect.provide`, so each of these tests has two
 * of a kind.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import { LocalBackend, OAuthClient, OAuthHttp, Scripted, VaultStore } from "../support/localBackend.js"
import * as Recorder from "../support/recorder.js"
import * as Wire from "../support/wire.js"

const scripted = Scripted.layer()

const create = (name: string) =>
  Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.createWorkloadIdentity({ name }))

const names = Effect.flatMap(ControlPlane.ControlPlane, (plane) => plane.listWorkloadIdentities({})).pipe(
  Effect.map(({ workloadIdentities }) => workloadIdentities.map(({ name }) => name))
)

/** Asserts that each backend has only its own resources, whichever is used in between. */
const areSeparate = <E, E2>(
  outer: Layer.Layer<ControlPlane.ControlPlane, E>,
  inner: Layer.Layer<ControlPlane.ControlPlane, E2>
) =>
  Effect.gen(function*() {
    yield* create("outer")
    yield* Effect.gen(function*() {
      assert.deepStrictEqual(yield* names, [])
      yield* create("inner")
      assert.deepStrictEqual(yield* names, ["inner"])
    }).pipe(Effect.provide(inner))
    assert.deepStrictEqual(yield* names, ["outer"])
  }).pipe(Effect.provide(outer))

/** The control plane of another backend. */
class Other extends Context.Service<Other, ControlPlane.ControlPlane["Service"]>()("test/Other") {}

/** Two backends in one layer. */
const areSeparateMerged = <E, E2>(
  one: Layer.Layer<ControlPlane.ControlPlane, E>,
  other: Layer.Layer<ControlPlane.ControlPlane, E2>
) =>
  Effect.gen(function*() {
    yield* create("one")
    const { listWorkloadIdentities } = yield* Other
    assert.deepStrictEqual((yield* listWorkloadIdentities({})).workloadIdentities, [])
  }).pipe(
    Effect.provide(Layer.merge(one, Layer.provide(Layer.effect(Other, ControlPlane.ControlPlane), other)))
  )

const kinds: Readonly<Record<string, () => Layer.Layer<ControlPlane.ControlPlane, unknown>>> = {
  layerTest: () => LocalIdentity.layerTest(),
  layerPlanes: () => LocalIdentity.layerPlanes(),
  layer: () => LocalIdentity.layer()
}

describe("two backends in memory", () => {
  for (const [outerName, outer] of Object.entries(kinds)) {
    for (const [innerName, inner] of Object.entries(kinds)) {
      it.live(`are separate: ${innerName} in ${outerName}`, () => areSeparate(outer(), inner()))
      it.live(`are separate: ${innerName} and ${outerName}`, () => areSeparateMerged(outer(), inner()))
    }
  }
})

describe("AuthorizationServer", () => {
  it.live("is separate when it is nested, and does not end the outer one", () =>
    Effect.gen(function*() {
      const outer = yield* AuthorizationServer.AuthorizationServer
      const discover = (url: string) => Effect.promise(() => fetch(url).then(({ status }) => status, () => "none"))
      const url = yield* Effect.gen(function*() {
        const { discoveryUrl } = yield* AuthorizationServer.AuthorizationServer
        assert.notStrictEqual(discoveryUrl, outer.discoveryUrl)
        assert.strictEqual(yield* discover(discoveryUrl), 200)
        return discoveryUrl
      }).pipe(Effect.provide(AuthorizationServer.layer()))
      assert.strictEqual(yield* discover(url), "none")
      assert.strictEqual(yield* discover(outer.discoveryUrl), 200)
    }).pipe(Effect.provide(AuthorizationServer.layer())))
})

describe("a layer that is provided twice", () => {
  it.effect("is named by the warning about a resource that only the other server has", () =>
    Effect.gen(function*() {
      const recorder = yield* Recorder.make
      // A warning is a line of the log, and an event of its span.
      const warnings = Effect.map(recorder.everything, (lines) => [
        ...new Set(lines.flatMap((line) => /There is no [^"]*/.exec(line) ?? []))
      ])
      const call = Effect.flatMap(DataPlane.DataPlane, (plane) =>
        Effect.flip(plane.getWorkloadAccessToken({ workloadName: "agent" })))
      yield* create("agent").pipe(
        Effect.andThen(Effect.provide(call, LocalIdentity.layer())),
        Effect.provide(LocalIdentity.layer()),
        // The servers before have stopped.
        Effect.andThen(Effect.provide(call, LocalIdentity.layer())),
        Effect.provide(recorder.layer)
      )
      const [twice = "", alone = "", ...more] = yield* warnings
      assert.include(
        twice,
        "another local server of this process has it. Each layer that LocalIdentity.layer() returns"
      )
      assert.include(alone, "There is no workload identity 'agent': create it, or check the name")
      assert.deepStrictEqual(more, [])
    }))
})

describe("constant layers", () => {
  it.effect("VaultStore.layerMemory is one store for the whole program", () =>
    Effect.gen(function*() {
      const outer = yield* VaultStore.VaultStore
      assert.strictEqual(yield* Effect.provide(VaultStore.VaultStore, VaultStore.layerMemory), outer)
      assert.notStrictEqual(yield* Effect.provide(VaultStore.VaultStore, Layer.fresh(VaultStore.layerMemory)), outer)
      const stored = () => Layer.provide(LocalBackend.layer(), [VaultStore.layerMemory, scripted])
      yield* Effect.provide(create("agent"), stored())
      assert.deepStrictEqual(yield* Effect.provide(names, stored()), ["agent"])
    }).pipe(Effect.provide(VaultStore.layerMemory)))

  it.effect("OAuthHttp.layer is one client, which only remembers the metadata of servers", () =>
    Effect.gen(function*() {
      const outer = yield* OAuthClient.OAuthClient
      assert.strictEqual(yield* Effect.provide(OAuthClient.OAuthClient, OAuthHttp.layer), outer)
    }).pipe(Effect.provide(OAuthHttp.layer)))

  it.effect("the redaction of the local server adds its names to those of the outer program", () => {
    const named = (name: string) =>
      Layer.effect(Headers.CurrentRedactedNames, Effect.map(Headers.CurrentRedactedNames, (names) => [...names, name]))
    return Effect.gen(function*() {
      assert.notInclude(yield* Headers.CurrentRedactedNames, "x-inner")
      const names = yield* Effect.provide(
        Headers.CurrentRedactedNames,
        Layer.provide(Wire.Routes.layerRedaction, named("x-inner"))
      )
      assert.include(names, "x-inner")
      assert.include(names, "proxy-authorization")
    }).pipe(Effect.provide(Wire.Routes.layerRedaction))
  })
})
