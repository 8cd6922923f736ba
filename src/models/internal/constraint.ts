/**
 * The limits of the AWS service model as schema refinements, in the words that AWS has for a violation. No message
 * repeats the value: half of the values are secrets.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Getter from "effect/SchemaGetter"
import * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import * as Transformation from "effect/SchemaTransformation"
import * as Lazy from "./lazy.js"
import { memoize } from "./memoize.js"

export const prefix = "Member must"

const atLeast = (length: number): string => `${prefix} have length greater than or equal to ${length}`
const atMost = (length: number): string => `${prefix} have length less than or equal to ${length}`

/** An issue with a text of its own. */
export const problem = (message: string): Issue.Issue => new Issue.InvalidValue({ message })

/** What a schema is, in the annotations of its AST. */
const kind = "effect-agentcore-identity/kind"

const kindOf = (ast: AST.AST): unknown => ast.annotations?.[kind]

// -----------------------------------------------------------------------------
// Texts and numbers
// -----------------------------------------------------------------------------

/**
 * The pattern of a whole text: an expression of the service model, unchanged, or one of this library. `check` replaces
 * an expression of the model that does not hold at AWS, or takes too long.
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
const makeText = (min: number, max: number, pattern: Pattern | undefined): Schema.Codec<string> => {
  const { check, expression } = pattern === undefined ? {} : readPattern(pattern)
  const violation = (text: string): string | undefined =>
    // An unpaired surrogate has no encoding in UTF-8: texts that differ in one would be the same key, or the same
    // secret.
    !text.isWellFormed()
      ? `${prefix} be well-formed Unicode`
      : text.length < min
      ? atLeast(min)
      : text.length > max
      ? atMost(max)
      : check?.test(text) === false
      ? `${prefix} satisfy regular expression pattern: ${expression}`
      : undefined
  return Schema.String.check(Schema.makeFilter(violation, {
    toJsonSchema: () => ({
      ...min === 0 ? {} : { minLength: min },
      ...max === Infinity ? {} : { maxLength: max },
      ...check === undefined ? {} : { pattern: check.source }
    }),
    arbitraryConstraint: {
      minLength: min,
      ...max === Infinity ? {} : { maxLength: max },
      ...check === undefined ? {} : { patterns: [{ source: check.source, flags: check.flags }] }
    }
  }))
}

export const text = (min: number, max: number, pattern?: Pattern): Schema.Codec<string> =>
  Lazy.schema(() => makeText(min, max, pattern))

/** A text of any length. */
export const matching = (pattern: Pattern): Schema.Codec<string> => text(0, Infinity, pattern)

/** A text that is none of some names. `reason` says why not. */
export const noneOf = (names: ReadonlyArray<string>, reason: string, of: Schema.Codec<string>): Schema.Codec<string> =>
  Lazy.schema(() =>
    of.pipe(
      Schema.check(
        Schema.makeFilter((text: string) =>
          names.includes(text) ? `${prefix} not be one of [${names.join(", ")}]: ${reason}` : undefined
        )
      )
    )
  )

const toSecret = (text: string): Redacted.Redacted => Redacted.make(text)

const toText = (secret: Redacted.Redacted): string => Redacted.value(secret)

/**
 * A secret with limits. `Schema.RedactedFromValue` is not used: of an invalid secret it tells nothing, also not the
 * limit.
 */
export const secret = (min: number, max: number, pattern?: Pattern): Schema.Codec<Redacted.Redacted, string> =>
  Lazy.schema(() => {
    const value = text(min, max, pattern)
    const whole = Schema.declareConstructor<Redacted.Redacted>()(
      [value],
      ([value]) => (input, ast, options) =>
        Redacted.isRedacted(input)
          ? Effect.mapEager(Parser.decodeUnknownEffect(value)(Redacted.value(input), options), () =>
            // Its value has just been checked.
            input as Redacted.Redacted)
          : Effect.fail(new Issue.InvalidType(ast, input, options)),
      {
        [kind]: "Secret",
        toCodecArbitrary: ({ typeParameters: [value] }) =>
          Schema.link<Redacted.Redacted>()(value, {
            decode: Getter.transform(toSecret),
            encode: Getter.transform(toText)
          })
      }
    )
    return value.pipe(Schema.decodeTo(whole, {
      decode: Getter.transform(toSecret),
      encode: Getter.transform(toText)
    }))
  })

export const oneOf = <const L extends readonly [string, ...Array<string>]>(...literals: L): Schema.Literals<L> =>
  Lazy.schema(() =>
    Schema.Literals(literals).annotate({ message: `${prefix} satisfy enum value set: [${literals.join(", ")}]` })
  )

export const whole = (min: number, max: number): Schema.Codec<number> =>
  Lazy.schema(() =>
    Schema.Number.check(
      // Nothing else is said of a number that is not whole.
      Schema.isInt({ message: `${prefix} be a whole number` }).abort(),
      Schema.isGreaterThanOrEqualTo(min, { message: `${prefix} have value greater than or equal to ${min}` }),
      Schema.isLessThanOrEqualTo(max, { message: `${prefix} have value less than or equal to ${max}` })
    )
  )

// -----------------------------------------------------------------------------
// Lists and maps
// -----------------------------------------------------------------------------

const sizeOf = (value: unknown): number =>
  Array.isArray(value) ? value.length : Predicate.isObject(value) ? Object.keys(value).length : 0

type Problem = string | ReadonlyArray<Issue.Issue> | undefined

interface Options<A> {
  readonly complete?: (<B>(result: B, input: unknown) => B) | undefined
  /** The schema that values are generated from. Few values of the schema itself may be without a problem. */
  readonly generated?: (() => Schema.Codec<A, unknown>) | undefined
}

/** Checks a value as a whole before its members: a schema checks, and reports, every member first. */
const checkWhole = <A, I>(
  schema: () => Schema.Codec<A, I>,
  problemOf: (input: unknown) => Problem,
  { complete = (result) => result, generated = schema }: Options<A> = {}
): Schema.Codec<A, I> =>
  Lazy.schema(() =>
    Schema.declareConstructor<A, I>()(
      [schema()],
      ([inner]) => (input, ast, options) => {
        const found = problemOf(input)
        return typeof found === "string"
          ? Effect.fail(problem(found))
          : found !== undefined && Arr.isReadonlyArrayNonEmpty(found)
          ? Effect.fail(new Issue.Composite(ast, found, input, options))
          : Effect.mapEager(Parser.decodeUnknownEffect(inner)(input, options), (result) => complete(result, input))
      },
      {
        [kind]: "Whole",
        // For the JSON Schema: a declaration has none of its own.
        toCodecJson: () => Schema.link<A>()(schema(), Transformation.passthrough()),
        toCodecArbitrary: () =>
          Schema.link<A>()(Schema.toType(generated()), { decode: Getter.passthrough(), encode: Getter.passthrough() })
      }
    )
  )

/** Whether a declaration is a schema that is checked as a whole first. The schema is its type parameter. */
export const isWhole = (ast: AST.Declaration): boolean => kindOf(ast) === "Whole"

/**
 * Limits the size of a list or a map. A check runs after all items were checked, and each of them was reported: the
 * maximum comes first, and so do the keys.
 */
const sized = <A, I>(
  schema: () => Schema.Codec<A, I>,
  min: number,
  max: number,
  keyIssues: (value: unknown) => ReadonlyArray<Issue.Issue> = () => [],
  complete?: <B>(result: B, input: unknown) => B
): Schema.Codec<A, I> => {
  const unit = (name: "Items" | "Length" | "Properties") => ({
    ...min === 0 ? {} : { [`min${name}`]: min },
    ...max === Infinity ? {} : { [`max${name}`]: max }
  })
  const annotations: Schema.Annotations.Filter = {
    toJsonSchema: ({ type }) => unit(type === "array" ? "Items" : "Properties"),
    // A list reads the one, a map the other.
    arbitraryConstraint: { ...unit("Length"), ...unit("Properties") }
  }
  return checkWhole(
    () =>
      schema().pipe(Schema.check(
        Schema.makeFilter((value: A) => sizeOf(value) < min ? atLeast(min) : undefined, annotations)
      )),
    (input) => sizeOf(input) > max ? atMost(max) : keyIssues(input),
    { complete }
  )
}

export const items = <A, I>(
  item: Schema.Codec<A, I>,
  min: number,
  max = Infinity
): Schema.Codec<ReadonlyArray<A>, ReadonlyArray<I>> => sized(() => Schema.Array(item), min, max)

export const textMap = (
  key: Schema.Codec<string>,
  value: Schema.Codec<string>,
  max = Infinity,
  min = 0
): Schema.Codec<{ readonly [x: string]: string }> => {
  const validate = memoize(() => Parser.decodeUnknownResult(key))
  // To a record, a key beyond its limits is an excess property: ignored, or reported as one.
  const keyIssues = (map: unknown) =>
    !Predicate.isObject(map) ? [] : Object.keys(map).flatMap((name) =>
      Result.match(validate(name), {
        onFailure: (issue) => [new Issue.Pointer([name], issue)],
        onSuccess: () => []
      })
    )
  // A record assigns its members, which loses one named `__proto__`.
  const complete = <B>(result: B, input: unknown): B =>
    // The result is a map of texts, and equal to the input.
    Predicate.isObject(input) && Object.hasOwn(input, "__proto__")
      ? Object.fromEntries(Object.entries(input)) as B
      : result
  // The type of a codec does not say that one of strings is of keys.
  return sized(() => Schema.Record(key as unknown as typeof Schema.String, value), min, max, keyIssues, complete)
}

// -----------------------------------------------------------------------------
// Members
// -----------------------------------------------------------------------------

/**
 * An enumeration in an answer: the values known today complete in an editor, and a value that AWS adds tomorrow is kept
 * as it is.
 */
export const openEnum = <L extends string>(): Schema.Codec<L | (string & {})> =>
  // `L | (string & {})` is `string` to the type checker and a list of suggestions to an editor.
  Schema.String as unknown as Schema.Codec<L | (string & {})>

/** An optional member: absent or `undefined`, and left out of what is sent. */
export const optional = <A, I, RD, RE>(
  schema: Schema.Codec<A, I, RD, RE>
): Schema.optional<Schema.Codec<A, I, RD, RE>> => Schema.optional(schema)

/** A request without members. To a struct without members, every value would be valid. */
export const noMembers: Schema.Codec<{ readonly [name: string]: never }> = Lazy.schema(() =>
  Schema.Record(Schema.String, Schema.Never)
)

/** A value of code that no schema describes, such as a function. `expected` says what it must be. */
export const guard = <A>(expected: string, is: (value: unknown) => value is A): Schema.Codec<A> =>
  Lazy.schema(() => Schema.declare(is, { [kind]: { expected, is } }))

interface Guard {
  readonly expected: string
  readonly is: (value: unknown) => boolean
}

/** The guard of a declaration, if it has one. */
export const guardOf = (ast: AST.Declaration): Guard | undefined => {
  const found = kindOf(ast)
  // Of the kinds, `guard` alone writes an object.
  return Predicate.isObject(found) ? found as unknown as Guard : undefined
}

/**
 * The issues of members that are required, but not there. The service model cannot say that a member is required
 * because of another one.
 */
export const required = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  path: ReadonlyArray<string> = []
): ReadonlyArray<Issue.Issue> =>
  names.filter((name) => members[name] === undefined).map((name) =>
    new Issue.Pointer(Arr.append(path, name), new Issue.MissingKey(undefined))
  )

/** The issues of members that are there, but must not be. `reason` completes "Member must not be given". */
export const forbidden = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  reason: string
): ReadonlyArray<Issue.Issue> =>
  names.filter((name) => members[name] !== undefined).map((name) =>
    new Issue.Pointer([name], problem(`${prefix} not be given ${reason}`))
  )

/** A value as JSON: the text of a `Redacted`. */
export type Encoded<A> = A extends Redacted.Redacted<infer Value> ? Value
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<Encoded<Item>>
  : A extends object ? { readonly [K in keyof A]: Encoded<A[K]> }
  : A

/**
 * A struct of the service model with a rule about members that belong together, under a type `A` that has the rule
 * built in. The rule sees values whose members are valid.
 */
export const exact = <A>() =>
<S, I>(
  schema: [A] extends [S] ? Schema.Codec<S, I> : never,
  rule: (value: S) => ReadonlyArray<Issue.Issue>
): Schema.Codec<A, Encoded<A>> =>
  // The rule leaves the values of `A` alone, which the types cannot tell.
  Lazy.schema(() =>
    (schema as Schema.Codec<S, I>).pipe(Schema.check(Schema.makeFilter(rule))) as unknown as Schema.Codec<
      A,
      Encoded<A>
    >
  )

type OneOf<A> = { readonly [K in keyof A]: { readonly [P in K]: A[P] } }[keyof A]

/** A union of the service model: an object with exactly one of the members. */
export const union = <M extends { readonly [name: string]: Schema.Codec<unknown, unknown> }>(members: M) => {
  const names = Object.keys(members)
  const fields = () =>
    Object.fromEntries(names.map((name) => [name, Schema.optional(members[name] as Schema.Codec<unknown, unknown>)]))
  type Type = OneOf<{ readonly [K in keyof M]: M[K]["Type"] }>
  type Wire = OneOf<{ readonly [K in keyof M]: M[K]["Encoded"] }>
  const message = `${prefix} have exactly one of the members [${names.join(", ")}]`
  const count = (value: unknown) =>
    Predicate.isObject(value)
      ? names.filter((name) => Object.hasOwn(value, name) && value[name] !== undefined).length
      : 0
  const one = () =>
    Schema.Struct(fields()).check(
      Schema.makeFilter((value) => count(value) === 1 ? undefined : message, {
        toJsonSchema: () => ({ maxProperties: 1 })
      })
    )
  // Several members are wrong, whatever is in them. The check makes it one, which the types cannot tell.
  const generated = () =>
    Schema.Union(names.map((name) => Schema.Struct({ [name]: members[name] as Schema.Codec<unknown, unknown> })))
  return checkWhole(one, (input) => count(input) > 1 ? message : undefined, { generated }) as unknown as Schema.Codec<
    Type,
    Wire
  >
}
