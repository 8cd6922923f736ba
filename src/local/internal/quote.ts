/** Quotes the values of variables, for shells and for files in the form of dotenv. */

const plain = /^[\w./:@%+,-]+$/

/** For bash, zsh, and every other shell of POSIX. */
export const forBash = (text: string): string => plain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

export const forFish = (text: string): string => plain.test(text) ? text : `'${text.replaceAll(/[\\']/g, "\\$&")}'`

/**
 * Undefined for a value that the form cannot hold. Programs that read it agree on values without quotes, and on single
 * quotes without escapes. Most replace `$NAME` and `\n` in double quotes.
 */
export const forDotenv = (text: string): string | undefined =>
  text === "" || plain.test(text)
    ? text
    : !text.includes("'")
    ? `'${text}'`
    : !/["\\$`]/.test(text)
    ? `"${text}"`
    : undefined
