/** SHA-256 for signatures. */

type Data = string | ArrayBuffer | ArrayBufferView

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

const bytesOf = (data: Data): Uint8Array<ArrayBuffer> =>
  typeof data === "string"
    ? new TextEncoder().encode(data)
    : ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
    : new Uint8Array(data)

/** Makes the constructor from a function that hashes chunks of data. */
const makeHash = (
  digest: (chunks: ReadonlyArray<Uint8Array>, secret: Uint8Array<ArrayBuffer> | undefined) => Promise<Uint8Array>
): HashConstructor =>
  class implements Hash {
    readonly #secret: Uint8Array<ArrayBuffer> | undefined
    #chunks: Array<Uint8Array> = []

    constructor(secret?: Data) {
      this.#secret = secret === undefined ? undefined : bytesOf(secret)
    }

    update(data: Uint8Array): void {
      this.#chunks.push(data)
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
  const data = await new Blob(chunks.map((chunk) => chunk.slice())).arrayBuffer()
  if (secret === undefined) return new Uint8Array(await subtle.digest("SHA-256", data))
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = await subtle.importKey("raw", secret, algorithm, false, ["sign"])
  return new Uint8Array(await subtle.sign(algorithm, key, data))
})

/** The hash of `node:crypto`, which takes a seventh of the time. */
export const nodeHash = ({ createHash, createHmac }: typeof import("node:crypto")): HashConstructor =>
  makeHash(async (chunks, secret) => {
    const hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret)
    for (const chunk of chunks) hash.update(chunk)
    return hash.digest()
  })
