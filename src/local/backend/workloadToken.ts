/**
 * Workload access tokens, opaque to their callers. A token is a JWE (`dir`, `A256GCM`) under a key in the backend's
 * store, so that a backend rejects the tokens of another one.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { hash, randomBytes } from "node:crypto"
import * as Sealing from "../../internal/sealing.js"
import { maxTime } from "../internal/dateRange.js"
import { VaultStore, type VaultStoreError } from "../VaultStore.js"

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

export const Claims = Schema.Struct({ workload: Schema.String, user: User, exp: Schema.Number })

export type Claims = typeof Claims.Type

/** A digest that binds a session to the user id or JWT of its first request. */
export const makeArtifact = (kind: "Jwt" | "UserId", value: string): string =>
  hash("sha256", `${kind}:${value}`, "base64url")

export const userOfId = (id: string): User => ({ _tag: "UserId", id, artifact: makeArtifact("UserId", id) })

// A workload access token has at most 131072 characters, and encryption adds a third to its content.
const maxUserToken = 90_000

/** The user of a verified JWT. */
export const userOfJwt = (token: Redacted.Redacted, claims: { readonly iss: string; readonly sub: string }): User => ({
  _tag: "Jwt",
  iss: claims.iss,
  sub: claims.sub,
  artifact: makeArtifact("Jwt", Redacted.value(token)),
  token: Redacted.value(token).length <= maxUserToken ? token : undefined
})

export type WorkloadTokens = Effect.Success<ReturnType<typeof make>>

// A program repeats one token, and decryption is a promise: it takes longer than most operations, and a test clock does
// not wait for it. The cache holds only tokens that this backend made, so that callers cannot fill it.
const cacheSize = 1024

const toSeconds = (now: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(now) / 1000)

/** Made once for each store. */
const loadKey: Effect.Effect<CryptoKey, VaultStoreError, VaultStore> = Effect.gen(function*() {
  const keys = (yield* VaultStore).collection("keys", Schema.RedactedFromValue(Schema.String))
  const stored = yield* keys.get("workload-access-token")
  const key = Option.getOrElse(stored, () => Redacted.make(randomBytes(Sealing.secretSize).toString("base64url")))
  if (Option.isNone(stored)) yield* keys.put("workload-access-token", key)
  return yield* Sealing.importKey(new Uint8Array(Buffer.from(Redacted.value(key), "base64url")))
})

/** The lifetime is read for each token. */
export const make = (lifetime: Effect.Effect<Duration.Duration>) =>
  Effect.map(loadKey, (key) => {
    const cache = new Map<string, Claims>()
    const decode = Schema.decodeUnknownOption(Claims)
    const encode = Schema.encodeSync(Claims)

    const keep = (token: string, claims: Claims) => {
      cache.set(token, claims)
      for (const oldest of cache.keys()) {
        if (cache.size <= cacheSize) break
        cache.delete(oldest)
      }
    }

    const whileAlive = (claims: Claims, now: DateTime.Utc) =>
      Option.liftPredicate(claims, ({ exp }) => exp > toSeconds(now))

    return {
      /**
       * The token ends with the user's JWT, if that ends before its own lifetime. `endsAt` in seconds since the epoch.
       */
      seal: (workload: string, user: User, endsAt = Infinity) =>
        Effect.flatMap(Effect.zip(DateTime.now, lifetime), ([now, duration]) => {
          const ownEnd = toSeconds(now) + Math.floor(Duration.toSeconds(duration))
          const claims = { workload, user, exp: Math.min(ownEnd, Math.floor(endsAt), maxTime / 1000) }
          return Effect.map(Sealing.seal({ ...encode(claims), iat: toSeconds(now) }, key), (token) => {
            keep(token, claims)
            return Redacted.make(token)
          })
        }),
      /** None for an expired token, or one of another backend. */
      open: (token: Redacted.Redacted): Effect.Effect<Option.Option<Claims>> =>
        Effect.flatMap(DateTime.now, (now) => {
          const known = cache.get(Redacted.value(token))
          return known === undefined
            ? Effect.match(Sealing.open(Redacted.value(token), () => key), {
              onFailure: () => Option.none(),
              onSuccess: (opened) =>
                Option.flatMap(decode(opened), (claims) => {
                  keep(Redacted.value(token), claims)
                  return whileAlive(claims, now)
                })
            })
            : Effect.succeed(whileAlive(known, now))
        })
    }
  })
