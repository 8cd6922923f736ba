/**
 * `Schema.TaggedError` whose schema is made at its first use. Making the schemas of all errors takes half of the time that loading `Identity`
 * takes (`npm run bench`), and a program that does not fail needs none.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

type Constructor = new(...args: Array<never>) => object

/**
 * The same as `Schema.TaggedError`, with the fields as a function.
 *
 * @internal
 */
export const TaggedError =
  <Self = never>(identifier: string) =>
  <Tag extends string, Fields extends Schema.Struct.Fields>(
    tag: Tag,
    fields: () => Fields
  ): [Self] extends [never] ? "Missing `Self` generic: class Self extends TaggedError<Self>(...)"
    : Schema.TaggedErrorClass<Self, Tag, { readonly _tag: Schema.tag<Tag> } & Fields> =>
  {
    let made: Constructor | undefined
    const make = (): Constructor => {
      if (made === undefined) {
        made = Schema.TaggedError<object>(identifier)(tag, fields()) as unknown as Constructor
        // From now on, this class inherits from that one as if it had been declared so.
        Object.setPrototypeOf(Lazy, made)
        Object.setPrototypeOf(Lazy.prototype, made.prototype)
      }
      return made
    }
    class Lazy {
      static readonly _tag = tag
      constructor(...args: Array<never>) {
        // The instance is of the class that extends this one.
        return Reflect.construct(make(), args, new.target)
      }
    }
    Object.setPrototypeOf(Lazy.prototype, Data.Error.prototype)
    Object.assign(Lazy.prototype, { name: tag })
    // Until then, a static member that is read makes the schema.
    Object.setPrototypeOf(
      Lazy,
      new Proxy(Function.prototype, {
        get: (_, name, receiver) => Reflect.get(make(), name, receiver),
        has: (_, name) => Reflect.has(make(), name)
      })
    )
    // The members are those of the class that is made.
    return Lazy as never
  }
