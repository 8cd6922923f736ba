/**
 * Schemas of this library, shapes of the AWS clients and the limits of the service models in one form, to be compared.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import type * as ServiceModel from "./serviceModel.js"

export interface Shape {
  readonly type: string
  readonly required?: boolean
  readonly union?: boolean
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  /** The pattern, as the message about a violation quotes it. */
  readonly expression?: string
  readonly enum?: ReadonlyArray<string>
  readonly members?: { readonly [name: string]: Shape }
  readonly item?: Shape
  readonly key?: Shape
  readonly value?: Shape
}

/** Limits under the names of the service model. */
const limitsOf = (json: { readonly [name: string]: unknown }) => {
  const limits = {
    min: json["minLength"] ?? json["minimum"] ?? json["minItems"] ?? json["minProperties"],
    max: json["maxLength"] ?? json["maximum"] ?? json["maxItems"] ?? json["maxProperties"],
    pattern: json["pattern"],
    type: json["type"] === "integer" ? "integer" : undefined
  }
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}

const start = "Member must satisfy regular expression pattern: "

/** No pattern of the service model matches a string of this character. */
const unmatched = "\u00fc"

const formatIssue = Issue.makeFormatterStandardSchemaV1()

const expressionOf = (ast: AST.AST, { min = 1, pattern }: Partial<Shape>) => {
  if (pattern === undefined) return {}
  const result = Parser.decodeUnknownResult(Schema.make<Schema.Codec<string>>(ast))(unmatched.repeat(min))
  const message = Result.isFailure(result) ? formatIssue(result.failure).issues[0]?.message ?? "" : ""
  return { expression: message.startsWith(start) ? message.slice(start.length) : `none: ${message}` }
}

const isLiteral = (ast: AST.AST): ast is AST.Literal => AST.isLiteral(ast)

/** Whether the schema has no value. */
const isAbsent = (ast: AST.AST): boolean =>
  AST.isNever(ast) || (AST.isUnion(ast) && ast.types.every((type) => AST.isNever(type) || AST.isUndefined(type)))

/** A struct of all members of several structs. A member that one of them lacks is optional. */
const merge = (shapes: ReadonlyArray<Shape>): Shape => {
  const names = new Set(shapes.flatMap(({ members = {} }) => Object.keys(members)))
  return {
    type: "structure",
    union: shapes.every(({ members = {} }) => Object.keys(members).length === 1),
    members: Object.fromEntries([...names].map((name) => {
      const found = shapes.flatMap(({ members = {} }) => members[name] ?? [])
      return [name, {
        ...found[0] as Shape,
        required: found.length === shapes.length && found.every(({ required }) => required === true)
      }]
    }))
  }
}

/** The limits in the checks of a schema. `type` is the JSON type. */
const checked = (ast: AST.AST, type: "array" | "object" | "string" | "number"): Partial<Shape> =>
  Object.assign(
    {},
    ...(ast.checks ?? []).map((check) => {
      const json = check.annotations?.toJsonSchema?.({ type, schemas: [] })
      return Predicate.isObject(json) ? limitsOf(json) : {}
    })
  )

/** The shape of the JSON that a schema decodes. */
export const ofSchema = (ast: AST.AST): Shape => {
  if (ast.encoding !== undefined) {
    const { to } = ast.encoding[ast.encoding.length - 1] as AST.Link
    // A timestamp is a `Date` to the AWS SDK.
    return AST.isDeclaration(to) && to.typeParameters.length === 0 ? { type: "timestamp" } : ofSchema(to)
  }
  switch (ast._tag) {
    case "Declaration": {
      const [type] = ast.typeParameters
      if (type === undefined) throw new Error("a declaration of nothing")
      return ofSchema(type)
    }
    case "Union": {
      const types = ast.types.filter((type) => !AST.isUndefined(type) && !AST.isNull(type))
      const [first, ...others] = types
      if (first === undefined) throw new Error("a union of nothing")
      if (types.every(isLiteral)) return { type: "string", enum: types.map(({ literal }) => String(literal)) }
      return others.length === 0 ? ofSchema(first) : merge(types.map(ofSchema))
    }
    case "Literal":
      return { type: "string", enum: [String(ast.literal)] }
    case "Objects": {
      const [signature] = ast.indexSignatures
      // A request without members rejects every name.
      return signature === undefined || AST.isNever(signature.type)
        ? {
          type: "structure",
          // A union is a struct with exactly one member.
          union: checked(ast, "object").max === 1,
          members: Object.fromEntries(
            ast.propertySignatures.filter(({ type }) => !isAbsent(type)).map(({ name, type }) => [
              String(name),
              { ...ofSchema(type), required: type.context?.isOptional !== true }
            ])
          )
        }
        : {
          type: "map",
          ...checked(ast, "object"),
          key: ofSchema(signature.parameter),
          value: ofSchema(signature.type)
        }
    }
    case "Arrays": {
      const [item] = ast.rest
      if (item === undefined) throw new Error("a list without items")
      return { type: "list", ...checked(ast, "array"), item: ofSchema(item) }
    }
    case "String": {
      const limits = checked(ast, "string")
      return { type: "string", ...limits, ...expressionOf(ast, limits) }
    }
    case "Number":
      return { type: "number", ...checked(ast, "number") }
    case "Boolean":
      return { type: "boolean" }
    default:
      throw new Error(`a schema ${ast._tag}, which no request has`)
  }
}

/** A shape of the AWS clients, which define members, but no limits or enumerations. */
export const ofClient = (shapes: ServiceModel.Operation["shapes"], shape: ServiceModel.AnyShape): Shape => {
  const at = (member: ServiceModel.Member | undefined): Shape => {
    const found = shapes[member?.shape ?? ""]
    if (found === undefined) throw new Error(`no shape ${member?.shape}`)
    return ofClient(shapes, found)
  }
  switch (shape.type) {
    case "structure":
      return {
        type: "structure",
        union: shape.union === true,
        members: Object.fromEntries(
          Object.entries(shape.members ?? {}).map(([name, member]) => [
            name,
            { ...at(member), required: shape.required?.includes(name) === true }
          ])
        )
      }
    case "list":
      return { type: "list", item: at(shape.member) }
    case "map":
      return { type: "map", key: at(shape.key), value: at(shape.value) }
    default:
      return { type: shape.type }
  }
}

/** Removes escapes without effect: `[\\.]` and `[.]` are the same. */
const canonical = (pattern: string): string =>
  pattern
    .replace(/\\u00([0-9A-F]{2})/gi, "\\x$1").replace("\\t", "\\x09").replace("\\n", "\\x0A").replace("\\r", "\\x0D")
    .replace(/\[[^\]]*\]/g, (characters) => characters.replace(/\\([./-])/g, "$1"))

/** The facts about a shape, one per line. */
export const facts = (shape: Shape, path: string): ReadonlyArray<string> => {
  const { enum: values, item, key, max, members, min = 0, pattern, required, type, union, value } = shape
  return [
    `${path}: ${union === true ? "union" : type}`,
    ...required === true ? [`${path}: required`] : [],
    ...min > 0 ? [`${path}: min ${min}`] : [],
    ...max === undefined || max === Infinity ? [] : [`${path}: max ${max}`],
    ...pattern === undefined ? [] : [`${path}: pattern ${canonical(new RegExp(pattern).source)}`],
    ...values === undefined ? [] : [`${path}: one of ${[...values].sort().join(", ")}`],
    ...Object.entries(members ?? {}).flatMap(([name, member]) => facts(member, `${path}.${name}`)),
    ...item === undefined ? [] : facts(item, `${path}[]`),
    ...key === undefined ? [] : facts(key, `${path}{key}`),
    ...value === undefined ? [] : facts(value, `${path}{value}`)
  ]
}

/** The patterns of messages, one per line. */
export const expressions = (shape: Shape, path: string): ReadonlyArray<string> => [
  ...shape.expression === undefined ? [] : [`${path}: ${shape.expression}`],
  ...Object.entries(shape.members ?? {}).flatMap(([name, member]) => expressions(member, `${path}.${name}`)),
  ...shape.item === undefined ? [] : expressions(shape.item, `${path}[]`),
  ...shape.key === undefined ? [] : expressions(shape.key, `${path}{key}`),
  ...shape.value === undefined ? [] : expressions(shape.value, `${path}{value}`)
]

/** The form of `aws-limits.json`. Its patterns match whole strings. */
export const ModelShape: Schema.Codec<Shape> = Schema.suspend(() =>
  Schema.Struct({
    type: Schema.String,
    required: Schema.optionalKey(Schema.Boolean),
    union: Schema.optionalKey(Schema.Boolean),
    min: Schema.optionalKey(Schema.Number),
    max: Schema.optionalKey(Schema.Number),
    pattern: Schema.optionalKey(Schema.String),
    enum: Schema.optionalKey(Schema.Array(Schema.String)),
    members: Schema.optionalKey(Schema.Record(Schema.String, ModelShape)),
    item: Schema.optionalKey(ModelShape),
    key: Schema.optionalKey(ModelShape),
    value: Schema.optionalKey(ModelShape)
  })
)
