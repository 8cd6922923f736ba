/** A lifetime in a setup file or a flag. */

/**
 * A duration as Effect writes it, such as `90 seconds`. Tokens expire at whole seconds, so it is one second or longer.
 */
export type Lifetime = `${number} ${"second" | "minute" | "hour" | "day"}${"s" | ""}`

export const lifetimePattern: RegExp = /^[1-9]\d{0,8} (second|minute|hour|day)s?$/

export const isLifetime = (text: string): text is Lifetime => lifetimePattern.test(text)
