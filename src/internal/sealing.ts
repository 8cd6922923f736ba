/**
 * Values at rest: JSON in a JWE (`dir`, `A256GCM`), under keys that are derived from a secret of 32 bytes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Jose from "jose"
import { createCipheriv, hkdfSync, type KeyObject, randomBytes } from "node:crypto"

/**
 * The size of a secret, in bytes.
 *
 * @internal
 */
export const secretSize = 32

const format =
  `${secretSize} bytes in base64url, for example the output of: openssl rand -base64 ${secretSize} | tr '+/' '-_' | tr -d =`

/**
 * The bytes of a secret, or what is wrong with the text. `name` is the subject of that message.
 *
 * @internal
 */
export const parseSecret = (text: string, name: string): Either.Either<Uint8Array, string> =>
  Either.match(Encoding.decodeBase64Url(text.trim().replace(/=+$/, "")), {
    onLeft: () => Either.left(`${name} has to be ${format}`),
    onRight: (bytes) =>
      bytes.length === secretSize
        ? Either.right(bytes)
        : Either.left(`${name} has to be ${format}. It has ${bytes.length} bytes`)
  })

/**
 * HKDF-SHA-256 (RFC 5869): each purpose has a key of its own. `size` is in bytes.
 *
 * @internal
 */
export const deriveKey = (secret: Uint8Array, purpose: string, size = secretSize): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync("sha256", secret, "", `effect-agentcore-identity ${purpose}`, size))

/**
 * A key that seals and opens. jose imports a key of bytes again for each value.
 *
 * @internal
 */
export const importKey = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<CryptoKey> =>
  Effect.promise(() => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]))

const alg = "dir"
const enc = "A256GCM"

/**
 * Seals a value, which has to be JSON. `kid` is readable without the key.
 *
 * @internal
 */
export const seal = (value: unknown, key: CryptoKey, kid?: string): Effect.Effect<string> =>
  Effect.promise(() =>
    new Jose.CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
      .setProtectedHeader(kid === undefined ? { alg, enc } : { alg, enc, kid })
      .encrypt(key)
  )

/** In bytes: the size that RFC 7518 gives it for A256GCM. No two values may share one. */
const ivSize = 12

const makeIvs = () => {
  let [bytes, used] = [Buffer.alloc(0), 0]
  return () => {
    if (used === bytes.length) {
      // Random bytes for many values: a system call for each takes as long as its encryption.
      ;[bytes, used] = [randomBytes(256 * ivSize), 0]
    }
    used += ivSize
    return bytes.subarray(used - ivSize, used)
  }
}

const nextIv = makeIvs()

/**
 * The same without a promise. jose encrypts by WebCrypto, which does it in another thread: that takes five times as long, and a test clock
 * does not wait for it. The result is the same compact JWE (RFC 7516), and jose opens it.
 *
 * @internal
 */
export const sealSync = (value: unknown, key: KeyObject): string => {
  const header = Buffer.from(JSON.stringify({ alg, enc })).toString("base64url")
  const iv = nextIv()
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(header))
  const text = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()])
  // `dir` has no encrypted key.
  return [header, "", iv.toString("base64url"), text.toString("base64url"), cipher.getAuthTag().toString("base64url")]
    .join(".")
}

/**
 * Opens a sealed value with the key that `keyOf` finds for its `kid`. It fails, without a reason, for a value that was not sealed under
 * that key: the error of jose quotes the value.
 *
 * @internal
 */
export const open = (
  sealed: string,
  keyOf: (kid: string | undefined) => CryptoKey | undefined
): Effect.Effect<unknown, void> =>
  Effect.tryPromise({
    try: async (): Promise<unknown> => {
      const { plaintext } = await Jose.compactDecrypt(sealed, ({ kid }) => {
        const key = keyOf(kid)
        if (key === undefined) throw new Error("unknown key")
        return key
      }, { contentEncryptionAlgorithms: [enc], keyManagementAlgorithms: [alg] })
      return JSON.parse(new TextDecoder().decode(plaintext))
    },
    catch: () => undefined
  })
