/**
 * Functions that are made at their first call. An operation has two or three schemas, and a program that starts calls
 * one operation: the others are never compiled.
 */

export const memoize = <A, B>(make: () => (a: A) => B): (a: A) => B => {
  let made: ((a: A) => B) | undefined
  return (a) => (made ??= make())(a)
}
