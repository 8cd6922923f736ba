/**
 * Private keys that stand for those of KMS.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import { createPrivateKey, type KeyObject } from "node:crypto"

/** @internal */
export type Algorithm = "RS256" | "PS256" | "ES256"

/** KMS has no RSA keys that are shorter. */
const minModulus = 2048

const isSuitable = (key: KeyObject, algorithm: Algorithm): boolean =>
  algorithm === "ES256"
    ? key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1"
    : key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minModulus

/**
 * The key of a text, in PEM or as a JWK in JSON; undefined where it is no private key that signs by this algorithm. What a
 * parser says of a key may quote it.
 *
 * @internal
 */
export const parse = (text: Redacted.Redacted, algorithm: Algorithm): KeyObject | undefined => {
  const value = Redacted.value(text).trim()
  try {
    const key = value.startsWith("{")
      ? createPrivateKey({ key: JSON.parse(value), format: "jwk" })
      : createPrivateKey(value)
    return isSuitable(key, algorithm) ? key : undefined
  } catch {
    return undefined
  }
}

const parameters = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" }
}

/**
 * The key as Web Crypto has it: `KeyObject.toCryptoKey` is not there in every Node that is supported.
 *
 * @internal
 */
export const cryptoKey = (key: KeyObject, algorithm: Algorithm): Promise<CryptoKey> =>
  crypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), parameters[algorithm], false, ["sign"])
