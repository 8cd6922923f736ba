/**
 * The limits of the AWS service model as schemas, and the members that several operations share. The issues of these
 * schemas carry the rules that a value violates.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import * as Transformation from "effect/SchemaTransformation"
import { type Rule, toAwsSentence } from "./violation.js"

const ruleKey = "effect-agentcore-identity/rule"

const annotate = (rule: Rule) => ({ message: toAwsSentence(rule), [ruleKey]: rule })

export const ruleOf = (annotations: { readonly [name: string]: unknown } | undefined): Rule | undefined =>
  // Only `annotate` sets the annotation.
  annotations?.[ruleKey] as Rule | undefined

/** The limits as keywords of JSON Schema, such as `minLength`. */
const limits = (unit: "Items" | "Length" | "Properties", min: number, max: number) => ({
  ...min === 0 ? {} : { [`min${unit}`]: min },
  ...max === Infinity ? {} : { [`max${unit}`]: max }
})

export const atLeast = (length: number): string => `have length greater than or equal to ${length}`
export const atMost = (length: number): string => `have length less than or equal to ${length}`

/** The issue of a value that breaks a rule. `expected` completes "must". */
export const problem = (expected: string): Issue.Issue => new Issue.InvalidValue(annotate({ rule: "limit", expected }))

/** A check by a function that returns what a value must do, or undefined. */
export const check = <A>(
  violation: (value: A) => string | undefined,
  annotations?: Schema.Annotations.Filter
): AST.Filter<A> =>
  Schema.makeFilter((value) => {
    const expected = violation(value)
    return expected === undefined ? undefined : problem(expected)
  }, annotations)

// -----------------------------------------------------------------------------
// Strings and numbers
// -----------------------------------------------------------------------------

/**
 * The pattern of a whole string: an expression of the service model, unchanged, or one of this library. `check`
 * replaces an expression of the model that does not hold at AWS, or takes too long.
 */
type Pattern = string | RegExp | { readonly model: string; readonly check: RegExp }

/** `expression` is what a message shows. The service model has neither anchors nor escaped slashes. */
const readPattern = (pattern: Pattern): { readonly check: RegExp; readonly expression: string } => {
  if (typeof pattern === "string") return { check: new RegExp(`^(?:${pattern})$`), expression: pattern }
  return pattern instanceof RegExp
    ? { check: pattern, expression: pattern.source.replace(/^\^|\$$/g, "").replaceAll("\\/", "/") }
    : { check: pattern.check, expression: pattern.model }
}

/** Counts code points, as the service model does. */
const isLonger = (value: string, length: number): boolean =>
  value.length > length && (value.length > 2 * length || [...value].length > length)

/** A string with limits. */
export const string = (min: number, max: number, pattern?: Pattern): Schema.Codec<string> => {
  const { check: regExp, expression } = pattern === undefined ? {} : readPattern(pattern)
  const violation = (value: string): string | undefined => {
    // UTF-8 cannot encode an unpaired surrogate: strings that differ in one would become the same key or secret.
    if (!value.isWellFormed()) return "be well-formed Unicode"
    if (min > 0 && !isLonger(value, min - 1)) return atLeast(min)
    if (isLonger(value, max)) return atMost(max)
    return regExp?.test(value) === false ? `satisfy regular expression pattern: ${expression}` : undefined
  }
  return Schema.String.check(check(violation, {
    toJsonSchema: () => ({ ...limits("Length", min, max), ...regExp === undefined ? {} : { pattern: regExp.source } }),
    arbitraryConstraint: {
      ...limits("Length", min, max),
      ...regExp === undefined ? {} : { patterns: [{ source: regExp.source, flags: regExp.flags }] }
    }
  }))
}

/** A string of any length. */
export const matching = (pattern: Pattern): Schema.Codec<string> => string(0, Infinity, pattern)

/** Excludes some names. `reason` explains why. */
export const noneOf = (names: ReadonlyArray<string>, reason: string, of: Schema.Codec<string>): Schema.Codec<string> =>
  of.pipe(Schema.check(
    check((value) => names.includes(value) ? `not be one of [${names.join(", ")}]: ${reason}` : undefined)
  ))

const toSecret = Transformation.transform<Redacted.Redacted, string>({
  decode: (value) => Redacted.make(value),
  encode: Redacted.value
})

/** Completes "must". A copy of `effect` finds only the values of its own secrets. */
export const readable =
  "be a Redacted whose value can be read: this one was wiped, or the program has two copies of effect (npm ls effect)"

export const isReadable = (secret: Redacted.Redacted<unknown>): boolean => {
  try {
    Redacted.value(secret)
    return true
  } catch {
    return false
  }
}

/** A secret with limits. `Schema.RedactedFromValue` does not report which limit a secret violates. */
export const secret = (min: number, max: number, pattern?: Pattern): Schema.Codec<Redacted.Redacted, string> => {
  const value = string(min, max, pattern)
  const whole = Schema.declareConstructor<Redacted.Redacted>()(
    [value],
    ([value]) => (input, ast, options) =>
      !Redacted.isRedacted(input)
        ? Effect.fail(new Issue.InvalidType(ast, input, options))
        : !isReadable(input)
        ? Effect.fail(problem(readable))
        // A valid secret stays the same object.
        : Effect.mapEager(Parser.decodeUnknownEffect(value)(Redacted.value(input), options), () =>
          input as Redacted.Redacted),
    { toCodecArbitrary: ({ typeParameters: [value] }) => Schema.link<Redacted.Redacted>()(value, toSecret) }
  )
  return value.pipe(Schema.decodeTo(whole, toSecret))
}

export const whole = (min: number, max: number): Schema.Codec<number> =>
  Schema.Number.check(
    // A number that is not whole has one issue.
    Schema.isInt(annotate({ rule: "limit", expected: "be a whole number" })).abort(),
    Schema.isGreaterThanOrEqualTo(
      min,
      annotate({ rule: "limit", expected: `have value greater than or equal to ${min}` })
    ),
    Schema.isLessThanOrEqualTo(max, annotate({ rule: "limit", expected: `have value less than or equal to ${max}` }))
  )

// -----------------------------------------------------------------------------
// Lists and maps
// -----------------------------------------------------------------------------

const sizeOf = (value: unknown): number =>
  Array.isArray(value) ? value.length : Predicate.isObject(value) ? Object.keys(value).length : 0

const beforeMembersKey = "effect-agentcore-identity/checksWhole"

/**
 * Checks a value as a whole before its members. A check of Effect runs after all members were checked and reported.
 * Values are generated from `generated`: most generated values of the schema itself would be invalid.
 */
const checkBeforeMembers = <A, I>(
  schema: Schema.Codec<A, I>,
  problemOf: (input: unknown) => string | ReadonlyArray<Issue.Issue>,
  generated = () => schema
): Schema.Codec<A, I> =>
  Schema.declareConstructor<A, I>()(
    [schema],
    ([inner]) => (input, ast, options) => {
      const found = problemOf(input)
      if (typeof found === "string") return Effect.fail(problem(found))
      const [first, ...rest] = found
      return first === undefined
        ? Parser.decodeUnknownEffect(inner)(input, options)
        : Effect.fail(new Issue.Composite(ast, [first, ...rest], input, options))
    },
    {
      [beforeMembersKey]: true,
      // A declaration has no JSON Schema.
      toCodecJson: () => Schema.link<A>()(schema, Transformation.passthrough()),
      toCodecArbitrary: () => Schema.link<A>()(Schema.toType(generated()), Transformation.passthrough())
    }
  )

/** Whether a declaration is of {@link checkBeforeMembers}. Its type parameter is the schema of the value. */
export const checksBeforeMembers = (ast: AST.Declaration): boolean => ast.annotations?.[beforeMembersKey] === true

/** Limits the size of a list or a map. The maximum and the keys are checked before the items. */
const sized = <A, I>(
  schema: Schema.Codec<A, I>,
  min: number,
  max: number,
  keyIssues: (value: unknown) => ReadonlyArray<Issue.Issue> = () => []
): Schema.Codec<A, I> =>
  checkBeforeMembers(
    schema.pipe(Schema.check(
      check((value: A) => sizeOf(value) < min ? atLeast(min) : undefined, {
        toJsonSchema: ({ type }) => limits(type === "array" ? "Items" : "Properties", min, max),
        // A list reads `Length`, a map `Properties`.
        arbitraryConstraint: { ...limits("Length", min, max), ...limits("Properties", min, max) }
      })
    )),
    (input) => sizeOf(input) > max ? atMost(max) : keyIssues(input)
  )

export const items = <A, I>(
  item: Schema.Codec<A, I>,
  min: number,
  max = Infinity
): Schema.Codec<ReadonlyArray<A>, ReadonlyArray<I>> => sized(Schema.Array(item), min, max)

export const stringMap = (
  key: Schema.Codec<string>,
  value: Schema.Codec<string>,
  max = Infinity,
  min = 0
): Schema.Codec<{ readonly [x: string]: string }> => {
  const decodeKey = Parser.decodeUnknownResult(key)
  // A record treats an invalid key as an excess property: it ignores the key, or reports it as an unknown name.
  const keyIssues = (map: unknown) =>
    !Predicate.isObject(map) ? [] : Object.keys(map).flatMap((name) => {
      const result = decodeKey(name)
      return result._tag === "Failure" ? [new Issue.Pointer([name], result.failure)] : []
    })
  // `Record` wants a schema of keys, and the type of a codec of strings does not say that it is one.
  return sized(Schema.Record(key as unknown as typeof Schema.String, value), min, max, keyIssues)
}

// -----------------------------------------------------------------------------
// Members
// -----------------------------------------------------------------------------

/** An enumeration in a response. Editors complete the values known today; later values of AWS are kept. */
export const openEnum = <L extends string>(): Schema.Codec<L | (string & {})> =>
  // The type checker treats `L | (string & {})` as `string`. An editor suggests the members of `L`.
  Schema.String as unknown as Schema.Codec<L | (string & {})>

/** An optional member: absent or `undefined`. The type `Codec` keeps the declarations of the package short. */
export const optional = <A, I, RD, RE>(
  schema: Schema.Codec<A, I, RD, RE>
): Schema.optional<Schema.Codec<A, I, RD, RE>> => Schema.optional(schema)

/** A request without members. A struct without members would accept every value. */
export const noMembers: Schema.Codec<{ readonly [name: string]: never }> = Schema.Record(Schema.String, Schema.Never)

/** A value that Effect has no schema for, such as a function. `expected` completes "must be". */
export const guard = <A>(expected: string, is: (value: unknown) => value is A): Schema.Codec<A> =>
  Schema.declare(is, { expected })

/** The issues of missing members. The service model has no rule that a member requires another one. */
export const required = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  path: ReadonlyArray<string> = []
): ReadonlyArray<Issue.Issue> =>
  names.filter((name) => members[name] === undefined).map((name) =>
    new Issue.Pointer([...path, name], new Issue.MissingKey(undefined))
  )

/** The issues of members that must be absent. `reason` completes "must not be given". */
export const forbidden = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  reason: string
): ReadonlyArray<Issue.Issue> =>
  names.filter((name) => members[name] !== undefined).map((name) =>
    new Issue.Pointer([name], problem(`not be given ${reason}`))
  )

/** A value as JSON: a `Redacted` becomes its string. */
export type Encoded<A> = A extends Redacted.Redacted<infer Value> ? Value
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<Encoded<Item>>
  : A extends object ? { readonly [K in keyof A]: Encoded<A[K]> }
  : A

/** A struct of the service model with a rule about members that belong together. The type `A` includes the rule. */
export const exact = <A>() =>
<S, I>(
  schema: [A] extends [S] ? Schema.Codec<S, I> : never,
  rule: (value: S) => ReadonlyArray<Issue.Issue>
): Schema.Codec<A, Encoded<A>> =>
  // Every value that the rule accepts is an `A`, which TypeScript does not see.
  (schema as Schema.Codec<S, I>).pipe(Schema.check(Schema.makeFilter(rule))) as unknown as Schema.Codec<A, Encoded<A>>

type OneOf<A> = { readonly [K in keyof A]: { readonly [P in K]: A[P] } }[keyof A]

/** A union of the service model: an object with exactly one of the members. */
export const union = <M extends { readonly [name: string]: Schema.Codec<unknown, unknown> }>(members: M) => {
  const entries = Object.entries(members)
  const message = `have exactly one of the members [${Object.keys(members).join(", ")}]`
  const count = (value: unknown) =>
    Predicate.isObject(value)
      ? entries.filter(([name]) => Object.hasOwn(value, name) && value[name] !== undefined).length
      : 0
  const one = Schema.Struct(Object.fromEntries(entries.map(([name, member]) => [name, Schema.optional(member)]))).check(
    check((value) => count(value) === 1 ? undefined : message, {
      toJsonSchema: () => ({ maxProperties: 1 })
    })
  )
  const generated = () => Schema.Union(entries.map(([name, member]) => Schema.Struct({ [name]: member })))
  // Several members are one issue, even if their values are invalid. A string is one of the members, without its name.
  const isWrong = (input: unknown) => typeof input === "string" || count(input) > 1
  return checkBeforeMembers(one, (input) => isWrong(input) ? message : [], generated) as unknown as Schema.Codec<
    OneOf<{ readonly [K in keyof M]: M[K]["Type"] }>,
    OneOf<{ readonly [K in keyof M]: M[K]["Encoded"] }>
  >
}

// -----------------------------------------------------------------------------
// Members that several operations share
// -----------------------------------------------------------------------------

/** How long an authorization URL and its session are valid (AWS documentation). Milliseconds. */
export const sessionLifetime = 10 * 60_000

export const WorkloadName = string(3, 255, "[A-Za-z0-9_.-]+")

export const ProviderName = string(1, 128, String.raw`[a-zA-Z0-9\-_]+`)

/** Mobile and desktop applications use custom schemes for redirects. */
export const ReturnUrl = string(1, 2048, String.raw`\w+:(\/?\/?)[^\s]+`)

export const UserId: Schema.Codec<string> = string(1, 128)

const part = "[A-Za-z0-9-_=]"

const other = "[^A-Za-z0-9-_=\\x0A\\x0D\\u2028\\u2029]"

/**
 * Matches what the service model matches, whose dots match any character. The expression of the model would take hours
 * for a long string.
 */
const wholeToken = new RegExp(
  `^(?:${part}{5,}|${part}{3,}${other}${part}+|${part}+${other}${part}{3,}|${part}+${other}${part}+${other}${part}+)$`
)

/** The form `x.y.z` (AWS service model). */
export const UserToken: Schema.Codec<Redacted.Redacted, string> = secret(1, 131072, {
  model: "[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+",
  check: wholeToken
})
