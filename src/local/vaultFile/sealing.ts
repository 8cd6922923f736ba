/**
 * The entries of a vault file as LMDB holds them: a name that is an HMAC, and a sealed value.
 *
 * The name is `<collection>/<HMAC-SHA-256 of collection and key>`, because keys contain workloads, users and providers. The sealed value
 * contains collection and key too, so that a value under the name of another entry does not open.
 */
import * as Effect from "effect/Effect"
import { createHmac } from "node:crypto"
import * as Sealing from "../../internal/sealing.js"

export interface Entry {
  readonly collection: string
  readonly key: string
  /** JSON. */
  readonly value: unknown
}

export interface EntrySealing {
  readonly nameOf: (collection: string, key: string) => string
  readonly seal: (entry: Entry) => Effect.Effect<string>
  /** Fails for a value that was not sealed under this secret and this name. */
  readonly open: (name: string, sealed: string) => Effect.Effect<Entry, void>
}

const isContent = (value: unknown): value is readonly [collection: string, key: string, value: unknown] =>
  Array.isArray(value) && value.length === 3 && typeof value[0] === "string" && typeof value[1] === "string"

export const make = (secret: Uint8Array): Effect.Effect<EntrySealing> =>
  Effect.map(Sealing.importKey(Sealing.deriveKey(secret, "vault 1 values")), (values): EntrySealing => {
    const names = Sealing.deriveKey(secret, "vault 1 names")
    const nameOf = (collection: string, key: string): string =>
      `${collection}/${createHmac("sha256", names).update(JSON.stringify([collection, key])).digest("base64url")}`
    return {
      nameOf,
      seal: ({ collection, key, value }) => Sealing.seal([collection, key, value], values),
      open: (name, sealed) =>
        Effect.flatMap(
          Sealing.open(sealed, () => values),
          (content) =>
            isContent(content) && nameOf(content[0], content[1]) === name
              ? Effect.succeed({ collection: content[0], key: content[1], value: content[2] })
              : Effect.fail(undefined)
        )
    }
  })
