/**
 * The credentials of the machine, in the order of the chain of the AWS SDK. The chain is loaded only if there may be a
 * profile.
 *
 * | found, in this order | credentials |
 * | --- | --- |
 * | `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and no `AWS_PROFILE` | these (Lambda) |
 * | `AWS_PROFILE`, or a file of profiles | the whole chain of the AWS SDK |
 * | `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` | of STS, for the token (EKS) |
 * | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI` | of the container's endpoint (ECS, EKS Pod Identity) |
 * | none of them | of the instance's metadata service (EC2, AgentCore Runtime) |
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { isDate, isString } from "effect/Predicate"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { isSecure } from "../../../internal/models/urls.js"
import * as Credentials from "../credentials.js"
import { NoResponse } from "../failure.js"
import { loadSdk } from "../operationCall.js"
import { regionalEndpoint } from "./httpPlane.js"
import type { Response, Transport } from "./httpTransport.js"
import * as Protocol from "./protocol.js"
import * as Retry from "./retry.js"

export interface Files {
  readonly configFilepath: string
  readonly filepath: string
}

export interface Machine {
  /** The variables of the process, because the AWS SDK reads these. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly fs: typeof import("node:fs")
  readonly files: Files
  /** Whether one of the files exists. */
  readonly hasProfiles: boolean
  readonly transport: Transport
  /** Sends requests without a proxy. */
  readonly direct: Transport
}

// -----------------------------------------------------------------------------
// Packages of the AWS SDK
// -----------------------------------------------------------------------------

/** A bundler leaves the package out, because its name is not in the `import()`. */
const importUnbundled = (name: string): Promise<unknown> => import(name)

/** A bundle contains the chain only if the program sets `credentials: fromNodeProviderChain()`. */
const importChain = (): Promise<typeof import("@aws-sdk/credential-provider-node")> =>
  // The name is that of the package.
  importUnbundled("@aws-sdk/credential-provider-node") as ReturnType<typeof importChain>

const chain = (files: Files): Credentials.Search =>
  Effect.flatMap(
    loadSdk("@aws-sdk/credential-provider-node", "defaultProvider", importChain),
    ({ defaultProvider }) => Credentials.fromProvider(() => defaultProvider({ ...files })())
  )

// -----------------------------------------------------------------------------
// Responses
// -----------------------------------------------------------------------------

/** Returns the credentials of a response, or `undefined` if its body is invalid or incomplete. */
const read = (decode: () => Readonly<Record<string, unknown>>): Credentials.Identity | undefined => {
  try {
    const { accessKeyId, expiration, secretAccessKey, sessionToken } = decode()
    return isString(accessKeyId) && isString(secretAccessKey) && isString(sessionToken) && isDate(expiration)
      ? { accessKeyId, secretAccessKey, sessionToken, expiration }
      : undefined
  } catch {
    return undefined
  }
}

/** Decodes the credentials of a container or an instance. */
const decodeJson = (body: string) => {
  const { AccessKeyId, Expiration, SecretAccessKey, Token }: Readonly<Record<string, unknown>> = JSON.parse(body)
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: Token,
    expiration: isString(Expiration) ? Protocol.parseDate(Expiration) : undefined
  }
}

/** The time limit of an attempt at a container or an instance, in milliseconds. */
const localTimeout = 1000

/** Sends a request without a body to a container's endpoint or an instance. */
const sendLocal = (
  transport: Transport,
  method: string,
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>>
): Effect.Effect<Response, NoResponse> =>
  Effect.mapError(
    transport({ method, origin, path, headers, body: undefined }, localTimeout),
    (error) => error instanceof NoResponse ? error : Credentials.searchError(undefined)
  )

// -----------------------------------------------------------------------------
// Container
// -----------------------------------------------------------------------------

export interface ContainerOptions {
  /** A path at the host of ECS. It wins over the URL. */
  readonly relative: string | undefined
  readonly full: string | undefined
  /** Reads the value of the header `Authorization`. It changes from time to time. */
  readonly readToken: Effect.Effect<string | undefined, unknown>
  readonly transport: Transport
}

const ecsHost = "http://169.254.170.2"

/** The hosts of ECS, and of EKS with IPv4 and IPv6. Requests to these do not leave the machine. */
const linkLocalHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

/** A token that is sent by http to another machine is readable on the network. */
const isSafe = (url: string): boolean =>
  URL.canParse(url) && (isSecure(url) || linkLocalHosts.includes(new URL(url).hostname))

/** The credentials of a container (ECS, EKS Pod Identity), from its HTTP endpoint, by the rules of the AWS SDK. */
export const fromContainer = ({ full = "", readToken, relative, transport }: ContainerOptions): Credentials.Search => {
  const endpoint = relative === undefined ? full : `${ecsHost}${relative}`
  if (!isSafe(endpoint)) {
    return Effect.suspend(() =>
      Credentials.searchError(
        new Error("The endpoint of the container's credentials is neither https nor on this machine")
      )
    )
  }
  const { origin, pathname, search } = new URL(endpoint)
  const get: Credentials.Search = Effect.gen(function*() {
    const token = yield* Effect.mapError(readToken, (error) => Credentials.searchError(error))
    const headers = token === undefined ? {} : { authorization: token }
    const { body, status } = yield* sendLocal(transport, "GET", origin, `${pathname}${search}`, headers)
    const identity = status === 200 ? read(() => decodeJson(body)) : undefined
    return identity ?? (yield* Credentials.searchError(undefined))
  })
  return Effect.retry(get, { times: 3, schedule: Schedule.spaced("1 second") })
}

// -----------------------------------------------------------------------------
// Instance
// -----------------------------------------------------------------------------

const instanceEndpoint = (env: Machine["env"]): string => {
  const mode = env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] || "IPv4"
  return env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    || (mode === "IPv4" ? "http://169.254.169.254" : mode === "IPv6" ? "http://[fd00:ec2::254]" : "")
}

const isSwitchedOn = (value: string | undefined): boolean => Boolean(value) && value !== "false"

const rolePath = "/latest/meta-data/iam/security-credentials/"

/** Milliseconds. How much longer expired credentials of an instance are used; up to twice that. */
const extension = 300_000

/** Requests credentials by version 2 of the metadata service, or by version 1 if it does not issue a token. */
const requestOfInstance = (env: Machine["env"], transport: Transport, origin: string): Credentials.Search => {
  const get = Effect.fnUntraced(function*(path: string, headers: Readonly<Record<string, string>>) {
    const { body, status } = yield* sendLocal(transport, "GET", origin, path, headers)
    return status === 200 ? body : yield* Credentials.searchError(undefined)
  })
  return Effect.gen(function*() {
    const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "21600" }
    const { body: token, status } = yield* Effect.orElseSucceed(
      sendLocal(transport, "PUT", origin, "/latest/api/token", ttl),
      () => ({ status: 0, body: "" })
    )
    if (status === 400) return yield* Credentials.searchError(undefined)
    if (status !== 200 && isSwitchedOn(env["AWS_EC2_METADATA_V1_DISABLED"])) {
      return yield* Credentials.searchError(undefined, "InstanceMetadataV1FallbackError")
    }
    const headers: Record<string, string> = status === 200 ? { "x-aws-ec2-metadata-token": token } : {}
    const role = yield* get(rolePath, headers)
    const body = yield* get(`${rolePath}${encodeURI(role.trim())}`, headers)
    return read(() => decodeJson(body)) ?? (yield* Credentials.searchError(undefined))
  })
}

/**
 * The credentials of an instance, from its metadata service. If the service returns expired credentials, or none after
 * it did, the previous ones stay in use: AWS may accept them while the service is out of order. All rules are those of
 * the AWS SDK.
 */
export const fromInstance = (env: Machine["env"], transport: Transport): Credentials.Search => {
  const url = URL.parse(instanceEndpoint(env))
  if (url === null) {
    return Effect.suspend(() => Credentials.searchError(new Error("The endpoint of the metadata service is not a URL")))
  }
  const request = requestOfInstance(env, transport, url.origin)
  let last: Credentials.Identity | undefined
  return Effect.gen(function*() {
    const found = yield* Effect.catch(
      request,
      (error) => last === undefined ? Effect.fail(error) : Effect.succeed(last)
    )
    const now = yield* DateTime.now
    const isCurrent = found.expiration === undefined || DateTime.toEpochMillis(now) <= found.expiration.getTime()
    if (found !== last && isCurrent) return last = found
    yield* Effect.logWarning(
      "The metadata service of the instance issues no new credentials: the previous ones stay in use"
    )
    return last = {
      ...found,
      expiration: DateTime.toDate(DateTime.addDuration(now, extension * (1 + (yield* Random.next))))
    }
  })
}

// -----------------------------------------------------------------------------
// Web identity token
// -----------------------------------------------------------------------------

/** The location of STS. */
interface Sts {
  readonly region: string
  readonly endpoint: string | undefined
}

/** The time limit of one attempt, in milliseconds. Three attempts fit into the time limit of a search. */
const stsTimeout = 3000

const action = "AssumeRoleWithWebIdentity"

/** The name of an exception. Its message is dropped, because it can quote the token. */
const exceptionNameOf = (response: Response): string | undefined => {
  try {
    const { name } = Protocol.awsQuery.decodeException(response)
    return isString(name) ? name : undefined
  } catch {
    // Not a response of STS.
    return undefined
  }
}

/** `AssumeRoleWithWebIdentity` of STS, for the token that EKS gives a pod. The request needs no signature. */
const fromWebIdentity = (
  transport: Transport,
  { endpoint, region }: Sts,
  roleArn: string,
  /** The name of the session in CloudTrail. Default: a name with the current time. */
  sessionName: string | undefined,
  /** Reads the token. It changes from time to time. */
  readToken: Effect.Effect<string, unknown>
): Credentials.Search => {
  const { origin, pathname } = new URL(endpoint ?? regionalEndpoint("sts", region))
  const path = `${pathname.replace(/\/+$/, "")}/`
  const policy = Retry.make(3)
  const attempt = (body: string): Effect.Effect<Credentials.Identity | Retry.Failed<NoResponse>, NoResponse> =>
    Effect.matchEffect(transport({ method: "POST", origin, path, headers: Protocol.formHeaders, body }, stsTimeout), {
      onFailure: (lost) =>
        lost instanceof NoResponse ? Effect.fail(lost) : Effect.succeed({
          code: lost.code,
          isLost: lost.code === undefined,
          toError: () => Credentials.searchError(Redacted.value(lost.error))
        }),
      onSuccess: (response) => {
        const { body, status } = response
        const identity = status === 200 ? read(() => Protocol.decodeResult(action, body)) : undefined
        const name = identity === undefined ? exceptionNameOf(response) : undefined
        return Effect.succeed(identity ?? { name, status, toError: () => Credentials.searchError(undefined, name) })
      }
    })
  return Effect.gen(function*() {
    const token = yield* Effect.mapError(readToken, (error) => Credentials.searchError(error))
    const now = yield* Clock.currentTimeMillis
    const body = Protocol.encodeForm(action, {
      roleArn,
      roleSessionName: sessionName ?? `effect-agentcore-identity-${now}`,
      webIdentityToken: token.trim()
    })
    return yield* Retry.run(policy, () => attempt(body))
  })
}

export const find = (
  { direct, env, files, fs, hasProfiles, transport }: Machine,
  sts: Sts
): Effect.Effect<Credentials.Source, never, Scope.Scope> => {
  const isProfiled = Boolean(env["AWS_PROFILE"])
  const found = Credentials.fromVariables(
    env["AWS_ACCESS_KEY_ID"],
    env["AWS_SECRET_ACCESS_KEY"],
    env["AWS_SESSION_TOKEN"]
  )
  if (found !== undefined && !isProfiled) return Effect.succeed(found)
  if (isProfiled || hasProfiles) return Credentials.keep(chain(files))

  const readFile = (file: string) => Effect.tryPromise(() => fs.promises.readFile(file, "utf8"))
  const webIdentityToken = env["AWS_WEB_IDENTITY_TOKEN_FILE"]
  const roleArn = env["AWS_ROLE_ARN"]
  if (webIdentityToken && roleArn) {
    const sessionName = env["AWS_ROLE_SESSION_NAME"] || undefined
    return Credentials.keep(fromWebIdentity(transport, sts, roleArn, sessionName, readFile(webIdentityToken)))
  }
  const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || undefined
  const full = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] || undefined
  if (relative !== undefined || full !== undefined) {
    const tokenFile = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
    const readToken = tokenFile
      ? readFile(tokenFile)
      : Effect.succeed(env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] || undefined)
    return Credentials.keep(fromContainer({ relative, full, readToken, transport: direct }))
  }
  return isSwitchedOn(env["AWS_EC2_METADATA_DISABLED"])
    ? Effect.succeed(Credentials.nothing)
    : Credentials.keep(fromInstance(env, direct))
}
