/** Verifies AWS Signature Version 4 of requests. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as NodeCrypto from "node:crypto"
import { isSameSecret } from "../../internal/sameSecret.js"
import { makeSigner, nodeSha256 } from "../../internal/signature.js"
import { agentKey } from "../backend/authorization.js"
import * as Errors from "./errors.js"
import { type WireError, wireErrors } from "./errors.js"
import type { SignatureOptions } from "./serverModels.js"

export type SignatureCheck = ReturnType<typeof make>

const readParameter = (authorization: string, name: "Credential" | "SignedHeaders" | "Signature"): string | undefined =>
  new RegExp(`[ ,]${name}=([^\\s,]+)`).exec(authorization)?.[1]

/** The region is undefined for the algorithm AWS4-ECDSA-P256-SHA256. */
const parseScope = (authorization: string) => {
  const parts = readParameter(authorization, "Credential")?.split("/") ?? []
  const [accessKeyId = "", day = "", ...rest] = parts
  const [end, service = "", region, ...others] = rest.reverse()
  return end === "aws4_request" && accessKeyId !== "" && /^\d{8}$/.test(day) && service !== "" && region !== ""
      && others.length === 0
    ? { accessKeyId, day, region, service }
    : undefined
}

/** Reads the access key id in the signature, without verifying it. Undefined without a signature. */
export const readAccessKeyId = (request: HttpServerRequest.HttpServerRequest): string | undefined =>
  parseScope(request.headers["authorization"] ?? "")?.accessKeyId

const parseAuthorization = (authorization: string) => {
  const scope = parseScope(authorization)
  const names = readParameter(authorization, "SignedHeaders")
  const signature = readParameter(authorization, "Signature")
  return scope === undefined || names === undefined || signature === undefined
    ? undefined
    : { ...scope, names, signature }
}

const checkPresence = (request: HttpServerRequest.HttpServerRequest, service: string): WireError | undefined => {
  const { authorization = "" } = request.headers
  if (authorization === "") return Errors.missingAuthentication(service)
  const parsed = /^AWS4-\S+ /.test(authorization) ? parseAuthorization(authorization) : undefined
  return parsed === undefined
    ? wireErrors.incompleteSignature
    : parsed.service === service
    ? undefined
    : Errors.wrongService(service)
}

/** AWS accepts requests that are at most five minutes early or late. */
const maxSkew = 5 * 60 * 1000

const mismatch = Errors.invalidSignature(
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    + "signing method. Consult the service documentation for details."
)

type Signed = Exclude<ReturnType<typeof parse>, WireError>

const basicTime = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Parses `20260131T235959Z` to milliseconds since the epoch. */
const parseTime = (input = ""): Option.Option<number> =>
  basicTime.test(input)
    ? Option.map(DateTime.make(input.replace(basicTime, "$1-$2-$3T$4:$5:$6Z")), DateTime.toEpochMillis)
    : Option.none()

const formatTime = (time: number): string => DateTime.formatIso(DateTime.makeUnsafe(time)).replace(/[-:]|\.\d+/g, "")

const parse = (request: HttpServerRequest.HttpServerRequest, service: string) => {
  const { authorization = "", "x-amz-date": date } = request.headers
  const parsed = authorization.startsWith("AWS4-HMAC-SHA256 ") ? parseAuthorization(authorization) : undefined
  const time = parseTime(date)
  if (parsed?.region === undefined || Option.isNone(time)) return wireErrors.incompleteSignature
  const { accessKeyId, day, names, region, signature } = parsed
  if (parsed.service !== service) return Errors.wrongService(service)
  if (day !== date?.slice(0, 8)) {
    return Errors.invalidSignature(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
    )
  }
  return { accessKeyId, date, region, names: new Set(names.split(";")), signature, time: time.value }
}

/** Requires that the signature covers the headers it depends on. Otherwise they could be changed in transit. */
const checkSignedHeaders = (
  request: HttpServerRequest.HttpServerRequest,
  names: ReadonlySet<string>
): WireError | undefined => {
  const missing = ["host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"].find((name) =>
    request.headers[name] !== undefined && !names.has(name)
  )
  return missing === undefined
    ? undefined
    : Errors.invalidSignature(`'${missing}' must be a 'SignedHeader' in the AWS Authorization.`)
}

const checkTime = (time: number, now: number): WireError | undefined => {
  const [then, present] = [formatTime(time), formatTime(now)]
  return time < now - maxSkew
    ? Errors.invalidSignature(
      `Signature expired: ${then} is now earlier than ${formatTime(now - maxSkew)} (${present} - 5 min.)`
    )
    : time > now + maxSkew
    ? Errors.invalidSignature(
      `Signature not yet current: ${then} is still later than ${formatTime(now + maxSkew)} (${present} + 5 min.)`
    )
    : undefined
}

const digest = (data: string | Uint8Array): Buffer => NodeCrypto.createHash("sha256").update(data).digest()

const toQuery = (parameters: URLSearchParams): Record<string, Array<string>> =>
  Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)]))

/** Signs the request with a secret, over the headers that the client signed. Returns the signature. */
const sign = (
  signer: ReturnType<typeof makeSigner>,
  request: HttpServerRequest.HttpServerRequest,
  service: string,
  bodyHash: string,
  { accessKeyId, date, names, region }: Signed,
  secret: Redacted.Redacted
): Effect.Effect<string> => {
  const [path = "", query = ""] = request.url.split(/\?(.*)/s)
  const authorization = signer({
    method: request.method,
    path,
    query: toQuery(new URLSearchParams(query)),
    headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => names.has(name))),
    bodyHash
  }, { accessKeyId, secretAccessKey: Redacted.value(secret), region, service, timestamp: date })
  return Effect.map(authorization, (authorization) => readParameter(authorization, "Signature") ?? "")
}

const verify = (
  signer: ReturnType<typeof makeSigner>,
  credentials: NonNullable<SignatureOptions["credentials"]>,
  request: HttpServerRequest.HttpServerRequest,
  service: string,
  body: Uint8Array
) =>
  Effect.gen(function*() {
    const signed = parse(request, service)
    if ("status" in signed) return yield* Effect.fail(signed)
    const problem = checkSignedHeaders(request, signed.names) ?? checkTime(signed.time, yield* Clock.currentTimeMillis)
    if (problem !== undefined) return yield* Effect.fail(problem)
    const known = credentials.find(({ accessKeyId }) => accessKeyId === signed.accessKeyId)
    const expectedToken = known?.sessionToken === undefined ? "" : Redacted.value(known.sessionToken)
    if (known === undefined || !isSameSecret(request.headers["x-amz-security-token"] ?? "", expectedToken)) {
      return yield* Effect.fail(wireErrors.unrecognizedClient)
    }
    const bodyHash = digest(body).toString("hex")
    const expected = yield* sign(signer, request, service, bodyHash, signed, known.secretAccessKey)
    if (
      !isSameSecret(request.headers["x-amz-content-sha256"] ?? bodyHash, bodyHash)
      || !isSameSecret(signed.signature, expected)
    ) return yield* Effect.fail(mismatch)
  })

/** The access key of a policy. It need not be secret, because other keys have no policy. */
const agentCredentials = { accessKeyId: agentKey, secretAccessKey: Redacted.make(agentKey) }

/** `hasPolicy`: whether the signatures of the access key `agent` are always verified, so that its caller is known. */
export const make = (
  mode: SignatureOptions["signatures"] = "presence",
  credentials: NonNullable<SignatureOptions["credentials"]> = [],
  hasPolicy = false
) => {
  const signer = makeSigner(nodeSha256(NodeCrypto))
  return {
    /** Checks the headers only. */
    headers: mode === "off" ? () => undefined : checkPresence,
    /** Checks the body, too. Runs after `headers`. */
    content: (request: HttpServerRequest.HttpServerRequest, service: string, body: Uint8Array) =>
      mode === "verify"
        ? verify(signer, credentials, request, service, body)
        : hasPolicy && readAccessKeyId(request) === agentKey
        ? verify(signer, [agentCredentials], request, service, body)
        : Effect.void
  }
}
