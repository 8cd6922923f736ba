/** Calls of operations, which the adapters over the AWS SDK and over HTTP share. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { TransportError, type UnknownServiceError } from "../../IdentityError.js"
import { readVariable } from "../../internal/environment.js"
import { loadPackage } from "../../internal/loadPackage.js"
import type * as Rows from "../../internal/plane/operation.js"
import { fromTable } from "../../internal/plane/plane.js"
import { PollBudget } from "../../internal/pollBudget.js"
import type * as Operation from "../../Operation.js"
import { metadataOf, NoResponse, type Row, undecodable } from "./failure.js"

/** Loads a package of the AWS SDK. The call that needs the package fails. */
export const loadSdk = <Sdk extends object>(
  packageName: string,
  client: keyof Sdk & string,
  load: () => Promise<Sdk>
): Effect.Effect<Sdk, NoResponse> =>
  Effect.mapError(
    loadPackage(packageName, client, load),
    (error) => new NoResponse({ kind: "unloadable", packageName, code: error.code, cause: Redacted.make(error) })
  )

/** With `.catch` after `import()`, a bundler for an edge runtime, which finds no package of the SDK, does not fail. */
export const unloadable = (cause: unknown): Promise<never> => Promise.reject(cause)

/** A response before the codec of its operation decodes it. `$metadata` has the form of the AWS SDK. */
export interface Output {
  readonly value: unknown
  readonly $metadata: unknown
  /** Whether the service throttled an earlier attempt of the call. */
  readonly isThrottled?: boolean | undefined
}

export interface Target {
  readonly host?: string | undefined
  readonly region?: string | undefined
  readonly profile?: string | undefined
}

export interface Client {
  /** Sends a request, with retries within the time limit. Interruption aborts it. */
  readonly send: <E>(
    row: Row<E>,
    request: unknown,
    encoded: unknown
  ) => Effect.Effect<Output, E | UnknownServiceError | NoResponse>
  readonly target: Effect.Effect<Target>
}

/** Reads the profile that the environment names. It runs after a call has failed. */
export type EnvironmentProfile = Effect.Effect<string | undefined>

/** Uses the `ConfigProvider` of the layer, because a later call may have another one. */
export const environmentProfile: Effect.Effect<EnvironmentProfile> = Effect.map(
  ConfigProvider.ConfigProvider,
  (provider) =>
    readVariable(Config.NonEmptyString, "AWS_PROFILE").pipe(
      Effect.map(Option.getOrUndefined),
      Effect.orElseSucceed(() => undefined),
      Effect.provideService(ConfigProvider.ConfigProvider, provider)
    )
)

/** Without credentials nothing was sent, so the error has the profile instead of the host. */
const transportError = (
  operation: string,
  { cause, code, kind, packageName, requestId, status }: NoResponse,
  { host, profile, region }: Target = {}
): TransportError =>
  new TransportError({
    operation,
    kind,
    code,
    status,
    requestId,
    packageName,
    cause,
    region,
    ...(kind === "credentials" ? { profile } : { host })
  })

/** Decodes a response. A decoder throws for some invalid dates. */
const decode = <A>({ response }: { readonly response: Pick<Rows.Codec<A>, "decode"> }, output: Output) => {
  try {
    return response.decode(output.value)
  } catch {
    return Option.none<A>()
  }
}

/** The quota of this operation belongs to the account. Polls yield to the calls of all processes. */
const isPollThrottled = (row: Rows.Any, { isThrottled = false }: Output): boolean =>
  isThrottled && row.name === "GetResourceOauth2Token"

const yieldPolls = Effect.flatMap(PollBudget, ({ throttled }) => throttled)

/** Adds the id that AWS gave a request to the span of the call, of a success and of a failure. */
const withRequestId = <A, E>(source: unknown, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  hasProperty(source, "requestId") && isString(source.requestId)
    ? Effect.andThen(Effect.annotateCurrentSpan("aws.request_id", source.requestId), effect)
    : effect

/** The operations of a plane, without the checks of the plane. */
export const operations = <const T extends Rows.Table>(
  table: T,
  client: Effect.Effect<Client, NoResponse>
): Operation.Plane<T> =>
  fromTable(
    table,
    <Request, Response, E>(row: Operation.Operation<string, Request, Response, E>) => (request: Request) =>
      client.pipe(
        Effect.mapErrorEager((error) => transportError(row.name, error)),
        Effect.flatMapEager(({ send, target }) =>
          send(row, request, row.encode(request)).pipe(
            Effect.flatMap((output) => {
              const response = Effect.mapErrorEager(Effect.fromOption(decode(row, output)), () => undecodable(output))
              const traced = withRequestId(metadataOf(output), response)
              return isPollThrottled(row, output) ? Effect.andThen(yieldPolls, traced) : traced
            }),
            Effect.catch((error) =>
              withRequestId<never, E | UnknownServiceError | TransportError>(
                error,
                error instanceof NoResponse
                  ? Effect.flatMap(target, (target) => transportError(row.name, error, target))
                  : Effect.fail(error)
              )
            )
          )
        )
      )
  )
