/**
 * Explains the issues of a value: which type a member must have, and which name was probably meant.
 *
 * An explanation contains names of members and the type of a value. It never contains a value, which may be a secret.
 */
import * as Arr from "effect/Array"
import * as Redacted from "effect/Redacted"
import * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import { closestName, didYouMean, suggest } from "../internal/closestName.js"
import * as Constraint from "../models/internal/constraint.js"

/** The maximum number of issues that an error reports. A request over HTTP can have one invalid item per byte. */
export const maxIssues = 100

// -----------------------------------------------------------------------------
// Unions
// -----------------------------------------------------------------------------

type Issues = ReadonlyArray<Issue.Issue>

const isUndefined = (ast: AST.AST): boolean => ast._tag === "Undefined"

/** Whether a type has only literals. An optional literal counts too. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || isUndefined(ast) || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: Issue.Issue): boolean =>
  (issue._tag === "InvalidType" || issue._tag === "AnyOf") && isLiteral(issue.ast)

/** How far a value is from a member of a union: wrong literals count most, then missing members, then unknown ones. */
const unionDistance = (issue: Issue.Issue): number => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "Objects") return Infinity
  const { propertySignatures } = issue.ast
  const given: object = Object(issue.input)
  const inner = issue.issues.map((member) => member._tag === "Pointer" ? member.issue : member)
  const wrong = inner.filter(isOtherLiteral).length
  // The parser reports only the issues of the discriminator, if there is one. So missing members are counted here.
  const missing = propertySignatures.filter(({ name, type }) => !AST.isOptional(type) && !Object.hasOwn(given, name))
  const known = new Set(propertySignatures.map(({ name }) => name))
  const unknown = Object.keys(given).filter((name) => !known.has(name))
  return (wrong * 1000 + missing.length) * 1000 + Math.min(unknown.length, 999)
}

/** The issues of the closest members of a union, because the request probably means one of them. */
export const closestIssues = (issues: Issues): Issues => {
  const distances = issues.map(unionDistance)
  const least = Math.min(...distances)
  return issues.filter((_, index) => distances[index] === least)
}

// -----------------------------------------------------------------------------
// Explanations
// -----------------------------------------------------------------------------

const listOf: { readonly [item: string]: string } = {
  "a string": "a list of strings",
  "an object": "a list of objects"
}

const describeDeclaration = (ast: AST.Declaration): string => {
  const [type] = ast.typeParameters
  const expected = ast.annotations?.["expected"]
  return type === undefined
    ? typeof expected === "string" ? expected : "of another type"
    : Constraint.isWhole(ast)
    ? describe(type)
    : `a Redacted ${describe(type).replace(/^an? /, "")} (Redacted.make)`
}

const describe = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "String":
      return "a string"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    case "Literal":
      return `'${String(ast.literal)}'`
    case "Declaration":
      return describeDeclaration(ast)
    case "Arrays":
      return listOf[ast.rest[0] === undefined ? "" : describe(ast.rest[0])] ?? "a list"
    case "Objects":
      return "an object"
    case "Union":
      return Arr.dedupe(ast.types.filter((type) => !isUndefined(type)).map(describe)).join(" or ")
    default:
      return "of another type"
  }
}

const describeValue = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return "a list"
  if (Redacted.isRedacted(value)) return "a Redacted"
  if (typeof value !== "object") return `a ${typeof value}`
  return "then" in value && typeof value.then === "function" ? "a promise" : "an object"
}

/** A member of the wrong type. */
export const wrongType = (expected: string, actual: unknown): string =>
  `${Constraint.prefix} be ${expected}, but is ${describeValue(actual)}`

const wrongLiteral = (literals: ReadonlyArray<string>, actual: unknown): string =>
  typeof actual === "string"
    ? `${Constraint.prefix} satisfy enum value set: [${literals.join(", ")}]${didYouMean(actual, literals)}`
    : wrongType(`one of [${literals.join(", ")}]`, actual)

/** How the constraint of an unknown member begins. */
export const knownName = `${Constraint.prefix} have a known name`

const unknownName = (suggestion: string | undefined, names: ReadonlyArray<string>): string =>
  `${knownName}${suggestion === undefined ? `, one of [${names.join(", ")}]` : suggest(suggestion)}`

/** The literals of a type that has only literals. */
const literalsOf = (ast: AST.AST): ReadonlyArray<string> =>
  ast._tag === "Union" ? ast.types.flatMap(literalsOf) : ast._tag === "Literal" ? [String(ast.literal)] : []

/** A value of a wrong type. A value of the right type beyond its limits has a message. */
const isWrongType = (issue: Issue.Issue): boolean =>
  issue._tag === "InvalidType" && issue.ast.annotations?.["message"] === undefined

/** The issues of the closest members that say more than "wrong type", or else the types of all members. */
const describeUnion = (issue: Issue.AnyOf): Issue.Issue => {
  const issues = closestIssues(issue.issues.filter((one) => one._tag !== "InvalidType" || !isUndefined(one.ast)))
  const specific = issues.filter((one) => !isWrongType(one)).map(describeIssue)
  return Arr.isReadonlyArrayNonEmpty(specific)
    ? new Issue.Composite(issue.ast, specific)
    : Constraint.problem(wrongType(describe(issue.ast), issue.input))
}

/** An unknown name that is close to a missing member is one mistake, so it is one issue. */
const describeMembers = (issue: Issue.Composite, ast: AST.Objects): Issues => {
  const names = ast.propertySignatures.map(({ name }) => String(name))
  const given: object = Object(issue.input)
  // A name that the request has already is not a suggestion.
  const absent = names.filter((name) => !Object.hasOwn(given, name))
  const renamed = new Set<string>()
  const issues = issue.issues.slice(0, maxIssues).map((member) => {
    if (member._tag !== "Pointer" || member.issue._tag !== "UnexpectedKey") return member
    const suggestion = closestName(String(member.path[0]), absent)
    if (suggestion !== undefined) renamed.add(suggestion)
    return new Issue.Pointer(member.path, Constraint.problem(unknownName(suggestion, names)))
  })
  return issues.filter((member) =>
    !(member._tag === "Pointer" && member.issue._tag === "MissingKey" && renamed.has(String(member.path[0])))
  )
}

/** Replaces the messages of an issue. */
export const describeIssue = (issue: Issue.Issue): Issue.Issue => {
  switch (issue._tag) {
    case "Composite": {
      const { ast } = issue
      const issues = ast._tag === "Objects" ? describeMembers(issue, ast) : issue.issues.slice(0, maxIssues)
      const described = issues.map(describeIssue)
      return Arr.isReadonlyArrayNonEmpty(described) ? new Issue.Composite(ast, described) : issue
    }
    case "Pointer":
      return new Issue.Pointer(issue.path, describeIssue(issue.issue))
    case "Filter":
      return new Issue.Filter(issue.filter, describeIssue(issue.issue))
    case "Encoding":
      return new Issue.Encoding(issue.ast, describeIssue(issue.issue))
    case "AnyOf":
    case "InvalidType":
      return isLiteral(issue.ast) && !isUndefined(issue.ast)
        ? Constraint.problem(wrongLiteral(literalsOf(issue.ast), issue.input))
        : issue._tag === "AnyOf"
        ? describeUnion(issue)
        : issue.ast._tag === "Never"
        ? Constraint.problem(knownName)
        : isWrongType(issue)
        ? Constraint.problem(wrongType(describe(issue.ast), issue.input))
        : issue
    default:
      return issue
  }
}
