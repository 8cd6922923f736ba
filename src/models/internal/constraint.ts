/**
 * The limits of the AWS service model as schema refinements, worded the way AWS words a violation. No message repeats
 * the value that it is about: half of the values are secrets.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/** @internal */
export const prefix = "Member must"

/** @internal */
export const text = (min: number, max: number, pattern?: RegExp): Schema.Schema<string> => {
  const bounded = Schema.String.pipe(
    Schema.minLength(min, { message: () => `${prefix} have length greater than or equal to ${min}` }),
    Schema.maxLength(max, { message: () => `${prefix} have length less than or equal to ${max}` })
  )
  return pattern === undefined ? bounded : bounded.pipe(
    Schema.pattern(pattern, { message: () => `${prefix} satisfy regular expression pattern: ${pattern.source}` })
  )
}

/** @internal */
export const secret = (min: number, max: number, pattern?: RegExp): Schema.Redacted<Schema.Schema<string>> =>
  Schema.Redacted(text(min, max, pattern))

/** @internal */
export const oneOf = <const L extends readonly [string, ...Array<string>]>(...literals: L): Schema.Literal<[...L]> =>
  Schema.Literal(...literals).annotations({
    // Several literals are a union, whose message has to be told to stand for those of its members.
    message: () => ({ message: `${prefix} satisfy enum value set: [${literals.join(", ")}]`, override: true })
    // `const` makes the tuple readonly, `Schema.Literal` wants it as it is without.
  }) as unknown as Schema.Literal<[...L]>

/** @internal */
export const items = <A, I>(
  item: Schema.Schema<A, I>,
  min: number,
  max: number
): Schema.filter<Schema.Array$<Schema.Schema<A, I>>> =>
  Schema.Array(item).pipe(
    Schema.filter((list) => list.length >= min && list.length <= max, {
      message: () => `${prefix} have between ${min} and ${max} items`
    })
  )

/** @internal */
export const some = <A, I>(item: Schema.Schema<A, I>): Schema.filter<Schema.Array$<Schema.Schema<A, I>>> =>
  Schema.Array(item).pipe(
    Schema.filter((list) => list.length > 0, {
      message: () => `${prefix} have length greater than or equal to 1`
    })
  )

/** @internal */
export const whole = (min: number, max: number): Schema.Schema<number> =>
  Schema.Number.pipe(
    Schema.int({ message: () => `${prefix} be a whole number` }),
    Schema.greaterThanOrEqualTo(min, { message: () => `${prefix} have value greater than or equal to ${min}` }),
    Schema.lessThanOrEqualTo(max, { message: () => `${prefix} have value less than or equal to ${max}` })
  )

/** @internal */
export const textMap = (
  key: Schema.Schema<string>,
  value: Schema.Schema<string>,
  max?: number
): Schema.Schema<{ readonly [x: string]: string }> => {
  // To a schema, a key beyond its limits is an excess property: ignored, it would be left out without a word.
  const record = Schema.Record({ key, value }).annotations({ parseOptions: { onExcessProperty: "error" } })
  return max === undefined ? record : record.pipe(
    Schema.filter((map) => Object.keys(map).length <= max, { message: () => `${prefix} have at most ${max} entries` })
  )
}

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
