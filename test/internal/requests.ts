import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arbitrary from "effect/Arbitrary"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { sessionUri } from "../utils.js"

/** The operations of every plane. */
export const operations: ReadonlyArray<Operation.Any> = [
  ...Object.values(DataPlane.operations),
  ...Object.values(ControlPlane.operations),
  ...Object.values(SecurityTokenService.operations)
]

/** The request of every operation. */
export const requests: ReadonlyArray<readonly [name: string, schema: Schema.Schema<unknown, unknown>]> = operations.map(
  (
    { name, request }
  ) =>
    // A table of all operations has no one type of request.
    [name, request as Schema.Schema<unknown, unknown>] as const
)

const completion: FastCheck.Arbitrary<DataPlane.CompleteResourceTokenAuthRequest> = FastCheck.record({
  userIdentifier: FastCheck.constantFrom({ userId: "alice" }, { userToken: Redacted.make("aaaa.bbbb.cccc") }),
  sessionUri: FastCheck.constant(Redacted.make(sessionUri))
})

/** A member of this name is lost by a schema, which assigns it: it cannot be compared with. */
const hasProto = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && (Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto))

/** Any valid request. There is nothing that the `Schema.Never` of a completion could be made of. */
export const valid = (schema: Schema.Schema<unknown, unknown>): FastCheck.Arbitrary<unknown> =>
  schema.ast === DataPlane.CompleteResourceTokenAuthRequest.ast
    ? completion
    : Arbitrary.make(Schema.typeSchema(schema)).filter((value) => !hasProto(value))
