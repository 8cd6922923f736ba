/**
 * Comparison of secrets.
 *
 * @since 0.1.0
 */
import { createHash, timingSafeEqual } from "node:crypto"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/**
 * Compares in constant time. The digests hide the length of a secret, too.
 *
 * @internal
 */
export const isEqual = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right))
