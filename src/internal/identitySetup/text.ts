/**
 * The text of a setup file as data: JSON with comments, whose references to the environment are resolved. No value of it is in a
 * problem that is reported.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { Node, ParseError } from "jsonc-parser"

/** @internal */
export type Path = ReadonlyArray<string | number>

/** @internal */
export interface Problem {
  readonly path: Path
  readonly reason: string
}

/** @internal */
export interface Document {
  readonly value: unknown
  /** Where the value at a path is, or the nearest one around it: `line:column`, from 1. */
  readonly positionOf: (path: Path) => string
}

type Jsonc = typeof import("jsonc-parser")

const syntaxProblems: { readonly [code: string]: string } = {
  InvalidSymbol: "there is something that is no JSON",
  InvalidNumberFormat: "a number is malformed",
  PropertyNameExpected: "the name of a member is expected",
  ValueExpected: "a value is expected",
  ColonExpected: "a colon is expected",
  CommaExpected: "a comma is expected",
  CloseBraceExpected: "a closing brace is expected",
  CloseBracketExpected: "a closing bracket is expected",
  EndOfFileExpected: "there is more after the end",
  InvalidCommentToken: "a comment is malformed",
  UnexpectedEndOfComment: "a comment is not closed",
  UnexpectedEndOfString: "a text is not closed",
  UnexpectedEndOfNumber: "a number is malformed",
  InvalidUnicode: "a text has a malformed \\u escape",
  InvalidEscapeCharacter: "a text has an unknown escape",
  InvalidCharacter: "a text has a control character"
}

const position = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split(/\r\n|[\r\n]/)
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`
}

/** `{ "$env": "NAME" }`: the dollar is in no key of a tag, so this stands for nothing else. */
const environmentName = (node: Node): string | undefined => {
  const [member, ...others] = node.children ?? []
  const [key, value] = member?.children ?? []
  return node.type === "object" && others.length === 0 && key?.value === "$env" && value?.type === "string"
    ? value.value
    : undefined
}

const toValue = (node: Node, path: Path): Effect.Effect<unknown, Problem> => {
  const name = environmentName(node)
  if (name !== undefined) {
    return Effect.mapError(Config.string(name), () => ({ path, reason: `the environment variable ${name} is not set` }))
  }
  switch (node.type) {
    case "object":
      return Effect.gen(function*() {
        const members = new Map<string, unknown>()
        for (const { children: [key, value] = [] } of node.children ?? []) {
          if (key === undefined || value === undefined) continue
          const memberPath = [...path, String(key.value)]
          if (members.has(key.value)) return yield* Effect.fail({ path: memberPath, reason: "is there twice" })
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

const nearest = (jsonc: Jsonc, root: Node, path: Path): Node =>
  jsonc.findNodeAtLocation(root, [...path]) ?? (path.length === 0 ? root : nearest(jsonc, root, path.slice(0, -1)))

/**
 * The error is the position and the reason.
 *
 * @internal
 */
export const parse = (text: string): Effect.Effect<Document, Problem & { readonly position: string }> =>
  Effect.gen(function*() {
    const jsonc = yield* Effect.promise(() => import("jsonc-parser"))
    const errors: Array<ParseError> = []
    const root = jsonc.parseTree(text.replace(/^\uFEFF/, " "), errors, { allowTrailingComma: true })
    const [error] = errors
    if (root === undefined || error !== undefined) {
      return yield* Effect.fail({
        path: [],
        position: position(text, error?.offset ?? 0),
        reason: error === undefined
          ? "there is no value in it"
          : syntaxProblems[jsonc.printParseErrorCode(error.error)] ?? "it is not JSON"
      })
    }
    const positionOf = (path: Path) => position(text, nearest(jsonc, root, path).offset)
    const value = yield* Effect.mapError(
      toValue(root, []),
      (problem) => ({ ...problem, position: positionOf(problem.path) })
    )
    return { value, positionOf }
  })
