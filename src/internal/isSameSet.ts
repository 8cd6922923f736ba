/** Whether two lists have the same items. In linear time: a request may have very many scopes. */
export const isSameSet = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean => {
  const [first, second] = [new Set(a), new Set(b)]
  return first.size === second.size && a.every((item) => second.has(item))
}
