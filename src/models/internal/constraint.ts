/**
 * The limits of the AWS service model as schema refinements, in the words that AWS has for a violation. No message repeats
 * the value: half of the values are secrets.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type { Redacted } from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Lazy from "./lazy.js"
import { memoize } from "./memoize.js"

/** @internal */
export const prefix = "Member must"

const atLeast = (length: number) => ({ message: () => `${prefix} have length greater than or equal to ${length}` })
const atMost = (length: number) => ({ message: () => `${prefix} have length less than or equal to ${length}` })

// -----------------------------------------------------------------------------
// Texts and numbers
// -----------------------------------------------------------------------------

/**
 * The pattern of a whole text: an expression of the service model, unchanged, or one of this library. `check` replaces an
 * expression of the model that does not hold at AWS, or takes too long.
 *
 * @internal
 */
export type Pattern = string | RegExp | { readonly model: string; readonly check: RegExp }

/** An expression of this library in the form of the service model: without anchors and the escapes of a literal. */
const sourceOf = (pattern: RegExp): string => pattern.source.replace(/^\^|\$$/g, "").replaceAll("\\/", "/")

const readPattern = (pattern: Pattern): { readonly check: RegExp; readonly expression: string } =>
  typeof pattern === "string"
    ? { check: new RegExp(`^(?:${pattern})$`), expression: pattern }
    : pattern instanceof RegExp
    ? { check: pattern, expression: sourceOf(pattern) }
    : { check: pattern.check, expression: pattern.model }

/** A text with limits, in one check: a program that starts makes a schema for each of several. */
const makeLimited = (min: number, max: number, pattern: Pattern | undefined): Schema.Schema<string> => {
  const { check, expression } = pattern === undefined ? {} : readPattern(pattern)
  const violation = (text: string): string | undefined =>
    // An unpaired surrogate has no encoding in UTF-8: texts that differ in one would be the same key, or the same secret.
    !text.isWellFormed()
      ? `${prefix} be well-formed Unicode`
      : text.length < min
      ? atLeast(min).message()
      : text.length > max
      ? atMost(max).message()
      : check?.test(text) === false
      ? `${prefix} satisfy regular expression pattern: ${expression}`
      : undefined
  return Schema.String.pipe(Schema.filter(violation, {
    jsonSchema: {
      ...min === 0 ? {} : { minLength: min },
      ...max === Infinity ? {} : { maxLength: max },
      ...check === undefined ? {} : { pattern: check.source }
    },
    arbitrary: () => (fc) =>
      (check === undefined ? fc.string({ minLength: min, maxLength: max }) : fc.stringMatching(check))
        .filter((text) => violation(text) === undefined)
  }))
}

const limited = (min: number, max: number, pattern: Pattern | undefined): Schema.Schema<string> =>
  Lazy.schema(() => makeLimited(min, max, pattern))

/**
 * A text of any length.
 *
 * @internal
 */
export const matching = (pattern: Pattern): Schema.Schema<string> => limited(0, Infinity, pattern)

/**
 * A text that is none of some names. `reason` says why not.
 *
 * @internal
 */
export const noneOf = (
  names: ReadonlyArray<string>,
  reason: string,
  of: Schema.Schema<string>
): Schema.Schema<string> =>
  Lazy.schema(() =>
    of.pipe(Schema.filter((text) => !names.includes(text), {
      message: () => `${prefix} not be one of [${names.join(", ")}]: ${reason}`
    }))
  )

/** @internal */
export const text = (min: number, max: number, pattern?: Pattern): Schema.Schema<string> => limited(min, max, pattern)

/** @internal */
export const secret = (min: number, max: number, pattern?: Pattern): Schema.Redacted<Schema.Schema<string>> =>
  Lazy.schema(() => Schema.Redacted(text(min, max, pattern)))

/** @internal */
export const oneOf = <const L extends readonly [string, ...Array<string>]>(...literals: L): Schema.Literal<[...L]> =>
  Lazy.schema(() =>
    Schema.Literal(...literals).annotations({
      // Several literals are a union: its message replaces the messages of its members only with `override`.
      message: () => ({ message: `${prefix} satisfy enum value set: [${literals.join(", ")}]`, override: true })
      // `const` makes the tuple readonly, `Schema.Literal` takes a mutable one.
    }) as unknown as Schema.Literal<[...L]>
  )

/** @internal */
export const whole = (min: number, max: number): Schema.Schema<number> =>
  Lazy.schema(() =>
    Schema.Number.pipe(
      Schema.int({ message: () => `${prefix} be a whole number` }),
      Schema.greaterThanOrEqualTo(min, { message: () => `${prefix} have value greater than or equal to ${min}` }),
      Schema.lessThanOrEqualTo(max, { message: () => `${prefix} have value less than or equal to ${max}` })
    )
  )

// -----------------------------------------------------------------------------
// Lists and maps
// -----------------------------------------------------------------------------

const sizeOf = (value: unknown): number =>
  Array.isArray(value) ? value.length : Predicate.isRecord(value) ? Object.keys(value).length : 0

/** The type constructor of a schema that is checked as a whole before its members are. */
const Whole = "effect-agentcore-identity/Whole"

type Problem = string | ReadonlyArray<ParseResult.ParseIssue> | undefined

/** Checks a value as a whole before its members: a schema checks, and reports, every member first. */
const checkWhole = <A, I>(
  schema: () => Schema.Schema<A, I>,
  problem: (input: unknown) => Problem,
  complete: <B>(result: B, input: unknown) => B = (result) => result
): Schema.Schema<A, I> => {
  const check =
    <B>(run: (input: unknown, options: AST.ParseOptions) => Effect.Effect<B, ParseResult.ParseIssue>) =>
    (input: unknown, options: AST.ParseOptions, ast: AST.Declaration) => {
      const found = problem(input)
      return typeof found === "string"
        ? ParseResult.fail(new ParseResult.Type(ast, input, found))
        : found !== undefined && Arr.isNonEmptyReadonlyArray(found)
        ? ParseResult.fail(new ParseResult.Composite(ast, input, found))
        : ParseResult.map(run(input, options), (result) => complete(result, input))
    }
  return Lazy.schema(() =>
    Schema.declare([schema()], {
      decode: (inner) => check(ParseResult.decodeUnknown(inner)),
      encode: (inner) => check(ParseResult.encodeUnknown(inner))
    }, { arbitrary: (inner) => inner, typeConstructor: { _tag: Whole } })
  )
}

/**
 * Whether a declaration is a schema that is checked as a whole first. The schema is its type parameter.
 *
 * @internal
 */
export const isWhole = (ast: AST.Declaration): boolean => typeConstructorOf(ast)["_tag"] === Whole

/**
 * Limits the size of a list or a map. A refinement runs after all items were checked, and each of them was reported: the
 * maximum comes first, and so do the keys.
 */
const sized = <A, I>(
  schema: () => Schema.Schema<A, I>,
  min: number,
  max: number,
  keyIssues: (value: unknown) => ReadonlyArray<ParseResult.ParseIssue> = () => [],
  complete?: <B>(result: B, input: unknown) => B
): Schema.Schema<A, I> =>
  checkWhole(
    () =>
      schema().pipe(Schema.filter((value) => sizeOf(value) >= min && sizeOf(value) <= max, {
        ...atLeast(min),
        jsonSchema: { min, max }
      })),
    (input) => sizeOf(input) > max ? atMost(max).message() : keyIssues(input),
    complete
  )

/** @internal */
export const items = <A, I>(
  item: Schema.Schema<A, I>,
  min: number,
  max = Infinity
): Schema.Schema<ReadonlyArray<A>, ReadonlyArray<I>> => sized(() => Schema.Array(item), min, max)

/** @internal */
export const textMap = (
  key: Schema.Schema<string>,
  value: Schema.Schema<string>,
  max = Infinity,
  min = 0
): Schema.Schema<{ readonly [x: string]: string }> => {
  const validate = memoize(() => ParseResult.validateEither(key))
  // To a record, a key beyond its limits is an excess property: ignored, or reported as one.
  const keyIssues = (map: unknown) =>
    !Predicate.isRecord(map) ? [] : Object.keys(map).flatMap((name) =>
      Either.match(validate(name), {
        onLeft: (issue) => [new ParseResult.Pointer(name, map, issue)],
        onRight: () => []
      })
    )
  // A record assigns its members, which loses one named `__proto__`.
  const copy = <B>(result: B, input: unknown): B =>
    // The result is a map of texts, and equal to the input.
    Predicate.isRecord(input) && Object.hasOwn(input, "__proto__")
      ? Object.fromEntries(Object.entries(input)) as B
      : result
  return sized(() => Schema.Record({ key, value }), min, max, keyIssues, copy)
}

// -----------------------------------------------------------------------------
// Members
// -----------------------------------------------------------------------------

/**
 * An enumeration in an answer: the values known today complete in an editor, and a value that AWS adds tomorrow is kept
 * as it is.
 *
 * @internal
 */
export const openEnum = <L extends string>(): Schema.Schema<L | (string & {})> =>
  // `L | (string & {})` is `string` to the type checker and a list of suggestions to an editor.
  Schema.String as Schema.Schema<L | (string & {})>

/**
 * An optional member: absent or `undefined`, and left out of what is sent.
 *
 * @internal
 */
export const optional = <A, I, R>(schema: Schema.Schema<A, I, R>): Schema.optional<Schema.Schema<A, I, R>> =>
  Schema.optional(schema)

/**
 * A request without members. To a struct without members, every value would be valid.
 *
 * @internal
 */
export const noMembers: Schema.Schema<{ readonly [name: string]: never }> = Lazy.schema(() =>
  Schema.Record({ key: Schema.String, value: Schema.Never })
)

const typeConstructorOf = (ast: AST.Declaration): { readonly [member: string]: unknown } => {
  const constructor = ast.annotations[AST.TypeConstructorAnnotationId]
  return Predicate.isRecord(constructor) ? constructor : {}
}

const Guard = "effect-agentcore-identity/Guard"

/**
 * A value of code that no schema describes, such as a function. `expected` says what it must be.
 *
 * @internal
 */
export const guard = <A>(expected: string, is: (value: unknown) => value is A): Schema.Schema<A> =>
  Lazy.schema(() => Schema.declare(is, { typeConstructor: { _tag: Guard, expected, is } }))

/**
 * The guard of a declaration, if it has one.
 *
 * @internal
 */
export const guardOf = (
  ast: AST.Declaration
): { readonly expected: string; readonly is: (value: unknown) => boolean } | undefined => {
  const { _tag, expected, is } = typeConstructorOf(ast)
  // `guard` wrote both members.
  return _tag === Guard ? { expected: expected as string, is: is as (value: unknown) => boolean } : undefined
}

const unknown = new AST.Type(Schema.Unknown.ast)

/**
 * The issues of members that are required, but not there. The service model cannot say that a member is required because
 * of another one.
 *
 * @internal
 */
export const required = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  path: ReadonlyArray<string> = []
): ReadonlyArray<ParseResult.ParseIssue> =>
  names.filter((name) => members[name] === undefined).map((name) =>
    new ParseResult.Pointer(Arr.append(path, name), members, new ParseResult.Missing(unknown))
  )

/**
 * The issues of members that are there, but must not be. `reason` completes "Member must not be given".
 *
 * @internal
 */
export const forbidden = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  reason: string
): ReadonlyArray<ParseResult.ParseIssue> =>
  names.filter((name) => members[name] !== undefined).map((name) =>
    new ParseResult.Pointer(
      name,
      members,
      new ParseResult.Type(Schema.Unknown.ast, undefined, `${prefix} not be given ${reason}`)
    )
  )

/**
 * A value as JSON: the text of a `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export type Encoded<A> = A extends Redacted<infer Value> ? Value
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<Encoded<Item>>
  : A extends object ? { readonly [K in keyof A]: Encoded<A[K]> }
  : A

/**
 * A struct of the service model with a rule about members that belong together, under a type `A` that has the rule built
 * in. The rule sees values whose members are valid.
 *
 * @internal
 */
export const exact = <A>() =>
<S, I>(
  schema: [A] extends [S] ? Schema.Schema<S, I> : never,
  rule: (value: S) => ReadonlyArray<ParseResult.ParseIssue>
): Schema.Schema<A, Encoded<A>> =>
  // The rule leaves the values of `A` alone, which the types cannot tell.
  Lazy.schema(() =>
    (schema as Schema.Schema<S, I>).pipe(Schema.filter(rule)) as unknown as Schema.Schema<A, Encoded<A>>
  )

type OneOf<A> = { readonly [K in keyof A]: { readonly [P in K]: A[P] } }[keyof A]

/**
 * A union of the service model: an object with exactly one of the members.
 *
 * @internal
 */
export const union = <M extends { readonly [name: string]: Schema.Schema.AnyNoContext }>(members: M) => {
  const names = Object.keys(members)
  const fields = () =>
    Object.fromEntries(names.map((name) => [name, Schema.optional(members[name] as Schema.Schema.AnyNoContext)]))
  type Type = OneOf<{ readonly [K in keyof M]: Schema.Schema.Type<M[K]> }>
  type Wire = OneOf<{ readonly [K in keyof M]: Schema.Schema.Encoded<M[K]> }>
  const message = () => `${prefix} have exactly one of the members [${names.join(", ")}]`
  const count = (value: unknown) =>
    Predicate.isRecord(value)
      ? names.filter((name) => Object.hasOwn(value, name) && value[name] !== undefined).length
      : 0
  const one = () =>
    Schema.Struct(fields()).pipe(
      Schema.filter((value) => count(value) === 1, { message, jsonSchema: { maxProperties: 1 } })
    )
  // Several members are wrong, whatever is in them. The refinement makes it one, which the types cannot tell.
  return checkWhole(one, (input) => count(input) > 1 ? message() : undefined) as unknown as Schema.Schema<Type, Wire>
}
