/**
 * The local STS. Every caller has the same role of the local account, in a session with the name of the access key. The
 * issuer signs JWTs in place of AWS (outbound identity federation). Their subject is the role.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Jose from "jose"
import { createPublicKey, randomUUID } from "node:crypto"
import { JWTPayloadSizeExceededException, UnknownServiceError } from "../../IdentityError.js"
import type * as Operation from "../../Operation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { type Collection, VaultStore } from "../vault/vaultStore.js"
import * as Arn from "./arn.js"
import { CallerKey, sessionNameOf } from "./callContext.js"
import { logStoreError } from "./failures.js"

/** UTF-8 bytes of the claims. The live service signed as many, and rejected more. */
const maxPayload = 14_984

/** Seconds. The local sessions never expire, so they always end after the longest token. */
const sessionLifetime = 3600

const operation = SecurityTokenService.operations.getWebIdentityToken.name

/** The live service reports this error for `team` and `Team`, too. */
export const duplicateTags = new UnknownServiceError({
  operation,
  code: "InvalidParameterValue",
  status: 400,
  message: "Duplicate tag keys found. Please note that Tag keys are case insensitive."
})

/** RFC 3339, without a fraction. */
const formatSeconds = (seconds: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(seconds * 1000)).replace(".000", "")

export const hasDuplicates = (keys: ReadonlyArray<string>): boolean =>
  new Set(keys.map((key) => key.toLowerCase())).size < keys.length

export const role = "agentcore-identity-local"

const roleId = "AROALOCALAGENTCOREIDS"

export type LocalIssuer = Effect.Success<ReturnType<typeof make>>

type TokenRequest = Operation.Request<typeof SecurityTokenService.operations.getWebIdentityToken>

type Algorithm = TokenRequest["signingAlgorithm"]

/** The key ids of the live service. */
const keyIds = { RS256: "RSA_0", ES384: "EC384_0" }

const generate = async (alg: Algorithm): Promise<Redacted.Redacted> => {
  const { privateKey } = await Jose.generateKeyPair(alg, { extractable: true })
  return Redacted.make(JSON.stringify(await Jose.exportJWK(privateKey)))
}

const importKey = async (alg: Algorithm, key: Redacted.Redacted) => {
  const jwk: Jose.JWK = JSON.parse(Redacted.value(key))
  const kid = keyIds[alg]
  const publicKey = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "jwk" })
  return { kid, privateKey: await Jose.importJWK(jwk, alg), publicKey: { ...publicKey, kid, alg, use: "sig" } }
}

/**
 * Reads the key from the store, or stores a new one. Verifiers cache keys by their ids, which never change. If a new
 * key cannot be stored, this process uses it, and the next one has another. It is uninterruptible, because
 * `Effect.cached` would cache the interruption of its first caller.
 */
const loadKey = (keys: Collection<Redacted.Redacted>, alg: Algorithm) =>
  Effect.gen(function*() {
    const stored = yield* Effect.orDie(keys.get(alg))
    const key = Option.isSome(stored) ? stored.value : yield* Effect.promise(() => generate(alg))
    if (Option.isNone(stored)) yield* Effect.catch(keys.put(alg, key), logStoreError)
    return yield* Effect.promise(() => importKey(alg, key))
  }).pipe(Effect.uninterruptible)

/** Reads the public URL of a backend, which is its issuer, and the account of its ARNs. */
export const readLocation = (
  { accountId = "123456789012", publicUrl = "http://127.0.0.1:4020", region = "us-west-2" }: {
    readonly publicUrl?: string | undefined
    readonly region?: string | undefined
    readonly accountId?: string | undefined
  }
) => ({ publicUrl: publicUrl.replace(/\/+$/, ""), account: { region, accountId } satisfies Arn.Account })

/** An issuer that consecutive backends share. By default, each backend has its own. */
export const SharedIssuer = Context.Reference("effect-agentcore-identity/local/SharedIssuer", {
  defaultValue: (): Option.Option<LocalIssuer> => Option.none()
})

/** Makes a key when it is first used, because an RSA key takes long. */
export const make = (issuer: string, account: Arn.Account) =>
  Effect.gen(function*() {
    const stored = (yield* VaultStore).collection("sts-keys", Schema.RedactedFromValue(Schema.String))
    const keys = {
      RS256: yield* Effect.cached(loadKey(stored, "RS256")),
      ES384: yield* Effect.cached(loadKey(stored, "ES384"))
    }

    /** The plane has checked the request. `invokedBy` is the service that asks for the caller. */
    const sign = Effect.fnUntraced(function*(request: TokenRequest, invokedBy?: string) {
      const { audience, durationSeconds = 300, signingAlgorithm, tags = {} } = request
      if (hasDuplicates(Object.keys(tags))) return yield* duplicateTags
      const issuedAt = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const expiresAt = issuedAt + durationSeconds
      const principal = Arn.role(account, role)
      const claims = {
        // AWS writes a single audience as a string.
        aud: audience.length === 1 ? audience[0] ?? [] : [...audience],
        sub: principal,
        "https://sts.amazonaws.com/": {
          ...(invokedBy === undefined ? {} : { invoked_by: invokedBy }),
          aws_account: account.accountId,
          ...(Object.keys(tags).length === 0 ? {} : { request_tags: tags }),
          original_session_exp: formatSeconds(issuedAt + sessionLifetime),
          source_region: account.region,
          principal_id: principal
        },
        iss: issuer,
        exp: expiresAt,
        iat: issuedAt,
        jti: randomUUID()
      }
      if (Buffer.byteLength(JSON.stringify(claims)) > maxPayload) {
        return yield* new JWTPayloadSizeExceededException({
          operation,
          message: "JWT payload exceeds maximum allowed size"
        })
      }
      const { kid, privateKey } = yield* keys[signingAlgorithm]
      const header = { kid, typ: "JWT", alg: signingAlgorithm }
      const token = yield* Effect.promise(() => new Jose.SignJWT(claims).setProtectedHeader(header).sign(privateKey))
      return { webIdentityToken: Redacted.make(token), expiration: DateTime.makeUnsafe(expiresAt * 1000) }
    })

    return {
      getWebIdentityToken: (request: TokenRequest) => sign(request),
      getCallerIdentity: () =>
        Effect.map(CallerKey, (key) => ({
          account: account.accountId,
          arn: Arn.assumedRole(account, role, sessionNameOf(key)),
          userId: `${roleId}:${sessionNameOf(key)}`
        })),
      /** A token that AgentCore gets for an audience: an actor token, or the assertion of a client. */
      makeToken: (audience: string) =>
        Effect.map(
          // The URL of a token endpoint is never too long for a token.
          Effect.orDie(sign({ audience: [audience], signingAlgorithm: "RS256" }, "bedrock-agentcore.amazonaws.com")),
          ({ webIdentityToken }) => webIdentityToken
        ),
      metadata: {
        issuer,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256", "ES384"],
        claims_supported: ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"]
      },
      keySet: Effect.map(
        Effect.all([keys.RS256, keys.ES384]),
        (all) => ({ keys: all.map(({ publicKey }) => publicKey) })
      )
    }
  })
