/** Programs use the schemas in property tests, so each schema generates values within its limits. */
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Rows from "../support/operation.js"
import { WireRoutes } from "../support/wire.js"

const rows: ReadonlyArray<Rows.Any> = [
  ...Object.values(DataPlane.operations),
  ...Object.values(ControlPlane.operations),
  ...Object.values(SecurityTokenService.operations)
]

describe("generated requests", () => {
  it.effect.each(rows.map((row) => [row.name, row] as const))(
    "%s",
    ([, { encode, request }]) =>
      Effect.gen(function*() {
        const generated = yield* Arbitrary.sampleEffect(Arbitrary.schema(request), {
          count: 10,
          seed: 1,
          // Few combinations of the members of an OAuth2 credential provider are valid.
          maxDiscards: 10_000
        })
        assert.lengthOf(generated, 10)
        const decode = WireRoutes.decodeRequest(request)
        for (const value of generated) {
          assert.isTrue(Schema.is(request)(value))
          assert.deepStrictEqual(decode(encode(value as never)).unknown, [])
        }
      })
  )
})
