/** Property tests of programs generate requests from the schemas: each has the limits of its texts built in. */
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as FastCheck from "fast-check"
import * as UnknownMembers from "../../src/local/server/unknownMembers.js"

const rows: ReadonlyArray<Operation.Any> = [
  ...Object.values(DataPlane.operations),
  ...Object.values(ControlPlane.operations),
  // Effect generates no `never`, the type of the members of `GetCallerIdentity`.
  SecurityTokenService.operations.getWebIdentityToken
]

describe("a request that its schema generates", () => {
  it.each(rows.map((row) => [row.name, row] as const))("%s", (_, { encode, request }) => {
    const findUnknown = UnknownMembers.find(request)
    for (const generated of FastCheck.sample(Arbitrary.make(request), { numRuns: 10, seed: 1 })) {
      assert.isTrue(Schema.is(request)(generated))
      assert.deepStrictEqual(findUnknown(encode(generated as never)), [])
    }
  })
})
