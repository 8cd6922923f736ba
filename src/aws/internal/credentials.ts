/** The credentials that requests are signed with. */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isDate, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { TransportError } from "../../IdentityError.js"
import { readVariable } from "../../internal/environment.js"
import { cutName } from "../../internal/errorCode.js"
import * as SingleFlight from "../../internal/singleFlight.js"
import type { CredentialsProvider } from "./options.js"
import type * as Settings from "./settings.js"

/** Credentials in the form of the AWS SDK. */
export interface Identity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** A search for credentials. */
export type Search = Effect.Effect<Identity, TransportError>

/** Credentials that are there without a search, and a search for all others. */
export interface Source {
  /** `now` in milliseconds since the epoch. */
  readonly kept: (now: number) => Identity | undefined
  readonly search: Search
}

/** The time before their end at which credentials are replaced, as in the AWS SDK. */
const refreshBefore = 300_000

/** The time that a search has. The sources of AWS take less, with all their attempts. */
const searchLimit = 10_000

const isValid = ({ expiration }: Identity, time: number): boolean =>
  expiration === undefined || expiration.getTime() > time

const problemOf = (found: unknown): string | undefined =>
  !hasProperty(found, "accessKeyId") || !isString(found.accessKeyId) || found.accessKeyId === ""
    ? "Expected accessKeyId to be a string"
    : !hasProperty(found, "secretAccessKey") || !isString(found.secretAccessKey) || found.secretAccessKey === ""
    ? "Expected secretAccessKey to be a string"
    : hasProperty(found, "sessionToken") && found.sessionToken !== undefined && !isString(found.sessionToken)
    ? "Expected sessionToken to be a string"
    : hasProperty(found, "expiration") && found.expiration !== undefined
        && !(isDate(found.expiration) && Number.isFinite(found.expiration.getTime()))
    ? "Expected expiration to be a Date"
    : undefined

/** A program in plain JavaScript can have a provider that returns anything. */
const check = (found: Identity): Search => {
  const problem = problemOf(found)
  return problem === undefined ? Effect.succeed(found) : failed(new TypeError(problem))
}

/**
 * Keeps credentials. Callers who need new ones at once share one search, and no search takes longer than 10 seconds. A failure is not kept.
 *
 * | left | a caller |
 * | --- | --- |
 * | 5 minutes or more | gets the kept ones |
 * | 10 seconds or more | gets the kept ones, and starts a search in the background |
 * | less | waits for a search, and gets the kept ones if it fails and they are still valid |
 * | nothing | waits for a search |
 */
export const keep = (search: Search): Effect.Effect<Source, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const flight = SingleFlight.unsafeMake<Identity, TransportError>()
    let kept: Identity | undefined
    let isReplacing = false
    const find = flight(
      "",
      Effect.flatMap(search, check).pipe(
        Effect.timeoutOrElse({
          duration: searchLimit,
          orElse: () => Effect.fail(new TransportError({ kind: "credentials", code: "TimeoutError" }))
        }),
        Effect.tap((found) =>
          Effect.sync(() => {
            kept = found
          })
        )
      )
    )
    const replace = Effect.suspend(() => {
      if (isReplacing) return Effect.void
      isReplacing = true
      return Effect.ignore(Effect.interruptible(find)).pipe(
        Effect.ensuring(Effect.sync(() => {
          isReplacing = false
        })),
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

/** Credentials that do not change. */
export const always = (identity: Identity): Source => ({ kept: () => identity, search: Effect.succeed(identity) })

/** Exceptions of AWS services, and nothing else, have `$fault`. */
const codeOf = (error: unknown): string =>
  hasProperty(error, "$fault") && hasProperty(error, "name") && isString(error.name)
    ? cutName(error.name)
    : "CredentialsProviderError"

/** The error of a search. */
export const failed = (error: unknown, code = codeOf(error)): TransportError =>
  new TransportError({ kind: "credentials", code, cause: Redacted.make(error) })

/** The credentials of a provider of the AWS SDK. */
export const fromProvider = (provider: CredentialsProvider): Search =>
  Effect.tryPromise({
    // A program in plain JavaScript can have a provider that is not async, and throws.
    try: async () => await provider(),
    catch: (error) => failed(error)
  })

/** The variables of static credentials, as Lambda sets them. An empty variable counts as not set. */
const variable = (name: string): Effect.Effect<Option.Option<Redacted.Redacted>, Config.ConfigError> =>
  Effect.map(readVariable(Config.NonEmptyString, name), Option.map((value) => Redacted.make(value)))

/** The static credentials of the environment. */
export const fromEnvironment: Effect.Effect<Option.Option<Identity>, Config.ConfigError> = Effect.gen(function*() {
  const accessKeyId = yield* variable("AWS_ACCESS_KEY_ID")
  const secretAccessKey = yield* variable("AWS_SECRET_ACCESS_KEY")
  const sessionToken = yield* variable("AWS_SESSION_TOKEN")
  return Option.map(Option.all({ accessKeyId, secretAccessKey }), (keys) => ({
    accessKeyId: Redacted.value(keys.accessKeyId),
    secretAccessKey: Redacted.value(keys.secretAccessKey),
    ...Option.match(sessionToken, {
      onNone: () => ({}),
      onSome: (token) => ({ sessionToken: Redacted.value(token) })
    })
  }))
})

/** Where nothing else is left: a program without Node has no files and no instance. */
export const nothing: Source = {
  kept: () => undefined,
  search: Effect.suspend(() => new TransportError({ kind: "credentials", code: "CredentialsProviderError" }))
}

/** The credentials of an option, which was checked before. */
export const fromOption = (option: Settings.SdkCredentials): Effect.Effect<Source, never, Scope.Scope> =>
  // The providers of the option are named as in the AWS SDK.
  typeof option === "function"
    ? keep(fromProvider(option as CredentialsProvider))
    : Effect.succeed(always(option as Identity))
