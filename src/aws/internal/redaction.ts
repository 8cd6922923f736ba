/** Removes a request's secrets from the messages of the service, which quotes the values that it rejects. */
import * as Redacted from "effect/Redacted"

/** A piece of a secret of this length is removed too, because services quote a part of a long value. */
const pieceLength = 8

/** A shorter value is no secret, and would occur in ordinary words. */
const shortest = 4

// `encodeURIComponent` throws on half a surrogate pair.
const wellFormed = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text))

const collect = (value: unknown, into: Set<string>): Set<string> => {
  if (Redacted.isRedacted(value)) {
    const secret = Redacted.value(value)
    if (typeof secret === "string" && secret.length >= shortest) {
      into.add(secret)
      // As in JSON, in a URL, and in a form.
      into.add(JSON.stringify(secret).slice(1, -1))
      into.add(encodeURIComponent(wellFormed(secret)))
      into.add(new URLSearchParams({ "": secret }).toString().slice(1))
    }
  } else if (typeof value === "object" && value !== null) {
    for (const member of Object.values(value)) {
      collect(member, into)
    }
  }
  return into
}

// Front ends quote the canonical request when a signature does not match. It has the session token in clear.
const withoutSessionToken = (text: string): string =>
  text.replace(/(x-amz-security-token\W+)[A-Za-z0-9+/=%]+/gi, "$1<redacted>")

/**
 * Replaces every secret of the request, and every piece of 8 characters of one, by `<redacted>`. It is built after a failure only, because
 * that is slow. A text of more than `limit` characters is cut, and its end is left out: it can be the beginning of a secret.
 */
export const redactorOf = (request: unknown): (text: string, limit?: number) => string => {
  const redact = unlimited(request)
  return (text, limit = Infinity) =>
    text.length <= limit ? redact(text) : `${redact(text.slice(0, limit)).slice(0, 1 - pieceLength)}…`
}

const unlimited = (request: unknown): (text: string) => string => {
  const needles = new Map<number, Set<string>>()
  for (const secret of collect(request, new Set())) {
    const length = Math.min(pieceLength, secret.length)
    const pieces = needles.get(length) ?? new Set()
    needles.set(length, pieces)
    for (let start = 0; start + length <= secret.length; start++) {
      pieces.add(secret.slice(start, start + length))
    }
  }
  return (text) => {
    if (needles.size === 0) {
      return withoutSessionToken(text)
    }
    let shown = ""
    let hiddenUntil = 0
    for (let at = 0; at < text.length; at++) {
      for (const [length, pieces] of needles) {
        if (at + length > hiddenUntil && pieces.has(text.slice(at, at + length))) {
          shown += at >= hiddenUntil ? "<redacted>" : ""
          hiddenUntil = at + length
        }
      }
      shown += at >= hiddenUntil ? text.charAt(at) : ""
    }
    return withoutSessionToken(shown)
  }
}
