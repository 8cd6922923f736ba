/**
 * A credential as a store holds it: a JWE (`dir`, `A256GCM`), good for its key of the store only.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Jose from "jose"
import { hkdfSync } from "node:crypto"
import type { StoredCredential } from "../../CredentialCache.js"

/** @internal */
export interface Seal {
  readonly close: (key: string, stored: StoredCredential) => Effect.Effect<string>
  /** Fails for whatever was not sealed under one of these secrets, or not for this key. */
  readonly open: (key: string, sealed: unknown) => Effect.Effect<StoredCredential, void>
}

/** The key of the store is in it: a value that was moved to another one is found out. */
const Content = Schema.parseJson(Schema.Tuple(Schema.String, Schema.Redacted(Schema.String), Schema.Number))

const encode = Schema.encode(Content)
const decode = Schema.decode(Content)

const alg = "dir"
const enc = "A256GCM"

/** One key for one purpose (RFC 5869). */
const derive = (secret: Uint8Array, purpose: string, size: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(hkdfSync("sha256", secret, "", `effect-agentcore-identity credential store 1 ${purpose}`, size))

const importKey = (secret: Uint8Array): Effect.Effect<readonly [kid: string, key: CryptoKey]> =>
  Effect.promise(async () => [
    Buffer.from(derive(secret, "kid", 9)).toString("base64url"),
    // Imported once: a key of bytes is imported again for each value.
    await crypto.subtle.importKey("raw", derive(secret, "values", 32), "AES-GCM", false, ["encrypt", "decrypt"])
  ])

/**
 * Secrets are of 32 bytes. The first one closes, all of them open.
 *
 * @internal
 */
export const make = (first: Uint8Array, others: ReadonlyArray<Uint8Array>): Effect.Effect<Seal> =>
  Effect.gen(function*() {
    const [kid, key] = yield* importKey(first)
    const keys = new Map([...yield* Effect.forEach(others, importKey), [kid, key]])
    const header = { alg, enc, kid }

    const decrypt = (sealed: string): Promise<Jose.CompactDecryptResult> =>
      Jose.compactDecrypt(
        sealed,
        ({ kid }) => {
          const found = keys.get(String(kid))
          if (found === undefined) throw new Error("unknown key")
          return found
        },
        { contentEncryptionAlgorithms: [enc], keyManagementAlgorithms: [alg] }
      )

    return {
      close: (storeKey, { credential, usableUntil }) =>
        Effect.flatMap(
          Effect.orDie(encode([storeKey, credential, usableUntil])),
          (content) =>
            Effect.promise(() =>
              new Jose.CompactEncrypt(new TextEncoder().encode(content)).setProtectedHeader(header).encrypt(key)
            )
        ),
      open: (storeKey, sealed) =>
        Effect.tryPromise(() => decrypt(String(sealed))).pipe(
          Effect.flatMap(({ plaintext }) => decode(new TextDecoder().decode(plaintext))),
          Effect.flatMap(([boundTo, credential, usableUntil]) =>
            boundTo === storeKey ? Effect.succeed({ credential, usableUntil }) : Effect.fail(undefined)
          ),
          // What is wrong with it would quote it.
          Effect.mapError(() => undefined)
        )
    }
  })
