/**
 * The limits of the AWS service model as schema refinements, in the words that AWS has for a violation. No message repeats
 * the value: half of the values are secrets.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import type { Redacted } from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"

/** @internal */
export const prefix = "Member must"

const atLeast = (length: number) => ({ message: () => `${prefix} have length greater than or equal to ${length}` })
const atMost = (length: number) => ({ message: () => `${prefix} have length less than or equal to ${length}` })

// -----------------------------------------------------------------------------
// Texts and numbers
// -----------------------------------------------------------------------------

/**
 * A text of any length.
 *
 * @internal
 */
export const matching = (pattern: RegExp, of: Schema.Schema<string> = Schema.String): Schema.Schema<string> =>
  of.pipe(Schema.pattern(pattern, {
    message: () => `${prefix} satisfy regular expression pattern: ${pattern.source}`
  }))

/** @internal */
export const text = (min: number, max: number, pattern?: RegExp): Schema.Schema<string> => {
  const bounded = Schema.String.pipe(Schema.minLength(min, atLeast(min)), Schema.maxLength(max, atMost(max)))
  return pattern === undefined ? bounded : matching(pattern, bounded)
}

/** @internal */
export const secret = (min: number, max: number, pattern?: RegExp): Schema.Redacted<Schema.Schema<string>> =>
  Schema.Redacted(text(min, max, pattern))

/** @internal */
export const oneOf = <const L extends readonly [string, ...Array<string>]>(...literals: L): Schema.Literal<[...L]> =>
  Schema.Literal(...literals).annotations({
    // Several literals are a union: its message replaces the messages of its members only with `override`.
    message: () => ({ message: `${prefix} satisfy enum value set: [${literals.join(", ")}]`, override: true })
    // `const` makes the tuple readonly, `Schema.Literal` takes a mutable one.
  }) as unknown as Schema.Literal<[...L]>

/** @internal */
export const whole = (min: number, max: number): Schema.Schema<number> =>
  Schema.Number.pipe(
    Schema.int({ message: () => `${prefix} be a whole number` }),
    Schema.greaterThanOrEqualTo(min, { message: () => `${prefix} have value greater than or equal to ${min}` }),
    Schema.lessThanOrEqualTo(max, { message: () => `${prefix} have value less than or equal to ${max}` })
  )

// -----------------------------------------------------------------------------
// Lists and maps
// -----------------------------------------------------------------------------

/**
 * Refuses a value that is too large before it looks at the items: a refinement comes after them, and reports each one.
 */
const bounded = <A, I>(
  schema: Schema.Schema<A, I>,
  size: (value: unknown) => number,
  max: number
): Schema.Schema<A, I> => {
  const guard =
    <B>(run: (input: unknown, options: AST.ParseOptions) => Effect.Effect<B, ParseResult.ParseIssue>) =>
    (input: unknown, options: AST.ParseOptions, ast: AST.Declaration) =>
      size(input) > max ? ParseResult.fail(new ParseResult.Type(ast, input, atMost(max).message())) : run(input, options)
  return Schema.declare(
    [schema],
    {
      decode: (inner) => guard(ParseResult.decodeUnknown(inner)),
      encode: (inner) => guard(ParseResult.encodeUnknown(inner))
    },
    { arbitrary: (inner) => inner }
  )
}

/** @internal */
export const items = <A, I>(
  item: Schema.Schema<A, I>,
  min: number,
  max = Infinity
): Schema.Schema<ReadonlyArray<A>, ReadonlyArray<I>> => {
  const list = Schema.Array(item).pipe(Schema.minItems(min, atLeast(min)))
  return max === Infinity ? list : bounded(
    list.pipe(Schema.maxItems(max, atMost(max))),
    (value) => Array.isArray(value) ? value.length : 0,
    max
  )
}

const sizeOf = (map: unknown): number => Object.keys(Object(map)).length

/** @internal */
export const textMap = (
  key: Schema.Schema<string>,
  value: Schema.Schema<string>,
  max = Infinity,
  min = 0
): Schema.Schema<{ readonly [x: string]: string }> => {
  // To a schema, a key beyond its limits is an excess property: it would be ignored, and lost.
  const record = Schema.Record({ key, value }).annotations({ parseOptions: { onExcessProperty: "error" } })
  return max === Infinity ? record : bounded(
    record.pipe(Schema.filter((map) => sizeOf(map) >= min && sizeOf(map) <= max, {
      ...atLeast(min),
      jsonSchema: { minProperties: min, maxProperties: max }
    })),
    sizeOf,
    max
  )
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
 * The issues of members that are required, but not there. The service model cannot say that a member is required because
 * of another one.
 *
 * @internal
 */
export const required = <N extends string>(
  members: { readonly [K in N]?: unknown },
  names: ReadonlyArray<N>,
  path: ReadonlyArray<string> = []
): ReadonlyArray<Schema.FilterIssue> =>
  names.filter((name) => members[name] === undefined).map((name) => ({
    path: [...path, name],
    message: `${prefix} not be null`
  }))

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
export const exact =
  <A>() =>
  <S, I>(
    schema: [A] extends [S] ? Schema.Schema<S, I> : never,
    rule: (value: S) => ReadonlyArray<Schema.FilterIssue>
  ): Schema.Schema<A, Encoded<A>> =>
    // The rule leaves the values of `A` alone, which the types cannot tell.
    (schema as Schema.Schema<S, I>).pipe(Schema.filter(rule)) as unknown as Schema.Schema<A, Encoded<A>>

type OneOf<A> = { readonly [K in keyof A]: { readonly [P in K]: A[P] } }[keyof A]

/**
 * A union of the service model: an object with exactly one of the members.
 *
 * @internal
 */
export const union = <M extends { readonly [name: string]: Schema.Schema.AnyNoContext }>(members: M) => {
  const names = Object.keys(members)
  const fields = Object.fromEntries(names.map((name) => [name, Schema.optional(members[name] as Schema.Schema.Any)]))
  type Type = OneOf<{ readonly [K in keyof M]: Schema.Schema.Type<M[K]> }>
  type Wire = OneOf<{ readonly [K in keyof M]: Schema.Schema.Encoded<M[K]> }>
  return Schema.Struct(fields).pipe(
    Schema.filter((value) => Object.values(value).filter((member) => member !== undefined).length === 1, {
      message: () => `${prefix} have exactly one of the members [${names.join(", ")}]`
    })
    // The refinement makes it so, which the types cannot tell.
  ) as unknown as Schema.Schema<Type, Wire>
}
