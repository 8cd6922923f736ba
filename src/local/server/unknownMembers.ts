/**
 * The members of a request that its operation does not have. The protocol ignores them, for newer clients. The log names
 * them, so that a misspelled member, or one that AWS added later, is noticed.
 */
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { memoize } from "../../models/internal/memoize.js"

/** What a schema knows of a value. Nothing of a value without members. */
interface Known {
  /** Of an object. */
  readonly members?: ReadonlyMap<string, Known> | undefined
  /** Of the values of a map, whose keys are data. */
  readonly value?: Known | undefined
  /** Of the items of a list. */
  readonly item?: Known | undefined
}

const mergeOptional = (first: Known | undefined, second: Known | undefined): Known | undefined =>
  first === undefined || second === undefined ? first ?? second : merge(first, second)

const mergeMembers = (first: Known["members"], second: Known["members"]): Known["members"] => {
  if (first === undefined || second === undefined) return first ?? second
  const members = new Map(first)
  for (const [name, known] of second) members.set(name, merge(members.get(name) ?? {}, known))
  return members
}

const merge = (first: Known, second: Known): Known => ({
  members: mergeMembers(first.members, second.members),
  value: mergeOptional(first.value, second.value),
  item: mergeOptional(first.item, second.item)
})

const readAll = (asts: ReadonlyArray<AST.AST>): Known => asts.map(read).reduce(merge, {})

const read = (decoded: AST.AST): Known => {
  // What comes over the wire.
  const ast = AST.toEncoded(decoded)
  switch (ast._tag) {
    case "Declaration":
      return readAll(ast.typeParameters)
    case "Union":
      return readAll(ast.types)
    case "Arrays":
      return { item: readAll([...ast.elements, ...ast.rest]) }
    case "Objects": {
      // A value of the type `never` is never there.
      const values = ast.indexSignatures.map(({ type }) => type).filter((type) => !AST.isNever(type))
      return values.length > 0 ? { value: readAll(values) } : {
        members: new Map(
          ast.propertySignatures.flatMap(({ name, type }) =>
            AST.isNever(type) ? [] : [[String(name), read(type)] as const]
          )
        )
      }
    }
    default:
      return {}
  }
}

// -----------------------------------------------------------------------------
// Paths
// -----------------------------------------------------------------------------

const maxPaths = 10

const maxName = 64

/** A client chose the name: it may be long, and change what a terminal shows. */
const formatName = (name: string): string =>
  /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, maxName)).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const collect = (known: Known, value: unknown, path: string, found: Array<string>): void => {
  if (found.length > maxPaths) return
  if (Array.isArray(value)) {
    if (known.item !== undefined) {
      for (const [index, item] of value.entries()) collect(known.item, item, `${path}${index}.`, found)
    }
    return
  }
  if (!Predicate.isObject(value)) return
  for (const [name, member] of Object.entries(value)) {
    // A member that is null is absent.
    if (member === null) continue
    const inner = known.members?.get(name) ?? known.value
    if (inner !== undefined) collect(inner, member, `${path}${formatName(name)}.`, found)
    else if (known.members !== undefined) found.push(`${path}${formatName(name)}`)
  }
}

/** The paths of the unknown members, without values. Only the first ones, and an ellipsis if there are more. */
export const find = (schema: Schema.Top): (request: unknown) => ReadonlyArray<string> =>
  memoize(() => {
    const known = read(schema.ast)
    return (request: unknown) => {
      const found: Array<string> = []
      collect(known, request, "", found)
      return found.length > maxPaths ? [...found.slice(0, maxPaths), "…"] : found
    }
  })
