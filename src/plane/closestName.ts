/** The name that was most likely meant by another one. */

/** A longer name is no slip of the keyboard. */
const longest = 64

/** A shorter part occurs in ordinary words. */
const shortestPart = 4

/** Case, hyphens and underscores do not count. */
const normalize = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")

/** The distance of Damerau and Levenshtein: insertions, deletions, replacements and swaps of neighbours. */
const distance = (a: string, b: string): number => {
  let beforeAbove: Array<number> = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (beforeAbove[j - 2] ?? 0) + 1 : Infinity
      row.push(Math.min(replaced, swapped, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    beforeAbove = above
  }
  return row[b.length] ?? 0
}

/** A quarter of the characters may differ. */
const isClose = (a: string, b: string, differences: number): boolean =>
  differences <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 4))

const isPartOf = (part: string, whole: string): boolean => part.length >= shortestPart && whole.includes(part)

/** Returns the candidate that differs least, else one that is a part of the name, or contains it. */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  if (name.length > longest) return undefined
  const wanted = normalize(name)
  const ranked = candidates.map((candidate) => {
    const normalized = normalize(candidate)
    return { candidate, normalized, differences: distance(wanted, normalized) }
  })
  const [closest] = ranked.filter(({ differences, normalized }) => isClose(wanted, normalized, differences)).sort(
    (a, b) => a.differences - b.differences
  )
  const [part] = ranked.filter(({ normalized }) => isPartOf(normalized, wanted) || isPartOf(wanted, normalized)).sort(
    (a, b) => b.normalized.length - a.normalized.length
  )
  return (closest ?? part)?.candidate
}
