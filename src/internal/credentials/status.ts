/** Reads whether users have granted credentials, and remembers the responses for a short time. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { memoize } from "effect/Function"
import * as Option from "effect/Option"
import * as Consent from "../../Consent.js"
import { type AccessTokenCredential, type AccessTokenError, Identity } from "../../Identity.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import { WorkloadAccessToken } from "../../WorkloadAccessToken.js"
import * as Digest from "../digest.js"
import * as ExpiringMap from "../expiringMap.js"
import { unregistered } from "../pendingConsents/store.js"
import * as SingleFlight from "../singleFlight.js"

/** The caller of a run. */
export interface Caller {
  /** The name of the workload identity. */
  readonly name: string
  /** The user, by id or by JWT. */
  readonly user: UserIdentifier
}

/**
 * Whether the current user has granted a credential.
 *
 * - `Granted`: AgentCore has a token, or can refresh it. It does not notice when the vendor revokes a token.
 * - `NotGranted`: the user has to consent.
 * - `Unknown`: the request failed with `error`.
 */
export type Status =
  | { readonly _tag: "Granted"; readonly credential: AccessTokenCredential<"USER_FEDERATION"> }
  | { readonly _tag: "NotGranted"; readonly credential: AccessTokenCredential<"USER_FEDERATION"> }
  | {
    readonly _tag: "Unknown"
    readonly credential: AccessTokenCredential<"USER_FEDERATION">
    readonly error: AccessTokenError
  }

interface Remembered {
  readonly granted: boolean
  readonly until: number
}

const makeMemory = () => ({
  digestOf: Digest.makeDigestOf(),
  /** The responses of a user by request. A user expires with the latest response. */
  responses: ExpiringMap.make<ReadonlyMap<string, Remembered>>(),
  share: SingleFlight.makeUnsafe<boolean, AccessTokenError>(),
  /** Counts calls of `forget`. A response to an older request is not remembered. */
  generation: 0
})

/** The memory of each `Identity`. It is dropped with its `Identity`. */
const memoryOf: (identity: Identity["Service"]) => ReturnType<typeof makeMemory> = memoize(makeMemory)

/** Identifies the user by the workload access token, or by the caller that it was obtained for. */
const readRequester = Effect.fnUntraced(function*(caller: Caller | undefined) {
  const identity = yield* Identity
  const memory = memoryOf(identity)
  const { digestOf } = memory
  const token = yield* (yield* WorkloadAccessToken).get
  const user = caller === undefined ? digestOf(token) : Digest.ofValues([
    caller.name,
    caller.user.userId ?? null,
    caller.user.userToken === undefined ? null : digestOf(caller.user.userToken)
  ])
  return { identity, memory, user }
})

export const forget = (caller: Caller | undefined) =>
  Effect.map(readRequester(caller), ({ memory, user }) => {
    memory.generation++
    memory.responses.remove(user)
  })

/** Returns the same key for all requests for one grant, and for their sessions. */
export const keyOf = (
  { audiences, customParameters, provider, resources, returnUrl, scopes }: Omit<
    AccessTokenCredential<"USER_FEDERATION">["request"],
    "flow"
  >,
  programUrl: Option.Option<string>
): string =>
  JSON.stringify([
    provider,
    Digest.setOf(scopes),
    Digest.setOf(resources),
    Digest.setOf(audiences),
    Digest.pairsOf(customParameters),
    returnUrl ?? Option.getOrNull(programUrl)
  ])

export const status = Effect.fnUntraced(
  function*(
    credentials: ReadonlyArray<AccessTokenCredential<"USER_FEDERATION">>,
    options: {
      readonly caller: Caller | undefined
      readonly remember: Duration.Input
      readonly concurrency: number
    }
  ) {
    const { identity, memory, user } = yield* readRequester(options.caller)
    const programUrl = yield* Consent.ReturnUrl
    const context = yield* Effect.context<WorkloadAccessToken>()
    const lifetime = Duration.toMillis(options.remember)
    const readGranted = (credential: AccessTokenCredential<"USER_FEDERATION">) =>
      Effect.flatMap(Clock.currentTimeMillis, (start) => {
        const key = keyOf(credential.request, programUrl)
        const known = memory.responses.get(user)?.get(key)
        if (known !== undefined && start < known.until) return Effect.succeed(known.granted)
        const { generation } = memory
        return memory.share(
          `${user} ${key} ${generation}`,
          unregistered(identity.getAccessToken(credential, { consent: Consent.fail })).pipe(
            Effect.as(true),
            Effect.catchTag("RequiresUserConsent", () => Effect.succeed(false)),
            Effect.provide(context),
            Effect.zip(Clock.currentTimeMillis),
            Effect.map(([granted, now]) => {
              const until = now + lifetime
              if (generation === memory.generation) {
                memory.responses.removeExpired(now)
                const others = memory.responses.get(user) ?? []
                memory.responses.set(user, new Map([...others, [key, { granted, until }]]), until)
              }
              return granted
            })
          )
        )
      })
    return yield* Effect.forEach(
      credentials,
      (credential) =>
        Effect.match(readGranted(credential), {
          onFailure: (error): Status => ({ _tag: "Unknown", credential, error }),
          onSuccess: (granted): Status => ({ _tag: granted ? "Granted" : "NotGranted", credential })
        }),
      { concurrency: options.concurrency }
    )
  }
)
