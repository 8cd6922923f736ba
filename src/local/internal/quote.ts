/** Quotes the values of variables for shells and dotenv files. */

const plain = /^[\w./:@%+,-]+$/

/** For bash, zsh, and other POSIX shells. */
export const forBash = (text: string): string => plain.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

export const forFish = (text: string): string => plain.test(text) ? text : `'${text.replaceAll(/[\\']/g, "\\$&")}'`

/**
 * Returns undefined for a value that a dotenv file cannot contain. Programs agree on values without quotes, and on
 * single quotes without escapes. Most programs replace `$NAME` and `\n` in double quotes.
 */
export const forDotenv = (text: string): string | undefined => {
  if (text === "" || plain.test(text)) return text
  if (!text.includes("'")) return `'${text}'`
  return /["\\$`]/.test(text) ? undefined : `"${text}"`
}
