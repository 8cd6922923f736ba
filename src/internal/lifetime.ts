/**
 * A lifetime in a setup file or a flag.
 *
 * @since 0.1.0
 */

/**
 * A duration as Effect writes it, such as `90 seconds`. Tokens expire at whole seconds, so it is one second or longer.
 *
 * @internal
 */
export type Lifetime = `${number} ${"second" | "minute" | "hour" | "day"}${"s" | ""}`

/** @internal */
export const lifetimePattern: RegExp = /^[1-9]\d{0,8} (second|minute|hour|day)s?$/

/** @internal */
export const isLifetime = (text: string): text is Lifetime => lifetimePattern.test(text)
