/** The JSON Schema of the setup file, for editors. The build writes it into the package. */
import * as JsonSchema from "effect/JsonSchema"
import { isObject } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as IdentitySetup from "../src/IdentitySetup.js"

type Json = { readonly [property: string]: unknown }

const variable = {
  type: "object",
  description: "Reads the environment variable of this name.",
  properties: { $env: { type: "string", minLength: 1 } },
  required: ["$env"],
  additionalProperties: false
}

/** Lets the file name an environment variable instead of any string, and omit an optional property. */
const allowVariables = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(allowVariables)
  if (!isObject(schema)) return schema
  if (schema["type"] === "string") {
    // The generated descriptions only repeat the limits.
    const { description: _, title: __, ...limits } = schema
    return { anyOf: [limits, { $ref: "#/$defs/variable" }] }
  }
  const { anyOf, ...rest } = schema
  // Effect encodes an optional property as a union with null.
  if (Array.isArray(anyOf) && anyOf.some(isNull)) {
    const [first, ...others] = anyOf.filter((member) => !isNull(member))
    return allowVariables({ ...rest, ...(others.length === 0 ? first : { anyOf: [first, ...others] }) })
  }
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === "propertyNames" ? value : allowVariables(value)])
  )
}

const isNull = (schema: unknown): boolean => isObject(schema) && schema["type"] === "null"

const descriptions: { readonly [K in keyof IdentitySetup.IdentitySetup]-?: string } = {
  $schema: "The JSON Schema of this file, for editors.",
  tags: "Tags of every resource, in addition to its own.",
  workloadIdentities: "Workload identities: the names of agents, and their return URLs.",
  oauth2CredentialProviders: "OAuth2 credential providers: clients at authorization servers.",
  apiKeyCredentialProviders: "API key credential providers.",
  paymentCredentialProviders: "Payment credential providers.",
  local: "Replaces parts of AWS and of the vendors on this machine. It is never sent to AWS."
}

export const make = (): Json => {
  const document = JsonSchema.toDocumentDraft07(
    Schema.toJsonSchemaDocument(IdentitySetup.IdentitySetup, { onExcessProperty: "error" })
  )
  // The schema of a struct.
  const { properties, ...rest } = allowVariables(document.schema) as {
    readonly properties: { readonly [name: string]: Json }
  } & Json
  return {
    $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
    title: "A setup of AgentCore Identity",
    description:
      "Workload identities, credential providers and tags, for `npx agentcore-identity setup` and `local --config`.",
    ...rest,
    properties: Object.fromEntries(
      Object.entries(descriptions).map(([name, description]) => [
        name,
        { description, ...(name === "$schema" ? { type: "string" } : properties[name]) }
      ])
    ),
    $defs: { ...document.definitions, variable }
  }
}
