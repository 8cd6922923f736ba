/** Sessions of consent in the encoded failure of a tool, which has their links in clear. */

/** A session's URN, as it is or in a URL. */
const urn = /oauth(:|%(25)*3a)request_uri(:|%(25)*3a)/i

/** Whether a model must not see the value. */
export const hasSession = (encoded: unknown): boolean => urn.test(JSON.stringify(encoded) ?? "")

/** What a model sees instead. */
export const message = "The user has to connect an account first."
