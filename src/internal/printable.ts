/**
 * Escapes strings from outside for a terminal. A control character could start a terminal command. A line break could
 * add a line that this program never wrote. A direction mark could show text in another order.
 */

// C0, DEL and C1; direction marks; line and paragraph separators; deprecated format characters.
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u206a-\u206f]/gu

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * Replaces unsafe characters by escapes like `\u001b`, so that the string stays on one line. In JSON on one line, the
 * escapes mean the same characters.
 */
export const escape = (value: string): string => value.replaceAll(unsafe, toEscape)

/** As {@link escape}, but keeps line breaks: for strings that the program itself has composed. */
export const escapeLines = (value: string): string =>
  value.replaceAll(unsafe, (character) => character === "\n" ? character : toEscape(character))
