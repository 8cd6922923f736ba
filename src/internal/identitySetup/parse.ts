/**
 * Reads a setup from the text of a file.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Constraint from "../../models/internal/constraint.js"
import { closestShape } from "../validation.js"
import { IdentitySetup, type SetupParseError } from "./model.js"
import * as Text from "./text.js"

const wrongType = "has the wrong type or value"

// The formatter's own messages quote the value, which may be a secret.
const toReason = ({ _tag, message }: ParseResult.ArrayFormatterIssue): string =>
  _tag === "Missing" || message === `${Constraint.prefix} not be null`
    ? "is missing"
    : message.startsWith(Constraint.prefix)
    ? message.replace(Constraint.prefix, "must")
    : wrongType

const isInside = (path: Text.Path, outer: Text.Path): boolean =>
  path.length > outer.length && outer.every((step, index) => path[index] === step)

const isSamePath = (a: Text.Path, b: Text.Path): boolean => Text.formatPath(a) === Text.formatPath(b)

/** A union reports one issue per member. A problem of a part says more than the wrong type of the whole. */
const mostSpecific = (problems: ReadonlyArray<Text.Problem>): ReadonlyArray<Text.Problem> =>
  problems.filter((problem, index) =>
    problems.findIndex(({ path, reason }) => isSamePath(path, problem.path) && reason === problem.reason) === index
    && !(problem.reason === wrongType
      && problems.some(({ path, reason }) =>
        isInside(path, problem.path) || (isSamePath(path, problem.path) && reason !== wrongType)
      ))
  )

const toProblems = (issue: ParseResult.ParseIssue): ReadonlyArray<Text.Problem> =>
  mostSpecific(
    ParseResult.ArrayFormatter.formatIssueSync(closestShape(issue)).map((formatted) => ({
      // JSON has no symbols as keys.
      path: formatted.path as Text.Path,
      reason: toReason(formatted)
    }))
  )

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The members that decoding dropped. Only decoding decides which member of a union a value is. */
const unknownMembers = (value: unknown, known: unknown, path: Text.Path = []): ReadonlyArray<Text.Problem> =>
  !isObject(value) || !isObject(known) ? [] : Object.entries(value).flatMap(([name, member]) => {
    const memberPath = [...path, Array.isArray(value) ? Number(name) : name]
    return Object.hasOwn(known, name)
      ? unknownMembers(member, known[name], memberPath)
      : [{ path: memberPath, reason: "is not a known member" }]
  })

const decode = ParseResult.decodeUnknownEither(IdentitySetup, { errors: "all", onExcessProperty: "ignore" })

const encode = Schema.encodeSync(IdentitySetup)

/** @internal */
export const parse = (text: string, file: string): Effect.Effect<IdentitySetup, SetupParseError> =>
  Effect.gen(function*() {
    const document = yield* Text.parse(text, file)
    const setup = yield* Effect.mapError(decode(document.value), (issue) => document.toError(toProblems(issue)))
    const unknown = unknownMembers(document.value, encode(setup))
    return unknown.length > 0 ? yield* document.toError(unknown) : setup
  })
