/** Removes secrets from the messages of services, because these quote the values that they reject. */

/** The length of the pieces of a secret that are removed too, because services quote parts of long values. */
const pieceLength = 8

/**
 * Secrets that the request does not have: JWTs, and the session token in a canonical request, which AWS quotes. The
 * name of a property is not a JWT: `privateKeyJwtConfig.additionalHeaderClaims`.
 */
const patterns = [/(?<!K)eyJ[\w-]+\.[\w-]+(\.[\w-]*)*/g, /(?<=x-amz-security-token\W+)[A-Za-z0-9+/=%]+/gi]

/** The forms of a value as it is, in JSON, in a URL, and in a form body. */
const spellings = (value: string): ReadonlyArray<string> => [
  value,
  JSON.stringify(value).slice(1, -1),
  // It throws on an unpaired surrogate.
  encodeURIComponent(value.toWellFormed()),
  String(new URLSearchParams([["", value]])).slice(1)
]

/** A short value is only removed as a whole word, because it occurs in ordinary words. */
const isWord = (text: string, start: number, end: number): boolean =>
  !/\w/.test(text.charAt(start - 1)) && !/\w/.test(text.charAt(end))

/**
 * Makes a function that replaces the values, and every piece of 8 characters of one, by `<redacted>`. Make it only
 * after a failure, because that is slow. The function cuts a string of more than `limit` characters. It also drops the
 * last characters before the cut, because they can be the beginning of a secret.
 */
export const makeRedactor = (values: Iterable<string>): (text: string, limit?: number) => string => {
  const words = new Set<string>()
  const pieces = new Set<string>()
  for (const spelling of Array.from(values, spellings).flat()) {
    if (spelling.length < pieceLength) words.add(spelling)
    for (let at = 0; at + pieceLength <= spelling.length; at++) pieces.add(spelling.slice(at, at + pieceLength))
  }
  words.delete("")
  const redact = (text: string): string => {
    const marks = Array.from({ length: text.length }, () => false)
    for (const word of words) {
      for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
        if (isWord(text, at, at + word.length)) marks.fill(true, at, at + word.length)
      }
    }
    for (let at = 0; pieces.size > 0 && at + pieceLength <= text.length; at++) {
      if (pieces.has(text.slice(at, at + pieceLength))) marks.fill(true, at, at + pieceLength)
    }
    for (const pattern of patterns) {
      for (const { 0: found, index } of text.matchAll(pattern)) marks.fill(true, index, index + found.length)
    }
    return marks.map((isMarked, at) => !isMarked ? text.charAt(at) : marks[at - 1] === true ? "" : "<redacted>").join(
      ""
    )
  }
  return (text, limit = Infinity) =>
    text.length <= limit ? redact(text) : `${redact(text.slice(0, limit)).slice(0, 1 - pieceLength)}…`
}

/** A session's URN, as it is or in a URL. The encoded failure of a tool has the links of sessions in clear. */
const urn = /oauth(:|%(25)*3a)request_uri(:|%(25)*3a)/i

/** Whether a model must not see the value. */
export const hasSession = (encoded: unknown): boolean => urn.test(JSON.stringify(encoded) ?? "")

/** What a model sees instead. */
export const sessionMessage = "The user has to connect an account first."
