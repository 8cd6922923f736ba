/**
 * What is wrong with a request that a program made: the type that a member must have, and the name that was most likely meant.
 *
 * No explanation shows a value, which may be a secret. It shows names of members, and the type of a value.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Constraint from "../models/internal/constraint.js"
import { closest, issuesOf, maxIssues } from "../models/internal/issues.js"
import { nearest } from "./nearest.js"

// -----------------------------------------------------------------------------
// Words
// -----------------------------------------------------------------------------

const withItems: { readonly [item: string]: string } = {
  "a string": "a list of strings",
  "an object": "a list of objects"
}

const describeDeclaration = (ast: AST.Declaration): string => {
  const guard = Constraint.guardOf(ast)
  const [type] = ast.typeParameters
  return guard !== undefined
    ? guard.expected
    : type === undefined
    ? "of another type"
    : Constraint.isWhole(ast)
    ? describe(type)
    : `a Redacted ${describe(type).replace(/^an? /, "")} (Redacted.make)`
}

const isUndefined = (ast: AST.AST): boolean => ast._tag === "UndefinedKeyword"

const describe = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "StringKeyword":
      return "a string"
    case "NumberKeyword":
      return "a number"
    case "BooleanKeyword":
      return "true or false"
    case "Literal":
      return `'${String(ast.literal)}'`
    case "Refinement":
    case "Transformation":
      return describe(ast.from)
    case "Declaration":
      return describeDeclaration(ast)
    case "TupleType":
      return withItems[ast.rest[0] === undefined ? "" : describe(ast.rest[0].type)] ?? "a list"
    case "TypeLiteral":
      return "an object"
    case "Union":
      return Arr.dedupe(ast.types.filter((type) => !isUndefined(type)).map(describe)).join(" or ")
    default:
      return "of another type"
  }
}

const describeValue = (value: unknown): string =>
  value === null || value === undefined
    ? String(value)
    : Array.isArray(value)
    ? "a list"
    : Redacted.isRedacted(value)
    ? "a Redacted"
    : Predicate.isPromiseLike(value)
    ? "a promise"
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`

const suggest = (name: string | undefined): string => name === undefined ? "" : `; did you mean '${name}'?`

/**
 * A member of the wrong type.
 *
 * @internal
 */
export const wrongType = (expected: string, actual: unknown): string =>
  `${Constraint.prefix} be ${expected}, but is ${describeValue(actual)}`

const wrongLiteral = (literals: ReadonlyArray<string>, actual: unknown): string =>
  typeof actual === "string"
    ? `${Constraint.prefix} satisfy enum value set: [${literals.join(", ")}]${suggest(nearest(actual, literals))}`
    : wrongType(`one of [${literals.join(", ")}]`, actual)

const unknownName = (suggestion: string | undefined, names: ReadonlyArray<string>): string =>
  `${Constraint.prefix} have a known name${
    suggestion === undefined ? `, one of [${names.join(", ")}]` : suggest(suggestion)
  }`

// -----------------------------------------------------------------------------
// Issues
// -----------------------------------------------------------------------------

/** Of `unknown`, because the message of a type would replace this one. */
const leaf = (actual: unknown, message: string): ParseResult.ParseIssue =>
  new ParseResult.Type(Schema.Unknown.ast, actual, message)

/** The literals of a type that has nothing else. An optional literal counts too. */
const literalsOf = (ast: AST.AST): ReadonlyArray<string> | undefined => {
  const types = ast._tag === "Union" ? ast.types.filter((type) => !isUndefined(type)) : [ast]
  const literals = types.map((type) =>
    type._tag === "Literal" ? [String(type.literal)] : type._tag === "Union" ? literalsOf(type) : undefined
  )
  return literals.length > 0 && literals.every((literal) => literal !== undefined) ? literals.flat() : undefined
}

/** A value of a wrong type, and not one beyond the limits of its type. */
const isWrongType = (issue: ParseResult.ParseIssue): issue is ParseResult.Type =>
  issue._tag === "Type" && issue.message === undefined && AST.getMessageAnnotation(issue.ast)._tag === "None"

/** The one alternative of a union whose issue says more than "wrong type", or all alternatives. */
const explainUnion = (issue: ParseResult.Composite): ParseResult.ParseIssue => {
  const literals = literalsOf(issue.ast)
  if (literals !== undefined) return leaf(issue.actual, wrongLiteral(literals, issue.actual))
  const issues = closest(
    issuesOf(issue).filter((alternative) => alternative._tag !== "Type" || !isUndefined(alternative.ast))
  )
  const specific = issues.filter((alternative) => !isWrongType(alternative)).map(explain)
  return Arr.isReadonlyArrayNonEmpty(specific)
    // Not of the union, of which the closest alternatives would be searched again.
    ? new ParseResult.Composite(Schema.Unknown.ast, issue.actual, specific)
    : leaf(issue.actual, wrongType(describe(issue.ast), issue.actual))
}

/** An unknown name that is close to a missing member is one mistake, and reported as one. */
const explainMembers = (issue: ParseResult.Composite, ast: AST.TypeLiteral): ParseResult.ParseIssue => {
  const names = ast.propertySignatures.map(({ name }) => String(name))
  const given: object = Object(issue.actual)
  const absent = names.filter((name) => !Object.hasOwn(given, name))
  const renamed = new Set<string>()
  const issues = issuesOf(issue).slice(0, maxIssues).map((member) => {
    if (member._tag !== "Pointer" || member.issue._tag !== "Unexpected") return member
    const name = String(member.path)
    // The name of a member that is there already was hardly meant.
    const suggestion = nearest(name, absent)
    if (suggestion !== undefined) renamed.add(suggestion)
    return new ParseResult.Pointer(
      member.path,
      member.actual,
      leaf(member.issue.actual, unknownName(suggestion, names))
    )
  })
  const kept = issues.filter((member) =>
    !(member._tag === "Pointer" && member.issue._tag === "Missing" && renamed.has(String(member.path)))
  ).map(explain)
  return Arr.isReadonlyArrayNonEmpty(kept) ? new ParseResult.Composite(issue.ast, issue.actual, kept) : issue
}

/**
 * Puts the explanations into an issue.
 *
 * @internal
 */
export const explain = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Composite": {
      if (issue.ast._tag === "Union") return explainUnion(issue)
      if (issue.ast._tag === "TypeLiteral") return explainMembers(issue, issue.ast)
      const issues = issuesOf(issue).slice(0, maxIssues).map(explain)
      return Arr.isReadonlyArrayNonEmpty(issues) ? new ParseResult.Composite(issue.ast, issue.actual, issues) : issue
    }
    case "Pointer":
      return new ParseResult.Pointer(issue.path, issue.actual, explain(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, issue.actual, issue.kind, explain(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(issue.ast, issue.actual, issue.kind, explain(issue.issue))
    case "Type": {
      const literals = literalsOf(issue.ast)
      return literals !== undefined
        ? leaf(issue.actual, wrongLiteral(literals, issue.actual))
        : isWrongType(issue)
        ? leaf(issue.actual, wrongType(describe(issue.ast), issue.actual))
        : issue
    }
    default:
      return issue
  }
}
