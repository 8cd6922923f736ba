/**
 * Whether a value fits a schema, without finding out what is wrong with it: what a plane asks of every request. Reading a request by
 * the schema itself takes 50 µs of a call of 600 µs (`npm run bench`), because it is made to explain and to transform.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Constraint from "../models/internal/constraint.js"

type Check = (value: unknown) => boolean

/** What cannot be told from the outside of a schema is not said to fit: then the schema itself has the word. */
const untold: Check = () => false

const defaults: AST.ParseOptions = {}

/**
 * An object of nothing but members. Of another one, a `Redacted` for instance, a schema makes a plain one.
 *
 * @internal
 */
export const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (!Predicate.isRecord(value)) {
    return false
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// A hole in an array is a member too, which `every` passes over.
const all = (items: ReadonlyArray<unknown>, fits: Check): boolean => {
  for (let index = 0; index < items.length; index++) {
    if (!fits(items[index])) return false
  }
  return true
}

const refinement = (ast: AST.Refinement): Check => {
  const from = check(ast.from)
  return (value) => from(value) && Option.isNone(ast.filter(value, defaults, ast))
}

const typeConstructor = (ast: AST.Declaration): unknown => {
  const constructor = ast.annotations[AST.TypeConstructorAnnotationId]
  return Predicate.hasProperty(constructor, "_tag") ? constructor._tag : undefined
}

const declaration = (ast: AST.Declaration): Check => {
  const [type] = ast.typeParameters
  if (type !== undefined && typeConstructor(ast) === Constraint.Sized) {
    return check(type)
  }
  if (type === undefined || typeConstructor(ast) !== "effect/Redacted") {
    return untold
  }
  const secret = check(type)
  return (value) => Redacted.isRedacted(value) && secret(Redacted.value(value))
}

const list = (ast: AST.TupleType): Check => {
  const [rest, ...others] = ast.rest
  if (rest === undefined || others.length > 0 || ast.elements.length > 0) {
    return untold
  }
  const item = check(rest.type)
  return (value) => Array.isArray(value) && all(value, item)
}

/** With a member that is of no meaning here it does not fit: the schema takes it out, and may read another shape for it. */
const struct = (ast: AST.TypeLiteral): Check => {
  const members = new Map(ast.propertySignatures.map(({ isOptional, name, type }) => [
    name,
    { isRequired: !isOptional, fits: check(type) }
  ]))
  const required = ast.propertySignatures.filter(({ isOptional }) => !isOptional).length
  return (value) => {
    if (!isPlain(value)) {
      return false
    }
    let missing = required
    for (const name of Object.keys(value)) {
      const member = members.get(name)
      if (member === undefined || !member.fits(value[name])) {
        return false
      }
      missing -= member.isRequired ? 1 : 0
    }
    return missing === 0
  }
}

const map = (signature: AST.IndexSignature): Check => {
  const key = check(signature.parameter)
  const member = check(signature.type)
  return (value) => isPlain(value) && Object.entries(value).every(([name, item]) => key(name) && member(item))
}

const record = (ast: AST.TypeLiteral): Check => {
  const [signature, ...others] = ast.indexSignatures
  return signature === undefined
    ? struct(ast)
    : others.length === 0 && ast.propertySignatures.length === 0
    ? map(signature)
    : untold
}

const union = (ast: AST.Union): Check => {
  const types = ast.types.map(check)
  return (value) => types.some((fits) => fits(value))
}

const check = (ast: AST.AST): Check => {
  switch (ast._tag) {
    case "StringKeyword":
      return Predicate.isString
    case "NumberKeyword":
      return Predicate.isNumber
    case "BooleanKeyword":
      return Predicate.isBoolean
    case "UndefinedKeyword":
      return Predicate.isUndefined
    case "Literal":
      return (value) => value === ast.literal
    case "Refinement":
      return refinement(ast)
    case "Declaration":
      return declaration(ast)
    case "TupleType":
      return list(ast)
    case "TypeLiteral":
      return record(ast)
    case "Union":
      return union(ast)
    default:
      return untold
  }
}

/**
 * True for values that the schema would give back as they are. False for all others, and for types that no request has.
 *
 * @internal
 */
export const fits = <A, I>(schema: Schema.Schema<A, I>): (value: unknown) => value is A =>
  // That the check is one of this type is what it was made of.
  check(AST.typeAST(schema.ast)) as (value: unknown) => value is A
