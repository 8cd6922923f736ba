/** Whether users have granted credentials, and a short memory of the responses. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Consent from "../Consent.js"
import * as Digest from "../credentialCache/digest.js"
import { type AccessTokenError, Identity, type Service } from "../Identity.js"
import * as ExpiringMap from "../internal/expiringMap.js"
import * as SingleFlight from "../internal/singleFlight.js"
import type { UserIdentifier } from "../UserIdentifier.js"
import { WorkloadAccessToken, type WorkloadAccessTokenError } from "../WorkloadAccessToken.js"
import type { UserCredential } from "./credential.js"

/** The caller of a run: the workload identity and the user that the workload access token was obtained for. */
export interface Caller {
  /** The name of the workload identity. */
  readonly name: string
  /** The user, by id or by JWT. */
  readonly user: UserIdentifier
}

/**
 * Whether the current user has granted a credential.
 *
 * - `Granted`: AgentCore holds a token, or can refresh it. It does not notice a revocation at the vendor.
 * - `NotGranted`: the user would have to consent
 * - `Unknown`: it could not be found out; `error` says why
 */
export type Status =
  | { readonly _tag: "Granted"; readonly credential: UserCredential }
  | { readonly _tag: "NotGranted"; readonly credential: UserCredential }
  | { readonly _tag: "Unknown"; readonly credential: UserCredential; readonly error: AccessTokenError }

interface Remembered {
  readonly granted: boolean
  readonly until: number
}

/** The responses of one user, by request. */
type Responses = ReadonlyMap<string, Remembered>

/** The responses of one `Identity`, by user and credential. */
interface Memory {
  readonly digestOf: Digest.DigestOf
  /** A user expires with the last of their responses. */
  readonly responses: ExpiringMap.ExpiringMap<Responses>
  readonly ask: SingleFlight.SingleFlight<boolean, AccessTokenError>
  /** Counts `forget`. A response to an older request is not remembered. */
  generation: number
}

const makeMemory = (): Memory => ({
  digestOf: Digest.makeDigestOf(),
  responses: ExpiringMap.make(),
  ask: SingleFlight.unsafeMake(),
  generation: 0
})

/** The responses are forgotten with their `Identity`. */
class Memories extends Context.Reference("effect-agentcore-identity/Credentials/Memories", {
  defaultValue: () => new WeakMap<Service, Memory>()
}) {}

interface Requester {
  readonly identity: Service
  readonly memory: Memory
  readonly user: string
}

/** A workload access token stands for a workload and a user, and so does the caller that it was obtained for. */
const readRequester = (
  caller: Caller | undefined
): Effect.Effect<Requester, WorkloadAccessTokenError, Identity | WorkloadAccessToken> =>
  Effect.gen(function*() {
    const identity = yield* Identity
    const memories = yield* Memories
    const memory = memories.get(identity) ?? makeMemory()
    memories.set(identity, memory)
    const { digestOf } = memory
    const { get } = yield* WorkloadAccessToken
    const token = yield* get
    return {
      identity,
      memory,
      user: caller === undefined ? digestOf(token) : Digest.ofValues([
        caller.name,
        caller.user.userId ?? null,
        caller.user.userToken === undefined ? null : digestOf(caller.user.userToken)
      ])
    }
  })

const remember = ({ memory, user }: Requester, request: string, response: Remembered, now: number): void => {
  memory.responses.removeEnded(now)
  const others = [...memory.responses.get(user) ?? []].filter(([, { until }]) => until > now)
  const responses = new Map([...others, [request, response]])
  memory.responses.set(user, responses, Math.max(...[...responses.values()].map(({ until }) => until)))
}

export const forget = (
  caller: Caller | undefined
): Effect.Effect<void, WorkloadAccessTokenError, Identity | WorkloadAccessToken> =>
  Effect.map(readRequester(caller), ({ memory, user }) => {
    memory.generation++
    memory.responses.remove(user)
  })

const sorted = (texts: ReadonlyArray<string> = []): ReadonlyArray<string> => [...texts].sort()

/** Requests for one grant have one key, and a session has that of its request. */
export const keyOf = (
  { audiences, customParameters = {}, provider, resources, returnUrl, scopes }: Omit<UserCredential["request"], "flow">,
  programUrl: Option.Option<string>
): string =>
  JSON.stringify([
    provider,
    sorted(scopes),
    sorted(resources),
    sorted(audiences),
    Object.entries(customParameters).sort(([a], [b]) => a < b ? -1 : 1),
    returnUrl ?? Option.getOrNull(programUrl)
  ])

const isGranted = (
  identity: Service,
  credential: UserCredential
): Effect.Effect<boolean, AccessTokenError, WorkloadAccessToken> =>
  Effect.as(identity.getAccessToken(credential, { consent: Consent.fail }), true).pipe(
    Effect.catchTag("RequiresUserConsent", () => Effect.succeed(false))
  )

export const status = (
  credentials: ReadonlyArray<UserCredential>,
  options: {
    readonly caller: Caller | undefined
    readonly remember: Duration.Input
    readonly concurrency: number
  }
): Effect.Effect<ReadonlyArray<Status>, WorkloadAccessTokenError, Identity | WorkloadAccessToken> =>
  Effect.gen(function*() {
    const who = yield* readRequester(options.caller)
    const programUrl = yield* Consent.ReturnUrl
    const context = yield* Effect.context<WorkloadAccessToken>()
    const lifetime = Duration.toMillis(options.remember)
    const ask = (credential: UserCredential) =>
      Effect.flatMap(Clock.currentTimeMillis, (start) => {
        const key = keyOf(credential.request, programUrl)
        const known = who.memory.responses.get(who.user)?.get(key)
        if (known !== undefined && start < known.until) return Effect.succeed(known.granted)
        const { generation } = who.memory
        return who.memory.ask(
          `${who.user} ${key} ${generation}`,
          Effect.provide(isGranted(who.identity, credential), context).pipe(
            Effect.zip(Clock.currentTimeMillis),
            Effect.map(([granted, now]) => {
              if (generation === who.memory.generation) {
                remember(who, key, { granted, until: now + lifetime }, now)
              }
              return granted
            })
          )
        )
      })
    return yield* Effect.forEach(
      credentials,
      (credential) =>
        Effect.match(ask(credential), {
          onFailure: (error): Status => ({ _tag: "Unknown", credential, error }),
          onSuccess: (granted): Status => ({ _tag: granted ? "Granted" : "NotGranted", credential })
        }),
      { concurrency: options.concurrency }
    )
  })
