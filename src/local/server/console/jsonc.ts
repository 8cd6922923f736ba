/** Reads JSON with comments and trailing commas, as setup files have them. */

/** A string, which may hold what looks like a comment, or a comment. */
const stringOrComment = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
const stringOrComma = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g

export const parseJsonc = (text: string): unknown =>
  JSON.parse(
    text.replace(stringOrComment, (_, string = "") => string).replace(stringOrComma, (_, string = "") => string)
  )
