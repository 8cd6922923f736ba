/** Encrypts stored values: JSON in a JWE (`dir`, `A256GCM`), with keys that are derived from a secret of 32 bytes. */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Jose from "jose"
import { hkdfSync, randomBytes } from "node:crypto"
import * as Constraint from "./models/constraint.js"

/** The size of a secret, in bytes. */
export const secretSize = 32

/**
 * Decodes a secret in base64, base64url or hex, padded or not, or returns an error message whose subject is `name`. The
 * message contains no part of the value. An even number of hex digits is hex. It is never a secret in base64, which has
 * 43 characters.
 */
export const parseSecret = (secret: Redacted.Redacted, name: string): Result.Result<Uint8Array, string> => {
  if (!Constraint.isReadable(secret)) return Result.fail(`${name} has to ${Constraint.readable}`)
  const value = Redacted.value(secret)
  // A program in plain JavaScript passes `undefined` if an environment variable is missing.
  const text = String(value ?? "").replaceAll(/[\r\n]/g, "").trim().replace(/=+$/, "")
  const decoded = /^(?:[\da-f]{2})+$/i.test(text)
    ? Hex.decode(text)
    : Base64Url.decode(text.replaceAll("+", "-").replaceAll("/", "_"))
  const fail = (problem: string) =>
    Result.fail(
      `${name} has to be ${secretSize} bytes in base64 or hex. It ${problem}. `
        + `Make one with: openssl rand -base64 ${secretSize}`
    )
  return Result.isFailure(decoded)
    ? fail(/[^\w+/-]/.test(text) ? "has other characters" : "has a character too many or too few")
    : decoded.success.length === secretSize
    ? Result.succeed(decoded.success)
    : fail(`has ${decoded.success.length} bytes`)
}

/** Makes a secret: 32 random bytes, in base64url. */
export const randomSecret: Effect.Effect<Redacted.Redacted> = Effect.sync(() =>
  Redacted.make(randomBytes(secretSize).toString("base64url"))
)

/** Derives a separate key for each purpose, with HKDF-SHA-256 (RFC 5869). `size` is in bytes. */
export const deriveKey = (secret: Uint8Array, purpose: string, size = secretSize): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync("sha256", secret, "", `effect-agentcore-identity ${purpose}`, size))

/** Imports a key once. jose would import a key of bytes again for each value. */
export const importKey = (bytes: Uint8Array<ArrayBuffer>): Effect.Effect<CryptoKey> =>
  Effect.promise(() => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]))

const alg = "dir"
const enc = "A256GCM"

/** Seals a value, which has to be JSON. `kid` is readable without the key. */
export const seal = (value: unknown, key: CryptoKey, kid?: string): Effect.Effect<string> =>
  Effect.promise(() =>
    new Jose.CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
      .setProtectedHeader(kid === undefined ? { alg, enc } : { alg, enc, kid })
      .encrypt(key)
  )

/**
 * Opens a sealed value with the key that `keyOf` finds for its `kid`. For a value that was not sealed with that key, it
 * fails without a reason, because the error of jose quotes the value.
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
