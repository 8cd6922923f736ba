/**
 * Workload access tokens: opaque to everyone but the backend that made them. A token is a JWE (`dir`, `A256GCM`) under a key
 * of the backend's store, so that another backend's tokens are as good as none.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Jose from "jose"
import { createHash, randomBytes } from "node:crypto"
import { Store, type StoreError } from "./store.js"

/**
 * The user of a workload access token. The three kinds are separate namespaces of the vault.
 *
 * @internal
 */
export const User = Schema.Union(
  Schema.TaggedStruct("None", {}),
  Schema.TaggedStruct("Jwt", {
    iss: Schema.String,
    sub: Schema.String,
    artifact: Schema.String,
    /** The user's token itself, for exchanges on behalf of the user. Not kept when it is too large. */
    token: Schema.optional(Schema.Redacted(Schema.String))
  }),
  Schema.TaggedStruct("UserId", { id: Schema.String, artifact: Schema.String })
)

/** @internal */
export type User = typeof User.Type

/** @internal */
export const Claims = Schema.Struct({ workload: Schema.String, user: User, exp: Schema.Number })

/** @internal */
export type Claims = typeof Claims.Type

/**
 * What binds a session to the very thing that a user was named by.
 *
 * @internal
 */
export const artifactOf = (kind: "Jwt" | "UserId", value: string): string =>
  createHash("sha256").update(`${kind}:${value}`).digest("base64url")

/** @internal */
export const userOfId = (id: string): User => ({ _tag: "UserId", id, artifact: artifactOf("UserId", id) })

// A workload access token has at most 131072 characters, and encryption makes what it carries a third longer.
const maxCarried = 90_000

/**
 * The user that a JWT names, as its check has found.
 *
 * @internal
 */
export const userOfJwt = (token: Redacted.Redacted, claims: { readonly iss: string; readonly sub: string }): User => ({
  _tag: "Jwt",
  iss: claims.iss,
  sub: claims.sub,
  artifact: artifactOf("Jwt", Redacted.value(token)),
  token: Redacted.value(token).length <= maxCarried ? token : undefined
})

/** @internal */
export interface WorkloadTokens {
  readonly seal: (workload: string, user: User) => Effect.Effect<Redacted.Redacted>
  /** None for what is expired, or was not made here. */
  readonly open: (token: Redacted.Redacted) => Effect.Effect<Option.Option<Claims>>
}

// A program that waits for consent shows one token again and again, and decryption is a promise, which a test clock does
// not wait for. Only tokens made here are remembered, so nobody can fill it from outside.
const remembered = 1024

const header = { alg: "dir", enc: "A256GCM" }

const seconds = (now: DateTime.Utc): number => Math.floor(DateTime.toEpochMillis(now) / 1000)

/** The key of the store, made where it has none. */
const storedKey: Effect.Effect<Uint8Array, StoreError, Store> = Effect.gen(function*() {
  const keys = (yield* Store).collection("keys", Schema.Redacted(Schema.String))
  const stored = yield* keys.get("workload-access-token")
  const key = Option.getOrElse(stored, () => Redacted.make(randomBytes(32).toString("base64url")))
  if (Option.isNone(stored)) yield* keys.put("workload-access-token", key)
  return new Uint8Array(Buffer.from(Redacted.value(key), "base64url"))
})

/** @internal */
export const make = (lifetime: Duration.Duration): Effect.Effect<WorkloadTokens, StoreError, Store> =>
  Effect.map(storedKey, (key) => {
    const opened = new Map<string, Claims>()
    const decode = Schema.decodeUnknownOption(Claims)
    const encode = Schema.encodeSync(Claims)

    const remember = (token: string, claims: Claims) => {
      opened.set(token, claims)
      for (const oldest of opened.keys()) {
        if (opened.size <= remembered) break
        opened.delete(oldest)
      }
    }

    const decrypt = (token: string, now: DateTime.Utc) =>
      Effect.tryPromise(() =>
        Jose.jwtDecrypt(token, key, {
          contentEncryptionAlgorithms: [header.enc],
          currentDate: DateTime.toDate(now),
          keyManagementAlgorithms: [header.alg]
        })
      ).pipe(
        Effect.map(({ payload }) => decode(payload)),
        // Why a token is not one of ours is nobody's business, and the error quotes the token.
        Effect.orElseSucceed(() => Option.none<Claims>())
      )

    return {
      seal: (workload, user) =>
        Effect.flatMap(DateTime.now, (now) => {
          const claims = { workload, user, exp: seconds(now) + Math.floor(Duration.toSeconds(lifetime)) }
          return Effect.promise(() =>
            new Jose.EncryptJWT(encode(claims)).setProtectedHeader(header).setIssuedAt(seconds(now)).encrypt(key)
          ).pipe(
            Effect.tap((token) => Effect.sync(() => remember(token, claims))),
            Effect.map(Redacted.make)
          )
        }),
      open: (token) =>
        Effect.flatMap(DateTime.now, (now) => {
          const known = opened.get(Redacted.value(token))
          return known === undefined
            ? decrypt(Redacted.value(token), now)
            : Effect.succeed(Option.liftPredicate(known, ({ exp }) => exp > seconds(now)))
        })
    }
  })
