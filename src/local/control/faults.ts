/** The faults of operations, and of requests to authorization servers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import * as IdentityError from "../../IdentityError.js"
import { didYouMean, misspelledName, suggest } from "../../internal/models/violation.js"
import { CurrentCall } from "../backend/callContext.js"
import type { LocalControlError } from "../LocalControl.js"
import { errorCodes, toReason } from "../oauth/exchange.js"
import { type AuthorizationServer, OAuthError, type Service as OAuthClient } from "../oauth/oauthClient.js"
import type { Endpoint, Fault, FaultStatus } from "./controlModels.js"
import * as Exceptions from "./exceptions.js"
import { HttpCall } from "./requestRecords.js"
import { fail } from "./snapshots.js"

type OperationError = IdentityError.UnknownServiceError | IdentityError.TransportError

export type Faults = Effect.Success<typeof make>

const maxFaults = 100

const endpoints: ReadonlyArray<string> = ["token", "authorization", "revocation", "*"]

/** Maximum delay, in milliseconds. A longer delay is a mistake. */
const maxDelay = Duration.toMillis("7 days")

/** Without a name, a fault raises the first exception of its status. */
const defaultNames: ReadonlyMap<number, string> = new Map([
  [502, "BadGatewayException"],
  [503, "ServiceUnavailableException"],
  [504, "GatewayTimeoutException"],
  ...Object.entries(Exceptions.statusOf).map(([name, status]) => [status, name] as const).reverse()
])

/** A service may raise others, which are allowed. */
const knownExceptions = [...Object.keys(Exceptions.statusOf), ...defaultNames.values()]

/** Finds the exception that a name misspells, also without its suffix: `Throtling`. */
const misspelled = (name: string): string | undefined => {
  const short = misspelledName(name, knownExceptions.map((known) => known.replace(/Exception$/, "")))
  return misspelledName(name, knownExceptions)
    ?? (short === undefined || knownExceptions.includes(name) ? undefined : `${short}Exception`)
}

/** The messages of the live service (recorded by radkawar/stackd). */
const messages: ReadonlyMap<string, string> = new Map([
  ["OutboundWebIdentityFederationDisabledException", "OutboundWebIdentityFederation is disabled."],
  [
    "SessionDurationEscalationException",
    "Requested token expiry time must be before the original session's expiry time."
  ]
])

const findProblem = (fault: Fault): string | undefined => {
  const { count, cut = false, delay, endpoint, exception, operation, provider, status } = fault
  const isFailure = exception !== undefined || status !== undefined || cut
  if ((operation === undefined) === (endpoint === undefined)) {
    return `a fault has either \`operation\` or \`endpoint\``
  }
  if (operation !== undefined && operation !== "*" && !Exceptions.operationNames.has(operation)) {
    return `\`operation\` is the AWS name of an operation, such as GetResourceApiKey, or *`
      + didYouMean(operation, [...Exceptions.operationNames])
  }
  if (endpoint !== undefined && !endpoints.includes(endpoint)) {
    return `\`endpoint\` is token, authorization, revocation or *`
  }
  if (provider !== undefined && endpoint === undefined) return `\`provider\` needs \`endpoint\``
  if (exception !== undefined && !/^[\w.-]{1,128}$/.test(exception)) {
    return `\`exception\` has 1 to 128 letters, digits, dots, underscores and hyphens`
  }
  const meant = exception && (operation === undefined ? misspelledName(exception, errorCodes) : misspelled(exception))
  if (meant !== undefined) return `\`exception\` '${exception}' is unknown${suggest(meant)}`
  if (status !== undefined && !(Number.isInteger(status) && status >= 400 && status < 600)) {
    return `\`status\` is a whole number from 400 to 599`
  }
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
    return `\`count\` is a whole number greater than 0`
  }
  if (delay !== undefined && !(Duration.toMillis(delay) <= maxDelay)) return `\`delay\` is at most 7 days`
  return isFailure || delay !== undefined
    ? undefined
    : "a fault has `exception`, `status`, `cut` or `delay`"
}

const simulated = "Simulated by a fault of the local server"

const toOperationError = (fault: Fault, operation: string): OperationError | undefined => {
  if (fault.cut === true) return new IdentityError.TransportError({ operation, kind: "connection", code: "ECONNRESET" })
  if (fault.exception === undefined && fault.status === undefined) return undefined
  const name = fault.exception ?? defaultNames.get(fault.status ?? 500) ?? "UnknownError"
  const message = fault.message ?? messages.get(name) ?? simulated
  const Class = Exceptions.classes.get(name)
  const isAsUsual = fault.status === undefined
    || (Exceptions.isException(name) && Exceptions.statusOf[name] === fault.status)
  return Class === undefined || !isAsUsual
    ? new IdentityError.UnknownServiceError({ operation, code: name, status: fault.status ?? 500, message })
    // A fault may raise any error of any operation.
    : new Class({ operation, message }) as OperationError
}

const toOAuthError = ({ cut, exception, message, status }: Fault): OAuthError | undefined => {
  if (cut !== true && exception === undefined && status === undefined) return undefined
  return new OAuthError({
    reason: cut === true ? "Unreachable" : toReason({ error: exception, status }),
    // RFC 6749, section 5.2: an error has the status 400.
    status: cut === true ? undefined : status ?? 400,
    code: exception,
    description: message ?? (status === undefined ? simulated : `${simulated}, with the status ${status}`)
  })
}

interface Entry {
  readonly id: string
  readonly fault: Fault
  fired: number
}

const countRemaining = ({ fault, fired }: Entry): Option.Option<number> =>
  Option.map(Option.fromNullishOr(fault.count), (count) => count - fired)

const toStatus = (entry: Entry): FaultStatus => ({
  id: entry.id,
  fault: entry.fault,
  fired: entry.fired,
  remaining: countRemaining(entry)
})

export const make = Effect.sync(() => {
  const entries = new Map<string, Entry>()

  /** Takes the first fault that matches and fires, and waits for its delay. */
  const take = (matches: (fault: Fault) => boolean): Effect.Effect<Fault | undefined> =>
    Effect.gen(function*() {
      for (const entry of entries.values()) {
        const { fault, id } = entry
        if (!matches(fault)) continue
        entry.fired += 1
        if (Option.contains(countRemaining(entry), 0)) entries.delete(id)
        if (fault.delay !== undefined) yield* Effect.sleep(fault.delay)
        return fault
      }
      return undefined
    })

  const decorate = <Request, A>(
    endpoint: Endpoint,
    method: (server: AuthorizationServer, request: Request) => Effect.Effect<A, OAuthError>
  ) =>
  (server: AuthorizationServer, request: Request): Effect.Effect<A, OAuthError> =>
    Effect.gen(function*() {
      const fault = yield* take((fault) =>
        (fault.endpoint === endpoint || fault.endpoint === "*")
        && (fault.provider === undefined || fault.provider === server.provider)
      )
      const error = fault && toOAuthError(fault)
      return yield* error === undefined ? method(server, request) : Effect.fail(error)
    })

  return {
    add: (fault: Fault) =>
      Effect.suspend((): Effect.Effect<FaultStatus, LocalControlError> => {
        const problem = findProblem(fault)
        if (problem !== undefined) return fail("InvalidFault", problem)
        if (entries.size >= maxFaults) {
          return fail("TooMany", `There are ${maxFaults} faults already: remove some of them`)
        }
        const entry: Entry = { id: randomUUID(), fault, fired: 0 }
        entries.set(entry.id, entry)
        return Effect.succeed(toStatus(entry))
      }),
    list: Effect.sync((): ReadonlyArray<FaultStatus> => Array.from(entries.values(), toStatus)),
    remove: (id: string) =>
      Effect.suspend((): Effect.Effect<void, LocalControlError> =>
        entries.delete(id) ? Effect.void : fail("UnknownFault", "There is no such fault, or it has ended")
      ),
    clear: Effect.sync(() => entries.clear()),
    /** Succeeds if the operation may run. */
    onOperation: (operation: string) =>
      Effect.suspend((): Effect.Effect<void, OperationError> =>
        entries.size === 0 ? Effect.void : Effect.gen(function*() {
          const fault = yield* take((fault) => fault.operation === operation || fault.operation === "*")
          if (fault === undefined) return
          const call = yield* CurrentCall
          if (call instanceof HttpCall && fault.cut === true) call.cut = true
          const error = toOperationError(fault, operation)
          if (error !== undefined) return yield* Effect.fail(error)
        })
      ),
    decorate: (client: OAuthClient): OAuthClient => ({
      ...client,
      clientCredentials: decorate("token", client.clientCredentials),
      authorizationUrl: decorate("authorization", client.authorizationUrl),
      exchangeCode: decorate("token", client.exchangeCode),
      refresh: decorate("token", client.refresh),
      revoke: decorate("revocation", client.revoke),
      exchangeToken: decorate("token", client.exchangeToken),
      jwtGrant: decorate("token", client.jwtGrant)
    })
  }
})
