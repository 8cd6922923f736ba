/** Reads a setup from the text of a file. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import * as Constraint from "../models/internal/constraint.js"
import { missing, type Violation, violations } from "../plane/validation.js"
import * as Text from "./jsonc.js"
import { IdentitySetup, type SetupParseError } from "./model.js"

const toReason = ({ constraint }: Violation): string =>
  constraint === undefined
    ? "has the wrong type or value"
    : constraint === missing
    ? "is missing"
    : constraint.replace(Constraint.prefix, "must")

const toProblems = (issue: Issue.Issue): ReadonlyArray<Text.Problem> =>
  violations(issue).map((violation) => ({
    // JSON has no symbols as keys.
    path: violation.path as Text.Path,
    reason: toReason(violation)
  }))

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

const decode = Parser.decodeUnknownResult(IdentitySetup, { errors: "all", onExcessProperty: "ignore" })

const encode = Schema.encodeSync(IdentitySetup)

export const parse = (text: string, file: string): Effect.Effect<IdentitySetup, SetupParseError> =>
  Effect.gen(function*() {
    const document = yield* Text.parse(text, file)
    const setup = yield* Effect.mapError(
      Effect.fromResult(decode(document.value)),
      (issue) => document.toError(toProblems(issue))
    )
    const unknown = unknownMembers(document.value, encode(setup))
    return unknown.length > 0 ? yield* document.toError(unknown) : setup
  })
