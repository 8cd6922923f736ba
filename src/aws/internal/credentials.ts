/** The credentials that requests are signed with. */
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { isDate, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { isReadable, readable } from "../../internal/models/constraint.js"
import * as SingleFlight from "../../internal/singleFlight.js"
import type { Options } from "../AwsPlanes.js"
import { exceptionNameOf, NoResponse } from "./failure.js"
import { invalidConfig } from "./planeSettings.js"

/** A credential provider of the AWS SDK. */
export type CredentialsProvider = Extract<Options["credentials"], (...args: never) => unknown>

export type StaticCredentials = Exclude<Options["credentials"], CredentialsProvider | undefined>

/** Credentials in the form of the AWS SDK. */
export interface Identity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type Search = Effect.Effect<Identity, NoResponse>

/** Kept credentials, and a search for new ones. */
export interface Source {
  /** Returns the kept credentials unless they expire soon. `now` is in milliseconds since the epoch. */
  readonly kept: (now: number) => Identity | undefined
  readonly search: Search
}

/** Milliseconds. Credentials are replaced this long before they expire, as in the AWS SDK. */
const refreshBefore = 300_000

/** The time limit of a search, in milliseconds. The sources of AWS take less, even with all their attempts. */
const searchLimit = 10_000

const isValid = ({ expiration }: Identity, time: number): boolean =>
  expiration === undefined || expiration.getTime() > time

const problemOf = (found: unknown): string | undefined => {
  const { accessKeyId, expiration, secretAccessKey, sessionToken }: Record<string, unknown> = Object(found)
  if (!isString(accessKeyId) || accessKeyId === "") return "Expected accessKeyId to be a string"
  if (!isString(secretAccessKey) || secretAccessKey === "") return "Expected secretAccessKey to be a string"
  if (sessionToken !== undefined && !isString(sessionToken)) return "Expected sessionToken to be a string"
  const isTime = isDate(expiration) && Number.isFinite(expiration.getTime())
  return expiration === undefined || isTime ? undefined : "Expected expiration to be a Date"
}

/** A provider of the program may return keys of any form, such as a variable that is not set. */
const check = (found: Identity): Search => {
  const problem = problemOf(found)
  return problem === undefined ? Effect.succeed(found) : searchError(new TypeError(problem))
}

/**
 * Keeps credentials. Concurrent callers share one search. A search takes at most 10 seconds. A failure is not kept.
 *
 * | credentials expire in | a caller |
 * | --- | --- |
 * | 5 minutes or more | gets the kept ones |
 * | 10 seconds or more | gets the kept ones, and starts a search in the background |
 * | less | waits for a search. If it fails, the caller gets the kept ones while they are valid |
 * | expired, or none | waits for a search |
 */
export const keep = (search: Search): Effect.Effect<Source, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const flight = SingleFlight.makeUnsafe<Identity, NoResponse>()
    let kept: Identity | undefined
    let isReplacing = false
    const find = flight(
      "",
      Effect.flatMap(search, check).pipe(
        Effect.timeoutOrElse({
          duration: searchLimit,
          orElse: () => Effect.fail(new NoResponse({ kind: "credentials", code: "TimeoutError" }))
        }),
        Effect.map((found) => kept = found)
      )
    )
    const replace = Effect.suspend(() => {
      if (isReplacing) return Effect.void
      isReplacing = true
      return Effect.ignore(Effect.interruptible(find)).pipe(
        Effect.ensuring(Effect.sync(() => isReplacing = false)),
        Effect.forkIn(scope)
      )
    }).pipe(Effect.uninterruptible)
    return {
      kept: (now) => kept !== undefined && isValid(kept, now + refreshBefore) ? kept : undefined,
      search: Effect.flatMap(Clock.currentTimeMillis, (now) =>
        kept !== undefined && isValid(kept, now + searchLimit)
          ? Effect.as(replace, kept)
          : Effect.catch(find, (error) =>
            Effect.flatMap(
              Clock.currentTimeMillis,
              (now) => kept !== undefined && isValid(kept, now) ? Effect.succeed(kept) : Effect.fail(error)
            )))
    }
  })

const noCredentials = "CredentialsProviderError"

export const searchError = (error: unknown, code = exceptionNameOf(error) ?? noCredentials): NoResponse =>
  new NoResponse({ kind: "credentials", code, cause: Redacted.make(error) })

/** The credentials of a provider of the AWS SDK. */
export const fromProvider = (provider: () => Promise<Identity>, code?: string): Search =>
  Effect.tryPromise({
    try: () => provider(),
    catch: (error) => searchError(error, code)
  })

/** The credentials of a provider of the program. Its errors can come from any service, so they all have one code. */
export const fromOwnProvider = (provider: () => Promise<Identity>): Search => fromProvider(provider, noCredentials)

const problemOfStatic = ({ accessKeyId, secretAccessKey, sessionToken }: StaticCredentials): string | undefined => {
  if (!isString(accessKeyId)) return "Expected accessKeyId to be a string"
  if (!Redacted.isRedacted(secretAccessKey)) return "Expected secretAccessKey to be Redacted"
  if (sessionToken !== undefined && !Redacted.isRedacted(sessionToken)) return "Expected sessionToken to be Redacted"
  const isKnown = isReadable(secretAccessKey) && (sessionToken === undefined || isReadable(sessionToken))
  return isKnown ? undefined : `Expected the secrets to ${readable}`
}

/** Static credentials in the form of the SDK. */
export const fromStatic = (credentials: StaticCredentials): Effect.Effect<Identity, Config.ConfigError> => {
  const problem = problemOfStatic(credentials)
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return problem !== undefined ? Effect.fail(invalidConfig("credentials", problem)) : Effect.succeed({
    accessKeyId,
    secretAccessKey: Redacted.value(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: Redacted.value(sessionToken) })
  })
}

export const always = (identity: Identity): Source => ({ kept: () => identity, search: Effect.succeed(identity) })

/** Static credentials from the values of their variables, as in Lambda. An empty variable counts as not set. */
export const fromVariables = (
  accessKeyId?: string,
  secretAccessKey?: string,
  sessionToken?: string
): Source | undefined =>
  accessKeyId && secretAccessKey
    ? always({ accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) })
    : undefined

/** No credentials: a runtime without Node has neither files nor an instance. */
export const nothing: Source = {
  kept: () => undefined,
  search: Effect.suspend(() => new NoResponse({ kind: "credentials", code: noCredentials }))
}
