/**
 * What is made when it is first called. A schema is compiled by whoever uses it: there are two or three for each operation, and a
 * program that starts calls one.
 *
 * @since 0.1.0
 */

/** @internal */
export const lazily = <A, B>(make: () => (a: A) => B): (a: A) => B => {
  let made: ((a: A) => B) | undefined
  return (a) => (made ??= make())(a)
}
