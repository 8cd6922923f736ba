/**
 * What is wrong with a request that a program made: the type that a member must have, and the name that was most likely
 * meant.
 *
 * No explanation shows a value, which may be a secret. It shows names of members, and the type of a value.
 */
import * as Arr from "effect/Array"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import * as Constraint from "../models/internal/constraint.js"
import { closest, maxIssues } from "../models/internal/issues.js"

/** A longer name is no slip of the keyboard. */
const maxNameLength = 64

/** A shorter part occurs in ordinary words. */
const minPartLength = 4

/** Case, hyphens and underscores do not count. */
const normalize = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")

/** The distance of Damerau and Levenshtein: insertions, deletions, replacements and swaps of neighbours. */
const distance = (a: string, b: string): number => {
  let beforeAbove: Array<number> = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeAbove[j - 2] ?? 0) + 1 : Infinity
      row.push(Math.min(replaced, swapped, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    beforeAbove = above
  }
  return row[b.length] ?? 0
}

/** A quarter of the characters may differ. */
const isClose = (a: string, b: string, differences: number): boolean =>
  differences <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 4))

const isPartOf = (part: string, whole: string): boolean => part.length >= minPartLength && whole.includes(part)

/**
 * The name that was most likely meant: the candidate that differs least, else one that is a part of the name, or
 * contains it.
 */
const closestName = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  if (name.length > maxNameLength) return undefined
  const wanted = normalize(name)
  const ranked = candidates.map((candidate) => {
    const normalized = normalize(candidate)
    return { candidate, normalized, differences: distance(wanted, normalized) }
  })
  const [similar] = ranked.filter(({ differences, normalized }) => isClose(wanted, normalized, differences)).sort(
    (a, b) => a.differences - b.differences
  )
  const [part] = ranked.filter(({ normalized }) => isPartOf(normalized, wanted) || isPartOf(wanted, normalized)).sort(
    (a, b) => b.normalized.length - a.normalized.length
  )
  return (similar ?? part)?.candidate
}

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

const isUndefined = (ast: AST.AST): boolean => ast._tag === "Undefined"

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
      return withItems[ast.rest[0] === undefined ? "" : describe(ast.rest[0])] ?? "a list"
    case "Objects":
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

/** A member of the wrong type. */
export const wrongType = (expected: string, actual: unknown): string =>
  `${Constraint.prefix} be ${expected}, but is ${describeValue(actual)}`

const wrongLiteral = (literals: ReadonlyArray<string>, actual: unknown): string =>
  typeof actual === "string"
    ? `${Constraint.prefix} satisfy enum value set: [${literals.join(", ")}]${suggest(closestName(actual, literals))}`
    : wrongType(`one of [${literals.join(", ")}]`, actual)

const unknownName = (suggestion: string | undefined, names: ReadonlyArray<string>): string =>
  `${Constraint.prefix} have a known name${
    suggestion === undefined ? `, one of [${names.join(", ")}]` : suggest(suggestion)
  }`

/** The literals of a type that has nothing else. An optional literal counts too. */
const literalsOf = (ast: AST.AST): ReadonlyArray<string> | undefined => {
  const types = ast._tag === "Union" ? ast.types.filter((type) => !isUndefined(type)) : [ast]
  const literals = types.map((type) =>
    type._tag === "Literal" ? [String(type.literal)] : type._tag === "Union" ? literalsOf(type) : undefined
  )
  return literals.length > 0 && literals.every((literal) => literal !== undefined) ? literals.flat() : undefined
}

/** A value of a wrong type, and not one beyond the limits of its type. */
const isWrongType = (issue: Issue.Issue): issue is Issue.InvalidType =>
  issue._tag === "InvalidType" && issue.ast.annotations?.["message"] === undefined

/** The one alternative of a union whose issue says more than "wrong type", or all alternatives. */
const describeUnion = (issue: Issue.AnyOf): Issue.Issue => {
  const literals = literalsOf(issue.ast)
  if (literals !== undefined) return Constraint.problem(wrongLiteral(literals, issue.input))
  const issues = closest(issue.issues.filter((one) => one._tag !== "InvalidType" || !isUndefined(one.ast)))
  const specific = issues.filter((one) => !isWrongType(one)).map(describeIssue)
  return Arr.isReadonlyArrayNonEmpty(specific)
    ? new Issue.Composite(issue.ast, specific)
    : Constraint.problem(wrongType(describe(issue.ast), issue.input))
}

/** An unknown name that is close to a missing member is one mistake, and reported as one. */
const describeMembers = (issue: Issue.Composite, ast: AST.Objects): Issue.Issue => {
  const names = ast.propertySignatures.map(({ name }) => String(name))
  const given: object = Object(issue.input)
  const absent = names.filter((name) => !Object.hasOwn(given, name))
  const renamed = new Set<string>()
  const issues = issue.issues.slice(0, maxIssues).map((member) => {
    if (member._tag !== "Pointer" || member.issue._tag !== "UnexpectedKey") return member
    const name = String(member.path[0])
    // The name of a member that is there already was hardly meant.
    const suggestion = closestName(name, absent)
    if (suggestion !== undefined) renamed.add(suggestion)
    return new Issue.Pointer(member.path, Constraint.problem(unknownName(suggestion, names)))
  })
  const kept = issues.filter((member) =>
    !(member._tag === "Pointer" && member.issue._tag === "MissingKey" && renamed.has(String(member.path[0])))
  ).map(describeIssue)
  return Arr.isReadonlyArrayNonEmpty(kept) ? new Issue.Composite(issue.ast, kept) : issue
}

/** Replaces the messages of an issue. */
export const describeIssue = (issue: Issue.Issue): Issue.Issue => {
  switch (issue._tag) {
    case "AnyOf":
      return describeUnion(issue)
    case "Composite": {
      if (issue.ast._tag === "Objects") return describeMembers(issue, issue.ast)
      const issues = issue.issues.slice(0, maxIssues).map(describeIssue)
      return Arr.isReadonlyArrayNonEmpty(issues) ? new Issue.Composite(issue.ast, issues) : issue
    }
    case "Pointer":
      return new Issue.Pointer(issue.path, describeIssue(issue.issue))
    case "Filter":
      return new Issue.Filter(issue.filter, describeIssue(issue.issue))
    case "Encoding":
      return new Issue.Encoding(issue.ast, describeIssue(issue.issue))
    case "InvalidType": {
      const literals = literalsOf(issue.ast)
      return literals !== undefined
        ? Constraint.problem(wrongLiteral(literals, issue.input))
        : isWrongType(issue)
        ? Constraint.problem(wrongType(describe(issue.ast), issue.input))
        : issue
    }
    default:
      return issue
  }
}
