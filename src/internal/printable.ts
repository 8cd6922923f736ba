/**
 * Text of others on a terminal. A control character could start a command of the terminal, a line break could add a
 * line that this program never wrote, and a mark of direction could show text in another order.
 */

// C0, DEL and C1; marks of direction; line and paragraph separators; deprecated format characters.
const unsafe = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\u206a-\u206f]/gu

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * Replaces characters by escapes like `\u001b`, so that the text stays on one line. In JSON on one line, the escapes
 * mean the same characters.
 */
export const escape = (text: string): string => text.replaceAll(unsafe, toEscape)

/** As {@link escape}, but keeps line breaks: for text that the program itself has put together. */
export const escapeLines = (text: string): string =>
  text.replaceAll(unsafe, (character) => character === "\n" ? character : toEscape(character))
