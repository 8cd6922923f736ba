/** SHA-256 for signatures. */

type Bytes = Uint8Array<ArrayBuffer>

type Secret = string | Bytes

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

/** Makes a constructor from a function that hashes chunks of data. */
const makeHash = (digest: (chunks: Array<Bytes>, secret: Secret | undefined) => Promise<Uint8Array>): HashConstructor =>
  class implements Hash {
    readonly #secret: Secret | undefined
    #chunks: Array<Bytes> = []

    // The signer's secrets are strings and `Uint8Array`s.
    constructor(secret?: ConstructorParameters<HashConstructor>[0]) {
      this.#secret = secret as Secret | undefined
    }

    update(data: Uint8Array): void {
      this.#chunks.push(data as Bytes)
    }

    digest(): Promise<Uint8Array> {
      return digest(this.#chunks, this.#secret)
    }

    reset(): void {
      this.#chunks = []
    }
  }

/** The hash of Web Crypto, which every runtime has. */
export const WebCryptoHash = makeHash(async (chunks, secret) => {
  const { subtle } = globalThis.crypto
  const data = await new Blob(chunks).arrayBuffer()
  if (secret === undefined) return new Uint8Array(await subtle.digest("SHA-256", data))
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret
  const key = await subtle.importKey("raw", bytes, algorithm, false, ["sign"])
  return new Uint8Array(await subtle.sign(algorithm, key, data))
})

/** The hash of `node:crypto`. It takes a seventh of the time of Web Crypto. */
export const nodeHash = ({ createHash, createHmac }: typeof import("node:crypto")): HashConstructor =>
  makeHash(async (chunks, secret) => {
    const hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret)
    for (const chunk of chunks) hash.update(chunk)
    return hash.digest()
  })
