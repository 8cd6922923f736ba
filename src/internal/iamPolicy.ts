/** IAM policies: their schema, and whether they allow a call. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Issue from "effect/SchemaIssue"
import * as Constraint from "./models/constraint.js"

// -----------------------------------------------------------------------------
// Patterns
// -----------------------------------------------------------------------------

/** Whether a value matches a pattern with `*` and `?`, in time proportional to the product of their lengths. */
export const isLike = (pattern: string, value: string): boolean => {
  let position = 0
  let star = -1
  let resumeAt = 0
  for (let index = 0; index < value.length; index++) {
    if (pattern[position] === "*") {
      star = position++
      resumeAt = index--
    } else if (pattern[position] === "?" || pattern[position] === value[index]) {
      position++
    } else if (star === -1) {
      return false
    } else {
      // The last star takes one more character.
      position = star + 1
      index = resumeAt++
    }
  }
  return /^\**$/.test(pattern.slice(position))
}

/** Splits an ARN into its six parts. The last one can have colons. */
const splitArn = (arn: string): ReadonlyArray<string> => {
  const parts = arn.split(":")
  return [...parts.slice(0, 5), parts.slice(5).join(":")]
}

/** Whether an ARN matches a pattern, part by part. */
const isArnLike = (pattern: string, arn: string): boolean => {
  if (pattern === "*") return true
  const parts = splitArn(arn)
  return splitArn(pattern).every((part, index) => isLike(part, parts[index] ?? ""))
}

/**
 * Whether an ARN matches a pattern of `Resource`. "If the * wildcard is the last character of a resource ARN segment,
 * it can expand to match beyond the colon boundaries" (IAM user guide).
 */
const isResourceLike = (pattern: string, arn: string): boolean => {
  if (pattern === "*") return true
  const colons = [...arn.matchAll(/:/g)].map(({ index }) => index)
  const parts = splitArn(pattern)
  let starts: ReadonlyArray<number> = [0]
  for (const part of parts.slice(0, -1)) {
    const matches = (start: number, end: number) =>
      (part.endsWith("*") || !arn.slice(start, end).includes(":")) && isLike(part, arn.slice(start, end))
    starts = colons.filter((end) => starts.some((start) => start <= end && matches(start, end))).map((end) => end + 1)
  }
  return starts.some((start) => isLike(parts.at(-1) ?? "", arn.slice(start)))
}

/** An ARN, or a pattern of ARNs, with its six parts. */
const arnPattern = /^arn(:[^:\s]*){4}:\S+$/

// -----------------------------------------------------------------------------
// Conditions
// -----------------------------------------------------------------------------

type Test = (value: string, expected: string) => boolean

/** Reads a decimal number, unlike `0x10` and an empty string. */
const readNumber = (number: string): number =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) ? Number(number) : NaN

/** An ISO 8601 date, or seconds since the epoch. */
const readTime = (time: string): number =>
  /^[+-]?\d+$/.test(time) ? Number(time) * 1000 : Option.match(DateTime.make(time), {
    onNone: () => NaN,
    onSome: DateTime.toEpochMillis
  })

const comparisons = (type: string, read: (value: string) => number): ReadonlyArray<readonly [string, Test]> => [
  [`${type}Equals`, (value, expected) => read(value) === read(expected)],
  [`${type}LessThan`, (value, expected) => read(value) < read(expected)],
  [`${type}LessThanEquals`, (value, expected) => read(value) <= read(expected)],
  [`${type}GreaterThan`, (value, expected) => read(value) > read(expected)],
  [`${type}GreaterThanEquals`, (value, expected) => read(value) >= read(expected)]
]

const isSame: Test = (value, expected) => value.toLowerCase() === expected.toLowerCase()

/** IAM stores any value of Bool and Null, and each one but `true` means false. */
const isTrue = (value: string): boolean => isSame(value, "true")

const tests: ReadonlyMap<string, Test> = new Map([
  ["StringEquals", (value, expected) => value === expected],
  ["StringEqualsIgnoreCase", isSame],
  ["StringLike", (value, expected) => isLike(expected, value)],
  ["ArnEquals", (value, expected) => isArnLike(expected, value)],
  ["ArnLike", (value, expected) => isArnLike(expected, value)],
  ["Bool", (value, expected) => isTrue(value) === isTrue(expected)],
  ...comparisons("Numeric", readNumber),
  ...comparisons("Date", readTime)
])

const negations = new Map(
  [...tests].filter(([name]) => /^(String|Arn|Numeric|Date)(Equals|Like)/.test(name))
    .map(([name, test]) => [name.replace(/(?=Equals|Like)/, "Not"), test])
)

const parseOperator = (operator: string) => {
  const [, quantifier, name = "", ifExists] = /^(ForAllValues|ForAnyValue)?:?(\w+?)(IfExists)?$/.exec(operator) ?? []
  const test = tests.get(name) ?? negations.get(name)
  return test && operator === `${quantifier === undefined ? "" : `${quantifier}:`}${name}${ifExists ?? ""}`
    ? { quantifier, test, isNegative: negations.has(name), ifExists: ifExists !== undefined }
    : undefined
}

/** The condition keys that calls can have. A star stands for the key of a tag. */
export const conditionKeys: ReadonlyArray<string> = [
  "aws:CurrentTime",
  "aws:PrincipalArn",
  "aws:RequestTag/*",
  "aws:ResourceTag/*",
  "aws:TagKeys",
  "bedrock-agentcore:InboundJwtClaim/aud",
  "bedrock-agentcore:InboundJwtClaim/client_id",
  "bedrock-agentcore:InboundJwtClaim/iss",
  "bedrock-agentcore:InboundJwtClaim/scope",
  "bedrock-agentcore:InboundJwtClaim/sub",
  "bedrock-agentcore:userid",
  "kms:ViaService",
  "sts:DurationSeconds",
  "sts:IdentityTokenAudience",
  "sts:SigningAlgorithm"
]

/** Keys with several values. An operator needs `ForAnyValue` or `ForAllValues` to match a value, even a single one. */
const multiValued = new Set([
  "aws:tagkeys",
  "bedrock-agentcore:inboundjwtclaim/aud",
  "bedrock-agentcore:inboundjwtclaim/scope",
  "sts:identitytokenaudience"
])

// -----------------------------------------------------------------------------
// Schema
// -----------------------------------------------------------------------------

const toList = <A>(value: A | ReadonlyArray<A> | undefined): ReadonlyArray<A> =>
  // `Array.isArray` does not narrow a read-only array.
  value === undefined ? [] : Array.isArray(value) ? value : [value as A]

const oneOrMany = <A, I>(item: Schema.Codec<A, I>) => Schema.Union([item, Schema.Array(item)])

const Patterns = Constraint.optional(oneOrMany(Schema.String))

const Condition = Schema.Record(
  Schema.String,
  Schema.Record(Schema.String, oneOrMany(Schema.Union([Schema.String, Schema.Number, Schema.Boolean])))
)

/** `expected` completes "must". */
const problemAt = (path: ReadonlyArray<PropertyKey>, expected: string) =>
  new Issue.Pointer(path, Constraint.problem(expected))

const notEmpty = "not be empty"

const noVariable = "not have a policy variable, which is not evaluated here"

const findValueProblem = (operator: string, value: string): string | undefined => {
  if (value.includes("${")) return noVariable
  if (/Numeric/.test(operator) && !Number.isFinite(readNumber(value))) return "be a decimal number"
  if (/Date/.test(operator) && Number.isNaN(readTime(value))) return "be an ISO 8601 date, or seconds since 1970"
  if (/Arn/.test(operator) && value !== "*" && !arnPattern.test(value)) return "be *, or an ARN with six parts"
  return undefined
}

const findKeyProblems = (operator: string, key: string, values: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  if (key.includes("${")) return [noVariable]
  if (!conditionKeys.some((known) => isLike(known.toLowerCase(), key.toLowerCase()))) {
    return [`be a condition key that is evaluated here: ${conditionKeys.join(", ")}`]
  }
  return values.length === 0 ? [notEmpty] : values.flatMap((value) => findValueProblem(operator, String(value)) ?? [])
}

const findConditionProblems = (condition: typeof Condition.Type) =>
  Object.entries(condition).flatMap(([operator, keys]) => {
    const path = ["Condition", operator]
    if (operator !== "Null" && parseOperator(operator) === undefined) {
      return [problemAt(path, "be a condition operator of the type String, Arn, Numeric, Date, Bool or Null")]
    }
    if (Object.keys(keys).length === 0) return [problemAt(path, notEmpty)]
    return Object.entries(keys).flatMap(([key, values]) =>
      findKeyProblems(operator, key, toList(values)).map((problem) => problemAt([...path, key], problem))
    )
  })

const actionPattern = /^(\*|[\w-]+:[\w*?]+)$/

const resourcePattern = new RegExp(`^\\*$|${arnPattern.source}`)

/** The actions of other services that are authorized here. */
const otherActions = [
  ...["DescribeKey", "Sign"].map((name) => `kms:${name}`),
  ...["CreateSecret", "DeleteSecret", "GetSecretValue", "PutSecretValue"].map((name) => `secretsmanager:${name}`),
  ...["GetWebIdentityToken", "TagGetWebIdentityToken"].map((name) => `sts:${name}`)
]

/** Statements about other actions never apply here, so their resources and conditions can be any. */
const isRelevant = ({ Action }: { readonly Action?: string | ReadonlyArray<string> | undefined }): boolean =>
  Action === undefined || toList(Action).some((action) =>
    /^(\*|bedrock-agentcore:)/i.test(action)
    || otherActions.some((other) => isLike(action.toLowerCase(), other.toLowerCase()))
  )

const findPatternProblems = (
  statement: { readonly [name: string]: unknown },
  names: readonly [string, string],
  pattern: RegExp,
  form: string
) => {
  const [name, ...others] = names.filter((name) => statement[name] !== undefined)
  if (name === undefined || others.length > 0) return [problemAt([], `have either ${names.join(" or ")}`)]
  const values = toList(statement[name] as string | ReadonlyArray<string>)
  if (values.length === 0) return [problemAt([name], notEmpty)]
  const wrong = values.find((value) => value.includes("${") || !pattern.test(value))
  return wrong === undefined ? [] : [problemAt([name], wrong.includes("${") ? noVariable : `be ${form}`)]
}

const Statement = Schema.Struct({
  /** The name of the statement in messages. Letters and digits, unique in the policy. */
  Sid: Constraint.optional(Constraint.matching(/^[A-Za-z0-9]*$/)),
  /** A deny takes precedence. */
  Effect: Schema.Literals(["Allow", "Deny"]),
  /** Actions such as `bedrock-agentcore:GetResourceApiKey`, with `*` and `?`. */
  Action: Patterns,
  /** All actions but these, instead of `Action`. */
  NotAction: Patterns,
  /** ARNs with `*` and `?`, or `*`. */
  Resource: Patterns,
  /** All resources but these, instead of `Resource`. */
  NotResource: Patterns,
  /** Values by condition operator and condition key. All of them must hold. */
  Condition: Constraint.optional(Condition)
}).check(Schema.makeFilter((statement) => [
  ...findPatternProblems(statement, ["Action", "NotAction"], actionPattern, "*, or a service and an action"),
  ...isRelevant(statement)
    ? [
      ...findPatternProblems(statement, ["Resource", "NotResource"], resourcePattern, "*, or an ARN with six parts"),
      ...findConditionProblems(statement.Condition ?? {})
    ]
    : []
]))

const findStatementProblems = (statements: ReadonlyArray<typeof Statement.Type>) =>
  statements.length === 0
    ? [problemAt(["Statement"], notEmpty)]
    : statements.flatMap(({ Sid = "" }, index) =>
      Sid !== "" && statements.findIndex((other) => other.Sid === Sid) < index
        ? [problemAt(["Statement", index, "Sid"], "be unique in the policy")]
        : []
    )

/**
 * An identity-based policy. What is not evaluated here is an error: principals, policy variables, and other operators
 * and condition keys.
 */
export const Policy = Schema.Struct({
  /** The version of the policy language. */
  Version: Constraint.optional(Schema.Literals(["2012-10-17", "2008-10-17"])),
  /** Has no effect. */
  Id: Constraint.optional(Schema.String),
  /** One statement, or several. */
  Statement: oneOrMany(Statement)
}).check(Schema.makeFilter(({ Statement }) => findStatementProblems(toList(Statement))))

export type Policy = typeof Policy.Type

// -----------------------------------------------------------------------------
// Evaluation
// -----------------------------------------------------------------------------

/** One action on one resource, with the values of its condition keys. Absent keys are undefined. */
export interface Call {
  /** As in `sts:GetWebIdentityToken`. */
  readonly action: string
  readonly resource: string
  readonly context: { readonly [key: string]: string | ReadonlyArray<string> | undefined }
}

/** A statement, and how messages name it. */
export interface Named {
  readonly name: string
  readonly statement: typeof Statement.Type
}

type Decision =
  | { readonly _tag: "Allowed"; readonly by: ReadonlyArray<string> }
  | { readonly _tag: "ExplicitDeny" | "ImplicitDeny"; readonly advice: string }

const matchesAction = ({ Action, NotAction }: typeof Statement.Type, { action }: Call): boolean =>
  toList(Action ?? NotAction).some((pattern) => isLike(pattern.toLowerCase(), action.toLowerCase()))
    === (Action !== undefined)

const matchesResource = ({ NotResource, Resource }: typeof Statement.Type, { resource }: Call): boolean =>
  toList(Resource ?? NotResource).some((pattern) => isResourceLike(pattern, resource)) === (Resource !== undefined)

/** Whether a statement decides about a call if its conditions hold. */
export const isAbout = (statement: typeof Statement.Type, call: Call): boolean =>
  matchesAction(statement, call) && matchesResource(statement, call)

const holds = (
  operator: string,
  key: string,
  expected: ReadonlyArray<string>,
  found: ReadonlyArray<string>
): boolean => {
  const parsed = parseOperator(operator)
  // `Null` is the only operator that is not parsed. The values of one key are alternatives.
  if (parsed === undefined) return expected.some((value) => isTrue(value) === (found.length === 0))
  const { ifExists, isNegative, quantifier, test } = parsed
  if (found.length === 0) return ifExists || quantifier === "ForAllValues" || (isNegative && quantifier === undefined)
  if (quantifier === undefined && multiValued.has(key)) return false
  // A value that is not an ARN matches neither ArnLike nor ArnNotLike.
  const isReadable = (value: string) => !/Arn/.test(operator) || arnPattern.test(value)
  const passes = (value: string) => isReadable(value) && expected.some((one) => test(value, one)) !== isNegative
  return quantifier === "ForAllValues" || (quantifier === undefined && isNegative)
    ? found.every(passes)
    : found.some(passes)
}

/** Describes the first condition that does not hold. */
const findUnmet = ({ Condition = {} }: typeof Statement.Type, { context }: Call): string | undefined => {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), toList(value)]))
  for (const [operator, keys] of Object.entries(Condition)) {
    for (const [key, expected] of Object.entries(keys)) {
      const name = key.toLowerCase()
      if (!holds(operator, name, toList(expected).map(String), values.get(name) ?? [])) {
        return `the condition '${operator} ${key}'${
          /^For|^Null/.test(operator) || !multiValued.has(name) ? "" : " (write ForAnyValue or ForAllValues before it)"
        }`
      }
    }
  }
  return undefined
}

/** The statements of policies, with their names: the `Sid`, or the position. */
export const statementsOf = (policies: ReadonlyArray<Policy>): ReadonlyArray<Named> =>
  policies.flatMap(({ Statement }, policy) =>
    toList(Statement).map((statement, index) => ({
      name: statement.Sid === undefined
        ? `statement ${index + 1}${policies.length === 1 ? "" : ` of policy ${policy + 1}`}`
        : `statement '${statement.Sid}'`,
      statement
    }))
  )

const advise = (allows: ReadonlyArray<Named>, call: Call): string => {
  const conditional = allows.find(({ statement }) => matchesResource(statement, call))
  if (conditional) return `${findUnmet(conditional.statement, call)} of ${conditional.name} does not hold`
  return allows[0] === undefined
    ? `no statement allows the action: add one with the action ${call.action} and the resource ${call.resource}`
    : `add the resource ${call.resource} to ${allows[0].name}`
}

/** Evaluates policies as IAM does: a deny precedes an allow, and without an allow the call is denied. */
export const evaluate = (policies: ReadonlyArray<Policy>, call: Call): Decision => {
  const ofAction = statementsOf(policies).filter(({ statement }) => matchesAction(statement, call))
  const matching = ofAction.filter(({ statement }) =>
    matchesResource(statement, call) && findUnmet(statement, call) === undefined
  )
  const deny = matching.find(({ statement }) => statement.Effect === "Deny")
  if (deny !== undefined) return { _tag: "ExplicitDeny", advice: `${deny.name} denies it` }
  if (matching.length > 0) return { _tag: "Allowed", by: matching.map(({ name }) => name) }
  return {
    _tag: "ImplicitDeny",
    advice: advise(ofAction.filter(({ statement }) => statement.Effect === "Allow"), call)
  }
}
