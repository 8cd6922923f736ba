/**
 * Issues of values that others sent: large, deep, or secret. `prune` makes them safe to format.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import * as ParseResult from "effect/ParseResult"
import type * as AST from "effect/SchemaAST"

/**
 * The number of issues that an error reports. A request over HTTP can have as many invalid items as bytes.
 *
 * @internal
 */
export const maxIssues = 100

type Issues = ReadonlyArray<ParseResult.ParseIssue>

/**
 * The issues of a composite.
 *
 * @internal
 */
export const issuesOf = (issue: ParseResult.Composite): Issues =>
  Arr.isArray(issue.issues) ? issue.issues as Issues : [issue.issues as ParseResult.ParseIssue]

/** Whether a type has literals only. An optional literal counts too. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || ast._tag === "UndefinedKeyword" || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: ParseResult.ParseIssue): boolean =>
  (issue._tag === "Type" || issue._tag === "Composite") && isLiteral(issue.ast)

/** How far a value is from a member of a union: literals of another one, missing members, unknown members. */
const distance = (
  issue: ParseResult.ParseIssue
): readonly [discriminators: number, missing: number, unknown: number] => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "TypeLiteral") return [Infinity, Infinity, Infinity]
  const known = new Set(issue.ast.propertySignatures.map(({ name }) => name))
  const members: object = Object(issue.actual)
  const inner = issuesOf(issue).map((member) => member._tag === "Pointer" ? member.issue : member)
  return [
    inner.filter(isOtherLiteral).length,
    // Counted here, because the parser reports only the issues of the discriminator, if it has one.
    issue.ast.propertySignatures.filter(({ isOptional, name }) => !isOptional && !Object.hasOwn(members, name)).length,
    Object.keys(members).filter((name) => !known.has(name)).length
  ]
}

const byDistance = Order.mapInput(Order.Tuple(Order.Number, Order.Number, Order.Number), distance)

/**
 * The issues of the closest members of a union: the request was most likely meant to be one of them.
 *
 * @internal
 */
export const closest = (issues: Issues): Issues => {
  if (!Arr.isReadonlyArrayNonEmpty(issues)) return issues
  const least = Arr.min(issues, byDistance)
  return issues.filter((issue) => byDistance(issue, least) === 0)
}

/**
 * Keeps the issues of the closest member of every union, and as many of a list or a map as an error reports. Drops the values: the
 * formatter turns a value into text, which takes long for a large one and overflows the stack for a deep one.
 *
 * @internal
 */
export const prune = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Composite": {
      const issues = issuesOf(issue)
      const kept = (issue.ast._tag === "Union" ? closest(issues) : issues).slice(0, maxIssues).map(prune)
      return Arr.isReadonlyArrayNonEmpty(kept) ? new ParseResult.Composite(issue.ast, undefined, kept) : issue
    }
    case "Pointer":
      return new ParseResult.Pointer(issue.path, undefined, prune(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, undefined, issue.kind, prune(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(issue.ast, undefined, issue.kind, prune(issue.issue))
    case "Type":
      return new ParseResult.Type(issue.ast, undefined, issue.message)
    default:
      return issue
  }
}
