/**
 * Reads the issues of Effect as violations: which type a member must have, and which name was probably meant.
 *
 * A violation contains names of members and the type of a value. It never contains a value, which may be a secret.
 */
import * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import * as Constraint from "../models/constraint.js"
import { closestName, type Path, type Rule, toAwsSentence, type Violation, wrongType } from "../models/violation.js"

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
const closestIssues = (issues: Issues): Issues => {
  const distances = issues.map(unionDistance)
  const least = Math.min(...distances)
  return issues.filter((_, index) => distances[index] === least)
}

const listOf: { readonly [item: string]: string } = {
  "a string": "a list of strings",
  "an object": "a list of objects"
}

const describeDeclaration = (ast: AST.Declaration): string => {
  const [type] = ast.typeParameters
  if (type === undefined) {
    const expected = ast.annotations?.["expected"]
    return typeof expected === "string" ? expected : "of another type"
  }
  return Constraint.checksBeforeMembers(ast)
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
      return [...new Set(ast.types.filter((type) => !isUndefined(type)).map(describe))].join(" or ")
    default:
      return "of another type"
  }
}

/** The maximum number of violations that an error reports. A request over HTTP can have one invalid item per byte. */
const maxViolations = 100

type Violations = ReadonlyArray<Violation>

const literalsOf = (ast: AST.AST): ReadonlyArray<string> =>
  ast._tag === "Union" ? ast.types.flatMap(literalsOf) : ast._tag === "Literal" ? [String(ast.literal)] : []

/** A value that is none of the literals. The input of a request from the wire is not reported. */
const readLiteral = (issue: Issue.InvalidType | Issue.AnyOf): Rule => {
  const expected = literalsOf(issue.ast)
  if (!Issue.hasInput(issue)) return { rule: "value", expected }
  return typeof issue.input === "string"
    ? { rule: "value", expected, suggestion: closestName(issue.input, expected) }
    : wrongType(`one of [${expected.join(", ")}]`, issue.input)
}

const readType = (issue: Issue.InvalidType | Issue.AnyOf): Rule => {
  if (isLiteral(issue.ast) && !isUndefined(issue.ast)) return readLiteral(issue)
  if (issue.ast._tag === "Never") return { rule: "name", expected: [] }
  // A file has the encoded type. The schema of a program's request has no encoding.
  return Issue.hasInput(issue) ? wrongType(describe(AST.toEncoded(issue.ast)), issue.input) : { rule: "type" }
}

/** The issues of the closest members that say more than "wrong type", or else the types of all members. */
const readUnion = (issue: Issue.AnyOf, path: Path): Violations => {
  const issues = closestIssues(issue.issues.filter((one) => one._tag !== "InvalidType" || !isUndefined(one.ast)))
  const specific = issues.filter((one) => one._tag !== "InvalidType" || isLiteral(one.ast))
  return isLiteral(issue.ast) || specific.length === 0
    ? [{ path, ...readType(issue) }]
    : specific.flatMap((one) => readIssue(one, path))
}

/** An unknown name that is close to a missing member is one mistake, so it is one violation. */
const readMembers = (issues: Issues, ast: AST.Objects, input: unknown, path: Path): Violations => {
  const expected = ast.propertySignatures.map(({ name }) => String(name))
  const given: object = Object(input)
  // A name that the request has already is not a suggestion.
  const absent = expected.filter((name) => !Object.hasOwn(given, name))
  const renamed = new Set<string>()
  const read = issues.map((member) => {
    if (member._tag !== "Pointer" || member.issue._tag !== "UnexpectedKey") return readIssue(member, path)
    const suggestion = closestName(String(member.path[0]), absent)
    if (suggestion !== undefined) renamed.add(suggestion)
    return [{ rule: "name" as const, path: [...path, ...member.path], expected, suggestion }]
  })
  return read.flat().filter(({ path: [...name], rule }) =>
    !(rule === "missing" && name.length === path.length + 1 && renamed.has(String(name.at(-1))))
  )
}

const readIssue = (issue: Issue.Issue, path: Path): Violations => {
  const leaf = (rule: Rule = { rule: "type" }) => [{ path, ...rule }]
  switch (issue._tag) {
    case "Pointer":
      return readIssue(issue.issue, [...path, ...issue.path])
    case "Composite": {
      const issues = issue.issues.slice(0, maxViolations)
      return issue.ast._tag === "Objects"
        ? readMembers(issues, issue.ast, issue.input, path)
        : issues.flatMap((one) => readIssue(one, path))
    }
    case "Filter": {
      const rule = Constraint.ruleOf(issue.filter.annotations)
      return rule === undefined ? readIssue(issue.issue, path) : leaf(rule)
    }
    case "Encoding":
      return readIssue(issue.issue, path)
    case "AnyOf":
      return readUnion(issue, path)
    case "InvalidType":
      return leaf(readType(issue))
    case "InvalidValue":
      return leaf(Constraint.ruleOf(issue.annotations))
    case "MissingKey":
      return leaf({ rule: "missing" })
    default:
      return leaf()
  }
}

/** The violations in an issue, without duplicates, at most 100. */
export const readViolations = (issue: Issue.Issue): Violations => {
  const found = new Map(
    readIssue(issue, []).map((one) => [`${JSON.stringify(one.path.map(String))}${toAwsSentence(one)}`, one])
  )
  return [...found.values()].slice(0, maxViolations)
}
