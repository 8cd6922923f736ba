/** Writes canonical JSON (RFC 8785). `JSON.stringify` writes numbers and strings in this form, but does not sort. */
export const canonicalize = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(canonicalize).join(",")}]`
    : typeof value === "object" && value !== null
    ? `{${
      Object.entries(value)
        .sort(([a], [b]) => a < b ? -1 : 1)
        .map(([name, member]) => `${JSON.stringify(name)}:${canonicalize(member)}`)
        .join(",")
    }}`
    : JSON.stringify(value)
