/**
 * Violations as data, and the two ways to say them. No violation contains a value, because half of the values are
 * secrets.
 */

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
