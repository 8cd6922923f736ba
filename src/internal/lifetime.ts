/** A lifetime in a setup file or a flag. */

/**
 * A duration in the form of Effect, such as `90 seconds`. Tokens expire at whole seconds, so the shortest is one
 * second.
 */
export type Lifetime = `${number} ${"second" | "minute" | "hour" | "day"}${"s" | ""}`

export const lifetimePattern: RegExp = /^[1-9]\d{0,8} (second|minute|hour|day)s?$/

export const isLifetime = (value: string): value is Lifetime => lifetimePattern.test(value)
