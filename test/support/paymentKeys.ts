/** Keys of payment vendors. */
import { generateKeyPairSync } from "node:crypto"

/** An Ed25519 key as Coinbase issues it: the base64 of seed and public key. */
export const ed25519Key = (): string => {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })
  return Buffer.concat([Buffer.from(d, "base64url"), Buffer.from(x, "base64url")]).toString("base64")
}

/** A P-256 key in the form of the recorded creations: the base64 of SEC1. */
export const p256Key = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "der", type: "sec1" }).toString(
    "base64"
  )
