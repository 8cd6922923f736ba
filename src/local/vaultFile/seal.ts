/**
 * What a vault file holds: for each entry a name that says nothing, and a JWE that says everything.
 *
 * The name is `<collection>/<HMAC-SHA-256 of collection and key>`: keys have workloads, users and providers in them. The JWE
 * (`dir`, `A256GCM`) has collection and key in it beside the value, so that a value moved to another name is found out.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Jose from "jose"
import { createHmac } from "node:crypto"
import type { Keys } from "./key.js"

/** @internal */
export interface Entry {
  readonly collection: string
  readonly key: string
  /** JSON. */
  readonly value: unknown
}

/** @internal */
export interface Seal {
  readonly nameOf: (collection: string, key: string) => string
  readonly close: (entry: Entry) => Effect.Effect<string>
  /** Fails for whatever was not sealed under this key, or not for this name. */
  readonly open: (name: string, sealed: string) => Effect.Effect<Entry, void>
}

const header = { alg: "dir", enc: "A256GCM" } as const

const isEntry = (value: unknown): value is readonly [collection: string, key: string, value: unknown] =>
  Array.isArray(value) && value.length === 3 && typeof value[0] === "string" && typeof value[1] === "string"

/** @internal */
export const make = ({ names, values }: Keys): Effect.Effect<Seal> =>
  // Imported once: a key of bytes is imported again for each value.
  Effect.map(
    Effect.promise(() =>
      crypto.subtle.importKey("raw", Uint8Array.from(values), "AES-GCM", false, ["encrypt", "decrypt"])
    ),
    (key) => {
      const nameOf: Seal["nameOf"] = (collection, entryKey) =>
        `${collection}/${
          createHmac("sha256", names).update(JSON.stringify([collection, entryKey])).digest("base64url")
        }`
      return {
        nameOf,
        close: (entry) =>
          Effect.promise(() => new Jose.CompactEncrypt(
            new TextEncoder().encode(JSON.stringify([entry.collection, entry.key, entry.value]))
          ).setProtectedHeader(header).encrypt(key)),
        open: (name, sealed) =>
          Effect.tryPromise({
            try: async () => {
              const { plaintext } = await Jose.compactDecrypt(sealed, key, {
                contentEncryptionAlgorithms: [header.enc],
                keyManagementAlgorithms: [header.alg]
              })
              const entry: unknown = JSON.parse(new TextDecoder().decode(plaintext))
              if (!isEntry(entry) || nameOf(entry[0], entry[1]) !== name) throw new Error("not of this name")
              return { collection: entry[0], key: entry[1], value: entry[2] }
            },
            catch: () => undefined
          })
      }
    }
  )
