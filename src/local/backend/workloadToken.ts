/**
 * Workload access tokens, which are opaque to their callers. A token is a JWE (`dir`, `A256GCM`) under a key from the
 * backend's store, so that a backend rejects the tokens of another one.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hash, randomBytes } from "node:crypto"
import { maxTime } from "../../internal/dates.js"
import * as Sealing from "../../internal/sealing.js"
import { setBounded } from "../internal/boundedMap.js"
import { VaultStore, type VaultStoreError } from "../vault/vaultStore.js"
import type { VaultUser } from "./backendModels.js"

/** The user of a workload access token. Each kind is a namespace of the vault. */
export const User = Schema.Union([
  Schema.TaggedStruct("None", {}),
  Schema.TaggedStruct("Jwt", {
    iss: Schema.String,
    sub: Schema.String,
    artifact: Schema.String,
    /** The user's JWT, for exchanges on behalf of the user. Absent if it is too large. */
    token: Schema.optional(Schema.RedactedFromValue(Schema.String))
  }),
  Schema.TaggedStruct("UserId", { id: Schema.String, artifact: Schema.String })
])

export type User = typeof User.Type

const Claims = Schema.Struct({ workload: Schema.String, user: User, exp: Schema.Number })

type Claims = typeof Claims.Type

/** Makes a digest that binds a session to the user id or JWT of its first request. */
export const makeArtifact = (kind: "Jwt" | "UserId", value: string): string =>
  hash("sha256", `${kind}:${value}`, "base64url")

export const userOfId = (id: string): User => ({ _tag: "UserId", id, artifact: makeArtifact("UserId", id) })

/** Returns the user as the records of calls name it. */
export const nameOf = (user: User): VaultUser | undefined =>
  user._tag === "Jwt"
    ? { issuer: user.iss, subject: user.sub }
    : user._tag === "UserId"
    ? { userId: user.id }
    : undefined

// A workload access token has at most 131072 characters. Encryption makes its content a third longer.
const maxUserToken = 90_000

export const userOfJwt = (token: Redacted.Redacted, claims: { readonly iss: string; readonly sub: string }): User => ({
  _tag: "Jwt",
  iss: claims.iss,
  sub: claims.sub,
  artifact: makeArtifact("Jwt", Redacted.value(token)),
  token: Redacted.value(token).length <= maxUserToken ? token : undefined
})

export type WorkloadTokens = Effect.Success<ReturnType<typeof make>>

// A `TestClock` does not wait for decryption, which is a promise. Callers cannot fill the cache with their own tokens.
const cacheSize = 1024

const toSeconds = (now: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(now) / 1000)

/** Loads the key of the store. The first backend over a store creates it. */
const loadKey: Effect.Effect<CryptoKey, VaultStoreError, VaultStore> = Effect.gen(function*() {
  const keys = (yield* VaultStore).collection("keys", Schema.RedactedFromValue(Schema.String))
  const stored = yield* keys.get("workload-access-token")
  const key = Option.getOrElse(stored, () => Redacted.make(randomBytes(Sealing.secretSize).toString("base64url")))
  if (Option.isNone(stored)) yield* keys.put("workload-access-token", key)
  return yield* Sealing.importKey(new Uint8Array(Buffer.from(Redacted.value(key), "base64url")))
})

/** `lifetime` is read for each token. */
export const make = (lifetime: Effect.Effect<Duration.Duration>) =>
  Effect.map(loadKey, (key) => {
    const cache = new Map<string, Claims>()
    const decode = Schema.decodeUnknownOption(Claims)
    const encode = Schema.encodeSync(Claims)

    return {
      /** The token expires at `expiresAt` at the latest, in seconds since the epoch. */
      seal: Effect.fnUntraced(function*(workload: string, user: User, expiresAt = Infinity) {
        const iat = toSeconds(yield* DateTime.now)
        const seconds = Math.floor(Duration.toSeconds(yield* lifetime))
        const claims = { workload, user, exp: Math.min(iat + seconds, Math.floor(expiresAt), maxTime / 1000) }
        const token = yield* Sealing.seal({ ...encode(claims), iat }, key)
        setBounded(cache, cacheSize, token, claims)
        return Redacted.make(token)
      }),
      /** Returns undefined for an expired token, or one of another backend. */
      open: Effect.fnUntraced(function*(token: Redacted.Redacted) {
        const now = yield* DateTime.now
        const value = Redacted.value(token)
        const claims = cache.get(value)
          ?? Option.getOrUndefined(Option.flatMap(yield* Effect.option(Sealing.open(value, () => key)), decode))
        if (claims === undefined) return undefined
        setBounded(cache, cacheSize, value, claims)
        return claims.exp > toSeconds(now) ? claims : undefined
      })
    }
  })
