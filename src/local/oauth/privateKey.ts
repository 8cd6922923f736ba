/** Private keys from the settings that replace keys in KMS. */
import * as Redacted from "effect/Redacted"
import { createPrivateKey, type KeyObject } from "node:crypto"

type Algorithm = "RS256" | "PS256" | "ES256"

/** KMS has no shorter RSA keys. */
const minModulus = 2048

const isSuitable = (key: KeyObject, algorithm: Algorithm): boolean =>
  algorithm === "ES256"
    ? key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1"
    : key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minModulus

/**
 * Parses a private key for the algorithm, in PEM or as a JWK in JSON. Returns undefined for any other string. The
 * parser's error is dropped, because it may quote the key.
 */
export const parse = (key: Redacted.Redacted, algorithm: Algorithm): KeyObject | undefined => {
  const value = Redacted.value(key).trim()
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

/** `KeyObject.toCryptoKey` returns another type than `openid-client` accepts. */
export const toCryptoKey = (key: KeyObject, algorithm: Algorithm): Promise<CryptoKey> =>
  crypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), parameters[algorithm], false, ["sign"])
