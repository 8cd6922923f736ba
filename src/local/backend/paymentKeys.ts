/** The private keys of payment vendors. */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { createPrivateKey, type KeyObject } from "node:crypto"

/** The parser's error is dropped, because it may quote the key. */
const tryParse = (parse: () => KeyObject): KeyObject | undefined => Result.getOrUndefined(Result.try(parse))

const isP256 = (key: KeyObject | undefined): key is KeyObject =>
  key?.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1"

/** Parses the base64 of a P-256 key in PKCS #8 or SEC 1. Privy writes `wallet-auth:` before it. */
export const parseP256 = (secret: Redacted.Redacted): KeyObject | undefined => {
  const key = Buffer.from(Redacted.value(secret).trim().replace(/^wallet-auth:/, ""), "base64")
  return (["pkcs8", "sec1"] as const).map((type) => tryParse(() => createPrivateKey({ key, format: "der", type })))
    .find(isP256)
}

/** Coinbase issues Ed25519 keys as the base64 of seed and public key. */
const parseEd25519 = (base64: string): KeyObject | undefined => {
  const bytes = Buffer.from(base64, "base64")
  const d = bytes.toString("base64url", 0, 32)
  const x = bytes.toString("base64url", 32)
  return bytes.length === 64
    ? tryParse(() => createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" }))
    : undefined
}

/** Parses an Ed25519 key in the form of Coinbase, or a P-256 key in PEM. */
export const parseApiKey = (secret: Redacted.Redacted) => {
  // Environment variables often contain the line ends of a PEM as \n.
  const value = Redacted.value(secret).replaceAll("\\n", "\n").trim()
  if (!value.startsWith("-----BEGIN")) {
    const key = parseEd25519(value)
    return key && { alg: "EdDSA", key }
  }
  const key = tryParse(() => createPrivateKey(value))
  return isP256(key) ? { alg: "ES256", key } : undefined
}
