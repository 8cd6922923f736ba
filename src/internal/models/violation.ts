/**
 * Violations as data, the two ways to say them, and the name that was probably meant. No violation contains a value,
 * because half of the values are secrets.
 */
import * as Redacted from "effect/Redacted"

/** What a value violates. */
export type Rule =
  /** The property is missing. */
  | { readonly rule: "missing" }
  /** The value has another type. Without `expected`, the type is not known. */
  | { readonly rule: "type"; readonly expected?: string; readonly actual?: string }
  /** The property is unknown. `expected` are all known ones. */
  | { readonly rule: "name"; readonly expected: ReadonlyArray<string>; readonly suggestion?: string | undefined }
  /** The value is not one of several. */
  | { readonly rule: "value"; readonly expected: ReadonlyArray<string>; readonly suggestion?: string | undefined }
  /** Any other rule. `expected` completes "must". */
  | { readonly rule: "limit"; readonly expected: string }

export type Path = ReadonlyArray<PropertyKey>

export type Violation = Rule & { readonly path: Path }

/** Completes a message about an unknown name. */
export const suggest = (name: string | undefined): string => name === undefined ? "" : `; did you mean '${name}'?`

const list = (names: ReadonlyArray<string>): string => `[${names.join(", ")}]`

/** The sentence of AWS about a member of a request. */
export const toAwsSentence = (violation: Rule): string => {
  switch (violation.rule) {
    case "missing":
      return "Member must not be null"
    case "type":
      return violation.expected === undefined
        ? "Member must have another type"
        : `Member must be ${violation.expected}, but is ${violation.actual}`
    case "name": {
      const { expected, suggestion } = violation
      const names = suggestion === undefined && expected.length > 0 ? `, one of ${list(expected)}` : suggest(suggestion)
      return `Member must have a known name${names}`
    }
    case "value":
      return `Member must satisfy enum value set: ${list(violation.expected)}${suggest(violation.suggestion)}`
    case "limit":
      return `Member must ${violation.expected}`
  }
}

/** The words of this package, which follow the name of a property. */
export const toWords = (violation: Rule): string => {
  switch (violation.rule) {
    case "missing":
      return "is missing"
    case "type":
      return violation.expected === undefined
        ? "has the wrong type or value"
        : `must be ${violation.expected}, but is ${violation.actual}`
    case "name": {
      const { expected, suggestion } = violation
      return suggestion === undefined && expected.length > 0
        ? `is not one of the known properties ${list(expected)}`
        : `is not a known property${suggest(suggestion)}`
    }
    case "value": {
      const { expected, suggestion } = violation
      return suggestion === undefined
        ? `must be one of ${list(expected)}`
        : `is not a known value${suggest(suggestion)}`
    }
    case "limit":
      return `must ${violation.expected}`
  }
}

export const describeValue = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return "a list"
  if (Redacted.isRedacted(value)) return "a Redacted"
  if (typeof value !== "object") return `a ${typeof value}`
  return "then" in value && typeof value.then === "function" ? "a promise" : "an object"
}

export const wrongType = (expected: string, actual: unknown): Rule => ({
  rule: "type",
  expected,
  actual: describeValue(actual)
})

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

/** The names of one property, normalized, for programs in Effect and for others. */
const synonyms = [["onauthurl", "consent"], ["callbackurl", "returnurl"]]

/**
 * The candidate with the same meaning, or the most similar one, of which up to a quarter of the characters differ,
 * or else the longest one that contains the name or is a part of it.
 */
export const closestName = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  if (name.length > maxNameLength) return undefined
  const wanted = normalize(name)
  const meanings = synonyms.find((names) => names.includes(wanted)) ?? []
  const synonym = candidates.find((candidate) => meanings.includes(normalize(candidate)))
  const [part] = candidates
    .filter((candidate) => isPartOf(normalize(candidate), wanted) || isPartOf(wanted, normalize(candidate)))
    .sort((a, b) => normalize(b).length - normalize(a).length)
  return synonym ?? findSimilar(name, candidates, (length) => Math.max(1, Math.floor(length / 4))) ?? part
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
