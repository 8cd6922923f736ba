/**
 * Keys of 32 bytes, as text.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"

/** @internal */
export const size = 32

const form = `${size} bytes in base64url, as \`openssl rand -base64 ${size} | tr '+/' '-_' | tr -d =\` makes them`

/**
 * The bytes, or a text that says what is wrong; `whose` begins it.
 *
 * @internal
 */
export const parse = (text: string, whose: string): Either.Either<Uint8Array, string> =>
  Either.match(Encoding.decodeBase64Url(text.trim().replace(/=+$/, "")), {
    onLeft: () => Either.left(`${whose} has to be ${form}`),
    onRight: (bytes) =>
      bytes.length === size
        ? Either.right(bytes)
        : Either.left(`${whose} has to be ${form}: this one has ${bytes.length} bytes`)
  })
