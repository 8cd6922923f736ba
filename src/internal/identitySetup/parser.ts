/**
 * Parses files in JSON with comments by schemas. They may refer to environment variables. Problems contain no value of
 * the file.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Parser from "effect/SchemaParser"
import type { Node, ParseError as SyntaxError } from "jsonc-parser"
import { readConfig } from "../environment.js"
import { loadPackage } from "../loadPackage.js"
import { toWords, type Violation } from "../models/violation.js"
import { readViolations } from "../plane/issues.js"
import { SetupParseError } from "./setupModels.js"

type Path = ReadonlyArray<string | number>

interface Problem {
  readonly path: Path
  readonly reason: string
}

type Jsonc = typeof import("jsonc-parser")

/** `line:column`, from 1. */
const formatPosition = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split(/\r\n|[\r\n]/)
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`
}

const formatPath = (path: Path): string =>
  path.reduce<string>(
    (text, step) =>
      typeof step === "number"
        ? `${text}[${step}]`
        : /^[\w$-]+$/.test(step)
        ? `${text}${text === "" ? "" : "."}${step}`
        : `${text}[${JSON.stringify(step)}]`,
    ""
  )

/**
 * Returns the name in `{ "$env": "NAME" }`. No key of the service model contains a dollar sign, nor does a tag's key.
 */
const getVariableName = (node: Node): string | undefined => {
  const [member, ...others] = node.children ?? []
  const [key, value] = member?.children ?? []
  return node.type === "object" && others.length === 0 && key?.value === "$env" && value?.type === "string"
    ? value.value
    : undefined
}

/** The variables that describe the authorization server of a local server. */
const hintOf = (name: string): string =>
  name.startsWith("AGENTCORE_LOCAL_OAUTH_")
    ? ". A local server with an authorization server sets it: `npx agentcore-identity local --authorization-server`, which "
      + "`npx agentcore-identity env` prints for a shell, or `authorizationServer: true` in a program"
    : ""

const toValue = (node: Node, path: Path): Effect.Effect<unknown, Problem> => {
  const name = getVariableName(node)
  if (name !== undefined) {
    return Effect.mapError(
      readConfig(Config.String(name)),
      () => ({ path, reason: `the environment variable ${name} is not set${hintOf(name)}` })
    )
  }
  switch (node.type) {
    case "object":
      return Effect.gen(function*() {
        const members = new Map<string, unknown>()
        for (const { children: [key, value] = [] } of node.children ?? []) {
          if (key === undefined || value === undefined) continue
          const memberPath = [...path, String(key.value)]
          if (members.has(key.value)) return yield* Effect.fail({ path: memberPath, reason: "is a duplicate" })
          members.set(key.value, yield* toValue(value, memberPath))
        }
        return Object.fromEntries(members)
      })
    case "array":
      return Effect.forEach(node.children ?? [], (item, index) => toValue(item, [...path, index]))
    default:
      return Effect.succeed(node.value)
  }
}

const closestNode = (jsonc: Jsonc, root: Node, path: Path): Node =>
  jsonc.findNodeAtLocation(root, [...path]) ?? (path.length === 0 ? root : closestNode(jsonc, root, path.slice(0, -1)))

const parse = Effect.fnUntraced(function*(text: string, file: string, isJson: boolean) {
  const jsonc = yield* Effect.orDie(loadPackage("jsonc-parser", "parseTree", () => import("jsonc-parser")))
  const syntaxError = (offset: number, reason: string) =>
    new SetupParseError({ file, problems: [{ path: "", position: formatPosition(text, offset), reason }] })
  const errors: Array<SyntaxError> = []
  // The byte order mark becomes a space, which keeps the positions.
  const root = yield* Effect.try({
    try: () =>
      jsonc.parseTree(text.replace(/^\uFEFF/, " "), errors, { allowTrailingComma: !isJson, disallowComments: isJson }),
    // The parser is recursive.
    catch: () => syntaxError(0, "is nested too deeply")
  })
  const [error] = errors
  if (root === undefined || error !== undefined) {
    // The code is a phrase, such as `CommaExpected`.
    const code = error === undefined ? "InvalidJson" : jsonc.printParseErrorCode(error.error)
    return yield* syntaxError(error?.offset ?? 0, code.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase())
  }
  /** Reports each problem at the position of its value, or of the closest value around it. */
  const toError = (problems: ReadonlyArray<Problem>) =>
    new SetupParseError({
      file,
      problems: problems.map((problem) => ({ ...problem, offset: closestNode(jsonc, root, problem.path).offset }))
        .sort((a, b) => a.offset - b.offset)
        .map(({ offset, path, reason }) => ({ path: formatPath(path), position: formatPosition(text, offset), reason }))
    })
  const value = yield* Effect.mapError(toValue(root, []), (problem) => toError([problem]))
  return { value, toError }
})

const toProblem = (violation: Violation): Problem => ({
  // A key in JSON is never a symbol.
  path: violation.path as Path,
  reason: toWords(violation)
})

/** Whether a property with a wrong name explains another violation: a missing property, or a rule about its object. */
const explains = (violation: Violation, other: Violation): boolean => {
  if (violation.rule !== "name" || violation.suggestion === undefined) return false
  const object = violation.path.slice(0, -1)
  return Equal.equals(other.path, object)
    || other.rule === "missing" && Equal.equals(other.path, [...object, violation.suggestion])
}

/**
 * Makes a parser. Its errors have the positions of the problems in the file. `isJson` rejects comments and trailing
 * commas.
 */
export const makeParser = <A, I>(schema: Schema.Codec<A, I>, { isJson = false } = {}) => {
  const decode = (onExcessProperty: "error" | "ignore") => {
    // A violation contains the type of a value.
    const run = Parser.decodeUnknownResult(schema, { errors: "all", onExcessProperty, reportInput: true })
    return (value: unknown) => Result.mapError(run(value), readViolations)
  }
  const decodeAll = decode("error")
  const decodeKnown = decode("ignore")

  /** Rules about several properties run only without unknown properties. */
  const findProblems = (value: unknown, found: ReadonlyArray<Violation>): ReadonlyArray<Problem> => {
    const others = Result.match(decodeKnown(value), { onFailure: (violations) => violations, onSuccess: () => [] })
    const isNew = (other: Violation) => !found.some((one) => Equal.equals(one, other) || explains(one, other))
    return [...found, ...others.filter(isNew)].map(toProblem)
  }

  return (text: string, file: string): Effect.Effect<A, SetupParseError> =>
    Effect.gen(function*() {
      const document = yield* parse(text, file, isJson)
      return yield* Effect.mapError(
        Effect.fromResult(decodeAll(document.value)),
        (found) => document.toError(findProblems(document.value, found))
      )
    })
}
