/** Strings from outside in messages, logs and terminals, and the messages of AWS. */
import { hasProperty, isString } from "effect/Predicate"

// A control character could start a terminal command. A line break could add a line that this program never wrote. A
// direction mark could show text in another order: C0, DEL and C1; direction marks; line and paragraph separators;
// deprecated format characters.
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

/** In characters. The longest names and codes have fewer than 60. */
const maxLength = 128

/** Truncates a name or a code of another library, for messages, errors and logs. */
export const truncateName = (name: string): string => name.length <= maxLength ? name : `${name.slice(0, maxLength)}…`

/** Returns the tag or the name of any error. It never returns the message, because messages can quote secrets. */
export const tagOf = (error: unknown): string =>
  truncateName(
    hasProperty(error, "_tag") && isString(error._tag) ? error._tag : error instanceof Error ? error.name : typeof error
  )

/**
 * Returns the code of an error of the operating system, a database or a package, or else its name. It never returns the
 * message, because messages can quote secrets.
 */
export const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && (typeof error.code === "string" || typeof error.code === "number")
    ? truncateName(String(error.code))
    : error instanceof Error
    ? truncateName(error.name)
    : "unknown error"

/** Whether an error is about the return URL of a token request. Only its message shows that, because it has no code. */
export const isAboutReturnUrl = ({ message }: { readonly message: string }): boolean =>
  message.includes("ResourceOauth2ReturnUrl")

/** Removes the full stop, so that a sentence can continue. */
export const withoutFullStop = (sentence: string): string => sentence.replace(/\.$/, "")

/** Appends advice to a message of AWS. */
export const appendAdvice = (message: string, advice: string): string => `${withoutFullStop(message)}: ${advice}`
