/**
 * Schemas that are made at their first use. A program that starts needs few of them, and making the schemas of all
 * requests, answers and errors takes longer than evaluating everything else that `Identity` loads (`npm run bench`).
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Inspectable from "effect/Inspectable"
import * as Schema from "effect/Schema"
import * as Issue from "effect/SchemaIssue"
import { leavesOf } from "./issues.js"

type Constructor = new(...args: Array<never>) => object

/** Stands for an object of which the first read makes it. */
const placeholder = (make: () => object): object =>
  new Proxy(Function.prototype, {
    get: (_, name, receiver) => Reflect.get(make(), name, receiver),
    has: (_, name) => Reflect.has(make(), name)
  })

const once = <A extends object>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}

/** The schema that `make` returns. */
export const schema = <S extends Schema.Top>(make: () => S): S =>
  // It has the members of the schema.
  placeholder(once(make)) as S

/** The error of a constructor: it names the members, and quotes no values. One in the wrong form can be a secret. */
const invalid = (issue: Issue.Issue, { name }: Constructor): Error => {
  const members = new Set(leavesOf(issue).map(({ path: [member = "the whole"] }) => String(member)))
  return new Error(`Invalid ${name}: ${[...members].join(", ")}`)
}

/**
 * The class that `make` returns, for another class to extend. It makes instances of `prototype`, whether or not it is
 * made yet.
 */
const lazyClass = (prototype: object, make: () => Constructor): Constructor => {
  const made = once(() => {
    const Made = make()
    // From now on, this class inherits from that one as if it had been declared so.
    Object.setPrototypeOf(Lazy, Made)
    Object.setPrototypeOf(Lazy.prototype, Made.prototype)
    return Made
  })
  // A class that extends another one allocates nothing itself. Else V8 would lay out the instances before it knows the
  // class that is made: each would take a kilobyte more.
  class Lazy extends Object {
    // @ts-expect-error The class that is made takes the place of `super`.
    // oxlint-disable-next-line constructor-super
    constructor(...args: Array<never>) {
      try {
        // The instance is of the class that extends this one.
        return Reflect.construct(made(), args, new.target)
      } catch (error) {
        throw error instanceof Error && Issue.isIssue(error.cause) ? invalid(error.cause, new.target) : error
      }
    }
  }
  Object.setPrototypeOf(Lazy.prototype, prototype)
  // Until then, a static member that is read makes the class.
  Object.setPrototypeOf(Lazy, placeholder(made))
  return Lazy
}

/** The class that `make` returns: one of `Schema.Class`, or of `Schema.TaggedClass`. */
export const SchemaClass = <C extends abstract new(...args: never) => object>(make: () => C): C =>
  // The members are those of the class that is made. A class of a schema is not abstract.
  lazyClass(Data.Class.prototype, make as unknown as () => Constructor) as unknown as C

/** `Schema.TaggedError` with the fields as a function. */
export const TaggedError =
  <Self = never>(identifier: string) =>
  <Tag extends string, Fields extends Schema.Struct.Fields>(
    tag: Tag,
    fields: () => Fields
  ): [Self] extends [never] ? "Missing `Self` generic: class Self extends TaggedError<Self>(...)"
    : Schema.Class<Self, Schema.TaggedStruct<Tag, Fields>, Cause.YieldableError> & { readonly _tag: Tag } =>
  {
    const Lazy = lazyClass(
      Data.Error.prototype,
      () => Schema.TaggedError<object>(identifier)(tag, fields()) as unknown as Constructor
    )
    // Effect prints an error of its own as its members alone. `undefined` brings the text, the stack and the members of
    // Node back.
    Object.assign(Lazy.prototype, { name: tag, [Inspectable.NodeInspectSymbol]: undefined })
    // The members are those of the class that is made.
    return Object.assign(Lazy, { _tag: tag }) as never
  }
