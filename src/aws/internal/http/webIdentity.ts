/**
 * Credentials for a web identity token, as EKS gives one to a pod: `AssumeRoleWithWebIdentity` of STS, without a signature.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { hasProperty, isDate, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { TransportError } from "../../../IdentityError.js"
import { failed, type Identity, type Search } from "../credentials.js"
import { regionalEndpoint } from "./endpoint.js"
import * as Query from "./query.js"
import * as Retry from "./retry.js"
import type { Response, Transport } from "./transport.js"

export interface Options {
  /** The token is replaced from time to time. */
  readonly readToken: Effect.Effect<string, unknown>
  readonly roleArn: string
  /** The name of the session in CloudTrail. Default: one with the time in it. */
  readonly sessionName: string | undefined
  readonly region: string
  readonly endpoint: string | undefined
  readonly transport: Transport
}

/** Of one attempt, in milliseconds. All three fit into the time of a search. */
const timeout = 3000

const action = "AssumeRoleWithWebIdentity"

const identityOf = (result: unknown): Identity | undefined => {
  const credentials = Query.decodeMembers(hasProperty(result, "credentials") ? result.credentials : undefined)
  const { accessKeyId, expiration, secretAccessKey, sessionToken } = credentials
  return isString(accessKeyId) && isString(secretAccessKey) && isString(sessionToken) && isDate(expiration)
    ? { accessKeyId, secretAccessKey, sessionToken, expiration }
    : undefined
}

/** The name of the exception is the code of the error. Its message can quote the token. */
const refusal = (response: Response): { readonly name: string; readonly status: number } => {
  let name: unknown
  try {
    name = Query.query.decodeException(response).name
  } catch {
    // A proxy answered.
  }
  return { name: isString(name) ? name : "CredentialsProviderError", status: response.status }
}

export const make = ({ endpoint, readToken, region, roleArn, sessionName, transport }: Options): Search => {
  const url = new URL(endpoint ?? regionalEndpoint("sts", region, { fips: false, dualStack: false }))
  const policy = Retry.make(3)
  const assume = (body: string, attempts: number): Effect.Effect<Identity, TransportError> => {
    const again = (failure: Retry.Failure, error: unknown, code?: string): Effect.Effect<Identity, TransportError> =>
      Effect.flatMap(policy.next(attempts, failure), (retry) =>
        retry === undefined
          ? Effect.fail(failed(error, code))
          : Effect.andThen(Effect.sleep(retry.delay), assume(body, attempts + 1)))
    return Effect.matchEffect(
      transport({
        method: "POST",
        origin: url.origin,
        path: `${url.pathname.replace(/\/+$/, "")}/`,
        headers: Query.headers,
        body
      }, timeout),
      {
        onFailure: (lost) =>
          "_tag" in lost
            ? Effect.fail(lost)
            : again({ code: lost.code, isLost: lost.code === undefined }, Redacted.value(lost.error)),
        onSuccess: (response) => {
          if (response.status !== 200) {
            const { name, status } = refusal(response)
            return again({ name, status }, undefined, name)
          }
          const identity = read(response)
          return identity === undefined ? again({}, undefined) : Effect.succeed(identity)
        }
      }
    )
  }
  return Effect.gen(function*() {
    const token = yield* Effect.mapError(readToken, (error) => failed(error))
    const now = yield* Clock.currentTimeMillis
    return yield* assume(
      Query.form(action, {
        roleArn,
        roleSessionName: sessionName ?? `effect-agentcore-identity-${now}`,
        webIdentityToken: token.trim()
      }),
      1
    )
  })
}

const read = ({ body }: Response): Identity | undefined => {
  try {
    return identityOf(Query.decodeResult(action, body))
  } catch {
    return undefined
  }
}
