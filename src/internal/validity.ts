/**
 * Checks whether a value is valid by a schema, without an explanation. A plane checks every request in this way first: the schema itself takes
 * 50 µs of a call of 600 µs (`npm run bench`), because it explains and transforms.
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

/** The check of a type that cannot be checked here: the schema itself decides. */
const undecided: Check = () => false

const defaults: AST.ParseOptions = {}

/**
 * Whether a value is an object with nothing but members. A schema copies another object, like a `Redacted`, into a plain one.
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

// `every` skips the holes of an array, which are invalid items.
const all = (items: ReadonlyArray<unknown>, isValid: Check): boolean => {
  for (let index = 0; index < items.length; index++) {
    if (!isValid(items[index])) return false
  }
  return true
}

const refinement = (ast: AST.Refinement): Check => {
  const from = check(ast.from)
  return (value) => from(value) && Option.isNone(ast.filter(value, defaults, ast))
}

const isRedacted = (ast: AST.Declaration): boolean => {
  const constructor = ast.annotations[AST.TypeConstructorAnnotationId]
  return Predicate.hasProperty(constructor, "_tag") && constructor._tag === "effect/Redacted"
}

const declaration = (ast: AST.Declaration): Check => {
  const guard = Constraint.guardOf(ast)
  if (guard !== undefined) {
    return guard.is
  }
  const [type] = ast.typeParameters
  if (type !== undefined && Constraint.isWhole(ast)) {
    return check(type)
  }
  if (type === undefined || !isRedacted(ast)) {
    return undecided
  }
  const secret = check(type)
  return (value) => Redacted.isRedacted(value) && secret(Redacted.value(value))
}

const list = (ast: AST.TupleType): Check => {
  const [rest, ...others] = ast.rest
  if (rest === undefined || others.length > 0 || ast.elements.length > 0) {
    return undecided
  }
  const item = check(rest.type)
  return (value) => Array.isArray(value) && all(value, item)
}

/** An unknown member is left to the schema, which refuses it, or chooses another member of a union for it. */
const struct = (ast: AST.TypeLiteral): Check => {
  const members = new Map(ast.propertySignatures.map(({ isOptional, name, type }) => [
    name,
    { isRequired: !isOptional, isValid: check(type) }
  ]))
  const required = ast.propertySignatures.filter(({ isOptional }) => !isOptional).length
  return (value) => {
    if (!isPlain(value)) {
      return false
    }
    let missing = required
    for (const name of Object.keys(value)) {
      const member = members.get(name)
      if (member === undefined || !member.isValid(value[name])) {
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
    : undecided
}

const union = (ast: AST.Union): Check => {
  const types = ast.types.map(check)
  return (value) => types.some((isValid) => isValid(value))
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
      return undecided
  }
}

/**
 * Returns true for values that the schema returns unchanged. Returns false for all other values, and for types that no request has.
 *
 * @internal
 */
export const validity = <A, I>(schema: Schema.Schema<A, I>): (value: unknown) => value is A =>
  // The check is made from the schema of `A`.
  check(AST.typeAST(schema.ast)) as (value: unknown) => value is A
