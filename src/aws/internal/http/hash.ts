/** SHA-256 for signatures, of runtimes other than Node. */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import type { Hmac, Sha256 } from "../../../internal/signature.js"

/** A hash of data, or its HMAC. */
export interface Hash {
  /** Adds data. */
  readonly update: (data: Uint8Array) => void
  /** The hash of all data so far. */
  readonly digest: () => Promise<Uint8Array>
  /** Starts again, without data. */
  readonly reset: () => void
}

/** The constructor of SHA-256, and of its HMAC if there is a secret. `Sha256` of `@aws-crypto/sha256-js` is one. */
export type HashConstructor = new(secret?: string | ArrayBuffer | ArrayBufferView) => Hash

const encode = (data: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(data)

const makeHmac = (bytes: Hmac["bytes"]): Hmac => ({ bytes, hex: (data) => Effect.map(bytes(data), Hex.encode) })

/** The hash of the program. */
export const fromConstructor = (Hash: HashConstructor): Sha256 => {
  const digest = (data: string, secret?: string | Uint8Array) =>
    Effect.promise(() => {
      const hash = new Hash(secret)
      hash.update(encode(data))
      return hash.digest()
    })
  return {
    hash: (data) => Effect.map(digest(data), Hex.encode),
    hmac: (secret) => Effect.succeed(makeHmac((data) => digest(data, secret)))
  }
}

const algorithm = { name: "HMAC", hash: "SHA-256" }

const toBytes = (promise: () => Promise<ArrayBuffer>): Effect.Effect<Uint8Array> =>
  Effect.map(Effect.promise(promise), (buffer) => new Uint8Array(buffer))

/** The hash of Web Crypto, which every runtime has. */
export const webSha256: Sha256 = {
  hash: (data) => Effect.map(toBytes(() => crypto.subtle.digest("SHA-256", encode(data))), Hex.encode),
  hmac: (secret) => {
    const bytes = typeof secret === "string" ? encode(secret) : new Uint8Array(secret)
    return Effect.map(
      Effect.promise(() => crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"])),
      (key) => makeHmac((data) => toBytes(() => crypto.subtle.sign(algorithm, key, encode(data))))
    )
  }
}
