/** Finds the name that was probably meant. */
import { suggest } from "../models/internal/violation.js"

/** In characters. A longer name is not a typing error. */
const maxNameLength = 64

/** In characters. A shorter part occurs in ordinary words. */
const minPartLength = 4

/** Ignores case, hyphens and underscores. */
const normalize = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "")

/** The Damerau-Levenshtein distance: insertions, deletions, replacements and swaps of neighbours. */
const editDistance = (a: string, b: string): number => {
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

/** The most similar candidate. `tolerance` is how many characters of the longer name may differ, by its length. */
const findSimilar = (
  name: string,
  candidates: ReadonlyArray<string>,
  tolerance: (length: number) => number
): string | undefined => {
  const wanted = normalize(name)
  const similar = candidates
    .map((candidate) => [candidate, editDistance(wanted, normalize(candidate))] as const)
    .filter(([candidate, distance]) => distance <= tolerance(Math.max(wanted.length, normalize(candidate).length)))
    .sort(([, a], [, b]) => a - b)
  return similar[0]?.[0]
}

const isPartOf = (part: string, whole: string): boolean => part.length >= minPartLength && whole.includes(part)

/**
 * The most similar candidate, of which up to a quarter of the characters differ, or else the longest one that contains
 * the name or is a part of it.
 */
export const closestName = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  if (name.length > maxNameLength) return undefined
  const wanted = normalize(name)
  const [part] = candidates
    .filter((candidate) => isPartOf(normalize(candidate), wanted) || isPartOf(wanted, normalize(candidate)))
    .sort((a, b) => normalize(b).length - normalize(a).length)
  return findSimilar(name, candidates, (length) => Math.max(1, Math.floor(length / 4))) ?? part
}

/**
 * The candidate that a name misspells, where other names are allowed too: at most 2 characters differ, or only the
 * case.
 */
export const misspelledName = (name: string, candidates: ReadonlyArray<string>): string | undefined =>
  candidates.includes(name) ? undefined : findSimilar(name, candidates, () => 2)

/** Suggests the candidate that a wrong name probably means. It is empty if no candidate is close. */
export const didYouMean = (name: string, candidates: ReadonlyArray<string>): string =>
  suggest(closestName(name, candidates))
