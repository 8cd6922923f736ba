/**
 * AWS Signature Version 4, from the side of the server.
 *
 * @since 0.1.0
 */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { Credentials, Signatures } from "../LocalServer.js"
import * as WireErrors from "./errors.js"
import type { WireError } from "./errors.js"

/**
 * What a request has to pass, for a service that it should be signed for.
 *
 * @internal
 */
export interface SignatureCheck {
  /** Looks at the headers alone. */
  readonly headers: (request: HttpServerRequest.HttpServerRequest, service: string) => WireError | undefined
  /** Needs the body, and comes after `headers`. */
  readonly content: (
    request: HttpServerRequest.HttpServerRequest,
    service: string,
    body: Uint8Array
  ) => Effect.Effect<void, WireError>
}

// -----------------------------------------------------------------------------
// Presence
// -----------------------------------------------------------------------------

const parameter = (authorization: string, name: string): string | undefined =>
  new RegExp(`[ ,]${name}=([^\\s,]+)`).exec(authorization)?.[1]

const presence = (request: HttpServerRequest.HttpServerRequest, service: string): WireError | undefined => {
  const { authorization = "" } = request.headers
  return /^AWS4-\S+ /.test(authorization)
      && parameter(authorization, "Credential")?.endsWith(`/${service}/aws4_request`) === true
    ? undefined
    : WireErrors.missingAuthentication(service)
}

// -----------------------------------------------------------------------------
// Verification
// -----------------------------------------------------------------------------

/** AWS accepts requests of the last five minutes, and of the next five. */
const maxSkew = 5 * 60 * 1000

const mismatch = WireErrors.invalidSignature(
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    + "signing method. Consult the service documentation for details."
)

interface Signed {
  readonly accessKeyId: string
  readonly region: string
  readonly names: ReadonlySet<string>
  readonly signature: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** `20260131T235959Z`, in milliseconds since the epoch. */
const timeOf = (text: string | undefined): Option.Option<number> => {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "")
  if (parts === null) return Option.none()
  const [, year, month, day, hours, minutes, seconds] = parts
  return Option.map(DateTime.make(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`), DateTime.toEpochMillis)
}

const textOf = (time: number): string => DateTime.formatIso(DateTime.unsafeMake(time)).replace(/[-:]|\.\d+/g, "")

const read = (request: HttpServerRequest.HttpServerRequest, service: string): Signed | WireError => {
  const { authorization = "", "x-amz-date": date } = request.headers
  if (!authorization.startsWith("AWS4-HMAC-SHA256 ")) {
    return WireErrors.incompleteSignature("The signature has to be of the algorithm AWS4-HMAC-SHA256.")
  }
  const scope = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(parameter(authorization, "Credential") ?? "")
  const names = parameter(authorization, "SignedHeaders")
  const signature = parameter(authorization, "Signature")
  const time = timeOf(date)
  if (scope === null || names === undefined || signature === undefined || Option.isNone(time)) {
    return WireErrors.incompleteSignature(
      "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and the request an "
        + "'X-Amz-Date' header."
    )
  }
  const [, accessKeyId = "", day = "", region = "", scopeService] = scope
  if (scopeService !== service) {
    return WireErrors.invalidSignature(`Credential should be scoped to correct service: '${service}'.`)
  }
  if (day !== date?.slice(0, 8)) {
    return WireErrors.invalidSignature(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
    )
  }
  return { accessKeyId, region, names: new Set(names.split(";")), signature, time: time.value }
}

/** What could be changed on its way without the signature saying so. */
const unsigned = (request: HttpServerRequest.HttpServerRequest, names: ReadonlySet<string>): WireError | undefined => {
  const missing = ["host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"].find((name) =>
    request.headers[name] !== undefined && !names.has(name)
  )
  return missing === undefined
    ? undefined
    : WireErrors.invalidSignature(`'${missing}' must be a 'SignedHeader' in the AWS Authorization.`)
}

const stale = (time: number, now: number): WireError | undefined => {
  const [then, present] = [textOf(time), textOf(now)]
  return time < now - maxSkew
    ? WireErrors.invalidSignature(
      `Signature expired: ${then} is now earlier than ${textOf(now - maxSkew)} (${present} - 5 min.)`
    )
    : time > now + maxSkew
    ? WireErrors.invalidSignature(
      `Signature not yet current: ${then} is still later than ${textOf(now + maxSkew)} (${present} + 5 min.)`
    )
    : undefined
}

/** In a time that does not depend on where they differ. */
const same = (left: string, right: string): boolean => {
  // Digests, so that not even the length of a secret shows.
  const [one, two] = [left, right].map((text) => createHash("sha256").update(text).digest())
  return one !== undefined && two !== undefined && timingSafeEqual(one, two)
}

/** The hash that the signer wants to be given, by Node. */
class Sha256 {
  private readonly hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytes(secret))
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytes(data))
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest())
  }
  reset(): void {}
}

const bytes = (data: string | ArrayBuffer | ArrayBufferView): Uint8Array =>
  typeof data === "string"
    ? Buffer.from(data)
    : ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)

const query = (parameters: URLSearchParams): Record<string, Array<string>> =>
  Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]))

/**
 * The package that signs, which is there for those who verify only.
 *
 * @internal
 */
export const load = (): Promise<typeof import("@smithy/signature-v4")> => import("@smithy/signature-v4")

/** The signature that the holder of the key makes of this request, with the headers that were signed. */
const sign = (
  request: HttpServerRequest.HttpServerRequest,
  service: string,
  body: Uint8Array,
  signed: Signed,
  credentials: Credentials
): Effect.Effect<string> =>
  Effect.promise(async () => {
    const { SignatureV4 } = await load()
    const signer = new SignatureV4({
      service,
      region: signed.region,
      sha256: Sha256,
      // A header that would not be as it was sent.
      applyChecksum: false,
      credentials: {
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: Redacted.value(credentials.secretAccessKey),
        ...credentials.sessionToken === undefined
          ? undefined
          : { sessionToken: Redacted.value(credentials.sessionToken) }
      }
    })
    const start = request.url.indexOf("?")
    const { headers } = await signer.sign({
      method: request.method,
      protocol: "http:",
      hostname: "localhost",
      path: start === -1 ? request.url : request.url.slice(0, start),
      query: query(new URLSearchParams(start === -1 ? "" : request.url.slice(start))),
      headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => signed.names.has(name))),
      body
    }, {
      signingDate: DateTime.toDate(DateTime.unsafeMake(signed.time)),
      // Also those that the signer leaves out of its own accord.
      signableHeaders: new Set(signed.names),
      unsignableHeaders: new Set()
    })
    return parameter(headers.authorization ?? "", "Signature") ?? ""
  })

const verify = (credentials: ReadonlyArray<Credentials>): SignatureCheck["content"] => (request, service, body) =>
  Effect.gen(function*() {
    const signed = read(request, service)
    if ("status" in signed) return yield* Effect.fail(signed)
    const problem = unsigned(request, signed.names) ?? stale(signed.time, yield* Clock.currentTimeMillis)
    if (problem !== undefined) return yield* Effect.fail(problem)
    const known = credentials.find(({ accessKeyId }) => accessKeyId === signed.accessKeyId)
    if (known === undefined) return yield* Effect.fail(WireErrors.unrecognizedClient)
    const expectedToken = known.sessionToken === undefined ? "" : Redacted.value(known.sessionToken)
    if (!same(request.headers["x-amz-security-token"] ?? "", expectedToken)) {
      return yield* Effect.fail(WireErrors.unrecognizedClient)
    }
    const hash = request.headers["x-amz-content-sha256"]
    if (hash !== undefined && !same(hash, createHash("sha256").update(body).digest("hex"))) {
      return yield* Effect.fail(mismatch)
    }
    if (!same(signed.signature, yield* sign(request, service, body, signed, known))) {
      return yield* Effect.fail(mismatch)
    }
  })

/** @internal */
export const make = (mode: Signatures, credentials: ReadonlyArray<Credentials>): SignatureCheck => ({
  headers: mode === "off" ? () => undefined : presence,
  content: mode === "verify" ? verify(credentials) : () => Effect.void
})
