/** Verifies JWTs of this server and of the issuers that it trusts. */
import * as DateTime from "effect/DateTime"
import * as Jose from "jose"
import * as IssuerKeys from "../internal/issuerKeys.js"
import type { Settings } from "./serverSettings.js"

export interface VerifiedToken {
  readonly iss: string
  readonly sub: string
  /** Whether this server issued the token. */
  readonly isOwn: boolean
  readonly claims: Jose.JWTPayload
}

/** Why a JWT is rejected, for the developer of a client. The message contains no part of the token. */
export class TokenError extends Error {
  override readonly name = "TokenError"
}

const requiredClaims = ["exp", "sub"]

const explain = (cause: unknown): string => {
  if (cause instanceof IssuerKeys.IssuerKeysError || cause instanceof Jose.errors.JWKSInvalid) {
    return "the keys of its issuer cannot be read"
  }
  if (cause instanceof Jose.errors.JWTExpired) return "it has expired"
  if (cause instanceof Jose.errors.JWTClaimValidationFailed) return `its claim ${cause.claim} is missing or not valid`
  if (cause instanceof Jose.errors.JOSEAlgNotAllowed) return "its algorithm is not accepted"
  return cause instanceof Jose.errors.JWSInvalid || cause instanceof Jose.errors.JWTInvalid
    ? "it is not a JWT"
    : "its signature does not match a key of its issuer"
}

export type Tokens = ReturnType<typeof make>

/** The type of an access token in its header (RFC 9068). */
export const accessTokenHeader = "at+jwt"

export const make = ({ clock, issuer, signingKey, trustedIssuers }: Settings) => {
  const { d: _, ...publicKey } = signingKey
  // The key id is not compared, because `oidc-provider` chooses the id of the only key.
  const ownKey = Jose.importJWK(publicKey, "ES256")
  const issuerKeys = IssuerKeys.make()
  const currentDate = () => DateTime.toDate(DateTime.makeUnsafe(clock.now() * 1000))

  /** Verifies a JWT of this server. Rejects with an error of `jose`. */
  const verifyOwn = async (token: string, typ?: string) => {
    const options = {
      issuer,
      algorithms: ["ES256"],
      requiredClaims,
      currentDate: currentDate(),
      ...(typ === undefined ? {} : { typ })
    }
    return (await Jose.jwtVerify(token, await ownKey, options)).payload
  }

  return {
    verifyOwn,
    /** Verifies a JWT of this server, or of a trusted issuer. Rejects with `TokenError`. */
    verify: async (token: string): Promise<VerifiedToken> => {
      try {
        const { iss } = Jose.decodeJwt(token)
        const isOwn = iss === issuer
        if (iss === undefined || (!isOwn && !trustedIssuers.has(iss))) {
          throw new TokenError("its issuer is not trusted by this server")
        }
        const claims = isOwn
          ? await verifyOwn(token)
          : await issuerKeys.verify(
            token,
            iss,
            { requiredClaims, currentDate: currentDate() },
            trustedIssuers.get(iss)
          )
        return { iss, sub: String(claims.sub), isOwn, claims }
      } catch (cause) {
        throw cause instanceof TokenError ? cause : new TokenError(explain(cause))
      }
    }
  }
}
