/**
 * AWS Signature Version 4 of requests. The adapter over HTTP signs with it, and the local server verifies. It signs all
 * headers that it is given. A test compares it with the signer of the AWS SDK.
 */
import * as Effect from "effect/Effect"

/** An HMAC with a kept key. */
interface Hmac {
  readonly bytes: (data: string) => Effect.Effect<Uint8Array>
  /** In hexadecimal digits. */
  readonly hex: (data: string) => Effect.Effect<string>
}

export interface Sha256 {
  /** In hexadecimal digits. */
  readonly hash: (data: string) => Effect.Effect<string>
  readonly hmac: (secret: string | Uint8Array) => Effect.Effect<Hmac>
}

/** The hash of `node:crypto`, which is synchronous. */
export const nodeSha256 = ({ createHmac, createSecretKey, hash }: typeof import("node:crypto")): Sha256 => ({
  hash: (data) => Effect.succeed(hash("sha256", data)),
  hmac: (secret) => {
    // Given the bytes of a key, Node throws and catches an error in each HMAC, which is slow.
    const key = createSecretKey(Buffer.from(secret))
    const mac = (data: string) => createHmac("sha256", key).update(data)
    return Effect.succeed({
      bytes: (data) => Effect.succeed(mac(data).digest()),
      hex: (data) => Effect.succeed(mac(data).digest("hex"))
    })
  }
})

export interface SignedRequest {
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  /** Not encoded. */
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  /** The headers that the signature covers, with `host`. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The SHA-256 of the body, in hexadecimal digits. */
  readonly bodyHash: string
}

export interface Signer {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
  /** The time of the signature, as in `20250102T030405Z`. */
  readonly timestamp: string
}

const algorithm = "AWS4-HMAC-SHA256"

/** Percent-encodes all except the unreserved characters of RFC 3986, as signatures require. */
export const escapeUri = (value: string): string =>
  encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )

/** Removes dot segments and empty segments. */
const normalizePath = (path: string): string => {
  const segments: Array<string> = []
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop()
    else if (segment !== "" && segment !== ".") segments.push(segment)
  }
  return `/${segments.join("/")}${segments.length > 0 && path.endsWith("/") ? "/" : ""}`
}

/** A signature encodes the encoded path once more. */
const canonicalPath = (path: string): string =>
  // Most paths stay as they are.
  /^(?:\/[\w~-]+)+$/.test(path) ? path : escapeUri(normalizePath(path)).replaceAll("%2F", "/")

const compare = (left: string, right: string): number => left < right ? -1 : 1

const canonicalQuery = (query: SignedRequest["query"]): string =>
  Object.entries(query)
    .map(([name, values]) => [escapeUri(name), values.map(escapeUri).sort()] as const)
    .sort(([left], [right]) => compare(left, right))
    .flatMap(([name, values]) => values.map((value) => `${name}=${value}`))
    .join("&")

const canonicalHeader = (value: string): string =>
  /^\s|\s\s|[\t\r\n]|\s$/.test(value) ? value.replaceAll(/[ \t\r\n]+/g, " ").replaceAll(/^ | $/g, "") : value

/**
 * Makes a signer, which keeps the key of its last secret and day. It returns the header `authorization`. With the hash
 * of Node, the functions named `…Eager` need no step of a fiber.
 */
export const makeSigner = ({ hash, hmac }: Sha256) => {
  let kept: { readonly secret: string; readonly scope: string; readonly key: Hmac } | undefined
  const deriveKey = Effect.fnUntraced(function*(secret: string, scope: string) {
    let key = yield* hmac(`AWS4${secret}`)
    for (const part of scope.split("/")) key = yield* hmac(yield* key.bytes(part))
    kept = { secret, scope, key }
    return key
  })
  const keyOf = (secret: string, scope: string): Effect.Effect<Hmac> =>
    kept?.secret === secret && kept.scope === scope ? Effect.succeed(kept.key) : deriveKey(secret, scope)

  return ({ bodyHash, headers, method, path, query }: SignedRequest, signer: Signer): Effect.Effect<string> => {
    const { accessKeyId, region, secretAccessKey, service, timestamp } = signer
    const names = Object.keys(headers).sort()
    const lines = names.map((name) => `${name}:${canonicalHeader(headers[name] ?? "")}\n`).join("")
    const signedHeaders = names.join(";")
    const request = [method, canonicalPath(path), canonicalQuery(query), lines, signedHeaders, bodyHash].join("\n")
    const scope = `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`
    const prefix = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=`
    return hash(request).pipe(
      Effect.mapEager((digest) => [algorithm, timestamp, scope, digest].join("\n")),
      Effect.flatMapEager((text) => Effect.flatMapEager(keyOf(secretAccessKey, scope), ({ hex }) => hex(text))),
      Effect.mapEager((signature) => prefix + signature)
    )
  }
}
