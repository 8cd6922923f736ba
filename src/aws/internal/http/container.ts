/**
 * The credentials of a container, as ECS and EKS Pod Identity give them: an HTTP endpoint that the environment names. The provider of the AWS
 * SDK for it is twenty times as large. The rules are the SDK's: hosts, tokens, attempts and times.
 */
import * as Effect from "effect/Effect"
import { hasProperty, isString } from "effect/Predicate"
import type { TransportError } from "../../../IdentityError.js"
import { isSecure } from "../../../models/internal/loopback.js"
import { failed, type Identity, type Search } from "../credentials.js"
import { parseDate } from "./time.js"
import type { Transport } from "./transport.js"

export interface Options {
  /** A path at the host of ECS. It wins over the URL. */
  readonly relative: string | undefined
  readonly full: string | undefined
  /** The value of the header `Authorization`, which is replaced from time to time. */
  readonly readToken: Effect.Effect<string | undefined, unknown>
  readonly transport: Transport
}

const ecsHost = "http://169.254.170.2"

/** Of ECS, and of EKS by IPv4 and IPv6. The traffic to these does not leave the machine. */
const linkLocalHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

/** Another host would get the token in clear. */
const checkUrl = (value: string): URL | undefined =>
  URL.canParse(value) && (isSecure(value) || linkLocalHosts.includes(new URL(value).hostname))
    ? new URL(value)
    : undefined

const read = (body: string): Identity | undefined => {
  try {
    const members: unknown = JSON.parse(body)
    if (
      !hasProperty(members, "AccessKeyId") || !isString(members.AccessKeyId)
      || !hasProperty(members, "SecretAccessKey") || !isString(members.SecretAccessKey)
      || !hasProperty(members, "Token") || !isString(members.Token)
      || !hasProperty(members, "Expiration") || !isString(members.Expiration)
    ) return undefined
    const expiration = parseDate(members.Expiration)
    return expiration === undefined ? undefined : {
      accessKeyId: members.AccessKeyId,
      secretAccessKey: members.SecretAccessKey,
      sessionToken: members.Token,
      expiration
    }
  } catch {
    return undefined
  }
}

/** Of one attempt, and between attempts, in milliseconds. */
const timeout = 1000

const retries = 3

export const make = ({ full, readToken, relative, transport }: Options): Search => {
  const url = checkUrl(relative === undefined ? full ?? "" : `${ecsHost}${relative}`)
  if (url === undefined) {
    return Effect.suspend(() =>
      failed(new Error("The endpoint of the container's credentials is neither https nor on this machine"))
    )
  }
  const get = Effect.flatMap(
    Effect.mapError(readToken, (error) => failed(error)),
    (token): Effect.Effect<Identity, TransportError> =>
      Effect.matchEffect(
        transport({
          method: "GET",
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          headers: token === undefined ? {} : { authorization: token },
          body: undefined
        }, timeout),
        {
          onFailure: (error) => "_tag" in error ? Effect.fail(error) : failed(undefined),
          onSuccess: ({ body, status }) => {
            const identity = status === 200 ? read(body) : undefined
            return identity === undefined ? failed(undefined) : Effect.succeed(identity)
          }
        }
      )
  )
  const tryAgain = (left: number): Search =>
    left === 0 ? get : Effect.catch(get, () => Effect.andThen(Effect.sleep(timeout), tryAgain(left - 1)))
  return tryAgain(retries)
}
