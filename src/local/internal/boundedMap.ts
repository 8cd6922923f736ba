/** Sets an entry of a map. Beyond `size` entries, the one that was set first is dropped. */
export const setBounded = <K, V>(map: Map<K, V>, size: number, key: K, value: V): void => {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.size > size ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
}
