/** Issues of values that others sent. */
import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import * as AST from "effect/SchemaAST"
import type * as Issue from "effect/SchemaIssue"

/** The number of issues that an error reports. A request over HTTP can have as many invalid items as bytes. */
export const maxIssues = 100

type Issues = ReadonlyArray<Issue.Issue>

/** Whether a type has literals only. An optional literal counts too. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || ast._tag === "Undefined" || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: Issue.Issue): boolean =>
  (issue._tag === "InvalidType" || issue._tag === "AnyOf") && isLiteral(issue.ast)

/** How far a value is from a member of a union: literals of another one, missing members, unknown members. */
const distance = (issue: Issue.Issue): readonly [discriminators: number, missing: number, unknown: number] => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "Objects") return [Infinity, Infinity, Infinity]
  const known = new Set(issue.ast.propertySignatures.map(({ name }) => name))
  const members: object = Object(issue.input)
  const inner = issue.issues.map((member) => member._tag === "Pointer" ? member.issue : member)
  return [
    inner.filter(isOtherLiteral).length,
    // Counted here, because the parser reports only the issues of the discriminator, if it has one.
    issue.ast.propertySignatures.filter(({ name, type }) => !AST.isOptional(type) && !Object.hasOwn(members, name))
      .length,
    Object.keys(members).filter((name) => !known.has(name)).length
  ]
}

const byDistance = Order.mapInput(Order.Tuple([Order.Number, Order.Number, Order.Number]), distance)

/** The issues of the closest members of a union: the request was most likely meant to be one of them. */
export const closest = (issues: Issues): Issues => {
  if (!Arr.isReadonlyArrayNonEmpty(issues)) return issues
  const least = Arr.min(issues, byDistance)
  return issues.filter((issue) => byDistance(issue, least) === 0)
}

/** A leaf of an issue. */
export interface Leaf {
  readonly path: ReadonlyArray<PropertyKey>
  /** The text that the schema has for it. */
  readonly message: string | undefined
  readonly isMissing: boolean
}

const textOf = (annotations: { readonly message?: unknown } | undefined): string | undefined =>
  typeof annotations?.message === "string" ? annotations.message : undefined

const addLeaves = (issue: Issue.Issue, path: ReadonlyArray<PropertyKey>, into: Array<Leaf>): void => {
  const add = (message: string | undefined, isMissing = false): void => {
    into.push({ path, message, isMissing })
  }
  switch (issue._tag) {
    case "Pointer":
      return addLeaves(issue.issue, [...path, ...issue.path], into)
    case "Composite":
      return issue.issues.slice(0, maxIssues).forEach((inner) => addLeaves(inner, path, into))
    case "AnyOf": {
      const message = textOf(issue.ast.annotations)
      const inner = message === undefined ? closest(issue.issues) : []
      return inner.length === 0 ? add(message) : inner.slice(0, maxIssues).forEach((one) => addLeaves(one, path, into))
    }
    case "Filter": {
      const message = textOf(issue.filter.annotations)
      return message === undefined ? addLeaves(issue.issue, path, into) : add(message)
    }
    case "Encoding":
      return addLeaves(issue.issue, path, into)
    case "InvalidType":
      return add(textOf(issue.ast.annotations))
    case "InvalidValue":
      return add(textOf(issue.annotations))
    case "MissingKey":
      return add(undefined, true)
    default:
      return add(undefined)
  }
}

/**
 * The leaves of an issue: of the closest members of every union, and as many of a list or a map as an error reports.
 */
export const leavesOf = (issue: Issue.Issue): ReadonlyArray<Leaf> => {
  const leaves: Array<Leaf> = []
  addLeaves(issue, [], leaves)
  return leaves
}
