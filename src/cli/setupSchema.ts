/**
 * The JSON Schema of the setup file, for editors. The build writes it into the package.
 *
 * @since 0.1.0
 */
import * as JSONSchema from "effect/JsonSchema"
import * as Option from "effect/Option"
import { isObject } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as IdentitySetup from "../IdentitySetup.js"

type Json = { readonly [member: string]: unknown }

// -----------------------------------------------------------------------------
// Of lists and maps
// -----------------------------------------------------------------------------

/** A list or a map with limits is a declaration, which has no JSON Schema. Its type parameter has the limits as `min` and `max`. */
const toSized = (ast: AST.Declaration): AST.AST => {
  const [inner] = ast.typeParameters
  if (inner === undefined || !AST.isRefinement(inner)) return ast
  const from = toEncoded(inner.from)
  const limits: unknown = Option.getOrUndefined(AST.getJSONSchemaAnnotation(inner))
  const { max, min } = isObject(limits) ? limits : {}
  const unit = AST.isTupleType(from) ? "Items" : "Properties"
  return new AST.Refinement(from, inner.filter, {
    [AST.JSONSchemaAnnotationId]: {
      ...(min === 0 ? {} : { [`min${unit}`]: min }),
      ...(max === Infinity ? {} : { [`max${unit}`]: max })
    }
  })
}

/** What the file has, with the limits of lists and maps as refinements. */
const toEncoded = (ast: AST.AST): AST.AST => {
  switch (ast._tag) {
    case "Declaration":
      return toSized(ast)
    case "Transformation":
      return toEncoded(ast.from)
    case "Refinement":
      return new AST.Refinement(toEncoded(ast.from), ast.filter, ast.annotations)
    case "Union":
      return AST.Union.make(ast.types.map(toEncoded), ast.annotations)
    case "TupleType":
      return new AST.TupleType(
        ast.elements.map(({ annotations, isOptional, type }) =>
          new AST.OptionalType(toEncoded(type), isOptional, annotations)
        ),
        ast.rest.map(({ annotations, type }) => new AST.Type(toEncoded(type), annotations)),
        ast.isReadonly,
        ast.annotations
      )
    case "TypeLiteral":
      return new AST.TypeLiteral(
        ast.propertySignatures.map(({ annotations, isOptional, isReadonly, name, type }) =>
          new AST.PropertySignature(name, toEncoded(type), isOptional, isReadonly, annotations)
        ),
        ast.indexSignatures.map(({ isReadonly, parameter, type }) =>
          new AST.IndexSignature(parameter, toEncoded(type), isReadonly)
        ),
        ast.annotations
      )
    default:
      return ast
  }
}

// -----------------------------------------------------------------------------
// Of variables
// -----------------------------------------------------------------------------

const variable = {
  type: "object",
  description: "Reads the environment variable of this name.",
  properties: { $env: { type: "string", minLength: 1 } },
  required: ["$env"],
  additionalProperties: false
}

/** In the place of any string, the file can name an environment variable. */
const allowVariables = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(allowVariables)
  if (!isObject(schema)) return schema
  if (schema["type"] === "string") {
    // The generated words repeat the limits.
    const { description: _, title: __, ...limits } = schema
    return { anyOf: [limits, { $ref: "#/$defs/variable" }] }
  }
  const members = (value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, of]) => [name, allowVariables(of)])) : value
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [
      keyword,
      ["properties", "patternProperties", "$defs"].includes(keyword)
        ? members(value)
        : ["items", "additionalProperties", "anyOf", "allOf", "oneOf", "additionalItems"].includes(keyword)
        ? allowVariables(value)
        : value
    ])
  )
}

// -----------------------------------------------------------------------------
// Of the file
// -----------------------------------------------------------------------------

const descriptions: { readonly [K in keyof IdentitySetup.IdentitySetup]-?: string } = {
  $schema: "The JSON Schema of this file, for editors.",
  tags: "Tags of every resource, in addition to its own.",
  workloadIdentities: "Workload identities: the names of agents, and their return URLs.",
  oauth2CredentialProviders: "OAuth2 credential providers: clients at authorization servers.",
  apiKeyCredentialProviders: "API key credential providers.",
  paymentCredentialProviders: "Payment credential providers.",
  local: "Replaces parts of AWS and of the vendors on this machine. It is never sent to AWS."
}

/** @internal */
export const make = (): Json => {
  const generated = allowVariables(JSONSchema.make(Schema.make(toEncoded(IdentitySetup.IdentitySetup.ast))))
  // The schema of a struct.
  const { $defs, $schema, properties, ...rest } = generated as {
    readonly properties: { readonly [name: string]: Json }
  } & Json
  return {
    $schema,
    title: "A setup of AgentCore Identity",
    description:
      "Workload identities, credential providers and tags, for `agentcore-identity setup` and `local --config`.",
    ...rest,
    properties: Object.fromEntries(
      Object.entries(descriptions).map(([name, description]) => [
        name,
        { description, ...(name === "$schema" ? { type: "string" } : properties[name]) }
      ])
    ),
    $defs: { ...(isObject($defs) ? $defs : {}), variable }
  }
}
