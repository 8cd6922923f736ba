import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type * as Rows from "./operation.js"

/** The schema of every request, by the AWS name of the operation. */
export const requests: ReadonlyMap<string, AST.AST> = new Map(
  [...Object.values(DataPlane.operations), ...Object.values(ControlPlane.operations)].map((
    { name, request }: Rows.Any
  ) => [name, request.ast])
)

const responsesOf = (table: Rows.Table) =>
  Object.values(table).flatMap(({ name, response }) => {
    const schema: unknown = Reflect.get(response, "schema")
    // A response without members has no schema.
    return Schema.isSchema(schema) ? [[name, schema] as const] : []
  })

/** The schema of every control plane response with members, by the AWS name of the operation. */
export const responses: ReadonlyMap<string, Schema.Top> = new Map(responsesOf(ControlPlane.operations))

/** Those of the other planes, too. The response of `GetResourceOauth2Token` has no schema. */
export const allResponses: ReadonlyMap<string, Schema.Top> = new Map([
  ...responses,
  ...responsesOf(DataPlane.operations),
  ...responsesOf(SecurityTokenService.operations)
])
