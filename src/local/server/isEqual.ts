/** Comparison of secrets. */
import { createHash, timingSafeEqual } from "node:crypto"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Compares in constant time. The digests hide the length of a secret, too. */
export const isEqual = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right))
